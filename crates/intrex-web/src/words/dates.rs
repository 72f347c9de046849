//! Days and instants in words: absolute and relative, always in a zone that somebody has named.

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use intrex_core::catalogue::{Text, keys};

use super::Words;

impl Words {
    /// `Sunday 22 November 2026`
    pub(crate) fn full_day(self, date: NaiveDate) -> String {
        self.say(
            &Text::new(keys::DATE_LONG)
                .with("weekday", self.weekday("weekday", date.weekday()))
                .with("day", date.day())
                .with("month", self.month("month", date.month()))
                .with("year", date.year().to_string()),
        )
    }

    /// `Sat 5 Dec 2026`
    pub(crate) fn day(self, date: NaiveDate) -> String {
        self.say(
            &Text::new(keys::DATE_LONG)
                .with("weekday", self.weekday("weekday-short", date.weekday()))
                .with("day", date.day())
                .with("month", self.month("month-short", date.month()))
                .with("year", date.year().to_string()),
        )
    }

    /// `5 Dec 2026`
    pub(crate) fn date(self, date: NaiveDate) -> String {
        self.say(
            &Text::new(keys::DATE_YEAR)
                .with("day", date.day())
                .with("month", self.month("month-short", date.month()))
                .with("year", date.year().to_string()),
        )
    }

    /// `5 Dec`
    pub(crate) fn day_and_month(self, date: NaiveDate) -> String {
        self.say(
            &Text::new(keys::DATE_SHORT)
                .with("day", date.day())
                .with("month", self.month("month-short", date.month())),
        )
    }

    /// `today`, `in 13 days`, `6 days ago`
    pub(crate) fn relative(self, date: NaiveDate, today: NaiveDate) -> String {
        match (date - today).num_days() {
            0 => self.t(keys::DAY_TODAY),
            1 => self.t(keys::DAY_TOMORROW),
            -1 => self.t(keys::DAY_YESTERDAY),
            ahead @ 2.. => self.count(keys::DAY_IN, ahead),
            behind => self.count(keys::DAY_AGO, -behind),
        }
    }

    /// `21 Nov 2026 09:00`: the zone is named elsewhere on the page.
    pub(crate) fn moment(self, instant: DateTime<Utc>, zone: Tz) -> String {
        let local = instant.with_timezone(&zone);
        self.say(
            &Text::new(keys::DATE_TIME)
                .with("date", self.date(local.date_naive()))
                .with("time", local.format("%H:%M").to_string()),
        )
    }

    /// `21 Nov 2026 09:00:07`
    pub(crate) fn moment_with_seconds(self, instant: DateTime<Utc>, zone: Tz) -> String {
        let local = instant.with_timezone(&zone);
        self.say(
            &Text::new(keys::DATE_TIME)
                .with("date", self.date(local.date_naive()))
                .with("time", local.format("%H:%M:%S").to_string()),
        )
    }

    /// `Sat 28 Nov 2026 09:00 Dhaka`
    pub(crate) fn moment_in_zone(self, instant: DateTime<Utc>, zone: Tz) -> String {
        let local = instant.with_timezone(&zone);
        self.say(
            &Text::new(keys::DATE_TIME_ZONE)
                .with("date", self.day(local.date_naive()))
                .with("time", local.format("%H:%M").to_string())
                .with("zone", place_of(zone)),
        )
    }

    /// `40 seconds ago`; an instant that is still to come counts as now.
    pub(crate) fn ago(self, instant: DateTime<Utc>, now: DateTime<Utc>) -> String {
        let past = (now - instant).max(TimeDelta::zero());
        match (past.num_days(), past.num_hours(), past.num_minutes()) {
            (days @ 2.., ..) => self.count(keys::DAY_AGO, days),
            (_, hours @ 2.., _) => self.count(keys::AGO_HOURS, hours),
            (_, _, minutes @ 1..) => self.count(keys::AGO_MINUTES, minutes),
            _ => self.count(keys::AGO_SECONDS, past.num_seconds()),
        }
    }

    /// A month's name; `prefix` chooses the long or the short one.
    pub(super) fn month(self, prefix: &str, month: u32) -> String {
        self.named(prefix, &month.to_string())
    }

    /// A weekday's name; `prefix` chooses the long or the short one.
    pub(super) fn weekday(self, prefix: &str, day: chrono::Weekday) -> String {
        self.named(prefix, &day.number_from_monday().to_string())
    }
}

/// What people call a zone: the place it is named after.
pub(crate) fn place_of(zone: Tz) -> String {
    zone.name()
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .replace('_', " ")
}

#[cfg(test)]
mod tests {
    use intrex_core::catalogue::Language;

    use super::*;

    const WORDS: Words = Words(Language::ENGLISH);

    fn date(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn days_are_written_as_people_write_them() {
        assert_eq!(WORDS.day(date("2026-12-05")), "Sat 5 Dec 2026");
        assert_eq!(
            WORDS.full_day(date("2026-11-22")),
            "Sunday 22 November 2026"
        );
        assert_eq!(WORDS.day_and_month(date("2026-05-01")), "1 May");
    }

    #[test]
    fn the_distance_to_a_day_has_its_plural() {
        let today = date("2026-11-22");
        let said = |text: &str| WORDS.relative(date(text), today);
        assert_eq!(said("2026-11-22"), "today");
        assert_eq!(said("2026-11-23"), "tomorrow");
        assert_eq!(said("2026-11-21"), "yesterday");
        assert_eq!(said("2026-12-05"), "in 13 days");
        assert_eq!(said("2025-11-22"), "365 days ago");
    }

    #[test]
    fn an_instant_is_told_in_the_zone_that_is_named() {
        let instant = "2026-11-28T03:00:00Z".parse().expect("an instant");
        assert_eq!(
            WORDS.moment_in_zone(instant, Tz::Asia__Dhaka),
            "Sat 28 Nov 2026 09:00 Dhaka"
        );
        assert_eq!(
            WORDS.moment(instant, Tz::America__New_York),
            "27 Nov 2026 22:00"
        );
        assert_eq!(place_of(Tz::America__New_York), "New York");
    }

    #[test]
    fn what_was_just_now_was_seconds_ago() {
        let now: DateTime<Utc> = "2026-11-28T03:00:00Z".parse().expect("an instant");
        assert_eq!(
            WORDS.ago(now - TimeDelta::seconds(40), now),
            "40 seconds ago"
        );
        assert_eq!(
            WORDS.ago(now - TimeDelta::seconds(111), now),
            "1 minute ago"
        );
        assert_eq!(WORDS.ago(now - TimeDelta::minutes(5), now), "5 minutes ago");
        assert_eq!(WORDS.ago(now - TimeDelta::hours(26), now), "26 hours ago");
        assert_eq!(WORDS.ago(now + TimeDelta::hours(1), now), "0 seconds ago");
    }
}
