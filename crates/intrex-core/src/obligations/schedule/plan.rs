//! Which reminders an open obligation has, and what is said when several are due at once. The planner is pure: the same facts
//! give the same slots with the same fingerprints, so that planning again, or twice at once, adds nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::civil::instant;
use super::quiet::Quiet;
use super::threshold::{GraceDays, LeadDays, Threshold};

/// Separates these digests from every other use of SHA-256. A changed layout needs a new name.
const FINGERPRINT_DOMAIN: &[u8] = b"intrex reminder slot v1";

/// The last field of a slot that is for when nobody has answered; others have no such field.
const FINGERPRINT_UNANSWERED: &[u8] = b"unanswered";

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

/// What somebody is told of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Hears {
    /// Everything up to and including [`Threshold::DueDay`].
    pub due: bool,
    /// [`Threshold::Overdue`].
    pub overdue: bool,
    /// [`Threshold::Escalation`].
    pub escalation: bool,
}

impl Hears {
    /// Those who have an item in hand: everything but the escalation.
    pub const REGULAR: Hears = Hears {
        due: true,
        overdue: true,
        escalation: false,
    };
    /// The wider set that steps in: the escalation alone.
    pub const ESCALATION: Hears = Hears {
        due: false,
        overdue: false,
        escalation: true,
    };

    /// Whether it is told of a threshold.
    pub fn of(self, threshold: Threshold) -> bool {
        match threshold {
            Threshold::Before(_) | Threshold::DueDay | Threshold::Again => self.due,
            Threshold::Overdue => self.overdue,
            Threshold::Escalation => self.escalation,
        }
    }
}

/// One way to one person, or to whom a connector names. The same person may hear of several things, and be reached by several
/// routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Recipient {
    /// The route that chose the person.
    pub route_id: Uuid,
    /// The connector that carries the message.
    pub connector_id: Uuid,
    /// The person; none if the connector itself names who gets it.
    pub recipient_id: Option<Uuid>,
    /// What the person is told.
    pub hears: Hears,
    /// When the person is not disturbed.
    pub quiet: Option<Quiet>,
    /// The person is told only if nobody has answered for so many hours.
    pub unanswered_hours: Option<u16>,
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
    /// The person; none if the connector itself names who gets it.
    pub recipient_id: Option<Uuid>,
    /// It is sent only if nobody has answered since the first was told.
    pub unanswered: bool,
    /// Unique in a tenant; see [`fingerprint`].
    pub fingerprint: [u8; 32],
    /// The instant lies before [`ItemFacts::reminders_from`]: recorded as suppressed, never sent.
    pub already_past: bool,
}

/// Every slot of an open obligation, the earliest first, each once. Whom several routes reach over the same connector hears
/// of a threshold once: from the route that tells it first.
pub fn plan(item: &ItemFacts, recipients: &[Recipient]) -> Vec<PlannedSlot> {
    let mut slots = Vec::new();
    for threshold in Threshold::all(&item.lead_days) {
        let date = threshold.on(item.due_on, item.grace);
        let falls_at = instant(date, item.time_of_day, item.zone);
        for recipient in recipients
            .iter()
            .filter(|recipient| recipient.hears.of(threshold))
        {
            slots.push(PlannedSlot {
                threshold,
                date,
                at: recipient.told_at(falls_at, item.zone),
                route_id: recipient.route_id,
                connector_id: recipient.connector_id,
                recipient_id: recipient.recipient_id,
                unanswered: recipient.unanswered_hours.is_some(),
                fingerprint: fingerprint(item.id, threshold, date, recipient),
                already_past: falls_at < item.reminders_from,
            });
        }
    }
    let told = |slot: &PlannedSlot| (slot.threshold, slot.connector_id, slot.recipient_id);
    slots.sort_by_key(|slot| (told(slot), slot.at, slot.unanswered, slot.fingerprint));
    slots.dedup_by_key(|slot| told(slot));
    slots.sort_by_key(|slot| (slot.at, slot.threshold, slot.fingerprint));
    slots
}

impl Recipient {
    /// The first instant from this one on at which the person may be disturbed.
    pub fn undisturbed(&self, at: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
        self.quiet.map_or(at, |quiet| quiet.after(at, zone))
    }

    /// When the person is told of what falls on an instant.
    fn told_at(&self, falls_at: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
        let outside = |at| self.undisturbed(at, zone);
        let first = outside(falls_at);
        match self.unanswered_hours {
            Some(hours) => outside(first + TimeDelta::hours(hours.into())),
            None => first,
        }
    }
}

/// What makes a slot the same slot: item, threshold, the threshold's date, route, connector and recipient, and whether it waits
/// for an answer. The date is part of
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
    let mut fields: Vec<&[u8]> = vec![
        FINGERPRINT_DOMAIN,
        item_id.as_bytes(),
        code.as_bytes(),
        date.as_bytes(),
        recipient.route_id.as_bytes(),
        recipient.connector_id.as_bytes(),
        recipient
            .recipient_id
            .as_ref()
            .map_or(&[], |id| id.as_bytes()),
    ];
    if recipient.unanswered_hours.is_some() {
        fields.push(FINGERPRINT_UNANSWERED);
    }
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
    /// The person, if it is one.
    pub recipient_id: Option<Uuid>,
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
    let mut groups: BTreeMap<(Uuid, Option<Uuid>, Uuid), Vec<DueSlot>> = BTreeMap::new();
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
