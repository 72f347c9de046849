//! Routes and preferences on pages.

use intrex_core::permission::Role;
use serde_json::json;

use super::{Scene, usual};

#[tokio::test]
async fn an_admin_makes_changes_and_removes_a_route_on_pages() {
    let scene = Scene::begin().await;
    let connector = scene.connector(&scene.acme, "webhook").await.to_string();
    let site = scene.app.serve().await;
    let browser = scene.app.signed_in(&site, &scene.alice).await;
    let list = "/settings/routes";
    let empty = browser.visit(list).await.body;
    assert!(empty.contains("the built-in route serves"), "{empty}");
    let new = format!("{list}/new");
    let wrong = [
        ("name", "Operations"),
        ("event_types", ""),
        ("recipient", "endpoint"),
    ];
    let refused = browser.submit(&new, list, &wrong).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("Operations") && refused.body.contains("This is required."));
    let fields = [
        ("name", "Operations"),
        ("active", "yes"),
        ("event_types", ""),
        ("event_types", "obligation.overdue"),
        ("event_types", "obligation.due"),
        ("min_severity", "high"),
        ("branch_id", ""),
        ("connector_id", connector.as_str()),
        ("recipient", "endpoint"),
        ("person_id", ""),
        ("quiet.from", "22:00"),
        ("quiet.to", "07:00"),
        ("quiet.days", ""),
        ("escalate_after_hours", ""),
        ("escalate_to", ""),
    ];
    let seen = browser
        .submit(&new, &format!("{list}/preview"), &fields)
        .await;
    assert_eq!(seen.status, 200, "{}", seen.body);
    assert!(
        seen.body.contains("would have matched nothing"),
        "{}",
        seen.body
    );
    assert!(seen.body.contains("value=\"22:00\""));
    let made = browser.submit(&new, list, &fields).await;
    assert_eq!(made.leads_to(), list);
    let shown = browser.visit(list).await.body;
    let sentence =
        "high and above · All branches → Whom the connector names (webhook), not 22:00–07:00";
    assert!(shown.contains(sentence), "{shown}");
    let all = browser.visit(super::ALL).await.json();
    let one = format!("{list}/{}", all["items"][0]["id"].as_str().expect("an id"));
    let mut change = fields.to_vec();
    change.retain(|(name, _)| {
        !name.starts_with("quiet") && *name != "connector_id" && *name != "recipient"
    });
    change.extend([
        ("connector_id", ""),
        ("recipient", "responsible"),
        ("quiet.from", ""),
        ("quiet.to", ""),
        ("quiet.days", "mon"),
        ("active", "no"),
    ]);
    change.retain(|field| {
        !matches!(
            field,
            ("active", "yes") | ("escalate_after_hours" | "escalate_to", "")
        )
    });
    change.extend([
        ("escalate_after_hours", "24"),
        ("escalate_to", "branch_managers"),
    ]);
    let seen = browser
        .submit(&one, &format!("{one}/preview"), &change)
        .await;
    assert_eq!(seen.status, 200, "{}", seen.body);
    let changed = browser.submit(&one, &one, &change).await;
    assert_eq!(changed.leads_to(), list, "{}", changed.body);
    let shown = browser.visit(list).await.body;
    for words in [
        "Responsible people (The installation&#39;s own mail), after 24 h unanswered also Branch managers",
        "Not in use",
        "None of your routes is in use",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let form = browser.visit(&one).await.body;
    assert!(form.contains("value=\"24\"") && !form.contains("value=\"22:00\""));
    let remove = format!("{one}/remove");
    let asked = browser.visit(&remove).await.body;
    assert!(asked.contains("id=\"change\""), "{asked}");
    let removed = browser.submit(&remove, &remove, &[]).await;
    assert_eq!(removed.leads_to(), list);
    assert_eq!(browser.visit(&one).await.status, 404);
    scene.app.finish().await;
}

#[tokio::test]
async fn everybody_sets_what_they_are_not_told_and_head_office_what_can_be_set() {
    let scene = Scene::begin().await;
    scene.made(usual("Overdue")).await;
    let carol = scene
        .app
        .member(&scene.acme, "Carol", Role::Operator, &[scene.gulshan.id])
        .await;
    let site = scene.app.serve().await;
    let browser = scene.app.signed_in(&site, &carol).await;
    let path = "/settings/notifications";
    let chosen = [("opted_out", "none"), ("opted_out", "digest")];
    let set = browser.submit(path, path, &chosen).await;
    assert_eq!(set.leads_to(), "/settings/notifications?saved=yes");
    let shown = browser.visit(set.leads_to()).await.body;
    assert!(shown.contains("value=\"digest\" checked") && shown.contains("Saved."));
    assert!(!shown.contains("value=\"obligation.overdue\""));
    let admin = scene.app.signed_in(&site, &scene.alice).await;
    let edit = "/settings/organisation/edit";
    let form = admin.visit(edit).await.body;
    assert!(form.contains("name=\"opt_outs\" value=\"digest\" checked"));
    let none = [("opt_outs", "none")];
    let set = admin.submit(edit, "/settings/organisation", &none).await;
    assert_eq!(set.leads_to(), "/settings/organisation", "{}", set.body);
    let shown = browser.visit(path).await.body;
    assert!(shown.contains("does not let its people"), "{shown}");
    let read = admin.visit("/api/v1/organisation").await.json();
    assert_eq!(read["opt_outs"], json!([]));
    scene.app.finish().await;
}
