//! The audit log as a page: who did what, narrowed by the address, and the check of the whole chain.

use intrex_core::permission::Role;

use crate::{
    support::{TestApp, browser::Answer},
    web::api::Program,
};

fn rows(answer: &Answer) -> usize {
    answer.body.matches("<th scope=\"row\">").count()
}

#[tokio::test]
async fn the_log_is_narrowed_by_what_the_address_says() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let (gulshan, banani) = (
        app.branch(&acme, "GUL").await,
        app.branch(&acme, "BAN").await,
    );
    let item = app
        .obligation(&acme, &gulshan, "Fire <licence>", "2026-12-05")
        .await;
    app.obligation(&acme, &banani, "Lift", "2026-12-06").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let bob = app
        .member(&acme, "Bob", Role::BranchManager, &[gulshan.id])
        .await;
    app.sequence().await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let page = browser.visit("/audit?action=obligation.created").await;
    assert_eq!((page.status, rows(&page)), (200, 2), "{}", page.body);
    assert!(
        page.body.contains("Fire &#60;licence&#62;")
            && page.body.contains("the operator of the installation")
    );
    let one = browser
        .visit(&format!("/audit?entity_id={}", item.id))
        .await;
    assert_eq!(rows(&one), 1);
    let today = browser
        .visit("/audit?action=obligation.created&from=2026-11-22&to=2026-11-22")
        .await;
    assert_eq!(rows(&today), 2);
    let yesterday = browser.visit("/audit?to=2026-11-21").await;
    assert_eq!(
        (rows(&yesterday), yesterday.body.contains("No events here")),
        (0, true)
    );
    let wrong = browser.visit("/audit?from=0000-00-00").await;
    assert_eq!(
        (wrong.status, wrong.body.contains(r#"value="0000-00-00""#)),
        (422, true),
        "{}",
        wrong.body
    );
    assert_eq!(browser.visit("/audit?colour=red").await.status, 422);
    let manager = app.signed_in(&site, &bob).await;
    let own = manager.visit("/audit?action=obligation.created").await;
    assert_eq!(rows(&own), 1, "{}", own.body);
    assert!(!own.body.contains("/audit/verify"));
    let told = "select count(*) from app.audit_events where action = 'audit.read'";
    assert_eq!(app.count(told).await, 2, "each reader once");
    let program = Program::of(&app, &site, &alice).await;
    let events = program
        .get("/api/v1/audit/events?action=obligation.created&limit=1")
        .await
        .json();
    assert_eq!(
        events["items"][0]["entity"]["type"], "obligation",
        "{events}"
    );
    assert!(events["next_cursor"].is_string());
    assert_eq!(
        program
            .get("/api/v1/audit/events?to=9999-12-31")
            .await
            .status,
        422
    );
    app.finish().await;
}

#[tokio::test]
async fn the_chain_is_checked_on_demand_and_its_first_fault_is_named() {
    let mut app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let bob = app.member(&acme, "Bob", Role::BranchManager, &[]).await;
    app.sequence().await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    app.sequence().await;
    let intact = browser.submit("/audit", "/audit/verify", &[]).await;
    assert_eq!(intact.status, 200, "{}", intact.body);
    assert!(intact.body.contains("Verified: all"), "{}", intact.body);
    let manager = app.signed_in(&site, &bob).await;
    assert_eq!(
        manager.submit("/audit", "/audit/verify", &[]).await.status,
        403
    );
    app.leaves_the_log_broken();
    let mut superuser = app.superuser().await;
    for statement in [
        "alter table app.audit_events disable trigger all",
        "update app.audit_events set outcome = 'failure' where action = 'person.invited'",
    ] {
        sqlx::query(statement)
            .execute(&mut superuser)
            .await
            .expect("tampers");
    }
    let broken = browser.submit("/audit", "/audit/verify", &[]).await;
    assert!(
        broken.body.contains("The chain is broken at event"),
        "{}",
        broken.body
    );
    app.finish().await;
}
