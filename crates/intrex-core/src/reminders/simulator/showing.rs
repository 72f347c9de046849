//! Names for what was found, and what a change adds and takes away.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{
    super::model::Channel,
    ground::Look,
    model::{
        DIFFERENCES_SHOWN, Day, Difference, ForeseenDigest, ForeseenMessage, ForeseenReminder,
        Foresight, LeftOut, SHOWN,
    },
    walk::{Place, Sent},
};
use crate::{
    ids::{ObligationId, PersonId},
    obligations::schedule::{Threshold, civil_today},
};

/// What a reminder is, whoever looks: when, over which way, to whom, about what and why.
type Key = (DateTime<Utc>, Uuid, Option<Uuid>, Uuid, Threshold);

/// Things as they are.
pub(super) fn alone(look: &Look) -> Foresight {
    foresight(look, None)
}

/// Things as they would be, and what that changes.
pub(crate) fn compared(before: &Look, after: &Look) -> Foresight {
    let (was, will) = (keys(before), keys(after));
    let added = only(after, &was);
    let removed = only(before, &will);
    let change = Difference {
        messages_before: number(going(before).count()),
        added: number(added.iter().map(|one| one.parts.len()).sum()),
        removed: number(removed.iter().map(|one| one.parts.len()).sum()),
        first_added: first(after, &added, Some(before)),
        first_removed: first(before, &removed, None),
    };
    foresight(after, Some((before, change)))
}

fn foresight(look: &Look, change: Option<(&Look, Difference)>) -> Foresight {
    let course = &look.course;
    let known = change.as_ref().map(|(before, _)| *before);
    let sent = course.sent.iter().take(SHOWN);
    Foresight {
        from: look.ground.from,
        until: look.ground.until,
        messages: number(going(look).count()),
        stopped: number(course.sent.len() - going(look).count()),
        reminders: number(course.sent.iter().map(|one| one.parts.len()).sum()),
        in_app: number(course.in_app.len()),
        held: number(look.ground.coming.iter().filter(|one| one.held).count()),
        left_out: course
            .left_out
            .iter()
            .map(|(reason, reminders)| LeftOut {
                reason,
                reminders: *reminders,
            })
            .collect(),
        days: days(look),
        first: sent.map(|one| message(look, one, known)).collect(),
        change: change.map(|(_, difference)| difference),
    }
}

/// Whether a message stays where it is, because its connector is disabled or was never seen to work.
fn stays(look: &Look, sent: &Sent) -> bool {
    let (way, _) = sent.to;
    look.ways.get(&way).is_some_and(|way| way.stopped)
}

/// The messages that go out.
fn going(look: &Look) -> impl Iterator<Item = &Sent> {
    let sent = look.course.sent.iter();
    sent.filter(|one| !stays(look, one))
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn days(look: &Look) -> Vec<Day> {
    let mut days: BTreeMap<NaiveDate, Day> = BTreeMap::new();
    let mut of = |at: DateTime<Utc>, messages, in_app| {
        let date = civil_today(at, look.zone);
        let day = days.entry(date).or_insert(Day {
            date,
            messages: 0,
            in_app: 0,
        });
        day.messages += messages;
        day.in_app += in_app;
    };
    for sent in going(look) {
        of(sent.at, 1, 0);
    }
    for (at, _) in &look.course.in_app {
        of(*at, 0, 1);
    }
    days.into_values().collect()
}

fn key(look: &Look, at: DateTime<Utc>, place: Place) -> Key {
    let slot = &look.ground.coming[place].slot;
    (
        at,
        slot.connector,
        slot.recipient,
        slot.item,
        slot.threshold,
    )
}

fn keys(look: &Look) -> HashSet<Key> {
    let sent = look.course.sent.iter();
    sent.flat_map(|one| one.parts.iter().map(|place| key(look, one.at, *place)))
        .collect()
}

/// The messages of a look with those of their reminders that another does not have.
fn only(look: &Look, other: &HashSet<Key>) -> Vec<Sent> {
    let sent = look.course.sent.iter().map(|one| Sent {
        parts: one
            .parts
            .iter()
            .copied()
            .filter(|place| !other.contains(&key(look, one.at, *place)))
            .collect(),
        ..one.clone()
    });
    sent.filter(|one| !one.parts.is_empty()).collect()
}

/// As many messages as their reminders fill what is shown.
fn first(look: &Look, messages: &[Sent], known: Option<&Look>) -> Vec<ForeseenMessage> {
    let mut left = DIFFERENCES_SHOWN;
    let mut first = Vec::new();
    for one in messages {
        if left == 0 {
            break;
        }
        let mut one = one.clone();
        one.parts.truncate(left);
        left -= one.parts.len();
        first.push(message(look, &one, known));
    }
    first
}

/// A message with its names. An obligation that `known` does not have is not there yet, and has no page.
fn message(look: &Look, sent: &Sent, known: Option<&Look>) -> ForeseenMessage {
    let (way, recipient) = sent.to;
    let own = look.ways.get(&way);
    ForeseenMessage {
        at: sent.at,
        connector: match own {
            Some(own) => own.kind.as_str(),
            None => Channel::Email.as_str(),
        }
        .to_owned(),
        connector_name: own.map(|own| own.name.clone()),
        stopped: stays(look, sent),
        recipient_id: recipient.map(PersonId::from),
        recipient_name: recipient.and_then(|id| look.names.get(&id).cloned()),
        reminders: sent
            .parts
            .iter()
            .filter_map(|place| reminder(look, sent.at, *place, known))
            .collect(),
        digest: sent.digest.map(|(reader, counts)| ForeseenDigest {
            kind: look.ground.readers[reader].kind,
            overdue: counts.overdue,
            today: counts.today,
            coming: counts.coming,
        }),
    }
}

fn reminder(
    look: &Look,
    at: DateTime<Utc>,
    place: Place,
    known: Option<&Look>,
) -> Option<ForeseenReminder> {
    let coming = look.ground.coming.get(place)?;
    let item = coming.slot.item;
    let about = look.about.get(&item)?;
    let is_there = known.is_none_or(|known| known.about.contains_key(&item));
    Some(ForeseenReminder {
        obligation_id: is_there.then(|| ObligationId::from(item)),
        title: about.title.clone(),
        branch_id: about.branch.into(),
        branch_name: about.branch_name.clone(),
        severity: about.severity,
        due_on: about.due_on,
        threshold: coming.slot.threshold.code(),
        held: coming.held && coming.slot.planned_at < at,
    })
}
