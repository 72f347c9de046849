//! When digests fall, over changes of clocks and the date line, and what is in them.

use chrono_tz::{
    America,
    Asia::{self, Dhaka},
    Pacific::{Apia, Kiritimati},
};
use proptest::prelude::*;

use super::*;
use crate::permission::Role;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn wish(kind: Kind) -> Wish {
    Wish {
        kind,
        instead: false,
        since: DateTime::UNIX_EPOCH,
    }
}

fn wisher(kind: Kind, zone: Tz) -> Wisher {
    Wisher {
        person: Uuid::from_u128(1).into(),
        role: Role::Operator,
        branches: Vec::new(),
        zone,
        wish: wish(kind),
        last_on: None,
    }
}

fn open(due_on: &str) -> Open {
    Open {
        item: Uuid::nil(),
        due_on: day(due_on),
        zone: Dhaka,
        from: None,
    }
}

#[test]
fn eight_o_clock_is_eight_o_clock_by_the_recipients_clock() {
    let next = |zone, after: &str| next(Kind::Daily, zone, at(after)).at;
    let kiritimati = next(Kiritimati, "2026-11-22T03:00:00Z");
    assert_eq!(kiritimati, at("2026-11-22T18:00:00Z"), "the 23rd there");
    assert_eq!(
        next(Dhaka, "2026-11-22T03:00:00Z"),
        at("2026-11-23T02:00:00Z")
    );
    assert_eq!(
        next(Dhaka, "2026-11-23T01:59:59Z"),
        at("2026-11-23T02:00:00Z")
    );
    assert_eq!(
        next(Dhaka, "2026-11-23T02:00:00Z"),
        at("2026-11-24T02:00:00Z")
    );
    // The clocks go back on the 1st of November.
    assert_eq!(
        next(America::New_York, "2026-10-31T00:00:00Z"),
        at("2026-10-31T12:00:00Z")
    );
    assert_eq!(
        next(America::New_York, "2026-10-31T12:00:00Z"),
        at("2026-11-01T13:00:00Z")
    );
    // Samoa left out the whole of 30 December 2011.
    let days: Vec<_> = (0..3)
        .scan(at("2011-12-29T12:00:00Z"), |after, _| {
            *after = next(Apia, &after.to_rfc3339());
            Some(*after)
        })
        .collect();
    assert_eq!(
        days,
        [
            at("2011-12-29T18:00:00Z"),
            at("2011-12-30T18:00:00Z"),
            at("2011-12-31T18:00:00Z")
        ]
    );
}

#[test]
fn a_weekly_one_falls_on_monday() {
    let falls = next(Kind::Weekly, Dhaka, at("2026-11-22T03:00:00Z"));
    assert_eq!(falls.on, day("2026-11-23"));
    let falls = next(Kind::Weekly, Dhaka, falls.at);
    assert_eq!(falls.on, day("2026-11-30"));
    assert_eq!(
        latest(Kind::Weekly, Dhaka, at("2026-11-22T03:00:00Z")).on,
        day("2026-11-16")
    );
    assert_eq!(
        latest(Kind::Weekly, Dhaka, falls.at - TimeDelta::seconds(1)).on,
        day("2026-11-23")
    );
    assert_eq!(latest(Kind::Weekly, Dhaka, falls.at).on, falls.on);
}

#[test]
fn what_is_late_comes_while_its_day_or_week_lasts_and_once() {
    let due = |kind, last: Option<&str>, now| {
        let falls = super::due(wish(kind), Dhaka, last.map(day), at(now));
        falls.map(|falls| falls.on.to_string())
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(due(Kind::Daily, None, "2026-11-25T01:59:59Z"), None);
    assert_eq!(
        due(Kind::Daily, Some("2026-11-20"), "2026-11-25T02:00:00Z"),
        some("2026-11-25")
    );
    assert_eq!(
        due(Kind::Daily, Some("2026-11-20"), "2026-11-25T17:59:59Z"),
        some("2026-11-25")
    );
    assert_eq!(
        due(Kind::Daily, Some("2026-11-25"), "2026-11-25T03:00:00Z"),
        None
    );
    // A clock that goes back.
    assert_eq!(
        due(Kind::Daily, Some("2026-11-25"), "2026-11-24T03:00:00Z"),
        None
    );
    assert_eq!(
        due(Kind::Weekly, Some("2026-11-16"), "2026-11-25T03:00:00Z"),
        some("2026-11-23")
    );
    assert_eq!(
        due(Kind::Weekly, Some("2026-11-23"), "2026-11-29T03:00:00Z"),
        None
    );
}

#[test]
fn what_fell_before_it_was_wished_does_not_come() {
    let wish = Wish {
        since: at("2026-11-25T02:00:00Z"),
        ..wish(Kind::Daily)
    };
    assert_eq!(due(wish, Dhaka, None, at("2026-11-25T05:00:00Z")), None);
    assert!(due(wish, Dhaka, None, at("2026-11-26T05:00:00Z")).is_some());
}

#[test]
fn an_obligation_stands_in_its_group_by_the_day_of_its_branch() {
    let now = at("2026-11-22T20:00:00Z");
    let group = |kind, due_on| super::group(kind, &open(due_on), now);
    // In Dhaka it is the 23rd.
    assert_eq!(group(Kind::Daily, "2026-11-22"), Some(Group::Overdue));
    assert_eq!(group(Kind::Daily, "2026-11-23"), Some(Group::Today));
    assert_eq!(group(Kind::Daily, "2026-11-30"), Some(Group::Coming));
    assert_eq!(group(Kind::Daily, "2026-12-01"), None);
    assert_eq!(group(Kind::Weekly, "2026-12-23"), Some(Group::Coming));
    assert_eq!(group(Kind::Weekly, "2026-12-24"), None);
    let of_the_wider_set = |from| {
        let open = Open {
            from: Some(day(from)),
            ..open("2026-11-20")
        };
        super::group(Kind::Daily, &open, now)
    };
    assert_eq!(of_the_wider_set("2026-11-24"), None);
    assert_eq!(of_the_wider_set("2026-11-23"), Some(Group::Overdue));
}

#[test]
fn the_coming_weeks_have_a_digest_on_each_day_on_which_something_is_due() {
    let now = at("2026-11-22T03:00:00Z");
    let days = |kind, days| {
        let mut calendar = Calendar::new(&wisher(kind, Dhaka), now, days);
        calendar.add(&open("2026-12-03"), Some(at("2026-12-02T00:00:00Z")));
        let days = calendar.coming().map(|one| one.falls.on.to_string());
        days.collect::<Vec<_>>()
    };
    // Seven days ahead of the 3rd, the one that was due on the 22nd had nothing to tell; on the 2nd it is done.
    let expected: Vec<_> = ["26", "27", "28", "29", "30"]
        .map(|day| format!("2026-11-{day}"))
        .into();
    assert_eq!(
        days(Kind::Daily, 30),
        [expected, vec!["2026-12-01".into()]].concat()
    );
    assert_eq!(
        days(Kind::Weekly, 400),
        ["2026-11-16", "2026-11-23", "2026-11-30"]
    );
    assert_eq!(days(Kind::Weekly, 2), ["2026-11-16", "2026-11-23"]);
}

proptest! {
    #[test]
    fn digests_follow_each_other_and_none_is_told_twice(
        zone in proptest::sample::select(chrono_tz::TZ_VARIANTS.to_vec()),
        start in 1_700_000_000_i64..1_900_000_000,
        steps in proptest::collection::vec(0_i64..200_000, 1..60),
        weekly in any::<bool>(),
    ) {
        let wish = wish(if weekly { Kind::Weekly } else { Kind::Daily });
        let mut now = DateTime::from_timestamp(start, 0).expect("an instant");
        let mut last_on = None;
        for step in steps {
            now += TimeDelta::seconds(step);
            let latest = latest(wish.kind, zone, now);
            let next = next(wish.kind, zone, now);
            prop_assert!(latest.at <= now && now < next.at && latest.on < next.on);
            if let Some(falls) = due(wish, zone, last_on, now) {
                prop_assert!(falls.at <= now && last_on.is_none_or(|last| last < falls.on));
                last_on = Some(falls.on);
                prop_assert_eq!(due(wish, zone, last_on, now), None);
            }
        }
    }
}

#[test]
fn no_clock_change_takes_a_digest_away() {
    // Two of one day or none: neither is there in any zone in three years, but for a day that a zone left out.
    for zone in [America::New_York, Kiritimati, Asia::Gaza, Apia] {
        let mut falls = next(Kind::Daily, zone, at("2026-01-01T00:00:00Z"));
        for _ in 0..1_000 {
            let then = next(Kind::Daily, zone, falls.at);
            assert_eq!((then.on - falls.on).num_days(), 1, "{zone} {falls:?}");
            falls = then;
        }
    }
}
