//! Which reminders an open obligation has, and what is said when several are due at once. The planner is pure: the same facts
//! give the same slots with the same fingerprints, so that planning again, or twice at once, adds nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::civil::instant;
use super::threshold::{GraceDays, LeadDays, Threshold};

/// Separates these digests from every other use of SHA-256. A changed layout needs a new name.
const FINGERPRINT_DOMAIN: &[u8] = b"intrex reminder slot v1";

/// What the planner needs to know of an open obligation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemFacts {
    /// The obligation.
    pub id: Uuid,
    /// In the branch's zone.
    pub due_on: NaiveDate,
    /// Its own, else the template's, else the default.
    pub lead_days: LeadDays,
    /// Days between overdue and escalated.
    pub grace: GraceDays,
    /// The branch's zone.
    pub zone: Tz,
    /// When reminders go out in that zone.
    pub time_of_day: NaiveTime,
    /// When the item came to be as it is: created, rescheduled or reopened. What falls before is never sent.
    pub reminders_from: DateTime<Utc>,
}

/// Who is told what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Those who have the item in hand: everything up to and including [`Threshold::Overdue`].
    Regular,
    /// The wider set that steps in: [`Threshold::Escalation`] alone.
    Escalation,
}

impl Audience {
    /// Whether this audience is told of a threshold.
    pub fn hears(self, threshold: Threshold) -> bool {
        (self == Self::Escalation) == (threshold == Threshold::Escalation)
    }
}

/// One way to one person. The same person may stand in both audiences, and be reached by several routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Recipient {
    /// The route that chose the person.
    pub route_id: Uuid,
    /// The connector that carries the message.
    pub connector_id: Uuid,
    /// The person.
    pub recipient_id: Uuid,
    /// What the person is told.
    pub audience: Audience,
}

/// A row of the ledger to be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PlannedSlot {
    /// Why.
    pub threshold: Threshold,
    /// On which civil date.
    pub date: NaiveDate,
    /// At which instant.
    pub at: DateTime<Utc>,
    /// The route that chose the person.
    pub route_id: Uuid,
    /// The connector that carries the message.
    pub connector_id: Uuid,
    /// The person.
    pub recipient_id: Uuid,
    /// Unique in a tenant; see [`fingerprint`].
    pub fingerprint: [u8; 32],
    /// The instant lies before [`ItemFacts::reminders_from`]: recorded as suppressed, never sent.
    pub already_past: bool,
}

/// Every slot of an open obligation, the earliest first, each once.
pub fn plan(item: &ItemFacts, recipients: &[Recipient]) -> Vec<PlannedSlot> {
    let mut slots = Vec::new();
    for threshold in Threshold::all(&item.lead_days) {
        let date = threshold.on(item.due_on, item.grace);
        let at = instant(date, item.time_of_day, item.zone);
        for recipient in recipients
            .iter()
            .filter(|recipient| recipient.audience.hears(threshold))
        {
            slots.push(PlannedSlot {
                threshold,
                date,
                at,
                route_id: recipient.route_id,
                connector_id: recipient.connector_id,
                recipient_id: recipient.recipient_id,
                fingerprint: fingerprint(item.id, threshold, date, recipient),
                already_past: at < item.reminders_from,
            });
        }
    }
    slots.sort_by_key(|slot| (slot.at, slot.threshold, slot.fingerprint));
    slots.dedup_by_key(|slot| slot.fingerprint);
    slots
}

/// What makes a slot the same slot: item, threshold, the threshold's date, route, connector and recipient. The date is part of
/// it so that an item that was moved is reminded again; the time of day is not, so that a changed hour or zone repeats nothing.
///
/// An item that is moved away and back, or completed and reopened, comes to a fingerprint that the ledger knows already: a row
/// that was suppressed for that reason is taken up again, one that was sent is not.
pub fn fingerprint(
    item_id: Uuid,
    threshold: Threshold,
    date: NaiveDate,
    recipient: &Recipient,
) -> [u8; 32] {
    let mut digest = Sha256::new();
    let code = threshold.code();
    let date = date.format("%Y-%m-%d").to_string();
    let fields: [&[u8]; 7] = [
        FINGERPRINT_DOMAIN,
        item_id.as_bytes(),
        code.as_bytes(),
        date.as_bytes(),
        recipient.route_id.as_bytes(),
        recipient.connector_id.as_bytes(),
        recipient.recipient_id.as_bytes(),
    ];
    for field in fields {
        // With lengths, no two lists of fields run together to the same bytes.
        digest.update((field.len() as u64).to_be_bytes());
        digest.update(field);
    }
    digest.finalize().into()
}

/// A slot of the ledger whose time has come and that is not settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DueSlot {
    /// The ledger's row.
    pub slot_id: Uuid,
    /// The obligation.
    pub item_id: Uuid,
    /// The person.
    pub recipient_id: Uuid,
    /// The connector that carries the message.
    pub connector_id: Uuid,
    /// Why.
    pub threshold: Threshold,
    /// When it was to be sent.
    pub at: DateTime<Utc>,
}

/// A slot that is moot because a later one of the same item says more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Superseded {
    /// The slot that is not sent.
    pub slot: DueSlot,
    /// The row that is sent in its place.
    pub by: Uuid,
}

/// What is said of everything that is due.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coalesced {
    /// One for each item, person and connector, the earliest first.
    pub send: Vec<DueSlot>,
    /// The rest.
    pub superseded: Vec<Superseded>,
}

/// After an outage several thresholds of an item are due at once: each person gets one message a connector, the latest, and the
/// others are settled by it. Two routes that reach the same person over the same connector count as one as well.
pub fn coalesce(due_slots: impl IntoIterator<Item = DueSlot>) -> Coalesced {
    let mut groups: BTreeMap<(Uuid, Uuid, Uuid), Vec<DueSlot>> = BTreeMap::new();
    for slot in due_slots {
        groups
            .entry((slot.item_id, slot.recipient_id, slot.connector_id))
            .or_default()
            .push(slot);
    }
    let mut answer = Coalesced::default();
    for mut slots in groups.into_values() {
        slots.sort_by_key(|slot| (slot.at, slot.threshold, slot.slot_id));
        slots.dedup_by_key(|slot| slot.slot_id);
        if let Some(latest) = slots.pop() {
            answer
                .superseded
                .extend(slots.into_iter().map(|slot| Superseded {
                    slot,
                    by: latest.slot_id,
                }));
            answer.send.push(latest);
        }
    }
    answer
        .send
        .sort_by_key(|slot| (slot.at, slot.threshold, slot.slot_id));
    answer
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
