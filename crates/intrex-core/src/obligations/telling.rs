//! What the log is told of obligations: the same facts of an item with every event, and what a change changes.

use super::model::{Definition, Obligation, Settled};
use crate::{audit::Event, ids::PersonId};

/// An event about an item, with what every such event says.
pub(super) fn told(event: Event, item: &Obligation) -> Event {
    event
        .on("obligation", item.id)
        .at(item.branch_id)
        .with("due_on", item.due_on.to_string())
        .summary(&item.title)
}

/// Names what follows a settled item, if anything does.
pub(super) fn followed(event: Event, settled: &Settled) -> Event {
    match &settled.successor {
        Some(next) => event
            .with("successor_id", next.id.to_string())
            .with("successor_due_on", next.due_on.to_string()),
        None => event,
    }
}

/// Notes what a change changes.
pub(crate) fn changes(event: Event, old: &Definition, new: &Definition) -> Event {
    let id = |id: Option<PersonId>| id.map(|id| id.to_string());
    let rule = |definition: &Definition| {
        definition
            .recurrence
            .as_ref()
            .map(|rule| rule.as_str().to_owned())
    };
    event
        .changed("category", old.category.as_str(), new.category.as_str())
        .changed("title", old.title.as_str(), new.title.as_str())
        .changed("severity", old.severity.as_str(), new.severity.as_str())
        .changed("grace_days", old.grace.get(), new.grace.get())
        .changed(
            "lead_days",
            old.lead_days.as_slice().to_vec(),
            new.lead_days.as_slice().to_vec(),
        )
        .changed("recurrence", rule(old), rule(new))
        .changed("anchor", old.anchor.as_str(), new.anchor.as_str())
        .changed("owner_id", id(old.owner_id), id(new.owner_id))
        .changed("deputy_id", id(old.deputy_id), id(new.deputy_id))
        .changed("reference", old.reference.as_str(), new.reference.as_str())
        .changed("notes", old.notes.as_str(), new.notes.as_str())
}
