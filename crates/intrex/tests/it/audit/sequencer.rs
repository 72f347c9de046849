//! Every committed event gets exactly one place, whoever commits when and however many sequencers there are.

use std::collections::HashSet;

use chrono::TimeDelta;
use intrex_core::audit::{Event, sequencer};
use sqlx::Row as _;
use uuid::Uuid;

use crate::support::{Tenant, TestApp};

/// The numbers of a chain, in order.
async fn numbers(app: &TestApp, tenant: &Tenant) -> Vec<i64> {
    sqlx::query_scalar("select seq from app.audit_leaves where chain_key = $1 order by seq")
        .bind(tenant.id.uuid())
        .fetch_all(&mut app.superuser().await)
        .await
        .expect("leaves are read")
}

async fn fence(app: &TestApp) -> i64 {
    sqlx::query_scalar("select fence from app.audit_cursor")
        .fetch_one(&mut app.superuser().await)
        .await
        .expect("the cursor is read")
}

fn dense(upto: i64) -> Vec<i64> {
    (1..=upto).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn chains_are_dense_under_parallel_commits_of_several_tenants() {
    const COMMITS: usize = 200;
    let app = TestApp::start().await;
    let tenants = [
        app.tenant("Acme").await,
        app.tenant("Globex").await,
        app.tenant("Initech").await,
    ];
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let working = tokio::spawn({
        let app = app.app.clone();
        async move { sequencer::run(&app, stopped).await }
    });
    let commits: Vec<_> = (0..COMMITS)
        .map(|number| {
            let (app, tenant) = (app.app.clone(), tenants[number % 3].clone());
            tokio::spawn(async move {
                let tx = app.db.write(&tenant.operator).await.expect("begins");
                tx.commit(Event::new("test", "thing.done").with("number", number as u64))
                    .await
                    .expect("commits");
            })
        })
        .collect();
    for commit in commits {
        commit.await.expect("no task panics");
    }
    stop.send(true).expect("the sequencer listens");
    working.await.expect("the sequencer ends in order");
    app.sequence().await;

    // Each chain begins with the tenant's creation.
    assert_eq!(numbers(&app, &tenants[0]).await, dense(68));
    assert_eq!(numbers(&app, &tenants[1]).await, dense(68));
    assert_eq!(numbers(&app, &tenants[2]).await, dense(67));
    app.finish().await;
}

#[tokio::test]
async fn a_transaction_that_commits_late_is_not_lost() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    app.sequence().await;
    let mut late = app.app.db.write(&acme.operator).await.expect("begins");
    late.stage(vec![Event::new("test", "thing.early")])
        .await
        .expect("is staged");
    app.record(&acme, "thing.later").await;

    // The later one waits: placing it now would put the cursor past the earlier one.
    let placed = sequencer::sequence_once(&app.app).await.expect("works");
    assert_eq!(placed, 0);
    assert_eq!(numbers(&app, &acme).await, dense(1));
    late.commit(Event::new("test", "thing.done"))
        .await
        .expect("commits");
    app.sequence().await;

    let actions: Vec<String> = sqlx::query_scalar(
        "select e.action from app.audit_leaves l join app.audit_events e on e.id = l.event_id order by l.seq",
    )
    .fetch_all(&mut app.superuser().await)
    .await
    .expect("leaves are read");
    assert_eq!(
        actions,
        ["tenant.created", "thing.early", "thing.done", "thing.later"]
    );
    app.finish().await;
}

#[tokio::test]
async fn more_than_a_batch_is_placed_in_several() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let many = usize::try_from(sequencer::EVENTS_A_BATCH).expect("is positive") + 7;
    let tx = app.app.db.write(&acme.operator).await.expect("begins");
    tx.commit_all(vec![Event::new("test", "thing.done"); many])
        .await
        .expect("commits");
    app.sequence().await;
    assert_eq!(numbers(&app, &acme).await.len(), many + 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_sequencers_at_once_place_every_event_once() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    for _ in 0..20 {
        app.record(&acme, "thing.done").await;
        let both = [app.app.clone(), app.app.clone()].map(|app| {
            tokio::spawn(async move { sequencer::sequence_once(&app).await.expect("works") })
        });
        for one in both {
            one.await.expect("no task panics");
        }
    }
    app.sequence().await;
    assert_eq!(numbers(&app, &acme).await, dense(21));
    app.finish().await;
}

#[tokio::test]
async fn a_sequencer_that_was_taken_over_places_nothing_more() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let (mut first, mut second) = (
        sequencer::Sequencer::new(&app.app),
        sequencer::Sequencer::new(&app.app),
    );
    app.sequence().await;
    let placed = |result: intrex_core::Result<usize>| result.expect("works");

    app.record(&acme, "thing.done").await;
    wait_for_others(&app).await;
    assert_eq!(placed(first.batch().await), 1, "the first takes the lease");
    let fence_of_first = fence(&app).await;

    app.record(&acme, "thing.done").await;
    wait_for_others(&app).await;
    assert_eq!(placed(second.batch().await), 0, "the lease holds");
    app.app.clock.advance(TimeDelta::seconds(31));
    assert_eq!(placed(second.batch().await), 1, "the lease has ended");
    assert_eq!(fence(&app).await, fence_of_first + 1);

    app.record(&acme, "thing.done").await;
    wait_for_others(&app).await;
    assert_eq!(placed(first.batch().await), 0, "the first is fenced out");
    first.resign().await.expect("has nothing to give back");
    assert_eq!(
        placed(first.batch().await),
        0,
        "and cannot give away what it lost"
    );
    second.resign().await.expect("gives the lease back");
    assert_eq!(
        placed(first.batch().await),
        1,
        "a lease given back is free at once"
    );
    app.finish().await;
}

#[tokio::test]
async fn the_lease_holder_says_that_it_is_alive() {
    let app = TestApp::start().await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let core = app.app.clone();
    let working = tokio::spawn(async move { sequencer::run(&core, stopped).await });
    let mut superuser = app.superuser().await;
    let beat = tokio::time::timeout(std::time::Duration::from_secs(30), async {
        loop {
            let beat = sqlx::query("select worker, beat_at from app.heartbeats")
                .fetch_optional(&mut superuser)
                .await
                .expect("heartbeats are read");
            if let Some(beat) = beat {
                break beat;
            }
            tokio::task::yield_now().await;
        }
    });
    let beat = beat.await.expect("it beats");
    assert_eq!(beat.get::<String, _>("worker"), "audit.sequencer");
    drop(stop);
    working
        .await
        .expect("ends when nobody can stop it any more");
    app.finish().await;
}

#[tokio::test]
async fn events_of_nobodys_tenant_have_a_chain_of_their_own() {
    let app = TestApp::start().await;
    let platform = intrex_core::ids::TenantId::PLATFORM;
    let operator = intrex_core::Actor::operator(platform, "a test").expect("a reason");
    let tx = app.app.db.write(&operator).await.expect("begins");
    tx.commit(Event::new("installation", "installation.looked_at"))
        .await
        .expect("commits");
    app.sequence().await;
    let chains: Vec<Uuid> = sqlx::query_scalar("select chain_key from app.audit_heads")
        .fetch_all(&mut app.superuser().await)
        .await
        .expect("heads are read");
    assert_eq!(HashSet::from_iter(chains), HashSet::from([Uuid::nil()]));
    app.finish().await;
}

/// Waits until no transaction of another test, on the same server, holds the order back.
async fn wait_for_others(app: &TestApp) {
    let mut superuser = app.superuser().await;
    let settled = tokio::time::timeout(std::time::Duration::from_secs(30), async {
        loop {
            let held_back: bool = sqlx::query_scalar(
                "select exists (select from app.audit_events
                   where xid >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint)",
            )
            .fetch_one(&mut superuser)
            .await
            .expect("is asked");
            if !held_back {
                break;
            }
            tokio::task::yield_now().await;
        }
    });
    settled.await.expect("other transactions end");
}
