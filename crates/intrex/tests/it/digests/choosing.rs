//! Wishing a digest: by page and by API, with faults told by field, and what comes by the command line.

use intrex_core::{digests, permission::Role};
use reqwest::Method;
use serde_json::{Value, json};

use super::world::{OPERATOR, World};
use crate::support::{
    TestApp,
    browser::{Answer, Browser},
};

const API: &str = "/api/v1/notification-preferences";
const PAGE: &str = "/settings/notifications";

async fn put(browser: &Browser, body: Value) -> Answer {
    let token = browser.visit("/settings").await.csrf();
    let request = browser
        .own_page_sends(Method::PUT, API)
        .header("x-csrf-token", token);
    browser.send(request.json(&body)).await
}

fn digest(shown: &Value) -> (&str, bool) {
    let instead = shown["digest_instead"].as_bool().expect("a flag");
    (shown["digest"].as_str().expect("a word"), instead)
}

#[tokio::test]
async fn programs_wish_a_digest_and_are_told_what_is_wrong() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "Gulshan").await;
    let carol = app
        .member(&acme, "Carol", Role::Operator, &[gulshan.id])
        .await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &carol).await;
    let before = browser.visit(API).await.json();
    assert_eq!(digest(&before), ("none", false));
    assert_eq!(before["digest_time_zone"], "Asia/Dhaka");
    assert_eq!(before["digest_instead_optional"], true);
    let daily = json!({ "digest": "daily", "digest_instead": true });
    let set = put(&browser, daily).await;
    assert_eq!(set.status, 200, "{}", set.body);
    assert_eq!(digest(&set.json()), ("daily", true));
    // What is left out stays.
    let events = put(&browser, json!({ "opted_out": ["obligation.completed"] })).await;
    assert_eq!(digest(&events.json()), ("daily", true));
    for (wrong, field) in [
        (json!({ "digest": "hourly" }), "digest"),
        (json!({ "digest": 1 }), "digest"),
        (json!({ "digest_instead": "often" }), "digest_instead"),
        (json!({ "opted_out": ["digest"] }), "opted_out"),
        (
            json!({ "opted_out": ["digest"], "digest": "weekly" }),
            "digest",
        ),
        (json!({ "digets": "daily" }), "digets"),
    ] {
        let refused = put(&browser, wrong.clone()).await;
        assert_eq!(refused.status, 422, "{wrong}: {}", refused.body);
        assert!(
            refused.json()["errors"].to_string().contains(field),
            "{wrong}: {}",
            refused.body
        );
    }
    let none = put(&browser, json!({ "digest": "none" })).await;
    assert_eq!(digest(&none.json()), ("none", false));
    assert_eq!(app.told("preference.updated").await, 3);
    app.finish().await;
}

#[tokio::test]
async fn a_form_that_is_refused_keeps_what_was_typed() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "Gulshan").await;
    let carol = app
        .member(&acme, "Carol", Role::Operator, &[gulshan.id])
        .await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &carol).await;
    let form = browser.visit(PAGE).await.body;
    assert!(
        form.contains("for=\"digest\"") && form.contains("for=\"digest_instead\""),
        "{form}"
    );
    assert!(form.contains("08:00 (Asia/Dhaka)"), "{form}");
    let both = [
        ("opted_out", "none"),
        ("opted_out", "digest"),
        ("opted_out", "obligation.completed"),
        ("digest", "weekly"),
        ("digest_instead", "true"),
    ];
    let refused = browser.submit(PAGE, PAGE, &both).await;
    assert_eq!(refused.status, 422);
    for kept in [
        "value=\"weekly\" selected",
        "value=\"true\" selected",
        "value=\"obligation.completed\" checked",
        "href=\"#digest\"",
    ] {
        assert!(refused.body.contains(kept), "{kept}: {}", refused.body);
    }
    let good = [
        ("opted_out", "none"),
        ("digest", "weekly"),
        ("digest_instead", "true"),
    ];
    let set = browser.submit(PAGE, PAGE, &good).await;
    assert_eq!(set.leads_to(), "/settings/notifications?saved=yes");
    let shown = browser.visit(PAGE).await.body;
    assert!(
        shown.contains("value=\"weekly\" selected") && shown.contains("value=\"true\" selected")
    );
    app.finish().await;
}

#[tokio::test]
async fn who_gets_which_digest_can_be_asked_without_sending_any() {
    let world = World::begin().await;
    let gulshan = world.branch("Gulshan", "Asia/Dhaka").await;
    let alice = world.person("Alice", OPERATOR, &[gulshan]).await;
    let bob = world.person("Bob", OPERATOR, &[gulshan]).await;
    world.wishes(&alice, json!({ "digest": "weekly" })).await;
    world.wishes_daily(&bob).await;
    world
        .item(gulshan, "Fire licence", "2026-12-01", Some(&alice))
        .await;
    world
        .item(gulshan, "Tax return", "2026-12-01", Some(&bob))
        .await;
    let operator = &world.acme.operator;
    let mut tx = world.app.app.db.read(operator).await.expect("begins");
    let coming = digests::reads::coming(&mut tx, 9).await.expect("is shown");
    tx.finish().await.expect("finishes");
    let mut lines: Vec<String> = coming
        .iter()
        .map(|one| {
            let (name, counts) = (&one.person_name, one.counts);
            let at = one.at.format("%m-%dT%H:%M");
            format!(
                "{at} {name} {} {} {}",
                counts.overdue, counts.today, counts.coming
            )
        })
        .collect();
    let mut expected = vec!["11-23T02:00 Alice 0 0 1".to_owned()];
    // Bob's looks seven days ahead.
    for day in 24..=29 {
        expected.push(format!("11-{day}T02:00 Bob 0 0 1"));
    }
    expected.extend([
        "11-30T02:00 Alice 0 0 1".into(),
        "11-30T02:00 Bob 0 0 1".into(),
    ]);
    expected.push("12-01T02:00 Bob 0 1 0".into());
    lines.sort();
    assert_eq!(lines, expected);
    // What is then sent is what was said.
    for day in 23..=30 {
        world.work_at(&format!("2026-11-{day}T02:00:00Z")).await;
    }
    world.work_at("2026-12-01T02:00:00Z").await;
    assert_eq!(world.digests().len(), expected.len());
    world.app.finish().await;
}
