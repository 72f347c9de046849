//! A digest in the place of single reminders: what it tells of is not told singly, the ledger says so, and nobody hears of
//! something too late.

use intrex_core::{
    obligations::input::RawObligation,
    preferences,
    tenants::{self, RawTenantUpdate},
};
use serde_json::json;

use super::world::{MANAGER, OPERATOR, World, wishes};
use crate::support::members::wrong_fields;

fn grace(raw: &mut RawObligation) {
    raw.grace_days = "1".into();
}

#[tokio::test]
async fn what_is_in_the_digest_is_not_told_singly_until_it_is_late() {
    let world = World::begin().await;
    let gulshan = world.branch("Gulshan", "Asia/Dhaka").await;
    let alice = world.person("Alice", OPERATOR, &[gulshan]).await;
    let bob = world.person("Bob", MANAGER, &[gulshan]).await;
    for who in [&alice, &bob] {
        let daily = json!({ "digest": "daily", "digest_instead": true });
        assert!(world.wishes(who, daily).await.digest_instead);
    }
    let item = world
        .item_with(gulshan, "Fire licence", "2026-12-10", Some(&alice), grace)
        .await;
    for day in 23..=30 {
        world.work_at(&format!("2026-11-{day}T02:00:00Z")).await;
        world.work_at(&format!("2026-11-{day}T03:00:00Z")).await;
    }
    // Fourteen days before lie further ahead than a daily digest looks.
    let mut single = vec!["Due in 14 days: Fire licence · Gulshan (10 Dec 2026)"];
    assert_eq!(world.single(), single);
    assert!(world.digests().is_empty());
    for day in 1..=10 {
        world.work_at(&format!("2026-12-{day:02}T02:00:00Z")).await;
        world.work_at(&format!("2026-12-{day:02}T03:00:00Z")).await;
    }
    assert_eq!(world.single(), single);
    assert_eq!(world.digests().len(), 8);
    let ledger = world.ledger(item, &alice).await;
    for line in [
        "before_14 email_smtp sent -",
        "before_7 email_smtp suppressed in_digest",
        "before_1 email_smtp suppressed in_digest",
        "due_day email_smtp suppressed in_digest",
        "before_7 in_app sent -",
        "due_day in_app sent -",
    ] {
        assert!(ledger.contains(&line.to_owned()), "{line}: {ledger:?}");
    }
    // What is late is told singly, and so is what has escalated.
    world.work_at("2026-12-11T03:00:00Z").await;
    world.work_at("2026-12-12T03:00:00Z").await;
    single.extend([
        "Overdue by 1 day: Fire licence · Gulshan (10 Dec 2026)",
        "Escalated, overdue by 2 days: Fire licence · Gulshan (10 Dec 2026)",
    ]);
    assert_eq!(world.single(), single);
    world.app.finish().await;
}

#[tokio::test]
async fn what_is_critical_and_what_no_digest_tells_of_in_time_is_told_singly() {
    let world = World::begin().await;
    let gulshan = world.branch("Gulshan", "Asia/Dhaka").await;
    let alice = world.person("Alice", OPERATOR, &[gulshan]).await;
    world
        .wishes(
            &alice,
            json!({ "digest": "weekly", "digest_instead": true }),
        )
        .await;
    let critical = |raw: &mut RawObligation| raw.severity = "critical".into();
    world
        .item_with(gulshan, "Grave", "2026-11-26", Some(&alice), critical)
        .await;
    world
        .item(gulshan, "Named", "2026-11-26", Some(&alice))
        .await;
    world.work_at("2026-11-23T02:00:00Z").await;
    assert_eq!(
        world.digests(),
        ["Alice: Weekly digest: 2 in the next 30 days"]
    );
    // The week's digest knows nothing of it, and the next one comes too late.
    world.app.travel_to("2026-11-24T12:00:00Z");
    world.item(gulshan, "New", "2026-11-26", Some(&alice)).await;
    let next_week = world
        .item(gulshan, "Next week", "2026-12-01", Some(&alice))
        .await;
    world.work_at("2026-11-26T03:00:00Z").await;
    let told = world.server.received().pop().expect("a letter");
    assert_eq!(told.subject(), "2 reminders from Acme");
    for (title, is) in [("Grave", true), ("New", true), ("Named", false)] {
        assert_eq!(told.data.contains(title), is, "{title}: {}", told.data);
    }
    world.work_at("2026-11-28T03:00:00Z").await;
    let ledger = world.ledger(next_week, &alice).await;
    let three_before = "before_3 email_smtp suppressed in_digest".to_owned();
    assert!(ledger.contains(&three_before), "{ledger:?}");
    world.app.finish().await;
}

#[tokio::test]
async fn where_the_organisation_does_not_let_its_people_every_reminder_comes() {
    let world = World::begin().await;
    let gulshan = world.branch("Gulshan", "Asia/Dhaka").await;
    let alice = world.person("Alice", OPERATOR, &[gulshan]).await;
    let both = json!({ "digest": "daily", "digest_instead": true });
    world.wishes(&alice, both.clone()).await;
    let nothing: RawTenantUpdate =
        serde_json::from_value(json!({ "opt_outs": ["digest"] })).expect("a field");
    tenants::update(&world.app.app, &world.acme.operator, &nothing, None)
        .await
        .expect("is set");
    let refused = preferences::set(&world.app.app, &alice.actor, &wishes(both)).await;
    assert_eq!(wrong_fields(refused), ["digest_instead"]);
    // What was chosen before is kept and does not count.
    let kept = world.wishes(&alice, json!({ "digest": "daily" })).await;
    assert!(kept.digest_instead && !kept.digest_instead_optional);
    world
        .item(gulshan, "Fire licence", "2026-11-26", Some(&alice))
        .await;
    world.work_at("2026-11-23T02:00:00Z").await;
    world.work_at("2026-11-23T03:00:00Z").await;
    assert_eq!(world.digests().len(), 1);
    assert_eq!(
        world.single(),
        ["Due in 3 days: Fire licence · Gulshan (26 Nov 2026)"]
    );
    world.app.finish().await;
}

#[tokio::test]
async fn a_digest_that_has_no_way_to_go_stands_in_the_place_of_nothing() {
    let mut world = World::begin().await;
    let gulshan = world.branch("Gulshan", "Asia/Dhaka").await;
    let alice = world.person("Alice", OPERATOR, &[gulshan]).await;
    let both = json!({ "digest": "daily", "digest_instead": true });
    world.wishes(&alice, both).await;
    world.app.app.mailer = None;
    let item = world
        .item(gulshan, "Fire licence", "2026-11-26", Some(&alice))
        .await;
    world.work_at("2026-11-23T02:00:00Z").await;
    world.work_at("2026-11-23T03:00:00Z").await;
    let ledger = world.ledger(item, &alice).await;
    let three_before = "before_3 email_smtp suppressed no_mail_configured".to_owned();
    assert!(ledger.contains(&three_before), "{ledger:?}");
    let cancelled = "select count(*) from app.notification_deliveries where event_type = 'digest' and reason = 'no_mail_configured'";
    assert_eq!(world.app.count(cancelled).await, 1);
    world.app.finish().await;
}
