//! Where people sign in and where sessions are used.

use chrono::TimeDelta;
use intrex_core::{
    actor::Request,
    permission::Role,
    sessions::{self, Proof, Session, SessionCookie, StepUp},
};
use secrecy::ExposeSecret as _;

use super::seen;
use crate::support::{MailServer, Member, Tenant, TestApp, members::from};

const HOME: [u8; 4] = [192, 0, 2, 10];
const OFFICE: [u8; 4] = [198, 51, 100, 20];

async fn acme(app: &TestApp) -> (Tenant, Member) {
    let acme = app.tenant("Acme").await;
    let mut alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    alice.request = from(HOME);
    (acme, alice)
}

/// The same person at another place, on the device of this sign-in.
fn moved(member: &Member, ip: [u8; 4], on: &SessionCookie) -> Member {
    Member {
        request: Request {
            device: on.device.as_ref().map(|device| device.value.clone()),
            ..from(ip)
        },
        ..member.clone()
    }
}

#[tokio::test]
async fn a_new_network_is_told_to_the_person_and_the_first_of_all_is_not() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let tenant = Some(acme.id.uuid());
    assert_eq!(
        seen(&app, tenant, "NEW_NETWORK").await,
        0,
        "the first of all"
    );
    let at_desk = app.sign_in(&alice).await;
    assert_eq!(
        seen(&app, tenant, "NEW_NETWORK").await,
        0,
        "the same network"
    );
    assert_eq!(seen(&app, tenant, "NEW_DEVICE").await, 1);
    app.app.mailer = Some(server.mailer());
    // On a device that is known, so that nobody hears of it twice.
    app.app.clock.advance(TimeDelta::hours(1));
    let travelling = moved(&alice, OFFICE, &at_desk);
    let there = app.sign_in(&travelling).await;
    assert_eq!(seen(&app, tenant, "NEW_NETWORK").await, 1);
    app.app.clock.advance(TimeDelta::hours(1));
    app.sign_in(&moved(&alice, [198, 51, 100, 99], &there))
        .await;
    assert_eq!(
        seen(&app, tenant, "NEW_NETWORK").await,
        1,
        "a neighbour's address"
    );
    let kinds: Vec<String> = sqlx::query_scalar("select kind from app.account_mail order by id")
        .fetch_all(&mut app.superuser().await)
        .await
        .expect("the outbox");
    assert_eq!(kinds, ["new_network"]);
    while intrex_core::account_mail::sender::send_due(&app.app)
        .await
        .expect("sends")
        > 0
    {}
    let mail = server.received();
    assert_eq!(mail.len(), 1);
    assert_eq!(mail[0].subject(), "A sign-in from a new network");
    assert!(!mail[0].data.contains("198.51"));
    app.finish().await;
}

#[tokio::test]
async fn two_networks_by_turns_within_minutes_are_impossible_and_within_hours_are_not() {
    let app = TestApp::start().await;
    let (acme, alice) = acme(&app).await;
    let tenant = Some(acme.id.uuid());
    let code = "IMPOSSIBLE_SEQUENCE";
    let at_home = app.sign_in(&alice).await;
    app.app.clock.advance(TimeDelta::minutes(2));
    let at_work = app.sign_in(&moved(&alice, OFFICE, &at_home)).await;
    assert_eq!(seen(&app, tenant, code).await, 0, "there is a journey");
    app.app.clock.advance(TimeDelta::minutes(2));
    let at_home = app.sign_in(&moved(&alice, HOME, &at_work)).await;
    assert_eq!(seen(&app, tenant, code).await, 1, "there and back");
    for ip in [OFFICE, HOME] {
        app.app.clock.advance(TimeDelta::hours(3));
        app.sign_in(&moved(&alice, ip, &at_home)).await;
    }
    assert_eq!(seen(&app, tenant, code).await, 1);
    // The two families of addresses of one line.
    let over_ipv6 = Member {
        request: Request {
            ip: Some("2001:db8::1".parse().expect("an address")),
            ..alice.request.clone()
        },
        ..alice.clone()
    };
    app.app.clock.advance(TimeDelta::hours(3));
    for who in [&alice, &over_ipv6, &alice, &over_ipv6] {
        app.sign_in(who).await;
    }
    assert_eq!(seen(&app, tenant, code).await, 1);
    app.finish().await;
}

/// A request with this session, and what the web server does after it.
async fn used(app: &TestApp, cookie: &SessionCookie, request: Request) -> bool {
    let session = sessions::authenticate(&app.app, cookie.value.expose_secret(), request).await;
    let Ok(Session::Full(tx, full)) = session else {
        panic!("not signed in: {session:?}");
    };
    let actor = tx.actor().clone();
    tx.finish().await.expect("finishes");
    if full.touch_due {
        sessions::touch(&app.app, &actor).await.expect("is noted");
    }
    full.touch_due
}

#[tokio::test]
async fn a_session_that_is_used_elsewhere_is_seen_and_by_turns_it_is_impossible() {
    let app = TestApp::start().await;
    let (acme, alice) = acme(&app).await;
    let tenant = Some(acme.id.uuid());
    let cookie = app.sign_in(&alice).await;
    assert!(!used(&app, &cookie, from(HOME)).await, "nothing to write");
    assert!(used(&app, &cookie, from(OFFICE)).await);
    assert!(!used(&app, &cookie, from(OFFICE)).await);
    assert_eq!(seen(&app, tenant, "SESSION_NETWORK_CHANGED").await, 1);
    assert_eq!(seen(&app, tenant, "IMPOSSIBLE_SEQUENCE").await, 0);
    // Within the minute changes are one, so that a thief's requests and the owner's are not a row each.
    assert!(!used(&app, &cookie, from(HOME)).await);
    app.app.clock.advance(TimeDelta::minutes(2));
    assert!(used(&app, &cookie, from(HOME)).await);
    assert_eq!(seen(&app, tenant, "IMPOSSIBLE_SEQUENCE").await, 1);
    app.app.clock.advance(TimeDelta::minutes(30));
    used(&app, &cookie, from(OFFICE)).await;
    app.app.clock.advance(TimeDelta::minutes(30));
    used(&app, &cookie, from(HOME)).await;
    assert_eq!(seen(&app, tenant, "IMPOSSIBLE_SEQUENCE").await, 1);
    assert_eq!(seen(&app, tenant, "SESSION_NETWORK_CHANGED").await, 4);
    assert_eq!(seen(&app, tenant, "SESSION_AGENT_CHANGED").await, 0);
    app.finish().await;
}

#[tokio::test]
async fn a_session_in_another_browser_is_seen_and_a_newer_version_is_not() {
    let app = TestApp::start().await;
    let (acme, mut alice) = acme(&app).await;
    let tenant = Some(acme.id.uuid());
    let agent = |version: u8| {
        format!(
            "Mozilla/5.0 (X11; Linux x86_64; rv:{version}.0) Gecko/20100101 Firefox/{version}.0"
        )
    };
    alice.request.user_agent = Some(agent(140));
    let cookie = app.sign_in(&alice).await;
    let by = |agent: Option<String>| Request {
        user_agent: agent,
        ..from(HOME)
    };
    assert!(!used(&app, &cookie, by(Some(agent(141)))).await);
    assert_eq!(seen(&app, tenant, "SESSION_AGENT_CHANGED").await, 0);
    assert!(used(&app, &cookie, by(Some("curl/8.5".to_owned()))).await);
    assert!(!used(&app, &cookie, by(None)).await, "told once an hour");
    assert_eq!(seen(&app, tenant, "SESSION_AGENT_CHANGED").await, 1);
    let told = "select count(*) from app.audit_events where action = 'session.agent_changed'";
    assert_eq!(app.count(told).await, 1);
    app.finish().await;
}

/// Steps up with both factors, at another place.
async fn steps_up(
    app: &TestApp,
    member: &Member,
    cookie: &SessionCookie,
    request: Request,
) -> SessionCookie {
    app.app.clock.advance(TimeDelta::seconds(30));
    let session = sessions::authenticate(&app.app, cookie.value.expose_secret(), request).await;
    let Ok(Session::Full(tx, _)) = session else {
        panic!("not signed in: {session:?}");
    };
    let actor = tx.actor().clone();
    tx.finish().await.expect("finishes");
    let code = app.code(member);
    let password = member.password.clone();
    match sessions::step_up(&app.app, &actor, password, Proof::Code(&code)).await {
        Ok(StepUp::Done(cookie)) => cookie,
        other => panic!("not stepped up: {other:?}"),
    }
}

#[tokio::test]
async fn a_session_that_is_renewed_elsewhere_was_used_elsewhere_and_its_past_goes_with_it() {
    let app = TestApp::start().await;
    let (acme, alice) = acme(&app).await;
    let tenant = Some(acme.id.uuid());
    let cookie = app.sign_in(&alice).await;
    // Stepping up is what she does there first.
    let cookie = steps_up(&app, &alice, &cookie, from(OFFICE)).await;
    assert_eq!(seen(&app, tenant, "SESSION_NETWORK_CHANGED").await, 1);
    assert!(!used(&app, &cookie, from(OFFICE)).await, "it is noted");
    // Back again, after another name: by turns, whatever it was called in between.
    app.app.clock.advance(TimeDelta::minutes(2));
    assert!(used(&app, &cookie, from(HOME)).await);
    assert_eq!(seen(&app, tenant, "SESSION_NETWORK_CHANGED").await, 2);
    assert_eq!(seen(&app, tenant, "IMPOSSIBLE_SEQUENCE").await, 1);
    // What was told a minute ago is not told again because of the name, and is not forgotten by it.
    let cookie = steps_up(&app, &alice, &cookie, from(OFFICE)).await;
    assert_eq!(seen(&app, tenant, "SESSION_NETWORK_CHANGED").await, 2);
    app.app.clock.advance(TimeDelta::minutes(1));
    assert!(used(&app, &cookie, from(OFFICE)).await);
    assert_eq!(seen(&app, tenant, "SESSION_NETWORK_CHANGED").await, 3);
    app.finish().await;
}

#[tokio::test]
async fn another_browser_that_renews_a_session_is_seen_and_told_once_an_hour() {
    let app = TestApp::start().await;
    let (acme, mut alice) = acme(&app).await;
    let tenant = Some(acme.id.uuid());
    let by = |agent: &str| Request {
        user_agent: Some(agent.to_owned()),
        ..from(HOME)
    };
    alice.request = by("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
    let cookie = app.sign_in(&alice).await;
    let cookie = steps_up(&app, &alice, &cookie, by("curl/8.5")).await;
    assert_eq!(seen(&app, tenant, "SESSION_AGENT_CHANGED").await, 1);
    assert!(!used(&app, &cookie, by("Wget/1.21")).await, "told just now");
    assert_eq!(seen(&app, tenant, "SESSION_AGENT_CHANGED").await, 1);
    app.finish().await;
}
