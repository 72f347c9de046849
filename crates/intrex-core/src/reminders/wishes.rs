//! Whether a person wishes to be told of something now, singly and outside of Intrex: they may have opted out of it, or have it
//! in a digest. One question, without sending anything: the ledger asks it when a slot's time has come and before each
//! attempt, and so may whoever simulates the coming weeks.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    examination::event_type,
    judgement::LedgerSlot,
    model::{Channel, Reason},
    queries::sending::TouchedItem,
};
use crate::{
    App,
    channels::EventType,
    db::WriteTx,
    digests::{
        agenda::Open,
        instead::{self, Instead},
    },
    error::Result,
    ids::{PersonId, TenantId},
    obligations::model::Severity,
    preferences::{self, OptOuts},
};

/// What some people wish.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    opt_outs: OptOuts,
    /// Digests in the place of single reminders.
    instead: HashMap<Uuid, Instead>,
}

/// What one of them is to be told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    /// What it means.
    pub(crate) event_type: EventType,
    /// How much it matters.
    pub(crate) severity: Severity,
    /// What it is about.
    pub(crate) open: Open,
}

impl Wishes {
    /// Reads what some people wish. Without the installation's own mail, a digest counts where it has another way.
    pub(crate) async fn read(
        conn: &mut PgConnection,
        tenant: TenantId,
        people: &[Uuid],
        own_mail: bool,
    ) -> Result<Self> {
        Ok(Wishes {
            opt_outs: preferences::reads::opt_outs(&mut *conn, tenant, people).await?,
            instead: instead::of(conn, tenant, people, own_mail).await?,
        })
    }

    /// Why this person is not told of this now, singly and outside of Intrex; none if they are. What is critical, late or
    /// escalated is told singly whatever they wish, and everything that their organisation does not let them leave out.
    pub(crate) fn against(
        &self,
        person: PersonId,
        asked: &Asked,
        now: DateTime<Utc>,
    ) -> Option<Reason> {
        let Asked {
            event_type,
            severity,
            open,
        } = asked;
        if self.opt_outs.has(person, *event_type, *severity) {
            return Some(Reason::OptedOut);
        }
        let digest = self.instead.get(&person.uuid())?;
        let in_digest = self.opt_outs.lets(*event_type, *severity) && digest.tells_of(open, now);
        in_digest.then_some(Reason::InDigest)
    }

    /// As if somebody's digest had named this, on a day.
    pub(super) fn had_digest(
        &mut self,
        person: Uuid,
        on: NaiveDate,
        named: HashSet<(Uuid, NaiveDate)>,
    ) {
        if let Some(instead) = self.instead.get_mut(&person) {
            instead.had(on, named);
        }
    }
}

/// Those of some slots whose recipients wish it otherwise.
pub(super) async fn unwished(
    app: &App,
    tx: &mut WriteTx,
    items: &[TouchedItem],
    slots: impl Iterator<Item = &LedgerSlot>,
) -> Result<HashMap<Uuid, Reason>> {
    let outside: Vec<(&LedgerSlot, PersonId)> = slots
        .filter(|slot| slot.connector != Channel::InApp.connector())
        .filter_map(|slot| Some((slot, PersonId::from(slot.recipient?))))
        .collect();
    if outside.is_empty() {
        return Ok(HashMap::new());
    }
    let mut people: Vec<Uuid> = outside.iter().map(|(_, person)| person.uuid()).collect();
    people.sort_unstable();
    people.dedup();
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let wishes = Wishes::read(tx.conn(), tenant, &people, app.mailer.is_some()).await?;
    let items: HashMap<Uuid, &TouchedItem> =
        items.iter().map(|item| (item.facts.id, item)).collect();
    let unwished = outside.into_iter().filter_map(|(slot, person)| {
        let item = items.get(&slot.item)?;
        let zone = item.facts.time_zone.parse().ok()?;
        let asked = asked(slot, item.named.severity, item.facts.due_on, zone);
        Some((slot.id, wishes.against(person, &asked, now)?))
    });
    Ok(unwished.collect())
}

/// What a slot of an item tells.
pub(super) fn asked(slot: &LedgerSlot, severity: Severity, due_on: NaiveDate, zone: Tz) -> Asked {
    Asked {
        event_type: event_type(slot.threshold, slot.falls_on, due_on),
        severity,
        open: Open {
            item: slot.item,
            due_on,
            zone,
            from: None,
        },
    }
}
