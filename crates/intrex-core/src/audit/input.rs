//! How people and programs narrow the log: by action, by what it was done to, by whom, and by time.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use uuid::Uuid;

use super::reads::AuditFilter;
use crate::{
    catalogue::keys,
    error::{FieldErrors, Result},
    obligations::{due_date::parse_due_date, schedule::instant},
    raw::Raw,
};

/// Characters of an action's name at most.
const MAX_ACTION: usize = 100;

/// The filter as it stands in the URL. Empty values mean no restriction.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawAuditFilter {
    /// One action.
    pub action: Raw,
    /// What it was done to.
    pub entity_id: Raw,
    /// Who did it.
    pub actor_id: Raw,
    /// Recorded at or after: a day, or an instant in RFC 3339.
    pub from: Raw,
    /// Recorded before an instant, or until the end of a day.
    pub to: Raw,
}

/// Which end of a day is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Begin,
    End,
}

impl RawAuditFilter {
    /// The checked filter; days are days of `zone`.
    pub fn parse(&self, zone: Tz) -> Result<AuditFilter> {
        let mut errors = FieldErrors::new();
        let e = &mut errors;
        let filter = AuditFilter {
            action: self
                .action
                .optional_line(e, "action", MAX_ACTION)
                .filter(|action| !action.is_empty()),
            entity_id: self.entity_id.id::<Uuid>(e, "entity_id").flatten(),
            actor_id: self.actor_id.id::<Uuid>(e, "actor_id").flatten(),
            from: moment(&self.from, e, "from", zone, End::Begin),
            to: moment(&self.to, e, "to", zone, End::End),
        };
        errors.finish()?;
        Ok(filter)
    }
}

/// An instant, or the begin or end of a day of `zone`.
pub(crate) fn moment(
    raw: &Raw,
    errors: &mut FieldErrors,
    field: &str,
    zone: Tz,
    end: End,
) -> Option<DateTime<Utc>> {
    let words = errors.take(field, raw.words())??;
    let words = words.trim();
    // The range of due dates is also the range of instants that the database can hold with room to spare.
    let read = match DateTime::parse_from_rfc3339(words) {
        Ok(instant) => {
            parse_due_date(&instant.to_utc().date_naive().to_string()).map(|_| instant.to_utc())
        }
        Err(_) => parse_due_date(words).map(|day| begin_or_end(day, zone, end)),
    };
    errors.take(field, read.map_err(|_| keys::ERROR_FIELD_NOT_A_DATE.into()))
}

fn begin_or_end(day: NaiveDate, zone: Tz, end: End) -> DateTime<Utc> {
    let day = match end {
        End::Begin => day,
        End::End => day.succ_opt().unwrap_or(day),
    };
    instant(day, NaiveTime::MIN, zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(from: &str, to: &str, zone: Tz) -> Result<AuditFilter> {
        let raw = RawAuditFilter {
            from: from.into(),
            to: to.into(),
            ..RawAuditFilter::default()
        };
        raw.parse(zone)
    }

    #[test]
    fn a_day_begins_and_ends_in_the_zone_that_is_given() {
        let filter = parsed("2026-11-22", "2026-11-22", Tz::Asia__Dhaka).expect("parses");
        let instant = |text: &str| Some(text.parse::<DateTime<Utc>>().expect("an instant"));
        assert_eq!(filter.from, instant("2026-11-21T18:00:00Z"));
        assert_eq!(filter.to, instant("2026-11-22T18:00:00Z"));
    }

    #[test]
    fn an_instant_is_taken_as_it_is() {
        let filter = parsed("2026-11-22T10:00:00+06:00", "", Tz::UTC).expect("parses");
        assert_eq!(filter.from, "2026-11-22T04:00:00Z".parse().ok());
        assert_eq!(filter.to, None);
    }

    #[test]
    fn what_is_no_date_is_named() {
        for wrong in [
            "0000-00-00",
            "9999-12-31",
            "yesterday",
            "+262000-01-01T00:00:00Z",
        ] {
            assert!(parsed(wrong, "", Tz::UTC).is_err(), "{wrong}");
        }
    }
}
