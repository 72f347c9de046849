//! The dates of a rule. A period (a week, a month, a year) is expanded whole, so that positions counted from its end are
//! right; the period that holds a date is found by division, so that the cost does not grow with the age of a series.

use chrono::{Datelike, Days, NaiveDate};

use super::rule::{Frequency, MAX_GAP_YEARS, MAX_INTERVAL_WEEKS, Rule};

/// Dates are taken into these years before calculating: far outside of any due date, and far inside of what the calendar
/// can hold, so that no sum overflows.
const FIRST_DAY: NaiveDate =
    NaiveDate::from_ymd_opt(1, 1, 1).expect("1 January of year 1 is a date");
const LAST_DAY: NaiveDate =
    NaiveDate::from_ymd_opt(9999, 12, 31).expect("31 December 9999 is a date");

const DAYS_A_WEEK: i64 = 7;
const MONTHS_A_YEAR: i64 = 12;

impl Rule {
    /// The first date of the series that begins on `anchor` which lies after `after`.
    pub(super) fn next_after(&self, anchor: NaiveDate, after: NaiveDate) -> NaiveDate {
        let (anchor, after) = (
            anchor.clamp(FIRST_DAY, LAST_DAY),
            after.clamp(FIRST_DAY, LAST_DAY),
        );
        if after < anchor {
            return anchor;
        }
        let step = i64::from(self.interval);
        match self.frequency {
            Frequency::Daily if !self.has_day_parts() => {
                let steps = (after - anchor).num_days() / step + 1;
                plus_days(anchor, steps * step)
            }
            Frequency::Weekly => {
                let first_week = anchor.week(self.week_start).first_day();
                let elapsed = (after - first_week).num_days() / DAYS_A_WEEK / step;
                first_found(elapsed, i64::from(MAX_INTERVAL_WEEKS) / step, |index| {
                    let week = plus_days(first_week, index * step * DAYS_A_WEEK);
                    self.dates_in_week(anchor, week)
                        .into_iter()
                        .find(|date| *date > after)
                })
            }
            // Days are expanded by the month, which is the same and reaches a date far away sooner.
            Frequency::Daily | Frequency::Monthly => {
                let first_month = month_number(anchor);
                let elapsed = (month_number(after) - first_month) / step;
                first_found(
                    elapsed,
                    i64::from(MAX_GAP_YEARS) * MONTHS_A_YEAR / step,
                    |index| {
                        let (year, month) = year_and_month(first_month + index * step);
                        self.dates_in_month(anchor, year, month)
                            .into_iter()
                            .find(|date| *date > after)
                    },
                )
            }
            Frequency::Yearly => {
                let elapsed = i64::from(after.year() - anchor.year()) / step;
                first_found(elapsed, i64::from(MAX_GAP_YEARS) / step, |index| {
                    let year = i64::from(anchor.year()) + index * step;
                    self.dates_in_year(anchor, year as i32)
                        .into_iter()
                        .find(|date| *date > after)
                })
            }
        }
    }

    fn dates_in_week(&self, anchor: NaiveDate, week: NaiveDate) -> Vec<NaiveDate> {
        let on_day = |date: &NaiveDate| match self.days.as_slice() {
            [] => date.weekday() == anchor.weekday(),
            days => days.iter().any(|day| day.weekday == date.weekday()),
        };
        week.iter_days()
            .take(DAYS_A_WEEK as usize)
            .filter(on_day)
            .filter(|date| self.in_months(date.month()))
            .collect()
    }

    pub(super) fn dates_in_month(
        &self,
        anchor: NaiveDate,
        year: i32,
        month: u32,
    ) -> Vec<NaiveDate> {
        let mut dates = Vec::new();
        self.expand_month(anchor, year, month, &mut dates);
        self.choose(dates)
    }

    pub(super) fn dates_in_year(&self, anchor: NaiveDate, year: i32) -> Vec<NaiveDate> {
        let mut dates = Vec::new();
        for month in 1..=12 {
            self.expand_month(anchor, year, month, &mut dates);
        }
        self.choose(dates)
    }

    fn expand_month(&self, anchor: NaiveDate, year: i32, month: u32, dates: &mut Vec<NaiveDate>) {
        if !self.in_months(month) {
            return;
        }
        let last = last_day(year, month);
        let days_given = !(self.days.is_empty() && self.month_days.is_empty());
        if days_given || self.frequency == Frequency::Daily {
            dates.extend(
                first_day(year, month)
                    .iter_days()
                    .take(last.day() as usize)
                    .filter(|date| self.on_days(*date, last)),
            );
        } else if self.frequency == Frequency::Monthly
            || !self.months.is_empty()
            || month == anchor.month()
        {
            // The start of the series gives the day: clamped to the month's end, never skipped.
            dates.extend(last.with_day(anchor.day().min(last.day())));
        }
    }

    fn in_months(&self, month: u32) -> bool {
        self.months.is_empty() || self.months.contains(&(month as i32))
    }

    fn on_days(&self, date: NaiveDate, last_of_month: NaiveDate) -> bool {
        let (day, length) = (date.day() as i32, last_of_month.day() as i32);
        let on_month_day = self.month_days.is_empty()
            || self.month_days.iter().any(|wanted| {
                if *wanted > 0 {
                    *wanted == day
                } else {
                    length + 1 + *wanted == day
                }
            });
        // 3MO is the third of the month; of the year, where a yearly rule names no month.
        let (day, length) = if self.frequency == Frequency::Yearly && self.months.is_empty() {
            (
                date.ordinal() as i32,
                if date.leap_year() { 366 } else { 365 },
            )
        } else {
            (day, length)
        };
        on_month_day
            && (self.days.is_empty()
                || self.days.iter().any(|wanted| {
                    wanted.weekday == date.weekday()
                        && match wanted.ordinal {
                            0 => true,
                            nth if nth > 0 => (day - 1) / 7 + 1 == nth,
                            nth => (length - day) / 7 + 1 == -nth,
                        }
                }))
    }

    /// Keeps the positions asked for, counted over the whole period.
    fn choose(&self, dates: Vec<NaiveDate>) -> Vec<NaiveDate> {
        if self.positions.is_empty() {
            return dates;
        }
        let length = dates.len() as i32;
        let chosen = |index: i32| {
            self.positions.iter().any(|wanted| {
                if *wanted > 0 {
                    *wanted - 1 == index
                } else {
                    length + *wanted == index
                }
            })
        };
        (0..)
            .zip(dates)
            .filter(|(index, _)| chosen(*index))
            .map(|(_, date)| date)
            .collect()
    }
}

/// The first answer of the periods from `start`, looking `limit` periods further.
fn first_found(start: i64, limit: i64, dates: impl FnMut(i64) -> Option<NaiveDate>) -> NaiveDate {
    (start..=start + limit + 1)
        .find_map(dates)
        .expect("a rule was proved to yield a date within the longest gap when it was read")
}

fn plus_days(date: NaiveDate, days: i64) -> NaiveDate {
    date.checked_add_days(Days::new(days.unsigned_abs()))
        .expect("years up to 9999 and an interval stay inside the calendar")
}

fn month_number(date: NaiveDate) -> i64 {
    i64::from(date.year()) * MONTHS_A_YEAR + i64::from(date.month0())
}

fn year_and_month(number: i64) -> (i32, u32) {
    (
        number.div_euclid(MONTHS_A_YEAR) as i32,
        number.rem_euclid(MONTHS_A_YEAR) as u32 + 1,
    )
}

fn first_day(year: i32, month: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, 1).expect("every month of the calendar has a first day")
}

fn last_day(year: i32, month: u32) -> NaiveDate {
    let (year, month) = if month == 12 {
        (year + 1, 1)
    } else {
        (year, month + 1)
    };
    first_day(year, month)
        .pred_opt()
        .expect("a month has a day before the next month's first")
}
