//! Acknowledging and putting off, by page and by API: one's own, and nobody else's.

use intrex_core::{
    Error,
    obligations::{
        commands,
        input::{RawCompletion, RawObligation},
    },
    permission::Role,
    tenants::{self, RawTenantUpdate},
};
use serde_json::{Value, json};

use super::{item, slots, work_at};
use crate::{support::TestApp, web::api::Program};

async fn thresholds(program: &Program<'_>) -> Vec<String> {
    let list = program.get("/api/v1/notifications").await.json();
    let items = list["items"].as_array().expect("a list").clone();
    let text = |message: &Value| message["threshold"].as_str().unwrap_or_default().to_owned();
    items.iter().map(text).collect()
}

#[tokio::test]
async fn who_has_an_item_in_hand_is_not_reminded_again_until_it_comes_back() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "GUL").await;
    let carol = app
        .member(&acme, "Carol", Role::Operator, &[gulshan.id])
        .await;
    let made = item(&app, &acme, gulshan.id, &carol).await;
    work_at(&app, "2026-11-27T04:00:00Z").await;
    let site = app.serve().await;
    let program = Program::of(&app, &site, &carol).await;
    let path = format!("/api/v1/obligations/{}", made.id);
    let note = json!({ "note": "Rina rings the authority" });
    let said = program.post(&format!("{path}/acknowledge"), &note).await;
    assert_eq!(said.status, 200, "{}", said.body);
    let first = said.json();
    assert_eq!(
        (
            &first["threshold"],
            &first["again_on"],
            &first["via"],
            &first["note"]
        ),
        (
            &json!("before_30"),
            &json!("2026-12-04"),
            &json!("api"),
            &json!("Rina rings the authority")
        )
    );
    let twice = program
        .post(&format!("{path}/acknowledge"), &json!({}))
        .await;
    assert_eq!(twice.json(), first, "saying it again changes nothing");
    // By mail and in the inbox.
    assert_eq!(slots(&app, "before_30", "acknowledged").await, 2);

    work_at(&app, "2026-11-29T04:00:00Z").await;
    assert!(thresholds(&program).await.is_empty());
    work_at(&app, "2026-12-04T02:59:00Z").await;
    assert!(thresholds(&program).await.is_empty());
    work_at(&app, "2026-12-04T03:01:00Z").await;
    assert_eq!(thresholds(&program).await, ["again"]);

    // Answered, it comes back a week later; put off, at its time.
    let list = program
        .get("/api/v1/notifications?to_acknowledge=true")
        .await
        .json();
    let id = list["items"][0]["id"].as_str().expect("an id").to_owned();
    let message = format!("/api/v1/notifications/{id}");
    let answered = program
        .post(&format!("{message}/acknowledge"), &json!({}))
        .await;
    assert_eq!(answered.status, 200, "{}", answered.body);
    assert!(answered.json()["acknowledged_at"].is_string());
    assert!(answered.json()["read_at"].is_string());
    let none = program
        .get("/api/v1/notifications?to_acknowledge=true")
        .await
        .json();
    assert_eq!(none["items"], json!([]));
    work_at(&app, "2026-12-11T03:01:00Z").await;
    assert_eq!(thresholds(&program).await, ["again", "again"]);
    let list = program.get("/api/v1/notifications").await.json();
    let id = list["items"][0]["id"].as_str().expect("an id").to_owned();
    let snooze = format!("/api/v1/notifications/{id}/snooze");
    for wrong in ["2026-12-26T03:00:00Z", "2026-12-11T03:00:00Z", "never", ""] {
        let refused = program.post(&snooze, &json!({ "until": wrong })).await;
        assert_eq!(refused.status, 422, "{wrong}");
    }
    let put_off = program.post(&snooze, &json!({ "until": "3d" })).await;
    assert_eq!(put_off.status, 200, "{}", put_off.body);
    assert_eq!(put_off.json()["snoozed_until"], "2026-12-14T03:01:00Z");
    work_at(&app, "2026-12-14T03:00:00Z").await;
    assert_eq!(thresholds(&program).await.len(), 2);
    work_at(&app, "2026-12-14T03:01:00Z").await;
    assert_eq!(thresholds(&program).await, ["again", "again", "again"]);

    // What is more pressing comes whatever was said, and what is put off comes in one piece.
    work_at(&app, "2026-12-15T02:00:00Z").await;
    let off = program
        .post(
            &format!("{path}/snooze"),
            &json!({ "until": "2026-12-23T00:00:00Z" }),
        )
        .await;
    assert_eq!(off.status, 200, "{}", off.body);
    work_at(&app, "2026-12-22T04:00:00Z").await;
    assert_eq!(thresholds(&program).await.len(), 3);
    let answers = program.get(&format!("{path}/answers")).await.json();
    assert_eq!(answers["snoozes"][0]["person_name"], "Carol");
    assert_eq!(
        answers["acknowledgements"].as_array().map(Vec::len),
        Some(2)
    );
    work_at(&app, "2026-12-23T00:00:00Z").await;
    assert_eq!(thresholds(&program).await[..2], ["before_7", "again"]);

    let actor = app.acting(&carol).await;
    commands::complete(&app.app, &actor, made.id, &RawCompletion::default(), None)
        .await
        .expect("is completed");
    for path in [&path, &message] {
        let late = program
            .post(&format!("{path}/acknowledge"), &json!({}))
            .await;
        assert_eq!(late.status, 409, "{}", late.body);
        let late = program
            .post(&format!("{path}/snooze"), &json!({ "until": "1h" }))
            .await;
        assert_eq!(late.status, 409, "{}", late.body);
    }
    app.finish().await;
}

#[tokio::test]
async fn several_are_answered_together_all_or_none_and_nobody_answers_for_somebody_else() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "GUL").await;
    let banani = app.branch(&acme, "BAN").await;
    let carol = app
        .member(&acme, "Carol", Role::Operator, &[gulshan.id])
        .await;
    let dave = app
        .member(&acme, "Dave", Role::Operator, &[gulshan.id])
        .await;
    let bob = app
        .member(&acme, "Bob", Role::BranchManager, &[banani.id])
        .await;
    let globex = app.tenant("Globex").await;
    let mallory = app
        .member(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
        .await;
    let mut made = Vec::new();
    for owner in [&carol, &carol, &dave] {
        made.push(item(&app, &acme, gulshan.id, owner).await);
    }
    work_at(&app, "2026-12-22T04:00:00Z").await;
    let site = app.serve().await;
    let ids = |list: Value| -> Vec<String> {
        let items = list["items"].as_array().expect("a list").clone();
        let id = |item: &Value| item["id"].as_str().expect("an id").to_owned();
        items.iter().map(id).collect()
    };
    let of_dave = Program::of(&app, &site, &dave).await;
    let foreign = ids(of_dave.get("/api/v1/notifications").await.json());
    let of_carol = Program::of(&app, &site, &carol).await;
    let own = ids(of_carol.get("/api/v1/notifications").await.json());
    assert_eq!((own.len(), foreign.len()), (2, 1));

    let together = "/api/v1/notifications/acknowledge";
    let mixed = [own.clone(), foreign.clone()].concat();
    let refused = of_carol.post(together, &json!({ "ids": mixed })).await;
    assert_eq!(refused.status, 404);
    for id in &mixed {
        assert!(!refused.body.contains(id), "it does not tell which");
    }
    let many: Vec<String> = (0..201u128)
        .map(|n| uuid::Uuid::from_u128(n).to_string())
        .collect();
    for wrong in [json!({ "ids": many }), json!({ "ids": [] }), json!({})] {
        assert_eq!(of_carol.post(together, &wrong).await.status, 422);
    }
    let said = "select count(*) from app.acknowledgements";
    assert_eq!(app.count(said).await, 0);

    for stranger in [&dave, &bob, &mallory] {
        let program = Program::of(&app, &site, stranger).await;
        for verb in ["acknowledge", "snooze"] {
            let body = json!({ "until": "1h" });
            let body = if verb == "snooze" { body } else { json!({}) };
            let message = format!("/api/v1/notifications/{}/{verb}", own[0]);
            assert_eq!(program.post(&message, &body).await.status, 404);
            let of_item = format!("/api/v1/obligations/{}/{verb}", made[0].id);
            assert_eq!(program.post(&of_item, &body).await.status, 404);
        }
        let path = format!("/api/v1/obligations/{}/answers", made[0].id);
        assert_eq!(program.get(&path).await.status, 404);
    }

    // By the page, without a script: two boxes ticked.
    let browser = app.signed_in(&site, &carol).await;
    let page = browser.visit("/messages?show=open").await;
    assert_eq!(
        page.body.matches("name=\"ids\"").count(),
        2,
        "{}",
        page.body
    );
    let none = browser
        .submit("/messages", "/messages/acknowledge", &[("until", "1h")])
        .await;
    assert_eq!(none.status, 422);
    assert!(none.body.contains("Choose at least one message"));
    let forged = browser
        .post("/messages/acknowledge", &[("ids", own[0].as_str())])
        .await;
    assert_eq!(forged.status, 403, "without the form's token");
    let both: Vec<(&str, &str)> = own.iter().map(|id| ("ids", id.as_str())).collect();
    let later = [both.clone(), vec![("until", "1h")]].concat();
    let done = browser
        .submit("/messages", "/messages/snooze", &later)
        .await;
    assert_eq!(done.leads_to(), "/messages?show=open");
    assert_eq!(app.count("select count(*) from app.snoozes").await, 2);
    let done = browser
        .submit("/messages", "/messages/acknowledge", &both)
        .await;
    assert_eq!(done.leads_to(), "/messages?show=open");
    assert_eq!(app.count(said).await, 2);
    assert_eq!(app.count("select count(*) from app.snoozes").await, 0);
    let page = browser.visit("/messages?show=open").await.body;
    assert!(page.contains("Nothing waits for a word from you"), "{page}");
    let all = browser.visit("/messages?show=all").await.body;
    assert_eq!(all.matches("Acknowledged on ").count(), 2, "{all}");

    // A task that is somebody else's by now.
    let raw = RawObligation {
        owner_id: carol.id.to_string().into(),
        ..RawObligation::default()
    };
    commands::update(&app.app, &acme.operator, made[2].id, &raw, None)
        .await
        .expect("is given to Carol");
    let gone = format!("/api/v1/notifications/{}/acknowledge", foreign[0]);
    assert_eq!(of_dave.post(&gone, &json!({})).await.status, 404);
    app.finish().await;
}

#[tokio::test]
async fn the_organisation_says_when_what_is_acknowledged_comes_back() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "GUL").await;
    let carol = app
        .member(&acme, "Carol", Role::Operator, &[gulshan.id])
        .await;
    let made = item(&app, &acme, gulshan.id, &carol).await;
    let set = async |days: &str| {
        let raw = RawTenantUpdate {
            acknowledged_again_days: days.into(),
            ..RawTenantUpdate::default()
        };
        tenants::update(&app.app, &acme.operator, &raw, None).await
    };
    for wrong in ["0", "61", "soon"] {
        assert!(
            matches!(set(wrong).await, Err(Error::Invalid(_))),
            "{wrong}"
        );
    }
    let tenant = set("3").await.expect("is set");
    assert_eq!(tenant.acknowledged_again_days, 3);
    work_at(&app, "2026-11-29T04:00:00Z").await;
    let site = app.serve().await;
    let program = Program::of(&app, &site, &carol).await;
    let path = format!("/api/v1/obligations/{}/acknowledge", made.id);
    let said = program.post(&path, &json!({})).await.json();
    assert_eq!(said["again_on"], "2026-12-02");
    work_at(&app, "2026-12-02T03:00:00Z").await;
    assert_eq!(thresholds(&program).await[0], "again");
    app.finish().await;
}
