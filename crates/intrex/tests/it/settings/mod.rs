//! The pages below /settings: each person finds what is theirs to set, and nothing else.

mod people;

use intrex_core::permission::Role;
use reqwest::Method;

use crate::support::{TestApp, browser::send};

#[tokio::test]
async fn everybody_finds_what_is_theirs_to_set() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let site = app.serve().await;
    for (name, role) in [
        ("Alice", Role::HeadOfficeAdmin),
        ("Bob", Role::BranchManager),
        ("Carol", Role::Operator),
    ] {
        let member = app.member(&acme, name, role, &[]).await;
        let browser = app.signed_in(&site, &member).await;
        let index = browser.visit("/settings").await;
        for path in [
            "/settings/sessions",
            "/settings/tokens",
            "/settings/organisation",
        ] {
            assert!(
                index.body.contains(&format!("href=\"{path}\"")),
                "{name}: {path}"
            );
            let page = browser.visit(path).await;
            assert_eq!(page.status, 200, "{name}: {path}");
            let current = format!("<a href=\"{path}\" aria-current=\"page\">");
            assert!(page.body.contains(&current), "{name}: {path}");
        }
        // Whatever is linked is there, for whoever sees the link.
        for link in index.body.split("href=\"/settings/").skip(1) {
            let path = format!("/settings/{}", link.split('"').next().expect("a path"));
            assert_eq!(browser.visit(&path).await.status, 200, "{name}: {path}");
        }
        let edit = browser.visit("/settings/organisation/edit").await;
        let may = role == Role::HeadOfficeAdmin;
        assert_eq!(edit.status, if may { 200 } else { 403 }, "{name}");
        let shown = browser.visit("/settings/organisation").await.body;
        assert_eq!(shown.contains("/settings/organisation/edit"), may, "{name}");
    }
    app.finish().await;
}

#[tokio::test]
async fn an_organisation_is_changed_by_its_form_and_keeps_what_was_typed_wrong() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let (edit, path) = ("/settings/organisation/edit", "/settings/organisation");
    let fields = |hours: &'static str, preset: &'static str| {
        [
            ("name", "Shapla Pharmacy"),
            ("time_zone", "Asia/Dhaka"),
            ("lead_days", "60, 14"),
            ("session_preset", preset),
            ("session_absolute_hours", hours),
            ("session_idle_minutes", "90"),
        ]
    };
    let wrong = browser.submit(edit, path, &fields("169", "")).await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.body.contains("Shapla Pharmacy")
            && wrong.body.contains("session_absolute_hours-error")
    );
    let right = browser.submit(edit, path, &fields("12", "")).await;
    assert_eq!(right.leads_to(), path);
    let page = browser.visit(path).await.body;
    for word in [
        "Shapla Pharmacy",
        "Asia/Dhaka",
        "60, 14",
        "<dd>12</dd>",
        "<dd>90</dd>",
    ] {
        assert!(page.contains(word), "{word}: {page}");
    }
    browser.submit(edit, path, &fields("12", "aal2")).await;
    let page = browser.visit(path).await.body;
    assert!(
        page.contains("<dd>24</dd>") && page.contains("AAL2"),
        "{page}"
    );
    let api = browser.visit("/api/v1/organisation").await;
    assert_eq!(api.json()["session_idle_minutes"], 60);
    assert!(!api.header("etag").is_empty());
    let told = "select count(*) from app.audit_events where action = 'tenant.updated'";
    assert_eq!(app.count(told).await, 2);
    app.finish().await;
}

#[tokio::test]
async fn a_token_is_made_shown_once_and_revoked_by_page() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let carol = app.member(&acme, "Carol", Role::Operator, &[]).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &carol).await;
    let (new, path) = ("/settings/tokens/new", "/settings/tokens");
    let form = browser.visit(new).await.body;
    assert!(
        form.contains("obligations:complete") && !form.contains("people:write"),
        "{form}"
    );
    let wrong = browser
        .submit(
            new,
            path,
            &[("name", "nightly"), ("networks", "the office")],
        )
        .await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("networks-error") && wrong.body.contains("nightly"));
    let nowhere = [("name", "nightly"), ("networks", " , ")];
    let nowhere = browser.submit(new, path, &nowhere).await;
    assert_eq!(nowhere.status, 422, "a list of nothing is not anywhere");
    assert!(nowhere.body.contains("networks-error"));
    let made = browser
        .submit(
            new,
            path,
            &[
                ("name", "nightly"),
                ("expires_in_days", "30"),
                ("networks", "127.0.0.1/8"),
                ("scopes", "obligations:read"),
                ("scopes", "tenant:read"),
            ],
        )
        .await;
    assert_eq!(made.status, 200, "{}", made.body);
    assert_eq!(made.header("cache-control"), "no-store");
    let (_, text) = made
        .body
        .split_once("<code class=\"secret\">")
        .expect("the text");
    let text = text.split('<').next().expect("the text").to_owned();
    let list = browser.visit(path).await.body;
    for word in [
        "nightly",
        "127.0.0.0/8",
        "tenant:read, obligations:read",
        "last used: never",
    ] {
        assert!(list.contains(word), "{word}: {list}");
    }
    assert!(!list.contains(&text));
    let ask = async || {
        send(
            site.request(Method::GET, "/api/v1/obligations")
                .bearer_auth(&text),
        )
        .await
        .status
    };
    assert_eq!(ask().await, 200);
    assert!(!browser.visit(path).await.body.contains("last used: never"));
    let id: uuid::Uuid = sqlx::query_scalar("select id from app.api_tokens")
        .fetch_one(&mut app.superuser().await)
        .await
        .expect("one");
    let revoke = format!("{path}/{id}/revoke");
    assert_eq!(browser.submit(path, &revoke, &[]).await.leads_to(), path);
    assert_eq!(ask().await, 401);
    assert!(browser.visit(path).await.body.contains("revoked"));
    app.finish().await;
}
