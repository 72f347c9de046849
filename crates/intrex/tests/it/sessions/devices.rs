//! A device that somebody has signed in with has its own counter of failures: a stranger locks nobody out.

use chrono::TimeDelta;
use intrex_core::{
    actor::Request,
    people,
    permission::Role,
    sessions::{self, SessionCookie, SignIn, Verification},
};
use secrecy::{ExposeSecret as _, SecretString};

use crate::support::{Member, TestApp, members::from};

async fn alice(app: &TestApp) -> Member {
    let acme = app.tenant("Acme").await;
    app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await
}

/// The same person at the device that this sign-in was remembered by.
fn at(cookie: &SessionCookie, member: &Member) -> Member {
    with_device(
        member,
        cookie.device.as_ref().map(|device| device.value.clone()),
    )
}

fn with_device(member: &Member, device: Option<SecretString>) -> Member {
    Member {
        request: Request {
            device,
            ..member.request.clone()
        },
        ..member.clone()
    }
}

async fn tried(app: &TestApp, request: &Request, email: &str, password: &str) -> SignIn {
    sessions::sign_in(&app.app, request.clone(), email, password.to_owned().into())
        .await
        .expect("answers")
}

/// Ten guesses from ten networks.
async fn strangers_guess(app: &TestApp, member: &Member) {
    for attempt in 0u8..10 {
        tried(app, &from([203, 0, attempt, 1]), &member.email, "a guess").await;
    }
}

async fn is_locked(app: &TestApp, member: &Member) -> bool {
    let right = member.password.expose_secret();
    matches!(
        tried(app, &member.request, &member.email, right).await,
        SignIn::Wait { .. }
    )
}

#[tokio::test]
async fn a_stranger_locks_nobody_out_of_a_device_that_is_known() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    let at_desk = at(&app.sign_in(&alice).await, &alice);
    strangers_guess(&app, &alice).await;
    assert!(is_locked(&app, &alice).await, "anywhere else");
    assert!(!is_locked(&app, &at_desk).await);
    let again = app.sign_in(&at_desk).await;
    // Coming and going does not give the strangers another ten guesses.
    assert!(is_locked(&app, &alice).await);
    assert_eq!(app.told("AUTH_LOCKOUT_CLEARED").await, 0);
    assert!(!is_locked(&app, &at(&again, &alice)).await);
    app.finish().await;
}

#[tokio::test]
async fn guesses_on_a_known_device_lock_that_device_alone() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    let at_desk = at(&app.sign_in(&alice).await, &alice);
    let on_phone = at(&app.sign_in(&alice).await, &alice);
    for attempt in 0u8..10 {
        // From ten networks: the copy of a cookie travels.
        let request = Request {
            device: at_desk.request.device.clone(),
            ..from([203, 0, attempt, 1])
        };
        let guess = tried(&app, &request, &alice.email, "a guess").await;
        assert!(matches!(guess, SignIn::Refused), "{attempt}: {guess:?}");
    }
    assert!(is_locked(&app, &at_desk).await);
    assert!(!is_locked(&app, &on_phone).await);
    assert!(!is_locked(&app, &alice).await);
    let lockout = "select count(*) from app.audit_events
                   where action = 'AUTH_LOCKOUT_TRIGGERED' and convert_from(entry, 'UTF8') like '%\"scopes\":[\"device\"]%'";
    assert_eq!(app.count(lockout).await, 1);
    // An admin ends it there too.
    let tenant: uuid::Uuid = sqlx::query_scalar("select tenant_id from app.people")
        .fetch_one(&mut app.superuser().await)
        .await
        .expect("a tenant");
    let operator = intrex_core::Actor::operator(tenant.into(), "a test").expect("a reason");
    people::unlock(&app.app, &operator, alice.id)
        .await
        .expect("is unlocked");
    // Its minute of ten requests goes on.
    app.app.clock.advance(TimeDelta::seconds(60));
    assert!(!is_locked(&app, &at_desk).await);
    assert_eq!(app.told("AUTH_LOCKOUT_CLEARED").await, 1);
    app.finish().await;
}

#[tokio::test]
async fn a_device_cookie_is_good_for_its_own_person_and_for_nothing_else() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    let globex = app.tenant("Globex").await;
    let mallory = app
        .member(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
        .await;
    let desk = app.sign_in(&alice).await;
    let at_desk = at(&desk, &alice);
    let mallorys = at(&app.sign_in(&mallory).await, &mallory).request.device;
    let text = at_desk.request.device.clone().expect("a device");
    let text = text.expose_secret();
    strangers_guess(&app, &alice).await;
    for forged in [
        mallorys,
        Some(text.replace("itd_", "itx_").into()),
        Some(text.to_uppercase().into()),
        Some(format!("{text}0").into()),
        Some(SecretString::from("itd_")),
        Some("x".repeat(100_000).into()),
    ] {
        assert!(is_locked(&app, &with_device(&alice, forged)).await);
    }
    // It stands in for no password, no code and no session.
    let guess = tried(&app, &at_desk.request, &alice.email, "a guess").await;
    assert!(matches!(guess, SignIn::Refused));
    let session = sessions::authenticate(&app.app, text, Request::default()).await;
    assert!(matches!(session, Ok(sessions::Session::None)));
    // Signing in makes it anew; the copy of before is a stranger's.
    let again = app.sign_in(&at_desk).await;
    assert!(is_locked(&app, &at_desk).await);
    assert!(!is_locked(&app, &at(&again, &alice)).await);
    let stored =
        "select count(*) from app.known_devices where encode(token_hash, 'hex') is not null";
    assert_eq!(
        app.count(stored).await,
        4,
        "each of them, and one for each enrolment"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_device_is_known_for_half_a_year_and_ten_of_them_are() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    let first = at(&app.sign_in(&alice).await, &alice);
    for _ in 0..10 {
        app.sign_in(&alice).await;
    }
    let known = "select count(*) from app.known_devices";
    assert_eq!(app.count(known).await, 10);
    let last = at(&app.sign_in(&alice).await, &alice);
    strangers_guess(&app, &alice).await;
    assert!(is_locked(&app, &first).await, "the one of longest ago");
    assert!(!is_locked(&app, &last).await);
    app.app.clock.advance(TimeDelta::days(180));
    strangers_guess(&app, &alice).await;
    assert!(is_locked(&app, &last).await);
    app.finish().await;
}

#[tokio::test]
async fn a_new_device_is_told_and_a_known_one_is_not() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    assert_eq!(app.told("session.new_device").await, 0, "the first of all");
    let at_desk = at(&app.sign_in(&alice).await, &alice);
    assert_eq!(app.told("session.new_device").await, 1);
    let at_desk = at(&app.sign_in(&at_desk).await, &alice);
    assert_eq!(app.told("session.new_device").await, 1);
    // Not in between, when the password was right: the device is known by both factors.
    app.app.clock.advance(TimeDelta::seconds(30));
    app.password_given(&alice).await;
    assert_eq!(app.told("session.new_device").await, 1);
    let _ = at_desk;
    app.finish().await;
}

#[tokio::test]
async fn devices_are_forgotten_with_the_sessions_that_somebody_ends_and_kept_by_leaving() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let (desk, phone) = (app.sign_in(&alice).await, app.sign_in(&alice).await);
    let (at_desk, on_phone) = (at(&desk, &alice), at(&phone, &alice));
    let (tx, session) = app.full(&phone).await;
    let actor = tx.actor().clone();
    tx.finish().await.expect("finishes");
    sessions::sign_out(&app.app, &actor).await.expect("leaves");
    strangers_guess(&app, &alice).await;
    assert!(
        !is_locked(&app, &on_phone).await,
        "whoever leaves comes back"
    );
    let _ = session;

    let (tx, of_desk) = app.full(&desk).await;
    let from_desk = tx.actor().clone();
    tx.finish().await.expect("finishes");
    sessions::revoke_others(&app.app, &from_desk)
        .await
        .expect("are ended");
    assert!(is_locked(&app, &on_phone).await);
    assert!(
        !is_locked(&app, &at_desk).await,
        "the one that acts is still known"
    );
    sessions::revoke(&app.app, &from_desk, of_desk.id)
        .await
        .expect("is ended");
    assert!(is_locked(&app, &at_desk).await);

    people::unlock(&app.app, &acme.operator, alice.id)
        .await
        .expect("is unlocked");
    let at_desk = at(&app.sign_in(&alice).await, &alice);
    let reset = people::reset_mfa(&app.app, &acme.operator, alice.id, &"lost".into()).await;
    reset.expect("is reset");
    strangers_guess(&app, &alice).await;
    assert!(is_locked(&app, &at_desk).await);
    app.finish().await;
}

#[tokio::test]
async fn the_browser_keeps_its_device_where_no_script_and_no_other_site_reads_it() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    let site = app.serve().await;
    let browser = site.browser();
    let sign_in = async || {
        app.app.clock.advance(TimeDelta::seconds(60));
        let fields = [
            ("email", alice.email.as_str()),
            ("password", alice.password.expose_secret()),
        ];
        let answer = browser.submit("/sign-in", "/sign-in", &fields).await;
        assert_eq!(answer.leads_to(), "/mfa");
        assert!(
            !cookies(&answer).contains("__Host-device"),
            "not before the second factor"
        );
        let code = app.code(&alice);
        browser.submit("/mfa", "/mfa", &[("code", &code)]).await
    };
    let answer = sign_in().await;
    assert_eq!(answer.leads_to(), "/today");
    let set = cookies(&answer);
    let device = set
        .lines()
        .find(|line| line.starts_with("__Host-device=itd_"));
    let device = device.expect("a device cookie");
    for part in [
        "HttpOnly",
        "Secure",
        "SameSite=Lax",
        "Path=/",
        "Max-Age=15552000",
    ] {
        assert!(device.contains(part), "{device}");
    }
    let first = browser.cookie("__Host-device").expect("is kept");
    sign_in().await;
    assert_ne!(browser.cookie("__Host-device"), Some(first));
    assert_eq!(app.told("session.new_device").await, 1);
    app.finish().await;
}

fn cookies(answer: &crate::support::browser::Answer) -> String {
    let lines = answer.headers.get_all("set-cookie").iter();
    let lines: Vec<&str> = lines.map(|line| line.to_str().expect("ASCII")).collect();
    lines.join("\n")
}

#[tokio::test]
async fn a_second_factor_that_was_given_on_no_device_makes_one() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    app.app.clock.advance(TimeDelta::seconds(30));
    let provisional = app.password_given(&alice).await;
    let code = app.code(&alice);
    let Ok(Verification::Full(cookie)) = sessions::verify_code(&app.app, &provisional, &code).await
    else {
        panic!("refused");
    };
    assert!(
        cookie
            .device
            .is_some_and(|device| device.max_age_sec == 180 * 86_400)
    );
    app.finish().await;
}
