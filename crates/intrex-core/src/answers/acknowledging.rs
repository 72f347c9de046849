//! What an acknowledgement does to one item under lock: the reminders of that person that say the same or less are settled
//! in the ledger, their messages in the inbox are answered, and the item is planned anew, because it comes back.

use chrono::Days;
use uuid::Uuid;

use super::{
    locked::{Item, Who},
    queries::{self, NewAcknowledgement, items},
};
use crate::{
    App,
    audit::Event,
    db::WriteTx,
    error::Result,
    ids::{AcknowledgementId, PersonId},
    obligations::schedule::{Threshold, civil_today},
};

/// What is answered.
pub(super) struct About<'a> {
    /// The most pressing reminder among those that are answered; what the item has come to, if the item itself is.
    pub(super) threshold: Option<Threshold>,
    /// Messages that are answered for certain.
    pub(super) messages: &'a [Uuid],
    pub(super) note: &'a str,
}

/// Acknowledges an item that is open. Nothing happens, and there is no event, if that was said already and the item has not
/// come back since.
pub(super) async fn acknowledge(
    app: &App,
    tx: &mut WriteTx,
    who: &Who,
    item: &Item,
    about: &About<'_>,
) -> Result<Option<Event>> {
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let facts = &item.facts;
    // What comes back speaks of what the item has come to.
    let threshold = match about.threshold {
        Some(threshold) if threshold != Threshold::Again => threshold,
        _ => item.reached(now),
    };
    let waiting = items::unanswered_messages(tx.conn(), tenant, who.person, facts.id).await?;
    let messages: Vec<Uuid> = waiting
        .into_iter()
        .filter(|(id, of)| {
            let of = of.as_deref().and_then(Threshold::parse);
            about.messages.contains(id) || of.is_some_and(|of| of <= threshold)
        })
        .map(|(id, _)| id)
        .collect();
    let today = civil_today(now, facts.zone);
    let before = queries::of_items(tx.conn(), tenant, &[facts.id]).await?;
    let holds = before.get(&facts.id).is_some_and(|answers| {
        answers.acknowledged.iter().any(|said| {
            said.person == who.person.uuid()
                && said.due_on == facts.due_on
                && said.at >= facts.reminders_from
                && said.threshold >= threshold
                && said.again_on > today
        })
    });
    if holds && messages.is_empty() {
        return Ok(None);
    }
    let days = queries::again_days(tx.conn(), tenant).await?;
    let again_on = today
        .checked_add_days(Days::new(days.unsigned_abs().into()))
        .unwrap_or(today);
    let id: AcknowledgementId = app.new_id();
    let new = NewAcknowledgement {
        id,
        branch: item.branch,
        obligation: facts.id,
        person: who.person,
        threshold: threshold.code(),
        due_on: facts.due_on,
        via: who.via.as_str(),
        note: about.note,
        again_on,
    };
    queries::insert(tx.conn(), tenant, &new, now).await?;
    queries::end_snooze(tx.conn(), tenant, facts.id, who.person).await?;
    let settled = settle(tx, who.person, facts.id, threshold).await?;
    items::answer_messages(tx.conn(), tenant, &messages, now).await?;
    items::plan_anew(tx.conn(), tenant, facts.id).await?;
    let mut event = who
        .event("reminder.acknowledged", item)
        .with("acknowledgement_id", id.to_string())
        .with("threshold", threshold.code())
        .with("due_on", facts.due_on.to_string())
        .with("again_on", again_on.to_string())
        .with("settled", settled);
    if !about.note.is_empty() {
        event = event.personal("note", about.note);
    }
    Ok(Some(event))
}

/// Settles what waits for a person of an item and says no more than a threshold, and what of that would be said to others
/// because nobody answers; how many that were. What is on its way this moment ends by itself.
async fn settle(
    tx: &mut WriteTx,
    person: PersonId,
    item: Uuid,
    threshold: Threshold,
) -> Result<usize> {
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let waiting = items::lock_waiting(tx.conn(), tenant, person, item).await?;
    let covered: Vec<Uuid> = waiting
        .into_iter()
        .filter(|slot| Threshold::parse(&slot.threshold).is_some_and(|of| of <= threshold))
        .map(|slot| slot.id)
        .collect();
    items::settle(tx.conn(), tenant, &covered, now).await?;
    Ok(covered.len())
}
