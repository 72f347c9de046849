//! What putting off does to one item under lock: what waits for that person before the time moves to it, and the item is
//! planned anew, because it comes back then.

use super::{
    input::Until,
    locked::{Item, Who},
    model::Snoozed,
    queries::{self, items},
};
use crate::{audit::Event, db::WriteTx, error::Result, obligations::schedule::Threshold};

/// Puts an item off that is open. Another time takes the place of an earlier one.
pub(super) async fn snooze(
    tx: &mut WriteTx,
    who: &Who,
    item: &Item,
    until: Until,
) -> Result<(Snoozed, Event)> {
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let facts = &item.facts;
    let until = until.of(now, facts.zone, item.last_day())?;
    let snoozed = Snoozed {
        person: who.person.uuid(),
        at: now,
        until,
    };
    queries::put_snooze(tx.conn(), tenant, item.branch, facts.id, snoozed).await?;
    let waiting = items::lock_waiting(tx.conn(), tenant, who.person, facts.id).await?;
    let moved: Vec<_> = waiting
        .into_iter()
        .filter(|slot| slot.recipient_id == Some(who.person.uuid()))
        .filter(|slot| Threshold::parse(&slot.threshold) != Some(Threshold::Escalation))
        .map(|slot| slot.id)
        .collect();
    let moved = items::put_off(tx.conn(), tenant, &moved, until).await?;
    items::plan_anew(tx.conn(), tenant, facts.id).await?;
    let event = who
        .event("reminder.snoozed", item)
        .with("until", until.to_rfc3339())
        .with("moved", moved);
    Ok((snoozed, event))
}
