//! Another authenticator app: the present one counts until the other has shown that it has its secret.

use chrono::TimeDelta;
use intrex_core::{
    Actor, Error,
    accounts::authenticator::{self, Replaced},
    actor::Request,
    jobs, people,
    sessions::{self, Proof, SessionCookie, StepUp, Verification},
    tokens::{self, RawToken},
};
use secrecy::ExposeSecret as _;

use super::{acme, actor_of, codes_of, recover, told};
use crate::{
    accounts::post::{post, subjects, tables_with, with_mail},
    support::{Member, TestApp, members::wrong_fields},
};

const PENDING: &str = "select count(*) from app.pending_factors";

/// Begins, and answers the same person with the other app in hand.
async fn begin(app: &TestApp, actor: &Actor, member: &Member) -> Member {
    let enrolment = authenticator::begin(&app.app, actor).await;
    Member {
        secret: enrolment.expect("begins").secret_base32,
        ..member.clone()
    }
}

async fn confirm(app: &TestApp, actor: &Actor, code: &str) -> SessionCookie {
    match authenticator::confirm(&app.app, actor, code).await {
        Ok(Replaced::Done(cookie)) => cookie,
        other => panic!("not confirmed: {other:?}"),
    }
}

async fn opens(app: &TestApp, member: &Member) -> bool {
    app.app.clock.advance(TimeDelta::seconds(60));
    let provisional = app.password_given(member).await;
    let code = app.code(member);
    let outcome = sessions::verify_code(&app.app, &provisional, &code).await;
    matches!(outcome, Ok(Verification::Full(_)))
}

#[tokio::test]
async fn the_present_app_counts_until_the_other_is_confirmed_and_then_no_more() {
    let (app, server) = with_mail().await;
    let (_, alice) = acme(&app).await;
    let codes = codes_of(&app, &alice).await;
    let elsewhere = app.sign_in(&alice).await;
    let own = app.sign_in(&alice).await;
    let actor = actor_of(&app, &own).await;
    let other = begin(&app, &actor, &alice).await;
    assert!(opens(&app, &alice).await, "the present one still counts");
    assert!(!opens(&app, &other).await, "the other one does not yet");
    let again = begin(&app, &actor, &alice).await;
    assert_eq!(
        again.secret.expose_secret(),
        other.secret.expose_secret(),
        "what was begun is shown again"
    );
    let cookie = confirm(&app, &actor, &app.code(&other)).await;
    assert!(app.is_dead(&elsewhere).await && app.is_dead(&own).await);
    let renewed = actor_of(&app, &cookie).await;
    let (tx, session) = app.full(&cookie).await;
    tx.finish().await.expect("finishes");
    let (tx, _) = app.full(&cookie).await;
    tx.finish().await.expect("finishes");
    assert!(
        session.auth_time < app.app.now(),
        "no password was given anew"
    );
    assert!(renewed.must_be_fresh(app.app.now()).is_ok());
    // The code that confirmed it is used.
    let provisional = app.password_given(&other).await;
    let used = sessions::verify_code(&app.app, &provisional, &app.code(&other)).await;
    assert!(matches!(used, Ok(Verification::Wrong)), "{used:?}");
    assert!(!opens(&app, &alice).await);
    assert!(opens(&app, &other).await);
    let gone = recover(&app, &other, &codes[0]).await;
    assert!(matches!(gone, Verification::Wrong), "{gone:?}");
    assert_eq!(app.count(PENDING).await, 0);
    assert_eq!(told(&app, "mfa.replaced").await, 1);
    assert_eq!(told(&app, "mfa.replacement_begun").await, 1);
    let mut letters = subjects(&post(&app, &server).await);
    letters.sort();
    assert_eq!(
        letters,
        [
            "Another authenticator app was set up",
            "Recovery codes were made"
        ]
    );
    for secret in [&alice.secret, &other.secret] {
        assert_eq!(tables_with(&app, secret.expose_secret()).await, [""; 0]);
    }
    app.finish().await;
}

#[tokio::test]
async fn what_was_begun_belongs_to_its_session_by_whatever_name_and_for_ten_minutes() {
    let app = TestApp::start().await;
    let (_, alice) = acme(&app).await;
    let own = app.acting(&alice).await;
    let thief = app.acting(&alice).await;
    let other = begin(&app, &own, &alice).await;
    // Who has seen one secret does not find it confirmed by somebody else.
    let late = authenticator::confirm(&app.app, &thief, &app.code(&other)).await;
    assert_eq!(wrong_fields(late), ["code"]);
    let of_thief = begin(&app, &thief, &alice).await;
    assert_ne!(
        of_thief.secret.expose_secret(),
        other.secret.expose_secret()
    );
    let replaced = authenticator::confirm(&app.app, &own, &app.code(&other)).await;
    assert_eq!(wrong_fields(replaced), ["code"]);
    // It follows the session to its next name.
    let other = begin(&app, &own, &alice).await;
    app.app.clock.advance(TimeDelta::minutes(5));
    let stale = authenticator::confirm(&app.app, &own, &app.code(&other)).await;
    assert!(matches!(stale, Err(Error::StepUp)), "{stale:?}");
    let code = app.code(&alice);
    let proof = Proof::Code(&code);
    let stepped = sessions::step_up(&app.app, &own, alice.password.clone(), proof).await;
    let Ok(StepUp::Done(cookie)) = stepped else {
        panic!("{stepped:?}");
    };
    let own = actor_of(&app, &cookie).await;
    let same = begin(&app, &own, &alice).await;
    assert_eq!(same.secret.expose_secret(), other.secret.expose_secret());
    // Its time goes on from when it was begun.
    app.app.clock.advance(TimeDelta::seconds(299));
    let later = begin(&app, &own, &alice).await;
    assert_eq!(later.secret.expose_secret(), other.secret.expose_secret());
    let own = app.acting(&alice).await;
    let anew = begin(&app, &own, &alice).await;
    assert_ne!(anew.secret.expose_secret(), other.secret.expose_secret());
    app.app.clock.advance(TimeDelta::minutes(10));
    let own = app.acting(&alice).await;
    let late = authenticator::confirm(&app.app, &own, &app.code(&anew)).await;
    assert_eq!(wrong_fields(late), ["code"]);
    assert_eq!(app.count(PENDING).await, 1);
    app.app.clock.advance(TimeDelta::hours(2));
    while jobs::run_due(&app.app).await.expect("the work is done") > 0 {}
    assert_eq!(app.count(PENDING).await, 0, "what is over is cleared away");
    app.finish().await;
}

#[tokio::test]
async fn wrong_codes_count_as_at_signing_in_and_what_is_no_code_does_not() {
    let app = TestApp::start().await;
    let (_, alice) = acme(&app).await;
    let actor = app.acting(&alice).await;
    let other = begin(&app, &actor, &alice).await;
    for typed in ["", "12345", "1234567", "abcdef", "１２３４５６"] {
        let refused = authenticator::confirm(&app.app, &actor, typed).await;
        assert_eq!(wrong_fields(refused), ["code"], "{typed}");
    }
    assert_eq!(told(&app, "MFA_VERIFY_FAILED").await, 0);
    // The present app's code is none of the other one's.
    app.app.clock.advance(TimeDelta::seconds(30));
    for code in [app.code(&alice), "000000".into(), "111111".into()] {
        let refused = authenticator::confirm(&app.app, &actor, &code).await;
        assert_eq!(wrong_fields(refused), ["code"]);
    }
    let provisional = app.password_given(&alice).await;
    for _ in 0..2 {
        let wrong = sessions::verify_code(&app.app, &provisional, "000000").await;
        assert!(matches!(wrong, Ok(Verification::Wrong)), "{wrong:?}");
    }
    let waits = authenticator::confirm(&app.app, &actor, &app.code(&other)).await;
    assert!(matches!(waits, Ok(Replaced::Wait { .. })), "{waits:?}");
    app.finish().await;
}

#[tokio::test]
async fn only_a_fresh_session_sets_another_app_up_and_a_reset_ends_what_was_begun() {
    let app = TestApp::start().await;
    let (acme, alice) = acme(&app).await;
    let actor = app.acting(&alice).await;
    let raw = RawToken {
        name: "a program".into(),
        ..RawToken::default()
    };
    let token = tokens::create(&app.app, &actor, &raw).await;
    let text = token.expect("a token").text;
    let tx = tokens::authenticate(&app.app, text.expose_secret(), Request::default()).await;
    let tx = tx.expect("answers").expect("counts");
    let program = tx.actor().clone();
    tx.finish().await.expect("finishes");
    for refused in [&program, &acme.operator] {
        let begun = authenticator::begin(&app.app, refused).await;
        assert!(matches!(begun, Err(Error::StepUp | Error::Forbidden)));
    }
    let other = begin(&app, &actor, &alice).await;
    people::reset_mfa(&app.app, &acme.operator, alice.id, &"lost".into())
        .await
        .expect("is reset");
    assert_eq!(app.count(PENDING).await, 0);
    let gone = authenticator::confirm(&app.app, &actor, &app.code(&other)).await;
    assert!(matches!(gone, Err(Error::Forbidden)), "{gone:?}");
    app.finish().await;
}
