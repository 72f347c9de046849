//! A connector that fails is left alone for a while without spending what waits for it, told of, and in the end disabled.

use intrex_core::{
    connectors::{self, Connector, DisabledReason, Status},
    deliveries::{State, WaitsFor},
    ids::ConnectorId,
    worker,
};

use super::{Scene, ids};
use crate::support::sink::Sink;

async fn connector(scene: &Scene, id: ConnectorId) -> Connector {
    let mut tx = scene.app.app.db.read(&scene.actor).await.expect("reads");
    let connector = connectors::reads::get(&mut tx, id).await;
    tx.finish().await.expect("finishes");
    connector.expect("is there")
}

#[tokio::test]
async fn a_failing_endpoint_is_parked_and_what_waits_for_it_spends_nothing() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let (hook, _) = scene.hook(&sink, "Ops").await;
    let mut staged = Vec::new();
    for n in 0..40 {
        staged.push(scene.staged(hook, &format!("message {n}")).await);
    }
    sink.answers(&[(500, "", ""); 41]);
    scene.send().await;
    let tried = sink.received().len();
    assert!(tried < 24, "{tried} were tried before it was parked");
    let parked = connector(&scene, hook).await;
    assert_eq!(parked.status, Status::Error);
    assert!(parked.health.parked_until > Some(scene.app.app.now()));
    let untried =
        "select count(*) from app.notification_deliveries where attempts = 0 and state = 'waiting'";
    let untried_then = scene.app.count(untried).await;
    assert_eq!(untried_then, 40 - i64::try_from(tried).expect("few"));
    for id in staged {
        let one = scene.now(id).await.summary;
        if one.attempts == 0 {
            assert_eq!(one.waits_for, Some(WaitsFor::Connector));
        }
    }
    // One is tried when its time is over, and it stays parked for longer.
    scene.later(31).await;
    assert_eq!(sink.received().len(), tried + 1);
    let longer = connector(&scene, hook).await.health.parked_until;
    assert!(longer > Some(scene.app.app.now() + chrono::TimeDelta::seconds(59)));
    // It works again: one yes lets all of them go.
    sink.forget_answers();
    scene.later(61).await;
    scene.later(3_600).await;
    let delivered = "select count(*) from app.notification_deliveries where state = 'delivered'";
    assert_eq!(scene.app.count(delivered).await, 40);
    let well = connector(&scene, hook).await;
    assert_eq!((well.status, well.health.failures), (Status::Active, 0));
    assert_eq!(well.health.parked_until, None);
    scene.app.finish().await;
}

#[tokio::test]
async fn who_is_gone_is_not_asked_again_and_everything_can_be_sent_once_it_is_put_right() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let (hook, _) = scene.hook(&sink, "Ops").await;
    let first = scene.staged(hook, "one").await;
    sink.answers(&[(410, "", "no more")]);
    scene.send().await;
    let now = scene.now(first).await.summary;
    assert_eq!(
        (now.state, now.reason.as_deref()),
        (State::Dead, Some("gone"))
    );
    let gone = connector(&scene, hook).await;
    assert_eq!(gone.status, Status::Disabled);
    assert_eq!(gone.health.disabled_reason, Some(DisabledReason::Gone));
    assert_eq!(scene.app.told("connector.disabled").await, 1);
    let second = scene.staged(hook, "two").await;
    scene.send().await;
    let now = scene.now(second).await.summary;
    assert_eq!(now.reason.as_deref(), Some("connector_disabled"));
    assert_eq!(sink.received().len(), 1);
    // Its admins are told in their inboxes.
    worker::run_once(&scene.app.app).await.expect("works");
    let told = "select count(*) from app.security_events where code = 'CONNECTOR_DISABLED'";
    assert_eq!(scene.app.count(told).await, 1);
    let enabled = connectors::enable(&scene.app.app, &scene.actor, hook).await;
    let enabled = enabled.expect("is enabled");
    assert_eq!(enabled.status, Status::PendingVerification);
    assert_eq!(
        (enabled.health.failures, enabled.health.disabled_reason),
        (0, None)
    );
    scene.app.finish().await;
}

#[tokio::test]
async fn who_fails_for_five_days_is_told_of_twice_and_then_disabled() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let (hook, _) = scene.hook(&sink, "Ops").await;
    sink.answers(&[(500, "", ""); 400]);
    for hour in 0..=121 {
        scene.staged(hook, &format!("message {hour}")).await;
        scene.later(3_600).await;
        let failing = scene.app.told("connector.failing").await;
        let expected = match hour {
            ..24 => 0,
            24..72 => 1,
            _ => 2,
        };
        assert_eq!(failing, expected, "after {hour} hours");
        if connector(&scene, hook).await.status == Status::Disabled {
            assert_eq!(hour, 120);
            break;
        }
    }
    let ended = connector(&scene, hook).await;
    assert_eq!(ended.health.disabled_reason, Some(DisabledReason::Failing));
    assert!(!ids(&sink).is_empty());
    scene.app.finish().await;
}

#[tokio::test]
async fn what_waits_for_somebody_to_verify_its_connector_is_sent_once_it_was() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let (hook, _) = scene.hook(&sink, "Ops").await;
    let id = scene.staged(hook, "one").await;
    let status = |status: &'static str| {
        let update = sqlx::query("update app.connectors set status = $1 where id = $2");
        update.bind(status).bind(hook.uuid())
    };
    let mut superuser = scene.app.superuser().await;
    let waits = status("pending_verification").execute(&mut superuser).await;
    waits.expect("waits");
    scene.later(3_600).await;
    let now = scene.now(id).await.summary;
    assert_eq!((now.state, now.attempts), (State::Waiting, 0));
    assert_eq!(now.waits_for, Some(WaitsFor::Verification));
    status("active")
        .execute(&mut superuser)
        .await
        .expect("works");
    scene.later(300).await;
    assert_eq!(scene.state(id).await, State::Delivered);
    // For days nobody has: it is given up, and can be sent again.
    let late = scene.staged(hook, "two").await;
    let waits = status("pending_verification").execute(&mut superuser).await;
    waits.expect("waits");
    scene.later(5 * 86_400 + 1).await;
    let now = scene.now(late).await.summary;
    assert_eq!(now.reason.as_deref(), Some("connector_unverified"));
    scene.app.finish().await;
}
