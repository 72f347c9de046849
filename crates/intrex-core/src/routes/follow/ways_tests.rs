//! To whom, by which way and as how many messages, without a database.

use chrono::TimeDelta;
use chrono_tz::Tz;

use super::*;
use crate::{
    audit::Event,
    channels::{EventType, schema},
    ids::BranchId,
    obligations::schedule::{Quiet, Weekdays},
    permission::Role,
    reminders::Named,
    routes::{
        follow::recorded,
        model::{Happening, Recipients},
    },
};

const GULSHAN: Uuid = Uuid::from_u128(1);
const BANANI: Uuid = Uuid::from_u128(2);
const ADMIN: Uuid = Uuid::from_u128(10);
const MANAGER: Uuid = Uuid::from_u128(11);
const OWNER: Uuid = Uuid::from_u128(12);
const HOOK: Uuid = Uuid::from_u128(20);
const CHAT: Uuid = Uuid::from_u128(21);
const TEMPLATE: Uuid = Uuid::from_u128(22);

fn now() -> DateTime<Utc> {
    "2026-11-23T03:00:00Z".parse().expect("an instant")
}

fn directory() -> Directory {
    let mut directory = Directory::default();
    directory.add(ADMIN, Role::HeadOfficeAdmin, None);
    directory.add(MANAGER, Role::BranchManager, Some(GULSHAN));
    directory.add(OWNER, Role::Operator, Some(GULSHAN));
    directory
}

fn route(id: u128, connector: Option<Uuid>, recipient: Recipients) -> Route {
    Route {
        id: Uuid::from_u128(id).into(),
        name: "A route".into(),
        event_types: EventType::routed().collect(),
        min_severity: Severity::Medium,
        branch_id: None,
        connector_id: connector.map(Into::into),
        recipient,
        person_id: None,
        quiet: None,
        escalate_after_hours: None,
        escalate_to: None,
        active: true,
        created_at: now(),
        updated_at: now(),
        version: 1,
    }
}

fn happened(id: u128, event_type: EventType) -> Happened {
    let severity = Severity::High;
    let mut notice = schema::example(event_type);
    notice.id = Uuid::from_u128(id);
    Happened {
        what: Happening {
            event_type,
            severity: Some(severity),
            branch: Some(BranchId::from(GULSHAN)),
        },
        notice,
        named: Named {
            branch: GULSHAN,
            owner: Some(OWNER),
            deputy: None,
            severity,
        },
        zone: Tz::Asia__Dhaka,
        known_to: None,
        barred: None,
        folds: None,
    }
}

fn completed(id: u128) -> Happened {
    happened(id, EventType::ObligationCompleted)
}

/// Who is told, by which connector.
fn told(one: &Happened, routes: &[Route]) -> Vec<(Option<Uuid>, Option<Uuid>)> {
    let ways = of(one, routes, &directory(), now());
    ways.iter()
        .map(|way| (way.connector.map(Uuid::from), way.recipient.map(Uuid::from)))
        .collect()
}

fn types() -> HashMap<Uuid, ConnectorType> {
    HashMap::from([
        (HOOK, ConnectorType::Webhook),
        (CHAT, ConnectorType::TelegramBot),
        (TEMPLATE, ConnectorType::WhatsappBusiness),
    ])
}

#[test]
fn all_routes_that_match_apply_and_nobody_is_told_twice_over_one_way() {
    let routes = [
        route(1, None, Recipients::Responsible),
        route(2, None, Recipients::BranchManagers),
        route(3, Some(HOOK), Recipients::Endpoint),
        route(4, Some(HOOK), Recipients::Endpoint),
        route(5, None, Recipients::Responsible),
    ];
    assert_eq!(
        told(&completed(1), &routes),
        [
            (None, Some(OWNER)),
            (None, Some(MANAGER)),
            (Some(HOOK), None)
        ]
    );
}

#[test]
fn a_route_of_another_branch_of_graver_things_or_out_of_use_tells_nobody() {
    let good = route(1, Some(HOOK), Recipients::Endpoint);
    let elsewhere = Route {
        branch_id: Some(BANANI.into()),
        ..good.clone()
    };
    let graver = Route {
        min_severity: Severity::Critical,
        ..good.clone()
    };
    let off = Route {
        active: false,
        ..good.clone()
    };
    assert_eq!(told(&completed(1), &[elsewhere, graver, off]), []);
    assert_eq!(told(&completed(1), &[good]).len(), 1);
}

#[test]
fn who_has_done_it_is_not_told_and_programs_are() {
    let mut one = completed(1);
    one.known_to = Some(OWNER.into());
    let routes = [
        route(1, None, Recipients::Responsible),
        route(2, Some(HOOK), Recipients::Endpoint),
    ];
    assert_eq!(
        told(&one, &routes),
        [(Some(HOOK), None)],
        "nobody in their place"
    );
}

#[test]
fn what_happens_to_the_whole_organisation_is_told_to_head_office_alone() {
    let mut one = happened(1, EventType::ConnectorFailing);
    one.what.branch = None;
    one.named = Named {
        branch: crate::routes::follow::NOWHERE,
        owner: None,
        deputy: None,
        severity: Severity::Low,
    };
    for recipient in [
        Recipients::Responsible,
        Recipients::BranchManagers,
        Recipients::HeadOffice,
    ] {
        assert_eq!(
            told(&one, &[route(1, None, recipient)]),
            [(None, Some(ADMIN))]
        );
    }
    for (person, expected) in [(MANAGER, 0), (ADMIN, 1)] {
        let to = Route {
            person_id: Some(person.into()),
            ..route(1, None, Recipients::Person)
        };
        assert_eq!(told(&one, &[to]).len(), expected);
    }
}

#[test]
fn nothing_goes_by_the_way_that_has_just_failed() {
    let routes = [
        route(1, Some(HOOK), Recipients::Endpoint),
        route(2, Some(CHAT), Recipients::Endpoint),
        route(3, None, Recipients::HeadOffice),
        route(4, None, Recipients::BranchManagers),
    ];
    let mut one = happened(1, EventType::DeliveryDead);
    let barred = |connector: Option<Uuid>, only_to: Option<Uuid>| {
        Some(Barred {
            connector: connector.map(Into::into),
            only_to: only_to.map(Into::into),
        })
    };
    one.barred = barred(Some(HOOK), None);
    assert!(!told(&one, &routes).contains(&(Some(HOOK), None)));
    assert_eq!(told(&one, &routes).len(), 3);
    one.barred = barred(None, None);
    assert_eq!(
        told(&one, &routes),
        [(Some(HOOK), None), (Some(CHAT), None)]
    );
    // An address that was refused says nothing about the others.
    one.barred = barred(None, Some(MANAGER));
    let reached = told(&one, &routes);
    assert!(reached.contains(&(None, Some(ADMIN))));
    assert!(!reached.contains(&(None, Some(MANAGER))));
}

#[test]
fn quiet_hours_are_those_of_the_branch_and_the_route_that_speaks_first_speaks() {
    let quiet = Route {
        quiet: Some(Quiet {
            from: "08:00".parse().expect("a time"),
            to: "10:00".parse().expect("a time"),
            days: Weekdays::ALL,
        }),
        ..route(1, Some(CHAT), Recipients::Endpoint)
    };
    let one = completed(1);
    // Nine o'clock in Dhaka.
    let ways = of(&one, std::slice::from_ref(&quiet), &directory(), now());
    assert_eq!(ways[0].not_before, now() + TimeDelta::hours(1));
    let loud = route(2, Some(CHAT), Recipients::Endpoint);
    let ways = of(&one, &[quiet, loud.clone()], &directory(), now());
    assert_eq!(ways.len(), 1);
    assert_eq!((ways[0].route, ways[0].not_before), (loud.id, now()));
}

fn staged(all: &[Happened], routes: &[Route]) -> Vec<Staged> {
    let ways: Vec<Way> = all
        .iter()
        .flat_map(|one| of(one, routes, &directory(), now()))
        .collect();
    messages(&ways, &types(), now())
}

#[test]
fn what_happens_at_once_is_one_letter_and_a_program_is_told_each_by_itself() {
    let all: Vec<Happened> = (1..=120).map(completed).collect();
    let sizes = |connector: Option<Uuid>, recipient| -> Vec<usize> {
        let staged = staged(&all, &[route(1, connector, recipient)]);
        let fingerprints: HashSet<_> = staged.iter().map(|one| one.fingerprint).collect();
        assert_eq!(fingerprints.len(), staged.len());
        staged.iter().map(|one| one.notices.len()).collect()
    };
    assert_eq!(sizes(None, Recipients::HeadOffice), [50, 50, 20]);
    assert_eq!(sizes(Some(CHAT), Recipients::Endpoint), [50, 50, 20]);
    assert_eq!(sizes(Some(HOOK), Recipients::Endpoint), [1; 120]);
    assert_eq!(sizes(Some(TEMPLATE), Recipients::Endpoint), [1; 120]);
}

#[test]
fn what_is_of_two_branches_or_of_two_kinds_is_not_one_message() {
    let mut elsewhere = completed(2);
    elsewhere.what.branch = Some(BANANI.into());
    let reopened = happened(3, EventType::ObligationReopened);
    let all = [completed(1), elsewhere, reopened];
    let staged = staged(&all, &[route(1, Some(CHAT), Recipients::Endpoint)]);
    assert_eq!(staged.len(), 3);
    for one in staged {
        assert!(one.branch.is_some());
    }
}

#[test]
fn people_are_told_once_of_what_folds_and_programs_of_each() {
    let mut all: Vec<Happened> = (1..=60)
        .map(|id| happened(id, EventType::SecurityEvent))
        .collect();
    for one in &mut all {
        one.folds = Some("LOGIN_BURST:1".into());
    }
    for (way, recipient, first) in [
        (None, Recipients::HeadOffice, 50),
        (Some(CHAT), Recipients::Endpoint, 50),
        (Some(TEMPLATE), Recipients::Endpoint, 1),
    ] {
        let routes = [route(1, way, recipient)];
        let once = staged(&all, &routes);
        assert_eq!(once.len(), 1);
        assert_eq!(once[0].notices.len(), first);
        // Whatever comes later in that hour is the same message, which is there already.
        let later = staged(&all[55..], &routes);
        assert_eq!(later[0].fingerprint, once[0].fingerprint);
    }
    let hook = [route(1, Some(HOOK), Recipients::Endpoint)];
    assert_eq!(staged(&all, &hook).len(), 60);
}

#[test]
fn a_fingerprint_is_one_events_one_routes_and_one_recipients() {
    let (one, other) = (completed(1), completed(2));
    let print = |one: &Happened, route: Route| {
        let ways = of(one, &[route], &directory(), now());
        messages(&ways, &types(), now())[0].fingerprint
    };
    let usual = route(1, None, Recipients::HeadOffice);
    let fingerprints = HashSet::from([
        print(&one, usual.clone()),
        print(&other, usual.clone()),
        print(&one, route(2, None, Recipients::HeadOffice)),
        print(&one, route(1, None, Recipients::BranchManagers)),
        print(&one, route(1, Some(CHAT), Recipients::Endpoint)),
    ]);
    assert_eq!(fingerprints.len(), 5);
    assert!(fingerprints.contains(&print(&completed(1), usual)));
}

#[test]
fn the_log_is_followed_by_name_and_a_message_about_a_dead_message_ends_there() {
    let event = |action| Event::new("x", action).on("thing", OWNER);
    let dead = |tells: &str| event("delivery.dead").failed().with("type", tells);
    let events = [
        event("obligation.updated"),
        event("obligation.completed"),
        dead("obligation.due"),
        dead("delivery.dead"),
        dead("connector.failing"),
        event("digest"),
        event("connector.disabled"),
    ];
    let followed: Vec<_> = recorded(&events)
        .into_iter()
        .map(|one| (one.event_type, one.place))
        .collect();
    assert_eq!(
        followed,
        [
            (EventType::ObligationCompleted, 1),
            (EventType::DeliveryDead, 2),
            (EventType::DeliveryDead, 4),
            (EventType::ConnectorDisabled, 6),
        ]
    );
}

#[test]
fn everything_that_a_route_can_be_for_is_planned_followed_or_folded() {
    for event in EventType::routed() {
        let followed = event.is_of_the_log() || event == EventType::SecurityEvent;
        let elsewhere = event.is_reminder() || event == EventType::Digest;
        assert!(followed != elsewhere, "{event}");
    }
}
