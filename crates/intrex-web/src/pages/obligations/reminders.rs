//! The reminder ledger as entries of a timeline. What goes to several people, or over several ways, at the same time and with
//! the same outcome is one sentence: a reader wants to know whether it was said, not to how many addresses. Sentences about
//! one reminder share an entry, that it was said before that it was not; so do reminders that were dropped together.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use intrex_core::{
    Error,
    catalogue::{Key, Text, keys},
    db::ReadTx,
    ids::SlotId,
    obligations::model::Obligation,
    reminders::reads::{self, ComingView, SlotView},
};

use super::timeline::Entry;
use crate::words::Words;

/// As the ledger has it.
const ESCALATION: &str = "escalation";
const SECONDS_A_MINUTE: i64 = 60;
/// Names that an entry shows; the rest are counted.
const SHOWN_NAMES: usize = 3;

/// What is the same for the reminders of one entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Sort {
    when: DateTime<Utc>,
    /// Without any grace, the escalation comes after the overdue reminder of the same minute.
    escalates: bool,
    threshold: String,
    state: String,
    reason: Option<String>,
    /// For when nobody has answered.
    unanswered: bool,
    /// The hour's messages were used up.
    held: bool,
}

/// Who is told over which ways, and how often it was tried.
#[derive(Debug, Default)]
struct Told {
    names: Vec<String>,
    ways: Vec<String>,
    attempts: i16,
    slots: Vec<SlotId>,
}

/// What was settled, as an entry, with the slots that it tells of.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) when: DateTime<Utc>,
    pub(super) slots: Vec<SlotId>,
    pub(super) entry: Entry,
}

impl Told {
    fn add(&mut self, name: &str, way: Option<String>) {
        if !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
        }
        if let Some(way) = way.filter(|way| !self.ways.contains(way)) {
            self.ways.push(way);
        }
    }

    fn names(&self, words: Words) -> String {
        let mut names = self.names.clone();
        names.sort_unstable();
        names.truncate(SHOWN_NAMES);
        let more = self.names.len().saturating_sub(SHOWN_NAMES);
        if more > 0 {
            let more = i64::try_from(more).unwrap_or(i64::MAX);
            names.push(words.count(keys::TIMELINE_MORE_NAMES, more));
        }
        words.list(&names)
    }
}

/// What comes next, the nearest first, and what was said or not said, with its time.
pub(super) async fn read(
    tx: &mut ReadTx,
    item: &Obligation,
    zone: Tz,
    words: Words,
) -> Result<(Vec<Entry>, Vec<Settled>), Error> {
    let ledger = reads::ledger(tx, item.id).await?;
    let mut next: BTreeMap<Sort, Told> = BTreeMap::new();
    let mut past: BTreeMap<Sort, Told> = BTreeMap::new();
    for slot in &ledger {
        let (group, sort) = match slot.settled_at {
            Some(when) => (&mut past, sort_of(slot, when)),
            None => (
                &mut next,
                sort_of(slot, slot.next_attempt_at.unwrap_or(slot.planned_at)),
            ),
        };
        let told = group.entry(sort).or_default();
        let own = slot.recipient_id.and(slot.connector_name.as_deref());
        told.add(slot.told(), way(own, slot.connector_text(), words));
        told.attempts = told.attempts.max(slot.attempts);
        told.slots.push(slot.id);
    }
    for coming in reads::coming(tx, item.id).await? {
        let told = next.entry(sort_of_coming(&coming)).or_default();
        let own = coming.recipient_id.and(coming.connector_name.as_deref());
        told.add(coming.told(), way(own, coming.connector_text(), words));
    }
    let coming = next
        .iter()
        .enumerate()
        .map(|(place, (sort, told))| entry_to_come(place, sort, told, zone, words));
    Ok((coming.collect(), entries_settled(past, zone, words)))
}

/// One entry for what was said and not said of a reminder within a minute, or of several that were dropped together.
fn entries_settled(past: BTreeMap<Sort, Told>, zone: Tz, words: Words) -> Vec<Settled> {
    let mut by_reminder: BTreeMap<(i64, String), Vec<(Sort, Told)>> = BTreeMap::new();
    for (sort, told) in past {
        let minute = sort.when.timestamp().div_euclid(SECONDS_A_MINUTE);
        let outcomes = by_reminder
            .entry((minute, sort.threshold.clone()))
            .or_default();
        outcomes.push((sort, told));
    }
    let mut all: Vec<Settled> = Vec::new();
    // The entry of the reminders that were dropped together, by when, why, and who was not told how.
    let mut dropped: BTreeMap<(i64, String), usize> = BTreeMap::new();
    for ((minute, threshold), mut outcomes) in by_reminder {
        outcomes.sort_by_key(|(sort, _)| !matches!(&*sort.state, "sent" | "acknowledged"));
        let mut outcomes = outcomes.into_iter();
        let Some((sort, told)) = outcomes.next() else {
            continue;
        };
        let mut entry = settled_entry(&sort, &told, zone, words);
        let (when, mut slots) = (sort.when, told.slots);
        for (sort, told) in outcomes {
            entry
                .also
                .push(settled_entry(&sort, &told, zone, words).rest);
            slots.extend(told.slots);
        }
        if sort.state != "suppressed" || !entry.also.is_empty() {
            all.push(Settled { when, slots, entry });
            continue;
        }
        match dropped.get(&(minute, entry.rest.clone())) {
            Some(place) => {
                let Settled {
                    slots: known,
                    entry,
                    ..
                } = &mut all[*place];
                entry.head = words.list(&[entry.head.clone(), words.threshold(&threshold)]);
                known.extend(slots);
            }
            None => {
                dropped.insert((minute, entry.rest.clone()), all.len());
                all.push(Settled { when, slots, entry });
            }
        }
    }
    all
}

/// What the organisation calls a way, or of what kind it is.
fn way(own: Option<&str>, kind: Option<Text>, words: Words) -> Option<String> {
    match own {
        Some(name) => Some(name.to_owned()),
        None => kind.map(|text| words.say(&text).to_lowercase()),
    }
}

fn sort_of(slot: &SlotView, when: DateTime<Utc>) -> Sort {
    Sort {
        when,
        escalates: slot.threshold == ESCALATION,
        threshold: slot.threshold.clone(),
        state: slot.state.clone(),
        reason: slot.reason.clone(),
        unanswered: slot.unanswered,
        held: slot.held_at.is_some() && slot.settled_at.is_none(),
    }
}

fn sort_of_coming(coming: &ComingView) -> Sort {
    Sort {
        when: coming.planned_at,
        escalates: coming.threshold == ESCALATION,
        threshold: coming.threshold.clone(),
        state: "planned".to_owned(),
        reason: None,
        unanswered: coming.unanswered,
        held: false,
    }
}

fn entry_to_come(place: usize, sort: &Sort, told: &Told, zone: Tz, words: Words) -> Entry {
    let head = match place {
        _ if sort.unanswered => keys::TIMELINE_UNANSWERED_REMINDER,
        0 => keys::TIMELINE_NEXT_REMINDER,
        _ => keys::TIMELINE_THEN_REMINDER,
    };
    let head = Text::new(head).with("what", words.threshold(&sort.threshold));
    let key = match (sort.state.as_str(), told.attempts) {
        ("sending", _) => keys::TIMELINE_SENDING,
        (_, 1..) => keys::TIMELINE_WAITS,
        _ if sort.held => keys::TIMELINE_HELD,
        _ => keys::TIMELINE_TO,
    };
    Entry {
        class: if told.attempts > 0 { "fail" } else { "next" },
        icon: if sort.escalates { "flag" } else { "bell" },
        head: words.say(&head),
        rest: rest(key, sort, told, words),
        also: Vec::new(),
        remark: None,
        when: words.moment_in_zone(sort.when, zone),
        instant: sort.when.to_rfc3339(),
        proof: None,
    }
}

fn settled_entry(sort: &Sort, told: &Told, zone: Tz, words: Words) -> Entry {
    let (class, icon, key) = match sort.state.as_str() {
        "sent" => ("done", "mail", keys::TIMELINE_SENT),
        "acknowledged" => ("done", "check", keys::TIMELINE_ACKNOWLEDGED),
        "failed" => ("fail", "alert", keys::TIMELINE_FAILED),
        _ => ("", "pause", keys::TIMELINE_NOT_SENT),
    };
    Entry {
        class,
        icon,
        head: words.threshold(&sort.threshold),
        rest: rest(key, sort, told, words),
        also: Vec::new(),
        remark: None,
        when: words.moment(sort.when, zone),
        instant: sort.when.to_rfc3339(),
        proof: None,
    }
}

fn rest(key: Key, sort: &Sort, told: &Told, words: Words) -> String {
    let reason = match &sort.reason {
        Some(reason) => words.named("reminder-reason", &reason.replace('_', "-")),
        None => words.t(keys::TIMELINE_NO_REASON),
    };
    let mut ways = told.ways.clone();
    ways.sort_unstable();
    words.say(
        &Text::new(key)
            .with("names", told.names(words))
            .with("ways", words.list(&ways))
            .with("reason", reason)
            .with("n", i64::from(told.attempts)),
    )
}
