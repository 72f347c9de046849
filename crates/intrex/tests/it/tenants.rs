//! Organisations: made and suspended by whoever runs the installation, and how they leave.

mod leaving;

use intrex_core::{
    Error,
    permission::Role,
    sessions::{self, SignIn},
    tenants::{self, RawTenant, TenantStatus},
    tokens,
};
use secrecy::ExposeSecret as _;

use crate::support::{
    TestApp,
    members::{conflict, wrong_fields},
};

fn named(name: &str) -> RawTenant {
    RawTenant {
        name: name.into(),
        time_zone: "Asia/Dhaka".into(),
    }
}

#[tokio::test]
async fn an_organisation_begins_with_its_background_work_its_key_and_its_first_event() {
    let app = TestApp::start().await;
    let acme = tenants::create(&app.app, "a new customer", &named("Acme"))
        .await
        .expect("is made");
    assert_eq!(
        (acme.name.as_str(), acme.status),
        ("Acme", TenantStatus::Active)
    );
    assert_eq!(acme.session_absolute_hours, 168);
    let jobs = "select count(*) from app.jobs where kind in ('reminders.plan', 'housekeeping') and key = ''";
    assert_eq!(app.count(jobs).await, 2);
    assert_eq!(app.count("select count(*) from app.data_keys").await, 1);
    let told = "select count(*) from app.audit_events where action = 'tenant.created'";
    assert_eq!(app.count(told).await, 1);
    let listed = tenants::list(&app.app).await.expect("lists");
    assert_eq!(
        listed.iter().map(|t| t.name.as_str()).collect::<Vec<_>>(),
        ["Acme"]
    );
    app.finish().await;
}

#[tokio::test]
async fn nothing_is_made_without_a_name_a_real_zone_and_a_reason() {
    let app = TestApp::start().await;
    let raw = RawTenant {
        name: "".into(),
        time_zone: "Dhaka".into(),
    };
    let refused = tenants::create(&app.app, "a reason", &raw).await;
    assert_eq!(wrong_fields(refused), ["name", "time_zone"]);
    let refused = tenants::create(&app.app, " ", &named("Acme")).await;
    assert_eq!(wrong_fields(refused), ["reason"]);
    assert_eq!(app.count("select count(*) from app.tenants").await, 0);
    app.finish().await;
}

#[tokio::test]
async fn in_a_suspended_organisation_sessions_tokens_and_passwords_do_not_count_until_it_is_resumed()
 {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let cookie = app.sign_in(&alice).await;
    let actor = app.full(&cookie).await.0.actor().clone();
    let raw = tokens::RawToken {
        name: "nightly".into(),
        ..tokens::RawToken::default()
    };
    let token = tokens::create(&app.app, &actor, &raw)
        .await
        .expect("is made");
    let by_token =
        || tokens::authenticate(&app.app, token.text.expose_secret(), Default::default());
    assert!(by_token().await.expect("answers").is_some());

    tenants::suspend(&app.app, &acme.operator)
        .await
        .expect("is suspended");
    assert!(app.is_dead(&cookie).await);
    assert!(by_token().await.expect("answers").is_none());
    let refused = sessions::sign_in(
        &app.app,
        alice.request.clone(),
        &alice.email,
        alice.password.clone(),
    );
    assert!(matches!(refused.await, Ok(SignIn::Refused)));
    assert_eq!(
        conflict(tenants::suspend(&app.app, &acme.operator).await),
        "tenant-already-suspended"
    );

    tenants::resume(&app.app, &acme.operator)
        .await
        .expect("is resumed");
    assert!(!app.is_dead(&cookie).await);
    assert!(by_token().await.expect("answers").is_some());
    assert_eq!(
        conflict(tenants::resume(&app.app, &acme.operator).await),
        "tenant-not-suspended"
    );
    app.finish().await;
}

#[tokio::test]
async fn nobody_inside_an_organisation_suspends_it() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let alice = app.acting(&alice).await;
    assert!(matches!(
        tenants::suspend(&app.app, &alice).await,
        Err(Error::Forbidden)
    ));
    let mut tx = app.app.db.read(&alice).await.expect("begins");
    let shown = tenants::reads::current(&mut tx).await.expect("is shown");
    assert_eq!(shown.id, acme.id);
    tx.finish().await.expect("finishes");
    app.finish().await;
}
