//! What somebody would rather not be told, as far as their organisation lets them.

use intrex_core::{
    permission::Role,
    tenants::{self, RawTenantUpdate},
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Scene, script};
use crate::support::members::wrong_fields;

const PATH: &str = "/api/v1/notification-preferences";

fn opted_out(shown: &Value) -> Vec<String> {
    names(shown, "opted_out")
}

fn names(shown: &Value, which: &str) -> Vec<String> {
    let events = shown["events"].as_array().expect("a list").iter();
    events
        .filter(|one| one[which] == true)
        .map(|one| one["event_type"].as_str().expect("a name").to_owned())
        .collect()
}

#[tokio::test]
async fn everybody_opts_out_of_what_the_organisation_lets_and_of_nothing_else() {
    let scene = Scene::begin().await;
    let carol = scene
        .app
        .member(&scene.acme, "Carol", Role::Operator, &[scene.gulshan.id])
        .await;
    let site = scene.app.serve().await;
    let browser = scene.app.signed_in(&site, &carol).await;
    let before = browser.visit(PATH).await.json();
    assert!(opted_out(&before).is_empty());
    assert_eq!(
        names(&before, "optional"),
        [
            "obligation.due",
            "obligation.completed",
            "obligation.waived",
            "obligation.rescheduled",
            "obligation.reopened",
            "digest"
        ]
    );
    let two = json!({ "opted_out": ["digest", "obligation.due"] });
    let set = script(&browser, Method::PUT, PATH, two).await;
    assert_eq!(set.status, 200, "{}", set.body);
    assert_eq!(opted_out(&set.json()), ["obligation.due", "digest"]);
    assert_eq!(browser.visit(PATH).await.json(), set.json());
    for never in [
        "obligation.overdue",
        "obligation.escalated",
        "security.event",
        "delivery.dead",
    ] {
        let refused = script(&browser, Method::PUT, PATH, json!({ "opted_out": [never] })).await;
        assert_eq!(refused.status, 422, "{never}");
    }
    let alices = scene.app.signed_in(&site, &scene.alice).await;
    assert!(
        opted_out(&alices.visit(PATH).await.json()).is_empty(),
        "each has their own"
    );
    let none = script(&browser, Method::PUT, PATH, json!({ "opted_out": [] })).await;
    assert!(opted_out(&none.json()).is_empty());
    assert_eq!(scene.app.told("preference.updated").await, 2);
    scene.app.finish().await;
}

#[tokio::test]
async fn the_organisation_says_what_its_people_may_opt_out_of() {
    let scene = Scene::begin().await;
    let set = async |opt_outs: Value| {
        let raw: RawTenantUpdate =
            serde_json::from_value(json!({ "opt_outs": opt_outs })).expect("a field");
        tenants::update(&scene.app.app, &scene.actor, &raw, None).await
    };
    for never in [
        "obligation.overdue",
        "obligation.escalated",
        "security.event",
    ] {
        assert_eq!(
            wrong_fields(set(json!([never])).await),
            ["opt_outs"],
            "{never}"
        );
    }
    let tenant = set(json!(["digest"])).await.expect("is set");
    assert_eq!(tenant.opt_outs, ["digest"]);
    let site = scene.app.serve().await;
    let browser = scene.app.signed_in(&site, &scene.alice).await;
    let due = json!({ "opted_out": ["obligation.due"] });
    assert_eq!(script(&browser, Method::PUT, PATH, due).await.status, 422);
    let digest = json!({ "opted_out": ["digest"] });
    assert_eq!(
        script(&browser, Method::PUT, PATH, digest).await.status,
        200
    );
    // Taken back: it does not count any more, and is there if it is let again.
    set(json!([])).await.expect("is set");
    let shown = browser.visit(PATH).await.json();
    assert!(names(&shown, "optional").is_empty());
    assert_eq!(opted_out(&shown), ["digest"]);
    scene.app.finish().await;
}
