//! What happens to items, told by routes as it happens: in which words, once, and with its event or not at all.

use intrex_core::{
    audit::Event,
    branches::Branch,
    obligations::{commands, input::RawCompletion},
};
use reqwest::Method;
use serde_json::json;

use super::{
    ALL,
    outside::{OF_ITEMS, Outside},
    script,
};
use crate::{
    connectors::webhook::{by_body, by_standard},
    support::sink::Sink,
};

#[tokio::test]
async fn what_happens_to_an_item_reaches_programs_signed_and_people_in_words() {
    let outside = Outside::begin().await;
    let scene = &outside.scene;
    let sink = Sink::start().await;
    let (hook, secret) = outside.hook(&sink, "Ops").await;
    outside.to_hook("Ops", hook, &OF_ITEMS).await;
    outside
        .route(json!({ "name": "Us", "event_types": OF_ITEMS, "recipient": "head_office" }))
        .await;
    let item = outside.item(&scene.gulshan, "Fire licence").await;
    outside.everything(item).await;
    outside.send().await;
    let sent = sink.received();
    assert_eq!(sent.len(), OF_ITEMS.len());
    for sent in &sent {
        assert!(by_body(&secret, sent) && by_standard(&secret, sent));
        let body = sent.json();
        assert_eq!(body["id"], sent.header("webhook-id"));
        assert_eq!(body["entity"]["id"], item.to_string());
        assert_eq!(body["entity"]["title"], "Fire licence");
        assert_eq!(body["severity"], "medium");
        assert_eq!(
            body["branch"],
            json!({ "id": scene.gulshan.id, "name": "Gulshan" })
        );
        let page = format!("http://localhost:8080/obligations/{item}");
        assert_eq!(body["url"], page);
    }
    let said = |name: &str| {
        let body = sent.iter().map(|sent| sent.json());
        let mut of_it = body.filter(|body| body["type"] == name);
        of_it.next().unwrap_or_else(|| panic!("no {name}"))
    };
    for (name, status, due_on) in [
        ("obligation.completed", "completed", "2026-12-20"),
        ("obligation.reopened", "upcoming", "2026-12-20"),
        ("obligation.rescheduled", "upcoming", "2026-12-27"),
        ("obligation.waived", "waived", "2026-12-27"),
    ] {
        let body = said(name);
        assert_eq!(body["entity"]["status"], status, "{name}");
        assert_eq!(body["timing"]["due_on"], due_on, "{name}");
    }
    let subjects: Vec<String> = outside.mails().into_iter().map(|mail| mail.1).collect();
    assert_eq!(
        subjects,
        [
            "Completed: Fire licence · Gulshan",
            "Moved to 27 Dec 2026: Fire licence · Gulshan",
            "Open again: Fire licence · Gulshan",
            "Waived: Fire licence · Gulshan",
        ]
    );
    // Each is in the log, and told by its id there.
    let ids = "select count(*) from app.notification_deliveries d
               join app.audit_events e on e.id = (d.notices -> 0 ->> 'id')::uuid and e.action = d.event_type";
    assert_eq!(scene.app.count(ids).await, 8);
    outside.scene.app.finish().await;
}

#[tokio::test]
async fn what_is_rolled_back_is_not_told_and_what_happens_once_is_told_once() {
    let outside = Outside::begin().await;
    let scene = &outside.scene;
    let sink = Sink::start().await;
    let (hook, _) = outside.hook(&sink, "Ops").await;
    outside
        .to_hook("Ops", hook, &["obligation.completed"])
        .await;
    let item = outside.item(&scene.gulshan, "Fire licence").await;
    let app = &scene.app.app;
    let event = || {
        Event::new("obligation", "obligation.completed")
            .on("obligation", item)
            .at(scene.gulshan.id)
    };
    let mut tx = app.db.write(&scene.acme.operator).await.expect("begins");
    tx.stage(vec![event()]).await.expect("is staged");
    drop(tx);
    assert_eq!(outside.staged().await, 0);
    let together = (0..6).map(|_| {
        let (app, actor) = (app.clone(), outside.erin.clone());
        tokio::spawn(async move {
            let raw = RawCompletion::default();
            commands::complete(&app, &actor, item, &raw, None)
                .await
                .is_ok()
        })
    });
    let mut completed = 0;
    for one in together.collect::<Vec<_>>() {
        completed += usize::from(one.await.expect("ends"));
    }
    assert_eq!((completed, outside.staged().await), (1, 1));
    outside.send().await;
    outside.send().await;
    assert_eq!(sink.received().len(), 1);
    outside.scene.app.finish().await;
}

#[tokio::test]
async fn what_happens_at_once_is_one_mail_and_a_program_is_told_of_each() {
    let outside = Outside::begin().await;
    let scene = &outside.scene;
    let sink = Sink::start().await;
    let (hook, _) = outside.hook(&sink, "Ops").await;
    outside
        .to_hook("Ops", hook, &["obligation.rescheduled"])
        .await;
    outside
        .route(json!({ "name": "Us", "event_types": ["obligation.rescheduled"], "recipient": "head_office" }))
        .await;
    let mut events = Vec::new();
    for title in ["One", "Two", "Three"] {
        let item = outside.item(&scene.gulshan, title).await;
        events.push(
            Event::new("obligation", "obligation.rescheduled")
                .on("obligation", item)
                .at(scene.gulshan.id),
        );
    }
    let tx = scene.app.app.db.write(&outside.erin).await;
    let committed = tx.expect("begins").commit_all(events).await;
    committed.expect("is committed");
    outside.send().await;
    assert_eq!(sink.received().len(), 3);
    let mails = outside.mail.received();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].subject().ends_with("and 2 more"), "{mails:?}");
    outside.scene.app.finish().await;
}

#[tokio::test]
async fn a_look_back_counts_what_the_route_was_followed_for() {
    let outside = Outside::begin().await;
    let scene = &outside.scene;
    let sink = Sink::start().await;
    let (hook, _) = outside.hook(&sink, "Ops").await;
    outside.to_hook("Ops", hook, &OF_ITEMS).await;
    let uttara = scene.app.branch(&scene.acme, "Uttara").await;
    for branch in [&scene.gulshan, &uttara] {
        let item = outside.item(branch, "Fire licence").await;
        outside.everything(item).await;
    }
    let site = scene.app.serve().await;
    let browser = scene.app.signed_in(&site, &scene.alice).await;
    let path = format!("{ALL}/preview");
    let seen = async |events: &[&str], branch: Option<&Branch>| {
        let body = json!({ "name": "x", "recipient": "head_office", "event_types": events,
                           "branch_id": branch.map(|branch| branch.id) });
        let answer = script(&browser, Method::POST, &path, body).await;
        answer.json()["total"].clone()
    };
    assert_eq!(seen(&OF_ITEMS, None).await, outside.staged().await);
    assert_eq!(seen(&OF_ITEMS, Some(&uttara)).await, 4);
    for event in OF_ITEMS {
        assert_eq!(seen(&[event], None).await, 2, "{event}");
    }
    outside.scene.app.finish().await;
}
