//! What becomes of somebody's open obligations when they are deleted: another person takes them over, or nobody has them.
//! Each item tells of it in its own timeline. What is settled stays as it was.

mod queries;

use std::collections::BTreeSet;

use crate::{
    audit::Event,
    db::WriteTx,
    error::Result,
    ids::{BranchId, PersonId},
    reminders,
};

/// What was handed over, or left without a person.
#[derive(Debug, Default)]
pub(crate) struct HandedOver {
    /// Items of which the person was owner or deputy.
    pub(crate) count: usize,
    /// Their branches.
    pub(crate) branches: BTreeSet<BranchId>,
}

/// Puts `heir`, or nobody, in a person's place on every open item, in the caller's transaction. Whoever is owner already does
/// not become the deputy too. The caller decides by the branches whether `heir` sees them all.
pub(crate) async fn hand_over(
    tx: &mut WriteTx,
    from: PersonId,
    heir: Option<PersonId>,
) -> Result<HandedOver> {
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let items = queries::lock_of(tx.conn(), tenant, from).await?;
    queries::replace(tx.conn(), tenant, from, heir, now).await?;
    let ids: Vec<uuid::Uuid> = items.iter().map(|item| item.id).collect();
    // Reminders follow the new owner: what was planned is planned anew.
    reminders::queries::suppress_planned_of_all(tx.conn(), tenant, &ids, "changed", now).await?;
    let person = |id: Option<uuid::Uuid>| id.map(|id| id.to_string());
    let events = items.iter().map(|item| {
        let (owner, deputy) = after(item, from, heir);
        Event::new("obligation", "obligation.updated")
            .on("obligation", item.id)
            .at(item.branch_id.into())
            .with("due_on", item.due_on.to_string())
            .summary(item.title.as_str())
            .changed("owner_id", person(item.owner_id), person(owner))
            .changed("deputy_id", person(item.deputy_id), person(deputy))
    });
    let events: Vec<Event> = events.collect();
    if !events.is_empty() {
        tx.stage(events).await?;
    }
    Ok(HandedOver {
        count: items.len(),
        branches: items.iter().map(|item| item.branch_id.into()).collect(),
    })
}

/// Owner and deputy of an item afterwards: the statement's rule, for the timeline.
fn after(
    item: &queries::Item,
    from: PersonId,
    heir: Option<PersonId>,
) -> (Option<uuid::Uuid>, Option<uuid::Uuid>) {
    let heir = heir.map(|id| id.uuid());
    let put = |id: Option<uuid::Uuid>| if id == Some(from.uuid()) { heir } else { id };
    let owner = put(item.owner_id);
    (owner, put(item.deputy_id).filter(|id| Some(*id) != owner))
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn nobody_becomes_owner_and_deputy_of_the_same_thing() {
        let id = Uuid::from_u128;
        let (from, heir) = (PersonId::from(id(1)), PersonId::from(id(2)));
        for (owner, deputy, heir, expected) in [
            (Some(1), Some(2), Some(heir), (Some(2), None)),
            (Some(2), Some(1), Some(heir), (Some(2), None)),
            (Some(1), Some(3), Some(heir), (Some(2), Some(3))),
            (Some(3), Some(1), Some(heir), (Some(3), Some(2))),
            (Some(1), Some(3), None, (None, Some(3))),
            (Some(3), Some(1), None, (Some(3), None)),
        ] {
            let item = queries::Item {
                id: id(9),
                branch_id: id(8),
                title: String::new(),
                due_on: NaiveDate::MIN,
                owner_id: owner.map(id),
                deputy_id: deputy.map(id),
            };
            let expected = (expected.0.map(id), expected.1.map(id));
            assert_eq!(after(&item, from, heir), expected);
        }
    }
}
