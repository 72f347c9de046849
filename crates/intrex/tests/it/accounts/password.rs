//! Changing one's own password, and having to.

use chrono::TimeDelta;
use intrex_core::{
    Actor, Error,
    accounts::password::{self, Changed, PasswordChange, Tokens},
    actor::Request,
    error::Conflict,
    people,
    permission::Role,
    sessions::{self, SessionCookie, SignIn},
    tokens::{self, RawToken},
};
use secrecy::ExposeSecret as _;

use super::post::{post, subjects, with_mail};
use crate::{
    support::{
        Member, TestApp,
        members::{conflict, wrong_fields},
    },
    web::api::Program,
};

const NEXT: &str = "cobalt lantern orchid ferry";

fn change(old: &str, new: &str) -> PasswordChange {
    PasswordChange {
        old: old.to_owned().into(),
        new: new.to_owned().into(),
        tokens: Tokens::Kept,
    }
}

async fn actor_of(app: &TestApp, cookie: &SessionCookie) -> Actor {
    let (tx, _) = app.full(cookie).await;
    let actor = tx.actor().clone();
    tx.finish().await.expect("finishes");
    actor
}

async fn changes(app: &TestApp, actor: &Actor, old: &str, new: &str) -> SessionCookie {
    match password::change(&app.app, actor, change(old, new)).await {
        Ok(Changed::Done(cookie)) => cookie,
        other => panic!("not changed: {other:?}"),
    }
}

async fn signs_in(app: &TestApp, member: &Member, password: &str) -> bool {
    let (request, password) = (member.request.clone(), password.to_owned().into());
    let outcome = sessions::sign_in(&app.app, request, &member.email, password).await;
    matches!(outcome, Ok(SignIn::Started(_)))
}

#[tokio::test]
async fn a_change_ends_the_other_sessions_and_renames_the_one_that_made_it() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let (other, own) = (app.sign_in(&alice).await, app.sign_in(&alice).await);
    let actor = actor_of(&app, &own).await;
    let raw = RawToken {
        name: "a program".into(),
        ..RawToken::default()
    };
    let program = tokens::create(&app.app, &actor, &raw)
        .await
        .expect("a token");
    let (tx, before) = app.full(&own).await;
    tx.finish().await.expect("finishes");
    app.app.clock.advance(TimeDelta::minutes(7));
    let old = alice.password.expose_secret();
    let renewed = changes(&app, &actor, old, NEXT).await;
    assert!(app.is_dead(&other).await, "other sessions end");
    assert!(app.is_dead(&own).await, "the old name is dead");
    let (tx, after) = app.full(&renewed).await;
    tx.finish().await.expect("finishes");
    assert_ne!(before.id, after.id);
    assert_eq!(
        before.auth_time, after.auth_time,
        "no factor was given anew"
    );
    let stale = tokens::create(&app.app, &actor_of(&app, &renewed).await, &raw).await;
    assert!(matches!(stale, Err(Error::StepUp)), "{stale:?}");
    assert_ne!(
        before.sid_for_csrf.expose_secret(),
        after.sid_for_csrf.expose_secret()
    );
    let text = program.text.expose_secret();
    let still = async || {
        let found = tokens::authenticate(&app.app, text, Request::default()).await;
        found.expect("answers").is_some()
    };
    assert!(
        still().await,
        "tokens go on unless something else is asked for"
    );
    assert!(!signs_in(&app, &alice, old).await);
    assert!(signs_in(&app, &alice, NEXT).await);
    let actor = actor_of(&app, &renewed).await;
    let all = PasswordChange {
        tokens: Tokens::Revoked,
        ..change(NEXT, "harbour velvet magnet tundra")
    };
    let changed = password::change(&app.app, &actor, all).await;
    assert!(matches!(changed, Ok(Changed::Done(_))), "{changed:?}");
    assert!(!still().await);
    assert_eq!(
        subjects(&post(&app, &server).await),
        ["Your password was changed"; 2]
    );
    let told = "select count(*) from app.audit_events where action = 'password.changed'";
    assert_eq!(app.count(told).await, 2);
    app.finish().await;
}

#[tokio::test]
async fn the_present_password_is_asked_for_and_wrong_ones_count() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::Operator, &[]).await;
    let actor = app.acting(&alice).await;
    for _ in 0..10 {
        let refused = password::change(&app.app, &actor, change("guessed", NEXT)).await;
        assert_eq!(wrong_fields(refused), ["old_password"]);
    }
    let old = alice.password.expose_secret();
    let wait = password::change(&app.app, &actor, change(old, NEXT)).await;
    assert!(
        matches!(
            wait,
            Ok(Changed::Wait {
                retry_after_sec: 300
            })
        ),
        "{wait:?}"
    );
    let failed = "select count(*) from app.audit_events where action = 'LOGIN_FAILURE'";
    assert_eq!(app.count(failed).await, 10);
    app.app.clock.advance(TimeDelta::minutes(5));
    changes(&app, &actor, old, NEXT).await;
    // A program cannot, whatever its token may do.
    let raw = RawToken {
        name: "a program".into(),
        ..RawToken::default()
    };
    let actor = app
        .acting(&Member {
            password: NEXT.to_owned().into(),
            ..alice.clone()
        })
        .await;
    let token = tokens::create(&app.app, &actor, &raw)
        .await
        .expect("a token");
    let text = token.text.expose_secret();
    let tx = tokens::authenticate(&app.app, text, Request::default()).await;
    let tx = tx.expect("answers").expect("counts");
    let program = tx.actor().clone();
    tx.finish().await.expect("finishes");
    let refused = password::change(&app.app, &program, change(NEXT, "harbour velvet magnet")).await;
    assert!(matches!(refused, Err(Error::Forbidden)));
    app.finish().await;
}

#[tokio::test]
async fn the_next_password_obeys_the_policy_and_is_none_of_the_last_five() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::Operator, &[]).await;
    let mut cookie = app.sign_in(&alice).await;
    let mut present = alice.password.expose_secret().to_owned();
    for refused in [
        "short",
        "Password123!",
        "alice orchid ferry",
        "acme orchid ferry",
        &present,
    ] {
        let actor = actor_of(&app, &cookie).await;
        let outcome = password::change(&app.app, &actor, change(&present, refused)).await;
        assert_eq!(wrong_fields(outcome), ["password"], "{refused}");
    }
    let first = present.clone();
    for n in 0..6 {
        let actor = actor_of(&app, &cookie).await;
        if (1..=5).contains(&n) {
            let again = password::change(&app.app, &actor, change(&present, &first)).await;
            assert_eq!(wrong_fields(again), ["password"], "after {n} changes");
        }
        let next = format!("cobalt lantern {n} orchid ferry");
        cookie = changes(&app, &actor, &present, &next).await;
        app.app.clock.advance(TimeDelta::seconds(1));
        present = next;
    }
    assert_eq!(
        app.count("select count(*) from app.password_history").await,
        5
    );
    let actor = actor_of(&app, &cookie).await;
    changes(&app, &actor, &present, &first).await;
    app.finish().await;
}

#[tokio::test]
async fn of_two_changes_at_the_same_moment_one_counts() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::Operator, &[]).await;
    let cookie = app.sign_in(&alice).await;
    let actor = actor_of(&app, &cookie).await;
    let old = alice.password.expose_secret();
    let (one, two) = tokio::join!(
        password::change(&app.app, &actor, change(old, NEXT)),
        password::change(
            &app.app,
            &actor,
            change(old, "harbour velvet magnet tundra")
        ),
    );
    let (done, late) = if one.is_ok() { (one, two) } else { (two, one) };
    assert!(matches!(done, Ok(Changed::Done(_))), "{done:?}");
    assert!(
        matches!(late, Err(Error::Conflict(Conflict::Stale))),
        "{late:?}"
    );
    app.finish().await;
}

#[tokio::test]
async fn who_must_change_the_password_can_do_nothing_else_before() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let bob = app.member(&acme, "Bob", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let admin = Program::of(&app, &site, &bob).await;
    let browser = app.signed_in(&site, &alice).await;
    assert_eq!(browser.visit("/today").await.status, 200);
    let path = format!("/api/v1/users/{}/require-password-change", alice.id);
    let answer = admin.post(&path, &serde_json::json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    // At once, in the session that is open.
    for page in [
        "/today",
        "/branches",
        "/audit",
        "/settings/email",
        "/obligations/new",
        "/messages",
    ] {
        assert_eq!(
            browser.visit(page).await.leads_to(),
            "/settings/password",
            "{page}"
        );
    }
    let api = browser.visit("/api/v1/branches").await;
    assert_eq!(api.status, 403);
    let page = browser.visit("/settings/password").await;
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("Nothing else opens until you have"),
        "{}",
        page.body
    );
    assert!(
        !page.body.contains("href=\"/branches\""),
        "nothing else is offered"
    );
    let token = page.csrf();
    let made = browser
        .own_page_sends(reqwest::Method::POST, "/api/v1/branches")
        .header("x-csrf-token", &token)
        .json(&serde_json::json!({ "code": "X", "name": "X", "country": "BD", "time_zone": "Asia/Dhaka" }));
    assert_eq!(browser.send(made).await.status, 403);
    let form = browser
        .post(
            "/branches",
            &[("csrf_token", token.as_str()), ("code", "X")],
        )
        .await;
    assert_eq!(form.leads_to(), "/settings/password");

    let old = alice.password.expose_secret();
    let same = [("old_password", old), ("password", old)];
    let refused = browser
        .submit("/settings/password", "/settings/password", &same)
        .await;
    assert_eq!(refused.status, 422);
    let wrong = [("old_password", "guessed"), ("password", NEXT)];
    let refused = browser
        .submit("/settings/password", "/settings/password", &wrong)
        .await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("old_password-error") && !refused.body.contains("guessed"));
    let cookie = browser.cookie("__Host-session");
    let fields = [("old_password", old), ("password", NEXT)];
    let done = browser
        .submit("/settings/password", "/settings/password", &fields)
        .await;
    assert_eq!(done.leads_to(), "/settings/password?changed=yes");
    assert_ne!(browser.cookie("__Host-session"), cookie);
    assert!(
        browser
            .visit(done.leads_to())
            .await
            .body
            .contains("Your password was changed")
    );
    assert_eq!(browser.visit("/today").await.status, 200);
    // A link for the sign-in after it, and nobody who has no password yet.
    let invited = app.invite(&acme, "Carol", Role::Operator, &[]).await.person;
    let refused = people::require_password_change(&app.app, &acme.operator, invited.id).await;
    assert_eq!(conflict(refused), "person-not-joined-yet");
    app.finish().await;
}

#[tokio::test]
async fn it_stays_due_over_sign_ins_until_it_is_done() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::Operator, &[]).await;
    people::require_password_change(&app.app, &acme.operator, alice.id)
        .await
        .expect("is required");
    let cookie = app.sign_in(&alice).await;
    let (tx, session) = app.full(&cookie).await;
    assert!(session.must_change_password);
    let actor = tx.actor().clone();
    tx.finish().await.expect("finishes");
    assert!(!actor.can(intrex_core::permission::Permission::ObligationsRead));
    let renewed = changes(&app, &actor, alice.password.expose_secret(), NEXT).await;
    let (tx, session) = app.full(&renewed).await;
    assert!(!session.must_change_password);
    assert!(
        tx.actor()
            .can(intrex_core::permission::Permission::ObligationsRead)
    );
    tx.finish().await.expect("finishes");
    app.finish().await;
}
