//! What a rule means in the cases that people use, as data: the message catalogue has the words, in each language.

use chrono::Weekday;

use super::rule::{DayOfWeek, Frequency, Rule};

/// The meaning of a rule. `interval` is 1 for "every", 2 for "every second", and so on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Cadence {
    /// Every day.
    Daily {
        /// In days.
        interval: u32,
    },
    /// Every week, on the weekday on which the series started.
    Weekly {
        /// In weeks.
        interval: u32,
    },
    /// Every week on the named weekdays, Monday first.
    WeeklyOn {
        /// In weeks.
        interval: u32,
        /// At least one.
        weekdays: Vec<Weekday>,
    },
    /// Every month, on the day on which the series started, or the month's last.
    Monthly {
        /// In months.
        interval: u32,
    },
    /// Every month on one day.
    MonthlyOnDay {
        /// In months.
        interval: u32,
        /// 1 to 31, or -1 (the last day) to -31.
        day: i32,
    },
    /// Every month on one weekday, such as the second Tuesday.
    MonthlyOnWeekday {
        /// In months.
        interval: u32,
        /// 1 to 5, or -1 (the last one) to -5.
        ordinal: i32,
        /// Which weekday.
        weekday: Weekday,
    },
    /// Every year, on the day on which the series started; on 28 February where 29 is missing.
    Yearly {
        /// In years.
        interval: u32,
    },
    /// Every year on one day of one month.
    YearlyOn {
        /// In years.
        interval: u32,
        /// 1 to 12.
        month: u32,
        /// 1 to 31, or -1 (the last day) to -31.
        day: i32,
    },
    /// Anything else: the page shows the rule itself and its next dates.
    Custom,
}

impl Cadence {
    pub(super) fn of(rule: &Rule) -> Self {
        let interval = rule.interval;
        if !rule.positions.is_empty() {
            return Self::Custom;
        }
        match (
            rule.frequency,
            rule.months.as_slice(),
            rule.month_days.as_slice(),
            rule.days.as_slice(),
        ) {
            (Frequency::Daily, [], [], []) => Self::Daily { interval },
            (Frequency::Weekly, [], [], []) => Self::Weekly { interval },
            // Reading allows days of the week in a daily rule only with an interval of one, where they mean a weekly one.
            (Frequency::Daily | Frequency::Weekly, [], [], days) => Self::WeeklyOn {
                interval,
                weekdays: days.iter().map(|day| day.weekday).collect(),
            },
            (Frequency::Monthly, [], [], []) => Self::Monthly { interval },
            (Frequency::Monthly, [], [day], []) => Self::MonthlyOnDay {
                interval,
                day: *day,
            },
            (Frequency::Monthly, [], [], [DayOfWeek { ordinal, weekday }]) if *ordinal != 0 => {
                Self::MonthlyOnWeekday {
                    interval,
                    ordinal: *ordinal,
                    weekday: *weekday,
                }
            }
            (Frequency::Yearly, [], [], []) => Self::Yearly { interval },
            (Frequency::Yearly, [month], [day], []) => Self::YearlyOn {
                interval,
                month: month.unsigned_abs(),
                day: *day,
            },
            _ => Self::Custom,
        }
    }
}
