//! When digests come: at eight by the clock of their recipients, whatever clocks and workers do.

use serde_json::json;

use super::world::{OPERATOR, World};

#[tokio::test]
async fn a_daily_digest_comes_at_eight_by_the_recipients_clock() {
    let world = World::begin().await;
    let gulshan = world.branch("Gulshan", "Asia/Dhaka").await;
    let island = world.branch("Island", "Pacific/Kiritimati").await;
    let alice = world.person("Alice", OPERATOR, &[gulshan]).await;
    let kiri = world.person("Kiri", OPERATOR, &[island]).await;
    world.wishes_daily(&alice).await;
    world.wishes_daily(&kiri).await;
    world
        .item(gulshan, "Fire licence", "2026-11-27", Some(&alice))
        .await;
    world
        .item(island, "Boat licence", "2026-11-24", Some(&kiri))
        .await;
    // On the island it is the 23rd from the 22nd at 10:00 UTC on.
    world.work_at("2026-11-22T17:59:59Z").await;
    assert!(world.digests().is_empty(), "nothing comes before eight");
    world.work_at("2026-11-22T18:00:00Z").await;
    let mut expected = vec!["Kiri: Daily digest: 1 in the next 7 days"];
    assert_eq!(world.digests(), expected);
    world.work_at("2026-11-23T01:59:59Z").await;
    assert_eq!(world.digests(), expected);
    world.work_at("2026-11-23T02:00:00Z").await;
    expected.push("Alice: Daily digest: 1 in the next 7 days");
    assert_eq!(world.digests(), expected);
    let text = world.last_digest();
    assert!(text.contains("every day at 08:00 (Asia/Dhaka)"), "{text}");
    world.work_at("2026-11-23T18:00:00Z").await;
    expected.push("Kiri: Daily digest: 1 due today");
    world.work_at("2026-11-23T23:00:00Z").await;
    assert_eq!(world.digests(), expected);
    world.app.finish().await;
}

#[tokio::test]
async fn eight_o_clock_stays_eight_o_clock_when_the_clocks_go_forward() {
    let world = World::begin().await;
    let broadway = world.branch("Broadway", "America/New_York").await;
    let alice = world.person("Alice", OPERATOR, &[broadway]).await;
    world.wishes_daily(&alice).await;
    world.app.travel_to("2027-03-12T20:00:00Z");
    world
        .item(broadway, "Fire licence", "2027-03-15", Some(&alice))
        .await;
    let mut expected = Vec::new();
    for (before, at, subject) in [
        (
            "2027-03-13T12:59:59Z",
            "2027-03-13T13:00:00Z",
            "1 in the next 7 days",
        ),
        (
            "2027-03-14T11:59:59Z",
            "2027-03-14T12:00:00Z",
            "1 in the next 7 days",
        ),
        (
            "2027-03-15T11:59:59Z",
            "2027-03-15T12:00:00Z",
            "1 due today",
        ),
    ] {
        world.work_at(before).await;
        assert_eq!(world.digests(), expected, "{before}");
        world.work_at(at).await;
        expected.push(format!("Alice: Daily digest: {subject}"));
        assert_eq!(world.digests(), expected, "{at}");
    }
    world.app.finish().await;
}

#[tokio::test]
async fn a_weekly_digest_comes_on_monday_and_looks_thirty_days_ahead() {
    let world = World::begin().await;
    let gulshan = world.branch("Gulshan", "Asia/Dhaka").await;
    let alice = world.person("Alice", OPERATOR, &[gulshan]).await;
    world.wishes(&alice, json!({ "digest": "weekly" })).await;
    world
        .item(gulshan, "Fire licence", "2026-12-23", Some(&alice))
        .await;
    world
        .item(gulshan, "Later", "2026-12-24", Some(&alice))
        .await;
    for early in ["2026-11-22T12:00:00Z", "2026-11-23T01:59:59Z"] {
        world.work_at(early).await;
        assert!(world.digests().is_empty(), "{early}");
    }
    world.work_at("2026-11-23T02:00:00Z").await;
    assert_eq!(
        world.digests(),
        ["Alice: Weekly digest: 1 in the next 30 days"]
    );
    for day in 24..=29 {
        world.work_at(&format!("2026-11-{day}T12:00:00Z")).await;
    }
    assert_eq!(world.digests().len(), 1);
    world.work_at("2026-11-30T02:00:00Z").await;
    assert_eq!(
        world.digests()[1..],
        ["Alice: Weekly digest: 2 in the next 30 days"]
    );
    world.app.finish().await;
}

#[tokio::test]
async fn after_an_outage_of_days_there_is_one_digest_while_its_day_or_week_lasts() {
    let world = World::begin().await;
    let gulshan = world.branch("Gulshan", "Asia/Dhaka").await;
    let alice = world.person("Alice", OPERATOR, &[gulshan]).await;
    let bob = world.person("Bob", OPERATOR, &[gulshan]).await;
    world.wishes_daily(&alice).await;
    world.wishes(&bob, json!({ "digest": "weekly" })).await;
    for owner in [&alice, &bob] {
        world
            .item(gulshan, "Fire licence", "2026-12-10", Some(owner))
            .await;
    }
    // Nothing ran from the 22nd of November to the 9th of December, a Wednesday.
    world.work_at("2026-11-22T12:00:00Z").await;
    world.work_at("2026-12-09T12:00:00Z").await;
    let mut digests = world.digests();
    digests.sort();
    assert_eq!(
        digests,
        [
            "Alice: Daily digest: 1 in the next 7 days",
            "Bob: Weekly digest: 1 in the next 30 days",
        ]
    );
    // Back at one in the night: yesterday's is over, today's comes at eight.
    world.work_at("2026-12-11T19:00:00Z").await;
    assert_eq!(world.digests().len(), 2);
    world.work_at("2026-12-12T02:00:00Z").await;
    assert_eq!(world.digests()[2..], ["Alice: Daily digest: 1 overdue"]);
    world.app.finish().await;
}

#[tokio::test]
async fn when_nothing_is_due_nothing_is_sent() {
    let world = World::begin().await;
    let gulshan = world.branch("Gulshan", "Asia/Dhaka").await;
    let alice = world.person("Alice", OPERATOR, &[gulshan]).await;
    world.wishes_daily(&alice).await;
    world
        .item(gulshan, "Far away", "2027-06-30", Some(&alice))
        .await;
    world.work_at("2026-11-23T02:00:00Z").await;
    // What comes up later on the day is tomorrow's.
    world
        .item(gulshan, "Fire licence", "2026-11-26", Some(&alice))
        .await;
    world.work_at("2026-11-23T12:00:00Z").await;
    assert!(world.digests().is_empty());
    assert_eq!(world.app.told("digest.staged").await, 0);
    let deliveries = "select count(*) from app.notification_deliveries where event_type = 'digest'";
    assert_eq!(world.app.count(deliveries).await, 0);
    world.work_at("2026-11-24T02:00:00Z").await;
    assert_eq!(
        world.digests(),
        ["Alice: Daily digest: 1 in the next 7 days"]
    );
    world.app.finish().await;
}
