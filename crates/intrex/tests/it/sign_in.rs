//! Signing in: a password, then a code, then a session that the server's row governs.

use chrono::TimeDelta;
use intrex_core::{
    Error,
    actor::Request,
    people,
    permission::Role,
    sessions::{self, Provisional, Session, SignIn, Stage, Verification},
};
use secrecy::{ExposeSecret as _, SecretString};

use crate::support::{
    Member, TestApp,
    members::{conflict, from},
};

async fn with(app: &TestApp, request: &Request, email: &str, password: &str) -> SignIn {
    sessions::sign_in(&app.app, request.clone(), email, password.to_owned().into())
        .await
        .expect("sign-in answers")
}

async fn verify(app: &TestApp, provisional: &Provisional, code: &str) -> Verification {
    sessions::verify_code(&app.app, provisional, code)
        .await
        .expect("verification answers")
}

async fn alice(app: &TestApp) -> Member {
    let acme = app.tenant("Acme").await;
    app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await
}

fn wait(outcome: &SignIn) -> Option<i64> {
    match outcome {
        SignIn::Wait { retry_after_sec } => Some(*retry_after_sec),
        _ => None,
    }
}

/// A code that their app does not show in these minutes.
fn wrong_code(app: &TestApp, member: &Member) -> String {
    let near: Vec<String> = (-2..=2)
        .map(|step| {
            let then = app.app.now() + TimeDelta::seconds(30 * step);
            intrex_core::vault::one_time::code_at(&member.secret, then).expect("a code")
        })
        .collect();
    (0..10)
        .map(|n| format!("{n}{n}{n}{n}{n}{n}"))
        .find(|code| !near.contains(code))
        .expect("five codes are not ten")
}

#[tokio::test]
async fn a_password_alone_is_good_for_the_second_factor_and_nothing_else() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    app.app.clock.advance(TimeDelta::seconds(30));
    let SignIn::Started(started) = with(
        &app,
        &alice.request,
        &alice.email,
        alice.password.expose_secret(),
    )
    .await
    else {
        panic!("refused");
    };
    assert_eq!(
        (started.stage, started.cookie.max_age_sec),
        (Stage::MfaVerify, 600)
    );
    let Session::Provisional(provisional) = app.session(&started.cookie).await else {
        panic!("not provisional");
    };
    assert_eq!(provisional.tenant_name, "Acme");
    // The secret is shown no more, and a first code is not asked for again.
    assert_eq!(
        conflict(sessions::begin_enrolment(&app.app, &provisional).await),
        "mfa-already-enrolled"
    );
    let code = app.code(&alice);
    let setup = sessions::confirm_enrolment(&app.app, &provisional, &code).await;
    assert!(matches!(setup, Err(Error::Forbidden)));

    let Verification::Full(cookie) = verify(&app, &provisional, &code).await else {
        panic!("refused");
    };
    assert_eq!(cookie.max_age_sec, 86_400);
    let (tx, session) = app.full(&cookie).await;
    assert_eq!(
        (session.person, session.email.as_str()),
        (alice.id, alice.email.as_str())
    );
    assert_eq!(tx.actor().person_id(), Some(alice.id));
    assert_ne!(
        session.sid_for_csrf.expose_secret(),
        provisional.sid_for_csrf.expose_secret()
    );
    tx.finish().await.expect("finishes");
    assert!(
        app.is_dead(&started.cookie).await,
        "the name from before the second factor is dead"
    );
    app.app.clock.advance(TimeDelta::seconds(30));
    let again = sessions::verify_code(&app.app, &provisional, &app.code(&alice)).await;
    assert!(
        matches!(again, Err(Error::Forbidden)),
        "an ended provisional session begins nothing"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_provisional_session_lives_ten_minutes() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    let provisional = app.password_given(&alice).await;
    app.app.clock.advance(TimeDelta::minutes(10));
    let late = sessions::verify_code(&app.app, &provisional, &app.code(&alice)).await;
    assert!(matches!(late, Err(Error::Forbidden)));
    app.finish().await;
}

#[tokio::test]
async fn each_code_counts_once_even_at_the_same_moment() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    app.app.clock.advance(TimeDelta::seconds(60));
    let (first, second) = (
        app.password_given(&alice).await,
        app.password_given(&alice).await,
    );
    let code = app.code(&alice);
    let (one, two) = tokio::join!(verify(&app, &first, &code), verify(&app, &second, &code));
    let full = [&one, &two]
        .into_iter()
        .filter(|v| matches!(v, Verification::Full(_)))
        .count();
    assert_eq!(full, 1, "{one:?} {two:?}");
    // Not a little later either, and not the one before it.
    app.app.clock.advance(TimeDelta::seconds(30));
    let third = app.password_given(&alice).await;
    assert!(matches!(
        verify(&app, &third, &code).await,
        Verification::Wrong
    ));
    let code = app.code(&alice);
    assert!(matches!(
        verify(&app, &third, &format!("{} {}", &code[..3], &code[3..])).await,
        Verification::Full(_)
    ));
    assert_eq!(app.told("MFA_VERIFY_FAILED").await, 2);
    app.finish().await;
}

#[tokio::test]
async fn five_wrong_codes_make_the_factor_wait_in_every_session_of_the_person() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    app.app.clock.advance(TimeDelta::seconds(60));
    let (first, second) = (
        app.password_given(&alice).await,
        app.password_given(&alice).await,
    );
    let wrong = wrong_code(&app, &alice);
    for attempt in 0..5 {
        let provisional = if attempt % 2 == 0 { &first } else { &second };
        assert!(matches!(
            verify(&app, provisional, &wrong).await,
            Verification::Wrong
        ));
    }
    let code = app.code(&alice);
    let Verification::Wait { retry_after_sec } = verify(&app, &second, &code).await else {
        panic!("the right code is not looked at");
    };
    assert_eq!(retry_after_sec, 600);
    assert_eq!(app.told("MFA_VERIFY_FAILED").await, 5);
    assert_eq!(app.told("AUTH_LOCKOUT_TRIGGERED").await, 1);
    app.app.clock.advance(TimeDelta::minutes(10));
    let third = app.password_given(&alice).await;
    let code = app.code(&alice);
    assert!(matches!(
        verify(&app, &third, &code).await,
        Verification::Full(_)
    ));
    app.finish().await;
}

#[tokio::test]
async fn a_secret_is_confirmed_only_by_the_sign_in_that_was_shown_it() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let invited = app.invite(&acme, "Carol", Role::Operator, &[]).await;
    let password = SecretString::from("tulip granite moss");
    let accepted = people::accept_invitation(
        &app.app,
        Request::default(),
        invited.token.expose_secret(),
        password.clone(),
    );
    accepted.await.expect("joins");
    let mut carol = Member {
        id: invited.person.id,
        email: invited.person.email,
        password,
        secret: SecretString::default(),
        request: from([198, 51, 100, 7]),
    };
    let (first, second) = (
        app.password_given(&carol).await,
        app.password_given(&carol).await,
    );
    let shown = sessions::begin_enrolment(&app.app, &first)
        .await
        .expect("begins");
    let again = sessions::begin_enrolment(&app.app, &first)
        .await
        .expect("is shown again");
    assert_eq!(
        shown.secret_base32.expose_secret(),
        again.secret_base32.expose_secret()
    );
    assert!(
        shown
            .otpauth_url
            .expose_secret()
            .contains(shown.secret_base32.expose_secret())
    );
    let other = sessions::begin_enrolment(&app.app, &second)
        .await
        .expect("begins");
    assert_ne!(
        shown.secret_base32.expose_secret(),
        other.secret_base32.expose_secret()
    );

    carol.secret = other.secret_base32;
    let code = app.code(&carol);
    let stolen = sessions::confirm_enrolment(&app.app, &first, &code).await;
    assert!(matches!(stolen, Ok(Verification::Wrong)));
    let confirmed = sessions::confirm_enrolment(&app.app, &second, &code).await;
    assert!(matches!(confirmed, Ok(Verification::Full(_))));
    assert_eq!(
        conflict(sessions::begin_enrolment(&app.app, &first).await),
        "mfa-already-enrolled"
    );
    assert_eq!(app.told("mfa.enrolled").await, 1);
    app.sign_in(&carol).await;
    app.finish().await;
}

#[tokio::test]
async fn a_secret_that_was_moved_to_another_person_opens_for_nobody() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let bob = app.member(&acme, "Bob", Role::Operator, &[]).await;
    sqlx::query(
        "update app.people p set totp_secret = o.totp_secret, totp_last_step = null
         from app.people o where o.tenant_id = p.tenant_id and o.id <> p.id",
    )
    .execute(&mut app.superuser().await)
    .await
    .expect("are swapped");
    app.app.clock.advance(TimeDelta::seconds(60));
    for (person, other) in [(&alice, &bob), (&bob, &alice)] {
        let provisional = app.password_given(person).await;
        for secret in [person, other] {
            let code = app.code(secret);
            assert!(matches!(
                verify(&app, &provisional, &code).await,
                Verification::Wrong
            ));
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn ten_wrong_passwords_lock_an_account_in_every_spelling_and_each_lock_is_longer() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    let spellings = [
        alice.email.clone(),
        alice.email.to_uppercase(),
        format!("  {} ", alice.email),
    ];
    for attempt in 0u8..10 {
        // From ten networks: it is the account that is counted.
        let request = from([203, 0, attempt, 1]);
        let spelling = &spellings[usize::from(attempt) % 3];
        let outcome = with(&app, &request, spelling, "not the password").await;
        assert!(matches!(outcome, SignIn::Refused), "{attempt}: {outcome:?}");
    }
    let right = alice.password.expose_secret();
    assert_eq!(
        wait(&with(&app, &alice.request, &alice.email, right).await),
        Some(300)
    );
    assert_eq!(app.told("LOGIN_FAILURE").await, 10);
    assert_eq!(app.told("AUTH_LOCKOUT_TRIGGERED").await, 1);

    app.app.clock.advance(TimeDelta::seconds(300));
    for attempt in 0u8..10 {
        let outcome = with(
            &app,
            &from([203, 1, attempt, 1]),
            &alice.email,
            "not the password",
        )
        .await;
        assert!(matches!(outcome, SignIn::Refused), "{attempt}: {outcome:?}");
    }
    assert_eq!(
        wait(&with(&app, &alice.request, &alice.email, right).await),
        Some(600)
    );
    app.app.clock.advance(TimeDelta::seconds(600));
    app.sign_in(&alice).await;
    // The whole sign-in has cleared the account's counters.
    let counted =
        "select count(*) from app.sign_in_counters where scope in ('account', 'account_network')";
    assert_eq!(app.count(counted).await, 0);
    app.finish().await;
}

#[tokio::test]
async fn failures_stay_counted_until_the_second_factor_was_given() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    for attempt in 0u8..9 {
        with(
            &app,
            &from([203, 0, attempt, 1]),
            &alice.email,
            "not the password",
        )
        .await;
    }
    app.password_given(&alice).await;
    with(
        &app,
        &from([203, 0, 100, 1]),
        &alice.email,
        "not the password",
    )
    .await;
    let right = alice.password.expose_secret();
    assert_eq!(
        wait(&with(&app, &alice.request, &alice.email, right).await),
        Some(300)
    );
    app.finish().await;
}

#[tokio::test]
async fn an_admin_ends_a_lock() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let bob = app.member(&acme, "Bob", Role::Operator, &[]).await;
    for attempt in 0u8..10 {
        with(
            &app,
            &from([203, 0, 113, attempt]),
            &bob.email,
            "not the password",
        )
        .await;
    }
    let right = bob.password.expose_secret();
    assert!(wait(&with(&app, &bob.request, &bob.email, right).await).is_some());
    people::unlock(&app.app, &acme.operator, bob.id)
        .await
        .expect("is unlocked");
    app.sign_in(&bob).await;
    assert_eq!(app.told("person.unlocked").await, 1);
    app.finish().await;
}

#[tokio::test]
async fn an_address_that_nobody_has_is_answered_and_counted_like_one_that_somebody_has() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for attempt in 0u8..12 {
        let outcome = with(
            &app,
            &from([203, 0, attempt, 1]),
            &alice.email,
            "correct-canary-battery",
        )
        .await;
        known.push(format!("{outcome:?}"));
        let outcome = with(
            &app,
            &from([203, 1, attempt, 1]),
            "canary@nowhere.example",
            "correct-canary-battery",
        )
        .await;
        unknown.push(format!("{outcome:?}"));
    }
    assert_eq!(known, unknown);
    assert!(known[9].contains("Refused") && known[10].contains("Wait"));
    // What belongs to nobody is told on the platform; the organisation is told of its own.
    let by_chain = "select count(*) from app.audit_events where action in ('LOGIN_FAILURE', 'AUTH_LOCKOUT_TRIGGERED')
                      and tenant_id = '00000000-0000-0000-0000-000000000000'";
    assert_eq!(app.count(by_chain).await, 11);
    assert_eq!(app.told("LOGIN_FAILURE").await, 20);
    // Nothing that was typed is anywhere: not even as the sealed, personal part of an event.
    let stored = "select count(*) from app.audit_events where convert_from(entry, 'UTF8') ~ 'canary|nowhere'";
    assert_eq!(app.count(stored).await, 0);
    let personal = "select count(*) from app.audit_events e
                    where e.action = 'LOGIN_FAILURE' and e.sealed <> '{}' and convert_from(e.entry, 'UTF8') ~ 'email|password'";
    assert_eq!(app.count(personal).await, 0);
    app.finish().await;
}

#[tokio::test]
async fn who_never_joined_or_was_disabled_is_refused_like_nobody() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let invited = app.invite(&acme, "Dave", Role::Operator, &[]).await;
    let anywhere = from([203, 0, 113, 1]);
    for password in ["", "tulip granite moss"] {
        let outcome = with(&app, &anywhere, &invited.person.email, password).await;
        assert!(matches!(outcome, SignIn::Refused));
    }
    for odd in ["", "@", "a\0b", &"x".repeat(100_000), "' or 1=1 --"] {
        let outcome = with(&app, &anywhere, odd, odd).await;
        assert!(matches!(outcome, SignIn::Refused), "{}", odd.len());
    }
    app.finish().await;
}

#[tokio::test]
async fn ten_requests_a_minute_are_looked_at_from_one_network() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    for attempt in 0u8..10 {
        let somebody = format!("somebody-{attempt}@nowhere.example");
        let outcome = with(&app, &from([203, 0, 113, attempt]), &somebody, "a password").await;
        assert!(matches!(outcome, SignIn::Refused));
    }
    let right = alice.password.expose_secret();
    for _ in 0..3 {
        let outcome = with(&app, &from([203, 0, 113, 250]), &alice.email, right).await;
        assert_eq!(wait(&outcome), Some(60));
    }
    assert_eq!(
        app.told("LOGIN_RATE_LIMIT_BLOCK").await,
        1,
        "repeats are told once"
    );
    assert!(matches!(
        with(&app, &from([203, 0, 114, 1]), &alice.email, right).await,
        SignIn::Started(_)
    ));
    app.app.clock.advance(TimeDelta::seconds(60));
    assert!(matches!(
        with(&app, &from([203, 0, 113, 250]), &alice.email, right).await,
        SignIn::Started(_)
    ));
    app.finish().await;
}

#[tokio::test]
async fn guesses_at_the_same_moment_are_all_counted() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    let tries: Vec<_> = (0u8..20)
        .map(|attempt| {
            let (core, email) = (app.app.clone(), alice.email.clone());
            tokio::spawn(async move {
                let request = from([203, 0, attempt, 1]);
                sessions::sign_in(&core, request, &email, "not the password".into()).await
            })
        })
        .collect();
    let mut refused = 0;
    for attempt in tries {
        match attempt.await.expect("no panic").expect("answers") {
            SignIn::Refused => refused += 1,
            SignIn::Wait { .. } => {}
            SignIn::Started(_) => panic!("signed in with a wrong password"),
        }
    }
    assert_eq!(
        refused, 10,
        "no guess is answered once the account is locked"
    );
    assert_eq!(app.told("AUTH_LOCKOUT_TRIGGERED").await, 1);
    app.finish().await;
}

#[tokio::test]
async fn a_session_is_renewed_while_it_is_used_and_never_past_its_own_end() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    let mut cookie = app.sign_in(&alice).await;
    let begun = app.app.now();
    assert!(app.full(&cookie).await.1.refresh.is_none());
    let mut renewed = 0;
    loop {
        app.app.clock.advance(TimeDelta::hours(12));
        let Session::Full(tx, session) = app.session(&cookie).await else {
            break;
        };
        let actor = tx.actor().clone();
        assert!(session.touch_due);
        tx.finish().await.expect("finishes");
        sessions::touch(&app.app, &actor)
            .await
            .expect("is recorded");
        cookie = session.refresh.expect("is due");
        renewed += 1;
        let end = app.app.now() + TimeDelta::seconds(cookie.max_age_sec);
        assert!(end <= begun + TimeDelta::days(7));
    }
    assert_eq!(app.app.now(), begun + TimeDelta::days(7));
    assert_eq!(renewed, 13);
    app.finish().await;
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_or_its_row_says_so_whatever_the_cookie_says() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    let mut superuser = app.superuser().await;
    sqlx::query("update app.tenants set session_idle_minutes = 5")
        .execute(&mut superuser)
        .await
        .expect("is set");
    let cookie = app.sign_in(&alice).await;
    // Used every four minutes it lives: a short limit is recorded often enough.
    for _ in 0..4 {
        app.app.clock.advance(TimeDelta::minutes(4));
        let (tx, session) = app.full(&cookie).await;
        let actor = tx.actor().clone();
        tx.finish().await.expect("finishes");
        assert!(session.touch_due);
        sessions::touch(&app.app, &actor)
            .await
            .expect("is recorded");
    }
    app.app.clock.advance(TimeDelta::minutes(5));
    assert!(app.is_dead(&cookie).await);

    let cookie = app.sign_in(&alice).await;
    sqlx::query("update app.sessions set absolute_at = $1 where stage = 'full'")
        .bind(app.app.now())
        .execute(&mut superuser)
        .await
        .expect("is set");
    assert!(app.is_dead(&cookie).await);
    let cookie = app.sign_in(&alice).await;
    sqlx::query("update app.sessions set revoked_at = $1")
        .bind(app.app.now())
        .execute(&mut superuser)
        .await
        .expect("is set");
    assert!(app.is_dead(&cookie).await);
    app.finish().await;
}

#[tokio::test]
async fn signing_out_kills_the_cookie_and_its_copies_and_no_other_session() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let carol = app.member(&acme, "Carol", Role::Operator, &[]).await;
    let (phone, desk) = (app.sign_in(&alice).await, app.sign_in(&alice).await);
    app.app.clock.advance(TimeDelta::minutes(16));
    let (mut tx, session) = app.full(&phone).await;
    let shown = sessions::reads::list(&app.app, &mut tx)
        .await
        .expect("lists");
    assert_eq!(shown.len(), 3, "the enrolment's own, the phone, the desk");
    assert_eq!(
        shown
            .iter()
            .filter(|s| s.current)
            .map(|s| s.id)
            .collect::<Vec<_>>(),
        [session.id]
    );
    let actor = tx.actor().clone();
    tx.finish().await.expect("finishes");
    sessions::sign_out(&app.app, &actor)
        .await
        .expect("signs out");
    sessions::sign_out(&app.app, &actor)
        .await
        .expect("is signed out");
    let late = session
        .refresh
        .expect("was due when the session still stood");
    assert!(app.is_dead(&phone).await && app.is_dead(&late).await);

    let (tx, at_desk) = app.full(&desk).await;
    let desk_acts = tx.actor().clone();
    tx.finish().await.expect("finishes");
    let carol_acts = app.acting(&carol).await;
    let others = sessions::revoke(&app.app, &carol_acts, at_desk.id).await;
    assert!(matches!(others, Err(Error::NotFound)));
    sessions::revoke(&app.app, &desk_acts, at_desk.id)
        .await
        .expect("is ended");
    assert!(app.is_dead(&desk).await);
    assert_eq!(app.told("session.ended").await, 2);
    app.finish().await;
}

#[tokio::test]
async fn a_cookie_that_was_changed_or_made_elsewhere_is_nobodys() {
    let app = TestApp::start().await;
    let other = TestApp::start().await;
    let alice = alice(&app).await;
    let cookie = app.sign_in(&alice).await;
    let text = cookie.value.expose_secret();
    let elsewhere = other.app.clone();
    let nobody = sessions::authenticate(&elsewhere, text, Request::default()).await;
    assert!(matches!(nobody, Ok(Session::None)));
    for wrong in [
        "",
        "x",
        "a.b.c",
        &text[1..],
        &format!("{text}x"),
        &"x".repeat(100_000),
    ] {
        let nobody = sessions::authenticate(&app.app, wrong, Request::default()).await;
        assert!(matches!(nobody, Ok(Session::None)));
    }
    other.finish().await;
    app.finish().await;
}

#[tokio::test]
async fn an_imported_hash_is_made_anew_at_the_next_sign_in() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    // bcrypt of "U*U", from the test vectors of the original implementation.
    sqlx::query("update app.people set password_hash = $1")
        .bind("plain$$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")
        .execute(&mut app.superuser().await)
        .await
        .expect("is imported");
    let outcome = with(&app, &alice.request, &alice.email, "U*U").await;
    assert!(matches!(outcome, SignIn::Started(_)), "{outcome:?}");
    let imported = "select count(*) from app.people where password_hash like 'plain$%'";
    assert_eq!(app.count(imported).await, 0);
    assert!(matches!(
        with(&app, &alice.request, &alice.email, "U*U").await,
        SignIn::Started(_)
    ));
    assert!(matches!(
        with(&app, &alice.request, &alice.email, "U*U*").await,
        SignIn::Refused
    ));
    app.finish().await;
}

#[tokio::test]
async fn only_a_demonstration_tells_codes() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let refused = sessions::demo_code(&app.app, acme.id, alice.id).await;
    assert!(matches!(refused, Err(Error::Forbidden)));
    let mut demo = app.app.clone();
    let mut settings = (*demo.settings).clone();
    settings.demo = true;
    demo.settings = settings.into();
    app.app.clock.advance(TimeDelta::seconds(30));
    for _ in 0..2 {
        // The second time within the same half minute it is the code after the one that was used.
        let provisional = app.password_given(&alice).await;
        let code = sessions::demo_code(&demo, acme.id, alice.id)
            .await
            .expect("a code");
        assert!(matches!(
            verify(&app, &provisional, &code).await,
            Verification::Full(_)
        ));
    }
    app.finish().await;
}
