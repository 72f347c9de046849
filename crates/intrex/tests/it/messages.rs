//! The inbox by page and by API: one's own messages, read once.

use intrex_core::{
    obligations::{commands, input::RawObligation},
    permission::Role,
    worker,
};
use serde_json::json;

use crate::{support::TestApp, web::api::Program};

#[tokio::test]
async fn a_message_arrives_leads_to_its_item_and_is_read() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "GUL").await;
    let carol = app
        .member(&acme, "Carol", Role::Operator, &[gulshan.id])
        .await;
    let dave = app
        .member(&acme, "Dave", Role::Operator, &[gulshan.id])
        .await;
    let raw = RawObligation {
        branch_id: gulshan.id.to_string().into(),
        title: "Fire <licence>".into(),
        category: "fire_safety".into(),
        due_on: "2026-12-01".into(),
        owner_id: carol.id.to_string().into(),
        ..RawObligation::default()
    };
    let item = commands::create(&app.app, &acme.operator, &raw)
        .await
        .expect("is created");
    for day in ["2026-11-24", "2026-11-28"] {
        app.travel_to(&format!("{day}T03:00:00Z"));
        worker::run_once(&app.app).await.expect("the work is done");
    }
    let site = app.serve().await;
    let browser = app.signed_in(&site, &carol).await;
    let page = browser.visit("/messages").await.body;
    assert_eq!(page.matches("<li class=\"unread\">").count(), 2, "{page}");
    assert!(page.contains("Fire &#60;licence&#62;, GUL"), "{page}");
    assert!(page.contains(&format!("/obligations/{}", item.id)));
    assert!(page.contains("2 messages not read"));
    let action = page
        .split("action=\"/messages/")
        .find(|rest| !rest.starts_with("read"));
    let before = page.split("action=\"/messages/").next().expect("a page");
    assert!(action.is_some() && !before.is_empty());
    let ids: Vec<&str> = page
        .split("action=\"/messages/")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|rest| rest.ends_with("/read"))
        .collect();
    assert_eq!(ids.len(), 2, "{ids:?}");
    let one = format!("/messages/{}", ids[0]);
    assert_eq!(
        browser.submit("/messages", &one, &[]).await.leads_to(),
        "/messages"
    );
    let page = browser.visit("/messages").await.body;
    assert_eq!(page.matches("<li class=\"unread\">").count(), 1);
    let timeline = browser
        .visit(&format!("/obligations/{}", item.id))
        .await
        .body;
    for said in [
        "Reminder 7 days before",
        "sent to Carol by",
        "Next: Reminder 1 day",
        "Then: ",
    ] {
        // The day before is worded on its own.
        let said = said.replace("Reminder 1 day", "Reminder the day before");
        assert!(timeline.contains(&said), "{said}: {timeline}");
    }
    let other = app.signed_in(&site, &dave).await;
    assert!(
        other
            .visit("/messages")
            .await
            .body
            .contains("Everything is read")
    );
    let forged = other.submit("/messages?show=all", &one, &[]).await;
    assert_eq!(forged.status, 404);
    let all = browser.submit("/messages", "/messages/read", &[]).await;
    assert_eq!(all.leads_to(), "/messages");
    assert!(
        browser
            .visit("/messages")
            .await
            .body
            .contains("Everything is read")
    );
    assert_eq!(
        browser
            .visit("/messages?show=all")
            .await
            .body
            .matches("class=\"what\"")
            .count(),
        2
    );
    assert_eq!(browser.visit("/messages?show=none").await.status, 422);

    let program = Program::of(&app, &site, &carol).await;
    let list = program.get("/api/v1/notifications").await.json();
    assert_eq!(list["items"].as_array().map(Vec::len), Some(2), "{list}");
    let unread = program
        .get("/api/v1/notifications?unread=true")
        .await
        .json();
    assert_eq!(unread["items"], json!([]));
    let id = list["items"][0]["id"].as_str().expect("an id");
    let path = format!("/api/v1/notifications/{id}");
    assert_eq!(program.get(&path).await.json(), list["items"][0]);
    let read = program.post(&format!("{path}/read"), &json!({})).await;
    assert_eq!((read.status, read.json()), (200, list["items"][0].clone()));
    let program = Program::of(&app, &site, &dave).await;
    assert_eq!(program.get(&path).await.status, 404);
    app.finish().await;
}
