//! An item's timeline: what comes next, then what happened, the newest first. It merges the reminder ledger, which also says
//! why something was not sent, with the events of the audit log, each with its number and hash.

use chrono::NaiveDate;
use chrono_tz::Tz;
use intrex_core::{
    Error,
    audit::reads::{self as audit, AuditEvent},
    catalogue::{Text, keys},
    db::ReadTx,
    obligations::model::Obligation,
    permission::Permission,
};

use super::reminders;
use crate::words::Words;

/// Hex digits of a hash that are shown.
const SHOWN_HASH_DIGITS: usize = 8;
/// What a person said about an event, under the names that events have for it.
const REMARKS: [&str; 4] = [
    "completion_note",
    "waiver_reason",
    "reopening_reason",
    "rescheduling_reason",
];

/// One entry as the page shows it.
#[derive(Debug)]
pub(super) struct Entry {
    /// `next`, `done`, `fail` or nothing.
    pub(super) class: &'static str,
    pub(super) icon: &'static str,
    pub(super) head: String,
    /// Goes on after the head.
    pub(super) rest: String,
    /// What else there is to say about it, a sentence each.
    pub(super) also: Vec<String>,
    /// What a person said.
    pub(super) remark: Option<String>,
    /// When, in the branch's zone.
    pub(super) when: String,
    /// The same for machines.
    pub(super) instant: String,
    /// The event's place in the log, and where it can be seen there.
    pub(super) proof: Option<(String, String)>,
}

/// The entries of an item, in the order in which the page shows them.
pub(super) async fn read(
    tx: &mut ReadTx,
    item: &Obligation,
    zone: Tz,
    words: Words,
) -> Result<Vec<Entry>, Error> {
    let may_open_log = tx.actor().can(Permission::AuditRead);
    let (coming, mut settled) = reminders::read(tx, item, zone, words).await?;
    let mut past = Vec::new();
    for event in audit::timeline(tx, item.id).await? {
        // What the log says of a reminder, the ledger says in full; the log's part is the proof.
        if event.action.starts_with("reminder.") {
            let slot = event.metadata.get("slot_id").and_then(|id| id.as_str());
            let entry = settled
                .iter_mut()
                .find(|told| told.slots.iter().any(|id| Some(&*id.to_string()) == slot));
            if let Some(told) = entry
                && told.entry.proof.is_none()
            {
                told.entry.proof = proof(&event, may_open_log);
            }
            continue;
        }
        let when = event.recorded_at;
        past.push((when, happened(event, zone, words, may_open_log)));
    }
    past.extend(settled.into_iter().map(|told| (told.when, told.entry)));
    past.sort_by_key(|(when, _)| std::cmp::Reverse(*when));
    Ok(coming
        .into_iter()
        .chain(past.into_iter().map(|(_, entry)| entry))
        .collect())
}

/// An event's place in the log.
fn proof(event: &AuditEvent, may_open_log: bool) -> Option<(String, String)> {
    let (seq, hash) = event.seq.zip(event.hash.as_deref())?;
    let shown = format!("#{seq} · {}…", &hash[..SHOWN_HASH_DIGITS.min(hash.len())]);
    let href = match may_open_log {
        true => format!(
            "/audit?entity_id={}",
            event.entity.as_ref().map_or("", |e| &e.id)
        ),
        false => String::new(),
    };
    Some((shown, href))
}

fn happened(event: AuditEvent, zone: Tz, words: Words, may_open_log: bool) -> Entry {
    let (class, icon) = look(&event.action);
    let remark = REMARKS
        .iter()
        .find_map(|name| event.fields.get(*name).cloned().flatten());
    Entry {
        class,
        icon,
        head: words.named("timeline", &event.action.replace('.', "-")),
        rest: rest(&event, words),
        also: Vec::new(),
        remark,
        when: words.moment(event.recorded_at, zone),
        instant: event.recorded_at.to_rfc3339(),
        proof: proof(&event, may_open_log),
    }
}

fn look(action: &str) -> (&'static str, &'static str) {
    match action {
        "obligation.created" => ("", "plus"),
        "obligation.completed" => ("done", "check"),
        "obligation.waived" => ("", "stop"),
        "obligation.reopened" => ("", "undo"),
        "obligation.rescheduled" => ("", "calendar"),
        "obligation.updated" => ("", "edit"),
        _ => ("", "info"),
    }
}

/// By whom, and what changed.
fn rest(event: &AuditEvent, words: Words) -> String {
    let date =
        |name: &str| -> Option<NaiveDate> { event.metadata.get(name)?.as_str()?.parse().ok() };
    let by = Text::new(keys::TIMELINE_BY).with("name", words.actor(&event.actor));
    let mut parts = vec![words.say(&by)];
    if let (Some(from), Some(to)) = (date("from"), date("to")) {
        let text = Text::new(keys::TIMELINE_MOVED)
            .with("from", words.date(from))
            .with("to", words.date(to));
        parts.push(words.say(&text));
    }
    if let Some(next) = date("successor_due_on") {
        let text = Text::new(keys::TIMELINE_NEXT).with("date", words.date(next));
        parts.push(words.say(&text));
    }
    if let Some(source) = event
        .metadata
        .get("source")
        .and_then(|source| source.as_str())
    {
        parts.push(words.named("source", source));
    }
    if let Some(Some(diff)) = event.fields.get("diff") {
        parts.extend(changed_fields(diff, words));
    }
    parts.join(", ")
}

/// The names of the fields that a change touched.
fn changed_fields(diff: &str, words: Words) -> Option<String> {
    let diff: serde_json::Map<String, serde_json::Value> = serde_json::from_str(diff).ok()?;
    let names: Vec<String> = diff
        .keys()
        .map(|name| words.named("field", &name.replace('_', "-")))
        .collect();
    (!names.is_empty()).then(|| names.join(", "))
}
