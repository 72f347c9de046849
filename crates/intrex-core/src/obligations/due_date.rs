//! Which dates an obligation may be due on. A due date is a civil date in the branch's zone, never an instant; the range is
//! wide enough for any licence and narrow enough that a typing error such as 0206 or 9999 is caught at the door.

use chrono::NaiveDate;

use crate::catalogue::{Key, Text, keys};

/// The earliest due date. The table's check constraint names the same day.
pub const DUE_DATE_MIN: NaiveDate =
    NaiveDate::from_ymd_opt(1970, 1, 1).expect("1 January 1970 is a date");

/// The latest due date. The table's check constraint names the same day.
pub const DUE_DATE_MAX: NaiveDate =
    NaiveDate::from_ymd_opt(2200, 12, 31).expect("31 December 2200 is a date");

/// Length of `YYYY-MM-DD` in bytes.
const ISO_DATE_LENGTH: usize = 10;

/// Why a text is not a due date. Its display is the name of its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.key().as_str())]
pub enum DueDateError {
    /// Not of the shape `YYYY-MM-DD`.
    Shape,
    /// The right shape, but no such day in the calendar (2026-02-30, 0000-00-00).
    NoSuchDay,
    /// A real day outside of [`DUE_DATE_MIN`]`..=`[`DUE_DATE_MAX`].
    OutOfRange,
}

impl DueDateError {
    fn key(self) -> Key {
        match self {
            Self::Shape => keys::DUE_DATE_ERROR_SHAPE,
            Self::NoSuchDay => keys::DUE_DATE_ERROR_NO_SUCH_DAY,
            Self::OutOfRange => keys::DUE_DATE_ERROR_OUT_OF_RANGE,
        }
    }

    /// A sentence that says what is wrong.
    pub fn text(self) -> Text {
        Text::new(self.key())
            .with("min", DUE_DATE_MIN.to_string())
            .with("max", DUE_DATE_MAX.to_string())
    }
}

impl From<DueDateError> for Text {
    fn from(error: DueDateError) -> Self {
        error.text()
    }
}

/// Reads a due date of exactly the shape `YYYY-MM-DD`.
///
/// # Errors
///
/// [`DueDateError`] for another shape, a day that is not in the calendar, or one out of range.
pub fn parse_due_date(text: &str) -> Result<NaiveDate, DueDateError> {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == ISO_DATE_LENGTH
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !shaped {
        return Err(DueDateError::Shape);
    }
    // Ten ASCII bytes with digits in these places: slicing and parsing cannot fail.
    let number =
        |range: std::ops::Range<usize>| text[range].parse::<u32>().map_err(|_| DueDateError::Shape);
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let date = i32::try_from(year)
        .ok()
        .and_then(|year| NaiveDate::from_ymd_opt(year, month, day))
        .ok_or(DueDateError::NoSuchDay)?;
    check_due_date(date)
}

/// Accepts a date that is already one, if it lies in the range of due dates.
///
/// # Errors
///
/// [`DueDateError::OutOfRange`]: a successor of a rare rule can fall behind the range, too.
pub fn check_due_date(date: NaiveDate) -> Result<NaiveDate, DueDateError> {
    if (DUE_DATE_MIN..=DUE_DATE_MAX).contains(&date) {
        Ok(date)
    } else {
        Err(DueDateError::OutOfRange)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::catalogue::Language;

    #[test]
    fn the_first_and_the_last_day_are_accepted_and_their_neighbours_are_not() {
        assert_eq!(parse_due_date("1970-01-01"), Ok(DUE_DATE_MIN));
        assert_eq!(parse_due_date("2200-12-31"), Ok(DUE_DATE_MAX));
        assert_eq!(parse_due_date("1969-12-31"), Err(DueDateError::OutOfRange));
        assert_eq!(parse_due_date("2201-01-01"), Err(DueDateError::OutOfRange));
        assert_eq!(parse_due_date("9999-12-31"), Err(DueDateError::OutOfRange));
        assert_eq!(parse_due_date("0001-01-01"), Err(DueDateError::OutOfRange));
    }

    #[test]
    fn days_that_are_not_in_the_calendar_are_refused() {
        for text in [
            "0000-00-00",
            "2026-02-30",
            "2025-02-29",
            "2100-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-04-31",
            "2026-01-00",
        ] {
            assert_eq!(parse_due_date(text), Err(DueDateError::NoSuchDay), "{text}");
        }
        assert!(parse_due_date("2028-02-29").is_ok());
        assert!(parse_due_date("2000-02-29").is_ok());
    }

    #[test]
    fn every_refusal_has_its_sentence() {
        let out_of_range = DueDateError::OutOfRange.text().to(Language::ENGLISH);
        assert_eq!(
            out_of_range,
            "A due date lies between 1970-01-01 and 2200-12-31."
        );
        for error in [DueDateError::Shape, DueDateError::NoSuchDay] {
            assert!(error.text().to(Language::ENGLISH).ends_with('.'));
        }
    }

    #[test]
    fn other_shapes_are_refused() {
        let wrong = [
            "",
            " ",
            "2026-1-31",
            "26-01-31",
            "2026/01/31",
            "31.01.2026",
            "2026-01-31 ",
            " 2026-01-31",
            "2026-01-31T00:00:00Z",
            "+026-01-31",
            "-026-01-31",
            "2026-01-3\0",
            "2026-01-٣",
            "２０２６-01-31",
            "20260131",
            "2026-W05-6",
            "tomorrow",
        ];
        for text in wrong {
            assert_eq!(parse_due_date(text), Err(DueDateError::Shape), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered_without_a_panic(text in any::<String>()) {
            let _ = parse_due_date(&text);
        }

        #[test]
        fn every_date_of_the_range_reads_back_as_itself(days in 0i64..=84_370) {
            let date = DUE_DATE_MIN + chrono::TimeDelta::days(days);
            prop_assert_eq!(parse_due_date(&date.to_string()), check_due_date(date));
        }
    }
}
