//! Whatever breaks, and wherever: nothing is lost, and what is sent again carries the same id.

use chrono::TimeDelta;
use intrex_core::{
    connectors::{self, RawRotation},
    deliveries::{State, sender},
};
use secrecy::ExposeSecret as _;
use sqlx::{Connection as _, Executor as _, PgConnection};

use super::{Scene, ids, stage};
use crate::{
    connectors::webhook::{by_body, by_standard},
    support::{TestApp, sink::Sink},
};

/// Nobody else reads or writes this table until the answer is dropped.
pub(super) async fn locked(app: &TestApp, table: &str) -> PgConnection {
    let mut superuser = app.superuser().await;
    let statement = format!("begin; lock table app.{table} in access exclusive mode");
    superuser
        .execute(sqlx::AssertSqlSafe(statement))
        .await
        .expect("is locked");
    superuser
}

/// Waits until so many of the application's statements wait for a lock.
pub(super) async fn blocked(app: &TestApp) {
    let select = "select count(*) from pg_stat_activity
                  where datname = current_database() and wait_event_type = 'Lock' and usename = 'intrex_app'";
    while app.count(select).await == 0 {
        tokio::task::yield_now().await;
    }
}

/// After the lease of whoever died.
async fn taken_over(scene: &Scene, sink: &Sink, before: usize) {
    scene.later(59).await;
    assert_eq!(sink.received().len(), before, "the lease still holds");
    scene.later(2).await;
}

#[tokio::test]
async fn a_worker_that_dies_after_its_claim_loses_nothing() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let (hook, _) = scene.hook(&sink, "Ops").await;
    let id = scene.staged(hook, "one").await;
    let lock = locked(&scene.app, "connector_secrets").await;
    tokio::select! {
        ended = sender::send_due(&scene.app.app) => panic!("it cannot open the connector: {ended:?}"),
        () = blocked(&scene.app) => {}
    }
    lock.close().await.expect("is released");
    assert_eq!(scene.state(id).await, State::Sending);
    taken_over(&scene, &sink, 0).await;
    assert_eq!(ids(&sink), [id.to_string()]);
    assert_eq!(scene.state(id).await, State::Delivered);
    scene.app.finish().await;
}

#[tokio::test]
async fn a_worker_that_dies_while_it_waits_for_the_answer_sends_again_under_the_same_id() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let (hook, _) = scene.hook(&sink, "Ops").await;
    let id = scene.staged(hook, "one").await;
    sink.holds(1);
    tokio::select! {
        ended = sender::send_due(&scene.app.app) => panic!("nobody answers: {ended:?}"),
        () = sink.arrivals(1) => {}
    }
    assert_eq!(scene.state(id).await, State::Sending);
    taken_over(&scene, &sink, 1).await;
    assert_eq!(ids(&sink), [id.to_string(), id.to_string()]);
    let bodies: Vec<_> = sink.received().into_iter().map(|sent| sent.body).collect();
    assert_eq!(bodies[0], bodies[1]);
    let now = scene.now(id).await;
    assert_eq!(now.summary.state, State::Delivered);
    assert_eq!(now.tries.len(), 1, "what was cut off was never told");
    scene.app.finish().await;
}

#[tokio::test]
async fn a_worker_that_dies_before_it_has_written_the_answer_down_sends_again_under_the_same_id() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let (hook, _) = scene.hook(&sink, "Ops").await;
    let id = scene.staged(hook, "one").await;
    let lock = locked(&scene.app, "delivery_attempts").await;
    tokio::select! {
        ended = sender::send_due(&scene.app.app) => panic!("it cannot write it down: {ended:?}"),
        () = blocked(&scene.app) => {}
    }
    assert_eq!(sink.received().len(), 1, "it was sent");
    lock.close().await.expect("is released");
    taken_over(&scene, &sink, 1).await;
    assert_eq!(ids(&sink), [id.to_string(), id.to_string()]);
    assert_eq!(scene.state(id).await, State::Delivered);
    assert_eq!(scene.app.told("delivery.delivered").await, 1);
    scene.later(3_600).await;
    assert_eq!(sink.received().len(), 2);
    scene.app.finish().await;
}

#[tokio::test]
async fn an_outcome_that_the_database_refuses_holds_up_nobody() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let (hook, _) = scene.hook(&sink, "Ops").await;
    let mut all = Vec::new();
    for name in ["one", "two", "three"] {
        all.push(scene.staged(hook, name).await);
    }
    let mut superuser = scene.app.superuser().await;
    let refusing = format!(
        "alter table app.delivery_attempts add constraint refused check (delivery_id <> '{}')",
        all[1]
    );
    superuser
        .execute(sqlx::AssertSqlSafe(refusing))
        .await
        .expect("is in the way");
    scene.send().await;
    assert_eq!(sink.received().len(), 3);
    let states = async || {
        [
            scene.state(all[0]).await,
            scene.state(all[1]).await,
            scene.state(all[2]).await,
        ]
    };
    assert_eq!(
        states().await,
        [State::Delivered, State::Sending, State::Delivered]
    );
    superuser
        .execute("alter table app.delivery_attempts drop constraint refused")
        .await
        .expect("is out of the way");
    taken_over(&scene, &sink, 3).await;
    assert_eq!(states().await, [State::Delivered; 3]);
    assert_eq!(
        ids(&sink)
            .iter()
            .filter(|id| **id == all[1].to_string())
            .count(),
        2
    );
    scene.app.finish().await;
}

#[tokio::test]
async fn a_delivery_that_cannot_be_read_holds_up_nobody() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let (hook, _) = scene.hook(&sink, "Ops").await;
    let damaged = scene.staged(hook, "one").await;
    let whole = scene.staged(hook, "two").await;
    sqlx::query("update app.notification_deliveries set notices = '[7]' where id = $1")
        .bind(damaged.uuid())
        .execute(&mut scene.app.superuser().await)
        .await
        .expect("is damaged");
    scene.send().await;
    assert_eq!(scene.state(whole).await, State::Delivered);
    let told = scene.app.told("delivery.dead").await;
    assert_eq!((sink.received().len(), told), (1, 1));
    scene.app.finish().await;
}

#[tokio::test]
async fn a_worker_whose_lease_has_ended_and_who_is_still_alive_writes_nothing() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let (hook, _) = scene.hook(&sink, "Ops").await;
    let id = scene.staged(hook, "one").await;
    sink.holds(1);
    sink.answers(&[(500, "", "not now")]);
    let slow = tokio::spawn({
        let app = scene.app.app.clone();
        async move { sender::send_due(&app).await }
    });
    sink.arrivals(1).await;
    scene.later(61).await;
    let taken_over = scene.now(id).await.summary;
    assert_eq!((taken_over.state, taken_over.attempts), (State::Waiting, 2));
    sink.release();
    slow.await.expect("ends").expect("goes on");
    assert_eq!(scene.now(id).await.summary, taken_over);
    assert_eq!(scene.app.told("delivery.delivered").await, 0);
    scene.later(3_600).await;
    assert_eq!(scene.state(id).await, State::Delivered);
    let mut sent = ids(&sink);
    sent.dedup();
    assert_eq!(sent, [id.to_string()]);
    scene.app.finish().await;
}

#[tokio::test]
async fn a_thousand_stages_of_one_fingerprint_at_once_are_one_delivery() {
    let scene = Scene::begin_in(TestApp::start_with(20).await).await;
    let sink = Sink::start().await;
    let (hook, _) = scene.hook(&sink, "Ops").await;
    let mut tasks = tokio::task::JoinSet::new();
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(20));
    for _ in 0..1_000 {
        let (app, actor) = (scene.app.app.clone(), scene.actor.clone());
        let gate = gate.clone();
        tasks.spawn(async move {
            let _place = gate.acquire().await.expect("is open");
            stage(&app, &actor, hook, "the same").await
        });
    }
    let staged: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(staged.len(), 1);
    scene.send().await;
    assert_eq!(ids(&sink), [staged[0].to_string()]);
    scene.app.finish().await;
}

#[tokio::test]
async fn an_organisation_that_goes_while_its_message_is_on_its_way_takes_it_along() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let (hook, _) = scene.hook(&sink, "Ops").await;
    scene.staged(hook, "one").await;
    sink.holds(1);
    let sending = tokio::spawn({
        let app = scene.app.app.clone();
        async move { sender::send_due(&app).await }
    });
    sink.arrivals(1).await;
    let mut superuser = scene.app.superuser().await;
    let rows = "delete from app.notification_deliveries; delete from app.connector_secrets; delete from app.connectors";
    superuser.execute(rows).await.expect("are removed");
    sink.release();
    sending.await.expect("ends").expect("goes on");
    assert_eq!(scene.app.told("delivery.delivered").await, 0);
    let left = "select count(*) from app.delivery_attempts";
    assert_eq!(scene.app.count(left).await, 0);
    scene.app.finish().await;
}

#[tokio::test]
async fn a_suspended_organisation_sends_nothing_until_it_is_let_in_again() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let (hook, _) = scene.hook(&sink, "Ops").await;
    let id = scene.staged(hook, "one").await;
    let status = |status: &'static str| {
        let tenant = scene.acme.id.uuid();
        let update = sqlx::query("update app.tenants set status = $1 where id = $2");
        update.bind(status).bind(tenant)
    };
    let mut superuser = scene.app.superuser().await;
    let suspended = status("suspended").execute(&mut superuser).await;
    suspended.expect("is suspended");
    scene.later(60).await;
    assert!(sink.received().is_empty());
    let resumed = status("active").execute(&mut superuser).await;
    resumed.expect("is let in");
    scene.send().await;
    assert_eq!(ids(&sink), [id.to_string()]);
    scene.app.finish().await;
}

#[tokio::test]
async fn a_secret_that_changes_under_load_loses_no_message_and_every_receiver_verifies() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let (hook, old) = scene.hook(&sink, "Ops").await;
    let mut staged = Vec::new();
    for n in 0..60 {
        staged.push(
            scene
                .staged(hook, &format!("message {n}"))
                .await
                .to_string(),
        );
    }
    sink.holds(8);
    let sending = tokio::spawn({
        let app = scene.app.app.clone();
        async move { sender::send_due(&app).await }
    });
    sink.arrivals(8).await;
    let rotated = connectors::rotate(&scene.app.app, &scene.actor, hook, &RawRotation::default())
        .await
        .expect("is rotated");
    let new = rotated.signing_secret.expect("made here");
    sink.release();
    sending.await.expect("ends").expect("sends");
    scene.send().await;
    let received = sink.received();
    let mut arrived = ids(&sink);
    arrived.sort();
    staged.sort();
    assert_eq!(arrived, staged, "each once");
    assert!(
        received
            .iter()
            .all(|sent| by_body(&old, sent) && by_standard(&old, sent))
    );
    let with_both = received
        .iter()
        .filter(|sent| by_standard(new.expose_secret(), sent));
    assert_eq!(with_both.count(), 52);
    scene.app.finish().await;
}

#[tokio::test]
async fn a_clock_that_is_ten_minutes_off_sends_nothing_twice() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let (hook, _) = scene.hook(&sink, "Ops").await;
    let id = scene.staged(hook, "one").await;
    scene.send().await;
    scene.app.app.clock.advance(TimeDelta::minutes(-10));
    let other = scene.staged(hook, "two").await;
    scene.send().await;
    scene.later(1_200).await;
    assert_eq!(ids(&sink), [id.to_string(), other.to_string()]);
    scene.app.finish().await;
}
