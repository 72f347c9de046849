//! Digests on their way: once, by the outbox, with their event and their receipt, and true when they are sent.

use intrex_core::{
    channels::EventType,
    connectors::{self, Examination, RawConnector},
    deliveries::{self, DeliveryFilter, State},
    jobs,
    obligations::{commands, input::RawCompletion},
    outside::http::{Outgoing, OutgoingSettings},
    paging::PageRequest,
    routes::{self, RawRoute},
};
use serde_json::json;

use super::world::{ADMIN, OPERATOR, World};
use crate::support::{
    Fate,
    relay::{Encryption, Relay},
};

impl World {
    /// Makes the work for digests due at once, however often it was done.
    async fn again(&self) {
        sqlx::query("update app.jobs set run_at = '2026-01-01' where kind = 'digests.send'")
            .execute(&mut self.app.superuser().await)
            .await
            .expect("it is due");
    }
}

#[tokio::test]
async fn two_workers_at_once_and_a_clock_that_goes_back_send_one_digest() {
    let world = World::begin().await;
    let gulshan = world.branch("Gulshan", "Asia/Dhaka").await;
    for name in ["Alice", "Bob", "Carol", "Dora"] {
        let who = world.person(name, OPERATOR, &[gulshan]).await;
        world.wishes_daily(&who).await;
        world
            .item(gulshan, "Fire licence", "2026-11-29", Some(&who))
            .await;
    }
    // The same work twice, side by side, as after a lease that has ended.
    sqlx::query(
        "insert into app.jobs (tenant_id, id, kind, key, run_at, created_at)
         select tenant_id, gen_random_uuid(), kind, 'twin', run_at, created_at from app.jobs where kind = 'digests.send'",
    )
    .execute(&mut world.app.superuser().await)
    .await
    .expect("there are two");
    world.work_at("2026-11-23T02:00:00Z").await;
    assert_eq!(world.digests().len(), 4);
    for then in [
        "2026-11-23T02:00:00Z",
        "2026-11-23T10:00:00Z",
        "2026-11-22T10:00:00Z",
        "2026-11-23T04:00:00Z",
    ] {
        world.again().await;
        world.work_at(then).await;
    }
    assert_eq!(world.digests().len(), 4);
    assert_eq!(world.app.told("digest.staged").await, 4);
    assert_eq!(world.app.count("select count(*) from app.digests").await, 4);
    world.app.finish().await;
}

#[tokio::test]
async fn a_digest_has_its_event_and_its_receipt_and_stands_among_the_deliveries() {
    let world = World::begin().await;
    let gulshan = world.branch("Gulshan", "Asia/Dhaka").await;
    let alice = world.person("Alice", OPERATOR, &[gulshan]).await;
    world.wishes_daily(&alice).await;
    let item = world
        .item(gulshan, "Fire licence", "2026-11-28", Some(&alice))
        .await;
    world.work_at("2026-11-23T02:00:00Z").await;
    let mail = world.server.received().pop().expect("it came");
    assert_eq!(mail.to, ["RCPT TO:<alice@people.example>"]);
    let link = format!("http://localhost:8080/obligations/{item}");
    let parts: Vec<&str> = mail.data.split("Content-Type: ").skip(1).collect();
    assert!(parts[1].starts_with("text/plain; charset=utf-8") && parts[2].starts_with("text/html"));
    for part in &parts[1..] {
        let unfolded = part.replace("=\r\n", "").replace("=3D", "=");
        assert!(unfolded.contains(&link), "{unfolded}");
    }
    let mut tx = world
        .app
        .app
        .db
        .read(&world.acme.operator)
        .await
        .expect("reads");
    let page =
        deliveries::reads::list(&mut tx, &DeliveryFilter::default(), &PageRequest::first(10))
            .await
            .expect("is shown");
    tx.finish().await.expect("finishes");
    let [delivery] = page.items.as_slice() else {
        panic!("one delivery: {:?}", page.items);
    };
    assert_eq!(delivery.event_type, EventType::Digest.as_str());
    assert_eq!(delivery.title.as_deref(), Some("Daily digest, 23 Nov 2026"));
    assert_eq!((delivery.state, delivery.attempts), (State::Delivered, 1));
    assert_eq!(delivery.recipient_id, Some(alice.id));
    let message_id: String = sqlx::query_scalar(
        "select receipt from app.notification_deliveries where event_type = 'digest'",
    )
    .fetch_one(&mut world.app.superuser().await)
    .await
    .expect("its receipt");
    assert_eq!(mail.header("Message-ID"), message_id);
    for action in ["digest.staged", "delivery.delivered"] {
        assert_eq!(world.app.told(action).await, 1, "{action}");
    }
    world.app.finish().await;
}

#[tokio::test]
async fn a_digest_that_is_tried_again_says_what_is_true_then() {
    let world = World::begin().await;
    let gulshan = world.branch("Gulshan", "Asia/Dhaka").await;
    let alice = world.person("Alice", OPERATOR, &[gulshan]).await;
    let bob = world.person("Bob", OPERATOR, &[gulshan]).await;
    world.wishes_daily(&alice).await;
    world.wishes_daily(&bob).await;
    let done = world
        .item(gulshan, "Done meanwhile", "2026-11-28", Some(&alice))
        .await;
    world
        .item(gulshan, "Still open", "2026-11-28", Some(&alice))
        .await;
    let only = world
        .item(gulshan, "All that Bob had", "2026-11-28", Some(&bob))
        .await;
    world
        .server
        .next(&[Fate::Refused("BODY", 451), Fate::Refused("BODY", 451)]);
    world.work_at("2026-11-23T02:00:00Z").await;
    assert!(world.digests().is_empty());
    for (id, by) in [(done, &alice), (only, &bob)] {
        commands::complete(
            &world.app.app,
            &by.actor,
            id,
            &RawCompletion::default(),
            None,
        )
        .await
        .expect("it is completed");
    }
    world.work_at("2026-11-23T02:10:00Z").await;
    assert_eq!(
        world.digests(),
        ["Alice: Daily digest: 1 in the next 7 days"]
    );
    let text = world.last_digest();
    assert!(
        text.contains("Still open") && !text.contains("Done meanwhile"),
        "{text}"
    );
    let cancelled = "select count(*) from app.notification_deliveries where state = 'cancelled' and reason = 'moot'";
    assert_eq!(world.app.count(cancelled).await, 1);
    world.app.finish().await;
}

#[tokio::test]
async fn who_is_gone_or_was_moved_before_it_is_sent_is_not_told() {
    let world = World::begin().await;
    let gulshan = world.branch("Gulshan", "Asia/Dhaka").await;
    let banani = world.branch("Banani", "Asia/Dhaka").await;
    for name in ["Alice", "Bob", "Carol"] {
        let who = world.person(name, OPERATOR, &[gulshan]).await;
        world.wishes_daily(&who).await;
        world
            .item(gulshan, "Fire licence", "2026-11-29", Some(&who))
            .await;
    }
    world.app.travel_to("2026-11-23T02:00:00Z");
    while jobs::run_due(&world.app.app).await.expect("works") > 0 {}
    assert_eq!(world.app.told("digest.staged").await, 3);
    let mut superuser = world.app.superuser().await;
    sqlx::query("update app.people set status = 'disabled', disabled_by = 'head_office' where name = 'Alice'")
        .execute(&mut superuser)
        .await
        .expect("she is gone");
    sqlx::query(
        "update app.person_branches set branch_id = $1 where person_id = (select id from app.people where name = 'Bob')",
    )
    .bind(banani.uuid())
    .execute(&mut superuser)
    .await
    .expect("he is moved");
    world.work_at("2026-11-23T02:00:01Z").await;
    assert_eq!(
        world.digests(),
        ["Carol: Daily digest: 1 in the next 7 days"]
    );
    world.app.finish().await;
}

#[tokio::test]
async fn a_route_for_digests_says_when_nobody_is_disturbed() {
    let world = World::begin().await;
    let gulshan = world.branch("Gulshan", "Asia/Dhaka").await;
    let alice = world.person("Alice", OPERATOR, &[gulshan]).await;
    let carol = world.person("Carol", ADMIN, &[]).await;
    world.wishes_daily(&alice).await;
    world.wishes_daily(&carol).await;
    let quiet: RawRoute = serde_json::from_value(json!({
        "name": "Not before ten", "event_types": ["digest", "obligation.due"], "recipient": "responsible",
        "quiet": { "from": "18:00", "to": "10:00" },
    }))
    .expect("fields");
    routes::create(&world.app.app, &world.acme.operator, &quiet)
        .await
        .expect("the route is made");
    world
        .item(gulshan, "Fire licence", "2026-11-29", Some(&alice))
        .await;
    world.work_at("2026-11-23T02:00:00Z").await;
    world.work_at("2026-11-23T03:59:59Z").await;
    assert!(world.digests().is_empty());
    world.work_at("2026-11-23T04:00:00Z").await;
    assert_eq!(
        world.digests(),
        ["Alice: Daily digest: 1 in the next 7 days"]
    );
    world.app.finish().await;
}

#[tokio::test]
async fn a_digest_goes_by_the_organisations_own_mail_server() {
    let mut world = World::begin().await;
    world.app.app.outgoing = Outgoing::new(OutgoingSettings {
        private_nets: vec!["127.0.0.0/8".parse().expect("a network")],
        ..OutgoingSettings::default()
    });
    let relay = Relay::start(Encryption::None, None).await;
    let (app, operator) = (&world.app.app, &world.acme.operator);
    let raw: RawConnector = serde_json::from_value(json!({
        "type": "email_smtp", "name": "Ours",
        "config": { "host": "127.0.0.1", "port": relay.port, "tls": "none", "from": "Acme <duties@acme.example>" },
    }))
    .expect("fields");
    let made = connectors::create(app, operator, &raw).await;
    let ours = made.expect("is made").connector.id;
    let seen = connectors::verify(app, operator, ours).await;
    assert!(matches!(seen.expect("is looked at"), Examination::Done(seen) if seen.ok));
    let by_it: RawRoute = serde_json::from_value(json!({
        "name": "By our own", "event_types": ["digest", "obligation.due"], "recipient": "responsible", "connector_id": ours,
    }))
    .expect("fields");
    routes::create(app, operator, &by_it)
        .await
        .expect("is made");
    let gulshan = world.branch("Gulshan", "Asia/Dhaka").await;
    let alice = world.person("Alice", OPERATOR, &[gulshan]).await;
    world.wishes_daily(&alice).await;
    world
        .item(gulshan, "Fire licence", "2026-11-29", Some(&alice))
        .await;
    world.work_at("2026-11-23T02:00:00Z").await;
    let messages = relay.messages();
    let digests: Vec<_> = messages
        .iter()
        .filter(|mail| mail.contains("Subject: Daily digest: 1 in the next 7 days"))
        .collect();
    assert_eq!(digests.len(), 1, "{messages:?}");
    assert!(digests[0].starts_with("From: Acme <duties@acme.example>\r\nTo: Alice "));
    assert!(
        world.server.received().is_empty(),
        "nothing goes by the installation's"
    );
    let receipt = "select count(*) from app.notification_deliveries
                   where event_type = 'digest' and state = 'delivered' and connector_id is not null";
    assert_eq!(world.app.count(receipt).await, 1);
    world.app.finish().await;
}

#[tokio::test]
async fn each_organisation_sends_of_its_own_alone() {
    let world = World::begin().await;
    let gulshan = world.branch("Gulshan", "Asia/Dhaka").await;
    let alice = world.person("Alice", ADMIN, &[]).await;
    let globex = world.app.tenant("Globex").await;
    let mallory = world.person_of(&globex, "Mallory", ADMIN, &[]).await;
    world.wishes_daily(&alice).await;
    world.wishes_daily(&mallory).await;
    world
        .item(gulshan, "Fire licence", "2026-11-29", None)
        .await;
    world.work_at("2026-11-23T08:00:00Z").await;
    assert_eq!(
        world.digests(),
        ["Alice: Daily digest: 1 in the next 7 days"]
    );
    let of_globex = "select count(*) from app.notification_deliveries d join app.tenants t on t.id = d.tenant_id
                     where t.name = 'Globex'";
    assert_eq!(world.app.count(of_globex).await, 0);
    world.app.finish().await;
}
