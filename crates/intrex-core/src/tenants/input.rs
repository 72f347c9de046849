//! What is typed to make an organisation, and to change one: what a change leaves out stays as it is.

use serde::Deserialize;
use utoipa::ToSchema;

use super::model::{AdminFactor, NewTenant, SessionLimits, Tenant, TenantFacts};
use crate::{
    catalogue::{Text, keys},
    error::{FieldErrors, Result},
    obligations::input::lead_days,
    permission::Role,
    preferences,
    raw::Raw,
    text,
};

/// The longest name, in characters.
pub(crate) const MAX_NAME: usize = 200;
/// In the place of roles: none of them.
pub const NOBODY: &str = "nobody";
/// The time zone of an organisation that names none.
const DEFAULT_TIME_ZONE: &str = "UTC";

/// Days without a sign-in after which an account is dormant, at least and at most.
const DORMANT_AFTER_DAYS: (i64, i64) = (30, 365);
/// The least and the most days after which an acknowledged obligation comes back.
const ACKNOWLEDGED_AGAIN_DAYS: (i64, i64) = (1, 60);
/// Messages to one recipient over one way in an hour, at least and at most.
const MESSAGES_AN_HOUR: (i64, i64) = (1, 100);
/// Months between two access reviews at most.
const MAX_REVIEW_MONTHS: i64 = 12;

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
    /// The roles whose people may hold recovery codes; an empty list, or `nobody`, for none. The codes of other roles are
    /// removed at once.
    #[schema(value_type = Option<Vec<Role>>)]
    pub recovery_code_roles: Raw,
    /// Days without a sign-in after which an account is dormant: 30 to 365.
    #[schema(value_type = Option<u16>, minimum = 30, maximum = 365)]
    pub dormant_after_days: Raw,
    /// Whether dormant accounts are disabled by themselves: `yes` or `no`.
    #[schema(value_type = Option<String>)]
    pub suspend_dormant: Raw,
    /// Months between two access reviews: 1 to 12; 0 to begin them by hand alone.
    #[schema(value_type = Option<u16>, minimum = 0, maximum = 12)]
    pub access_review_months: Raw,
    /// `passkey`, where head office admins need one to sign in, or `any`. Who sets `passkey` must have one.
    #[schema(value_type = Option<String>)]
    pub admin_second_factor: Raw,
    /// The events that people may opt out of outside of Intrex; an empty list, or `none`, for none. Never
    /// `obligation.overdue`, `obligation.escalated` and `security.event`.
    #[schema(value_type = Option<Vec<crate::channels::EventType>>)]
    pub opt_outs: Raw,
    /// Days after which an obligation that somebody has acknowledged comes back to them, if it is still open: 1 to 60.
    #[schema(value_type = Option<u16>, minimum = 1, maximum = 60)]
    pub acknowledged_again_days: Raw,
    /// Messages of reminders that one recipient gets over one way in an hour: 1 to 100. What is more comes as one message in
    /// the next hour; what is critical or escalated comes at once.
    #[schema(value_type = Option<u16>, minimum = 1, maximum = 100)]
    pub messages_an_hour: Raw,
}

impl RawTenant {
    /// Checks every field.
    pub(crate) fn parse(&self) -> Result<NewTenant> {
        let mut errors = FieldErrors::new();
        let name = self.name.name(&mut errors, "name", MAX_NAME);
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

impl RawTenantUpdate {
    /// Checks every field; what is left out is as it was.
    pub(crate) fn parse(&self, before: &Tenant) -> Result<TenantFacts> {
        let mut errors = FieldErrors::new();
        let e = &mut errors;
        let name = match self.name.is_given() {
            true => self.name.name(e, "name", MAX_NAME),
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
        let roles = match self.recovery_code_roles.is_given() {
            true => recovery_code_roles(&self.recovery_code_roles, e),
            false => Some(before.recovery_code_roles.clone()),
        };
        let (least, most) = DORMANT_AFTER_DAYS;
        let dormant = self
            .dormant_after_days
            .number(e, "dormant_after_days", least, most);
        let suspend =
            self.suspend_dormant
                .one_of(e, "suspend_dormant", "yes, no", |word| match word {
                    "yes" => Some(true),
                    "no" => Some(false),
                    _ => None,
                });
        let review =
            self.access_review_months
                .number(e, "access_review_months", 0, MAX_REVIEW_MONTHS);
        let factor = self.admin_second_factor.one_of(
            e,
            "admin_second_factor",
            "any, passkey",
            AdminFactor::parse,
        );
        let (least, most) = ACKNOWLEDGED_AGAIN_DAYS;
        let again = self
            .acknowledged_again_days
            .number(e, "acknowledged_again_days", least, most);
        let (least, most) = MESSAGES_AN_HOUR;
        let messages = self
            .messages_an_hour
            .number(e, "messages_an_hour", least, most);
        let opt_outs = match self.opt_outs.is_given() {
            true => preferences::opt_outs(&self.opt_outs, "opt_outs", e).map(|events| {
                let names = events.iter().map(|one| one.as_str().to_owned());
                names.collect()
            }),
            false => Some(before.opt_outs.clone()),
        };
        let small = |number: Option<i64>| number.and_then(|number| i16::try_from(number).ok());
        let limits = preset.zip(hours).zip(minutes);
        let factors = roles.zip(factor);
        let told = opt_outs.zip(again).zip(messages);
        let access = dormant.zip(suspend).zip(review);
        match (name, time_zone, lead_days, limits, factors, told, access) {
            (
                Some(name),
                Some(time_zone),
                Some(lead_days),
                Some(((preset, hours), minutes)),
                Some((recovery_code_roles, factor)),
                Some(((opt_outs, again), messages)),
                Some(((dormant, suspend), review)),
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
                recovery_code_roles,
                dormant_after_days: small(dormant).unwrap_or(before.dormant_after_days),
                suspend_dormant: suspend.unwrap_or(before.suspend_dormant),
                access_review_months: small(review).unwrap_or(before.access_review_months),
                admin_second_factor: factor.unwrap_or(before.admin_second_factor),
                opt_outs,
                acknowledged_again_days: small(again).unwrap_or(before.acknowledged_again_days),
                messages_an_hour: small(messages).unwrap_or(before.messages_an_hour),
            }),
            _ => Err(errors.into()),
        }
    }
}

/// Roles in the order of the table, each once. No role at all has to be said: an empty field may just have been left out.
fn recovery_code_roles(raw: &Raw, errors: &mut FieldErrors) -> Option<Vec<String>> {
    const FIELD: &str = "recovery_code_roles";
    let named = raw.list(errors, FIELD, Role::ALL.len() + 1)?;
    if named.is_empty() && !raw.is_empty_list() {
        errors.add(FIELD, keys::ERROR_FIELD_REQUIRED);
        return None;
    }
    if named
        .iter()
        .any(|name| name != NOBODY && Role::parse(name).is_none())
    {
        let roles = Role::ALL.map(Role::as_str).join(", ");
        let choices = format!("{roles}, {NOBODY}");
        errors.add(
            FIELD,
            Text::new(keys::ERROR_FIELD_NOT_ONE_OF).with("choices", choices),
        );
        return None;
    }
    let chosen = Role::ALL
        .into_iter()
        .map(Role::as_str)
        .filter(|role| named.iter().any(|name| name == role));
    Some(chosen.map(str::to_owned).collect())
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
    fn roles_are_named_or_nobody_is_and_an_empty_field_is_neither() {
        let read = |raw: Raw| {
            let mut errors = FieldErrors::new();
            let roles = recovery_code_roles(&raw, &mut errors);
            assert_eq!(roles.is_none(), !errors.is_empty());
            roles.map(|roles| roles.join(" "))
        };
        let json = |text: &str| serde_json::from_str::<Raw>(text).expect("decodes");
        let both = Some("head_office_admin operator".to_owned());
        assert_eq!(read("operator, head_office_admin,operator".into()), both);
        assert_eq!(
            read(json(r#"["nobody","operator","head_office_admin"]"#)),
            both
        );
        assert_eq!(read(NOBODY.into()).as_deref(), Some(""));
        assert_eq!(read(json("[]")).as_deref(), Some(""));
        for wrong in [
            "",
            "null",
            r#"[""]"#,
            r#"["auditor"]"#,
            "[1]",
            "true",
            r#"{"a":1}"#,
        ] {
            let raw = if wrong.is_empty() {
                "".into()
            } else {
                json(wrong)
            };
            assert_eq!(read(raw), None, "{wrong}");
        }
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
