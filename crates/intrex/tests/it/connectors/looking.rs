//! Looking at a connector: never more often than it bears, never with the database held, and recorded for what was looked at.

use chrono::TimeDelta;
use intrex_core::connectors::{self, Examination, Status};
use serde_json::json;

use super::{Scene, done, raw, told, why};
use crate::support::{
    relay::{Encryption, Fault, Relay},
    sink::Sink,
};

#[tokio::test]
async fn a_connector_is_looked_at_six_times_a_minute() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let id = scene.webhook(&sink).await.connector.id;
    for _ in 0..6 {
        assert!(scene.verified(id).await.ok);
    }
    scene.app.app.clock.advance(TimeDelta::seconds(20));
    let seen = connectors::test(&scene.app.app, &scene.actor, id).await;
    let Examination::TooSoon { retry_after_sec } = seen.expect("is asked") else {
        panic!("it was looked at");
    };
    assert_eq!(retry_after_sec, 40);
    assert_eq!(sink.received().len(), 6);
    scene.app.app.clock.advance(TimeDelta::seconds(41));
    assert!(scene.verified(id).await.ok);
    scene.app.finish().await;
}

#[tokio::test]
async fn nothing_of_the_database_is_held_while_the_other_side_is_silent() {
    let scene = Scene::begin().await;
    let relay = Relay::start(Encryption::None, None).await;
    relay.fails(Some(Fault::Silent("MAIL")));
    let config =
        json!({ "host": "127.0.0.1", "port": relay.port, "tls": "none", "from": "a@acme.example" });
    let body = json!({ "type": "email_smtp", "name": "Relay", "config": config });
    let id = scene.made(body).await.connector.id;
    let mut looking = Box::pin(connectors::verify(&scene.app.app, &scene.actor, id));
    let open = "select count(*) from pg_stat_activity where datname = current_database() and xact_start is not null
                and usename = 'intrex_app'";
    let other = async {
        relay.falls_silent().await;
        // The conversation is under way; the connector can be locked and changed, and no transaction is open.
        assert_eq!(scene.app.count(open).await, 0);
        let change = raw(json!({ "name": "Another" }));
        connectors::update(&scene.app.app, &scene.actor, id, &change, None).await
    };
    let changed = tokio::select! {
        changed = other => changed,
        _ = &mut looking => panic!("the server was silent"),
    };
    assert_eq!(changed.expect("is changed").name, "Another");
    drop(looking);
    scene.app.finish().await;
}

#[tokio::test]
async fn what_was_seen_of_a_former_state_does_not_count() {
    let scene = Scene::begin().await;
    let (first, second) = (Sink::start().await, Sink::start().await);
    let id = scene.webhook(&first).await.connector.id;
    assert_eq!(scene.verified(id).await.connector.status, Status::Active);
    let elsewhere = raw(json!({ "config": { "url": second.url() } }));
    let changed = connectors::update(&scene.app.app, &scene.actor, id, &elsewhere, None).await;
    let changed = changed.expect("is changed");
    assert_eq!(changed.status, Status::PendingVerification);
    assert_eq!(changed.last_verified_at, None);
    let disabled = connectors::disable(&scene.app.app, &scene.actor, id).await;
    assert_eq!(disabled.expect("is disabled").status, Status::Disabled);
    let seen = done(connectors::verify(&scene.app.app, &scene.actor, id).await);
    assert!(seen.ok, "{}", why(&seen));
    assert_eq!(
        seen.connector.status,
        Status::Disabled,
        "looking enables nothing"
    );
    let enabled = connectors::enable(&scene.app.app, &scene.actor, id).await;
    assert_eq!(enabled.expect("is enabled").status, Status::Active);
    scene.app.finish().await;
}

#[tokio::test]
async fn an_inner_address_is_refused_when_it_is_typed_and_when_it_is_looked_at() {
    let mut scene = Scene::begin().await;
    let sink = Sink::start().await;
    let id = scene.webhook(&sink).await.connector.id;
    // The installation lists no network any more.
    scene.app.app.outgoing = intrex_core::outside::http::Outgoing::default();
    let seen = done(connectors::verify(&scene.app.app, &scene.actor, id).await);
    assert_eq!(
        told(&seen),
        "address failed, connect skipped, answer skipped"
    );
    assert!(sink.received().is_empty());
    for (field, config) in [
        ("config.url", json!({ "url": "http://hooks.example/x" })),
        ("config.url", json!({ "url": "https://127.0.0.1/x" })),
        ("config.url", json!({ "url": "https://[::1]/x" })),
        ("config.url", json!({ "url": "https://169.254.169.254/x" })),
        ("config.url", json!({ "url": "https://0x7f.1/x" })),
        (
            "config.url",
            json!({ "url": "https://hooks.example:8443/x" }),
        ),
        (
            "config.url",
            json!({ "url": "https://user@hooks.example/x" }),
        ),
        ("config.url", json!({ "url": "ftp://hooks.example/x" })),
    ] {
        let body = json!({ "type": "webhook", "name": "Inner", "config": config });
        let made = connectors::create(&scene.app.app, &scene.actor, &raw(body)).await;
        let wrong = crate::support::members::wrong_fields(made.map(|made| made.connector));
        assert_eq!(wrong, [field], "{config}");
    }
    for (field, host, port) in [
        ("config.host", "127.0.0.1", 587),
        ("config.host", "10.0.0.5", 25),
        ("config.host", "not a host", 25),
        ("config.port", "mail.example.com", 5432),
    ] {
        let config = json!({ "host": host, "port": port, "from": "a@acme.example" });
        let body = json!({ "type": "email_smtp", "name": "Inner", "config": config });
        let made = connectors::create(&scene.app.app, &scene.actor, &raw(body)).await;
        let wrong = crate::support::members::wrong_fields(made.map(|made| made.connector));
        assert_eq!(wrong, [field], "{host}:{port}");
    }
    scene.app.finish().await;
}
