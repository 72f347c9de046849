//! What is in a digest: what its recipient has to do and may see, in order, and not more than can be read.

use intrex_core::{
    obligations::{commands, input::RawReschedule},
    people::{self, RawPersonUpdate},
};

use super::world::{ADMIN, MANAGER, OPERATOR, World};

#[tokio::test]
async fn a_digest_names_what_its_recipient_answers_for_by_how_late_it_is() {
    let world = World::begin().await;
    let gulshan = world.branch("Gulshan", "Asia/Dhaka").await;
    let banani = world.branch("Banani", "Asia/Dhaka").await;
    let alice = world.person("Alice", OPERATOR, &[gulshan]).await;
    let bob = world.person("Bob", MANAGER, &[gulshan]).await;
    let dora = world.person("Dora", MANAGER, &[banani]).await;
    let carol = world.person("Carol", ADMIN, &[]).await;
    for who in [&alice, &bob, &dora, &carol] {
        world.wishes_daily(who).await;
    }
    let grace = |raw: &mut intrex_core::obligations::input::RawObligation| {
        raw.grace_days = "1".into();
    };
    world
        .item_with(gulshan, "Escalated", "2026-11-22", Some(&alice), grace)
        .await;
    world
        .item_with(gulshan, "Late", "2026-11-23", Some(&alice), grace)
        .await;
    world.item(gulshan, "Now", "2026-11-24", Some(&alice)).await;
    world
        .item(gulshan, "Soon", "2026-12-01", Some(&alice))
        .await;
    world
        .item(gulshan, "Not yet", "2026-12-02", Some(&alice))
        .await;
    world.item(gulshan, "Nobody's", "2026-11-25", None).await;
    // At eight in Dhaka; head office lives by the organisation's clock.
    world.work_at("2026-11-24T02:00:00Z").await;
    let mut digests = world.digests();
    digests.sort();
    assert_eq!(
        digests,
        [
            "Alice: Daily digest: 2 overdue, 1 due today, 1 in the next 7 days",
            "Bob: Daily digest: 1 overdue, 1 in the next 7 days",
        ]
    );
    let received = world.server.received();
    let to_alice = received
        .iter()
        .rev()
        .find(|mail| mail.subject().starts_with("Daily") && mail.header("To").starts_with("Alice"));
    let data = &to_alice.expect("hers came").data;
    for (place, title) in ["Escalated", "Late", "Now", "Soon"].iter().enumerate() {
        assert!(data.contains(title), "{place} {title}: {data}");
    }
    assert!(
        !data.contains("Nobody's") && !data.contains("Not yet"),
        "{data}"
    );
    world.work_at("2026-11-24T08:00:00Z").await;
    assert_eq!(
        world.digests()[2..],
        ["Carol: Daily digest: 1 overdue"],
        "what has escalated, and no more"
    );
    world.app.finish().await;
}

#[tokio::test]
async fn who_does_not_see_a_branch_any_more_reads_nothing_of_it() {
    let world = World::begin().await;
    let gulshan = world.branch("Gulshan", "Asia/Dhaka").await;
    let banani = world.branch("Banani", "Asia/Dhaka").await;
    let alice = world.person("Alice", OPERATOR, &[gulshan, banani]).await;
    world.person("Bob", MANAGER, &[gulshan]).await;
    world.wishes_daily(&alice).await;
    world
        .item(gulshan, "Fire licence", "2026-11-28", Some(&alice))
        .await;
    world
        .item(banani, "Tax return", "2026-11-28", Some(&alice))
        .await;
    world.work_at("2026-11-23T02:00:00Z").await;
    assert!(world.last_digest().contains("Fire licence"));
    let raw = RawPersonUpdate {
        branch_ids: banani.to_string().into(),
        ..RawPersonUpdate::default()
    };
    people::update(&world.app.app, &world.acme.operator, alice.id, &raw, None)
        .await
        .expect("she is moved");
    world.work_at("2026-11-24T02:00:00Z").await;
    assert_eq!(world.digests().len(), 2);
    let text = world.last_digest();
    assert!(text.contains("Tax return · Banani"), "{text}");
    assert!(!text.contains("Fire licence"), "{text}");
    world.app.finish().await;
}

#[tokio::test]
async fn a_digest_names_fifty_and_counts_the_others() {
    let world = World::begin().await;
    let gulshan = world.branch("Gulshan", "Asia/Dhaka").await;
    let alice = world.person("Alice", OPERATOR, &[gulshan]).await;
    world.wishes_daily(&alice).await;
    for n in 1..=53 {
        let title = format!("Licence {n:02}");
        world
            .item(gulshan, &title, "2026-11-24", Some(&alice))
            .await;
    }
    let late = world
        .item(gulshan, "Late", "2026-11-30", Some(&alice))
        .await;
    let raw = RawReschedule {
        due_on: "2026-11-20".into(),
        reason: "the authority says so".into(),
    };
    commands::reschedule(&world.app.app, &world.acme.operator, late, &raw, None)
        .await
        .expect("it is moved");
    world.work_at("2026-11-23T02:00:00Z").await;
    assert_eq!(
        world.digests(),
        ["Alice: Daily digest: 1 overdue, 53 in the next 7 days"]
    );
    let text = world.last_digest();
    assert_eq!(text.matches("\n- ").count(), 50, "{text}");
    assert!(
        text.contains("Overdue (1)\n- Late · Gulshan: 20 Nov 2026"),
        "{text}"
    );
    assert!(text.contains("In the next 7 days (53)"), "{text}");
    let more = "And 4 more: http://localhost:8080/obligations?status=open&due_to=2026-11-30";
    assert!(text.contains(more), "{text}");
    world.app.finish().await;
}
