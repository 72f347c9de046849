//! Nobody gets more messages in an hour than the organisation allows: the rest waits and comes as one, what is critical does
//! not wait, and nothing is lost by it.

use intrex_core::{
    Error,
    branches::{self, RawBranch},
    connectors::{self, RawConnector},
    ids::{BranchId, ConnectorId, ObligationId},
    obligations::{self, input::RawObligation},
    outside::http::{Outgoing, OutgoingSettings},
    reminders::sender,
    routes::{self, RawRoute},
    tenants::{self, RawTenantUpdate},
};
use serde_json::{Value, json};

use super::world::{OPERATOR, Organisation, Somebody, organisation};
use crate::support::{MailServer, TestApp, sink::Sink};

/// Where it is 9:00, the hour of reminders, at 3:00, 3:15 and 3:30 UTC.
const ZONES: [&str; 3] = ["Asia/Dhaka", "Asia/Kathmandu", "Asia/Kolkata"];

async fn allow(app: &TestApp, acme: &Organisation, messages: &str) -> Result<(), Error> {
    let raw = RawTenantUpdate {
        messages_an_hour: messages.into(),
        ..RawTenantUpdate::default()
    };
    let set = tenants::update(&app.app, &acme.operator, &raw, None).await;
    set.map(|_| ())
}

async fn branch(app: &TestApp, acme: &Organisation, zone: &str) -> BranchId {
    let raw = RawBranch {
        code: zone.replace('/', "-").into(),
        name: zone.into(),
        country: "BD".into(),
        time_zone: zone.into(),
        ..RawBranch::default()
    };
    let made = branches::create(&app.app, &acme.operator, &raw).await;
    made.expect("the branch is made").id
}

async fn item(
    app: &TestApp,
    acme: &Organisation,
    branch: BranchId,
    owner: &Somebody,
    severity: &str,
) -> ObligationId {
    let raw = RawObligation {
        branch_id: branch.to_string().into(),
        title: format!("{severity} licence").into(),
        category: "fire_safety".into(),
        severity: severity.into(),
        due_on: "2026-12-06".into(),
        owner_id: owner.id.to_string().into(),
        ..RawObligation::default()
    };
    let made = obligations::commands::create(&app.app, &acme.operator, &raw).await;
    made.expect("the obligation is made").id
}

/// An item of each severity in a branch of each zone, all of them Alice's.
async fn three_zones(
    app: &TestApp,
    acme: &Organisation,
    severities: [&str; 3],
) -> (Somebody, Vec<ObligationId>) {
    let mut branches = Vec::new();
    for zone in ZONES {
        branches.push(branch(app, acme, zone).await);
    }
    let alice = acme.person(app, "Alice", OPERATOR, &branches).await;
    let mut items = Vec::new();
    for (branch, severity) in branches.into_iter().zip(severities) {
        items.push(item(app, acme, branch, &alice, severity).await);
    }
    app.work_at("2026-12-05T12:00:00Z").await;
    (alice, items)
}

async fn connector(app: &TestApp, acme: &Organisation, fields: Value) -> ConnectorId {
    let raw: RawConnector = serde_json::from_value(fields).expect("fields");
    let made = connectors::create(&app.app, &acme.operator, &raw).await;
    let id = made.expect("the connector is made").connector.id;
    sqlx::query("update app.connectors set status = 'active' where id = $1")
        .bind(id.uuid())
        .execute(&mut app.superuser().await)
        .await
        .expect("is seen to work");
    id
}

async fn route(app: &TestApp, acme: &Organisation, body: Value) {
    let raw: RawRoute = serde_json::from_value(body).expect("fields of a route");
    routes::create(&app.app, &acme.operator, &raw)
        .await
        .expect("the route is made");
}

#[tokio::test]
async fn what_is_over_the_limit_comes_as_one_message_in_the_next_hour() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let acme = organisation(&app, "Acme").await;
    for wrong in ["0", "101", "many"] {
        let refused = allow(&app, &acme, wrong).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{wrong}");
    }
    allow(&app, &acme, "1").await.expect("is set");
    let (alice, items) = three_zones(&app, &acme, ["low", "medium", "high"]).await;
    let before = server.received().len();
    for time in ["03:00", "03:15", "03:30", "03:59"] {
        app.work_at(&format!("2026-12-06T{time}:00Z")).await;
        assert_eq!(server.received().len(), before + 1, "{time}");
    }
    let ledger = acme.ledger(&app, items[2]).await;
    let held = ledger
        .iter()
        .find(|slot| slot.threshold == "due_day" && slot.connector == "email_smtp")
        .expect("is in the ledger");
    assert_eq!(held.state, "planned");
    let at = |text: &str| {
        Some(
            text.parse::<chrono::DateTime<chrono::Utc>>()
                .expect("is one"),
        )
    };
    assert_eq!(held.held_at, at("2026-12-06T03:30:00Z"));
    assert_eq!(held.next_attempt_at, at("2026-12-06T04:00:00Z"));
    assert_eq!(app.told("reminder.held").await, 2);

    app.work_at("2026-12-06T04:00:00Z").await;
    let mails = server.received();
    assert_eq!(mails.len(), before + 2);
    let last = &mails[before + 1].data;
    assert!(last.contains("2 reminders from Acme"), "{last}");
    assert!(last.contains("2 of these reminders had to wait"), "{last}");
    for item in &items {
        let mails = acme.mails(&app, *item, &alice).await;
        assert!(mails.contains(&"due_day sent".to_owned()), "{mails:?}");
    }
    app.finish().await;
}

#[tokio::test]
async fn what_is_critical_or_escalated_waits_for_nothing() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let acme = organisation(&app, "Acme").await;
    allow(&app, &acme, "1").await.expect("is set");
    let (alice, items) = three_zones(&app, &acme, ["low", "critical", "low"]).await;
    let before = server.received().len();
    for (time, mails) in [("03:00", 1), ("03:15", 2), ("03:30", 2), ("04:00", 3)] {
        app.work_at(&format!("2026-12-06T{time}:00Z")).await;
        assert_eq!(server.received().len(), before + mails, "{time}");
    }
    let mails = acme.mails(&app, items[1], &alice).await;
    assert!(mails.contains(&"due_day sent".to_owned()), "{mails:?}");
    app.finish().await;
}

#[tokio::test]
async fn what_waits_is_not_sent_once_it_is_done_and_never_into_quiet_hours() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let acme = organisation(&app, "Acme").await;
    allow(&app, &acme, "1").await.expect("is set");
    let quiet = json!({ "name": "Late mornings are quiet", "event_types": ["obligation.due"], "recipient": "responsible",
                        "quiet": { "from": "09:05", "to": "12:00" } });
    route(&app, &acme, quiet).await;
    let (alice, items) = three_zones(&app, &acme, ["low", "low", "low"]).await;
    let before = server.received().len();
    for time in ["03:00", "03:15", "03:30", "04:00", "05:00", "06:00"] {
        app.work_at(&format!("2026-12-06T{time}:00Z")).await;
        assert_eq!(server.received().len(), before + 1, "{time}");
    }
    alice.completes(&app, items[1]).await;
    app.work_at("2026-12-06T06:15:00Z").await;
    assert_eq!(server.received().len(), before + 1, "it is done");
    app.work_at("2026-12-06T06:30:00Z").await;
    assert_eq!(server.received().len(), before + 2, "noon in Kolkata");
    app.finish().await;
}

#[tokio::test]
async fn programs_are_told_of_everything_at_once() {
    let mut app = TestApp::start().await;
    app.app.outgoing = Outgoing::new(OutgoingSettings {
        private_nets: vec!["127.0.0.1/32".parse().expect("a network")],
        ..OutgoingSettings::default()
    });
    let sink = Sink::start().await;
    let acme = organisation(&app, "Acme").await;
    allow(&app, &acme, "1").await.expect("is set");
    let gulshan = branch(&app, &acme, ZONES[0]).await;
    let alice = acme.person(&app, "Alice", OPERATOR, &[gulshan]).await;
    let hook = json!({ "type": "webhook", "name": "Ops", "config": { "url": sink.url() } });
    let hook = connector(&app, &acme, hook).await;
    let all = json!({ "name": "Ops", "event_types": ["obligation.due"], "recipient": "endpoint",
                      "connector_id": hook.to_string() });
    route(&app, &acme, all).await;
    for _ in 0..3 {
        item(&app, &acme, gulshan, &alice, "low").await;
    }
    app.work_at("2026-12-05T12:00:00Z").await;
    let before = sink.received().len();
    app.work_at("2026-12-06T03:00:00Z").await;
    assert_eq!(sink.received().len(), before + 3);
    app.finish().await;
}

#[tokio::test]
async fn two_workers_at_once_do_not_both_find_room_for_the_last_message() {
    let app = TestApp::start().await;
    let acme = organisation(&app, "Acme").await;
    allow(&app, &acme, "1").await.expect("is set");
    let gulshan = branch(&app, &acme, ZONES[0]).await;
    let alice = acme.person(&app, "Alice", OPERATOR, &[gulshan]).await;
    let phone = json!({ "type": "whatsapp_business", "name": "Owner", "secrets": { "access_token": "EAAG-token" },
                        "config": { "to": "+8801711000000", "phone_number_id": "1060", "template": "due_soon",
                                    "locale": "en_US", "variables": ["title"], "business_account_id": "1022" } });
    let phone = connector(&app, &acme, phone).await;
    let all = json!({ "name": "Owner", "event_types": ["obligation.due"], "recipient": "endpoint",
                      "connector_id": phone.to_string() });
    route(&app, &acme, all).await;
    for _ in 0..4 {
        item(&app, &acme, gulshan, &alice, "low").await;
    }
    app.work_at("2026-12-05T12:00:00Z").await;
    sqlx::query("delete from app.reminder_slots where connector_id <> $1")
        .bind(phone.uuid())
        .execute(&mut app.superuser().await)
        .await
        .expect("only the chat is told");
    let messages = async || -> i64 {
        sqlx::query_scalar(
            "select count(*) from app.notification_deliveries where event_type = 'obligation.due'
             and created_at >= '2026-12-06'",
        )
        .fetch_one(&mut app.superuser().await)
        .await
        .expect("counts")
    };
    // However the two share what is due: one message an hour, until all four are told.
    for hour in 3..7 {
        app.travel_to(&format!("2026-12-06T{hour:02}:00:00Z"));
        let (one, other) = tokio::join!(sender::send_due(&app.app), sender::send_due(&app.app));
        one.and(other).expect("both settle");
        assert_eq!(messages().await, hour - 2);
    }
    app.finish().await;
}
