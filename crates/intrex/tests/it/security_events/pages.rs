//! Security events by page, by API, and what of them each may see.

use chrono::TimeDelta;
use intrex_core::{
    Actor, Error, ids::TenantId, permission::Role, security_events, sessions, worker,
};
use reqwest::Method;
use serde_json::json;

use crate::{
    support::{TestApp, browser::send, members::from},
    web::api::Program,
};

const PATH: &str = "/settings/security";

#[tokio::test]
async fn an_admin_finds_what_happened_what_it_means_and_says_that_they_have_looked() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let carol = app.member(&acme, "Carol", Role::Operator, &[]).await;
    let dave = app.member(&acme, "Dave", Role::BranchManager, &[]).await;
    for n in 0u8..10 {
        let wrong = sessions::sign_in(&app.app, from([203, 0, n, 1]), &carol.email, "x".into());
        wrong.await.expect("answers");
    }
    worker::run_once(&app.app).await.expect("works");
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let messages = browser.visit("/messages").await.body;
    assert!(messages.contains("Account locked: Carol"), "{messages}");
    let (_, link) = messages
        .split_once("href=\"/settings/security/events/")
        .expect("a message that leads there");
    let first = link.split('"').next().expect("an id").to_owned();
    assert_eq!(
        browser
            .visit(&format!("{PATH}/events/{first}"))
            .await
            .status,
        200
    );
    let (_, mark) = messages
        .split_once("action=\"/messages/")
        .and_then(|(_, rest)| rest.split_once("action=\"/messages/"))
        .expect("a message to mark");
    let mark = format!("/messages/{}", mark.split('"').next().expect("an address"));
    let marked = browser.submit("/messages", &mark, &[]).await;
    assert_eq!(marked.leads_to(), "/messages");
    assert!(
        browser
            .visit("/messages")
            .await
            .body
            .contains("Everything is read")
    );
    let index = browser.visit("/settings").await.body;
    assert!(index.contains("2 to look at"), "{index}");
    let list = browser.visit(PATH).await.body;
    for word in [
        "Account locked",
        "Sign-in refused",
        "Carol · seen 10 times",
        "(2 to look at)",
    ] {
        assert!(list.contains(word), "{word}: {list}");
    }
    let locked = browser
        .visit(&format!("{PATH}?code=AUTH_LOCKOUT_TRIGGERED&open=true"))
        .await
        .body;
    assert_eq!(locked.matches("class=\"what\"").count(), 1, "{locked}");
    assert_eq!(
        browser
            .visit(&format!("{PATH}?severity=terrible"))
            .await
            .status,
        422
    );
    let (_, link) = locked.split_once("/events/").expect("a link");
    let id = link.split('"').next().expect("an id").to_owned();
    let event = browser.visit(&format!("{PATH}/events/{id}")).await.body;
    for word in [
        "What it means",
        "sign-ins wait for some minutes",
        "What to do",
        "AUTH_LOCKOUT_TRIGGERED",
    ] {
        assert!(event.contains(word), "{word}: {event}");
    }
    let action = format!("{PATH}/events/{id}/acknowledge");
    let done = browser
        .submit(&format!("{PATH}/events/{id}"), &action, &[])
        .await;
    assert_eq!(done.leads_to(), "/settings/security?open=true");
    let event = browser.visit(&format!("{PATH}/events/{id}")).await.body;
    assert!(event.contains("looked at on"), "{event}");
    assert!(
        browser
            .visit("/settings")
            .await
            .body
            .contains("one to look at")
    );
    let told = "select count(*) from app.audit_events where action = 'security_event.acknowledged'";
    assert_eq!(app.count(told).await, 1);
    let other = app.signed_in(&site, &dave).await;
    assert_eq!(other.visit(PATH).await.status, 403);
    assert!(!other.visit("/settings").await.body.contains(PATH));
    app.finish().await;
}

#[tokio::test]
async fn thresholds_are_changed_by_a_fresh_factor_and_keep_what_was_typed_wrong() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let path = "/settings/security/thresholds";
    let form = browser.visit(path).await.body;
    assert!(
        form.contains("name=\"burst_failures\" type=\"text\" value=\"30\""),
        "{form}"
    );
    let wrong = browser
        .submit(
            path,
            path,
            &[("burst_failures", "2"), ("spray_accounts", "7")],
        )
        .await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("burst_failures-error") && wrong.body.contains("value=\"7\""));
    let right = browser
        .submit(
            path,
            path,
            &[("burst_failures", "50"), ("spray_accounts", "7")],
        )
        .await;
    assert_eq!(right.leads_to(), PATH);
    let api = browser.visit("/api/v1/security-thresholds").await;
    assert_eq!(
        (
            api.json()["burst_failures"].clone(),
            api.json()["spray_accounts"].clone()
        ),
        (json!(50), json!(7))
    );
    assert!(!api.header("etag").is_empty());
    app.app.clock.advance(TimeDelta::minutes(6));
    let stale = browser.visit(path).await;
    assert!(
        stale.leads_to().starts_with("/step-up"),
        "{}",
        stale.leads_to()
    );
    let actor = app.acting(&alice).await;
    app.app.clock.advance(TimeDelta::minutes(6));
    let raw = security_events::RawThresholds::default();
    let refused = security_events::set_thresholds(&app.app, &actor, &raw, None).await;
    assert!(
        matches!(refused, Err(intrex_core::Error::StepUp)),
        "{refused:?}"
    );
    let told = "select count(*) from app.audit_events where action = 'security_thresholds.updated'";
    assert_eq!(app.count(told).await, 1);
    app.finish().await;
}

#[tokio::test]
async fn programs_list_their_own_and_acknowledge_nothing() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let mallory = app
        .member(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
        .await;
    let site = app.serve().await;
    let (ours, theirs) = (
        Program::of(&app, &site, &alice).await,
        Program::of(&app, &site, &mallory).await,
    );
    let list = "/api/v1/security-events?code=TOKEN_CREATED";
    let found = ours.get(list).await.json();
    assert_eq!(found["items"].as_array().map(Vec::len), Some(1), "{found}");
    let event = &found["items"][0];
    assert_eq!(
        (&event["code"], &event["severity"], &event["count"]),
        (&json!("TOKEN_CREATED"), &json!("medium"), &json!(1))
    );
    let id = event["id"].as_str().expect("an id");
    let path = format!("/api/v1/security-events/{id}");
    assert_eq!(ours.get(&path).await.json(), *event);
    assert_eq!(theirs.get(&path).await.status, 404);
    let unknown = theirs.get("/api/v1/security-events?code=NOTHING").await;
    assert_eq!(unknown.status, 422);
    // Looking at them is for programs; saying that somebody has looked is not.
    let acknowledge = format!("{path}/acknowledge");
    for program in [&ours, &theirs] {
        let refused = program.post(&acknowledge, &json!({})).await;
        assert_eq!(refused.status, 403);
        let problem = refused.json();
        let kind = problem["type"].as_str().expect("a type");
        assert!(kind.ends_with("session-required"), "{problem}");
        let said = problem["detail"].as_str().unwrap_or_default();
        assert!(said.contains("no API token"), "{problem}");
    }
    let (in_session, elsewhere) = (app.acting(&alice).await, app.acting(&mallory).await);
    let event: uuid::Uuid = id.parse().expect("an id");
    let foreign = security_events::acknowledge(&app.app, &elsewhere, event.into()).await;
    assert!(matches!(foreign, Err(Error::NotFound)), "{foreign:?}");
    let open = ours.get(&format!("{list}&open=true")).await.json();
    assert_eq!(open["items"].as_array().map(Vec::len), Some(1), "{open}");
    let looked = security_events::acknowledge(&app.app, &in_session, event.into()).await;
    assert_eq!(
        looked.expect("is looked at").acknowledged_by,
        Some(alice.id)
    );
    let open = ours.get(&format!("{list}&open=true")).await.json();
    assert_eq!(open["items"], json!([]));
    let stale = ours
        .request(Method::PATCH, "/api/v1/security-thresholds")
        .json(&json!({ "burst_failures": 9 }));
    assert_eq!(send(stale).await.status, 403, "a token has no fresh factor");
    app.finish().await;
}

#[tokio::test]
async fn the_operator_sees_the_platforms_own_and_each_organisations() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let nobody = sessions::sign_in(&app.app, from([203, 0, 113, 7]), "x@y.example", "x".into());
    nobody.await.expect("answers");
    let codes = async |tenant: TenantId| {
        let operator = Actor::operator(tenant, "a test").expect("a reason");
        let mut tx = app.app.db.read(&operator).await.expect("begins");
        let filter = security_events::SecurityFilter::default();
        let page = security_events::reads::list(&mut tx, &filter, &Default::default()).await;
        tx.finish().await.expect("finishes");
        let items = page.expect("a page").items;
        items
            .into_iter()
            .map(|event| event.code)
            .collect::<Vec<_>>()
    };
    assert_eq!(codes(TenantId::PLATFORM).await, ["LOGIN_FAILURE"]);
    assert_eq!(codes(acme.id).await, ["PRIVILEGE_RAISED"]);
    let operator = Actor::operator(TenantId::PLATFORM, "a test").expect("a reason");
    let mut tx = app.app.db.read(&operator).await.expect("begins");
    let filter = security_events::SecurityFilter::default();
    let page = security_events::reads::list(&mut tx, &filter, &Default::default()).await;
    tx.finish().await.expect("finishes");
    let id = page.expect("a page").items[0].id;
    let looked = security_events::acknowledge(&app.app, &operator, id).await;
    assert!(looked.expect("is looked at").acknowledged_at.is_some());
    app.finish().await;
}
