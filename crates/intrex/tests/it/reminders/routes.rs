//! Reminders by an organisation's own routes: whom they reach, when they are put off, and what a change takes back.

use intrex_core::{
    connectors::{self, RawConnector},
    ids::{ObligationId, RouteId},
    outside::http::{Outgoing, OutgoingSettings},
    preferences::{self, RawPreferences},
    routes::{self, RawRoute},
};
use serde_json::{Value, json};

use super::world::{ADMIN, OPERATOR, Organisation, organisation};
use crate::support::{MailServer, TestApp, sink::Sink};

fn raw(body: Value) -> RawRoute {
    serde_json::from_value(body).expect("fields of a route")
}

async fn route(app: &TestApp, acme: &Organisation, body: Value) -> RouteId {
    routes::create(&app.app, &acme.operator, &raw(body))
        .await
        .expect("the route is made")
        .id
}

/// Threshold, step, state and reason of an item's reminders by ways other than the inbox, with whom they reach.
async fn outside(app: &TestApp, acme: &Organisation, item: ObligationId) -> Vec<String> {
    let slots = acme.ledger(app, item).await;
    let slots = slots.iter().filter(|slot| slot.connector != "in_app");
    slots
        .map(|slot| {
            let reason = slot.reason.as_deref().unwrap_or("-");
            let threshold = &slot.threshold;
            format!("{threshold} {} {} {reason}", slot.told(), slot.state)
        })
        .collect()
}

#[tokio::test]
async fn own_routes_take_the_place_of_the_built_in_one_until_the_last_is_removed() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let acme = organisation(&app, "Acme").await;
    let gulshan = acme.branch(&app, "Gulshan").await;
    let alice = acme.person(&app, "Alice", OPERATOR, &[gulshan]).await;
    acme.person(&app, "Bob", ADMIN, &[]).await;
    let item = acme.item(&app, gulshan, "2026-12-06", Some(&alice)).await;
    app.work_at("2026-11-30T03:00:00Z").await;
    let to_head_office = json!({ "name": "Late", "event_types": ["obligation.overdue"], "recipient": "head_office" });
    let own = route(&app, &acme, to_head_office).await;
    app.work_at("2026-11-30T04:00:00Z").await;
    let now = outside(&app, &acme, item).await;
    for line in [
        "due_day Alice suppressed changed",
        "overdue Alice suppressed changed",
        "overdue Bob planned -",
    ] {
        assert!(now.contains(&line.to_owned()), "{line}: {now:?}");
    }
    let inbox = acme.ledger(&app, item).await;
    assert!(
        inbox
            .iter()
            .any(|slot| slot.connector == "in_app" && slot.state == "planned")
    );
    let mails = server.received().len();
    app.work_at("2026-12-06T03:00:00Z").await;
    assert_eq!(server.received().len(), mails);
    app.work_at("2026-12-07T03:00:00Z").await;
    let late = server.received();
    assert_eq!(late.len(), mails + 1);
    routes::remove(&app.app, &acme.operator, own)
        .await
        .expect("is removed");
    // What has passed by then is not said again by the built-in one.
    app.work_at("2026-12-07T04:00:00Z").await;
    assert_eq!(server.received().len(), mails + 1);
    let later = acme.item(&app, gulshan, "2026-12-20", Some(&alice)).await;
    app.work_at("2026-12-07T05:00:00Z").await;
    let now = outside(&app, &acme, later).await;
    assert!(
        now.contains(&"due_day Alice planned -".to_owned()),
        "{now:?}"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_route_that_is_made_later_does_not_tell_of_days_gone_by() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let acme = organisation(&app, "Acme").await;
    let gulshan = acme.branch(&app, "Gulshan").await;
    let alice = acme.person(&app, "Alice", OPERATOR, &[gulshan]).await;
    let item = acme.item(&app, gulshan, "2026-12-06", Some(&alice)).await;
    app.work_at("2026-12-04T03:00:00Z").await;
    let before = server.received().len();
    let all = json!({ "name": "All", "event_types": ["obligation.due", "obligation.overdue"], "recipient": "responsible" });
    route(&app, &acme, all).await;
    app.work_at("2026-12-04T04:00:00Z").await;
    assert_eq!(server.received().len(), before);
    let now = outside(&app, &acme, item).await;
    assert!(
        now.contains(&"before_3 Alice suppressed past_when_made".to_owned()),
        "{now:?}"
    );
    app.work_at("2026-12-05T03:00:00Z").await;
    assert_eq!(server.received().len(), before + 1);
    app.finish().await;
}

#[tokio::test]
async fn what_falls_into_quiet_hours_is_told_at_their_end() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let acme = organisation(&app, "Acme").await;
    let gulshan = acme.branch(&app, "Gulshan").await;
    let alice = acme.person(&app, "Alice", OPERATOR, &[gulshan]).await;
    let quiet = json!({ "name": "Not in the morning", "event_types": ["obligation.due"], "recipient": "responsible",
                        "quiet": { "from": "08:00", "to": "12:00" } });
    route(&app, &acme, quiet).await;
    acme.item(&app, gulshan, "2026-12-06", Some(&alice)).await;
    app.work_at("2026-12-05T07:00:00Z").await;
    let before = server.received().len();
    app.work_at("2026-12-06T05:59:00Z").await;
    assert_eq!(server.received().len(), before);
    app.work_at("2026-12-06T06:00:00Z").await;
    assert_eq!(server.received().len(), before + 1);
    app.finish().await;
}

#[tokio::test]
async fn a_program_is_told_of_what_is_due_and_the_ledger_has_its_receipt() {
    let mut app = TestApp::start().await;
    app.app.outgoing = Outgoing::new(OutgoingSettings {
        private_nets: vec!["127.0.0.1/32".parse().expect("a network")],
        ..OutgoingSettings::default()
    });
    let sink = Sink::start().await;
    let acme = organisation(&app, "Acme").await;
    let gulshan = acme.branch(&app, "Gulshan").await;
    let alice = acme.person(&app, "Alice", OPERATOR, &[gulshan]).await;
    let hook: RawConnector = serde_json::from_value(json!({
        "type": "webhook", "name": "Ops", "config": { "url": sink.url() },
    }))
    .expect("fields");
    let made = connectors::create(&app.app, &acme.operator, &hook).await;
    let hook = made.expect("the connector is made").connector.id;
    sqlx::query("update app.connectors set status = 'active' where id = $1")
        .bind(hook.uuid())
        .execute(&mut app.superuser().await)
        .await
        .expect("works");
    let all = json!({ "name": "Ops", "event_types": ["obligation.due"], "recipient": "endpoint",
                      "connector_id": hook.to_string() });
    route(&app, &acme, all).await;
    let item = acme.item(&app, gulshan, "2026-12-20", Some(&alice)).await;
    app.work_at("2026-12-20T03:00:00Z").await;
    let ledger = outside(&app, &acme, item).await;
    let on_day = ledger.iter().find(|line| line.starts_with("due_day"));
    assert_eq!(
        on_day.map(String::as_str),
        Some("due_day Ops sent -"),
        "{ledger:?}"
    );
    let sent = sink.received();
    let body: Value =
        serde_json::from_slice(&sent.last().expect("it was told").body).expect("JSON");
    assert_eq!(body["type"], "obligation.due");
    assert_eq!(body["entity"]["id"], item.to_string());
    assert_eq!(body["timing"]["due_on"], "2026-12-20");
    assert_eq!(body["timing"]["days_remaining"], 0);
    app.finish().await;
}

#[tokio::test]
async fn who_would_rather_not_hear_is_told_inside_alone_and_the_item_says_why() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let acme = organisation(&app, "Acme").await;
    let gulshan = acme.branch(&app, "Gulshan").await;
    let alice = acme.person(&app, "Alice", OPERATOR, &[gulshan]).await;
    let item = acme.item(&app, gulshan, "2026-12-06", Some(&alice)).await;
    let none = json!({ "opted_out": ["obligation.due"] });
    let none: RawPreferences = serde_json::from_value(none).expect("fields");
    preferences::set(&app.app, &alice.actor, &none)
        .await
        .expect("are kept");
    app.work_at("2026-12-06T03:00:00Z").await;
    assert_eq!(server.received().len(), 0);
    let ledger = outside(&app, &acme, item).await;
    let on_day = ledger.iter().find(|line| line.starts_with("due_day"));
    assert_eq!(
        on_day.map(String::as_str),
        Some("due_day Alice suppressed opted_out"),
        "{ledger:?}"
    );
    // What is late is told to everybody.
    app.work_at("2026-12-07T03:00:00Z").await;
    assert_eq!(server.received().len(), 1);
    app.finish().await;
}
