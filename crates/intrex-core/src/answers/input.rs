//! What is typed to answer reminders.

use chrono::{DateTime, Datelike as _, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use utoipa::ToSchema;

use super::model::{LONGEST_SNOOZE, MAX_NOTE, MAX_SELECTED};
use crate::{
    catalogue::{Text, keys},
    error::{Error, FieldErrors, Result},
    ids::NotificationId,
    obligations::schedule::{REMINDER_TIME, civil_today, instant},
    raw::Raw,
};

/// The choices of a page, in the order in which they are shown.
pub const CHOICES: [&str; 4] = ["1h", "tomorrow", "3d", "next_week"];

/// What is typed to acknowledge.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawAcknowledgement {
    /// What others should know: who deals with it, what it waits for.
    #[schema(value_type = Option<String>, max_length = 500)]
    pub note: Raw,
}

/// What is typed to put an item off.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawSnooze {
    /// `1h`, `tomorrow` (at nine, where the branch is), `3d`, `next_week` (Monday at nine), or an instant at most 14 days
    /// ahead. Not after the last day of grace. Required.
    #[schema(value_type = String)]
    pub until: Raw,
}

/// Messages that are acknowledged together.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawSelection {
    /// The messages, at most 200. Required.
    #[schema(value_type = Vec<NotificationId>, max_items = 200)]
    pub ids: Raw,
    /// What others should know.
    #[schema(value_type = Option<String>, max_length = 500)]
    pub note: Raw,
}

impl RawAcknowledgement {
    pub(super) fn parse(&self) -> Result<String> {
        let mut errors = FieldErrors::new();
        let note = self.note.paragraphs(&mut errors, "note", MAX_NOTE);
        note.ok_or_else(|| errors.into())
    }
}

impl RawSelection {
    pub(super) fn parse(&self) -> Result<(Vec<NotificationId>, String)> {
        let mut errors = FieldErrors::new();
        let ids = selected(&self.ids, &mut errors);
        let note = self.note.paragraphs(&mut errors, "note", MAX_NOTE);
        ids.zip(note).ok_or_else(|| errors.into())
    }
}

/// The messages that a field names, each once.
pub(super) fn selected(raw: &Raw, errors: &mut FieldErrors) -> Option<Vec<NotificationId>> {
    let named = raw.list(errors, "ids", MAX_SELECTED)?;
    if named.is_empty() {
        errors.add("ids", keys::ANSWER_NOTHING_CHOSEN);
        return None;
    }
    let mut ids: Vec<NotificationId> = Vec::with_capacity(named.len());
    for id in &named {
        match id.parse() {
            Ok(id) => ids.push(id),
            Err(_) => {
                errors.add("ids", keys::ERROR_FIELD_NOT_AN_ID);
                return None;
            }
        }
    }
    ids.sort_unstable();
    ids.dedup();
    Some(ids)
}

/// Until when an item is to be put off: a choice means another instant for each branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    Hours(i64),
    /// Tomorrow at nine.
    Tomorrow,
    /// Next Monday at nine.
    NextWeek,
    At(DateTime<Utc>),
}

impl RawSnooze {
    pub(super) fn parse(&self) -> Result<Until> {
        let mut errors = FieldErrors::new();
        let until = parse_until(&self.until, &mut errors);
        until.ok_or_else(|| errors.into())
    }
}

pub(super) fn parse_until(raw: &Raw, errors: &mut FieldErrors) -> Option<Until> {
    let choices = format!("{}, 2026-12-31T09:00:00Z", CHOICES.join(", "));
    let until = raw.one_of(errors, "until", &choices, |text| match text {
        "1h" => Some(Until::Hours(1)),
        "3d" => Some(Until::Hours(3 * 24)),
        "tomorrow" => Some(Until::Tomorrow),
        "next_week" => Some(Until::NextWeek),
        instant => DateTime::parse_from_rfc3339(instant)
            .ok()
            .map(|at| Until::At(at.to_utc())),
    })?;
    if until.is_none() {
        errors.add("until", keys::ERROR_FIELD_REQUIRED);
    }
    until
}

impl Until {
    /// The instant for an item, of which `last` is the last day of grace in the zone of its branch.
    pub(super) fn of(self, now: DateTime<Utc>, zone: Tz, last: NaiveDate) -> Result<DateTime<Utc>> {
        let today = civil_today(now, zone);
        let at_nine = |days: u64| {
            let day = today.checked_add_days(Days::new(days)).unwrap_or(today);
            instant(day, REMINDER_TIME, zone)
        };
        let until = match self {
            Until::Hours(hours) => now + TimeDelta::hours(hours),
            Until::Tomorrow => at_nine(1),
            Until::NextWeek => at_nine(7 - u64::from(today.weekday().num_days_from_monday())),
            Until::At(at) => at,
        };
        let wrong = if until <= now {
            Some(keys::ANSWER_SNOOZE_PAST.into())
        } else if until > now + LONGEST_SNOOZE {
            Some(Text::new(keys::ANSWER_SNOOZE_TOO_LONG).with("days", LONGEST_SNOOZE.num_days()))
        } else if civil_today(until, zone) > last {
            let last = last.format("%-d %b %Y").to_string();
            Some(Text::new(keys::ANSWER_SNOOZE_BEYOND_GRACE).with("date", last))
        } else {
            None
        };
        match wrong {
            Some(text) => Err(Error::invalid("until", text)),
            None => Ok(until),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn until(text: &str, now: &str, last: &str) -> Result<String> {
        let raw = RawSnooze { until: text.into() };
        let now = now.parse().expect("an instant");
        let until = raw
            .parse()?
            .of(now, Tz::Asia__Dhaka, last.parse().expect("a date"))?;
        Ok(until.to_rfc3339())
    }

    fn refused(result: Result<String>) -> bool {
        matches!(result, Err(Error::Invalid(fields)) if fields.iter().all(|f| f.field == "until"))
    }

    #[test]
    fn each_choice_is_an_instant_where_the_branch_is() {
        // A Monday evening in Dhaka.
        let now = "2026-11-23T13:00:00Z";
        let of = |text| until(text, now, "2026-12-31").expect("a choice");
        assert_eq!(of("1h"), "2026-11-23T14:00:00+00:00");
        assert_eq!(of("tomorrow"), "2026-11-24T03:00:00+00:00");
        assert_eq!(of("3d"), "2026-11-26T13:00:00+00:00");
        assert_eq!(of("next_week"), "2026-11-30T03:00:00+00:00");
        assert_eq!(of("2026-11-25T10:00:00+06:00"), "2026-11-25T04:00:00+00:00");
        // It is Tuesday there already.
        let late = until("tomorrow", "2026-11-23T19:00:00Z", "2026-12-31");
        assert_eq!(late.expect("a choice"), "2026-11-25T03:00:00+00:00");
    }

    #[test]
    fn nothing_is_put_off_for_too_long_or_beyond_its_grace() {
        let now = "2026-11-23T13:00:00Z";
        for (text, last) in [
            ("", "2026-12-31"),
            ("never", "2026-12-31"),
            ("2026-11-23T13:00:00Z", "2026-12-31"),
            ("2026-12-07T13:00:01Z", "2026-12-31"),
            ("tomorrow", "2026-11-23"),
            ("1h", "2026-11-22"),
        ] {
            assert!(refused(until(text, now, last)), "{text} {last}");
        }
        assert!(until("2026-12-07T13:00:00Z", now, "2026-12-07").is_ok());
    }

    #[test]
    fn a_selection_has_something_in_it_and_two_hundred_at_most() {
        let ids = |n: u128| -> Vec<String> {
            (1..=n)
                .map(|id| uuid::Uuid::from_u128(id).to_string())
                .collect()
        };
        let parse = |ids: Vec<String>| {
            let raw = RawSelection {
                ids: ids.into(),
                ..RawSelection::default()
            };
            raw.parse().map(|(ids, _)| ids.len())
        };
        assert_eq!(parse(ids(200)).expect("200"), 200);
        let twice = [ids(3), ids(3)].concat();
        assert_eq!(parse(twice).expect("each once"), 3);
        for wrong in [ids(201), Vec::new(), vec!["x".to_owned()]] {
            assert!(matches!(parse(wrong), Err(Error::Invalid(_))));
        }
    }
}
