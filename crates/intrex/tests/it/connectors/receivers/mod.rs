//! Whether receivers get what they were promised: the samples of `examples/receivers/` as processes, and the packages that
//! other people use, with messages that the product itself has sent.

mod sample;

use std::slice;

use chrono::TimeDelta;
use intrex_core::{
    channels::{EventType, schema},
    clock::Clock,
    connectors::{self, Made, RawRotation},
    ids::ConnectorId,
};
use reqwest::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use self::sample::{Receiver, checked, root};
use super::{Scene, raw};
use crate::support::sink::{Sent, Sink};

/// Receivers know the true time, so the product has to, in these tests.
async fn today() -> Scene {
    let mut scene = Scene::begin().await;
    scene.app.app.clock.travel_to(Clock::system().now());
    scene.actor = scene.app.acting(&scene.alice).await;
    scene
}

fn secret_of(made: &Made) -> &str {
    exposed(made.signing_secret.as_ref())
}

fn exposed(secret: Option<&SecretString>) -> &str {
    secret.expect("made here").expose_secret()
}

impl Scene {
    /// A webhook to this address, signing with this secret.
    async fn webhook_to(&self, name: &str, url: &str, secret: &str) -> ConnectorId {
        let body = json!({ "type": "webhook", "name": name, "config": { "url": url },
                           "secrets": { "signing_secret": secret } });
        self.made(body).await.connector.id
    }

    /// Whether a test message is taken by the other side; if not, what it answers.
    async fn takes(&self, id: ConnectorId) -> Result<(), String> {
        // A connector is looked at so often in a minute; the receivers' clock stays near.
        let seen = self.tested(id).await;
        match seen.ok {
            true => Ok(()),
            false => Err(super::why(&seen).to_owned()),
        }
    }
}

#[tokio::test]
async fn each_sample_takes_what_the_product_sends_and_keeps_it_once() {
    let scene = today().await;
    let sink = Sink::start().await;
    let made = scene.webhook(&sink).await;
    let secret = secret_of(&made);
    assert!(scene.verified(made.connector.id).await.ok);
    let sent = sink.received().pop().expect("is sent");
    for written in sample::ALL {
        let mut receiver = Receiver::start(written, &[secret]);
        let name = format!("{written:?}");
        let id = scene.webhook_to(&name, &receiver.url(), secret).await;
        let seen = scene.verified(id).await;
        assert!(seen.ok, "{written:?}: {}", super::why(&seen));
        assert_eq!(scene.takes(id).await, Ok(()), "{written:?}");
        let told = receiver.keeps();
        let types: Vec<_> = told.iter().map(|body| body["type"].clone()).collect();
        assert_eq!(types.len(), 2, "{written:?}");
        for kind in ["connector.verify", "connector.test"] {
            assert!(types.contains(&json!(kind)), "{written:?}: {kind}");
        }
        for body in &told {
            assert_eq!(body["entity"]["id"], id.to_string());
        }
        assert!(receiver.says().starts_with("kept ") && receiver.says().starts_with("kept "));
        // A message of another connector with the same secret, three times at once and once more.
        let (a, b, c) = tokio::join!(
            receiver.given(&sent),
            receiver.given(&sent),
            receiver.given(&sent)
        );
        for status in [a, b, c, receiver.given(&sent).await] {
            assert_eq!(status, StatusCode::NO_CONTENT, "{written:?}");
        }
        let mut said: Vec<_> = (0..4).map(|_| receiver.says()).collect();
        said.sort();
        let id = sent.header("webhook-id");
        let known = format!("known {id}");
        assert_eq!(
            said,
            [format!("kept {id}"), known.clone(), known.clone(), known]
        );
        assert_eq!(receiver.keeps().len(), 3, "{written:?}");
        assert!(receiver.keeps().contains(&sent.json()));
    }
    scene.app.finish().await;
}

/// One thing about a message that is not as it was sent.
type Tampering = (&'static str, fn(&mut Sent));

#[tokio::test]
async fn each_sample_refuses_what_was_tampered_with_signed_by_another_or_said_long_ago() {
    let scene = today().await;
    let sink = Sink::start().await;
    let made = scene.webhook(&sink).await;
    let (secret, id) = (secret_of(&made), made.connector.id);
    let clock = &scene.app.app.clock;
    let at = async |ago: TimeDelta| {
        let now = Clock::system().now();
        clock.travel_to(now - ago);
        assert!(scene.tested(id).await.ok);
        clock.travel_to(now);
        sink.received().pop().expect("is sent")
    };
    let old = at(TimeDelta::seconds(301)).await;
    let of_tomorrow = at(TimeDelta::seconds(-330)).await;
    let sent = at(TimeDelta::zero()).await;
    let tamperings: [Tampering; 9] = [
        ("a body with one bit changed", |sent| sent.body[20] ^= 1),
        ("a body that was parsed and written again", |sent| {
            sent.body = format!("{:#}", sent.json()).into_bytes();
        }),
        ("another id", |sent| sent.set("webhook-id", "another")),
        ("an id that leads elsewhere", |sent| {
            sent.set("webhook-id", "../../elsewhere")
        }),
        ("a time that was not signed", |sent| {
            let now = Clock::system().now().timestamp() + 1;
            sent.set("webhook-timestamp", &now.to_string());
        }),
        ("a time that is none", |sent| {
            sent.set("webhook-timestamp", "now")
        }),
        ("no signature", |sent| sent.set("webhook-signature", "")),
        ("a signature of a version that nobody knows", |sent| {
            let signature = sent.header("webhook-signature").replace("v1,", "v9,");
            sent.set("webhook-signature", &signature);
        }),
        ("another signature over the body", |sent| {
            sent.set("x-intrex-signature", &format!("sha256={}", "0".repeat(64)));
        }),
    ];
    for written in sample::ALL {
        let receiver = Receiver::start(written, &[secret]);
        for (what, tamper) in tamperings {
            let mut wrong = sent.clone();
            tamper(&mut wrong);
            let status = receiver.given(&wrong).await;
            assert!(
                status.is_client_error(),
                "{written:?} takes {what}: {status}"
            );
        }
        for wrong in [&old, &of_tomorrow] {
            assert_eq!(
                receiver.given(wrong).await,
                StatusCode::BAD_REQUEST,
                "{written:?}"
            );
        }
        let mut long = sent.clone();
        long.body = vec![b' '; 100_000];
        assert_eq!(receiver.given(&long).await, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(receiver.keeps(), [Value::Null; 0], "{written:?}");
        assert_eq!(receiver.given(&sent).await, StatusCode::NO_CONTENT);
        // What the product is told by a receiver that knows another secret, or a clock that is wrong.
        let name = format!("{written:?}");
        let other = format!("whsec_{}", "A".repeat(43) + "=");
        let mistaken = scene.webhook_to(&name, &receiver.url(), &other).await;
        let refused = scene.takes(mistaken).await;
        assert_eq!(
            refused,
            Err("credentials_refused: HTTP 401".to_owned()),
            "{written:?}"
        );
        let change = raw(json!({ "secrets": { "signing_secret": secret } }));
        connectors::update(&scene.app.app, &scene.actor, mistaken, &change, None)
            .await
            .expect("is changed");
        let now = Clock::system().now();
        clock.travel_to(now - TimeDelta::minutes(6));
        assert_eq!(
            scene.takes(mistaken).await,
            Err("refused: HTTP 400".to_owned())
        );
        clock.travel_to(now);
        assert_eq!(scene.takes(mistaken).await, Ok(()), "{written:?}");
        assert_eq!(receiver.keeps().len(), 2, "{written:?}");
    }
    scene.app.finish().await;
}

#[tokio::test]
async fn while_the_secret_changes_samples_with_the_old_the_new_or_both_take_every_message() {
    let scene = today().await;
    let app = &scene.app.app;
    let new = format!("whsec_{}", "CQkJ".repeat(10) + "CQk=");
    let sink = Sink::start().await;
    let made = scene.webhook(&sink).await;
    let (old, id) = (secret_of(&made), made.connector.id);
    let mut receivers = Vec::new();
    for written in sample::ALL {
        for secrets in [&[old][..], &[new.as_str()], &[old, new.as_str()]] {
            receivers.push((secrets.to_vec(), Receiver::start(written, secrets)));
        }
    }
    let by = async |step: &str, signing: &[&str]| {
        assert!(scene.tested(id).await.ok);
        let sent = sink.received().pop().expect("is sent");
        for (secrets, receiver) in &receivers {
            let knows = secrets.iter().any(|secret| signing.contains(secret));
            let expected = match knows {
                true => StatusCode::NO_CONTENT,
                false => StatusCode::UNAUTHORIZED,
            };
            assert_eq!(receiver.given(&sent).await, expected, "{step}");
        }
    };
    by("before", &[old]).await;
    let rotation = RawRotation {
        signing_secret: new.as_str().into(),
    };
    let rotated = connectors::rotate(app, &scene.actor, id, &rotation).await;
    assert!(rotated.expect("is rotated").signing_secret.is_none());
    by("while it changes", &[old, &new]).await;
    let promoted = connectors::promote(app, &scene.actor, id).await;
    promoted.expect("is promoted");
    by("after", &[&new]).await;
    scene.app.finish().await;
}

#[tokio::test]
async fn the_packages_of_npm_and_pypi_take_our_messages_and_refuse_them_after_five_minutes() {
    let scene = today().await;
    let sink = Sink::start().await;
    let made = scene.webhook(&sink).await;
    let (old, id) = (secret_of(&made), made.connector.id);
    let clock = &scene.app.app.clock;
    let at = async |seconds: i64| {
        clock.travel_to(Clock::system().now() - TimeDelta::seconds(seconds));
        assert!(scene.tested(id).await.ok);
        clock.travel_to(Clock::system().now());
        sink.received().pop().expect("is sent")
    };
    let past = at(301).await;
    let nearly = at(200).await;
    let fresh = at(0).await;
    let mut tampered = fresh.clone();
    tampered.body[20] ^= 1;
    let rotation = RawRotation::default();
    let rotated = connectors::rotate(&scene.app.app, &scene.actor, id, &rotation).await;
    let rotated = rotated.expect("is rotated");
    let new = exposed(rotated.signing_secret.as_ref());
    let both = at(0).await;
    for (program, script) in [("node", "webhook.mjs"), ("python3", "webhook.py")] {
        let says = |secret: &str, sent: &Sent| {
            let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
            let headers = names.map(|name| (name, sent.header(name)));
            let headers: std::collections::BTreeMap<_, _> = headers.into_iter().collect();
            let body = String::from_utf8_lossy(&sent.body);
            let message = json!({ "secret": secret, "headers": headers, "body": body });
            checked(program, &[script], &message)
        };
        for (secret, sent) in [(old, &fresh), (old, &nearly), (old, &both), (new, &both)] {
            assert_eq!(says(secret, sent), "accepted", "{program}");
        }
        let said = says(old, &past).to_lowercase();
        assert!(
            said.starts_with("refused: ") && said.contains("too old"),
            "{program}: {said}"
        );
        for (secret, sent) in [(new, &fresh), (old, &tampered)] {
            let said = says(secret, sent).to_lowercase();
            assert!(said.contains("no matching signature"), "{program}: {said}");
        }
    }
    scene.app.finish().await;
}

#[tokio::test]
async fn what_is_sent_and_every_published_example_hold_against_the_published_schemas() {
    let scene = today().await;
    let sink = Sink::start().await;
    let made = scene.webhook(&sink).await;
    assert!(scene.verified(made.connector.id).await.ok);
    assert!(scene.takes(made.connector.id).await.is_ok());
    let file = |name: &str| root().join("docs/webhooks").join(name);
    let named = |event: EventType| file(&schema::file_name(event));
    let mut documents: Vec<_> = EventType::ALL
        .iter()
        .copied()
        .map(|event| json!({ "name": event, "schema": named(event) }))
        .collect();
    let sent: Vec<Value> = sink.received().iter().map(Sent::json).collect();
    assert_eq!(sent.len(), 2);
    for body in &sent {
        let event = body["type"].as_str().and_then(EventType::parse);
        let schema = named(event.expect("an event that is known"));
        documents.push(json!({ "name": "sent", "schema": schema, "document": body }));
    }
    assert_eq!(
        checked("node", &["schema.mjs"], &json!(documents)),
        "all hold"
    );
    // The check sees what is wrong.
    let mut wrong = sent[0].clone();
    wrong["entity"]["id"] = json!("not an id");
    let schema = named(EventType::ConnectorVerify);
    let wrong = json!({ "name": "wrong", "schema": schema, "document": wrong });
    let said = checked("node", &["schema.mjs"], &json!(slice::from_ref(&wrong)));
    assert!(
        said.contains("/entity/id") && said.ends_with("1 do not hold"),
        "{said}"
    );
    scene.app.finish().await;
}
