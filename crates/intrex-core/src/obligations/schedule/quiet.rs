//! Hours in which nobody is disturbed, as a clock on the wall shows them. What falls into them waits for their end.

use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, Utc, Weekday};
use chrono_tz::Tz;
use serde::Serialize;
use utoipa::ToSchema;

use super::civil::instant;

/// Every day of the week.
const EVERY_DAY: u8 = 0b111_1111;
/// Quiet times that follow each other without a pause: a week has seven.
const MAX_IN_A_ROW: usize = 8;

/// Quiet hours: from one time of the day to another, the next day's if it is not later. From midnight to midnight is the whole
/// day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub struct Quiet {
    /// When they begin.
    #[schema(value_type = String, example = "22:00")]
    #[serde(serialize_with = "minutes")]
    pub from: NaiveTime,
    /// When they end.
    #[schema(value_type = String, example = "07:00")]
    #[serde(serialize_with = "minutes")]
    pub to: NaiveTime,
    /// The days on which they begin.
    #[schema(value_type = Vec<String>, example = json!(["fri", "sat"]))]
    pub days: Weekdays,
}

/// A time of the day as people write it.
fn minutes<S: serde::Serializer>(time: &NaiveTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&time.format("%H:%M"))
}

/// Days of the week, one at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Weekdays(u8);

impl Weekdays {
    /// All of them.
    pub const ALL: Weekdays = Weekdays(EVERY_DAY);

    /// The days of these bits, Monday the lowest; none if there is no day or another bit.
    pub fn of_bits(bits: u8) -> Option<Self> {
        (bits != 0 && bits <= EVERY_DAY).then_some(Weekdays(bits))
    }

    /// These days; none if there is none.
    pub fn of(days: impl IntoIterator<Item = Weekday>) -> Option<Self> {
        let bits = days.into_iter().fold(0, |bits, day| bits | bit(day));
        Weekdays::of_bits(bits)
    }

    /// A bit for each, Monday the lowest.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Whether a day is among them.
    pub fn has(self, day: Weekday) -> bool {
        self.0 & bit(day) != 0
    }

    /// They, Monday first.
    pub fn iter(self) -> impl Iterator<Item = Weekday> {
        const WEEK: [Weekday; 7] = [
            Weekday::Mon,
            Weekday::Tue,
            Weekday::Wed,
            Weekday::Thu,
            Weekday::Fri,
            Weekday::Sat,
            Weekday::Sun,
        ];
        WEEK.into_iter().filter(move |day| self.has(*day))
    }
}

fn bit(day: Weekday) -> u8 {
    1 << day.num_days_from_monday()
}

/// What a day is called by programs, and the day of that name: `mon` to `sun`.
pub fn day_word(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "mon",
        Weekday::Tue => "tue",
        Weekday::Wed => "wed",
        Weekday::Thu => "thu",
        Weekday::Fri => "fri",
        Weekday::Sat => "sat",
        Weekday::Sun => "sun",
    }
}

impl Serialize for Weekdays {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(day_word))
    }
}

impl Quiet {
    /// Whether they leave any time of the week at all.
    pub fn leaves_time(self) -> bool {
        self.from != self.to || self.days != Weekdays::ALL
    }

    /// The instant itself, or the end of the quiet hours that it falls into.
    pub fn after(self, at: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
        let mut at = at;
        for _ in 0..MAX_IN_A_ROW {
            match self.end_around(at, zone) {
                Some(end) => at = end,
                None => return at,
            }
        }
        at
    }

    /// The end of the quiet hours around an instant: those that began on its day, or on the one before.
    fn end_around(self, at: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let today = at.with_timezone(&zone).date_naive();
        let begun_on = [today.checked_sub_days(Days::new(1)), Some(today)];
        begun_on.into_iter().flatten().find_map(|day| {
            if !self.days.has(day.weekday()) {
                return None;
            }
            let (begins, ends) = (instant(day, self.from, zone), self.end_of(day, zone)?);
            (begins <= at && at < ends).then_some(ends)
        })
    }

    fn end_of(self, day: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
        let ends_on = match self.to > self.from {
            true => day,
            false => day.checked_add_days(Days::new(1))?,
        };
        Some(instant(ends_on, self.to, zone))
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::{Africa, America, Asia, TZ_VARIANTS};
    use proptest::prelude::*;

    use super::*;

    fn time(text: &str) -> NaiveTime {
        text.parse().expect("tests write real times")
    }

    fn quiet(from: &str, to: &str, days: &[Weekday]) -> Quiet {
        Quiet {
            from: time(from),
            to: time(to),
            days: Weekdays::of(days.iter().copied()).expect("a day"),
        }
    }

    fn every_night() -> Quiet {
        Quiet {
            from: time("22:00:00"),
            to: time("07:00:00"),
            days: Weekdays::ALL,
        }
    }

    /// What falls on a civil time waits until another one.
    fn waits(quiet: Quiet, zone: Tz, at: &str) -> String {
        let local: chrono::NaiveDateTime = at.parse().expect("tests write real times");
        let at = instant(local.date(), local.time(), zone);
        let end = quiet.after(at, zone).with_timezone(&zone);
        end.format("%Y-%m-%dT%H:%M").to_string()
    }

    #[test]
    fn a_night_reaches_over_midnight() {
        let waits = |at| waits(every_night(), Asia::Dhaka, at);
        assert_eq!(waits("2026-11-23T21:59:00"), "2026-11-23T21:59");
        assert_eq!(waits("2026-11-23T22:00:00"), "2026-11-24T07:00");
        assert_eq!(waits("2026-11-24T00:00:00"), "2026-11-24T07:00");
        assert_eq!(waits("2026-11-24T06:59:00"), "2026-11-24T07:00");
        assert_eq!(waits("2026-11-24T07:00:00"), "2026-11-24T07:00");
        assert_eq!(waits("2028-02-28T23:00:00"), "2028-02-29T07:00");
        assert_eq!(waits("2026-12-31T23:00:00"), "2027-01-01T07:00");
    }

    #[test]
    fn a_weekend_of_friday_and_saturday_is_one_quiet_time() {
        let weekend = quiet("00:00:00", "00:00:00", &[Weekday::Fri, Weekday::Sat]);
        let waits = |at| waits(weekend, Asia::Dhaka, at);
        assert_eq!(waits("2026-11-26T23:59:00"), "2026-11-26T23:59");
        assert_eq!(waits("2026-11-27T09:00:00"), "2026-11-29T00:00");
        assert_eq!(waits("2026-11-28T09:00:00"), "2026-11-29T00:00");
        assert_eq!(waits("2026-11-29T00:00:00"), "2026-11-29T00:00");
    }

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_begins() {
        let friday = quiet("20:00:00", "10:00:00", &[Weekday::Fri]);
        let waits = |at| waits(friday, Asia::Dhaka, at);
        assert_eq!(waits("2026-11-27T09:00:00"), "2026-11-27T09:00");
        assert_eq!(waits("2026-11-27T21:00:00"), "2026-11-28T10:00");
        assert_eq!(waits("2026-11-28T09:00:00"), "2026-11-28T10:00");
        assert_eq!(waits("2026-11-28T21:00:00"), "2026-11-28T21:00");
    }

    #[test]
    fn the_clock_on_the_wall_decides_when_clocks_change() {
        let nights = every_night();
        // Spring forward: the night is an hour shorter. Fall back: an hour longer.
        let springs = nights.after(
            "2026-03-08T03:30:00Z".parse().expect("an instant"),
            America::New_York,
        );
        assert_eq!(springs.to_rfc3339(), "2026-03-08T11:00:00+00:00");
        let falls = nights.after(
            "2026-11-01T03:30:00Z".parse().expect("an instant"),
            America::New_York,
        );
        assert_eq!(falls.to_rfc3339(), "2026-11-01T12:00:00+00:00");
        // An end that the zone skips is the first instant after the gap.
        let skipped = quiet("20:00:00", "00:30:00", &[Weekday::Thu]);
        assert_eq!(
            waits(skipped, Africa::Cairo, "2026-04-23T21:00:00"),
            "2026-04-24T01:00"
        );
    }

    #[test]
    fn all_of_the_week_leaves_no_time() {
        let whole = |days| Quiet {
            from: time("09:00:00"),
            to: time("09:00:00"),
            days,
        };
        assert!(!whole(Weekdays::ALL).leaves_time());
        assert!(whole(Weekdays::of_bits(0b011_1111).expect("six days")).leaves_time());
        assert!(every_night().leaves_time());
        assert_eq!(Weekdays::of_bits(0), None);
        assert_eq!(Weekdays::of_bits(128), None);
    }

    proptest! {
        #[test]
        fn what_waits_is_not_earlier_and_disturbs_nobody(
            zone in proptest::sample::select(TZ_VARIANTS.to_vec()), second in 1_262_304_000i64..4_102_444_800,
            from in 0u32..1440, to in 0u32..1440, bits in 1u8..=EVERY_DAY,
        ) {
            let minute = |n: u32| NaiveTime::from_hms_opt(n / 60, n % 60, 0).expect("a minute of the day");
            let quiet = Quiet { from: minute(from), to: minute(to), days: Weekdays::of_bits(bits).expect("a day") };
            prop_assume!(quiet.leaves_time());
            let at = DateTime::from_timestamp(second, 0).expect("an instant");
            let after = quiet.after(at, zone);
            prop_assert!(after >= at);
            prop_assert_eq!(quiet.end_around(after, zone), None);
            prop_assert_eq!(quiet.after(after, zone), after);
            prop_assert!(after - at <= chrono::TimeDelta::days(8));
        }
    }
}
