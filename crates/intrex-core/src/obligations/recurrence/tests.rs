//! The rules of recurrence by example: what people expect, what is refused and why.

use chrono::{Days, NaiveDate, Weekday};

use super::*;
use crate::catalogue::Language;

fn date(text: &str) -> NaiveDate {
    text.parse().expect("tests write real dates")
}

fn rule(text: &str) -> Recurrence {
    Recurrence::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn dates(text: &str, anchor: &str, n: usize) -> Vec<String> {
    rule(text)
        .upcoming(date(anchor), date(anchor), n)
        .iter()
        .map(NaiveDate::to_string)
        .collect()
}

#[test]
fn the_31st_clamps_to_the_months_end_and_returns() {
    assert_eq!(
        dates("FREQ=MONTHLY", "2026-01-31", 5),
        [
            "2026-02-28",
            "2026-03-31",
            "2026-04-30",
            "2026-05-31",
            "2026-06-30"
        ]
    );
    assert_eq!(
        dates("FREQ=MONTHLY", "2028-01-31", 2),
        ["2028-02-29", "2028-03-31"]
    );
    assert_eq!(
        dates("FREQ=MONTHLY;INTERVAL=3", "2025-11-30", 4),
        ["2026-02-28", "2026-05-30", "2026-08-30", "2026-11-30"]
    );
}

#[test]
fn leap_day_clamps_in_common_years_and_returns() {
    assert_eq!(
        dates("FREQ=YEARLY", "2024-02-29", 5),
        [
            "2025-02-28",
            "2026-02-28",
            "2027-02-28",
            "2028-02-29",
            "2029-02-28"
        ]
    );
    assert_eq!(
        dates("FREQ=YEARLY;INTERVAL=2", "2024-02-29", 2),
        ["2026-02-28", "2028-02-29"]
    );
    assert_eq!(
        dates("FREQ=YEARLY;INTERVAL=4", "2096-02-29", 2),
        ["2100-02-28", "2104-02-29"]
    );
}

#[test]
fn months_without_a_day_take_the_day_of_the_start_and_clamp_too() {
    assert_eq!(
        dates("FREQ=YEARLY;BYMONTH=2,4,7", "2026-01-31", 4),
        ["2026-02-28", "2026-04-30", "2026-07-31", "2027-02-28"]
    );
    assert_eq!(
        dates("FREQ=MONTHLY;BYMONTH=6,9", "2026-08-31", 3),
        ["2026-09-30", "2027-06-30", "2027-09-30"]
    );
}

#[test]
fn rules_of_real_obligations_give_the_dates_that_people_expect() {
    // VAT return in Bangladesh: by the 15th of the following month.
    assert_eq!(
        dates("FREQ=MONTHLY;BYMONTHDAY=15", "2026-01-15", 2),
        ["2026-02-15", "2026-03-15"]
    );
    // Trade licence: the fiscal year ends on 30 June.
    assert_eq!(
        dates("FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=30", "2026-06-30", 2),
        ["2027-06-30", "2028-06-30"]
    );
    // Form 941: the last day of the month after each quarter.
    assert_eq!(
        dates(
            "FREQ=YEARLY;BYMONTH=1,4,7,10;BYMONTHDAY=-1",
            "2026-01-31",
            4
        ),
        ["2026-04-30", "2026-07-31", "2026-10-31", "2027-01-31"]
    );
    // The last working day of a month where Friday and Saturday are free.
    assert_eq!(
        dates(
            "FREQ=MONTHLY;BYDAY=SU,MO,TU,WE,TH;BYSETPOS=-1",
            "2026-01-29",
            3
        ),
        ["2026-02-26", "2026-03-31", "2026-04-30"]
    );
    assert_eq!(
        dates("FREQ=MONTHLY;BYDAY=2TU", "2026-01-13", 2),
        ["2026-02-10", "2026-03-10"]
    );
    assert_eq!(
        dates("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR", "2026-01-05", 4),
        ["2026-01-09", "2026-01-19", "2026-01-23", "2026-02-02"]
    );
    assert_eq!(
        dates("FREQ=DAILY;INTERVAL=90", "2026-01-01", 2),
        ["2026-04-01", "2026-06-30"]
    );
    assert_eq!(
        dates("FREQ=DAILY;BYDAY=SU,MO,TU,WE,TH", "2026-01-01", 2),
        ["2026-01-04", "2026-01-05"]
    );
    assert_eq!(
        dates("FREQ=YEARLY;BYDAY=-1MO", "2026-01-01", 2),
        ["2026-12-28", "2027-12-27"]
    );
}

#[test]
fn the_first_day_of_the_week_decides_which_weeks_are_left_out() {
    // The example of RFC 5545, section 3.3.10.
    assert_eq!(
        dates(
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO",
            "1997-08-05",
            3
        ),
        ["1997-08-10", "1997-08-19", "1997-08-24"]
    );
    assert_eq!(
        dates(
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU",
            "1997-08-05",
            3
        ),
        ["1997-08-17", "1997-08-19", "1997-08-31"]
    );
}

#[test]
fn a_series_begins_on_its_anchor_even_where_the_rule_names_another_day() {
    let last_of_month = rule("FREQ=MONTHLY;BYMONTHDAY=-1");
    assert_eq!(
        last_of_month.next_due(date("2026-01-10"), date("2025-01-01")),
        date("2026-01-10")
    );
    assert_eq!(
        last_of_month.next_due(date("2026-01-10"), date("2026-01-09")),
        date("2026-01-10")
    );
    assert_eq!(
        last_of_month.next_due(date("2026-01-10"), date("2026-01-10")),
        date("2026-01-31")
    );
}

#[test]
fn a_late_completion_on_schedule_still_owes_the_next_date_of_the_series() {
    let monthly = rule("FREQ=MONTHLY");
    let start = date("2026-01-31");
    let successor = |occurrence, completed| {
        successor_due(
            &monthly,
            Anchor::Schedule,
            start,
            date(occurrence),
            date(completed),
        )
    };
    assert_eq!(
        successor("2026-01-31", "2026-01-20"),
        (date("2026-02-28"), start)
    );
    assert_eq!(
        successor("2026-01-31", "2026-06-15"),
        (date("2026-02-28"), start)
    );
    assert_eq!(
        successor("2026-02-28", "2026-06-15"),
        (date("2026-03-31"), start)
    );
}

#[test]
fn an_occurrence_that_was_moved_is_followed_by_the_next_one_and_not_by_itself() {
    let monthly = rule("FREQ=MONTHLY");
    let start = date("2026-01-31");
    // Moved to 20 January or to 5 March, the series had given it 31 January.
    let (due_on, _) = successor_due(
        &monthly,
        Anchor::Schedule,
        start,
        date("2026-01-31"),
        date("2026-01-20"),
    );
    assert_eq!(due_on, date("2026-02-28"));
}

#[test]
fn a_completion_starts_the_series_again() {
    let quarterly = rule("FREQ=MONTHLY;INTERVAL=3");
    let completed = date("2026-05-31");
    let successor = successor_due(
        &quarterly,
        Anchor::Completion,
        date("2026-01-15"),
        date("2026-04-15"),
        completed,
    );
    assert_eq!(successor, (date("2026-08-31"), completed));
    assert_eq!(
        successor_due(
            &quarterly,
            Anchor::Completion,
            completed,
            date("2026-08-31"),
            date("2026-11-30")
        ),
        (date("2027-02-28"), date("2026-11-30"))
    );
}

#[test]
fn what_was_done_early_does_not_come_back_the_same_year() {
    let yearly = rule("FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=31");
    let (due_on, _) = successor_due(
        &yearly,
        Anchor::Completion,
        date("2020-03-31"),
        date("2026-03-31"),
        date("2026-03-15"),
    );
    assert_eq!(due_on, date("2027-03-31"));
}

#[test]
fn refusals_name_their_reason() {
    use RecurrenceError as E;
    let long = format!("FREQ=MONTHLY;BYMONTHDAY={}", vec!["1"; 100].join(","));
    let cases = [
        ("", E::Empty),
        ("   ", E::Empty),
        ("RRULE:", E::Empty),
        (long.as_str(), E::TooLong),
        ("FREQ=MONTHLY\0", E::Character),
        ("FREQ=MONTHLY;BYDAY=1 MO", E::Character),
        ("FREQ=MONTHLY\nDTSTART:20260101", E::Character),
        ("FREQ=MÖNTHLY", E::Character),
        ("MONTHLY", E::Shape),
        ("FREQ=MONTHLY;", E::Shape),
        (";FREQ=MONTHLY", E::Shape),
        ("FREQ=MONTHLY;COLOUR=RED", E::UnknownPart),
        ("FREQ=MONTHLY;=1", E::UnknownPart),
        ("FREQ=MONTHLY;BYEASTER=0", E::UnknownPart),
        ("FREQ=MONTHLY;FREQ=MONTHLY", E::DuplicatePart),
        ("FREQ=MONTHLY;bymonth=1;BYMONTH=2", E::DuplicatePart),
        ("INTERVAL=2", E::NoFrequency),
        ("FREQ=", E::Frequency),
        ("FREQ=FORTNIGHTLY", E::Frequency),
        ("FREQ=SECONDLY", E::TooOften),
        ("freq=minutely", E::TooOften),
        ("RRULE:FREQ=HOURLY;INTERVAL=24", E::TooOften),
        ("FREQ=DAILY;BYHOUR=9", E::TimeOfDay),
        ("FREQ=DAILY;BYMINUTE=0", E::TimeOfDay),
        ("FREQ=DAILY;BYSECOND=0,1,2", E::TimeOfDay),
        ("FREQ=MONTHLY;COUNT=3", E::Ends),
        ("FREQ=MONTHLY;UNTIL=20270101", E::Ends),
        ("FREQ=YEARLY;BYWEEKNO=20", E::WeekOrYearDay),
        ("FREQ=YEARLY;BYYEARDAY=100", E::WeekOrYearDay),
        ("FREQ=DAILY;INTERVAL=0", E::Interval),
        ("FREQ=DAILY;INTERVAL=-1", E::Interval),
        ("FREQ=DAILY;INTERVAL=1.5", E::Interval),
        ("FREQ=DAILY;INTERVAL=18251", E::Interval),
        ("FREQ=WEEKLY;INTERVAL=2601", E::Interval),
        ("FREQ=MONTHLY;INTERVAL=601", E::Interval),
        ("FREQ=YEARLY;INTERVAL=51", E::Interval),
        ("FREQ=YEARLY;INTERVAL=99999999999999999999", E::Interval),
        ("FREQ=YEARLY;BYMONTH=0", E::Months),
        ("FREQ=YEARLY;BYMONTH=13", E::Months),
        ("FREQ=YEARLY;BYMONTH=-1", E::Months),
        ("FREQ=YEARLY;BYMONTH=1,1", E::Months),
        ("FREQ=YEARLY;BYMONTH=1,,2", E::Months),
        ("FREQ=MONTHLY;BYMONTHDAY=0", E::MonthDays),
        ("FREQ=MONTHLY;BYMONTHDAY=32", E::MonthDays),
        ("FREQ=MONTHLY;BYMONTHDAY=-32", E::MonthDays),
        ("FREQ=MONTHLY;BYMONTHDAY=1,01", E::MonthDays),
        ("FREQ=MONTHLY;BYMONTHDAY=--1", E::MonthDays),
        ("FREQ=MONTHLY;BYDAY=", E::Days),
        ("FREQ=MONTHLY;BYDAY=XX", E::Days),
        ("FREQ=MONTHLY;BYDAY=0MO", E::Days),
        ("FREQ=MONTHLY;BYDAY=6MO", E::Days),
        ("FREQ=MONTHLY;BYDAY=-MO", E::Days),
        ("FREQ=MONTHLY;BYDAY=MO,MO", E::Days),
        ("FREQ=WEEKLY;BYDAY=1MO", E::Days),
        ("FREQ=YEARLY;BYDAY=54MO", E::Days),
        ("FREQ=YEARLY;BYMONTH=1;BYDAY=6MO", E::Days),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0", E::Positions),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367", E::Positions),
        ("FREQ=WEEKLY;WKST=1MO", E::WeekStart),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=MO", E::DailyParts),
        ("FREQ=WEEKLY;BYMONTHDAY=1", E::WeeklyMonthDays),
        ("FREQ=WEEKLY;INTERVAL=5;BYMONTH=2", E::WeeklyMonths),
        ("FREQ=MONTHLY;BYSETPOS=1", E::NothingToChoose),
        ("FREQ=WEEKLY;BYDAY=MO;BYSETPOS=1", E::NothingToChoose),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", E::Never),
        ("FREQ=MONTHLY;BYMONTH=2,4,6;BYMONTHDAY=31", E::Never),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", E::Never),
        ("FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=8", E::Never),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6", E::Never),
        ("FREQ=MONTHLY;BYMONTHDAY=15;BYSETPOS=2", E::Never),
        // From an odd year there is never a 29 February; from January, every second month is never February.
        ("FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29", E::TooRare),
        ("FREQ=MONTHLY;INTERVAL=2;BYMONTH=2", E::TooRare),
        ("FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31", E::TooRare),
        (
            "FREQ=YEARLY;INTERVAL=30;BYMONTH=2;BYMONTHDAY=29",
            E::TooRare,
        ),
    ];
    for (text, reason) in cases {
        assert_eq!(Recurrence::parse(text).err(), Some(reason), "{text:?}");
        let sentence = reason.text().to(Language::ENGLISH);
        assert!(
            sentence.ends_with('.') && !sentence.contains("$"),
            "{reason:?} reads {sentence:?}"
        );
    }
}

#[test]
fn the_canonical_text_has_one_order_and_no_defaults() {
    let cases = [
        ("freq=monthly", "FREQ=MONTHLY"),
        (" RRULE:FREQ=MONTHLY;INTERVAL=1 ", "FREQ=MONTHLY"),
        (
            "rrule:interval=02;freq=weekly;wkst=su;byday=fr,mo",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;WKST=SU",
        ),
        (
            "FREQ=MONTHLY;WKST=SU;BYDAY=-1FR,+1MO",
            "FREQ=MONTHLY;BYDAY=1MO,-1FR",
        ),
        (
            "BYSETPOS=-1;BYMONTHDAY=-1,31,28;BYMONTH=12,1;FREQ=YEARLY",
            "FREQ=YEARLY;BYMONTH=1,12;BYMONTHDAY=28,31,-1;BYSETPOS=-1",
        ),
    ];
    for (text, canonical) in cases {
        assert_eq!(rule(text).as_str(), canonical);
        assert_eq!(
            text.parse::<Recurrence>().map(|rule| rule.to_string()),
            Ok(canonical.to_owned())
        );
    }
}

#[test]
fn the_rarest_rules_are_accepted_and_answered() {
    assert_eq!(
        dates("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "2096-02-29", 2),
        ["2104-02-29", "2108-02-29"]
    );
    // 29 February on a Monday: forty years apart across 2100.
    assert_eq!(
        dates(
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO",
            "2072-03-01",
            2
        ),
        ["2112-02-29", "2140-02-29"]
    );
    assert_eq!(
        dates(
            "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO",
            "2072-03-01",
            1
        ),
        ["2112-02-29"]
    );
    assert_eq!(
        dates("FREQ=YEARLY;INTERVAL=50", "2026-01-31", 2),
        ["2076-01-31", "2126-01-31"]
    );
    assert_eq!(
        dates("FREQ=YEARLY;BYDAY=53MO", "2020-01-01", 2),
        ["2024-12-30", "2029-12-31"]
    );
}

#[test]
fn the_age_of_a_series_does_not_change_its_dates() {
    let weekly = rule("FREQ=WEEKLY;INTERVAL=2");
    let anchor = date("1970-01-01");
    let mut walked = anchor;
    while walked <= date("2199-12-31") {
        walked = walked + Days::new(14);
    }
    assert_eq!(weekly.next_due(anchor, date("2199-12-31")), walked);
}

#[test]
fn dates_at_the_edge_of_the_calendar_are_answered_without_a_panic() {
    for text in [
        "FREQ=DAILY;INTERVAL=18250",
        "FREQ=WEEKLY;INTERVAL=2600",
        "FREQ=MONTHLY;INTERVAL=600",
        "FREQ=YEARLY;INTERVAL=50",
    ] {
        for edge in [NaiveDate::MIN, NaiveDate::MAX] {
            assert_eq!(
                rule(text).upcoming(edge, edge, usize::MAX).len(),
                MAX_UPCOMING_DATES
            );
            let _ = rule(text).next_due(NaiveDate::MIN, NaiveDate::MAX);
        }
    }
}

#[test]
fn meanings_are_told_apart_for_the_catalogue() {
    let cases = [
        ("FREQ=DAILY;INTERVAL=90", Cadence::Daily { interval: 90 }),
        ("FREQ=WEEKLY", Cadence::Weekly { interval: 1 }),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR,MO",
            Cadence::WeeklyOn {
                interval: 2,
                weekdays: vec![Weekday::Mon, Weekday::Fri],
            },
        ),
        (
            "FREQ=DAILY;BYDAY=SU",
            Cadence::WeeklyOn {
                interval: 1,
                weekdays: vec![Weekday::Sun],
            },
        ),
        ("FREQ=MONTHLY;INTERVAL=3", Cadence::Monthly { interval: 3 }),
        (
            "FREQ=MONTHLY;BYMONTHDAY=-1",
            Cadence::MonthlyOnDay {
                interval: 1,
                day: -1,
            },
        ),
        (
            "FREQ=MONTHLY;BYDAY=2TU",
            Cadence::MonthlyOnWeekday {
                interval: 1,
                ordinal: 2,
                weekday: Weekday::Tue,
            },
        ),
        ("FREQ=YEARLY;INTERVAL=2", Cadence::Yearly { interval: 2 }),
        (
            "FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=30",
            Cadence::YearlyOn {
                interval: 1,
                month: 6,
                day: 30,
            },
        ),
        ("FREQ=MONTHLY;BYDAY=MO", Cadence::Custom),
        ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1", Cadence::Custom),
        ("FREQ=YEARLY;BYMONTH=1,7", Cadence::Custom),
        ("FREQ=DAILY;BYMONTH=1", Cadence::Custom),
    ];
    for (text, meaning) in cases {
        assert_eq!(rule(text).describe(), meaning, "{text}");
    }
}

#[test]
fn anchors_read_back() {
    for anchor in [Anchor::Schedule, Anchor::Completion] {
        assert_eq!(Anchor::parse(anchor.as_str()), Some(anchor));
    }
    assert_eq!(Anchor::parse("Schedule"), None);
    assert_eq!(Anchor::parse(""), None);
}
