use std::collections::BTreeSet;

use chrono::TimeDelta;
use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;
use crate::obligations::schedule::{GraceDays, LeadDays, Quiet, REMINDER_TIME, Weekdays, plan};

const ALICE: Uuid = Uuid::from_u128(1);
const BOB: Uuid = Uuid::from_u128(2);
const MAIL: Uuid = Uuid::from_u128(10);
const INBOX: Uuid = Uuid::from_u128(11);

fn date(text: &str) -> NaiveDate {
    text.parse().expect("tests write real dates")
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("tests write real instants")
}

/// Due on 20 March, with three days of grace, in Dhaka: nine o'clock is 03:00Z.
fn item() -> ItemFacts {
    ItemFacts {
        id: Uuid::from_u128(100),
        due_on: date("2026-03-20"),
        lead_days: LeadDays::default(),
        grace: GraceDays::new(3).expect("in range"),
        zone: Tz::Asia__Dhaka,
        time_of_day: REMINDER_TIME,
        reminders_from: at("2026-01-01T00:00:00Z"),
    }
}

fn recipient(person: Uuid, connector: Uuid, hears: Hears) -> Recipient {
    Recipient {
        route_id: Uuid::from_u128(20),
        connector_id: connector,
        recipient_id: Some(person),
        hears,
        quiet: None,
        unanswered_hours: None,
    }
}

fn everybody() -> Vec<Recipient> {
    vec![
        recipient(ALICE, MAIL, Hears::REGULAR),
        recipient(ALICE, INBOX, Hears::REGULAR),
        recipient(ALICE, INBOX, Hears::ESCALATION),
        recipient(BOB, INBOX, Hears::REGULAR),
    ]
}

fn acknowledged(threshold: Threshold, when: &str, again_on: &str) -> Answers {
    Answers {
        acknowledged: vec![Acknowledged {
            person: ALICE,
            threshold,
            due_on: date("2026-03-20"),
            at: at(when),
            again_on: date(again_on),
        }],
        snoozed: Vec::new(),
    }
}

fn snoozed(when: &str, until: &str) -> Answers {
    Answers {
        acknowledged: Vec::new(),
        snoozed: vec![Snoozed {
            person: ALICE,
            at: at(when),
            until: at(until),
        }],
    }
}

fn of(answers: &Answers, person: Uuid, connector: Uuid) -> Vec<String> {
    let item = item();
    apply(
        &item,
        plan(&item, &everybody()),
        &everybody(),
        Some(answers),
    )
    .into_iter()
    .filter(|slot| slot.recipient_id == Some(person) && slot.connector_id == connector)
    .map(|slot| {
        format!(
            "{} {}",
            slot.threshold.code(),
            slot.at.format("%m-%dT%H:%M")
        )
    })
    .collect()
}

#[test]
fn what_says_the_same_or_less_is_gone_for_who_acknowledged_and_for_nobody_else() {
    let said = acknowledged(Threshold::Before(3), "2026-03-17T05:00:00Z", "2026-03-24");
    let left = [
        "before_1 03-19T03:00",
        "due_day 03-20T03:00",
        "overdue 03-21T03:00",
    ];
    assert_eq!(of(&said, ALICE, MAIL), left);
    let in_app = of(&said, ALICE, INBOX);
    assert_eq!(in_app[..3], left);
    assert_eq!(in_app[3], "escalation 03-24T03:00");
    assert_eq!(of(&said, BOB, INBOX), of(&Answers::default(), BOB, INBOX));
    assert_eq!(of(&said, BOB, INBOX).len(), 7);
}

#[test]
fn what_is_still_open_comes_back_unless_another_reminder_comes_first() {
    // The escalation reaches Alice before.
    let said = acknowledged(Threshold::Overdue, "2026-03-21T05:00:00Z", "2026-03-28");
    assert_eq!(of(&said, ALICE, INBOX), ["escalation 03-24T03:00"]);
    assert!(of(&said, ALICE, MAIL).is_empty());
    // After it nothing does, and it comes by every way that she is told by.
    let said = acknowledged(Threshold::Escalation, "2026-03-24T05:00:00Z", "2026-03-31");
    for connector in [MAIL, INBOX] {
        assert_eq!(of(&said, ALICE, connector), ["again 03-31T03:00"]);
    }
    // Thirty days ahead, two weeks before the next reminder.
    let said = acknowledged(Threshold::Before(30), "2026-02-18T05:00:00Z", "2026-02-25");
    assert_eq!(of(&said, ALICE, MAIL)[0], "again 02-25T03:00");
    assert_eq!(of(&said, ALICE, MAIL)[1], "before_14 03-06T03:00");
}

#[test]
fn it_comes_back_after_the_latest_word_alone() {
    let mut said = acknowledged(Threshold::Escalation, "2026-03-24T05:00:00Z", "2026-03-31");
    said.acknowledged.push(Acknowledged {
        at: at("2026-03-31T05:00:00Z"),
        again_on: date("2026-04-07"),
        ..said.acknowledged[0].clone()
    });
    assert_eq!(of(&said, ALICE, MAIL), ["again 04-07T03:00"]);
}

#[test]
fn an_answer_about_another_date_or_before_the_item_was_opened_again_is_none() {
    let whole = of(&Answers::default(), ALICE, MAIL);
    let mut said = acknowledged(Threshold::Overdue, "2026-03-21T05:00:00Z", "2026-03-28");
    said.acknowledged[0].due_on = date("2026-03-19");
    assert_eq!(of(&said, ALICE, MAIL), whole);
    let early = "2025-12-31T23:00:00Z";
    let said = acknowledged(Threshold::Overdue, early, "2026-01-07");
    assert_eq!(of(&said, ALICE, MAIL), whole);
    assert_eq!(
        of(&snoozed(early, "2026-01-02T00:00:00Z"), ALICE, MAIL),
        whole
    );
}

#[test]
fn what_is_put_off_comes_together_at_its_time_and_an_escalation_does_not_wait() {
    let said = snoozed("2026-03-18T05:00:00Z", "2026-03-25T00:00:00Z");
    let then = "03-25T00:00";
    let mail = of(&said, ALICE, MAIL);
    assert!(mail.iter().all(|slot| slot.ends_with(then)), "{mail:?}");
    assert_eq!(mail.len(), 8 - 1);
    let in_app = of(&said, ALICE, INBOX);
    assert_eq!(in_app[0], "escalation 03-24T03:00");
    assert_eq!(of(&said, BOB, INBOX), of(&Answers::default(), BOB, INBOX));
}

#[test]
fn what_is_put_off_between_two_reminders_comes_back_by_itself() {
    let said = snoozed("2026-03-18T05:00:00Z", "2026-03-18T06:00:00Z");
    let mail = of(&said, ALICE, MAIL);
    assert!(mail.contains(&"again 03-18T06:00".to_owned()), "{mail:?}");
    assert!(mail.contains(&"before_1 03-19T03:00".to_owned()));
    // A second time on the same day is another reminder.
    let item = item();
    let again = |until| {
        let slots = apply(
            &item,
            plan(&item, &everybody()),
            &everybody(),
            Some(&snoozed("2026-03-18T05:00:00Z", until)),
        );
        let found = slots
            .into_iter()
            .find(|slot| slot.threshold == Threshold::Again);
        found.expect("it comes back").fingerprint
    };
    assert_ne!(again("2026-03-18T06:00:00Z"), again("2026-03-18T07:00:00Z"));
    assert_eq!(again("2026-03-18T06:00:00Z"), again("2026-03-18T06:00:00Z"));
}

#[test]
fn who_is_not_told_of_an_item_does_not_get_it_back() {
    let item = item();
    let others = [recipient(BOB, INBOX, Hears::REGULAR)];
    let before = plan(&item, &others);
    let said = acknowledged(Threshold::Overdue, "2026-03-21T05:00:00Z", "2026-03-28");
    assert_eq!(apply(&item, before.clone(), &others, Some(&said)), before);
}

#[test]
fn whom_a_connector_names_is_told_whatever_somebody_answered() {
    let item = item();
    let mut to_all = everybody();
    to_all.push(Recipient {
        recipient_id: None,
        ..recipient(ALICE, Uuid::from_u128(12), Hears::REGULAR)
    });
    let said = acknowledged(Threshold::Overdue, "2026-03-21T05:00:00Z", "2026-03-28");
    let of_nobody = |slots: Vec<PlannedSlot>| {
        let slots = slots.into_iter();
        slots
            .filter(|slot| slot.recipient_id.is_none())
            .collect::<Vec<_>>()
    };
    let before = plan(&item, &to_all);
    let after = apply(&item, before.clone(), &to_all, Some(&said));
    assert_eq!(of_nobody(after), of_nobody(before));
}

#[test]
fn what_comes_back_keeps_the_quiet_hours_of_its_way() {
    let item = item();
    let quiet = Some(Quiet {
        from: chrono::NaiveTime::from_hms_opt(22, 0, 0).expect("a time"),
        to: chrono::NaiveTime::from_hms_opt(10, 30, 0).expect("a time"),
        days: Weekdays::ALL,
    });
    let ways = [Recipient {
        quiet,
        ..recipient(ALICE, MAIL, Hears::REGULAR)
    }];
    let said = acknowledged(Threshold::Escalation, "2026-03-24T05:00:00Z", "2026-03-31");
    let slots = apply(&item, plan(&item, &ways), &ways, Some(&said));
    // Half past ten in Dhaka.
    let times: Vec<_> = slots.iter().map(|slot| slot.at).collect();
    assert_eq!(times, [at("2026-03-31T04:30:00Z")]);
}

#[test]
fn whoever_answers_early_has_answered_for_the_reminder_to_come() {
    let early = acknowledged(Threshold::Before(7), "2026-03-10T05:00:00Z", "2026-03-17");
    assert_eq!(early.answered_on(&item()), Some(date("2026-03-13")));
    // Half past nine in the evening in Greenwich is the next day in Dhaka.
    let late = acknowledged(Threshold::DueDay, "2026-03-21T21:30:00Z", "2026-03-28");
    assert_eq!(late.answered_on(&item()), Some(date("2026-03-22")));
    let mut other = late;
    other.acknowledged[0].due_on = date("2026-03-19");
    assert_eq!(other.answered_on(&item()), None);
}

proptest! {
    /// Whatever was answered: nobody else's reminders change, an escalation after the answer is never lost or moved, and
    /// applying is a function.
    #[test]
    fn answers_reach_no_further_than_their_person(
        days in 0i64..90, later in 1i64..20_000, which in 0usize..8, again in 1u64..60, both in any::<bool>(),
    ) {
        let item = item();
        let when = at("2026-02-01T00:00:00Z") + TimeDelta::days(days);
        let thresholds: Vec<Threshold> = Threshold::all(&item.lead_days).collect();
        let threshold = thresholds[which];
        let again_on = when.date_naive() + chrono::Days::new(again);
        let answers = Answers {
            acknowledged: vec![Acknowledged { person: ALICE, threshold, due_on: item.due_on, at: when, again_on }],
            snoozed: if both {
                vec![Snoozed { person: ALICE, at: when, until: when + TimeDelta::minutes(later) }]
            } else {
                Vec::new()
            },
        };
        let before = plan(&item, &everybody());
        let after = apply(&item, before.clone(), &everybody(), Some(&answers));
        prop_assert_eq!(&after, &apply(&item, before.clone(), &everybody(), Some(&answers)));
        let of_bob = |slots: &[PlannedSlot]| slots.iter().filter(|slot| slot.recipient_id == Some(BOB)).cloned().collect::<Vec<_>>();
        prop_assert_eq!(of_bob(&before), of_bob(&after));
        let escalation = |slots: &[PlannedSlot]| slots.iter().find(|slot| slot.threshold == Threshold::Escalation).cloned();
        if threshold < Threshold::Escalation {
            prop_assert_eq!(escalation(&before), escalation(&after));
        }
        let seen: BTreeSet<[u8; 32]> = after.iter().map(|slot| slot.fingerprint).collect();
        prop_assert_eq!(seen.len(), after.len());
        prop_assert!(after.iter().all(|slot| slot.recipient_id != Some(ALICE) || slot.threshold == Threshold::Again
            || slot.threshold > threshold));
    }
}
