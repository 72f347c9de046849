//! Making, changing and removing routes, by head office admins and by nobody else.

use chrono::TimeDelta;
use intrex_core::{Error, connectors, permission::Role, routes};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ALL, Scene, raw, script, usual};
use crate::support::members::{conflict, wrong_fields};

#[tokio::test]
async fn programs_make_change_and_remove_routes() {
    let scene = Scene::begin().await;
    let site = scene.app.serve().await;
    let browser = scene.app.signed_in(&site, &scene.alice).await;
    let webhook = scene.connector(&scene.acme, "webhook").await;
    let body = json!({
        "name": "Operations", "event_types": ["obligation.overdue", "obligation.due"], "min_severity": "high",
        "branch_id": scene.gulshan.id, "connector_id": webhook, "recipient": "endpoint",
        "quiet": { "from": "22:00", "to": "07:00", "days": ["sat", "fri"] },
    });
    let made = script(&browser, Method::POST, ALL, body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let shown = made.json();
    assert_eq!(
        shown["quiet"],
        json!({ "from": "22:00", "to": "07:00", "days": ["fri", "sat"] })
    );
    assert_eq!(
        shown["event_types"],
        json!(["obligation.due", "obligation.overdue"])
    );
    assert_eq!(shown["active"], true);
    let one = made.header("location").to_owned();
    let read = browser.visit(&one).await;
    assert_eq!(read.json(), shown);
    assert_eq!(browser.visit(ALL).await.json()["items"][0], shown);
    let etag = read.header("etag").to_owned();
    let token = browser.visit("/settings").await.csrf();
    let patch = async |body: Value| {
        let request = browser
            .own_page_sends(Method::PATCH, &one)
            .header("x-csrf-token", &token)
            .header("if-match", &etag)
            .json(&body);
        browser.send(request).await
    };
    let changed = patch(json!({ "quiet": null, "active": false })).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let after = changed.json();
    assert_eq!(
        (&after["quiet"], &after["active"]),
        (&Value::Null, &json!(false))
    );
    assert_eq!(after["connector_id"], shown["connector_id"]);
    assert_eq!(patch(json!({ "name": "Late" })).await.status, 412);
    let gone = script(&browser, Method::DELETE, &one, json!({})).await;
    assert_eq!(gone.status, 204);
    assert_eq!(browser.visit(&one).await.status, 404);
    for action in ["route.created", "route.updated", "route.removed"] {
        assert_eq!(scene.app.told(action).await, 1, "{action}");
    }
    scene.app.finish().await;
}

#[tokio::test]
async fn mail_goes_to_people_and_other_connectors_to_whom_they_name() {
    let scene = Scene::begin().await;
    for kind in ["email_smtp", "telegram_bot", "whatsapp_business", "webhook"] {
        let connector = scene.connector(&scene.acme, kind).await;
        for recipient in ["responsible", "branch_managers", "head_office", "endpoint"] {
            let mut body = usual(&format!("{kind} to {recipient}"));
            body["connector_id"] = json!(connector);
            body["recipient"] = json!(recipient);
            let made = routes::create(&scene.app.app, &scene.actor, &raw(body)).await;
            match (kind == "email_smtp") == (recipient != "endpoint") {
                true => assert!(made.is_ok(), "{kind} {recipient}"),
                false => assert_eq!(wrong_fields(made), ["recipient"], "{kind} {recipient}"),
            }
        }
    }
    let mut body = usual("By the installation's mail");
    body["recipient"] = json!("endpoint");
    let made = routes::create(&scene.app.app, &scene.actor, &raw(body)).await;
    assert_eq!(wrong_fields(made), ["recipient"]);
    scene.app.finish().await;
}

#[tokio::test]
async fn what_a_route_names_is_there_and_the_organisations_own() {
    let scene = Scene::begin().await;
    let globex = scene.app.tenant("Globex").await;
    let depot = scene.app.branch(&globex, "Depot").await;
    let mallory = scene
        .app
        .member(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
        .await;
    let foreign = scene.connector(&globex, "webhook").await;
    let removed = scene.connector(&scene.acme, "webhook").await;
    connectors::remove(&scene.app.app, &scene.actor, removed)
        .await
        .expect("it is removed");
    for connector in [foreign, removed] {
        let mut body = usual("Somewhere else");
        body["connector_id"] = json!(connector);
        body["branch_id"] = json!(depot.id);
        body["recipient"] = json!("person");
        body["person_id"] = json!(mallory.id);
        let made = routes::create(&scene.app.app, &scene.actor, &raw(body)).await;
        assert_eq!(
            wrong_fields(made),
            ["branch_id", "person_id", "connector_id"],
            "all at once"
        );
    }
    let mut body = usual("To Alice");
    body["recipient"] = json!("person");
    body["person_id"] = json!(scene.alice.id);
    scene.made(body).await;
    let made = routes::create(&scene.app.app, &scene.actor, &raw(usual("TO ALICE"))).await;
    assert_eq!(wrong_fields(made), ["name"], "a name is one route's");
    scene.app.finish().await;
}

#[tokio::test]
async fn a_connector_that_a_route_goes_by_stays() {
    let scene = Scene::begin().await;
    let connector = scene.connector(&scene.acme, "webhook").await;
    let mut body = usual("Operations");
    body["connector_id"] = json!(connector);
    body["recipient"] = json!("endpoint");
    let route = scene.made(body).await;
    let refused = connectors::remove(&scene.app.app, &scene.actor, connector).await;
    assert_eq!(conflict(refused), "connector-used-by-routes");
    let site = scene.app.serve().await;
    let browser = scene.app.signed_in(&site, &scene.alice).await;
    let path = format!("/api/v1/connectors/{connector}");
    let refused = script(&browser, Method::DELETE, &path, json!({})).await;
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("Operations"), "{}", refused.body);
    scene.remove(route.id).await;
    let removed = script(&browser, Method::DELETE, &path, json!({})).await;
    assert_eq!(removed.status, 204, "{}", removed.body);
    scene.app.finish().await;
}

#[tokio::test]
async fn what_a_route_is_for_is_planned_anew_and_nothing_else() {
    let scene = Scene::begin().await;
    let uttara = scene.app.branch(&scene.acme, "Uttara").await;
    for branch in [&scene.gulshan, &uttara] {
        scene
            .app
            .obligation(&scene.acme, branch, "Fire licence", "2026-12-20")
            .await;
    }
    scene.planned().await;
    let first = scene.made(usual("The first")).await;
    assert_eq!(scene.to_plan().await, 2, "the built-in one ends");
    scene.planned().await;
    let mut body = usual("Of Gulshan");
    body["branch_id"] = json!(scene.gulshan.id);
    let of_gulshan = scene.made(body).await;
    assert_eq!(scene.to_plan().await, 1);
    scene.planned().await;
    let (app, actor) = (&scene.app.app, &scene.actor);
    let renamed = raw(json!({ "name": "Of the first branch" }));
    let changed = routes::update(app, actor, of_gulshan.id, &renamed, None).await;
    changed.expect("is renamed");
    assert_eq!(scene.to_plan().await, 0, "a name changes nothing");
    let severe = raw(json!({ "min_severity": "high" }));
    let changed = routes::update(app, actor, of_gulshan.id, &severe, None).await;
    changed.expect("is changed");
    assert_eq!(scene.to_plan().await, 1);
    scene.planned().await;
    let moved = raw(json!({ "branch_id": null }));
    let changed = routes::update(app, actor, of_gulshan.id, &moved, None).await;
    changed.expect("is changed");
    assert_eq!(scene.to_plan().await, 2);
    scene.planned().await;
    scene.remove(first.id).await;
    assert_eq!(scene.to_plan().await, 2);
    scene.app.finish().await;
}

#[tokio::test]
async fn head_office_decides_on_routes_without_a_fresh_factor_and_nobody_else_does() {
    let scene = Scene::begin().await;
    let route = scene.made(usual("Overdue")).await;
    let site = scene.app.serve().await;
    for role in [Role::BranchManager, Role::Operator] {
        let name = role.as_str();
        let member = scene
            .app
            .member(&scene.acme, name, role, &[scene.gulshan.id])
            .await;
        let browser = scene.app.signed_in(&site, &member).await;
        for path in [ALL.to_owned(), format!("{ALL}/{}", route.id)] {
            assert_eq!(browser.visit(&path).await.status, 403, "{name} {path}");
        }
        for path in [ALL.to_owned(), format!("{ALL}/preview")] {
            let refused = script(&browser, Method::POST, &path, usual("Mine")).await;
            assert_eq!(refused.status, 403, "{name} {path}");
        }
    }
    scene.app.app.clock.advance(TimeDelta::minutes(30));
    let change = raw(json!({ "active": false }));
    let changed = routes::update(&scene.app.app, &scene.actor, route.id, &change, None).await;
    assert!(!changed.expect("is changed").active);
    scene.app.finish().await;
}

#[tokio::test]
async fn an_organisation_has_fifty_routes_at_most() {
    let scene = Scene::begin().await;
    for n in 0..50 {
        scene.made(usual(&format!("Route {n}"))).await;
    }
    let made = routes::create(&scene.app.app, &scene.actor, &raw(usual("One more"))).await;
    assert_eq!(conflict(made), "route-too-many");
    let nobody = routes::remove(
        &scene.app.app,
        &scene.actor,
        scene.app.app.chance.uuid(scene.app.app.now()).into(),
    );
    assert!(matches!(nobody.await, Err(Error::NotFound)));
    scene.app.finish().await;
}
