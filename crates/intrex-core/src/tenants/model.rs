//! What an organisation is, and what the operator types to make one.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    error::{FieldErrors, Result},
    ids::TenantId,
    obligations::input::lead_days,
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
    /// What head office admins sign in with.
    pub admin_second_factor: AdminFactor,
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

/// Which second factors are enough for head office admins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum AdminFactor {
    /// Any that the product knows.
    Any,
    /// A passkey: who has none adds one before anything else, and a code of the app is not enough afterwards.
    Passkey,
}

impl AdminFactor {
    /// As stored and shown to programs.
    pub fn as_str(self) -> &'static str {
        match self {
            AdminFactor::Any => "any",
            AdminFactor::Passkey => "passkey",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [AdminFactor::Any, AdminFactor::Passkey]
            .into_iter()
            .find(|factor| factor.as_str() == text)
    }
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

/// What is typed to change an organisation: what is left out stays as it is.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawTenantUpdate {
    /// Its name.
    #[schema(value_type = Option<String>, max_length = 200)]
    pub name: Raw,
    /// The IANA time zone of its head office.
    #[schema(value_type = Option<String>, max_length = 64)]
    pub time_zone: Raw,
    /// Days before a due date on which reminders go out where an obligation says nothing else.
    #[schema(value_type = Option<Vec<u16>>)]
    pub lead_days: Raw,
    /// `aal2` (24 hours, 60 minutes) or `longest` (168 hours, 1440 minutes), in the place of the next two.
    #[schema(value_type = Option<String>)]
    pub session_preset: Raw,
    /// Hours after which a session ends, however much it is used: 1 to 168.
    #[schema(value_type = Option<u16>, minimum = 1, maximum = 168)]
    pub session_absolute_hours: Raw,
    /// Minutes without a request after which a session ends: 5 to 1440.
    #[schema(value_type = Option<u16>, minimum = 5, maximum = 1440)]
    pub session_idle_minutes: Raw,
    /// `passkey`, where head office admins need one to sign in, or `any`. Who sets `passkey` must have one.
    #[schema(value_type = Option<String>)]
    pub admin_second_factor: Raw,
}

/// What an organisation is to become.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TenantFacts {
    pub name: String,
    pub time_zone: String,
    pub lead_days: Vec<i16>,
    pub session_absolute_hours: i16,
    pub session_idle_minutes: i16,
    pub admin_second_factor: AdminFactor,
}

/// How long sessions last: hours from the sign-in, and minutes without a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// Hours from the sign-in.
    pub absolute_hours: i16,
    /// Minutes without a request.
    pub idle_minutes: i16,
}

impl SessionLimits {
    /// As NIST SP 800-63B-4 has it for AAL2.
    pub const AAL2: SessionLimits = SessionLimits {
        absolute_hours: 24,
        idle_minutes: 60,
    };
    /// As long as they may be.
    pub const LONGEST: SessionLimits = SessionLimits {
        absolute_hours: 168,
        idle_minutes: 1440,
    };
    /// As short as they may be.
    pub const SHORTEST: SessionLimits = SessionLimits {
        absolute_hours: 1,
        idle_minutes: 5,
    };

    fn named(name: &str) -> Option<Self> {
        match name {
            "aal2" => Some(SessionLimits::AAL2),
            "longest" => Some(SessionLimits::LONGEST),
            _ => None,
        }
    }
}

impl RawTenantUpdate {
    /// Checks every field; what is left out is as it was.
    pub(crate) fn parse(&self, before: &Tenant) -> Result<TenantFacts> {
        let mut errors = FieldErrors::new();
        let e = &mut errors;
        let name = match self.name.is_given() {
            true => self.name.line(e, "name", MAX_NAME),
            false => Some(before.name.clone()),
        };
        let time_zone = self.time_zone.words().and_then(|words| match words {
            None => Ok(before.time_zone.clone()),
            Some(typed) => text::check_time_zone(&typed),
        });
        let time_zone = e.take("time_zone", time_zone);
        let lead_days = match self.lead_days.is_given() {
            true => lead_days(&self.lead_days, e).map(|days| {
                let days = days.as_slice().iter();
                days.map(|day| i16::try_from(*day).unwrap_or(i16::MAX))
                    .collect()
            }),
            false => Some(before.lead_days.clone()),
        };
        let preset =
            self.session_preset
                .one_of(e, "session_preset", "aal2, longest", SessionLimits::named);
        let (least, most) = (SessionLimits::SHORTEST, SessionLimits::LONGEST);
        let hours = self.session_absolute_hours.number(
            e,
            "session_absolute_hours",
            least.absolute_hours.into(),
            most.absolute_hours.into(),
        );
        let minutes = self.session_idle_minutes.number(
            e,
            "session_idle_minutes",
            least.idle_minutes.into(),
            most.idle_minutes.into(),
        );
        let factor = self.admin_second_factor.one_of(
            e,
            "admin_second_factor",
            "any, passkey",
            AdminFactor::parse,
        );
        let small = |number: Option<i64>| number.and_then(|number| i16::try_from(number).ok());
        match (name, time_zone, lead_days, preset, hours, minutes, factor) {
            (
                Some(name),
                Some(time_zone),
                Some(lead_days),
                Some(preset),
                Some(hours),
                Some(minutes),
                Some(factor),
            ) => Ok(TenantFacts {
                name,
                time_zone,
                lead_days,
                session_absolute_hours: preset
                    .map(|preset| preset.absolute_hours)
                    .or(small(hours))
                    .unwrap_or(before.session_absolute_hours),
                session_idle_minutes: preset
                    .map(|preset| preset.idle_minutes)
                    .or(small(minutes))
                    .unwrap_or(before.session_idle_minutes),
                admin_second_factor: factor.unwrap_or(before.admin_second_factor),
            }),
            _ => Err(errors.into()),
        }
    }
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
