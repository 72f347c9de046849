//! People behind one address: what a neighbour does there keeps nobody out of a device that they are known by, and what is done
//! on such a device keeps no neighbour out.

use intrex_core::{
    actor::Request,
    oidc::{self, Routed},
    permission::Role,
    sessions::{self, Provisional, Session, SignIn, Verification},
};
use secrecy::ExposeSecret as _;

use crate::support::{Member, TestApp, members::from};

/// An address in the office's network.
fn office(desk: u8) -> Request {
    from([203, 0, 113, desk])
}

/// Alice at her own desk of the office, where she has signed in before.
async fn at_her_desk(app: &TestApp) -> Member {
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    known_by(app, &alice).await
}

async fn known_by(app: &TestApp, member: &Member) -> Member {
    let device = app.sign_in(member).await.device;
    Member {
        request: Request {
            device: device.map(|device| device.value),
            ..office(1)
        },
        ..member.clone()
    }
}

/// Somewhere else in the same network, without the cookie.
fn without_it(member: &Member) -> Member {
    Member {
        request: office(2),
        ..member.clone()
    }
}

async fn tried(app: &TestApp, member: &Member, password: &str) -> SignIn {
    sessions::sign_in(
        &app.app,
        member.request.clone(),
        &member.email,
        password.to_owned().into(),
    )
    .await
    .expect("answers")
}

async fn waits(app: &TestApp, member: &Member) -> bool {
    let right = tried(app, member, member.password.expose_secret()).await;
    matches!(right, SignIn::Wait { .. })
}

/// A neighbour tries addresses that nobody has.
async fn a_neighbour_tries(app: &TestApp, times: usize) {
    for attempt in 0..times {
        let nobody = format!("nobody-{attempt}@nowhere.example");
        let guess = sessions::sign_in(&app.app, office(7), &nobody, "a guess".into());
        guess.await.expect("answers");
    }
}

/// Who has given the password in one place, and goes on in another.
async fn password_given(
    app: &TestApp,
    member: &Member,
    given: &Request,
    goes_on: Request,
) -> Provisional {
    let password = member.password.clone();
    let given = sessions::sign_in(&app.app, given.clone(), &member.email, password).await;
    let Ok(SignIn::Started(started)) = given else {
        panic!("not signed in: {given:?}");
    };
    let cookie = started.cookie.value;
    match sessions::authenticate(&app.app, cookie.expose_secret(), goes_on).await {
        Ok(Session::Provisional(provisional)) => provisional,
        other => panic!("not provisional: {other:?}"),
    }
}

#[tokio::test]
async fn a_neighbour_who_asks_too_often_keeps_nobody_from_a_device_that_is_known() {
    let app = TestApp::start().await;
    let desk = at_her_desk(&app).await;
    app.app.clock.advance(chrono::TimeDelta::seconds(60));
    a_neighbour_tries(&app, 11).await;
    assert!(waits(&app, &without_it(&desk)).await);
    // Nor from the way to the organisation's own provider.
    let routed = oidc::route(&app.app, &without_it(&desk).request, &desk.email).await;
    assert!(matches!(routed, Ok(Routed::Wait { .. })), "{routed:?}");
    let routed = oidc::route(&app.app, &desk.request, &desk.email).await;
    assert!(matches!(routed, Ok(Routed::Nowhere)), "{routed:?}");
    // By both factors: a neighbour has used up the network's tries of a second one, too.
    let bob = app.tenant("Globex").await;
    let bob = app.member(&bob, "Bob", Role::HeadOfficeAdmin, &[]).await;
    let provisional = password_given(&app, &bob, &bob.request, office(7)).await;
    for _ in 0..11 {
        let wrong = sessions::verify_code(&app.app, &provisional, "nothing").await;
        assert!(!matches!(wrong, Ok(Verification::Full(_))), "{wrong:?}");
    }
    let at_desk = app.password_given(&desk).await;
    let elsewhere = password_given(&app, &desk, &desk.request, office(2)).await;
    let code = app.code(&desk);
    let waited = sessions::verify_code(&app.app, &elsewhere, &code).await;
    assert!(
        matches!(waited, Ok(Verification::Wait { .. })),
        "{waited:?}"
    );
    let verified = sessions::verify_code(&app.app, &at_desk, &code).await;
    assert!(
        matches!(verified, Ok(Verification::Full(_))),
        "{verified:?}"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_network_that_is_locked_is_open_on_a_device_that_is_known() {
    let mut app = TestApp::start().await;
    let desk = at_her_desk(&app).await;
    app.set(|settings| {
        settings.lockout_threshold = 1;
        settings.auth_rate_limit_max = 1_000;
    });
    a_neighbour_tries(&app, 10).await;
    assert!(waits(&app, &without_it(&desk)).await);
    assert!(!waits(&app, &desk).await);
    app.finish().await;
}

#[tokio::test]
async fn a_device_that_is_known_waits_for_itself_and_keeps_no_neighbour_waiting() {
    let mut app = TestApp::start().await;
    let desk = at_her_desk(&app).await;
    app.app.clock.advance(chrono::TimeDelta::seconds(60));
    // As often as a network, from however many of them the copy of a cookie comes.
    for attempt in 0u8..11 {
        let member = Member {
            request: Request {
                device: desk.request.device.clone(),
                ..from([192, 0, attempt, 2])
            },
            ..desk.clone()
        };
        assert_eq!(waits(&app, &member).await, attempt == 10, "{attempt}");
    }
    let told = "select count(*) from app.audit_events where action = 'LOGIN_RATE_LIMIT_BLOCK'
                  and convert_from(entry, 'UTF8') like '%\"known_device\":true%'";
    assert_eq!(app.count(told).await, 1);
    assert!(!waits(&app, &without_it(&desk)).await);
    // Ten failures lock the device, and count against no neighbour.
    app.app.clock.advance(chrono::TimeDelta::seconds(60));
    app.set(|settings| settings.auth_rate_limit_max = 1_000);
    for attempt in 0..10 {
        let guess = tried(&app, &desk, "a guess").await;
        assert!(matches!(guess, SignIn::Refused), "{attempt}: {guess:?}");
    }
    assert!(waits(&app, &desk).await);
    let failures = "select coalesce(sum(failures + locks), 0) from app.sign_in_counters where scope <> 'device' and scope not like '%rate'";
    assert_eq!(app.count(failures).await, 0);
    assert!(!waits(&app, &without_it(&desk)).await);
    app.finish().await;
}

#[tokio::test]
async fn somebody_elses_device_is_no_lane_for_an_account() {
    let app = TestApp::start().await;
    let desk = at_her_desk(&app).await;
    let globex = app.tenant("Globex").await;
    let mallory = app
        .member(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
        .await;
    let mallorys = known_by(&app, &mallory).await.request;
    app.app.clock.advance(chrono::TimeDelta::seconds(60));
    a_neighbour_tries(&app, 11).await;
    // Her cookie tells nothing of Alice, nor of an address that nobody has.
    for email in [desk.email.as_str(), "nobody@nowhere.example"] {
        let guess = sessions::sign_in(&app.app, mallorys.clone(), email, "a guess".into()).await;
        assert!(matches!(guess, Ok(SignIn::Wait { .. })), "{guess:?}");
    }
    app.finish().await;
}
