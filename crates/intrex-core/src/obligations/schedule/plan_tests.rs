//! The planner's rules: who hears what and when, what is past, what makes a slot the same, and one message after an outage.

use std::collections::{BTreeSet, HashSet};

use chrono_tz::{Africa, America, Asia, Europe};
use proptest::prelude::*;

use super::*;
use crate::obligations::schedule::{REMINDER_TIME, Weekdays};

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn to(recipient: u128, hears: Hears) -> Recipient {
    Recipient {
        route_id: id(100),
        connector_id: id(200),
        recipient_id: Some(id(recipient)),
        hears,
        quiet: None,
        unanswered_hours: None,
    }
}

fn an_item(due_on: &str, zone: Tz) -> ItemFacts {
    ItemFacts {
        id: id(1),
        due_on: due_on.parse().expect("tests write real dates"),
        lead_days: LeadDays::default(),
        grace: GraceDays::default(),
        zone,
        time_of_day: REMINDER_TIME,
        reminders_from: DateTime::UNIX_EPOCH,
    }
}

fn lines(slots: &[PlannedSlot]) -> Vec<String> {
    slots
        .iter()
        .map(|slot| {
            let past = if slot.already_past { " past" } else { "" };
            format!(
                "{} {} {}{past}",
                slot.threshold.code(),
                slot.date,
                slot.at.format("%dT%H:%MZ")
            )
        })
        .collect()
}

#[test]
fn an_item_has_a_slot_for_each_threshold_at_nine_in_its_own_zone() {
    let item = ItemFacts {
        grace: GraceDays::new(7).expect("a grace"),
        ..an_item("2026-03-30", Europe::Lisbon)
    };
    let slots = plan(&item, &[to(1, Hears::REGULAR), to(2, Hears::ESCALATION)]);
    assert_eq!(
        lines(&slots),
        [
            "before_30 2026-02-28 28T09:00Z",
            "before_14 2026-03-16 16T09:00Z",
            "before_7 2026-03-23 23T09:00Z",
            "before_3 2026-03-27 27T09:00Z",
            // Summer time began that night.
            "before_1 2026-03-29 29T08:00Z",
            "due_day 2026-03-30 30T08:00Z",
            "overdue 2026-03-31 31T08:00Z",
            "escalation 2026-04-07 07T08:00Z",
        ]
    );
    assert!(slots.iter().all(
        |slot| (slot.recipient_id == Some(id(2))) == (slot.threshold == Threshold::Escalation)
    ));
}

#[test]
fn thresholds_cross_a_leap_day_in_dhaka() {
    let item = ItemFacts {
        lead_days: LeadDays::new(&[30, 1]).expect("a list"),
        ..an_item("2028-03-01", Asia::Dhaka)
    };
    assert_eq!(
        lines(&plan(&item, &[to(1, Hears::REGULAR)])),
        [
            "before_30 2028-01-31 31T03:00Z",
            "before_1 2028-02-29 29T03:00Z",
            "due_day 2028-03-01 01T03:00Z",
            "overdue 2028-03-02 02T03:00Z"
        ]
    );
}

#[test]
fn at_midnight_a_skipped_hour_keeps_the_reminder_on_its_day() {
    let item = ItemFacts {
        time_of_day: NaiveTime::MIN,
        lead_days: LeadDays::new(&[]).expect("none"),
        ..an_item("2026-04-24", Africa::Cairo)
    };
    assert_eq!(
        lines(&plan(&item, &[to(1, Hears::REGULAR)])),
        [
            "due_day 2026-04-24 23T22:00Z",
            "overdue 2026-04-25 24T21:00Z"
        ]
    );
}

#[test]
fn without_grace_overdue_and_escalation_come_together_to_different_people() {
    let item = ItemFacts {
        lead_days: LeadDays::new(&[]).expect("none"),
        ..an_item("2026-01-31", America::Chicago)
    };
    let slots = plan(&item, &[to(1, Hears::REGULAR), to(2, Hears::ESCALATION)]);
    assert_eq!(
        lines(&slots),
        [
            "due_day 2026-01-31 31T15:00Z",
            "overdue 2026-02-01 01T15:00Z",
            "escalation 2026-02-01 01T15:00Z"
        ]
    );
}

#[test]
fn what_falls_before_the_item_came_to_be_is_past() {
    let item = ItemFacts {
        reminders_from: "2026-03-23T15:00:00Z".parse().expect("an instant"),
        ..an_item("2026-03-30", America::New_York)
    };
    let past: Vec<String> = plan(&item, &[to(1, Hears::REGULAR)])
        .into_iter()
        .filter(|slot| slot.already_past)
        .map(|slot| slot.threshold.code())
        .collect();
    assert_eq!(past, ["before_30", "before_14", "before_7"]);
    // The very instant is not past.
    let exact = ItemFacts {
        reminders_from: "2026-03-23T13:00:00Z".parse().expect("an instant"),
        ..item
    };
    assert_eq!(
        plan(&exact, &[to(1, Hears::REGULAR)])
            .iter()
            .filter(|slot| slot.already_past)
            .count(),
        2
    );
}

#[test]
fn a_moved_item_is_reminded_again_and_a_changed_hour_repeats_nothing() {
    let recipients = [to(1, Hears::REGULAR), to(2, Hears::ESCALATION)];
    let fingerprints = |item: &ItemFacts| {
        plan(item, &recipients)
            .into_iter()
            .map(|slot| slot.fingerprint)
            .collect::<BTreeSet<_>>()
    };
    let item = an_item("2026-03-30", Europe::Lisbon);
    let moved = an_item("2026-04-30", Europe::Lisbon);
    assert!(fingerprints(&item).is_disjoint(&fingerprints(&moved)));
    let later = ItemFacts {
        time_of_day: NaiveTime::MIN,
        zone: Asia::Dhaka,
        reminders_from: DateTime::UNIX_EPOCH,
        ..item.clone()
    };
    assert_eq!(fingerprints(&item), fingerprints(&later));
}

#[test]
fn every_field_is_part_of_the_fingerprint() {
    let date = NaiveDate::from_ymd_opt(2026, 1, 31).expect("a date");
    let recipient = to(1, Hears::REGULAR);
    let base = fingerprint(id(1), Threshold::DueDay, date, &recipient);
    let others = [
        fingerprint(id(2), Threshold::DueDay, date, &recipient),
        fingerprint(id(1), Threshold::Overdue, date, &recipient),
        fingerprint(
            id(1),
            Threshold::DueDay,
            date.succ_opt().expect("a date"),
            &recipient,
        ),
        fingerprint(
            id(1),
            Threshold::DueDay,
            date,
            &Recipient {
                route_id: id(9),
                ..recipient
            },
        ),
        fingerprint(
            id(1),
            Threshold::DueDay,
            date,
            &Recipient {
                connector_id: id(9),
                ..recipient
            },
        ),
        fingerprint(
            id(1),
            Threshold::DueDay,
            date,
            &Recipient {
                recipient_id: Some(id(9)),
                ..recipient
            },
        ),
        fingerprint(
            id(1),
            Threshold::DueDay,
            date,
            &Recipient {
                recipient_id: None,
                ..recipient
            },
        ),
        fingerprint(
            id(1),
            Threshold::DueDay,
            date,
            &Recipient {
                unanswered_hours: Some(24),
                ..recipient
            },
        ),
        // The same ids in other places.
        fingerprint(
            id(1),
            Threshold::DueDay,
            date,
            &Recipient {
                route_id: id(200),
                connector_id: id(100),
                ..recipient
            },
        ),
    ];
    let mut all: HashSet<[u8; 32]> = others.into();
    assert_eq!(all.len(), others.len());
    assert!(all.insert(base));
}

fn quiet(from: &str, to: &str) -> Option<Quiet> {
    Some(Quiet {
        from: from.parse().expect("a time"),
        to: to.parse().expect("a time"),
        days: Weekdays::ALL,
    })
}

#[test]
fn what_falls_into_quiet_hours_waits_for_their_end_and_stays_what_it_is() {
    let item = an_item("2026-03-30", Europe::Lisbon);
    let awake = to(1, Hears::REGULAR);
    let asleep = Recipient {
        quiet: quiet("08:30:00", "11:00:00"),
        ..awake
    };
    let (now, later) = (plan(&item, &[awake]), plan(&item, &[asleep]));
    for (now, later) in now.iter().zip(&later) {
        let local = later.at.with_timezone(&Europe::Lisbon);
        assert_eq!(
            local.format("%Y-%m-%d %H:%M").to_string(),
            format!("{} 11:00", now.date)
        );
        assert_eq!(now.fingerprint, later.fingerprint);
    }
    // What was past stays past, although its new hour would not be.
    let made = ItemFacts {
        reminders_from: "2026-03-30T09:00:00Z".parse().expect("an instant"),
        ..item
    };
    let past = plan(&made, &[asleep]);
    let on_day = past.iter().find(|slot| slot.threshold == Threshold::DueDay);
    assert!(on_day.expect("a slot").already_past);
}

#[test]
fn when_nobody_answers_others_are_told_so_many_hours_after_the_first() {
    let item = ItemFacts {
        lead_days: LeadDays::new(&[]).expect("none"),
        ..an_item("2026-03-28", Europe::Lisbon)
    };
    let wider = Recipient {
        unanswered_hours: Some(24),
        quiet: quiet("22:00:00", "10:00:00"),
        ..to(
            2,
            Hears {
                overdue: false,
                ..Hears::REGULAR
            },
        )
    };
    let slots = plan(&item, &[to(1, Hears::REGULAR), wider]);
    // The first is told at ten, when the night is over; a day later it is eleven, for the clocks have changed.
    let step: Vec<_> = slots.iter().filter(|slot| slot.unanswered).collect();
    assert_eq!(step.len(), 1);
    assert_eq!(step[0].recipient_id, Some(id(2)));
    assert_eq!(step[0].date, item.due_on);
    assert_eq!(step[0].at.to_rfc3339(), "2026-03-29T10:00:00+00:00");
}

#[test]
fn whom_two_routes_reach_over_one_connector_hears_once_and_as_early_as_any_tells() {
    let item = an_item("2026-03-30", Europe::Lisbon);
    let early = to(1, Hears::REGULAR);
    let late = Recipient {
        route_id: id(101),
        quiet: quiet("08:00:00", "12:00:00"),
        ..early
    };
    let step = Recipient {
        route_id: id(102),
        unanswered_hours: Some(1),
        ..early
    };
    let slots = plan(&item, &[step, late, early]);
    assert_eq!(slots.len(), 7);
    assert!(
        slots
            .iter()
            .all(|slot| slot.route_id == early.route_id && !slot.unanswered)
    );
    let elsewhere = Recipient {
        connector_id: id(201),
        ..late
    };
    assert_eq!(plan(&item, &[early, elsewhere]).len(), 14);
}

#[test]
fn the_fingerprint_has_one_layout_for_ever() {
    // Worked out with Python's hashlib from the same length-prefixed fields: rows of existing ledgers depend on it.
    let date = NaiveDate::from_ymd_opt(2026, 1, 31).expect("a date");
    let made = fingerprint(id(1), Threshold::Before(30), date, &to(3, Hears::REGULAR));
    assert_eq!(
        hex::encode(made),
        "0a7cdbaeb6694b6dc17c2f1893584ba0c9daae4569e5d9b451d1aa637357fc61"
    );
}

fn due(slot: u128, item: u128, recipient: u128, threshold: Threshold, hour: i64) -> DueSlot {
    DueSlot {
        slot_id: id(slot),
        item_id: id(item),
        recipient_id: Some(id(recipient)),
        connector_id: id(200),
        threshold,
        at: DateTime::UNIX_EPOCH + chrono::TimeDelta::hours(hour),
    }
}

#[test]
fn after_an_outage_the_latest_threshold_is_sent_and_settles_the_others() {
    let week = due(1, 1, 1, Threshold::Before(7), 0);
    let day = due(2, 1, 1, Threshold::Before(1), 144);
    let on_day = due(3, 1, 1, Threshold::DueDay, 168);
    let other_person = due(4, 1, 2, Threshold::Before(7), 0);
    let other_item = due(5, 2, 1, Threshold::Before(7), 1);
    let answer = coalesce([on_day, week, other_item, day, other_person]);
    assert_eq!(answer.send, [other_person, other_item, on_day]);
    assert_eq!(
        answer.superseded,
        [
            Superseded {
                slot: week,
                by: id(3)
            },
            Superseded {
                slot: day,
                by: id(3)
            }
        ]
    );
}

#[test]
fn at_the_same_instant_the_escalation_speaks_for_the_overdue_notice() {
    let overdue = due(2, 1, 1, Threshold::Overdue, 24);
    let escalation = due(1, 1, 1, Threshold::Escalation, 24);
    let answer = coalesce([escalation, overdue]);
    assert_eq!(answer.send, [escalation]);
    assert_eq!(
        answer.superseded,
        [Superseded {
            slot: overdue,
            by: id(1)
        }]
    );
}

fn a_threshold() -> impl Strategy<Value = Threshold> {
    prop_oneof![
        (1u16..=365).prop_map(Threshold::Before),
        Just(Threshold::DueDay),
        Just(Threshold::Overdue),
        Just(Threshold::Escalation)
    ]
}

proptest! {
    #[test]
    fn every_due_slot_is_sent_or_superseded_once_and_each_person_hears_once_of_an_item(
        rows in proptest::collection::vec((1u128..4, 1u128..4, a_threshold(), 0i64..50), 0..40),
    ) {
        let slots: Vec<DueSlot> = (0..)
            .zip(rows)
            .map(|(slot, (item, recipient, threshold, hour))| due(slot, item, recipient, threshold, hour))
            .collect();
        let answer = coalesce(slots.clone());
        let mut settled: Vec<Uuid> = answer.send.iter().map(|slot| slot.slot_id).chain(answer.superseded.iter().map(|other| other.slot.slot_id)).collect();
        settled.sort();
        prop_assert_eq!(settled, slots.iter().map(|slot| slot.slot_id).collect::<Vec<_>>());
        let heard: HashSet<(Uuid, Option<Uuid>)> = answer.send.iter().map(|slot| (slot.item_id, slot.recipient_id)).collect();
        prop_assert_eq!(heard.len(), answer.send.len());
        for other in &answer.superseded {
            let by = answer.send.iter().find(|slot| slot.slot_id == other.by).expect("what supersedes is sent");
            prop_assert_eq!((by.item_id, by.recipient_id), (other.slot.item_id, other.slot.recipient_id));
            prop_assert!((by.at, by.threshold) >= (other.slot.at, other.slot.threshold));
        }
    }

    #[test]
    fn planning_is_the_same_whatever_the_order_of_the_recipients_and_gives_each_slot_once(
        people in proptest::collection::vec((1u128..5, any::<bool>()), 0..8), due_day in 0i64..84_000,
    ) {
        let item = ItemFacts { due_on: crate::obligations::due_date::DUE_DATE_MIN + chrono::TimeDelta::days(due_day), ..an_item("2026-01-01", America::New_York) };
        let recipients: Vec<Recipient> =
            people.iter().map(|(person, wide)| to(*person, if *wide { Hears::ESCALATION } else { Hears::REGULAR })).collect();
        let reversed: Vec<Recipient> = recipients.iter().rev().copied().collect();
        let slots = plan(&item, &recipients);
        prop_assert_eq!(&slots, &plan(&item, &reversed));
        let distinct: HashSet<[u8; 32]> = slots.iter().map(|slot| slot.fingerprint).collect();
        prop_assert_eq!(distinct.len(), slots.len());
        let distinct_people: HashSet<&Recipient> = recipients.iter().collect();
        let expected: usize = distinct_people.iter().map(|recipient| if recipient.hears == Hears::REGULAR { 7 } else { 1 }).sum();
        prop_assert_eq!(slots.len(), expected);
        prop_assert!(slots.is_sorted_by_key(|slot| slot.at));
    }
}
