//! Recurrence before independent judges: a brute-force calendar for the clamping, python-dateutil by a committed table, the
//! `rrule` crate and the rules' own laws by random rules.

use chrono::{Datelike, Days, NaiveDate, TimeDelta};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::obligations::due_date::{DUE_DATE_MAX, DUE_DATE_MIN};

/// Every month from 2096 on with its days, gathered by walking the calendar day by day: no code shared with the rule.
fn calendar() -> Vec<Vec<NaiveDate>> {
    let mut months: Vec<Vec<NaiveDate>> = Vec::new();
    let first = NaiveDate::from_ymd_opt(2096, 1, 1).expect("a date");
    for day in first.iter_days().take_while(|day| day.year() < 2171) {
        if day.day() == 1 {
            months.push(Vec::new());
        }
        months
            .last_mut()
            .expect("the calendar starts on a first")
            .push(day);
    }
    months
}

#[test]
fn clamping_equals_a_day_by_day_calendar_for_every_start_of_five_years() {
    let calendar = calendar();
    // A yearly rule reaches across 2100, which has no leap day.
    for (text, step) in [
        ("FREQ=MONTHLY", 1),
        ("FREQ=MONTHLY;INTERVAL=5", 5),
        ("FREQ=MONTHLY;INTERVAL=12", 12),
        ("FREQ=YEARLY", 12),
    ] {
        let rule = Recurrence::parse(text).expect("a rule without parts");
        for (month, days) in calendar.iter().take(5 * 12).enumerate() {
            for (index, anchor) in days.iter().enumerate() {
                let expected: Vec<NaiveDate> = (1..=60)
                    .map(|steps| &calendar[month + steps * step])
                    .filter_map(|days| days.get(index).or(days.last()).copied())
                    .collect();
                assert_eq!(
                    rule.upcoming(*anchor, *anchor, 60),
                    expected,
                    "{text} from {anchor}"
                );
            }
        }
    }
}

#[derive(serde::Deserialize)]
struct Expected {
    rule: String,
    anchor: NaiveDate,
    dates: Vec<NaiveDate>,
}

#[test]
fn dates_equal_those_of_python_dateutil() {
    let cases: Vec<Expected> = serde_json::from_str(include_str!("expected_dates.json"))
        .expect("the table is well formed");
    let mut compared = 0;
    for case in &cases {
        match Recurrence::parse(&case.rule) {
            // Some rules of the table depend on their start too much to be accepted.
            Err(RecurrenceError::TooRare) => {}
            Err(error) => panic!("{}: {error}", case.rule),
            Ok(rule) => {
                compared += 1;
                assert_eq!(
                    rule.upcoming(case.anchor, case.anchor, case.dates.len()),
                    case.dates,
                    "{} from {}",
                    case.rule,
                    case.anchor
                );
            }
        }
    }
    assert!(
        compared >= 200,
        "only {compared} of {} rules were compared",
        cases.len()
    );
}

fn a_date() -> impl Strategy<Value = NaiveDate> {
    (0..=(DUE_DATE_MAX - DUE_DATE_MIN).num_days())
        .prop_map(|days| DUE_DATE_MIN + TimeDelta::days(days))
}

fn listed<T: std::fmt::Display>(name: &str, values: impl IntoIterator<Item = T>) -> String {
    let values: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    if values.is_empty() {
        String::new()
    } else {
        format!(";{name}={}", values.join(","))
    }
}

/// Texts of rules that mostly fit together, every part in every combination.
fn a_rule_text() -> impl Strategy<Value = String> {
    let days = prop_oneof![
        btree_set(select(vec!["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), 0..5)
            .prop_map(|days| listed("BYDAY", days)),
        btree_set(
            (
                select(vec![-5, -2, -1, 1, 2, 3, 5]),
                select(vec!["MO", "WE", "FR", "SU"])
            ),
            1..4
        )
        .prop_map(|days| listed(
            "BYDAY",
            days.into_iter()
                .map(|(ordinal, day)| format!("{ordinal}{day}"))
        )),
    ];
    (
        select(vec!["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
        prop_oneof![3 => Just(1u32), 2 => 1..=12u32, 1 => 1..=700u32],
        btree_set(1..=12i32, 0..4),
        btree_set(prop_oneof![-31..=-1i32, 1..=31i32], 0..4),
        days,
        btree_set(prop_oneof![-4..=-1i32, 1..=4i32], 0..3),
        select(vec!["", ";WKST=SU", ";WKST=MO", ";WKST=SA"]),
        any::<[bool; 4]>(),
    )
        .prop_map(
            |(frequency, interval, months, month_days, days, positions, week_start, with)| {
                let when = |wanted: bool, part: String| if wanted { part } else { String::new() };
                [
                    format!("FREQ={frequency};INTERVAL={interval}"),
                    when(with[0], listed("BYMONTH", months)),
                    when(with[1], listed("BYMONTHDAY", month_days)),
                    when(with[2], days),
                    when(with[3], listed("BYSETPOS", positions)),
                    week_start.to_owned(),
                ]
                .concat()
            },
        )
}

fn a_rule() -> impl Strategy<Value = Recurrence> {
    a_rule_text().prop_filter_map("parts that do not fit together", |text| {
        Recurrence::parse(&text).ok()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, max_local_rejects: 1_000_000, max_global_rejects: 1_000_000, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered_without_a_panic(text in any::<String>()) {
        let _ = Recurrence::parse(&text);
    }

    #[test]
    fn texts_of_the_rules_own_letters_are_answered_without_a_panic(
        pieces in vec(select(vec![
            "FREQ=", "DAILY", "MONTHLY", "YEARLY", "INTERVAL=", "BYDAY=", "BYMONTH=", "BYMONTHDAY=", "BYSETPOS=", "WKST=", "MO", "-1", "0", "99999",
            "5", ",", ";", "=", "+", "RRULE:", "é", "\0",
        ]), 0..12),
    ) {
        let _ = Recurrence::parse(&pieces.concat());
    }

    #[test]
    fn the_canonical_text_reads_back_as_itself(rule in a_rule()) {
        prop_assert!(rule.as_str().len() <= MAX_RULE_LENGTH);
        prop_assert_eq!(Recurrence::parse(rule.as_str()), Ok(rule.clone()));
        prop_assert_eq!(Recurrence::parse(&rule.as_str().to_lowercase()).map(|again| again.to_string()), Ok(rule.to_string()));
    }

    #[test]
    fn dates_strictly_increase_and_are_never_further_apart_than_the_longest_gap(rule in a_rule(), anchor in a_date(), after in a_date()) {
        let mut before = after.max(anchor);
        for next in rule.upcoming(anchor, before, SHOWN_UPCOMING_DATES) {
            prop_assert!(next > before, "{} after {}", next, before);
            prop_assert!(next.year() - before.year() <= MAX_GAP_YEARS as i32 + 1, "{} after {}", next, before);
            before = next;
        }
    }

    #[test]
    fn asking_in_the_middle_of_a_series_gives_the_same_dates_as_walking_there(rule in a_rule(), anchor in a_date(), skipped in 0u64..2_000) {
        let middle = anchor + Days::new(skipped);
        let mut walked = anchor;
        while walked <= middle {
            walked = rule.next_due(anchor, walked);
        }
        prop_assert_eq!(rule.next_due(anchor, middle), walked);
    }

    #[test]
    fn a_successor_lies_after_what_it_is_counted_from(rule in a_rule(), start in a_date(), occurrence in a_date(), completed in a_date()) {
        let (due_on, series_anchor) = successor_due(&rule, Anchor::Schedule, start, occurrence, completed);
        prop_assert!(due_on > occurrence);
        prop_assert_eq!(series_anchor, start);
        let (due_on, series_anchor) = successor_due(&rule, Anchor::Completion, start, occurrence, completed);
        prop_assert!(due_on > completed);
        prop_assert_eq!(series_anchor, completed);
    }

    #[test]
    fn dates_equal_those_of_the_rrule_crate(rule in a_rule(), anchor in a_date()) {
        let text = rule.as_str();
        // What RFC 5545 skips and the product clamps is compared with a calendar above.
        prop_assume!(anchor.day() <= 28 || text.contains("BYDAY") || text.contains("BYMONTHDAY") || !(text.contains("MONTHLY") || text.contains("YEARLY")));
        // The crate refuses the fifth weekday from the end, which RFC 5545 has; dateutil judges it.
        prop_assume!(!["-5MO", "-5WE", "-5FR", "-5SU"].iter().any(|day| text.contains(day)));
        let series: rrule::RRuleSet = format!("DTSTART:{}T000000Z\nRRULE:{text}", anchor.format("%Y%m%d")).parse().expect("a rule of RFC 5545");
        let judged: Vec<NaiveDate> = series.all(6).dates.iter().map(|instant| instant.date_naive()).filter(|day| *day > anchor).collect();
        let ours = rule.upcoming(anchor, anchor, judged.len());
        prop_assert_eq!(ours, judged, "{} from {}", text, anchor);
    }
}
