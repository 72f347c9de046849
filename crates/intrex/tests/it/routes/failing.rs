//! What goes wrong, told by routes: connectors that fail, messages that are given up, and what somebody should look at. Never by
//! the way that has failed, and never without end.

use chrono::TimeDelta;
use intrex_core::{connectors, ids::ConnectorId, worker};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ALL, outside::Outside, script};
use crate::support::{Fate, sink::Sink};

/// What can go wrong.
const WRONG: [&str; 3] = ["connector.failing", "connector.disabled", "delivery.dead"];

/// What arrived, by kind.
fn kinds(sink: &Sink) -> Vec<String> {
    let mut kinds: Vec<String> = sink
        .received()
        .iter()
        .map(|sent| sent.json()["type"].as_str().expect("a word").to_owned())
        .collect();
    kinds.sort();
    kinds
}

fn of_kind(sink: &Sink, kind: &str) -> Value {
    let bodies = sink.received().into_iter().map(|sent| sent.json());
    let mut of_it = bodies.filter(|body| body["type"] == kind);
    of_it.next().unwrap_or_else(|| panic!("no {kind}"))
}

impl Outside {
    /// Fails since so many hours, and nobody was told yet.
    async fn failing_since(&self, hook: ConnectorId, hours: i64) {
        sqlx::query("update app.connectors set failing_since = $2, failures = 1 where id = $1")
            .bind(hook.uuid())
            .bind(self.scene.app.app.now() - TimeDelta::hours(hours))
            .execute(&mut self.scene.app.superuser().await)
            .await
            .expect("is written");
    }

    /// Sends for three days whatever there is to send.
    async fn days(&self) {
        for _ in 0..24 {
            self.scene.app.app.clock.advance(TimeDelta::hours(3));
            self.send().await;
        }
    }
}

#[tokio::test]
async fn a_connector_that_fails_ends_or_is_disabled_is_told_of_by_the_others() {
    let outside = Outside::begin().await;
    let scene = &outside.scene;
    let (one, other) = (Sink::start().await, Sink::start().await);
    let (first, _) = outside.hook(&one, "First").await;
    let (second, _) = outside.hook(&other, "Second").await;
    outside
        .to_hook("Done", first, &["obligation.completed"])
        .await;
    outside.to_hook("First's", first, &WRONG).await;
    outside.to_hook("Second's", second, &WRONG).await;
    outside
        .route(json!({ "name": "Us", "event_types": WRONG, "recipient": "head_office" }))
        .await;
    let item = outside.item(&scene.gulshan, "Fire licence").await;
    outside.failing_since(first, 25).await;
    outside.complete(&outside.erin, item).await;
    one.answers(&[(500, "", ""), (410, "", "")]);
    outside.send().await;
    assert_eq!(scene.app.told("connector.failing").await, 1);
    outside.send().await;
    assert_eq!(kinds(&other), ["connector.failing"]);
    let failing = of_kind(&other, "connector.failing");
    assert_eq!(failing["entity"]["id"], first.to_string());
    assert_eq!(failing["entity"]["title"], "First");
    assert_eq!(failing["entity"]["reason"], "server_error");
    scene.app.app.clock.advance(TimeDelta::minutes(2));
    outside.send().await;
    outside.send().await;
    assert_eq!(
        kinds(&other),
        ["connector.disabled", "connector.failing", "delivery.dead"]
    );
    let disabled = of_kind(&other, "connector.disabled");
    assert_eq!(disabled["entity"]["reason"], "gone");
    let dead = of_kind(&other, "delivery.dead");
    assert_eq!(dead["entity"]["title"], "Fire licence");
    assert_eq!(dead["entity"]["event_type"], "obligation.completed");
    assert_eq!(dead["entity"]["connector_id"], first.to_string());
    assert_eq!(dead["branch"]["name"], "Gulshan");
    let to_alice = || {
        let mails = outside.mails().into_iter();
        mails.filter(|mail| mail.0.contains(&scene.alice.email))
    };
    let subjects: Vec<String> = to_alice().map(|mail| mail.1).collect();
    assert_eq!(
        subjects,
        [
            "A message could not be delivered: Fire licence",
            "The connector First fails",
            "The connector First is disabled",
        ]
    );
    // What it fails with is not told over itself.
    assert_eq!(kinds(&one), ["obligation.completed"; 2]);
    let by_hand = connectors::disable(&scene.app.app, &scene.acme.operator, second).await;
    by_hand.expect("is disabled");
    outside.send().await;
    assert_eq!(to_alice().count(), 4, "by hand, too");
    // Of that the first one was to be told, which is closed: so the second one, which is closed as well. There it ends.
    outside.send().await;
    outside.send().await;
    assert_eq!(scene.app.told("delivery.dead").await, 3);
    // A look back counts what was followed.
    let site = scene.app.serve().await;
    let browser = scene.app.signed_in(&site, &scene.alice).await;
    for (event, expected) in [
        ("connector.failing", 1),
        ("connector.disabled", 2),
        ("delivery.dead", 2),
    ] {
        let body = json!({ "name": "x", "recipient": "head_office", "event_types": [event] });
        let path = format!("{ALL}/preview");
        let seen = script(&browser, Method::POST, &path, body).await.json();
        assert_eq!(seen["total"], expected, "{event}");
        assert_eq!(seen["not_known"], json!([]));
    }
    outside.scene.app.finish().await;
}

#[tokio::test]
async fn a_dead_message_about_a_dead_message_ends_there() {
    let outside = Outside::begin().await;
    let scene = &outside.scene;
    let (one, other) = (Sink::start().await, Sink::start().await);
    let (first, _) = outside.hook(&one, "First").await;
    let (second, _) = outside.hook(&other, "Second").await;
    outside
        .to_hook("Done", first, &["obligation.completed"])
        .await;
    outside.to_hook("First's", first, &WRONG).await;
    outside.to_hook("Second's", second, &WRONG).await;
    // Nobody is there any more, neither here nor there.
    one.answers(&[(410, "", ""); 50]);
    other.answers(&[(410, "", ""); 50]);
    let item = outside.item(&scene.gulshan, "Fire licence").await;
    outside.complete(&outside.erin, item).await;
    worker::run_once(&scene.app.app).await.expect("ends");
    outside.days().await;
    let dead = "select count(*) from app.notification_deliveries where state = 'dead'";
    let all = "select count(*) from app.notification_deliveries";
    let (ended, made) = (scene.app.count(dead).await, scene.app.count(all).await);
    assert_eq!(ended, made, "nothing waits");
    outside.days().await;
    assert_eq!(scene.app.count(all).await, made, "and nothing follows");
    let about_dead =
        "select count(*) from app.notification_deliveries d join app.notification_deliveries about
                        on about.id = (d.notices -> 0 -> 'entity' ->> 'id')::uuid
                      where d.event_type = 'delivery.dead' and about.event_type = 'delivery.dead'";
    assert_eq!(scene.app.count(about_dead).await, 0);
    let about_others =
        "select count(*) from app.notification_deliveries where event_type = 'delivery.dead'";
    assert!(scene.app.count(about_others).await >= 1);
    outside.scene.app.finish().await;
}

#[tokio::test]
async fn an_address_that_was_refused_is_told_of_to_others_by_the_same_mail_server() {
    let outside = Outside::begin().await;
    let scene = &outside.scene;
    outside
        .route(
            json!({ "name": "Done", "event_types": ["obligation.completed"], "recipient": "person",
                       "person_id": scene.alice.id }),
        )
        .await;
    outside
        .route(json!({ "name": "Wrong", "event_types": WRONG, "recipient": "head_office" }))
        .await;
    let item = outside.item(&scene.gulshan, "Fire licence").await;
    outside.complete(&outside.erin, item).await;
    outside.mail.next(&[Fate::Refused("RCPT", 550)]);
    outside.send().await;
    outside.send().await;
    let mails = outside.mails();
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert!(mails[0].0.contains("Erin"), "and not to Alice: {mails:?}");
    outside.scene.app.finish().await;
}

#[tokio::test]
async fn a_security_event_is_told_to_programs_each_and_to_people_once_an_hour() {
    let outside = Outside::begin().await;
    let scene = &outside.scene;
    let sink = Sink::start().await;
    let (hook, _) = outside.hook(&sink, "Watch").await;
    // What making the connector led to is told before there is a route.
    worker::run_once(&scene.app.app).await.expect("works");
    outside.to_hook("Watch", hook, &["security.event"]).await;
    outside
        .route(
            json!({ "name": "Us", "event_types": ["security.event"], "recipient": "head_office" }),
        )
        .await;
    outside
        .route(json!({ "name": "Gulshan's", "event_types": ["security.event"], "recipient": "head_office",
                       "branch_id": scene.gulshan.id, "min_severity": "low" }))
        .await;
    let invite = async |name: &str| {
        let admin = intrex_core::permission::Role::HeadOfficeAdmin;
        scene.app.invite(&scene.acme, name, admin, &[]).await;
        worker::run_once(&scene.app.app).await.expect("works");
    };
    invite("Bob").await;
    invite("Carl").await;
    let sent = sink.received();
    assert_eq!(sent.len(), 2, "each to a program");
    let body = sent[0].json();
    assert_eq!(body["type"], "security.event");
    assert_eq!(body["severity"], "medium");
    let about = body["entity"]["id"].as_str().expect("an id");
    let page = format!("http://localhost:8080/settings/security/events/{about}");
    assert_eq!(body["url"], page);
    let text = String::from_utf8(sent[0].body.clone()).expect("text");
    assert!(!text.contains("Bob") && !text.contains("bob@"), "{text}");
    let of_security = || {
        let mails = outside.mails().into_iter();
        mails
            .filter(|mail| mail.1.starts_with("Security: ") && mail.0.contains("Alice"))
            .count()
    };
    assert_eq!(of_security(), 1, "to people once an hour");
    scene.app.app.clock.advance(TimeDelta::hours(1));
    invite("Dora").await;
    assert_eq!((sink.received().len(), of_security()), (3, 2));
    let low =
        "select count(*) from app.security_events where severity = 'low' and code = 'NEW_DEVICE'";
    assert!(scene.app.count(low).await > 0, "of which nobody is told");
    outside.scene.app.finish().await;
}
