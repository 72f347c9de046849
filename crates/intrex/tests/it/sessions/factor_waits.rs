//! Wrong second factors: each wait is longer than the one before, strangers keep nobody out of a device that is known, and a
//! network tries only so many.

use chrono::TimeDelta;
use intrex_core::{
    Actor,
    actor::Request,
    people,
    permission::Role,
    sessions::{self, Verification},
};

use crate::support::{Member, TestApp, members::from};

async fn alice(app: &TestApp) -> Member {
    let acme = app.tenant("Acme").await;
    app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await
}

fn elsewhere(member: &Member) -> Member {
    Member {
        request: from([203, 0, 113, 9]),
        ..member.clone()
    }
}

/// Six digits that are not those of any step that counts now.
fn wrong(app: &TestApp, member: &Member) -> String {
    let right = app.code(member);
    let first = if right.starts_with('0') { '1' } else { '0' };
    format!("{first}00000")
}

/// Gives the password, then codes that are wrong until the factor waits, and then the right one: seconds to wait.
async fn guess_until_it_waits(app: &TestApp, member: &Member) -> i64 {
    let provisional = app.password_given(member).await;
    for attempt in 0..5 {
        let code = wrong(app, member);
        let outcome = sessions::verify_code(&app.app, &provisional, &code).await;
        assert!(
            matches!(outcome, Ok(Verification::Wrong)),
            "{attempt}: {outcome:?}"
        );
    }
    let code = app.code(member);
    match sessions::verify_code(&app.app, &provisional, &code).await {
        Ok(Verification::Wait { retry_after_sec }) => retry_after_sec,
        other => panic!("the right code is not looked at: {other:?}"),
    }
}

#[tokio::test]
async fn each_wait_is_twice_as_long_up_to_a_day_until_somebody_has_signed_in() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    for expected in [
        600, 1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 76_800, 86_400, 86_400,
    ] {
        app.app.clock.advance(TimeDelta::seconds(60));
        assert_eq!(guess_until_it_waits(&app, &alice).await, expected);
        app.app.clock.advance(TimeDelta::seconds(expected));
    }
    app.sign_in(&alice).await;
    app.app.clock.advance(TimeDelta::seconds(60));
    assert_eq!(guess_until_it_waits(&app, &alice).await, 600);
    app.finish().await;
}

#[tokio::test]
async fn whoever_knows_the_password_keeps_nobody_out_of_a_device_that_is_known() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    let cookie = app.sign_in(&alice).await;
    let desk = Member {
        request: Request {
            device: cookie.device.map(|device| device.value),
            ..alice.request.clone()
        },
        ..alice.clone()
    };
    let thief = elsewhere(&alice);
    app.app.clock.advance(TimeDelta::seconds(60));
    assert_eq!(guess_until_it_waits(&app, &thief).await, 600);
    let cookie = app.sign_in(&desk).await;
    let desk = Member {
        request: Request {
            device: cookie.device.map(|device| device.value),
            ..alice.request.clone()
        },
        ..desk
    };
    // Her coming and going gives the thief no more guesses, and hers are counted apart.
    let provisional = app.password_given(&thief).await;
    let code = app.code(&alice);
    let outcome = sessions::verify_code(&app.app, &provisional, &code).await;
    assert!(
        matches!(outcome, Ok(Verification::Wait { .. })),
        "{outcome:?}"
    );
    app.app.clock.advance(TimeDelta::seconds(60));
    assert_eq!(guess_until_it_waits(&app, &desk).await, 600);
    assert_eq!(app.told("AUTH_LOCKOUT_TRIGGERED").await, 2);

    // Whoever unlocks, or resets the factor, ends the wait in every lane, and the log says so.
    let tenant: uuid::Uuid = sqlx::query_scalar("select tenant_id from app.people")
        .fetch_one(&mut app.superuser().await)
        .await
        .expect("a tenant");
    let operator = Actor::operator(tenant.into(), "a test").expect("a reason");
    people::unlock(&app.app, &operator, alice.id)
        .await
        .expect("is unlocked");
    assert_eq!(app.told("AUTH_LOCKOUT_CLEARED").await, 1);
    app.sign_in(&desk).await;
    app.app.clock.advance(TimeDelta::seconds(60));
    guess_until_it_waits(&app, &thief).await;
    people::reset_mfa(&app.app, &operator, alice.id, &"lost".into())
        .await
        .expect("is reset");
    assert_eq!(app.told("AUTH_LOCKOUT_CLEARED").await, 2);
    app.finish().await;
}

#[tokio::test]
async fn a_network_tries_ten_second_factors_a_minute_of_whatever_kind() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let mut tried = 0;
    let mut half_in = Vec::new();
    for name in ["Alice", "Bob", "Carol"] {
        let member = app.member(&acme, name, Role::Operator, &[]).await;
        app.app.clock.advance(TimeDelta::seconds(60));
        half_in.push((
            app.password_given(&elsewhere(&member)).await,
            wrong(&app, &member),
        ));
    }
    for (provisional, code) in &half_in {
        for _ in 0..4 {
            let outcome = sessions::verify_code(&app.app, provisional, code).await;
            tried += 1;
            let waits = matches!(outcome, Ok(Verification::Wait { .. }));
            assert_eq!(waits, tried > 10, "{tried}: {outcome:?}");
        }
    }
    let (provisional, _) = &half_in[2];
    for outcome in [
        sessions::verify_recovery_code(&app.app, provisional, "2222-2222-2222-2222").await,
        sessions::verify_passkey(&app.app, provisional, "{}").await,
    ] {
        let Ok(Verification::Wait { retry_after_sec }) = outcome else {
            panic!("{outcome:?}");
        };
        assert!((1..=60).contains(&retry_after_sec), "{retry_after_sec}");
    }
    // Told once; what was not looked at was not counted against anybody.
    assert_eq!(app.told("LOGIN_RATE_LIMIT_BLOCK").await, 1);
    assert_eq!(app.told("MFA_VERIFY_FAILED").await, 10);
    app.finish().await;
}
