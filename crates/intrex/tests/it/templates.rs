//! Templates by page and by API: head office writes them, everybody reads them, obligations are made from them.

use intrex_core::permission::Role;
use reqwest::Method;
use serde_json::json;

use crate::{
    support::{TestApp, browser::send},
    web::api::Program,
};

const FIRE: [(&str, &str); 10] = [
    ("code", "fire-bd"),
    ("title", "Fire licence renewal"),
    ("category", "fire_safety"),
    ("category_custom", ""),
    ("severity", "critical"),
    ("recurrence", "FREQ=YEARLY"),
    ("recurrence_custom", ""),
    ("lead_days", "60, 30"),
    ("grace_days", "5"),
    ("citation", "Fire Prevention and Extinction Act 2003, s. 4"),
];

#[tokio::test]
async fn a_template_is_written_used_changed_and_retired() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "GUL").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let made = browser.submit("/templates/new", "/templates", &FIRE).await;
    let path = made.leads_to().to_owned();
    let id = path.rsplit('/').next().expect("an id");
    let shown = browser.visit(&path).await.body;
    assert!(
        shown.contains("Fire Prevention and Extinction Act 2003, s. 4"),
        "{shown}"
    );

    let filled = browser
        .visit(&format!("/obligations/new?template_id={id}"))
        .await
        .body;
    for field in [
        r#"value="Fire licence renewal""#,
        r#"<option value="FREQ=YEARLY" selected>"#,
        r#"value="60, 30""#,
    ] {
        assert!(filled.contains(field), "{field}: {filled}");
    }
    let branch = gulshan.id.to_string();
    let few = [
        ("template_id", id),
        ("branch_id", &branch),
        ("due_on", "2026-12-05"),
    ];
    let item = browser
        .submit("/obligations/new", "/obligations", &few)
        .await;
    let item = browser.visit(item.leads_to()).await.body;
    assert!(
        item.contains("Fire licence renewal") && item.contains("from a template"),
        "{item}"
    );

    let edit = format!("{path}/edit");
    let mut changed = FIRE;
    changed[1] = ("title", "Fire certificate");
    let saved = browser
        .submit(&edit, &format!("{path}?seen=1"), &changed)
        .await;
    assert_eq!(saved.leads_to(), path);
    changed[1] = ("title", "Something else");
    let stale = browser
        .submit(&edit, &format!("{path}?seen=1"), &changed)
        .await;
    assert_eq!(stale.status, 412);
    assert!(
        stale.body.contains(r#"value="Something else""#),
        "{}",
        stale.body
    );
    let retired = browser.submit(&path, &format!("{path}/retire"), &[]).await;
    assert_eq!(retired.leads_to(), path);
    let list = browser.visit("/templates").await.body;
    assert!(!list.contains("Fire certificate"));
    assert!(
        browser
            .visit("/templates?active=false")
            .await
            .body
            .contains("Fire certificate")
    );
    let unusable = browser
        .submit("/obligations/new", "/obligations", &few)
        .await;
    assert_eq!(unusable.status, 422);
    app.finish().await;
}

#[tokio::test]
async fn a_refused_template_keeps_what_was_typed() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let made = browser.submit("/templates/new", "/templates", &FIRE).await;
    assert_eq!(made.status, 303);
    let mut wrong = FIRE;
    wrong[5] = ("recurrence", "custom");
    wrong[6] = ("recurrence_custom", "FREQ=HOURLY");
    let refused = browser.submit("/templates/new", "/templates", &wrong).await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.body.contains(r#"value="FREQ=HOURLY""#),
        "{}",
        refused.body
    );
    let again = browser.submit("/templates/new", "/templates", &FIRE).await;
    assert_eq!(again.status, 422);
    assert!(again.body.contains(r#"id="code-error""#), "{}", again.body);
    app.finish().await;
}

#[tokio::test]
async fn everybody_reads_templates_and_head_office_alone_writes_them() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let gulshan = app.branch(&acme, "GUL").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let bob = app
        .member(&acme, "Bob", Role::BranchManager, &[gulshan.id])
        .await;
    let mallory = app
        .member(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
        .await;
    let site = app.serve().await;
    let program = Program::of(&app, &site, &alice).await;
    let body = json!({ "code": "vat", "category": "tax_vat", "title": "VAT return", "recurrence": "FREQ=MONTHLY" });
    let made = program.post("/api/v1/templates", &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let path = made.header("location").to_owned();
    let put = |body: &serde_json::Value| {
        let request = program.request(Method::PUT, &path);
        send(request.header("if-match", made.header("etag")).json(body))
    };
    let mut other = body.clone();
    other["title"] = json!("VAT return (Mushak-9.1)");
    assert_eq!(put(&other).await.status, 200);
    assert_eq!(put(&other).await.status, 412);
    other["code"] = json!("vat-2");
    let request = program.request(Method::PUT, &path).json(&other);
    assert!(send(request).await.json()["errors"]["code"].is_array());
    for query in ["active=maybe", "kind=x"] {
        assert_eq!(
            program
                .get(&format!("/api/v1/templates?{query}"))
                .await
                .status,
            422
        );
    }
    let program = Program::of(&app, &site, &bob).await;
    assert_eq!(program.get(&path).await.status, 200);
    assert_eq!(program.post("/api/v1/templates", &body).await.status, 403);
    assert_eq!(
        program
            .post(&format!("{path}/retire"), &json!({}))
            .await
            .status,
        403
    );
    let program = Program::of(&app, &site, &mallory).await;
    assert_eq!(program.get(&path).await.status, 404);
    let browser = app.signed_in(&site, &bob).await;
    assert!(
        !browser
            .visit("/templates")
            .await
            .body
            .contains("/templates/new")
    );
    app.finish().await;
}
