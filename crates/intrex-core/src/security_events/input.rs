//! What people and programs send: what narrows the list, and thresholds.

use serde::Deserialize;
use utoipa::ToSchema;

use super::model::{Code, SecurityFilter, Severity, Thresholds};
use crate::{
    error::{FieldErrors, Result},
    raw::Raw,
};

/// The filter as it stands in the URL. Empty values mean no restriction.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawSecurityFilter {
    /// One code.
    pub code: Raw,
    /// One severity.
    pub severity: Raw,
    /// `true`: those that nobody has acknowledged.
    pub open: Raw,
}

impl RawSecurityFilter {
    /// The checked filter.
    pub fn parse(&self) -> Result<SecurityFilter> {
        let mut errors = FieldErrors::new();
        let e = &mut errors;
        let codes = Code::ALL.iter().map(|code| code.as_str());
        let codes = codes.collect::<Vec<_>>().join(", ");
        let filter = SecurityFilter {
            code: self
                .code
                .one_of(e, "code", &codes, Code::parse)
                .flatten()
                .map(Code::as_str),
            severity: self
                .severity
                .one_of(e, "severity", "low, medium, high", Severity::parse)
                .flatten(),
            open: self
                .open
                .one_of(e, "open", "true, false", |text| text.parse::<bool>().ok())
                .flatten()
                .unwrap_or_default(),
        };
        errors.finish()?;
        Ok(filter)
    }
}

/// What is typed to change thresholds: what is left out stays as it is.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawThresholds {
    /// Failed sign-ins and wrong codes of the whole organisation that are a burst: 3 to 10000.
    #[schema(value_type = Option<u16>, minimum = 3, maximum = 10000)]
    pub burst_failures: Raw,
    /// Minutes within which they are counted: 1 to 1440.
    #[schema(value_type = Option<u16>, minimum = 1, maximum = 1440)]
    pub burst_minutes: Raw,
    /// Accounts at which one network fails that are a spray: 2 to 10000.
    #[schema(value_type = Option<u16>, minimum = 2, maximum = 10000)]
    pub spray_accounts: Raw,
    /// Minutes within which they are counted: 1 to 1440.
    #[schema(value_type = Option<u16>, minimum = 1, maximum = 1440)]
    pub spray_minutes: Raw,
    /// Rows that one person reads in bulk that are a spike: 100 to 1000000.
    #[schema(value_type = Option<u32>, minimum = 100, maximum = 1000000)]
    pub export_rows: Raw,
    /// Minutes within which they are counted: 1 to 1440.
    #[schema(value_type = Option<u16>, minimum = 1, maximum = 1440)]
    pub export_minutes: Raw,
    /// Minutes within which nobody changes networks there and back: 1 to 1440.
    #[schema(value_type = Option<u16>, minimum = 1, maximum = 1440)]
    pub alternating_minutes: Raw,
}

impl RawThresholds {
    /// Checks every field; what is left out is as it was.
    pub(crate) fn parse(&self, before: &Thresholds) -> Result<Thresholds> {
        let typed = [
            &self.burst_failures,
            &self.burst_minutes,
            &self.spray_accounts,
            &self.spray_minutes,
            &self.export_rows,
            &self.export_minutes,
            &self.alternating_minutes,
        ];
        let mut errors = FieldErrors::new();
        let mut values = before.values();
        for ((raw, value), (name, least, most)) in
            typed.into_iter().zip(&mut values).zip(Thresholds::BOUNDS)
        {
            let number = raw.number(&mut errors, name, least.into(), most.into());
            if let Some(number) = number.flatten().and_then(|n| i32::try_from(n).ok()) {
                *value = number;
            }
        }
        errors.finish()?;
        Ok(Thresholds::of(values, before.version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn what_is_left_out_stays_and_everything_wrong_is_named_at_once() {
        let before = Thresholds::default();
        let raw = RawThresholds {
            spray_accounts: "3".into(),
            ..RawThresholds::default()
        };
        let after = raw.parse(&before).expect("parses");
        assert_eq!(
            after,
            Thresholds {
                spray_accounts: 3,
                ..before
            }
        );
        let raw = RawThresholds {
            burst_failures: "2".into(),
            export_minutes: "many".into(),
            ..RawThresholds::default()
        };
        let Err(Error::Invalid(fields)) = raw.parse(&before) else {
            panic!("accepted");
        };
        let names: Vec<_> = fields.iter().map(|field| field.field.as_str()).collect();
        assert_eq!(names, ["burst_failures", "export_minutes"]);
    }

    #[test]
    fn a_filter_names_known_things_alone() {
        let raw = |code: &str, severity: &str| RawSecurityFilter {
            code: code.into(),
            severity: severity.into(),
            open: "true".into(),
        };
        let filter = raw("LOGIN_SPRAY", "high").parse().expect("parses");
        assert_eq!(filter.code, Some("LOGIN_SPRAY"));
        assert!(filter.open);
        assert!(raw("login_spray", "").parse().is_err());
        assert!(raw("", "terrible").parse().is_err());
    }
}
