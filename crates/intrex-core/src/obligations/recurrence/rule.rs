//! The parts of a rule after reading, and their canonical text. Every list is sorted and without duplicates, so that two
//! rules that say the same in the same parts are equal.

use std::fmt::Display;

use chrono::Weekday;

/// The longest time without a date that a rule may have, in years: longer is a mistake, and it bounds every search.
pub const MAX_GAP_YEARS: u32 = 50;
/// The largest `INTERVAL` of `FREQ=DAILY`.
pub const MAX_INTERVAL_DAYS: u32 = MAX_GAP_YEARS * 365;
/// The largest `INTERVAL` of `FREQ=WEEKLY`.
pub const MAX_INTERVAL_WEEKS: u32 = MAX_GAP_YEARS * 52;
/// The largest `INTERVAL` of `FREQ=MONTHLY`.
pub const MAX_INTERVAL_MONTHS: u32 = MAX_GAP_YEARS * 12;
/// The largest `INTERVAL` of `FREQ=YEARLY`.
pub const MAX_INTERVAL_YEARS: u32 = MAX_GAP_YEARS;

/// How long one period of the rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Frequency {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

impl Frequency {
    pub(super) fn max_interval(self) -> u32 {
        match self {
            Self::Daily => MAX_INTERVAL_DAYS,
            Self::Weekly => MAX_INTERVAL_WEEKS,
            Self::Monthly => MAX_INTERVAL_MONTHS,
            Self::Yearly => MAX_INTERVAL_YEARS,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Daily => "DAILY",
            Self::Weekly => "WEEKLY",
            Self::Monthly => "MONTHLY",
            Self::Yearly => "YEARLY",
        }
    }
}

/// One entry of `BYDAY`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct DayOfWeek {
    /// Which one of the period, from its end if negative; 0 is each of them.
    pub(super) ordinal: i32,
    pub(super) weekday: Weekday,
}

/// A rule as it was read. Empty lists are parts that were not given.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Rule {
    pub(super) frequency: Frequency,
    pub(super) interval: u32,
    pub(super) months: Vec<i32>,
    pub(super) month_days: Vec<i32>,
    pub(super) days: Vec<DayOfWeek>,
    pub(super) positions: Vec<i32>,
    pub(super) week_start: Weekday,
}

impl Rule {
    /// Whether the rule itself says something about which days are meant.
    pub(super) fn has_day_parts(&self) -> bool {
        !(self.months.is_empty() && self.month_days.is_empty() && self.days.is_empty())
    }

    /// Upper case, fixed order, defaults left out.
    pub(super) fn canonical(&self) -> String {
        let mut text = format!("FREQ={}", self.frequency.name());
        if self.interval != 1 {
            push_part(&mut text, "INTERVAL", &[self.interval]);
        }
        push_part(&mut text, "BYMONTH", &self.months);
        push_part(&mut text, "BYMONTHDAY", &self.month_days);
        let days: Vec<String> = self.days.iter().map(|day| day.text()).collect();
        push_part(&mut text, "BYDAY", &days);
        push_part(&mut text, "BYSETPOS", &self.positions);
        if self.week_start != Weekday::Mon {
            push_part(&mut text, "WKST", &[weekday_code(self.week_start)]);
        }
        text
    }
}

impl DayOfWeek {
    fn text(self) -> String {
        match self.ordinal {
            0 => weekday_code(self.weekday).to_owned(),
            ordinal => format!("{ordinal}{}", weekday_code(self.weekday)),
        }
    }
}

fn push_part(text: &mut String, name: &str, values: &[impl Display]) {
    for (index, value) in values.iter().enumerate() {
        let before = if index == 0 {
            format!(";{name}=")
        } else {
            ",".to_owned()
        };
        text.push_str(&format!("{before}{value}"));
    }
}

/// The codes of RFC 5545, Monday first, in chrono's order.
const WEEKDAYS: [(&str, Weekday); 7] = [
    ("MO", Weekday::Mon),
    ("TU", Weekday::Tue),
    ("WE", Weekday::Wed),
    ("TH", Weekday::Thu),
    ("FR", Weekday::Fri),
    ("SA", Weekday::Sat),
    ("SU", Weekday::Sun),
];

fn weekday_code(weekday: Weekday) -> &'static str {
    WEEKDAYS[weekday.num_days_from_monday() as usize].0
}

/// The weekday of a two-letter code in upper case.
pub(super) fn weekday_of(code: &str) -> Option<Weekday> {
    WEEKDAYS
        .iter()
        .find(|(name, _)| *name == code)
        .map(|(_, weekday)| *weekday)
}
