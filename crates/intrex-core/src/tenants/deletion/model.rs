//! What is typed to delete an organisation, what stands in its row until it happens, and what is to be done at an instant.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    catalogue::keys,
    error::{Error, FieldErrors, Result},
    ids::PersonId,
    raw::Raw,
    tenants::{TenantStatus, input::MAX_NAME},
};

/// How long everybody has to think better of it.
pub const GRACE: TimeDelta = TimeDelta::days(7);
/// How long after the last sign-in counted the rows are looked through once more, before the keys go: whoever was at work at
/// that moment has ended by then. Longer than any request, job or import may take.
pub const SETTLES_FOR: TimeDelta = TimeDelta::hours(1);
/// The longest reason, in characters.
const MAX_REASON: usize = 500;

/// What is typed to delete an organisation.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawTenantDeletion {
    /// The organisation's name, typed again. Required.
    #[schema(value_type = String, max_length = 200)]
    pub confirm_name: Raw,
    /// Why. Required.
    #[schema(value_type = String, max_length = 500)]
    pub reason: Raw,
}

impl RawTenantDeletion {
    /// The reason, if the name was typed as it is.
    pub(super) fn parse(&self, name: &str) -> Result<String> {
        let mut errors = FieldErrors::new();
        let typed = self
            .confirm_name
            .line(&mut errors, "confirm_name", MAX_NAME);
        if typed.is_some_and(|typed| typed != name) {
            errors.add("confirm_name", keys::TENANT_CONFIRM_WRONG);
        }
        let reason = self.reason.line(&mut errors, "reason", MAX_REASON);
        errors.finish()?;
        reason.ok_or_else(|| Error::internal("a reason was refused without saying why"))
    }
}

/// When it is to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// After [`GRACE`].
    AfterGrace,
    /// At once. The operator of the installation alone may say so.
    Now,
}

/// A deletion that was asked for and has not begun.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Pending {
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// Who asked; null for the operator of the installation.
    pub requested_by: Option<PersonId>,
    /// When it happens. Until then it can be cancelled.
    pub due_at: DateTime<Utc>,
}

/// What the organisation's row says, locked.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    pub name: String,
    pub status: TenantStatus,
    pub requested_at: Option<DateTime<Utc>>,
    pub requested_by: Option<PersonId>,
    pub due_at: Option<DateTime<Utc>>,
    pub begun_at: Option<DateTime<Utc>>,
}

/// What the worker has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing, for good: it was cancelled, or it is done.
    Nothing,
    /// Nothing before this instant.
    Wait(DateTime<Utc>),
    /// Lock everybody out.
    Begin,
    /// Remove rows; once there are none and this instant has come, the keys and the name.
    Empty {
        /// When whoever was at work has ended.
        settled_at: DateTime<Utc>,
    },
}

impl Standing {
    /// The request that waits, if there is one.
    pub(super) fn pending(&self) -> Option<Pending> {
        Some(Pending {
            requested_at: self.requested_at?,
            requested_by: self.requested_by,
            due_at: self.due_at.filter(|_| !self.status.is_leaving())?,
        })
    }

    /// What is to be done at this instant.
    pub(super) fn step(&self, now: DateTime<Utc>) -> Step {
        match (self.status, self.due_at, self.begun_at) {
            (TenantStatus::Deleting, _, Some(begun_at)) => Step::Empty {
                settled_at: begun_at + SETTLES_FOR,
            },
            (TenantStatus::Active | TenantStatus::Suspended, Some(due_at), _) if due_at > now => {
                Step::Wait(due_at)
            }
            (TenantStatus::Active | TenantStatus::Suspended, Some(_), _) => Step::Begin,
            _ => Step::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(status: TenantStatus, due_at: Option<i64>, begun_at: Option<i64>) -> Standing {
        let at = |seconds: i64| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        Standing {
            name: "Acme".to_owned(),
            status,
            requested_at: due_at.map(|due_at| at(due_at) - GRACE),
            requested_by: None,
            due_at: due_at.map(at),
            begun_at: begun_at.map(at),
        }
    }

    #[test]
    fn nothing_begins_without_a_request_or_before_its_time() {
        use TenantStatus::{Active, Deleted, Deleting, Suspended};
        let now = DateTime::UNIX_EPOCH + TimeDelta::seconds(100);
        let settled_at = DateTime::UNIX_EPOCH + TimeDelta::seconds(90) + SETTLES_FOR;
        for (status, due_at, begun_at, step) in [
            (Active, None, None, Step::Nothing),
            (
                Active,
                Some(101),
                None,
                Step::Wait(now + TimeDelta::seconds(1)),
            ),
            (Active, Some(100), None, Step::Begin),
            (Suspended, Some(99), None, Step::Begin),
            (Suspended, None, None, Step::Nothing),
            (Deleting, Some(90), Some(90), Step::Empty { settled_at }),
            (Deleted, Some(90), Some(90), Step::Nothing),
        ] {
            let standing = standing(status, due_at, begun_at);
            assert_eq!(standing.step(now), step, "{standing:?}");
        }
    }

    #[test]
    fn the_name_has_to_be_typed_as_it_is_and_a_reason_given() {
        let typed = |name: &str, reason: &str| {
            let raw = RawTenantDeletion {
                confirm_name: name.into(),
                reason: reason.into(),
            };
            raw.parse("Acme")
        };
        assert_eq!(
            typed(" Acme ", "we close").ok().as_deref(),
            Some("we close")
        );
        for (name, reason, wrong) in [
            ("acme", "we close", vec!["confirm_name"]),
            ("Acm", "we close", vec!["confirm_name"]),
            ("", "", vec!["confirm_name", "reason"]),
            ("Acme", " ", vec!["reason"]),
        ] {
            let Err(Error::Invalid(errors)) = typed(name, reason) else {
                panic!("{name:?} and {reason:?} are accepted");
            };
            let fields: Vec<_> = errors.into_iter().map(|error| error.field).collect();
            assert_eq!(fields, wrong);
        }
    }
}
