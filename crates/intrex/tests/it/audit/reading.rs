//! What pages and programs see of the log.

use chrono::TimeDelta;
use intrex_core::{
    Error,
    audit::{
        Event,
        reads::{self, AuditEvent, AuditFilter},
        verify,
    },
    obligations::{commands, input::RawReschedule},
    paging::{Page, PageRequest},
    permission::Role,
    raw::Raw,
};

use crate::support::{Tenant, TestApp};

async fn list(app: &TestApp, tenant: &Tenant, filter: &AuditFilter) -> Vec<AuditEvent> {
    page(app, tenant, filter, PageRequest::first(200))
        .await
        .items
}

async fn page(
    app: &TestApp,
    tenant: &Tenant,
    filter: &AuditFilter,
    request: PageRequest,
) -> Page<AuditEvent> {
    let mut tx = app.app.db.read(&tenant.operator).await.expect("begins");
    reads::list(&mut tx, filter, &request)
        .await
        .expect("the log is listed")
}

#[tokio::test]
async fn an_event_shows_who_did_what_and_its_place_in_the_chain() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    app.sequence().await;
    app.app.clock.advance(TimeDelta::seconds(1));
    let about = app.record(&acme, "thing.done").await;

    let events = list(&app, &acme, &AuditFilter::default()).await;
    let [done, created] = &events[..] else {
        panic!("two events: {events:?}");
    };
    assert_eq!(done.action, "thing.done");
    assert_eq!(done.outcome, "success");
    assert_eq!(done.chain_key, acme.id.uuid());
    assert_eq!(
        done.entity.as_ref().map(|entity| entity.id.clone()),
        Some(about.to_string())
    );
    assert_eq!(done.summary, Some(format!("thing.done of {about}")));
    assert_eq!(done.metadata["count"], 1);
    assert_eq!(done.fields["operator_reason"].as_deref(), Some("a test"));
    assert_eq!(
        (done.seq, done.hash.as_ref()),
        (None, None),
        "it waits for its place"
    );
    assert_eq!(
        (created.action.as_str(), created.seq),
        ("tenant.created", Some(1))
    );
    assert_eq!(created.summary.as_deref(), Some("Acme"));

    app.sequence().await;
    let events = list(&app, &acme, &AuditFilter::default()).await;
    assert_eq!(events[0].seq, Some(2));
    assert_eq!(events[0].prev_hash, events[1].hash);
    assert_eq!(events[1].prev_hash, Some("0".repeat(64)));
    app.finish().await;
}

#[tokio::test]
async fn what_one_command_tells_is_listed_in_its_order() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    app.app.clock.advance(TimeDelta::seconds(1));
    let tx = app.app.db.write(&acme.operator).await.expect("begins");
    let events = (0_u64..20).map(|number| Event::new("test", "thing.done").with("number", number));
    tx.commit_all(events.collect()).await.expect("commits");
    let listed = list(&app, &acme, &AuditFilter::default()).await;
    let numbers: Vec<_> = listed[..20]
        .iter()
        .map(|event| event.metadata["number"].as_u64())
        .collect();
    assert_eq!(numbers, (0..20).rev().map(Some).collect::<Vec<_>>());
    app.finish().await;
}

#[tokio::test]
async fn pages_follow_one_another_without_gap_or_repetition() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    for _ in 0..6 {
        app.record(&acme, "thing.done").await;
        app.app.clock.advance(TimeDelta::seconds(1));
    }
    let filter = AuditFilter::default();
    let mut seen = Vec::new();
    let mut request = PageRequest::first(3);
    loop {
        let page = page(&app, &acme, &filter, request.clone()).await;
        seen.extend(page.items);
        if page.next_cursor.is_none() {
            break;
        }
        request = request.at(page.next_cursor);
    }
    assert_eq!(seen.len(), 7);
    assert!(seen.is_sorted_by_key(|event| std::cmp::Reverse((event.recorded_at, event.id))));

    // A cursor continues its own list only.
    let first = page(&app, &acme, &filter, PageRequest::first(3)).await;
    let other = AuditFilter {
        action: Some("thing.done".to_owned()),
        ..AuditFilter::default()
    };
    let mut tx = app.app.db.read(&acme.operator).await.expect("begins");
    let refused = reads::list(
        &mut tx,
        &other,
        &PageRequest::first(3).at(first.next_cursor),
    )
    .await;
    assert!(matches!(refused, Err(Error::Invalid(fields)) if fields[0].field == "cursor"));
    drop(tx);
    app.finish().await;
}

#[tokio::test]
async fn filters_narrow_the_log() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let first = app.record(&acme, "thing.done").await;
    app.travel_to("2026-11-23T00:00:00Z");
    app.record(&acme, "thing.undone").await;
    let midnight = Some(app.app.now());
    let nothing = AuditFilter::default;
    for (filter, expected) in [
        (
            AuditFilter {
                action: Some("thing.done".to_owned()),
                ..nothing()
            },
            1,
        ),
        (
            AuditFilter {
                action: Some("thing".to_owned()),
                ..nothing()
            },
            0,
        ),
        (
            AuditFilter {
                entity_id: Some(first),
                ..nothing()
            },
            1,
        ),
        (
            AuditFilter {
                actor_id: Some(first),
                ..nothing()
            },
            0,
        ),
        (
            AuditFilter {
                from: midnight,
                ..nothing()
            },
            1,
        ),
        (
            AuditFilter {
                to: midnight,
                ..nothing()
            },
            2,
        ),
        (nothing(), 3),
    ] {
        assert_eq!(
            list(&app, &acme, &filter).await.len(),
            expected,
            "{filter:?}"
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn another_tenants_events_are_not_there() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let theirs = app.record(&acme, "thing.done").await;
    let filter = AuditFilter {
        entity_id: Some(theirs),
        ..AuditFilter::default()
    };
    assert_eq!(list(&app, &globex, &filter).await.len(), 0);
    assert_eq!(list(&app, &globex, &AuditFilter::default()).await.len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn what_was_erased_is_null() {
    let mut app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    // A key goes with its organisation: of one that is there, the owner of the database alone can take it.
    let erase =
        "set session_replication_role = replica; alter table app.data_keys disable trigger all;
        update app.data_keys set wrapped = null, erased_at = current_timestamp";
    sqlx::raw_sql(erase)
        .execute(&mut app.superuser().await)
        .await
        .expect("the key is erased");
    app.leaves_the_log_broken();
    let events = list(&app, &acme, &AuditFilter::default()).await;
    assert_eq!(events[0].summary, None);
    assert_eq!(events[0].fields["operator_reason"], None);
    assert_eq!(events[0].action, "tenant.created");
    app.finish().await;
}

#[tokio::test]
async fn a_value_that_the_entry_did_not_commit_to_is_not_shown() {
    let mut app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    app.record(&acme, "thing.done").await;
    app.record(&acme, "thing.done").await;
    // Sealed values are bound to their event: put to another one, they do not open.
    let swap = "alter table app.audit_events disable trigger all;
        update app.audit_events e set sealed = (select o.sealed from app.audit_events o where o.id <> e.id limit 1)";
    sqlx::raw_sql(swap)
        .execute(&mut app.superuser().await)
        .await
        .expect("the superuser may");
    app.leaves_the_log_broken();
    let events = list(&app, &acme, &AuditFilter::default()).await;
    assert_eq!(events.len(), 3);
    assert!(events.iter().all(|event| event.summary.is_none()));
    app.finish().await;
}

#[tokio::test]
async fn an_obligations_timeline_tells_its_story() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let branch = app.branch(&acme, "DHK-01").await;
    let vat = app
        .obligation(&acme, &branch, "File VAT", "2026-12-15")
        .await;
    app.obligation(&acme, &branch, "Renew licence", "2026-12-31")
        .await;
    let reschedule = RawReschedule {
        due_on: Raw::from("2026-12-20"),
        reason: Raw::from("the office is closed"),
    };
    app.app.clock.advance(TimeDelta::hours(1));
    commands::reschedule(&app.app, &acme.operator, vat.id, &reschedule, None)
        .await
        .expect("is rescheduled");

    let mut tx = app.app.db.read(&acme.operator).await.expect("begins");
    let story = reads::timeline(&mut tx, vat.id).await.expect("is read");
    let actions: Vec<&str> = story.iter().map(|event| event.action.as_str()).collect();
    assert_eq!(actions, ["obligation.rescheduled", "obligation.created"]);
    assert_eq!(
        story[0].fields["rescheduling_reason"].as_deref(),
        Some("the office is closed")
    );
    drop(tx);
    let mut tx = app.app.db.read(&globex.operator).await.expect("begins");
    let foreign = reads::timeline(&mut tx, vat.id).await;
    assert!(matches!(foreign, Err(Error::NotFound)));
    drop(tx);
    app.finish().await;
}

#[tokio::test]
async fn managers_read_of_their_branches_and_operators_only_the_story_of_their_tasks() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let (dhaka, sylhet) = (
        app.branch(&acme, "DHK-01").await,
        app.branch(&acme, "SYL-01").await,
    );
    let bob = app
        .member(&acme, "Bob", Role::BranchManager, &[dhaka.id])
        .await;
    let carol = app
        .member(&acme, "Carol", Role::Operator, &[dhaka.id])
        .await;
    let here = app
        .obligation(&acme, &dhaka, "File VAT", "2026-12-15")
        .await;
    let there = app
        .obligation(&acme, &sylhet, "File VAT", "2026-12-15")
        .await;
    let (bob, carol) = (app.acting(&bob).await, app.acting(&carol).await);

    let mut tx = app.app.db.read(&bob).await.expect("begins");
    let events = reads::list(&mut tx, &AuditFilter::default(), &PageRequest::first(200))
        .await
        .expect("a manager reads");
    assert!(!events.items.is_empty());
    for event in events.items {
        assert_eq!(event.branch_id, Some(dhaka.id.uuid()), "{}", event.action);
        assert!(!event.fields.contains_key("ip") && !event.fields.contains_key("user_agent"));
    }
    reads::timeline(&mut tx, here.id)
        .await
        .expect("the own branch");
    let foreign = reads::timeline(&mut tx, there.id).await;
    assert!(matches!(foreign, Err(Error::NotFound)));
    drop(tx);

    let mut tx = app.app.db.read(&carol).await.expect("begins");
    let refused = reads::list(&mut tx, &AuditFilter::default(), &PageRequest::first(5)).await;
    assert!(matches!(refused, Err(Error::Forbidden)));
    let not_hers = reads::timeline(&mut tx, here.id).await;
    assert!(
        matches!(not_hers, Err(Error::NotFound)),
        "in her branch, and not her task"
    );
    drop(tx);
    for actor in [&bob, &carol] {
        let refused = verify::verify(&app.app, actor).await;
        assert!(matches!(refused, Err(Error::Forbidden)));
    }
    app.finish().await;
}

#[tokio::test]
async fn reading_the_log_is_told_once_in_a_quarter_of_an_hour() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let read = async || {
        reads::record_reading(&app.app, &acme.operator, "page")
            .await
            .expect("is told");
    };
    let told = async || {
        let filter = AuditFilter {
            action: Some("audit.read".to_owned()),
            ..AuditFilter::default()
        };
        list(&app, &acme, &filter).await.len()
    };
    read().await;
    read().await;
    assert_eq!(told().await, 1);
    app.app.clock.advance(TimeDelta::minutes(14));
    read().await;
    assert_eq!(told().await, 1);
    app.app.clock.advance(TimeDelta::minutes(1));
    read().await;
    assert_eq!(told().await, 2);
    app.finish().await;
}
