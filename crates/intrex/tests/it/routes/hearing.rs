//! Who hears of what happens: by branch and organisation, by quiet hours and opt-outs, and not who has done it.

use chrono::TimeDelta;
use intrex_core::{
    branches::Branch,
    obligations::{commands, input::RawObligation},
    people::{self, RawPersonUpdate},
    permission::Role,
    preferences::{self, RawPreferences},
};
use serde_json::json;

use super::outside::{OF_ITEMS, Outside};
use crate::support::{members::list, sink::Sink};

#[tokio::test]
async fn a_branchs_route_a_branchs_people_and_another_organisation_hear_of_their_own_alone() {
    let outside = Outside::begin().await;
    let scene = &outside.scene;
    let sink = Sink::start().await;
    let uttara = scene.app.branch(&scene.acme, "Uttara").await;
    let member = async |name: &str, role, branch: &Branch| {
        scene
            .app
            .member(&scene.acme, name, role, &[branch.id])
            .await
    };
    let carol = member("Carol", Role::BranchManager, &scene.gulshan).await;
    let dave = member("Dave", Role::BranchManager, &uttara).await;
    let (hook, _) = outside.hook(&sink, "Gulshan's").await;
    outside
        .route(json!({ "name": "Gulshan", "event_types": ["obligation.completed"], "branch_id": scene.gulshan.id,
                       "connector_id": hook, "recipient": "endpoint" }))
        .await;
    for recipient in ["branch_managers", "head_office"] {
        outside
            .route(json!({ "name": recipient, "event_types": ["obligation.completed"], "recipient": recipient }))
            .await;
    }
    outside
        .route(
            json!({ "name": "Dave", "event_types": ["obligation.completed"], "recipient": "person",
                       "person_id": dave.id, "branch_id": scene.gulshan.id }),
        )
        .await;
    let globex = scene.app.tenant("Globex").await;
    let depot = scene.app.branch(&globex, "Depot").await;
    let mallory = scene
        .app
        .member(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
        .await;
    let mallory = scene.app.acting(&mallory).await;
    let theirs = scene
        .app
        .obligation(&globex, &depot, "Theirs", "2026-12-20")
        .await;
    outside.complete(&mallory, theirs.id).await;
    assert_eq!(outside.staged().await, 0, "another organisation's");
    // Whoever completes it sees one branch and no more.
    let acting = scene.app.acting(&dave).await;
    let item = outside.item(&uttara, "Drug licence").await;
    outside.complete(&acting, item).await;
    outside.send().await;
    assert!(sink.received().is_empty());
    let mails = outside.mails();
    assert_eq!(mails.len(), 2, "head office: {mails:?}");
    for ((to, subject), name) in mails.iter().zip(["Alice", "Erin"]) {
        assert!(
            to.contains(name),
            "{to}: Dave has done it, and it is not Carol's"
        );
        assert_eq!(subject, "Completed: Drug licence · Uttara");
    }
    let here = outside.item(&scene.gulshan, "Fire licence").await;
    outside.complete(&outside.erin, here).await;
    outside.send().await;
    assert_eq!(sink.received().len(), 1);
    let mails = outside.mails();
    let reached = |email: &str| mails.iter().filter(|mail| mail.0.contains(email)).count();
    assert_eq!(
        (
            reached(&scene.alice.email),
            reached(&carol.email),
            reached(&dave.email)
        ),
        (2, 1, 0),
        "{mails:?}"
    );
    outside.scene.app.finish().await;
}

#[tokio::test]
async fn quiet_hours_opt_outs_and_who_has_done_it_are_heeded() {
    let outside = Outside::begin().await;
    let scene = &outside.scene;
    let app = &scene.app.app;
    let carol = scene
        .app
        .member(&scene.acme, "Carol", Role::Operator, &[scene.gulshan.id])
        .await;
    // It is nine o'clock in Dhaka.
    outside
        .route(
            json!({ "name": "Hands", "event_types": OF_ITEMS, "recipient": "responsible",
                       "quiet": { "from": "08:00", "to": "10:00" } }),
        )
        .await;
    let hers = async |title: &str, severity: &str| {
        let raw = RawObligation {
            branch_id: scene.gulshan.id.to_string().as_str().into(),
            title: title.into(),
            category: "licence".into(),
            severity: severity.into(),
            due_on: "2026-12-20".into(),
            owner_id: carol.id.to_string().as_str().into(),
            ..RawObligation::default()
        };
        let made = commands::create(app, &scene.acme.operator, &raw).await;
        made.expect("is made").id
    };
    let acting = scene.app.acting(&carol).await;
    let own = hers("Done by herself", "medium").await;
    outside.complete(&acting, own).await;
    assert_eq!(outside.staged().await, 0, "she knows");
    let others = hers("Done by others", "medium").await;
    outside.complete(&outside.erin, others).await;
    outside.send().await;
    assert!(outside.mails().is_empty(), "it is quiet");
    app.clock.advance(TimeDelta::hours(1));
    outside.send().await;
    let mails = outside.mails();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].0.contains(&carol.email), "{mails:?}");
    let none = json!({ "opted_out": OF_ITEMS });
    let none: RawPreferences = serde_json::from_value(none).expect("fields");
    preferences::set(app, &acting, &none)
        .await
        .expect("is kept");
    let mild = hers("Mild", "high").await;
    outside.complete(&outside.erin, mild).await;
    assert_eq!(outside.staged().await, 1, "she would rather not hear");
    let grave = hers("Grave", "critical").await;
    outside.complete(&outside.erin, grave).await;
    outside.send().await;
    assert_eq!(outside.mails().len(), 2, "what is critical is told");
    outside.scene.app.finish().await;
}

#[tokio::test]
async fn who_does_not_see_the_branch_any_more_when_it_is_sent_is_not_told() {
    let outside = Outside::begin().await;
    let scene = &outside.scene;
    let app = &scene.app.app;
    let uttara = scene.app.branch(&scene.acme, "Uttara").await;
    let carol = scene
        .app
        .member(
            &scene.acme,
            "Carol",
            Role::BranchManager,
            &[scene.gulshan.id],
        )
        .await;
    outside
        .route(
            json!({ "name": "Managers", "event_types": OF_ITEMS, "recipient": "branch_managers",
                       "quiet": { "from": "08:00", "to": "10:00" } }),
        )
        .await;
    let item = outside.item(&scene.gulshan, "Fire licence").await;
    outside.complete(&outside.erin, item).await;
    assert_eq!(outside.staged().await, 1);
    let moved = RawPersonUpdate {
        branch_ids: list(&[uttara.id]).into(),
        ..RawPersonUpdate::default()
    };
    people::update(app, &scene.acme.operator, carol.id, &moved, None)
        .await
        .expect("works elsewhere");
    app.clock.advance(TimeDelta::hours(1));
    outside.send().await;
    assert!(outside.mails().is_empty());
    let cancelled = "select count(*) from app.notification_deliveries
                     where state = 'cancelled' and reason = 'recipient_inactive'";
    assert_eq!(scene.app.count(cancelled).await, 1);
    outside.scene.app.finish().await;
}
