//! Reads a rule and refuses, each with its reason, what a register of civil dates cannot mean: times of day, series that end,
//! parts that do not fit together, and rules that never yield a date.

use chrono::Weekday;

use super::error::RecurrenceError;
use super::reach::{self, Reach};
use super::rule::{DayOfWeek, Frequency, Rule, weekday_of};

/// The longest text that is read, in bytes. The table's check constraint names the same number.
pub const MAX_RULE_LENGTH: usize = 200;

/// The longest number in a rule, in digits.
const MAX_DIGITS: usize = 5;

/// Up to this interval, weeks always meet a given month: every month holds each weekday four times.
pub(super) const MAX_WEEKS_WITH_MONTHS: u32 = 4;

pub(super) fn parse(text: &str) -> Result<Rule, RecurrenceError> {
    let text = text.trim_matches(' ');
    if text.len() > MAX_RULE_LENGTH {
        return Err(RecurrenceError::TooLong);
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(RecurrenceError::Character);
    }
    let text = text.to_ascii_uppercase();
    let text = text.strip_prefix("RRULE:").unwrap_or(&text);
    if text.is_empty() {
        return Err(RecurrenceError::Empty);
    }
    let rule = read_parts(text)?;
    check_fit(&rule)?;
    match reach::of(&rule) {
        Reach::Always => Ok(rule),
        Reach::Sometimes => Err(RecurrenceError::TooRare),
        Reach::Never => Err(RecurrenceError::Never),
    }
}

fn read_parts(text: &str) -> Result<Rule, RecurrenceError> {
    let mut seen: Vec<&str> = Vec::new();
    let mut frequency = None;
    let mut interval = 1;
    let (mut months, mut month_days, mut days, mut positions) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut week_start = Weekday::Mon;
    for part in text.split(';') {
        let (name, value) = part.split_once('=').ok_or(RecurrenceError::Shape)?;
        if seen.contains(&name) {
            return Err(RecurrenceError::DuplicatePart);
        }
        seen.push(name);
        match name {
            "FREQ" => frequency = Some(read_frequency(value)?),
            "INTERVAL" => interval = read_interval(value)?,
            "BYMONTH" => {
                months = read_numbers(value, 12, Sign::Plain).ok_or(RecurrenceError::Months)?
            }
            "BYMONTHDAY" => {
                month_days =
                    read_numbers(value, 31, Sign::Either).ok_or(RecurrenceError::MonthDays)?
            }
            "BYDAY" => days = read_days(value).ok_or(RecurrenceError::Days)?,
            "BYSETPOS" => {
                positions =
                    read_numbers(value, 366, Sign::Either).ok_or(RecurrenceError::Positions)?
            }
            "WKST" => week_start = weekday_of(value).ok_or(RecurrenceError::WeekStart)?,
            "COUNT" | "UNTIL" => return Err(RecurrenceError::Ends),
            "BYHOUR" | "BYMINUTE" | "BYSECOND" => return Err(RecurrenceError::TimeOfDay),
            "BYWEEKNO" | "BYYEARDAY" => return Err(RecurrenceError::WeekOrYearDay),
            _ => return Err(RecurrenceError::UnknownPart),
        }
    }
    let frequency = frequency.ok_or(RecurrenceError::NoFrequency)?;
    // The first day of the week means nothing elsewhere: rules that mean the same are to be equal.
    let week_start = if frequency == Frequency::Weekly {
        week_start
    } else {
        Weekday::Mon
    };
    Ok(Rule {
        frequency,
        interval,
        months,
        month_days,
        days,
        positions,
        week_start,
    })
}

/// Whether the parts can stand together.
fn check_fit(rule: &Rule) -> Result<(), RecurrenceError> {
    if rule.interval > rule.frequency.max_interval() {
        return Err(RecurrenceError::Interval);
    }
    let max_ordinal = match rule.frequency {
        Frequency::Daily | Frequency::Weekly => 0,
        Frequency::Yearly if rule.months.is_empty() => 53,
        Frequency::Monthly | Frequency::Yearly => 5,
    };
    if rule.days.iter().any(|day| day.ordinal.abs() > max_ordinal) {
        return Err(RecurrenceError::Days);
    }
    let chooses =
        matches!(rule.frequency, Frequency::Monthly | Frequency::Yearly) && rule.has_day_parts();
    if !rule.positions.is_empty() && !chooses {
        return Err(RecurrenceError::NothingToChoose);
    }
    match rule.frequency {
        Frequency::Daily if rule.interval > 1 && rule.has_day_parts() => {
            Err(RecurrenceError::DailyParts)
        }
        Frequency::Weekly if !rule.month_days.is_empty() => Err(RecurrenceError::WeeklyMonthDays),
        Frequency::Weekly if !rule.months.is_empty() && rule.interval > MAX_WEEKS_WITH_MONTHS => {
            Err(RecurrenceError::WeeklyMonths)
        }
        _ => Ok(()),
    }
}

fn read_frequency(value: &str) -> Result<Frequency, RecurrenceError> {
    match value {
        "DAILY" => Ok(Frequency::Daily),
        "WEEKLY" => Ok(Frequency::Weekly),
        "MONTHLY" => Ok(Frequency::Monthly),
        "YEARLY" => Ok(Frequency::Yearly),
        "SECONDLY" | "MINUTELY" | "HOURLY" => Err(RecurrenceError::TooOften),
        _ => Err(RecurrenceError::Frequency),
    }
}

fn read_interval(value: &str) -> Result<u32, RecurrenceError> {
    read_number(value, Sign::Plain)
        .and_then(|number| u32::try_from(number).ok())
        .filter(|number| *number > 0)
        .ok_or(RecurrenceError::Interval)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Plain,
    Either,
}

fn read_number(text: &str, sign: Sign) -> Option<i32> {
    let (factor, digits) = match text.as_bytes().first()? {
        b'-' if sign == Sign::Either => (-1, &text[1..]),
        b'+' if sign == Sign::Either => (1, &text[1..]),
        _ => (1, text),
    };
    let plain = (1..=MAX_DIGITS).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain
        .then(|| digits.parse::<i32>().ok())
        .flatten()
        .map(|number| factor * number)
}

/// A list of numbers from 1 (or -1) to `max`, each once; sorted, those counted from the end last.
fn read_numbers(value: &str, max: i32, sign: Sign) -> Option<Vec<i32>> {
    let numbers: Option<Vec<i32>> = value
        .split(',')
        .map(|text| read_number(text, sign).filter(|number| (1..=max).contains(&number.abs())))
        .collect();
    sorted_once(numbers?, |number| (*number < 0, *number))
}

fn read_days(value: &str) -> Option<Vec<DayOfWeek>> {
    let days: Option<Vec<DayOfWeek>> = value.split(',').map(read_day).collect();
    sorted_once(days?, |day| {
        (
            day.ordinal < 0,
            day.ordinal,
            day.weekday.num_days_from_monday(),
        )
    })
}

fn read_day(text: &str) -> Option<DayOfWeek> {
    // ASCII was checked, so that any byte is a place to split.
    let (ordinal, code) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let ordinal = match ordinal {
        "" => 0,
        // 0MO would read as "every Monday", which is not what was written.
        ordinal => read_number(ordinal, Sign::Either).filter(|number| *number != 0)?,
    };
    Some(DayOfWeek {
        ordinal,
        weekday: weekday_of(code)?,
    })
}

fn sorted_once<T, K: Ord>(mut values: Vec<T>, key: impl Fn(&T) -> K) -> Option<Vec<T>> {
    values.sort_by_key(&key);
    let twice = values.windows(2).any(|pair| key(&pair[0]) == key(&pair[1]));
    (!twice).then_some(values)
}
