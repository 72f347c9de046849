//! Webhooks: exactly the promised body, both signatures over it, secrets that change without losing a message.

use base64::{Engine as _, engine::general_purpose::STANDARD as B64};
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit as _, Mac as _};
use intrex_core::{
    connectors::{self, RawRotation, Status},
    worker,
};
use secrecy::ExposeSecret as _;
use serde_json::json;
use sha2::Sha256;

use super::{Scene, raw, told, why};
use crate::support::{
    members::{conflict, wrong_fields},
    sink::{Sent, Sink},
};

fn mac(secret: &str, message: &[u8]) -> Vec<u8> {
    let key = secret.strip_prefix("whsec_").expect("a signing secret");
    let key = B64.decode(key).expect("Base64");
    assert_eq!(key.len(), 32);
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// As a receiver does it that knows the body alone.
pub(crate) fn by_body(secret: &str, sent: &Sent) -> bool {
    let expected = format!("sha256={}", hex::encode(mac(secret, &sent.body)));
    sent.header("x-intrex-signature") == expected
}

/// As a receiver does it that follows Standard Webhooks.
pub(crate) fn by_standard(secret: &str, sent: &Sent) -> bool {
    let mut message = format!(
        "{}.{}.",
        sent.header("webhook-id"),
        sent.header("webhook-timestamp")
    )
    .into_bytes();
    message.extend(&sent.body);
    let expected = format!("v1,{}", B64.encode(mac(secret, &message)));
    let mut signatures = sent.header("webhook-signature").split(' ');
    signatures.any(|signature| signature == expected)
}

#[tokio::test]
async fn an_event_has_the_promised_body_and_both_signatures_over_it() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let made = scene.webhook(&sink).await;
    let secret = made.signing_secret.expect("made here");
    let secret = secret.expose_secret();
    let id = made.connector.id;
    let body = json!({ "config": { "headers": { "X-Team": "ops" } },
                       "secrets": { "authorization": "Bearer of-theirs" } });
    connectors::update(&scene.app.app, &scene.actor, id, &raw(body), None)
        .await
        .expect("is changed");
    assert_eq!(scene.now(id).await.status, Status::PendingVerification);
    let seen = scene.verified(id).await;
    assert!(seen.ok, "{}", why(&seen));
    assert_eq!(told(&seen), "address ok, connect ok, answer ok");
    assert_eq!(seen.connector.status, Status::Active);
    assert!(scene.tested(id).await.ok);
    let sent = sink.received();
    assert_eq!(sent.len(), 2);
    for (sent, kind) in sent.iter().zip(["connector.verify", "connector.test"]) {
        assert_eq!((&*sent.method, &*sent.path), ("POST", "/hook?x=1"));
        assert!(by_body(secret, sent) && by_standard(secret, sent));
        assert_eq!(sent.header("content-type"), "application/json");
        assert_eq!(sent.header("x-team"), "ops");
        assert_eq!(sent.header("authorization"), "Bearer of-theirs");
        let now = scene.app.app.now();
        assert_eq!(
            sent.header("webhook-timestamp"),
            now.timestamp().to_string()
        );
        let body = sent.json();
        assert_eq!(body["id"], sent.header("webhook-id"));
        let expected = json!({
            "id": body["id"], "type": kind, "version": 1, "tenant_id": scene.acme.id.to_string(),
            "occurred_at": now.format("%Y-%m-%dT%H:%M:%SZ").to_string(), "severity": null, "branch": null,
            "entity": { "type": "connector", "id": id.to_string(), "title": "Ops" },
            "timing": { "due_on": null, "certificate_expires_at": null, "days_remaining": null },
            "url": format!("http://localhost:8080/settings/connectors/{id}"),
        });
        assert_eq!(body, expected);
    }
    scene.app.finish().await;
}

#[tokio::test]
async fn every_answer_but_a_yes_is_told_and_no_redirect_is_followed() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let elsewhere = Sink::start().await;
    let id = scene.webhook(&sink).await.connector.id;
    assert!(scene.verified(id).await.ok);
    let location = format!("location: {}/other\r\n", elsewhere.url());
    let long = "x".repeat(100_000);
    for (status, headers, body, error) in [
        (301, location.as_str(), "", "redirected"),
        (410, "", "no more", "gone"),
        (429, "retry-after: 120\r\n", "slow down", "rate_limited"),
        (401, "", "", "credentials_refused"),
        (500, "", long.as_str(), "server_error"),
    ] {
        scene.app.app.clock.advance(TimeDelta::minutes(2));
        sink.answers(&[(status, headers, body)]);
        let seen = scene.verified(id).await;
        assert!(!seen.ok);
        assert_eq!(told(&seen), "address ok, connect ok, answer failed");
        let expected = format!("{error}: HTTP {status}");
        assert!(why(&seen).starts_with(&expected), "{}", why(&seen));
        assert!(why(&seen).len() < 400, "{}", why(&seen));
        assert_eq!(seen.connector.status, Status::Error);
        assert_eq!(seen.connector.health.last_error.as_deref(), Some(error));
    }
    assert!(elsewhere.received().is_empty());
    scene.app.app.clock.advance(TimeDelta::minutes(2));
    assert_eq!(scene.verified(id).await.connector.status, Status::Active);
    scene.app.finish().await;
}

#[tokio::test]
async fn a_signing_secret_changes_and_receivers_with_either_one_verify_throughout() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let made = scene.webhook(&sink).await;
    let id = made.connector.id;
    let old = made.signing_secret.expect("made here");
    let old = old.expose_secret();
    let app = &scene.app.app;
    let nothing = connectors::promote(app, &scene.actor, id).await;
    assert_eq!(conflict(nothing), "connector-nothing-to-promote");
    let rotated = connectors::rotate(app, &scene.actor, id, &RawRotation::default())
        .await
        .expect("is rotated");
    let new = rotated.signing_secret.expect("made here");
    let new = new.expose_secret();
    assert_ne!(old, new);
    let state = &rotated.connector.secrets["signing_secret"];
    assert_eq!(state.next_set_at, Some(app.now()));
    let last = async || {
        assert!(scene.tested(id).await.ok);
        sink.received().pop().expect("is sent")
    };
    let sent = last().await;
    assert!(by_body(old, &sent) && !by_body(new, &sent));
    assert!(by_standard(old, &sent) && by_standard(new, &sent));
    let promoted = connectors::promote(app, &scene.actor, id).await;
    let state = promoted.expect("is promoted").secrets["signing_secret"].clone();
    assert_eq!(state.next_set_at, None);
    let sent = last().await;
    assert!(by_body(new, &sent) && by_standard(new, &sent));
    assert!(!by_standard(old, &sent));
    // By itself after a day, whether or not housekeeping has come by.
    let given = format!("whsec_{}", B64.encode([9; 32]));
    let typed = RawRotation {
        signing_secret: given.as_str().into(),
    };
    let rotated = connectors::rotate(app, &scene.actor, id, &typed).await;
    assert!(rotated.expect("is rotated").signing_secret.is_none());
    let sent = last().await;
    assert!(by_body(new, &sent) && by_standard(&given, &sent));
    app.clock.advance(TimeDelta::hours(24));
    let sent = last().await;
    assert!(by_body(&given, &sent) && !by_standard(new, &sent));
    assert!(
        scene.now(id).await.secrets["signing_secret"]
            .next_set_at
            .is_some()
    );
    worker::run_once(app).await.expect("works");
    let state = scene.now(id).await.secrets["signing_secret"].clone();
    assert_eq!(state.next_set_at, None, "housekeeping has written it down");
    let promoted =
        "select count(*) from app.audit_events where action = 'connector.secret_promoted'";
    assert_eq!(scene.app.count(promoted).await, 2);
    assert!(by_body(&given, &last().await));
    let wrong = RawRotation {
        signing_secret: "whsec_short".into(),
    };
    let refused = connectors::rotate(app, &scene.app.acting(&scene.alice).await, id, &wrong).await;
    assert_eq!(wrong_fields(refused), ["signing_secret"]);
    scene.app.finish().await;
}
