//! Addresses and devices are kept back, and shown to a head office admin alone, who has just given both factors and says why.

use chrono::TimeDelta;
use intrex_core::{people, permission::Role};
use serde_json::{Value, json};

use crate::support::TestApp;

#[tokio::test]
async fn an_address_is_shown_after_both_factors_with_a_reason_and_that_is_told() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "GUL").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let bob = app
        .member(&acme, "Bob", Role::BranchManager, &[gulshan.id])
        .await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let id: String = sqlx::query_scalar(
        "select id::text from app.audit_events where action = 'session.started' order by id desc limit 1",
    )
    .fetch_one(&mut app.superuser().await)
    .await
    .expect("signing in was told");
    let path = format!("/audit/{id}");
    let event = browser.visit(&path).await;
    assert_eq!(event.status, 200, "{}", event.body);
    assert!(event.body.contains("kept back") && event.body.contains(&format!("{path}/reveal")));
    assert!(!event.body.contains("198.51."), "{}", event.body);

    let reveal = format!("{path}/reveal");
    let refused = browser.submit(&reveal, &reveal, &[("reason", "")]).await;
    assert_eq!(refused.status, 422);
    assert!(!refused.body.contains("198.51."));
    let shown = browser
        .submit(&reveal, &reveal, &[("reason", "Alice says it was not her")])
        .await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert!(shown.body.contains("198.51."), "{}", shown.body);
    assert_eq!(shown.header("cache-control"), "no-store");
    let told = "select count(*) from app.audit_events where action = 'audit.revealed'";
    assert_eq!(app.count(told).await, 1);
    let typed =
        "select count(*) from app.audit_events where convert_from(entry, 'UTF8') like '%not her%'";
    assert_eq!(app.count(typed).await, 0, "the reason is sealed");

    // Nobody else, and not by an address that was typed.
    let manager = app.signed_in(&site, &bob).await;
    assert_eq!(manager.visit(&reveal).await.status, 403);
    // Nor with factors that were given a while ago.
    app.app.clock.advance(TimeDelta::minutes(5));
    let stale = browser.visit(&reveal).await;
    assert!(stale.leads_to().starts_with("/step-up"));
    assert_eq!(app.count(told).await, 1);
    app.finish().await;
}

#[tokio::test]
async fn what_was_erased_stays_erased() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    app.signed_in(&site, &alice).await;
    let amina = app.member(&acme, "Amina", Role::HeadOfficeAdmin, &[]).await;
    let leaving = people::RawDeletion {
        confirm: alice.email.as_str().into(),
        ..people::RawDeletion::default()
    };
    let amina = app.acting(&amina).await;
    people::delete(&app.app, &amina, alice.id, &leaving)
        .await
        .expect("she leaves");
    let reason = intrex_core::obligations::input::RawReason {
        reason: "a complaint".into(),
    };
    // Of the first step too, at which she had only given her password.
    for action in ["session.started", "session.password_accepted"] {
        let id: uuid::Uuid = sqlx::query_scalar(
            "select id from app.audit_events where action = $1 order by id limit 1",
        )
        .bind(action)
        .fetch_one(&mut app.superuser().await)
        .await
        .expect("signing in was told");
        let revealed = intrex_core::audit::reveal(&app.app, &acme.operator, id.into(), &reason)
            .await
            .expect("is answered");
        let fields: Value = serde_json::to_value(&revealed.fields).expect("serialises");
        assert_eq!(
            fields,
            json!({ "ip": null, "user_agent": null }),
            "{action}"
        );
        let states: Value = serde_json::to_value(&revealed.states).expect("serialises");
        let expected = json!({ "ip": "erased", "user_agent": "erased" });
        assert_eq!(states, expected, "{action}");
    }
    app.finish().await;
}

#[tokio::test]
async fn what_was_altered_is_not_shown_as_erased() {
    for change in [
        "sealed = array[sealed[1] || 'x']",
        "sealed = '{}', data_key_ids = '{}'",
    ] {
        let mut app = TestApp::start().await;
        let acme = app.tenant("Acme").await;
        let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
        let site = app.serve().await;
        let browser = app.signed_in(&site, &alice).await;
        let id: uuid::Uuid = sqlx::query_scalar(
            "select id from app.audit_events where action = 'session.started' order by id desc limit 1",
        )
        .fetch_one(&mut app.superuser().await)
        .await
        .expect("signing in was told");
        let reason = intrex_core::obligations::input::RawReason {
            reason: "a complaint".into(),
        };
        let states = async || {
            let revealed = intrex_core::audit::reveal(&app.app, &acme.operator, id.into(), &reason);
            let revealed = revealed.await.expect("is answered");
            serde_json::to_value(&revealed.states).expect("serialises")
        };
        assert_eq!(states().await["ip"], "revealed");
        let tamper = format!(
            "alter table app.audit_events disable trigger all; update app.audit_events set {change} where id = '{id}'"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(tamper))
            .execute(&mut app.superuser().await)
            .await
            .expect("the superuser may");
        assert_eq!(states().await["ip"], "altered", "{change}");
        let page = format!("/audit/{id}/reveal");
        let shown = browser.submit(&page, &page, &[("reason", "why")]).await;
        assert!(shown.body.contains("altered: somebody"), "{}", shown.body);
        assert!(!shown.body.contains(">erased<"), "{}", shown.body);
        app.leaves_the_log_broken();
        app.finish().await;
    }
}
