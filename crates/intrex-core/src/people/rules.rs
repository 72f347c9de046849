//! The rules of roles: nobody changes their own, a branch manager manages nobody outside the own branches and gives nothing
//! beyond them, and the last active head office admin stays one.

use super::{
    input::PersonFacts,
    model::{DisabledBy, Person, PersonStatus},
};
use crate::{
    actor::Actor,
    audit::Event,
    catalogue::keys,
    error::{Error, FieldErrors, Result},
    ids::BranchId,
    permission::{Permission, Reach, Role},
};

/// Whether somebody manages a person, who is shown with all of their branches. Within the organisation everybody; within
/// branches others who work nowhere else, because what is done to them is done to every branch that they work for.
pub(crate) fn manages(actor: &Actor, person: &Person) -> bool {
    match actor.reach(Permission::PeopleWrite) {
        Reach::Tenant => true,
        Reach::Branches => {
            person.role != Role::HeadOfficeAdmin
                && actor.person_id() != Some(person.id)
                && !person.branch_ids.is_empty()
                && person
                    .branch_ids
                    .iter()
                    .all(|id| actor.scope().contains(*id))
        }
        _ => false,
    }
}

/// Whether somebody may give this role at these branches: nobody gives what is beyond their own. A branch that is not theirs
/// is refused like one that never was.
pub(crate) fn may_give(actor: &Actor, role: Role, branch_ids: &[BranchId]) -> Result<()> {
    if actor.may(Permission::PeopleWrite)? != Reach::Branches {
        return Ok(());
    }
    let mut errors = FieldErrors::new();
    if role == Role::HeadOfficeAdmin {
        errors.add("role", keys::PERSON_ROLE_BEYOND_OWN);
    } else if branch_ids.is_empty() {
        errors.add("branch_ids", keys::PERSON_BRANCH_NEEDED);
    } else if !branch_ids.iter().all(|id| actor.scope().contains(*id)) {
        errors.add("branch_ids", keys::ERROR_FIELD_UNKNOWN_REFERENCE);
    }
    errors.finish()
}

/// Whether somebody may make this change. `other_admins` is how many other active head office admins there are, counted
/// under a lock.
pub(crate) fn may_change(
    actor: &Actor,
    before: &Person,
    after: &PersonFacts,
    other_admins: usize,
) -> Result<()> {
    let own = actor.person_id() == Some(before.id);
    let moves = after.role != before.role || after.branch_ids != before.branch_ids;
    if own && after.role != before.role {
        return Err(Error::conflict(keys::PERSON_OWN_ROLE));
    }
    if own && moves {
        return Err(Error::conflict(keys::PERSON_OWN_BRANCHES));
    }
    if moves {
        may_give(actor, after.role, &after.branch_ids)?;
    }
    if lets_in(before, after) && !may_enable(actor, before) {
        return Err(Error::conflict(keys::PERSON_DISABLED_BY_HEAD_OFFICE));
    }
    if is_admin(before.role, before.status) && !is_admin(after.role, after.status) {
        one_admin_stays(other_admins)?;
    }
    Ok(())
}

/// Whether somebody may let a person in again whom they manage. A branch manager undoes what a branch manager has done, and
/// nothing that head office, an access review or the long absence of the person has.
pub fn may_enable(actor: &Actor, person: &Person) -> bool {
    match actor.reach(Permission::PeopleWrite) {
        Reach::Tenant => true,
        Reach::Branches => person.disabled_by == Some(DisabledBy::BranchManager),
        _ => false,
    }
}

/// Whether a change lets somebody in again who was disabled.
pub(crate) fn lets_in(before: &Person, after: &PersonFacts) -> bool {
    before.status == PersonStatus::Disabled && after.status != PersonStatus::Disabled
}

/// Who has the last word on letting somebody in again after a change. Head office takes it when it says that somebody is
/// disabled, whoever has said so before; a branch manager never takes it from head office.
pub(crate) fn disabled_by(
    actor: &Actor,
    before: &Person,
    after: &PersonFacts,
    is_said: bool,
) -> Option<DisabledBy> {
    let by = match (actor.person_id(), actor.reach(Permission::PeopleWrite)) {
        (_, Reach::Tenant) => DisabledBy::HeadOffice,
        (Some(_), _) => DisabledBy::BranchManager,
        (None, _) => DisabledBy::System,
    };
    match (before.status, after.status) {
        (_, PersonStatus::Active | PersonStatus::Invited) => None,
        (PersonStatus::Disabled, _) if !is_said || by != DisabledBy::HeadOffice => {
            before.disabled_by
        }
        _ => Some(by),
    }
}

/// Whether a role counts among those of whom one must stay.
pub(crate) fn is_admin(role: Role, status: PersonStatus) -> bool {
    role == Role::HeadOfficeAdmin && status == PersonStatus::Active
}

/// Fails if there is no other active head office admin.
pub(crate) fn one_admin_stays(other_admins: usize) -> Result<()> {
    match other_admins {
        0 => Err(Error::conflict(keys::PERSON_LAST_ADMIN)),
        _ => Ok(()),
    }
}

/// Whether a change lets a head office admin in again, which gives away everything.
pub(crate) fn lets_an_admin_in(before: &Person, after: &PersonFacts) -> bool {
    lets_in(before, after) && after.role == Role::HeadOfficeAdmin
}

/// Whether a change gives somebody a branch that they did not have.
pub(crate) fn widens(before: &Person, after: &PersonFacts) -> bool {
    let is_new = |id: &BranchId| !before.branch_ids.contains(id);
    after.branch_ids.iter().any(is_new)
}

/// Notes what a change changes. Names are the person's own data; roles and branches are the organisation's.
pub(crate) fn note_changes(event: Event, before: &Person, after: &PersonFacts) -> Event {
    let ids = |ids: &[BranchId]| serde_json::json!(ids);
    event
        .changed("name", before.name.as_str(), after.name.as_str())
        .changed("role", before.role.as_str(), after.role.as_str())
        .changed("status", before.status.as_str(), after.status.as_str())
        .changed(
            "branch_count",
            before.branch_ids.len(),
            after.branch_ids.len(),
        )
        .changed(
            "branch_ids",
            ids(first(&before.branch_ids)),
            ids(first(&after.branch_ids)),
        )
}

/// As many ids as an event's before-and-after has room for.
fn first(ids: &[BranchId]) -> &[BranchId] {
    &ids[..ids.len().min(30)]
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;
    use crate::{
        actor::{BranchScope, Request},
        ids::{SessionId, TenantId},
        people::RawPersonUpdate,
    };

    fn person(id: u128, role: Role) -> Person {
        Person {
            id: Uuid::from_u128(id).into(),
            email: "alice@acme.example".into(),
            name: "Alice".into(),
            role,
            status: PersonStatus::Active,
            disabled_by: None,
            branch_ids: Vec::new(),
            mfa_enrolled: Some(true),
            last_sign_in_at: None,
            dormant: Some(false),
            must_change_password: Some(false),
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            version: 1,
        }
    }

    fn acting_as(person: &Person) -> Actor {
        let scope = match person.role {
            Role::HeadOfficeAdmin => BranchScope::All,
            _ => BranchScope::Only(person.branch_ids.clone()),
        };
        Actor::person(
            TenantId::PLATFORM,
            person.id,
            person.role,
            SessionId::from(Uuid::nil()),
            scope,
            Request::default(),
        )
    }

    fn at(mut person: Person, branches: &[u128]) -> Person {
        let ids = branches.iter().map(|n| Uuid::from_u128(*n).into());
        person.branch_ids = ids.collect();
        person
    }

    fn wrong_field(outcome: Result<()>) -> Option<String> {
        match outcome {
            Err(Error::Invalid(fields)) => fields.into_iter().next().map(|fault| fault.field),
            _ => None,
        }
    }

    fn refused(outcome: Result<()>) -> Option<&'static str> {
        match outcome {
            Err(Error::Conflict(conflict)) => Some(conflict.text().key.as_str()),
            _ => None,
        }
    }

    fn change(of: &Person, role: &str, status: &str) -> PersonFacts {
        RawPersonUpdate {
            role: role.into(),
            status: status.into(),
            ..RawPersonUpdate::default()
        }
        .parse(of, true)
        .expect("valid")
    }

    #[test]
    fn the_last_admin_is_neither_demoted_nor_disabled() {
        let alice = person(1, Role::HeadOfficeAdmin);
        let bob = person(2, Role::HeadOfficeAdmin);
        for (role, status) in [("operator", ""), ("", "disabled")] {
            let after = change(&alice, role, status);
            let alone = may_change(&acting_as(&bob), &alice, &after, 0);
            assert_eq!(refused(alone), Some("person-last-admin"));
            assert!(may_change(&acting_as(&bob), &alice, &after, 1).is_ok());
        }
    }

    #[test]
    fn nobody_changes_their_own_role_and_everybody_may_keep_it() {
        let alice = person(1, Role::HeadOfficeAdmin);
        let demoted = change(&alice, "operator", "");
        let kept = change(&alice, "head_office_admin", "");
        let own = may_change(&acting_as(&alice), &alice, &demoted, 5);
        assert_eq!(refused(own), Some("person-own-role"));
        assert!(may_change(&acting_as(&alice), &alice, &kept, 0).is_ok());
    }

    #[test]
    fn a_manager_manages_those_who_work_at_the_own_branches_and_nowhere_else() {
        let bob = at(person(1, Role::BranchManager), &[10, 11]);
        let acts = acting_as(&bob);
        let someone = |role, branches: &[u128]| manages(&acts, &at(person(2, role), branches));
        assert!(someone(Role::Operator, &[10]) && someone(Role::BranchManager, &[10, 11]));
        assert!(!someone(Role::Operator, &[10, 12]), "half of theirs");
        assert!(!someone(Role::Operator, &[12]) && !someone(Role::Operator, &[]));
        assert!(!someone(Role::HeadOfficeAdmin, &[]));
        let carol = at(person(3, Role::Operator), &[10]);
        assert!(!manages(&acting_as(&carol), &carol) && !manages(&acts, &bob));
        let alice = person(4, Role::HeadOfficeAdmin);
        assert!(manages(&acting_as(&alice), &bob) && manages(&acting_as(&alice), &alice));
    }

    #[test]
    fn a_manager_gives_no_role_and_no_branch_beyond_the_own() {
        let bob = at(person(1, Role::BranchManager), &[10]);
        let carol = at(person(2, Role::Operator), &[10]);
        let becoming = |role: &str, branches: &[u128]| {
            let ids = at(carol.clone(), branches).branch_ids;
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            let raw = RawPersonUpdate {
                role: role.into(),
                branch_ids: ids.join(",").into(),
                ..RawPersonUpdate::default()
            };
            let after = raw.parse(&carol, true).expect("valid");
            may_change(&acting_as(&bob), &carol, &after, 1)
        };
        assert!(becoming("branch_manager", &[10]).is_ok());
        let (role, branches) = (Some("role".to_owned()), Some("branch_ids".to_owned()));
        assert_eq!(wrong_field(becoming("head_office_admin", &[])), role);
        assert_eq!(wrong_field(becoming("operator", &[10, 12])), branches);
        assert_eq!(wrong_field(becoming("operator", &[])), branches);
    }

    #[test]
    fn nobody_gives_themselves_another_branch() {
        let bob = at(person(1, Role::BranchManager), &[10, 11]);
        let raw = RawPersonUpdate {
            branch_ids: Uuid::from_u128(10).to_string().into(),
            ..RawPersonUpdate::default()
        };
        let after = raw.parse(&bob, true).expect("valid");
        let own = may_change(&acting_as(&bob), &bob, &after, 1);
        assert_eq!(refused(own), Some("person-own-branches"));
    }
}
