//! Why a rule was refused: data here, the sentence in the message catalogue.

use super::parse::{MAX_RULE_LENGTH, MAX_WEEKS_WITH_MONTHS};
use super::rule::MAX_GAP_YEARS;
use crate::catalogue::{Key, Text, keys};

/// Why a text is not a rule. Its display is the name of its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.key().as_str())]
pub enum RecurrenceError {
    /// Nothing there.
    Empty,
    /// Longer than [`MAX_RULE_LENGTH`].
    TooLong,
    /// A space, a control character or a letter outside of ASCII.
    Character,
    /// A part that is not `NAME=VALUE`.
    Shape,
    /// A part that is not known.
    UnknownPart,
    /// A part that is given twice.
    DuplicatePart,
    /// No `FREQ`.
    NoFrequency,
    /// A `FREQ` that is not known.
    Frequency,
    /// `SECONDLY`, `MINUTELY`, `HOURLY`.
    TooOften,
    /// `BYHOUR`, `BYMINUTE`, `BYSECOND`.
    TimeOfDay,
    /// `COUNT`, `UNTIL`.
    Ends,
    /// `BYWEEKNO`, `BYYEARDAY`.
    WeekOrYearDay,
    /// `INTERVAL` is no number, 0, or longer than [`MAX_GAP_YEARS`].
    Interval,
    /// A bad `BYMONTH`.
    Months,
    /// A bad `BYMONTHDAY`.
    MonthDays,
    /// A bad `BYDAY`.
    Days,
    /// A bad `BYSETPOS`.
    Positions,
    /// A bad `WKST`.
    WeekStart,
    /// `DAILY` with an interval and parts that choose days.
    DailyParts,
    /// `WEEKLY` with `BYMONTHDAY`.
    WeeklyMonthDays,
    /// `WEEKLY` in some months only, with an interval that can miss them.
    WeeklyMonths,
    /// `BYSETPOS` where there is nothing to choose from.
    NothingToChoose,
    /// There is no such day in any year.
    Never,
    /// There is such a day, but a series can go without it for longer than [`MAX_GAP_YEARS`].
    TooRare,
}

impl RecurrenceError {
    fn key(self) -> Key {
        match self {
            Self::Empty => keys::RECURRENCE_ERROR_EMPTY,
            Self::TooLong => keys::RECURRENCE_ERROR_TOO_LONG,
            Self::Character => keys::RECURRENCE_ERROR_CHARACTER,
            Self::Shape => keys::RECURRENCE_ERROR_SHAPE,
            Self::UnknownPart => keys::RECURRENCE_ERROR_UNKNOWN_PART,
            Self::DuplicatePart => keys::RECURRENCE_ERROR_DUPLICATE_PART,
            Self::NoFrequency => keys::RECURRENCE_ERROR_NO_FREQUENCY,
            Self::Frequency => keys::RECURRENCE_ERROR_FREQUENCY,
            Self::TooOften => keys::RECURRENCE_ERROR_TOO_OFTEN,
            Self::TimeOfDay => keys::RECURRENCE_ERROR_TIME_OF_DAY,
            Self::Ends => keys::RECURRENCE_ERROR_ENDS,
            Self::WeekOrYearDay => keys::RECURRENCE_ERROR_WEEK_OR_YEAR_DAY,
            Self::Interval => keys::RECURRENCE_ERROR_INTERVAL,
            Self::Months => keys::RECURRENCE_ERROR_MONTHS,
            Self::MonthDays => keys::RECURRENCE_ERROR_MONTH_DAYS,
            Self::Days => keys::RECURRENCE_ERROR_DAYS,
            Self::Positions => keys::RECURRENCE_ERROR_POSITIONS,
            Self::WeekStart => keys::RECURRENCE_ERROR_WEEK_START,
            Self::DailyParts => keys::RECURRENCE_ERROR_DAILY_PARTS,
            Self::WeeklyMonthDays => keys::RECURRENCE_ERROR_WEEKLY_MONTH_DAYS,
            Self::WeeklyMonths => keys::RECURRENCE_ERROR_WEEKLY_MONTHS,
            Self::NothingToChoose => keys::RECURRENCE_ERROR_NOTHING_TO_CHOOSE,
            Self::Never => keys::RECURRENCE_ERROR_NEVER,
            Self::TooRare => keys::RECURRENCE_ERROR_TOO_RARE,
        }
    }

    /// A sentence that says what is wrong and what to write in its place.
    pub fn text(self) -> Text {
        Text::new(self.key())
            .with("max", MAX_RULE_LENGTH)
            .with("years", MAX_GAP_YEARS)
            .with("weeks", MAX_WEEKS_WITH_MONTHS)
    }
}

impl From<RecurrenceError> for Text {
    fn from(error: RecurrenceError) -> Self {
        error.text()
    }
}
