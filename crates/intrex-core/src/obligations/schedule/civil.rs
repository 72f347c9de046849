//! Between civil time and instants. Zones skip hours, repeat hours and once skipped a whole day; each has one answer here, so
//! that no reminder is lost or doubled by a clock change.

use chrono::{DateTime, LocalResult, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::{GapInfo, Tz};

/// When reminders go out, in the branch's zone, unless something else is set.
pub const REMINDER_TIME: NaiveTime =
    NaiveTime::from_hms_opt(9, 0, 0).expect("nine o'clock is a time");

/// The calendar's day in a zone.
pub fn civil_today(now: DateTime<Utc>, zone: Tz) -> NaiveDate {
    now.with_timezone(&zone).date_naive()
}

/// The instant of a civil time. A time that a zone skips is the first instant after the gap; of a time that happens twice,
/// it is the earlier one.
pub fn instant(date: NaiveDate, time_of_day: NaiveTime, zone: Tz) -> DateTime<Utc> {
    let local = date.and_time(time_of_day);
    match zone.from_local_datetime(&local) {
        LocalResult::Single(instant) => instant.to_utc(),
        LocalResult::Ambiguous(earlier, later) => earlier.to_utc().min(later.to_utc()),
        LocalResult::None => GapInfo::new(&local, &zone)
            .and_then(|gap| gap.end)
            // Only at the edges of the zone's table, where no clock change is known: taken as if the clock were UTC's.
            .map_or_else(|| local.and_utc(), |after_gap| after_gap.to_utc()),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, Timelike};
    use chrono_tz::{Africa, America, Asia, Europe, Pacific, TZ_VARIANTS};
    use proptest::prelude::*;

    use super::*;

    fn at(zone: Tz, date: &str, time: &str) -> String {
        let date = date.parse().expect("tests write real dates");
        let time = time.parse().expect("tests write real times");
        instant(date, time, zone)
            .format("%Y-%m-%dT%H:%MZ")
            .to_string()
    }

    #[test]
    fn nine_in_the_morning_follows_summer_time() {
        assert_eq!(
            at(Europe::Lisbon, "2026-03-28", "09:00:00"),
            "2026-03-28T09:00Z"
        );
        assert_eq!(
            at(Europe::Lisbon, "2026-03-29", "09:00:00"),
            "2026-03-29T08:00Z"
        );
        assert_eq!(
            at(Europe::Lisbon, "2026-10-25", "09:00:00"),
            "2026-10-25T09:00Z"
        );
        assert_eq!(
            at(America::New_York, "2026-03-07", "09:00:00"),
            "2026-03-07T14:00Z"
        );
        assert_eq!(
            at(America::New_York, "2026-03-08", "09:00:00"),
            "2026-03-08T13:00Z"
        );
        assert_eq!(
            at(America::Chicago, "2026-11-01", "09:00:00"),
            "2026-11-01T15:00Z"
        );
        assert_eq!(
            at(Asia::Dhaka, "2026-07-01", "09:00:00"),
            "2026-07-01T03:00Z"
        );
    }

    #[test]
    fn a_time_that_is_skipped_is_the_first_instant_after_the_gap() {
        assert_eq!(
            at(America::New_York, "2026-03-08", "02:30:00"),
            "2026-03-08T07:00Z"
        );
        assert_eq!(
            at(Europe::Lisbon, "2026-03-29", "01:00:00"),
            "2026-03-29T01:00Z"
        );
        // Cairo leaves out the first hour of a Friday: the day itself is kept.
        assert_eq!(
            at(Africa::Cairo, "2026-04-24", "00:00:00"),
            "2026-04-23T22:00Z"
        );
        assert_eq!(
            civil_today(instant_of(Africa::Cairo, "2026-04-24"), Africa::Cairo).to_string(),
            "2026-04-24"
        );
        // Samoa left out the whole of 30 December 2011.
        assert_eq!(
            at(Pacific::Apia, "2011-12-30", "09:00:00"),
            "2011-12-30T10:00Z"
        );
        assert_eq!(
            civil_today(instant_of(Pacific::Apia, "2011-12-30"), Pacific::Apia).to_string(),
            "2011-12-31"
        );
    }

    fn instant_of(zone: Tz, date: &str) -> DateTime<Utc> {
        instant(
            date.parse().expect("tests write real dates"),
            NaiveTime::MIN,
            zone,
        )
    }

    #[test]
    fn of_a_time_that_happens_twice_the_earlier_counts() {
        assert_eq!(
            at(America::New_York, "2026-11-01", "01:30:00"),
            "2026-11-01T05:30Z"
        );
        assert_eq!(
            at(Europe::Lisbon, "2026-10-25", "01:30:00"),
            "2026-10-25T00:30Z"
        );
        // Cairo repeats the last hour of a Thursday.
        assert_eq!(
            at(Africa::Cairo, "2026-10-29", "23:30:00"),
            "2026-10-29T20:30Z"
        );
    }

    #[test]
    fn today_is_the_day_of_the_zone_and_not_of_the_server() {
        let now = "2026-01-31T20:00:00Z".parse().expect("an instant");
        assert_eq!(civil_today(now, Asia::Dhaka).to_string(), "2026-02-01");
        assert_eq!(civil_today(now, America::Chicago).to_string(), "2026-01-31");
        assert_eq!(civil_today(now, Pacific::Apia).to_string(), "2026-02-01");
    }

    /// Whether any minute of the date exists in the zone.
    fn exists(date: NaiveDate, zone: Tz) -> bool {
        (0..24 * 4).any(|quarter| {
            let local = date.and_time(NaiveTime::MIN) + TimeDelta::minutes(quarter * 15);
            zone.from_local_datetime(&local).earliest().is_some()
        })
    }

    #[test]
    fn in_every_zone_nine_o_clock_of_a_date_lies_on_that_date() {
        let mut left_out = Vec::new();
        for zone in TZ_VARIANTS {
            for year in [2011, 2026] {
                let first = NaiveDate::from_ymd_opt(year, 1, 1).expect("a date");
                for date in first.iter_days().take(365) {
                    let planned = instant(date, REMINDER_TIME, zone).with_timezone(&zone);
                    if planned.date_naive() == date {
                        assert!(planned.hour() >= 9, "{zone} {date}");
                    } else {
                        assert!(
                            !exists(date, zone),
                            "{zone} {date} exists, but its reminder falls on {planned}"
                        );
                        left_out.push(format!("{zone} {date}"));
                    }
                }
            }
        }
        // Samoa and Tokelau crossed the date line; nowhere else is there such a day.
        left_out.sort();
        assert_eq!(
            left_out,
            ["Pacific/Apia 2011-12-30", "Pacific/Fakaofo 2011-12-30"]
        );
    }

    proptest! {
        #[test]
        fn a_time_that_exists_reads_back_and_one_that_does_not_moves_forward(
            zone in proptest::sample::select(TZ_VARIANTS.to_vec()), days in 0i64..84_000, second in 0u32..86_400,
        ) {
            let date = crate::obligations::due_date::DUE_DATE_MIN + TimeDelta::days(days);
            let time = NaiveTime::from_num_seconds_from_midnight_opt(second, 0).expect("a second of the day");
            let local = date.and_time(time);
            let planned = instant(date, time, zone).with_timezone(&zone);
            if zone.from_local_datetime(&local).earliest().is_some() {
                prop_assert_eq!(planned.naive_local(), local);
            } else {
                prop_assert!(planned.naive_local() > local);
                // Nothing valid lies between: a second before it, the clock still showed a time before the gap.
                prop_assert!((planned - TimeDelta::seconds(1)).naive_local() < local);
            }
        }
    }
}
