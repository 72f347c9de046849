//! The names of the specification and the acts of admins: each is a security event beside its audit event.

use chrono::TimeDelta;
use intrex_core::{
    network::IpMode,
    people::{self, RawPersonUpdate},
    permission::Role,
    sessions::{self, SignIn, Verification},
    tokens::{self, RawToken},
};

use super::{rows, seen};
use crate::support::{TestApp, members::from};

const TYPED: &str = "correct horse battery typed";

#[tokio::test]
async fn ten_failures_are_two_rows_for_the_admin_and_hold_nothing_that_was_typed() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    for attempt in 0u8..10 {
        let wrong = sessions::sign_in(
            &app.app,
            from([203, 0, attempt, 1]),
            &alice.email,
            TYPED.into(),
        );
        assert!(matches!(wrong.await, Ok(SignIn::Refused)));
    }
    // What was typed in the wrong box is nobody's address.
    let strangers = sessions::sign_in(&app.app, from([203, 1, 1, 1]), TYPED, "x".into());
    assert!(matches!(strangers.await, Ok(SignIn::Refused)));
    let of_acme = rows(&app, Some(acme.id.uuid())).await;
    assert!(
        of_acme.contains(&"LOGIN_FAILURE person 10".to_owned()),
        "{of_acme:?}"
    );
    assert!(
        of_acme.contains(&"AUTH_LOCKOUT_TRIGGERED person 1".to_owned()),
        "{of_acme:?}"
    );
    let of_nobody = rows(&app, None).await;
    assert!(
        of_nobody.contains(&"LOGIN_FAILURE account 1".to_owned()),
        "{of_nobody:?}"
    );
    for table in ["security_events", "security_tallies", "known_networks"] {
        let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "select count(*) from app.{table} t where t::text ilike '%horse%' or t::text ilike '%alice%'"
        )))
        .fetch_one(&mut app.superuser().await)
        .await
        .expect("is searched");
        assert_eq!(count, 0, "{table}");
    }
    people::unlock(&app.app, &acme.operator, alice.id)
        .await
        .expect("is unlocked");
    assert_eq!(
        seen(&app, Some(acme.id.uuid()), "AUTH_LOCKOUT_CLEARED").await,
        1
    );
    app.finish().await;
}

#[tokio::test]
async fn wrong_codes_and_a_rate_that_is_too_high_are_seen() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    app.app.clock.advance(TimeDelta::seconds(60));
    let provisional = app.password_given(&alice).await;
    for _ in 0..5 {
        let wrong = sessions::verify_code(&app.app, &provisional, "000000").await;
        assert!(matches!(wrong, Ok(Verification::Wrong)), "{wrong:?}");
    }
    let tenant = Some(acme.id.uuid());
    assert_eq!(seen(&app, tenant, "MFA_VERIFY_FAILED").await, 5);
    assert_eq!(seen(&app, tenant, "AUTH_LOCKOUT_TRIGGERED").await, 1);
    for _ in 0..14 {
        let request = from([203, 0, 1, 1]);
        let _ = sessions::sign_in(&app.app, request, "nobody@x.example", "x".into()).await;
    }
    let of_nobody = rows(&app, None).await;
    assert!(
        of_nobody.contains(&"LOGIN_RATE_LIMIT_BLOCK network 1".to_owned()),
        "{of_nobody:?}"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_higher_role_a_reset_factor_and_a_token_are_seen_and_daily_work_is_not() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let tenant = Some(acme.id.uuid());
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    assert_eq!(
        rows(&app, tenant).await,
        ["PRIVILEGE_RAISED person 1"],
        "invited as one"
    );
    let carol = app.member(&acme, "Carol", Role::Operator, &[]).await;
    assert_eq!(rows(&app, tenant).await.len(), 1);
    let role = |role: Role| RawPersonUpdate {
        role: role.as_str().into(),
        ..RawPersonUpdate::default()
    };
    for (to, expected) in [
        (Role::BranchManager, 1),
        (Role::HeadOfficeAdmin, 2),
        (Role::Operator, 2),
    ] {
        people::update(&app.app, &acme.operator, carol.id, &role(to), None)
            .await
            .expect("is changed");
        assert_eq!(
            seen(&app, tenant, "PRIVILEGE_RAISED").await,
            expected,
            "{to:?}"
        );
    }
    people::reset_mfa(&app.app, &acme.operator, carol.id, &"lost".into())
        .await
        .expect("is reset");
    assert_eq!(seen(&app, tenant, "MFA_RESET").await, 1);
    let actor = app.acting(&alice).await;
    let raw = RawToken {
        name: "nightly".into(),
        networks: "198.51.100.0/24".into(),
        ..RawToken::default()
    };
    let made = tokens::create(&app.app, &actor, &raw)
        .await
        .expect("a token");
    assert_eq!(seen(&app, tenant, "TOKEN_CREATED").await, 1);
    use secrecy::ExposeSecret as _;
    let elsewhere = tokens::authenticate(&app.app, made.text.expose_secret(), from([203, 0, 1, 1]));
    assert!(elsewhere.await.expect("answers").is_none());
    assert_eq!(seen(&app, tenant, "TOKEN_REFUSED_NETWORK").await, 1);
    app.finish().await;
}

#[tokio::test]
async fn addresses_are_kept_as_the_installation_says() {
    for (mode, expected) in [
        (IpMode::Raw, "203.0.113.7"),
        (IpMode::Masked, "203.0.113.0/24"),
        (IpMode::Hash, "ip-"),
    ] {
        let mut app = TestApp::start().await;
        app.set(|settings| settings.ip_mode = mode);
        let acme = app.tenant("Acme").await;
        let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
        let wrong = sessions::sign_in(&app.app, from([203, 0, 113, 7]), &alice.email, "x".into());
        assert!(matches!(wrong.await, Ok(SignIn::Refused)));
        let kept: String = sqlx::query_scalar(
            "select address from app.security_events where code = 'LOGIN_FAILURE'",
        )
        .fetch_one(&mut app.superuser().await)
        .await
        .expect("one row");
        assert!(kept.starts_with(expected), "{kept}");
        app.finish().await;
    }
}
