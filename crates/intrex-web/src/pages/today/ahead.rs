//! The coming days as a picture and as numbers.

use chrono::NaiveDate;
use intrex_core::{
    catalogue::{Text, keys},
    reports::Day,
};

use super::figures::due_href;
use crate::words::Words;

/// Units of the picture that a day takes, gap included.
const STEP: usize = 18;
/// Units of the picture's height; the busiest day fills it but for a little.
const HEIGHT: i64 = 62;
/// The height of the busiest day.
const TALLEST: i64 = 56;
/// The height of a day on which nothing is due: a mark, so that the row has no holes.
const NOTHING: i64 = 1;

/// One bar.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) x: usize,
    pub(super) y: i64,
    pub(super) height: i64,
    /// `peak`, `none`, or nothing.
    pub(super) class: &'static str,
}

/// Some days together, with the list behind their number.
#[derive(Debug)]
pub(super) struct Stretch {
    pub(super) href: String,
    pub(super) count: i64,
    pub(super) words: String,
}

/// The coming days.
#[derive(Debug)]
pub(super) struct Ahead {
    pub(super) bars: Vec<Bar>,
    pub(super) width: usize,
    pub(super) axis: Vec<String>,
    pub(super) weeks: Vec<Stretch>,
    /// What the picture shows, in words.
    pub(super) summary: String,
}

impl Ahead {
    pub(super) fn of(days: &[Day], words: Words) -> Self {
        let most = days.iter().map(|day| day.due).max().unwrap_or(0);
        let bars = days.iter().enumerate().map(|(at, day)| {
            let height = match day.due {
                0 => NOTHING,
                due => (due * TALLEST / most.max(1)).max(NOTHING + 2),
            };
            Bar {
                x: at * STEP,
                y: HEIGHT - height,
                height,
                class: match day.due {
                    0 => "none",
                    due if due == most => "peak",
                    _ => "",
                },
            }
        });
        let total: i64 = days.iter().map(|day| day.due).sum();
        Ahead {
            bars: bars.collect(),
            width: days.len() * STEP,
            axis: days
                .iter()
                .step_by(7)
                .map(|day| words.day_and_month(day.date))
                .collect(),
            weeks: days
                .chunks(7)
                .take(4)
                .map(|week| stretch(week, words))
                .collect(),
            summary: summary(days, total, most, words),
        }
    }
}

fn stretch(days: &[Day], words: Words) -> Stretch {
    let (from, to) = ends(days);
    let text = Text::new(keys::DATE_RANGE)
        .with("from", words.day_and_month(from))
        .with("to", words.day_and_month(to));
    Stretch {
        href: due_href("", from, to),
        count: days.iter().map(|day| day.due).sum(),
        words: words.say(&text),
    }
}

fn ends(days: &[Day]) -> (NaiveDate, NaiveDate) {
    let date = |day: Option<&Day>| day.map_or(NaiveDate::MIN, |day| day.date);
    (date(days.first()), date(days.last()))
}

fn summary(days: &[Day], total: i64, most: i64, words: Words) -> String {
    let busiest = days.iter().find(|day| day.due == most && most > 0);
    let text = match busiest {
        Some(day) => Text::new(keys::TODAY_AHEAD)
            .with("n", total)
            .with("date", words.day_and_month(day.date)),
        None => keys::TODAY_NOTHING_AHEAD.into(),
    };
    words.say(&text)
}

#[cfg(test)]
mod tests {
    use intrex_core::catalogue::Language;

    use super::*;

    fn days(due: &[i64]) -> Vec<Day> {
        let from = NaiveDate::from_ymd_opt(2026, 11, 22).expect("a date");
        from.iter_days()
            .zip(due)
            .map(|(date, due)| Day { date, due: *due })
            .collect()
    }

    #[test]
    fn the_busiest_day_is_the_tallest_and_a_day_with_something_is_never_a_mark() {
        let mut due = [0; 30];
        (due[3], due[9]) = (100, 1);
        let ahead = Ahead::of(&days(&due), Words(Language::ENGLISH));
        assert_eq!(
            (ahead.bars[3].height, ahead.bars[3].class),
            (TALLEST, "peak")
        );
        assert!(ahead.bars[9].height > ahead.bars[0].height);
        assert!(
            ahead
                .bars
                .iter()
                .all(|bar| bar.y >= 0 && bar.y + bar.height == HEIGHT)
        );
        assert_eq!(ahead.summary, "101 due, most on 25 Nov");
        assert_eq!(ahead.weeks[0].count, 100);
        assert_eq!(
            ahead.weeks[1].href,
            "/obligations?status=open&due_from=2026-11-29&due_to=2026-12-05"
        );
    }

    #[test]
    fn an_empty_month_is_drawn_too() {
        let ahead = Ahead::of(&days(&[0; 30]), Words(Language::ENGLISH));
        assert_eq!(ahead.bars.len(), 30);
        assert_eq!(ahead.summary, "nothing is due");
    }
}
