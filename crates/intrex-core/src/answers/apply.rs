//! What answers do to the plan of an item. Pure, like the plan: the planner, the page that says what comes next and a
//! simulation apply the same answers to the same slots, so that planning again brings nothing back that was answered.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::model::{Acknowledged, Answers, Snoozed};
use crate::obligations::schedule::{
    Hears, ItemFacts, PlannedSlot, Recipient, Threshold, civil_today, fingerprint, instant,
};

/// The ways by which a person would have been told: for each connector the route that tells it first.
type Ways = BTreeMap<Uuid, Recipient>;

/// The slots of a plan as they are after what was answered: those that an acknowledgement covers are gone, and the item comes
/// back on its day; those that were put off have another time. An escalation is never put off. `recipients` are those that the
/// plan was made for.
pub fn apply(
    item: &ItemFacts,
    mut slots: Vec<PlannedSlot>,
    recipients: &[Recipient],
    answers: Option<&Answers>,
) -> Vec<PlannedSlot> {
    let Some(answers) = answers else {
        return slots;
    };
    for (person, ways) in &ways_of_people(&slots, recipients) {
        let said = answers
            .acknowledged
            .iter()
            .filter(|said| said.person == *person && said.is_about(item));
        acknowledge(item, &mut slots, *person, ways, said);
        let snooze = answers.snoozed.iter().find(|snooze| {
            // What was said before the item came to be as it is was about another one.
            snooze.person == *person && snooze.at >= item.reminders_from
        });
        if let Some(snooze) = snooze {
            put_off(item, &mut slots, ways, snooze);
        }
    }
    slots.sort_by_key(|slot| (slot.at, slot.threshold, slot.fingerprint));
    slots.dedup_by_key(|slot| slot.fingerprint);
    slots
}

fn ways_of_people(slots: &[PlannedSlot], recipients: &[Recipient]) -> BTreeMap<Uuid, Ways> {
    let mut people: BTreeMap<Uuid, Ways> = BTreeMap::new();
    for slot in slots {
        let recipient = recipients.iter().find(|recipient| {
            recipient.route_id == slot.route_id
                && recipient.connector_id == slot.connector_id
                && recipient.recipient_id == slot.recipient_id
        });
        if let (Some(person), Some(recipient)) = (slot.recipient_id, recipient) {
            let ways = people.entry(person).or_default();
            ways.entry(slot.connector_id).or_insert(*recipient);
        }
    }
    people
}

fn acknowledge<'a>(
    item: &ItemFacts,
    slots: &mut Vec<PlannedSlot>,
    person: Uuid,
    ways: &Ways,
    said: impl Iterator<Item = &'a Acknowledged>,
) {
    let (mut covered, mut latest) = (None, None::<&Acknowledged>);
    for said in said {
        covered = covered.max(Some(said.threshold));
        if latest.is_none_or(|latest| latest.at <= said.at) {
            latest = Some(said);
        }
    }
    let (Some(covered), Some(latest)) = (covered, latest) else {
        return;
    };
    slots.retain(|slot| slot.recipient_id != Some(person) || slot.threshold > covered);
    let reaches = slots.iter().any(|slot| {
        slot.recipient_id == Some(person)
            // Which goes out only if nobody answers.
            && !slot.unanswered
            && slot.at > latest.at
            && slot.date <= latest.again_on
    });
    if !reaches {
        let at = instant(latest.again_on, item.time_of_day, item.zone);
        slots.extend(again(item, ways, latest.again_on, at, &[]));
    }
}

fn put_off(item: &ItemFacts, slots: &mut Vec<PlannedSlot>, ways: &Ways, snooze: &Snoozed) {
    let mut comes = false;
    for slot in slots.iter_mut().filter(|slot| {
        slot.recipient_id == Some(snooze.person)
            && slot.threshold != Threshold::Escalation
            && !slot.already_past
            && slot.at < snooze.until
    }) {
        // One that has gone out before is put off in vain: the ledger leaves it alone.
        comes |= slot.at >= snooze.at && !slot.unanswered;
        slot.at = ways
            .get(&slot.connector_id)
            .map_or(snooze.until, |way| way.undisturbed(snooze.until, item.zone));
    }
    if !comes {
        let date = civil_today(snooze.until, item.zone);
        let moment = snooze.until.timestamp_micros().to_be_bytes();
        slots.extend(again(item, ways, date, snooze.until, &moment));
    }
}

/// The item comes back to somebody by every way. `moment` tells two of a day apart.
fn again(
    item: &ItemFacts,
    ways: &Ways,
    date: NaiveDate,
    at: DateTime<Utc>,
    moment: &[u8],
) -> Vec<PlannedSlot> {
    ways.values()
        .map(|way| {
            let recipient = Recipient {
                hears: Hears::REGULAR,
                unanswered_hours: None,
                ..*way
            };
            let of_day = fingerprint(item.id, Threshold::Again, date, &recipient);
            PlannedSlot {
                threshold: Threshold::Again,
                date,
                at: way.undisturbed(at, item.zone),
                route_id: way.route_id,
                connector_id: way.connector_id,
                recipient_id: way.recipient_id,
                unanswered: false,
                fingerprint: match moment {
                    [] => of_day,
                    moment => Sha256::new()
                        .chain_update(of_day)
                        .chain_update(moment)
                        .finalize()
                        .into(),
                },
                already_past: at < item.reminders_from,
            }
        })
        .collect()
}

#[cfg(test)]
#[path = "apply_tests.rs"]
mod tests;
