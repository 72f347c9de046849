//! Mail through a server of an organisation's own, which encrypts in every way or not at all, knows a password or none, and
//! fails at every stage.

use chrono::TimeDelta;
use intrex_core::connectors::{ConnectorType, Status};
use serde_json::{Value, json};

use super::{Scene, told, why};
use crate::support::{
    authority::Authority,
    relay::{Encryption, Fault, Relay},
};

const PASSWORD: &str = "relay-pässword-4711";

fn config(relay: &Relay, more: Value) -> Value {
    let mut config = json!({
        "host": "127.0.0.1", "port": relay.port, "from": "Intrex <reminders@acme.example>",
    });
    for (name, value) in more.as_object().expect("an object") {
        config[name] = value.clone();
    }
    config
}

fn mail_server(relay: &Relay, more: Value, password: Option<&str>) -> Value {
    let secrets = match password {
        Some(password) => json!({ "password": password }),
        None => json!({}),
    };
    json!({ "type": "email_smtp", "name": "Relay", "config": config(relay, more), "secrets": secrets })
}

#[tokio::test]
async fn mail_goes_out_by_every_kind_of_encryption_with_and_without_a_password() {
    let scene = Scene::begin().await;
    let authority = Authority::new();
    let tls = authority.server("127.0.0.1");
    let before = "compose ok, address ok, connect ok, ";
    for (mode, encryption, stages) in [
        ("none", Encryption::None, "greeting ok, "),
        (
            "starttls",
            Encryption::StartTls(tls.clone()),
            "greeting ok, encrypt ok, ",
        ),
        (
            "implicit",
            Encryption::Implicit(tls.clone()),
            "encrypt ok, greeting ok, ",
        ),
    ] {
        for login in [None, Some(("acme", PASSWORD))] {
            if mode == "none" && login.is_some() {
                continue;
            }
            let relay = Relay::start(encryption.clone(), login).await;
            let mut more = json!({ "tls": mode, "ca": authority.pem() });
            if let Some((user, _)) = login {
                more["username"] = user.into();
            }
            let mut body = mail_server(&relay, more, login.map(|(_, password)| password));
            body["name"] = format!("{mode} {}", login.is_some()).into();
            let id = scene.made(body).await.connector.id;
            let seen = scene.verified(id).await;
            let auth = if login.is_some() {
                "authenticate ok, "
            } else {
                ""
            };
            let expected = format!("{before}{stages}{auth}sender ok, recipient ok");
            assert_eq!(told(&seen), expected, "{mode}: {}", why(&seen));
            assert_eq!(seen.connector.status, Status::Active);
            assert!(relay.messages().is_empty(), "nobody gets anything");
            assert!(relay.commands().contains(&"RSET".to_owned()));
            let seen = scene.tested(id).await;
            assert_eq!(told(&seen), format!("{expected}, accept ok"));
            let messages = relay.messages();
            assert_eq!(messages.len(), 1);
            let message = &messages[0];
            assert!(message.contains(&scene.alice.email), "{message}");
            for part in ["Message-ID: <", "text/plain", "text/html", "Auto-Submitted"] {
                assert!(message.contains(part), "{part}: {message}");
            }
        }
    }
    scene.app.finish().await;
}

#[tokio::test]
async fn whichever_stage_fails_is_named_and_nothing_after_it_is_said() {
    let scene = Scene::begin().await;
    let authority = Authority::new();
    let encryption = Encryption::StartTls(authority.server("127.0.0.1"));
    let relay = Relay::start(encryption, Some(("acme", PASSWORD))).await;
    let more = json!({ "tls": "starttls", "ca": authority.pem(), "username": "acme" });
    let made = scene.made(mail_server(&relay, more, Some(PASSWORD))).await;
    let id = made.connector.id;
    assert!(scene.verified(id).await.ok);
    let all = [
        "compose",
        "address",
        "connect",
        "greeting",
        "encrypt",
        "authenticate",
        "sender",
        "recipient",
        "accept",
    ];
    for (command, line, stage, error) in [
        ("GREETING", "554 go away", "greeting", "refused"),
        ("EHLO", "550 not you", "greeting", "refused"),
        ("STARTTLS", "454 not now", "encrypt", "tls_failed"),
        (
            "AUTH",
            "535 5.7.8 no",
            "authenticate",
            "credentials_refused",
        ),
        ("AUTH", "454 later", "authenticate", "server_error"),
        ("MAIL", "550 not as this one", "sender", "sender_refused"),
        ("RCPT", "550 nobody here", "recipient", "recipient_refused"),
        ("RCPT", "450 greylisted", "recipient", "server_error"),
        ("DATA", "451 disk full", "accept", "server_error"),
        ("BODY", "554 spam", "accept", "content_refused"),
    ] {
        scene.app.app.clock.advance(TimeDelta::minutes(2));
        relay.fails(Some(Fault::Says(command, line.to_owned())));
        let seen = scene.tested(id).await;
        let at = all.iter().position(|known| *known == stage).expect("known");
        let expected: Vec<String> = all
            .iter()
            .enumerate()
            .map(|(n, name)| match n.cmp(&at) {
                std::cmp::Ordering::Less => format!("{name} ok"),
                std::cmp::Ordering::Equal => format!("{name} failed"),
                std::cmp::Ordering::Greater => format!("{name} skipped"),
            })
            .collect();
        assert_eq!(told(&seen), expected.join(", "), "{command} {line}");
        let code = &line[..3];
        let words = &line[4..];
        assert!(
            why(&seen).contains(code) && why(&seen).contains(words),
            "{}",
            why(&seen)
        );
        assert_eq!(seen.connector.health.last_error.as_deref(), Some(error));
        assert_eq!(seen.connector.status, Status::Error);
    }
    relay.fails(None);
    scene.app.app.clock.advance(TimeDelta::minutes(2));
    assert_eq!(scene.tested(id).await.connector.status, Status::Active);
    assert_eq!(relay.messages().len(), 1, "only what was taken");
    scene.app.finish().await;
}

#[tokio::test]
async fn a_server_without_the_right_certificate_hears_neither_password_nor_message() {
    let scene = Scene::begin().await;
    let (own, other) = (Authority::new(), Authority::new());
    for (n, (mode, encryption, ca)) in [
        (
            "starttls",
            Encryption::StartTls(other.server("127.0.0.1")),
            own.pem(),
        ),
        (
            "implicit",
            Encryption::Implicit(other.server("127.0.0.1")),
            own.pem(),
        ),
        (
            "starttls",
            Encryption::StartTls(own.server("127.0.0.2")),
            own.pem(),
        ),
        (
            "implicit",
            Encryption::Implicit(own.server("127.0.0.2")),
            own.pem(),
        ),
        (
            "starttls",
            Encryption::StartTls(own.server("127.0.0.1")),
            "",
        ),
        (
            "implicit",
            Encryption::Implicit(own.server("127.0.0.1")),
            "",
        ),
        // It does not offer what was asked for.
        ("starttls", Encryption::None, own.pem()),
    ]
    .into_iter()
    .enumerate()
    {
        let relay = Relay::start(encryption, Some(("acme", PASSWORD))).await;
        let more = json!({ "tls": mode, "ca": ca, "username": "acme" });
        let mut body = mail_server(&relay, more, Some(PASSWORD));
        body["name"] = format!("relay {n}").into();
        let id = scene.made(body).await.connector.id;
        let seen = scene.tested(id).await;
        assert!(
            told(&seen).contains("encrypt failed"),
            "{n}: {}",
            told(&seen)
        );
        let heard = relay.commands().join("\n");
        assert!(
            !heard.contains("AUTH") && !heard.contains("MAIL"),
            "{heard}"
        );
        assert!(relay.messages().is_empty());
    }
    scene.app.finish().await;
}

#[tokio::test]
async fn what_is_said_in_the_clear_behind_a_yes_to_starttls_does_not_count() {
    let scene = Scene::begin().await;
    let authority = Authority::new();
    let encryption = Encryption::StartTls(authority.server("127.0.0.1"));
    let relay = Relay::start(encryption, None).await;
    relay.fails(Some(Fault::Injected("250-relay.test\r\n250 AUTH PLAIN")));
    let more = json!({ "tls": "starttls", "ca": authority.pem() });
    let id = scene
        .made(mail_server(&relay, more, None))
        .await
        .connector
        .id;
    let seen = scene.tested(id).await;
    assert!(told(&seen).contains("encrypt failed"), "{}", told(&seen));
    assert!(relay.messages().is_empty());
    scene.app.finish().await;
}

#[tokio::test]
async fn a_server_that_never_ends_its_answer_is_not_listened_to() {
    let scene = Scene::begin().await;
    for (n, command) in ["GREETING", "EHLO", "MAIL"].into_iter().enumerate() {
        let relay = Relay::start(Encryption::None, None).await;
        relay.fails(Some(Fault::Endless(command)));
        let mut body = mail_server(&relay, json!({ "tls": "none" }), None);
        body["name"] = format!("relay {n}").into();
        let id = scene.made(body).await.connector.id;
        let seen = scene.verified(id).await;
        assert!(!seen.ok, "{}", told(&seen));
        let error = seen.connector.health.last_error.as_deref();
        assert_eq!(error, Some("protocol_error"));
    }
    scene.app.finish().await;
}

#[tokio::test]
async fn what_a_server_repeats_of_a_password_is_not_shown() {
    use base64::{Engine as _, engine::general_purpose::STANDARD as B64};
    let scene = Scene::begin().await;
    let authority = Authority::new();
    let encryption = Encryption::Implicit(authority.server("127.0.0.1"));
    let relay = Relay::start(encryption, Some(("acme", PASSWORD))).await;
    let more = json!({ "tls": "implicit", "ca": authority.pem(), "username": "acme" });
    let made = scene.made(mail_server(&relay, more, Some(PASSWORD))).await;
    assert_eq!(made.connector.kind, ConnectorType::EmailSmtp);
    let proof = B64.encode(format!("\0acme\0{PASSWORD}"));
    let line = format!("535 no: {PASSWORD} or {proof}");
    relay.fails(Some(Fault::Says("AUTH", line)));
    let seen = scene.verified(made.connector.id).await;
    let why = why(&seen);
    assert!(why.contains("535") && why.contains("[secret]"), "{why}");
    assert!(!why.contains(PASSWORD) && !why.contains(&proof), "{why}");
    scene.app.finish().await;
}
