//! The people that a demo installation offers at its sign-in page, and that no other installation does.

use std::sync::Arc;

use chrono::TimeDelta;
use intrex_core::permission::Role;
use intrex_web::{DemoPerson, Options};

use crate::support::{Member, Tenant, TestApp};

fn offered(tenant: &Tenant, member: &Member) -> Options {
    Options {
        demo: Some(vec![DemoPerson {
            tenant: tenant.id,
            tenant_name: "Acme".to_owned(),
            person: member.id,
            name: "Alice".to_owned(),
            email: member.email.clone(),
            password: member.password.clone(),
            role: Role::HeadOfficeAdmin,
            branches: Vec::new(),
        }]),
        ..Options::default()
    }
}

#[tokio::test]
async fn a_demo_offers_its_people_with_a_code_that_counts() {
    let mut app = TestApp::start().await;
    Arc::make_mut(&mut app.app.settings).demo = true;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app
        .serve_with(offered(&acme, &alice), intrex_web::router)
        .await;
    app.app.clock.advance(TimeDelta::seconds(30));
    let browser = site.browser();
    let page = browser.visit("/sign-in").await;
    assert_eq!(page.status, 200, "{}", page.body);
    let code = app.code(&alice);
    assert!(page.body.contains(&format!("code {code}")), "{}", page.body);
    assert!(page.body.contains("Acme") && page.body.contains("Head Office Admin"));
    let fields = [("email", alice.email.as_str())];
    let entered = browser.submit("/sign-in", "/demo/sign-in", &fields).await;
    assert_eq!(entered.leads_to(), "/today");
    assert_eq!(browser.visit("/today").await.status, 200);
    let unknown = [("email", "somebody@else.example")];
    let refused = site
        .browser()
        .submit("/sign-in", "/demo/sign-in", &unknown)
        .await;
    assert_eq!(refused.status, 422);
    assert_eq!(
        browser.post("/demo/sign-in", &fields).await.status,
        403,
        "without its token"
    );
    app.finish().await;
}

#[tokio::test]
async fn no_other_installation_offers_anybody() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let browser = site.browser();
    assert!(!browser.visit("/sign-in").await.body.contains("Demo people"));
    let fields = [("email", alice.email.as_str())];
    let none = browser.submit("/sign-in", "/demo/sign-in", &fields).await;
    assert_eq!(none.status, 404);
    assert_eq!(browser.cookie("__Host-session"), None);
    app.finish().await;
}
