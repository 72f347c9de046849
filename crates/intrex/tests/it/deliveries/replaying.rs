//! Dead letters: listed, counted, sent again one by one or by range, over the pages and the API.

use intrex_core::{
    deliveries::{self, RawReplay, State},
    ids::{ConnectorId, DeliveryId},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Scene, ids};
use crate::support::{members::conflict, sink::Sink};

async fn dead(scene: &Scene, hook: ConnectorId, names: &[&str]) -> Vec<DeliveryId> {
    let mut dead = Vec::new();
    for name in names {
        let id = scene.staged(hook, name).await;
        let kill = "update app.notification_deliveries
                    set state = 'dead', reason = 'gave_up', attempts = 6, settled_at = created_at where id = $1";
        sqlx::query(kill)
            .bind(id.uuid())
            .execute(&mut scene.app.superuser().await)
            .await
            .expect("is given up");
        dead.push(id);
    }
    dead
}

#[tokio::test]
async fn a_dead_letter_is_sent_again_under_its_id_and_only_a_dead_one() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let (hook, _) = scene.hook(&sink, "Ops").await;
    let id = dead(&scene, hook, &["one"]).await[0];
    let app = &scene.app.app;
    let taken_up = deliveries::retry(app, &scene.actor, id)
        .await
        .expect("is taken up");
    assert_eq!(
        (taken_up.summary.state, taken_up.summary.attempts),
        (State::Waiting, 0)
    );
    let again = deliveries::retry(app, &scene.actor, id).await;
    assert_eq!(conflict(again), "delivery-not-dead");
    scene.send().await;
    assert_eq!(ids(&sink), [id.to_string()]);
    assert_eq!(scene.app.told("delivery.retried").await, 1);
    scene.app.finish().await;
}

#[tokio::test]
async fn a_range_is_counted_first_and_then_sent() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let (hook, _) = scene.hook(&sink, "Ops").await;
    let old = dead(&scene, hook, &["old"]).await;
    scene.app.app.clock.advance(chrono::TimeDelta::days(3));
    let from = scene.app.app.now().to_rfc3339();
    let new = dead(&scene, hook, &["one", "two"]).await;
    let replay = async |dry_run: &str| {
        let raw = RawReplay {
            from: from.as_str().into(),
            dry_run: dry_run.into(),
            ..RawReplay::default()
        };
        deliveries::replay(&scene.app.app, &scene.actor, &raw)
            .await
            .expect("is counted")
    };
    let counted = replay("true").await;
    assert_eq!(
        (counted.matched, counted.replayed, counted.dry_run),
        (2, 0, true)
    );
    scene.send().await;
    assert!(sink.received().is_empty());
    let sent = replay("false").await;
    assert_eq!((sent.matched, sent.replayed), (2, 2));
    scene.send().await;
    let mut arrived = ids(&sink);
    arrived.sort();
    let mut expected: Vec<String> = new.iter().map(|id| id.to_string()).collect();
    expected.sort();
    assert_eq!(arrived, expected);
    assert_eq!(scene.state(old[0]).await, State::Dead);
    assert_eq!(replay("true").await.matched, 0);
    scene.app.finish().await;
}

#[tokio::test]
async fn the_pages_show_what_became_of_it_and_send_it_again() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let (hook, _) = scene.hook(&sink, "Ops").await;
    let id = scene.staged(hook, "Fire drill").await;
    sink.answers(&[(410, "", "<b>nobody</b> is here")]);
    scene.send().await;
    let site = scene.app.serve().await;
    let alice = scene.app.signed_in(&site, &scene.alice).await;
    let listed = alice.visit("/messages/deliveries?state=dead").await;
    assert_eq!(listed.status, StatusCode::OK);
    for words in ["Fire drill", "Ops", "Given up", "there is nobody any more"] {
        assert!(listed.body.contains(words), "{words}: {}", listed.body);
    }
    let none = alice.visit("/messages/deliveries?state=delivered").await;
    assert!(!none.body.contains("Fire drill"));
    let wrong = alice.visit("/messages/deliveries?state=lost").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let path = format!("/messages/deliveries/{id}");
    let shown = alice.visit(&path).await;
    assert!(
        shown.body.contains("410") && shown.body.contains("&#60;b&#62;nobody"),
        "{}",
        shown.body
    );
    let retry = format!("{path}/retry");
    let done = alice.submit(&path, &retry, &[]).await;
    assert_eq!(done.leads_to(), path);
    let again = alice
        .submit("/messages/deliveries/replay", &retry, &[])
        .await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    scene.send().await;
    assert_eq!(
        scene.now(id).await.summary.reason.as_deref(),
        Some("connector_disabled")
    );
    let replay = "/messages/deliveries/replay";
    let counted = alice.submit(replay, replay, &[("dry_run", "true")]).await;
    assert!(counted.body.contains("Send one again"), "{}", counted.body);
    let sent = alice.submit(replay, replay, &[("dry_run", "false")]).await;
    assert!(
        sent.body.contains("One message is sent again"),
        "{}",
        sent.body
    );
    let csrf = alice.visit(&path).await.csrf();
    let api = async |method: Method, path: &str, body: Value| {
        let request = alice.own_page_sends(method, path);
        let request = request.header("x-csrf-token", &csrf).json(&body);
        alice.send(request).await
    };
    let one = alice
        .visit(&format!("/api/v1/deliveries/{id}"))
        .await
        .json();
    assert_eq!(one["state"], "waiting");
    assert_eq!(one["tries"][0]["code"], 410);
    assert_eq!(one["told"][0]["entity"]["title"], "Fire drill");
    let all = alice.visit("/api/v1/deliveries?state=waiting").await.json();
    assert_eq!(all["items"][0]["id"], id.to_string());
    let counted = api(
        Method::POST,
        "/api/v1/deliveries/replay",
        json!({ "dry_run": true }),
    )
    .await;
    assert_eq!(counted.json()["matched"], 0, "{}", counted.body);
    let refused = api(
        Method::POST,
        &format!("/api/v1/deliveries/{id}/retry"),
        json!({}),
    )
    .await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    scene.app.finish().await;
}
