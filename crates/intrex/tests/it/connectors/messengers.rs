//! Telegram and WhatsApp: servers that answer as theirs do, limits and errors included.

use chrono::TimeDelta;
use intrex_core::connectors::{Config, Status};
use serde_json::{Value, json};

use super::{Scene, told, why};
use crate::support::sink::Sink;

const TOKEN: &str = "123456:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";
const BEFORE: &str = "address ok, connect ok, ";

fn telegram(sink: &Sink) -> Value {
    json!({ "type": "telegram_bot", "name": "Group", "secrets": { "token": TOKEN },
            "config": { "chat_id": -100200, "base_url": sink.url() } })
}

fn no(code: u16, description: &str, parameters: Value) -> (u16, Value) {
    let said = json!({ "ok": false, "error_code": code, "description": description, "parameters": parameters });
    (code, said)
}

fn yes(result: Value) -> (u16, Value) {
    (200, json!({ "ok": true, "result": result }))
}

#[tokio::test]
async fn a_bot_is_verified_by_its_name_and_its_chat_and_writes_plain_words() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let id = scene.made(telegram(&sink)).await.connector.id;
    sink.says(&[
        yes(json!({ "id": 123456, "is_bot": true, "username": "acme_bot" })),
        yes(json!({ "id": -100200, "type": "group", "title": "Acme Ops" })),
        yes(json!({ "message_id": 7 })),
    ]);
    let seen = scene.verified(id).await;
    assert_eq!(told(&seen), format!("{BEFORE}answer ok, token ok, chat ok"));
    let details: Vec<_> = seen
        .stages
        .iter()
        .filter_map(|s| s.detail.as_deref())
        .collect();
    assert_eq!(details, ["@acme_bot", "Acme Ops"]);
    assert!(scene.tested(id).await.ok);
    let sent = sink.received();
    let paths: Vec<_> = sent.iter().map(|sent| sent.path.clone()).collect();
    let path = |method: &str| format!("/bot{TOKEN}/{method}");
    assert_eq!(paths, [path("getMe"), path("getChat"), path("sendMessage")]);
    let message = sent[2].json();
    assert_eq!(message["chat_id"], "-100200");
    assert!(
        message["text"]
            .as_str()
            .is_some_and(|text| text.contains("Acme"))
    );
    assert_eq!(message["parse_mode"], Value::Null);
    scene.app.finish().await;
}

#[tokio::test]
async fn a_group_that_has_another_id_is_followed_and_remembered() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let id = scene.made(telegram(&sink)).await.connector.id;
    sink.says(&[
        no(
            400,
            "Bad Request: group chat was upgraded to a supergroup chat",
            json!({ "migrate_to_chat_id": -1001234567890_i64 }),
        ),
        yes(json!({ "message_id": 8 })),
    ]);
    let seen = scene.tested(id).await;
    assert!(seen.ok, "{}", why(&seen));
    assert_eq!(seen.connector.status, Status::Active);
    let Config::TelegramBot(config) = &seen.connector.config else {
        panic!("another type");
    };
    assert_eq!(config.chat_id, "-1001234567890");
    assert_eq!(sink.received()[1].json()["chat_id"], "-1001234567890");
    let moved = "select count(*) from app.audit_events where action = 'connector.moved'";
    assert_eq!(scene.app.count(moved).await, 1);
    scene.app.finish().await;
}

#[tokio::test]
async fn what_telegram_refuses_is_told_without_the_token() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let id = scene.made(telegram(&sink)).await.connector.id;
    for (answer, error) in [
        (no(401, "Unauthorized", json!({})), "credentials_refused"),
        (no(404, "Not Found", json!({})), "credentials_refused"),
        (
            no(403, "Forbidden: bot was blocked by the user", json!({})),
            "recipient_refused",
        ),
        (
            no(
                429,
                "Too Many Requests: retry after 5",
                json!({ "retry_after": 5 }),
            ),
            "rate_limited",
        ),
        (
            no(
                400,
                &format!("Bad Request: {TOKEN} chat not found"),
                json!({}),
            ),
            "recipient_refused",
        ),
        (no(502, "Bad Gateway", json!({})), "server_error"),
    ] {
        scene.app.app.clock.advance(TimeDelta::minutes(2));
        sink.says(&[answer]);
        let seen = scene.tested(id).await;
        assert_eq!(told(&seen), format!("{BEFORE}answer failed"));
        assert!(why(&seen).starts_with(error), "{}", why(&seen));
        assert!(!why(&seen).contains(TOKEN), "{}", why(&seen));
        assert_eq!(seen.connector.status, Status::PendingVerification);
    }
    scene.app.app.clock.advance(TimeDelta::minutes(2));
    sink.says(&[
        yes(json!({ "username": "acme_bot" })),
        no(400, "Bad Request: chat not found", json!({})),
    ]);
    let seen = scene.verified(id).await;
    assert_eq!(
        told(&seen),
        format!("{BEFORE}answer ok, token ok, chat failed")
    );
    scene.app.finish().await;
}

fn whatsapp(sink: &Sink) -> Value {
    json!({ "type": "whatsapp_business", "name": "Owner", "secrets": { "access_token": "EAAG-canary-token" },
            "config": { "phone_number_id": "106540352242922", "to": "+880 1712 345678", "template": "obligation_due",
                        "locale": "en_US", "variables": ["title", "due_on", "subject"], "business_account_id": "102290129340398",
                        "base_url": format!("{}/v23.0", sink.url()) } })
}

fn template(state: &str) -> (u16, Value) {
    let one = |language: &str, state: &str| json!({ "name": "obligation_due", "status": state, "language": language });
    (
        200,
        json!({ "data": [one("de", "REJECTED"), one("en_US", state)] }),
    )
}

#[tokio::test]
async fn a_template_is_looked_at_and_sent_with_its_blanks_filled() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let id = scene.made(whatsapp(&sink)).await.connector.id;
    let number = || {
        (
            200,
            json!({ "display_phone_number": "+880 9", "id": "106540352242922" }),
        )
    };
    for (state, stage) in [
        ("PAUSED", "failed"),
        ("DISABLED", "failed"),
        ("APPROVED", "ok"),
    ] {
        sink.says(&[number(), template(state)]);
        let seen = scene.verified(id).await;
        let expected = format!("{BEFORE}answer ok, number ok, template {stage}");
        assert_eq!(told(&seen), expected, "{}", why(&seen));
    }
    assert_eq!(scene.now(id).await.status, Status::Active);
    sink.says(&[(
        200,
        json!({ "messaging_product": "whatsapp", "messages": [{ "id": "wamid.X" }] }),
    )]);
    assert!(scene.tested(id).await.ok);
    let sent = sink.received();
    let account = "/v23.0/102290129340398/message_templates";
    assert!(sent[1].path.starts_with(account), "{}", sent[1].path);
    let last = sent.last().expect("is sent");
    assert_eq!(last.path, "/v23.0/106540352242922/messages");
    assert_eq!(last.header("authorization"), "Bearer EAAG-canary-token");
    let text = |text: &str| json!({ "type": "text", "text": text });
    let expected = json!({
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": "8801712345678", "type": "template",
        "template": { "name": "obligation_due", "language": { "code": "en_US" }, "components": [{ "type": "body",
            "parameters": [text("Owner"), text("–"), text("Test of Owner")] }] },
    });
    assert_eq!(last.json(), expected);
    scene.app.finish().await;
}

#[tokio::test]
async fn what_whatsapp_refuses_is_told_by_what_can_be_done() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let id = scene.made(whatsapp(&sink)).await.connector.id;
    for (status, code, error) in [
        (401, 190, "credentials_refused"),
        (400, 131047, "window_closed"),
        (400, 131026, "recipient_refused"),
        (429, 130429, "rate_limited"),
        (400, 131056, "rate_limited"),
        (404, 132001, "template_refused"),
        (400, 132000, "template_refused"),
        (400, 132015, "template_paused"),
        (500, 131000, "server_error"),
    ] {
        scene.app.app.clock.advance(TimeDelta::minutes(2));
        let said = json!({ "error": { "message": "(#x) EAAG-canary-token", "type": "OAuthException", "code": code,
                                      "error_data": { "messaging_product": "whatsapp", "details": "d" }, "fbtrace_id": "t" } });
        sink.says(&[(status, said)]);
        let seen = scene.tested(id).await;
        assert!(why(&seen).starts_with(error), "{code}: {}", why(&seen));
        assert!(!why(&seen).contains("canary"), "{}", why(&seen));
        assert_eq!(seen.connector.health.last_error.as_deref(), Some(error));
    }
    scene.app.finish().await;
}
