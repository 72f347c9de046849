//! The instant of an entry. The one textual form has exactly six fractional digits because that is what PostgreSQL keeps:
//! a nanosecond clock must be rounded before hashing, not by the database afterwards. No calendar library is used, so that
//! the crate depends on nobody's idea of a date.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::EntryError;

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
/// 9999-12-31T23:59:59.999999Z.
const LAST_MICROS: i64 = 253_402_300_799_999_999;

/// An instant in UTC with a precision of one microsecond, from 1970 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    ///
    /// # Errors
    /// [`EntryError::Time`] before 1970 or after 9999.
    pub fn from_unix_micros(micros: i64) -> Result<Self, EntryError> {
        if (0..=LAST_MICROS).contains(&micros) {
            Ok(Self(micros))
        } else {
            Err(EntryError::Time)
        }
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn unix_micros(self) -> i64 {
        self.0
    }

    /// The month in UTC as `yyyymm`: the key by which old entries are archived.
    pub fn partition(self) -> u32 {
        let (year, month, _) =
            civil_from_days(self.0.div_euclid(MICROS_PER_SECOND * SECONDS_PER_DAY));
        u32::try_from(year * 100 + month).expect("a year of 1970 to 9999 and a month fit")
    }

    /// Reads exactly `YYYY-MM-DDThh:mm:ss.ffffffZ`.
    ///
    /// # Errors
    /// [`EntryError::Time`] for any other form, for a date that does not exist and for a leap second.
    pub fn parse(text: &str) -> Result<Self, EntryError> {
        let bytes = text.as_bytes();
        let shape = b"0000-00-00T00:00:00.000000Z";
        let fits = |(found, wanted): (&u8, &u8)| {
            if *wanted == b'0' {
                found.is_ascii_digit()
            } else {
                found == wanted
            }
        };
        if bytes.len() != shape.len() || !bytes.iter().zip(shape).all(fits) {
            return Err(EntryError::Time);
        }
        let number = |from: usize, to: usize| {
            bytes[from..to]
                .iter()
                .fold(0_i64, |n, b| n * 10 + i64::from(b - b'0'))
        };
        let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
        let (hour, minute, second) = (number(11, 13), number(14, 16), number(17, 19));
        if hour > 23 || minute > 59 || second > 59 {
            return Err(EntryError::Time);
        }
        let days = days_from_civil(year, month, day);
        // A day that does not exist (30 February, month 13) comes back as another one.
        if civil_from_days(days) != (year, month, day) {
            return Err(EntryError::Time);
        }
        let seconds = days * SECONDS_PER_DAY + hour * 3_600 + minute * 60 + second;
        Self::from_unix_micros(seconds * MICROS_PER_SECOND + number(20, 26))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_euclid(MICROS_PER_SECOND);
        let (year, month, day) = civil_from_days(seconds.div_euclid(SECONDS_PER_DAY));
        let of_day = seconds.rem_euclid(SECONDS_PER_DAY);
        let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
        let micros = self.0.rem_euclid(MICROS_PER_SECOND);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z"
        )
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

// The two directions between a day number and a date of the proleptic Gregorian calendar, after Howard Hinnant,
// "chrono-Compatible Low-Level Date Algorithms": years begin in March, so that the leap day is the last day of a year.

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_instants_read_and_print() {
        for (text, micros, partition) in [
            ("1970-01-01T00:00:00.000000Z", 0, 197_001),
            ("2000-02-29T12:30:45.000001Z", 951_827_445_000_001, 200_002),
            (
                "2026-12-31T23:59:59.999999Z",
                1_798_761_599_999_999,
                202_612,
            ),
            ("9999-12-31T23:59:59.999999Z", LAST_MICROS, 999_912),
        ] {
            let time = Timestamp::parse(text).expect(text);
            assert_eq!(
                (time.unix_micros(), time.partition()),
                (micros, partition),
                "{text}"
            );
            assert_eq!(time.to_string(), text);
        }
    }

    #[test]
    fn every_other_spelling_of_an_instant_is_refused() {
        for text in [
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00:00.000Z",
            "2026-01-01T00:00:00.000000000Z",
            "2026-01-01t00:00:00.000000z",
            "2026-01-01 00:00:00.000000Z",
            "2026-01-01T00:00:00.000000+00:00",
            "2026-02-29T00:00:00.000000Z",
            "2026-00-10T00:00:00.000000Z",
            "2026-13-10T00:00:00.000000Z",
            "2026-01-00T00:00:00.000000Z",
            "2026-04-31T00:00:00.000000Z",
            "2026-01-01T24:00:00.000000Z",
            "2016-12-31T23:59:60.000000Z",
            "1969-12-31T23:59:59.999999Z",
            "0000-01-01T00:00:00.000000Z",
            "٢٠٢٦-01-01T00:00:00.00Z",
            "",
        ] {
            assert_eq!(Timestamp::parse(text), Err(EntryError::Time), "{text}");
        }
        assert_eq!(Timestamp::from_unix_micros(-1), Err(EntryError::Time));
        assert_eq!(
            Timestamp::from_unix_micros(LAST_MICROS + 1),
            Err(EntryError::Time)
        );
    }

    proptest! {
        #[test]
        fn printing_and_reading_are_inverse(micros in 0..=LAST_MICROS) {
            let time = Timestamp::from_unix_micros(micros).expect("in range");
            prop_assert_eq!(Timestamp::parse(&time.to_string()), Ok(time));
        }

        #[test]
        fn text_and_number_sort_alike(a in 0..=LAST_MICROS, b in 0..=LAST_MICROS) {
            let (a, b) = (Timestamp(a), Timestamp(b));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }
    }
}
