//! How long sessions last is the organisation's to say, within bounds, and holds at once.

use chrono::TimeDelta;
use intrex_core::{
    Error,
    permission::Role,
    sessions::Session,
    tenants::{self, RawTenantUpdate},
};

use crate::support::{TestApp, members::wrong_fields};

fn limits(hours: &str, minutes: &str) -> RawTenantUpdate {
    RawTenantUpdate {
        session_absolute_hours: hours.into(),
        session_idle_minutes: minutes.into(),
        ..RawTenantUpdate::default()
    }
}

#[tokio::test]
async fn limits_have_bounds_and_a_preset() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    for (raw, field) in [
        (limits("0", ""), "session_absolute_hours"),
        (limits("169", ""), "session_absolute_hours"),
        (limits("", "4"), "session_idle_minutes"),
        (limits("", "1441"), "session_idle_minutes"),
    ] {
        let refused = tenants::update(&app.app, &acme.operator, &raw, None).await;
        assert_eq!(wrong_fields(refused), [field]);
    }
    let preset = |name: &str| RawTenantUpdate {
        session_preset: name.into(),
        ..limits("3", "30")
    };
    let refused = tenants::update(&app.app, &acme.operator, &preset("forever"), None).await;
    assert_eq!(wrong_fields(refused), ["session_preset"]);
    for (raw, expected) in [
        (limits("1", "5"), (1, 5)),
        (preset("aal2"), (24, 60)),
        (limits("", "61"), (24, 61)),
        (preset("longest"), (168, 1440)),
    ] {
        let tenant = tenants::update(&app.app, &acme.operator, &raw, None).await;
        let tenant = tenant.expect("is changed");
        assert_eq!(
            (tenant.session_absolute_hours, tenant.session_idle_minutes),
            expected
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn a_session_that_is_used_ends_with_its_organisations_limit_and_its_cookie_does_not_promise_more()
 {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let cookie = app.sign_in(&alice).await;
    app.app.clock.advance(TimeDelta::hours(1));
    tenants::update(&app.app, &acme.operator, &limits("2", ""), None)
        .await
        .expect("is changed");
    let (tx, session) = app.full(&cookie).await;
    tx.finish().await.expect("finishes");
    let renewed = session.refresh.expect("is due");
    assert_eq!(renewed.max_age_sec, 3_600);
    app.app.clock.advance(TimeDelta::seconds(3_599));
    assert!(matches!(app.session(&renewed).await, Session::Full(..)));
    app.app.clock.advance(TimeDelta::seconds(1));
    assert!(app.is_dead(&renewed).await && app.is_dead(&cookie).await);
    // A longer limit brings nothing back that was to end before.
    let short = app.sign_in(&alice).await;
    tenants::update(&app.app, &acme.operator, &limits("168", ""), None)
        .await
        .expect("is changed");
    app.app.clock.advance(TimeDelta::hours(2));
    assert!(app.is_dead(&short).await);
    app.finish().await;
}

#[tokio::test]
async fn only_a_fresh_admin_changes_the_organisation() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let bob = app.member(&acme, "Bob", Role::BranchManager, &[]).await;
    let bob_acts = app.acting(&bob).await;
    let alice_acts = app.acting(&alice).await;
    let raw = RawTenantUpdate {
        name: "Acme Pharmacy".into(),
        time_zone: "Asia/Dhaka".into(),
        lead_days: "60, 7".into(),
        ..RawTenantUpdate::default()
    };
    let refused = tenants::update(&app.app, &bob_acts, &raw, None).await;
    assert!(matches!(refused, Err(Error::Forbidden)));
    let changed = tenants::update(&app.app, &alice_acts, &raw, Some(1)).await;
    let changed = changed.expect("is changed");
    assert_eq!(
        (
            changed.name.as_str(),
            changed.time_zone.as_str(),
            changed.lead_days.as_slice()
        ),
        ("Acme Pharmacy", "Asia/Dhaka", [60, 7].as_slice())
    );
    let overtaken = tenants::update(&app.app, &alice_acts, &raw, Some(1)).await;
    assert!(matches!(overtaken, Err(Error::Conflict(_))));
    app.app.clock.advance(TimeDelta::minutes(5));
    let stale = tenants::update(&app.app, &alice_acts, &raw, None).await;
    assert!(matches!(stale, Err(Error::StepUp)));
    let mut tx = app.app.db.read(&globex.operator).await.expect("begins");
    let other = tenants::reads::current(&mut tx).await.expect("is there");
    tx.finish().await.expect("finishes");
    assert_eq!(other.name, "Globex");
    app.finish().await;
}
