//! What an organisation is, and what the operator types to make one.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    error::{FieldErrors, Result},
    ids::TenantId,
    raw::Raw,
    text,
};

/// The longest name, in characters.
pub(crate) const MAX_NAME: usize = 200;
/// The time zone of an organisation that names none.
const DEFAULT_TIME_ZONE: &str = "UTC";

/// An organisation, as its own people see it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its name.
    pub name: String,
    /// Whether its people can sign in.
    pub status: TenantStatus,
    /// The IANA time zone of its head office.
    pub time_zone: String,
    /// Days before a due date on which reminders go out where an obligation says nothing else.
    pub lead_days: Vec<i16>,
    /// Hours after which a session ends, however much it is used.
    pub session_absolute_hours: i16,
    /// Minutes without a request after which a session ends.
    pub session_idle_minutes: i16,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
    /// Counts its changes; shown as the ETag.
    #[serde(skip)]
    pub version: i32,
}

/// An organisation in the operator's list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TenantRow {
    /// Its id.
    pub id: TenantId,
    /// Its name.
    pub name: String,
    /// Whether its people can sign in.
    pub status: TenantStatus,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// Whether an organisation's people can sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum TenantStatus {
    /// They can.
    Active,
    /// Nobody can; sessions and tokens do not count. Nothing is deleted.
    Suspended,
}

/// What is typed to make an organisation.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawTenant {
    /// Its name. Required.
    #[schema(value_type = String, max_length = 200)]
    pub name: Raw,
    /// The IANA time zone of its head office; UTC if left out.
    #[schema(value_type = Option<String>, max_length = 64)]
    pub time_zone: Raw,
}

/// A new organisation, checked.
#[derive(Debug)]
pub(crate) struct NewTenant {
    pub name: String,
    pub time_zone: String,
}

impl RawTenant {
    /// Checks every field.
    pub(crate) fn parse(&self) -> Result<NewTenant> {
        let mut errors = FieldErrors::new();
        let name = self.name.line(&mut errors, "name", MAX_NAME);
        let time_zone = self.time_zone.words().and_then(|words| match words {
            None => Ok(DEFAULT_TIME_ZONE.to_owned()),
            Some(typed) => text::check_time_zone(&typed),
        });
        match (name, errors.take("time_zone", time_zone)) {
            (Some(name), Some(time_zone)) => Ok(NewTenant { name, time_zone }),
            _ => Err(errors.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn all_wrong_fields_are_named_at_once() {
        let raw = RawTenant {
            name: Raw::default(),
            time_zone: "Dhaka/Asia".into(),
        };
        let Err(Error::Invalid(fields)) = raw.parse() else {
            panic!("accepted");
        };
        let names: Vec<_> = fields.iter().map(|f| f.field.as_str()).collect();
        assert_eq!(names, ["name", "time_zone"]);
    }

    #[test]
    fn a_time_zone_is_optional() {
        let zoned = |time_zone: &str| RawTenant {
            name: " Acme ".into(),
            time_zone: time_zone.into(),
        };
        let parsed = zoned("Asia/Dhaka").parse().expect("a zone");
        assert_eq!(
            (parsed.name.as_str(), parsed.time_zone.as_str()),
            ("Acme", "Asia/Dhaka")
        );
        assert_eq!(zoned("").parse().expect("defaults").time_zone, "UTC");
    }
}
