//! What a person is, and the rules of roles: nobody changes their own, and the last active head office admin stays one.

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::email::{Email, MAX_EMAIL};
use crate::{
    actor::Actor,
    audit::Event,
    catalogue::keys,
    error::{Error, FieldErrors, Result},
    ids::{BranchId, PersonId},
    permission::Role,
    raw::Raw,
};

/// The longest name, in characters.
const MAX_NAME: usize = 200;
/// The most branches of one person: each stands in the setting of each of their transactions.
const MAX_BRANCHES: usize = 500;

/// Somebody who signs in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Person {
    /// Their id.
    pub id: PersonId,
    /// Their address, by which they sign in.
    pub email: String,
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether they can sign in.
    pub status: PersonStatus,
    /// The branches they work for, as far as the reader sees them.
    pub branch_ids: Vec<BranchId>,
    /// Whether their second factor is set up.
    pub mfa_enrolled: bool,
    /// When they last signed in.
    pub last_sign_in_at: Option<DateTime<Utc>>,
    /// When they were invited first.
    pub created_at: DateTime<Utc>,
    /// When they were changed last.
    pub updated_at: DateTime<Utc>,
    /// Counts their changes; shown as the ETag.
    #[serde(skip)]
    pub version: i32,
}

/// A person to choose from.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PersonName {
    /// Their id.
    pub id: PersonId,
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// Where somebody stands between invitation and leaving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum PersonStatus {
    /// Invited, has no password yet.
    Invited,
    /// Can sign in.
    Active,
    /// Cannot sign in; sessions and tokens do not count.
    Disabled,
}

impl PersonStatus {
    /// Every status.
    pub const ALL: [PersonStatus; 3] = [
        PersonStatus::Invited,
        PersonStatus::Active,
        PersonStatus::Disabled,
    ];

    /// As stored and shown to programs.
    pub fn as_str(self) -> &'static str {
        match self {
            PersonStatus::Invited => "invited",
            PersonStatus::Active => "active",
            PersonStatus::Disabled => "disabled",
        }
    }
}

/// Which people a list shows; what is left out does not narrow it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PersonFilter {
    /// In this role.
    pub role: Option<Role>,
    /// With this status.
    pub status: Option<PersonStatus>,
    /// Working for this branch.
    pub branch_id: Option<BranchId>,
}

/// Somebody who was invited, and the text of their token: shown once, in the link that they get.
#[derive(Debug)]
pub struct Invited {
    /// Who.
    pub person: Person,
    /// For `BASE_URL/invitation/<token>`.
    pub token: SecretString,
    /// Whether the link goes to them by mail too.
    pub is_mailed: bool,
}

/// What is typed to invite somebody.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawPerson {
    /// Their address. Required.
    #[schema(value_type = String, max_length = 254)]
    pub email: Raw,
    /// Their name. Required.
    #[schema(value_type = String, max_length = 200)]
    pub name: Raw,
    /// `head_office_admin`, `branch_manager` or `operator`. Required.
    #[schema(value_type = Role)]
    pub role: Raw,
    /// The branches they work for.
    #[schema(value_type = Option<Vec<Uuid>>)]
    pub branch_ids: Raw,
}

/// What is typed to change a person: what is left out stays as it is.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawPersonUpdate {
    /// Their name.
    #[schema(value_type = Option<String>, max_length = 200)]
    pub name: Raw,
    /// `head_office_admin`, `branch_manager` or `operator`.
    #[schema(value_type = Option<Role>)]
    pub role: Raw,
    /// All of the branches they work for.
    #[schema(value_type = Option<Vec<Uuid>>)]
    pub branch_ids: Raw,
    /// `active` or `disabled`.
    #[schema(value_type = Option<PersonStatus>)]
    pub status: Raw,
}

/// Somebody to invite, checked.
#[derive(Debug)]
pub(crate) struct NewPerson {
    pub email: Email,
    pub name: String,
    pub role: Role,
    pub branch_ids: Vec<BranchId>,
}

/// What a person is to become.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PersonFacts {
    pub name: String,
    pub role: Role,
    pub branch_ids: Vec<BranchId>,
    pub status: PersonStatus,
}

impl RawPerson {
    /// Checks every field.
    pub(crate) fn parse(&self) -> Result<NewPerson> {
        let mut errors = FieldErrors::new();
        let e = &mut errors;
        let email = self.email.line(e, "email", MAX_EMAIL);
        let email = email.and_then(|line| e.take("email", Email::parse(&line)));
        let name = self.name.line(e, "name", MAX_NAME);
        let role = role(&self.role, e);
        if role == Some(None) {
            e.add("role", keys::ERROR_FIELD_REQUIRED);
        }
        let branch_ids = branch_ids(&self.branch_ids, e);
        let branch_ids = of_role(role.flatten(), branch_ids, e);
        match (email, name, role.flatten(), branch_ids) {
            (Some(email), Some(name), Some(role), Some(branch_ids)) => Ok(NewPerson {
                email,
                name,
                role,
                branch_ids,
            }),
            _ => Err(errors.into()),
        }
    }
}

impl RawPersonUpdate {
    /// Checks every field; what is left out is as it was. `joined` is whether the person has set a password.
    pub(crate) fn parse(&self, before: &Person, joined: bool) -> Result<PersonFacts> {
        let mut errors = FieldErrors::new();
        let e = &mut errors;
        let name = match self.name.is_given() {
            true => self.name.line(e, "name", MAX_NAME),
            false => Some(before.name.clone()),
        };
        let role = role(&self.role, e).map(|role| role.unwrap_or(before.role));
        let branch_ids = match (self.branch_ids.is_given(), role) {
            (true, role) => {
                let given = branch_ids(&self.branch_ids, e);
                of_role(role, given, e)
            }
            // Promoted: what was a scope is none any more.
            (false, Some(Role::HeadOfficeAdmin)) => Some(Vec::new()),
            (false, _) => Some(before.branch_ids.clone()),
        };
        let status = self
            .status
            .one_of(e, "status", "active, disabled", |word| match word {
                // Who is enabled again without ever having joined is invited, as before.
                "active" if joined => Some(PersonStatus::Active),
                "active" => Some(PersonStatus::Invited),
                "disabled" => Some(PersonStatus::Disabled),
                _ => None,
            })
            .map(|status| status.unwrap_or(before.status));
        match (name, role, branch_ids, status) {
            (Some(name), Some(role), Some(branch_ids), Some(status)) => Ok(PersonFacts {
                name,
                role,
                branch_ids,
                status,
            }),
            _ => Err(errors.into()),
        }
    }
}

/// The branches of somebody with this role. Head office sees all of them: a list would look like a limit and be none.
fn of_role(
    role: Option<Role>,
    branch_ids: Option<Vec<BranchId>>,
    errors: &mut FieldErrors,
) -> Option<Vec<BranchId>> {
    match (role, branch_ids) {
        (Some(Role::HeadOfficeAdmin), Some(ids)) if !ids.is_empty() => {
            errors.add("branch_ids", keys::PERSON_ADMIN_HAS_NO_BRANCHES);
            None
        }
        (_, branch_ids) => branch_ids,
    }
}

/// Whether somebody may make this change. `other_admins` is how many other active head office admins there are, counted
/// under a lock.
pub(crate) fn may_change(
    actor: &Actor,
    before: &Person,
    after: &PersonFacts,
    other_admins: usize,
) -> Result<()> {
    if actor.person_id() == Some(before.id) && after.role != before.role {
        return Err(Error::conflict(keys::PERSON_OWN_ROLE));
    }
    let is_admin = |role, status| role == Role::HeadOfficeAdmin && status == PersonStatus::Active;
    let leaves = is_admin(before.role, before.status) && !is_admin(after.role, after.status);
    if leaves && other_admins == 0 {
        return Err(Error::conflict(keys::PERSON_LAST_ADMIN));
    }
    Ok(())
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

fn role(raw: &Raw, errors: &mut FieldErrors) -> Option<Option<Role>> {
    raw.one_of(
        errors,
        "role",
        "head_office_admin, branch_manager, operator",
        Role::parse,
    )
}

fn branch_ids(raw: &Raw, errors: &mut FieldErrors) -> Option<Vec<BranchId>> {
    let words = raw.list(errors, "branch_ids", MAX_BRANCHES)?;
    let parsed: std::result::Result<Vec<Uuid>, _> =
        words.iter().map(|word| Uuid::try_parse(word)).collect();
    let Ok(mut ids) = parsed else {
        errors.add("branch_ids", keys::ERROR_FIELD_NOT_AN_ID);
        return None;
    };
    ids.sort_unstable();
    ids.dedup();
    Some(ids.into_iter().map(BranchId::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        actor::{BranchScope, Request},
        ids::{SessionId, TenantId},
    };

    fn person(id: u128, role: Role) -> Person {
        Person {
            id: Uuid::from_u128(id).into(),
            email: "alice@acme.example".into(),
            name: "Alice".into(),
            role,
            status: PersonStatus::Active,
            branch_ids: Vec::new(),
            mfa_enrolled: true,
            last_sign_in_at: None,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            version: 1,
        }
    }

    fn acting_as(person: &Person) -> Actor {
        Actor::person(
            TenantId::PLATFORM,
            person.id,
            person.role,
            SessionId::from(Uuid::nil()),
            BranchScope::All,
            Request::default(),
        )
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
    fn who_never_joined_is_invited_again_when_enabled() {
        let mut bob = person(2, Role::Operator);
        bob.status = PersonStatus::Disabled;
        let raw = RawPersonUpdate {
            status: "active".into(),
            ..RawPersonUpdate::default()
        };
        assert_eq!(
            raw.parse(&bob, false).expect("valid").status,
            PersonStatus::Invited
        );
        assert_eq!(
            raw.parse(&bob, true).expect("valid").status,
            PersonStatus::Active
        );
        let raw = RawPersonUpdate {
            status: "invited".into(),
            ..RawPersonUpdate::default()
        };
        assert!(raw.parse(&bob, true).is_err());
    }

    #[test]
    fn every_wrong_field_of_an_invitation_is_named() {
        let raw = RawPerson {
            email: "nobody".into(),
            name: "".into(),
            role: "auditor".into(),
            branch_ids: "x,y".into(),
        };
        let Err(Error::Invalid(fields)) = raw.parse() else {
            panic!("accepted");
        };
        let names: Vec<_> = fields.iter().map(|f| f.field.as_str()).collect();
        assert_eq!(names, ["email", "name", "role", "branch_ids"]);
    }
}
