//! When an obligation comes round again. A rule is a civil-date subset of the RRULE of RFC 5545: it names days, never times,
//! never ends by itself, and is proved at the door to yield a date at least every fifty years wherever it starts, so that
//! asking for the next date always has an answer and a bounded cost.
//!
//! Dates are computed period by period with calendar arithmetic instead of by a general iterator: the period around a date is
//! reached in one step, however far from the start of the series it lies. Where the rule leaves the day of the month to the
//! start of the series, that day clamps to the month's end and returns (31 January, 28 February, 31 March), which RFC 5545
//! would skip. `judges.rs` holds the result against python-dateutil and the `rrule` crate.

mod cadence;
mod error;
mod expand;
#[cfg(test)]
mod judges;
mod parse;
mod reach;
mod rule;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;

pub use cadence::Cadence;
pub use error::RecurrenceError;
pub use parse::MAX_RULE_LENGTH;
use rule::Rule;
pub use rule::{
    MAX_GAP_YEARS, MAX_INTERVAL_DAYS, MAX_INTERVAL_MONTHS, MAX_INTERVAL_WEEKS, MAX_INTERVAL_YEARS,
};

/// The most dates that [`Recurrence::upcoming`] answers at once.
pub const MAX_UPCOMING_DATES: usize = 100;

/// How many coming dates a page shows.
pub const SHOWN_UPCOMING_DATES: usize = 8;

/// A checked rule of repetition. Its text is canonical: upper case, parts in a fixed order, lists sorted, defaults left out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Recurrence {
    rule: Rule,
    text: String,
}

impl Recurrence {
    /// Reads an RRULE, with or without the prefix `RRULE:`, in any case.
    ///
    /// # Errors
    ///
    /// [`RecurrenceError`], whose text says in one sentence what is wrong.
    pub fn parse(text: &str) -> Result<Self, RecurrenceError> {
        let rule = parse::parse(text)?;
        let text = rule.canonical();
        Ok(Self { rule, text })
    }

    /// The canonical text, which is what is stored. At most [`MAX_RULE_LENGTH`] bytes.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first date of the series after `after`. The series begins on its anchor, even where the rule alone would not name
    /// that day; asked for a time before it, the answer is the anchor.
    ///
    /// The answer can lie behind the range of due dates; what stores it checks it.
    pub fn next_due(&self, series_anchor: NaiveDate, after: NaiveDate) -> NaiveDate {
        self.rule.next_after(series_anchor, after)
    }

    /// The next `n` dates of the series after `after`, at most [`MAX_UPCOMING_DATES`].
    pub fn upcoming(&self, series_anchor: NaiveDate, after: NaiveDate, n: usize) -> Vec<NaiveDate> {
        let first = self.next_due(series_anchor, after);
        std::iter::successors(Some(first), |date| {
            Some(self.next_due(series_anchor, *date))
        })
        .take(n.min(MAX_UPCOMING_DATES))
        .collect()
    }

    /// What the rule means, for the message catalogue to put into words.
    pub fn describe(&self) -> Cadence {
        Cadence::of(&self.rule)
    }
}

impl fmt::Display for Recurrence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Recurrence {
    type Err = RecurrenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// What the next date is counted from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Anchor {
    /// The dates of the series stand, however late an item is completed: a return for the second quarter is not a return for
    /// the third.
    #[default]
    Schedule,
    /// The next item is counted from the day on which this one was completed: a filter is changed ninety days after the last
    /// change.
    Completion,
}

impl Anchor {
    /// Reads `schedule` or `completion`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "schedule" => Some(Self::Schedule),
            "completion" => Some(Self::Completion),
            _ => None,
        }
    }

    /// The name in the table and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Completion => "completion",
        }
    }
}

/// The item that follows one that was completed or waived on `completed_on`: its due date, and the start of its series.
///
/// `occurrence_on` is the date that the *series* gave the item. It is not where a person moved that one item: of a series on
/// the 31st, the item moved from 31 January to 20 January is followed by 28 February, not by 31 January again.
///
/// - [`Anchor::Schedule`]: the first date of the series after `occurrence_on`, even if that date has passed already: a period
///   that was missed is owed all the same, and nothing is skipped in silence. The series keeps its start.
/// - [`Anchor::Completion`]: the series starts again on `completed_on`, and the answer lies after it. A rule that names its
///   days also leaves out what was just done: "31 March each year", completed on 15 March, comes back next year.
///
/// There is no successor before this is called: an item that is never completed stays open and keeps its series alive.
pub fn successor_due(
    recurrence: &Recurrence,
    anchor: Anchor,
    series_anchor: NaiveDate,
    occurrence_on: NaiveDate,
    completed_on: NaiveDate,
) -> (NaiveDate, NaiveDate) {
    match anchor {
        Anchor::Schedule => (
            recurrence.next_due(series_anchor, occurrence_on),
            series_anchor,
        ),
        Anchor::Completion => {
            let after = if recurrence.rule.has_day_parts() {
                completed_on.max(occurrence_on)
            } else {
                completed_on
            };
            (recurrence.next_due(completed_on, after), completed_on)
        }
    }
}
