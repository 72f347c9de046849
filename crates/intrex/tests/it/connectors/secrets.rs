//! Secrets of connectors: sealed where they stand, and nowhere else at all.

use intrex_core::connectors;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{Scene, raw};
use crate::{
    accounts::post::tables_with,
    support::{
        Log,
        relay::{Encryption, Relay},
        sink::Sink,
    },
};

const PASSWORD: &str = "canary-password-of-acme";
const TOKEN: &str = "424242:canary_token_AAHdqTcvCH1vGWJxfSeof";
const ACCESS: &str = "EAAG-canary-access-token";
const HEADER: &str = "Bearer canary-of-a-header";

#[tokio::test]
async fn a_canary_is_in_no_answer_no_event_no_table_and_no_log() {
    let log = Log::begin();
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let relay = Relay::start(Encryption::None, None).await;
    let made = scene.webhook(&sink).await;
    let signing = made.signing_secret.expect("made here");
    let change = raw(json!({ "secrets": { "authorization": HEADER } }));
    connectors::update(
        &scene.app.app,
        &scene.actor,
        made.connector.id,
        &change,
        None,
    )
    .await
    .expect("is changed");
    let bodies: [Value; 3] = [
        json!({ "type": "telegram_bot", "name": "T", "secrets": { "token": TOKEN },
                "config": { "chat_id": "1", "base_url": sink.url() } }),
        json!({ "type": "whatsapp_business", "name": "W", "secrets": { "access_token": ACCESS },
                "config": { "phone_number_id": "1", "to": "8801712345678", "template": "t", "base_url": sink.url() } }),
        json!({ "type": "email_smtp", "name": "M", "secrets": { "password": PASSWORD },
                "config": { "host": "127.0.0.1", "port": relay.port, "tls": "starttls", "username": "u",
                            "from": "a@acme.example" } }),
    ];
    let mut ids = vec![made.connector.id];
    for body in bodies {
        ids.push(scene.made(body).await.connector.id);
    }
    let site = scene.app.serve().await;
    let browser = scene.app.signed_in(&site, &scene.alice).await;
    let mut answers = String::new();
    let own = [HEADER, TOKEN, ACCESS, PASSWORD];
    for (id, own) in ids.iter().zip(own) {
        // The other side repeats what it was sent.
        let echo = format!("{own} {}", signing.expose_secret());
        let echo = if own == HEADER { echo.as_str() } else { own };
        sink.answers(&[(400, "", echo)]);
        answers += &format!("{:?}", scene.tested(*id).await);
        for path in [
            format!("/api/v1/connectors/{id}"),
            format!("/settings/connectors/{id}"),
            format!("/settings/connectors/{id}/edit"),
        ] {
            answers += &browser.visit(&path).await.body;
        }
    }
    for path in [
        "/api/v1/connectors",
        "/settings/connectors",
        "/api/v1/audit/events",
        "/audit",
    ] {
        answers += &browser.visit(path).await.body;
    }
    let logged = log.end();
    let signing = signing
        .expose_secret()
        .trim_start_matches("whsec_")
        .to_owned();
    for (of, canary) in [
        ("email", PASSWORD),
        ("telegram", TOKEN),
        ("whatsapp", ACCESS),
        ("header", HEADER),
        ("signing", signing.as_str()),
    ] {
        assert_eq!(tables_with(&scene.app, canary).await, [""; 0], "{of}");
        assert!(!logged.contains(canary), "{of} is in the log");
        assert!(!answers.contains(canary), "{of}");
    }
    assert!(answers.contains("[secret]"), "{answers}");
    scene.app.finish().await;
}

#[tokio::test]
async fn a_secret_that_was_moved_or_changed_opens_for_nobody() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let first = scene.webhook(&sink).await.connector.id;
    let body = json!({ "type": "webhook", "name": "Other", "config": { "url": sink.url() } });
    let second = scene.made(body).await.connector.id;
    assert!(scene.verified(first).await.ok);
    let mut superuser = scene.app.superuser().await;
    let sealed: String =
        sqlx::query_scalar("select sealed from app.connector_secrets where connector_id = $1")
            .bind(first.uuid())
            .fetch_one(&mut superuser)
            .await
            .expect("is sealed");
    assert!(sealed.starts_with("v1."), "{sealed}");
    let mut flipped = sealed.clone();
    let last = if flipped.ends_with('A') { 'B' } else { 'A' };
    flipped.replace_range(30..31, &last.to_string());
    for (id, text) in [(second, &sealed), (first, &flipped)] {
        sqlx::query("update app.connector_secrets set sealed = $2 where connector_id = $1")
            .bind(id.uuid())
            .bind(text)
            .execute(&mut superuser)
            .await
            .expect("is tampered with");
        let seen = connectors::verify(&scene.app.app, &scene.actor, id).await;
        let error = seen.expect_err("does not open").to_string();
        assert!(error.contains("does not open"), "{error}");
    }
    assert_eq!(sink.received().len(), 1, "nothing was sent");
    scene.app.finish().await;
}
