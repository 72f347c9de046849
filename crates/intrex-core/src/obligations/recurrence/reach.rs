//! Proves, when a rule is read, that it yields dates for ever. The calendar repeats after 400 years, so one cycle of periods
//! settles it for every start: the steps of a rule walk that cycle in rings, and each ring must meet a date often enough.

use chrono::{Datelike, NaiveDate, Weekday};

use super::rule::{Frequency, MAX_GAP_YEARS, Rule};

/// The Gregorian calendar, weekdays included, repeats after this many years.
const CYCLE_YEARS: i32 = 400;
/// Where the cycle is laid out; any year would do.
const CYCLE_START: i32 = 2000;

/// How surely a rule yields dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Wherever it starts, no two dates are further apart than the longest gap.
    Always,
    /// There are dates, but some start never meets them, or too seldom.
    Sometimes,
    /// There is no date at all.
    Never,
}

pub(super) fn of(rule: &Rule) -> Reach {
    // Without parts each step is a date, clamped where need be.
    if !rule.has_day_parts() {
        return Reach::Always;
    }
    match rule.frequency {
        // Reading has bounded the interval so that weeks cannot miss a month.
        Frequency::Weekly => Reach::Always,
        Frequency::Daily | Frequency::Monthly => judge(
            &months_with_dates(rule),
            rule.interval as usize,
            MAX_GAP_YEARS as usize * 12,
        ),
        Frequency::Yearly => judge(
            &years_with_dates(rule),
            rule.interval as usize,
            MAX_GAP_YEARS as usize,
        ),
    }
}

/// Which months of the cycle hold a date.
fn months_with_dates(rule: &Rule) -> Vec<bool> {
    by_kind_of_year(|january_first| {
        (1..=12)
            .map(|month| {
                !rule
                    .dates_in_month(january_first, january_first.year(), month)
                    .is_empty()
            })
            .collect()
    })
}

/// Which years of the cycle hold a date.
fn years_with_dates(rule: &Rule) -> Vec<bool> {
    by_kind_of_year(|january_first| {
        vec![
            !rule
                .dates_in_year(january_first, january_first.year())
                .is_empty(),
        ]
    })
}

/// There are only fourteen kinds of years: each is worked out once.
fn by_kind_of_year(work_out: impl Fn(NaiveDate) -> Vec<bool>) -> Vec<bool> {
    let mut known: Vec<((Weekday, bool), Vec<bool>)> = Vec::with_capacity(14);
    let mut cycle = Vec::new();
    for year in CYCLE_START..CYCLE_START + CYCLE_YEARS {
        let january_first =
            NaiveDate::from_ymd_opt(year, 1, 1).expect("every year has a first day");
        let kind = (january_first.weekday(), january_first.leap_year());
        let place = known
            .iter()
            .position(|(other, _)| *other == kind)
            .unwrap_or_else(|| {
                known.push((kind, work_out(january_first)));
                known.len() - 1
            });
        cycle.extend_from_slice(&known[place].1);
    }
    cycle
}

fn judge(cycle: &[bool], step: usize, longest_gap: usize) -> Reach {
    if !cycle.contains(&true) {
        return Reach::Never;
    }
    // Steps from `start` come back to it; every place lies on the ring of exactly one start below the common divisor.
    let rings = common_divisor(step, cycle.len());
    let ring_length = cycle.len() / rings;
    for start in 0..rings {
        let mut without = 0;
        // Twice round, so that a gap across the seam is seen whole.
        for walked in 0..2 * ring_length {
            without = if cycle[(start + walked * step) % cycle.len()] {
                0
            } else {
                without + 1
            };
            if (without + 1) * step > longest_gap && without > 0 {
                return Reach::Sometimes;
            }
        }
    }
    Reach::Always
}

fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cycle(length: usize, with_dates: &[usize]) -> Vec<bool> {
        (0..length)
            .map(|place| with_dates.contains(&place))
            .collect()
    }

    #[test]
    fn a_gap_across_the_seam_of_the_cycle_counts_whole() {
        assert_eq!(judge(&cycle(100, &[50]), 1, 100), Reach::Always);
        assert_eq!(judge(&cycle(100, &[50]), 1, 99), Reach::Sometimes);
        assert_eq!(judge(&cycle(100, &[]), 1, 99), Reach::Never);
    }

    #[test]
    fn each_ring_of_an_interval_needs_its_own_dates() {
        assert_eq!(judge(&cycle(12, &[0, 1]), 2, 12), Reach::Always);
        assert_eq!(judge(&cycle(12, &[0, 2]), 2, 12), Reach::Sometimes);
        // Five shares no divisor with twelve: every start meets the one date, after sixty periods at the latest.
        assert_eq!(judge(&cycle(12, &[3]), 5, 60), Reach::Always);
        assert_eq!(judge(&cycle(12, &[3]), 5, 59), Reach::Sometimes);
    }
}
