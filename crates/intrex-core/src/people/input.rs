//! What is typed about people, and the rules that hold for it whoever types: head office has no list of branches, and what a
//! change leaves out stays as it is.

use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    email::{Email, MAX_EMAIL},
    model::{Person, PersonStatus},
};
use crate::{
    catalogue::keys,
    error::{FieldErrors, Result},
    ids::BranchId,
    permission::Role,
    raw::Raw,
};

/// The longest name, in characters.
const MAX_NAME: usize = 200;
/// The most branches of one person: each stands in the setting of each of their transactions.
const MAX_BRANCHES: usize = 500;

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
        let name = self.name.name(e, "name", MAX_NAME);
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
            true => self.name.name(e, "name", MAX_NAME),
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
    use chrono::DateTime;

    use super::*;
    use crate::Error;

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
