//! The life of an obligation.

use std::collections::HashSet;

use intrex_core::{
    Error,
    obligations::{
        commands,
        input::{RawCompletion, RawObligation, RawReason, RawReschedule},
        model::Obligation,
        reads,
    },
    permission::Role,
};

use crate::support::{
    Tenant, TestApp,
    members::{conflict, wrong_fields},
};

/// A yearly fire licence at a branch, due on a date.
fn due(branch: impl ToString, on: &str) -> RawObligation {
    RawObligation {
        branch_id: branch.to_string().into(),
        category: "fire_safety".into(),
        title: "Fire licence renewal".into(),
        due_on: on.into(),
        ..RawObligation::default()
    }
}

fn repeating(branch: impl ToString, on: &str, rule: &str) -> RawObligation {
    RawObligation {
        recurrence: rule.into(),
        ..due(branch, on)
    }
}

fn because(reason: &str) -> RawReason {
    RawReason {
        reason: reason.into(),
    }
}

async fn made(app: &TestApp, tenant: &Tenant, raw: &RawObligation) -> Obligation {
    commands::create(&app.app, &tenant.operator, raw)
        .await
        .expect("the obligation is created")
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_people_completing_at_once_make_one_completion_one_event_and_one_successor() {
    let app = TestApp::start_with(8).await;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "GUL").await.id;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let alice = app.acting(&alice).await;
    let item = made(
        &app,
        &acme,
        &repeating(gulshan, "2026-12-05", "FREQ=YEARLY"),
    )
    .await;
    let tries: Vec<_> = (0..50)
        .map(|_| {
            let (app, alice) = (app.app.clone(), alice.clone());
            tokio::spawn(async move {
                commands::complete(&app, &alice, item.id, &RawCompletion::default(), None).await
            })
        })
        .collect();
    let mut settled = Vec::new();
    for one in tries {
        match one.await.expect("no panic") {
            Ok(done) => settled.push(done),
            Err(Error::Conflict(_)) => {}
            Err(other) => panic!("neither done nor too late: {other:?}"),
        }
    }
    assert_eq!(settled.len(), 1);
    let successor = settled[0]
        .successor
        .as_ref()
        .expect("a yearly item goes on");
    assert_eq!(successor.due_on.to_string(), "2027-12-05");
    assert_eq!(successor.series_id, item.series_id);
    assert_eq!(
        app.count("select count(*) from app.obligation_instances")
            .await,
        2
    );
    assert_eq!(
        app.count("select count(*) from app.audit_events where action = 'obligation.completed'")
            .await,
        1
    );
    app.finish().await;
}

#[tokio::test]
async fn a_series_on_the_31st_clamps_and_returns_and_a_moved_item_does_not_repeat_itself() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "GUL").await.id;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let alice = app.acting(&alice).await;
    app.travel_to("2027-01-05T03:00:00Z");
    let mut item = made(
        &app,
        &acme,
        &repeating(gulshan, "2027-01-31", "FREQ=MONTHLY"),
    )
    .await;
    let moved = RawReschedule {
        due_on: "2027-01-20".into(),
        reason: "the office is closed".into(),
    };
    commands::reschedule(&app.app, &alice, item.id, &moved, None)
        .await
        .expect("moved");
    let mut dates = Vec::new();
    for _ in 0..4 {
        let done = RawCompletion {
            completed_on: "2027-01-05".into(),
            ..RawCompletion::default()
        };
        let settled = commands::complete(&app.app, &alice, item.id, &done, None)
            .await
            .expect("completed");
        item = settled.successor.expect("goes on");
        dates.push(item.due_on.to_string());
    }
    assert_eq!(
        dates,
        ["2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]
    );
    app.finish().await;
}

#[tokio::test]
async fn waiving_needs_a_reason_and_does_not_end_the_series() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "GUL").await.id;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let alice = app.acting(&alice).await;
    let item = made(
        &app,
        &acme,
        &repeating(gulshan, "2026-11-30", "FREQ=MONTHLY;INTERVAL=3"),
    )
    .await;
    let empty = commands::waive(&app.app, &alice, item.id, &because("  "), None).await;
    assert_eq!(wrong_fields(empty), ["reason"]);
    let waived = commands::waive(
        &app.app,
        &alice,
        item.id,
        &because("the branch closes"),
        None,
    )
    .await
    .expect("waived");
    assert_eq!(waived.item.status, "waived");
    assert_eq!(
        waived.item.waiver.as_ref().map(|w| w.reason.as_str()),
        Some("the branch closes")
    );
    assert_eq!(
        waived.successor.expect("goes on").due_on.to_string(),
        "2027-02-28"
    );
    let again =
        commands::complete(&app.app, &alice, item.id, &RawCompletion::default(), None).await;
    assert_eq!(conflict(again), "obligation-already-waived");
    app.finish().await;
}

#[tokio::test]
async fn what_is_opened_again_and_completed_again_has_one_successor() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "GUL").await.id;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let alice = app.acting(&alice).await;
    let item = made(
        &app,
        &acme,
        &repeating(gulshan, "2026-12-05", "FREQ=YEARLY"),
    )
    .await;
    let done = RawCompletion::default();
    let first = commands::complete(&app.app, &alice, item.id, &done, None)
        .await
        .expect("completed");
    let opened = commands::reopen(&app.app, &alice, item.id, &because("wrong item"), None)
        .await
        .expect("opened");
    assert_eq!((opened.status, opened.completion), ("upcoming", None));
    let second = commands::complete(&app.app, &alice, item.id, &done, None)
        .await
        .expect("completed again");
    assert_eq!(
        first.successor.map(|s| s.id),
        second.successor.map(|s| s.id)
    );
    assert_eq!(
        app.count("select count(*) from app.obligation_instances")
            .await,
        2
    );
    app.finish().await;
}

#[tokio::test]
async fn counted_from_completion_the_next_date_follows_the_day_it_was_done() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "GUL").await.id;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let alice = app.acting(&alice).await;
    let raw = RawObligation {
        anchor: "completion".into(),
        ..repeating(gulshan, "2026-11-10", "FREQ=DAILY;INTERVAL=90")
    };
    let item = made(&app, &acme, &raw).await;
    let done = RawCompletion {
        completed_on: "2026-11-20".into(),
        note: "filter changed".into(),
    };
    let settled = commands::complete(&app.app, &alice, item.id, &done, None)
        .await
        .expect("completed");
    assert_eq!(
        settled.successor.expect("goes on").due_on.to_string(),
        "2027-02-18"
    );
    let future = RawCompletion {
        completed_on: "2026-12-31".into(),
        ..RawCompletion::default()
    };
    let other = made(&app, &acme, &due(gulshan, "2026-12-01")).await;
    let refused = commands::complete(&app.app, &alice, other.id, &future, None).await;
    assert_eq!(wrong_fields(refused), ["completed_on"]);
    app.finish().await;
}

#[tokio::test]
async fn the_status_follows_the_date_in_the_branchs_own_zone() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let dhaka = app.branch(&acme, "DHA").await.id;
    let item = made(&app, &acme, &due(dhaka, "2026-12-05")).await;
    let status = async |at: &str| {
        app.travel_to(at);
        let mut tx = app.app.db.read(&acme.operator).await.expect("reads");
        let shown = reads::get(&mut tx, item.id).await.expect("there").status;
        tx.finish().await.expect("finishes");
        shown
    };
    // Dhaka is six hours ahead of UTC.
    assert_eq!(status("2026-12-04T17:59:59Z").await, "upcoming");
    assert_eq!(status("2026-12-04T18:00:00Z").await, "due_today");
    assert_eq!(status("2026-12-05T17:59:59Z").await, "due_today");
    assert_eq!(status("2026-12-05T18:00:00Z").await, "overdue");
    app.finish().await;
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "GUL").await.id;
    let globex = app.tenant("Globex").await;
    let foreign = app.branch(&globex, "GLO").await.id;
    let bad = RawObligation {
        title: "x".repeat(201).into(),
        category: "a\0b".into(),
        severity: "terrible".into(),
        due_on: "0000-00-00".into(),
        recurrence: "FREQ=SECONDLY".into(),
        anchor: "moon".into(),
        lead_days: "7,7".into(),
        grace_days: "366".into(),
        owner_id: "not-an-id".into(),
        ..due(gulshan, "2026-12-05")
    };
    let fields: HashSet<String> =
        wrong_fields(commands::create(&app.app, &acme.operator, &bad).await)
            .into_iter()
            .collect();
    let named = [
        "title",
        "category",
        "severity",
        "due_on",
        "recurrence",
        "anchor",
        "lead_days",
        "grace_days",
        "owner_id",
    ];
    assert_eq!(
        fields,
        named.iter().map(|field| (*field).to_owned()).collect()
    );
    for (field, raw) in [
        ("due_on", due(gulshan, "9999-12-31")),
        ("due_on", due(gulshan, "2026-02-30")),
        ("branch_id", due("", "2026-12-05")),
        ("branch_id", due(foreign, "2026-12-05")),
        (
            "owner_id",
            RawObligation {
                owner_id: foreign.to_string().into(),
                ..due(gulshan, "2026-12-05")
            },
        ),
        (
            "template_id",
            RawObligation {
                template_id: foreign.to_string().into(),
                ..due(gulshan, "2026-12-05")
            },
        ),
    ] {
        assert_eq!(
            wrong_fields(commands::create(&app.app, &acme.operator, &raw).await),
            [field]
        );
    }
    assert_eq!(
        app.count("select count(*) from app.obligation_instances")
            .await,
        0
    );
    app.finish().await;
}

#[tokio::test]
async fn an_external_id_is_used_once_in_an_organisation_and_again_in_another() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let (here, there) = (
        app.branch(&acme, "A").await.id,
        app.branch(&globex, "G").await.id,
    );
    let numbered = |branch| RawObligation {
        external_id: "X-1".into(),
        ..due(branch, "2026-12-05")
    };
    made(&app, &acme, &numbered(here)).await;
    assert_eq!(
        wrong_fields(commands::create(&app.app, &acme.operator, &numbered(here)).await),
        ["external_id"]
    );
    made(&app, &globex, &numbered(there)).await;
    app.finish().await;
}

#[tokio::test]
async fn a_change_of_what_somebody_else_changed_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "GUL").await.id;
    let item = made(&app, &acme, &due(gulshan, "2026-12-05")).await;
    let titled = |title: &str| RawObligation {
        title: title.into(),
        ..RawObligation::default()
    };
    let seen = Some(item.version);
    let changed = commands::update(&app.app, &acme.operator, item.id, &titled("Licence"), seen)
        .await
        .expect("changed");
    assert_eq!(
        (changed.title.as_str(), changed.category.as_str()),
        ("Licence", "fire_safety")
    );
    let stale = commands::update(&app.app, &acme.operator, item.id, &titled("Other"), seen).await;
    assert!(matches!(
        stale,
        Err(Error::Conflict(intrex_core::error::Conflict::Stale))
    ));
    let fixed = RawObligation {
        due_on: "2027-01-01".into(),
        ..RawObligation::default()
    };
    assert_eq!(
        wrong_fields(commands::update(&app.app, &acme.operator, item.id, &fixed, None).await),
        ["due_on"]
    );
    app.finish().await;
}
