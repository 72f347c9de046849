//! What is dangerous asks for both factors again, and the session goes on under a new name.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use intrex_core::{
    Error,
    permission::Role,
    sessions::{self, Proof, StepUp},
    tokens::{self, RawToken},
};
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::support::{
    Member, Tenant, TestApp,
    browser::{Answer, Browser},
};

async fn acme(app: &TestApp) -> (Tenant, Member) {
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    (acme, alice)
}

/// A script of the page: a session's cookie and its token against forgery.
async fn script(browser: &Browser, method: Method, path: &str, body: serde_json::Value) -> Answer {
    let token = browser.visit("/settings").await.csrf();
    let request = browser.own_page_sends(method, path);
    browser
        .send(request.header("x-csrf-token", token).json(&body))
        .await
}

async fn step_up(browser: &Browser, page: &str, password: &SecretString, code: &str) -> Answer {
    let fields = [("password", password.expose_secret()), ("code", code)];
    browser.submit(page, page, &fields).await
}

#[track_caller]
fn asks_to_step_up(answer: &Answer) {
    assert_eq!(answer.status, 403, "{}", answer.body);
    let kind = answer.json()["type"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert!(kind.ends_with("step-up-required"), "{kind}");
}

#[tokio::test]
async fn a_dangerous_page_leads_to_both_factors_and_back_under_a_new_name() {
    let app = TestApp::start().await;
    let (_, alice) = acme(&app).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let new = "/settings/tokens/new";
    assert_eq!(browser.visit(new).await.status, 200, "fresh from sign-in");
    app.app.clock.advance(TimeDelta::minutes(5));
    let there = "/step-up?next=%2Fsettings%2Ftokens%2Fnew";
    let form = browser.visit("/settings/tokens").await.csrf();
    assert_eq!(browser.visit(new).await.leads_to(), there);
    // A form that was open for too long does nothing, and leads back to itself.
    let late = browser
        .own_page_sends(Method::POST, "/settings/tokens")
        .header("referer", format!("{}{new}", site.origin))
        .form(&[("csrf_token", form.as_str()), ("name", "late")]);
    assert_eq!(browser.send(late).await.leads_to(), there);
    assert_eq!(app.count("select count(*) from app.api_tokens").await, 0);

    let old = browser.cookie("__Host-session").expect("a session");
    let wrong = step_up(&browser, there, &"not it".into(), &app.code(&alice)).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("password-error"), "{}", wrong.body);
    let wrong = step_up(&browser, there, &alice.password, "000 000").await;
    assert_eq!(wrong.status, 422);
    let done = step_up(&browser, there, &alice.password, &app.code(&alice)).await;
    assert_eq!(done.leads_to(), new);
    assert_eq!(browser.visit(new).await.status, 200);

    let now = browser.cookie("__Host-session").expect("a session");
    assert_ne!(old, now);
    let thief = site.browser();
    thief.set_cookie("__Host-session", &old);
    assert!(thief.visit(new).await.leads_to().starts_with("/sign-in"));
    // A form of before belongs to nobody any more.
    let fields = [("csrf_token", form.as_str()), ("name", "old form")];
    assert_eq!(browser.post("/settings/tokens", &fields).await.status, 403);
    let told = "select count(*) from app.audit_events where action = 'session.stepped_up'";
    assert_eq!(app.count(told).await, 1);
    app.finish().await;
}

#[tokio::test]
async fn stepping_up_leads_nowhere_else() {
    let app = TestApp::start().await;
    let (_, alice) = acme(&app).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    for next in [
        "//evil.example",
        "https://evil.example",
        "/step-up",
        "/%2e%2e//x",
    ] {
        app.app.clock.advance(TimeDelta::seconds(30));
        let page = format!("/step-up?next={next}");
        let done = step_up(&browser, &page, &alice.password, &app.code(&alice)).await;
        assert_eq!(done.leads_to(), "/today", "{next}");
    }
    app.app.clock.advance(TimeDelta::minutes(5));
    let form = browser.visit("/settings").await.csrf();
    let from_afar = browser
        .own_page_sends(Method::POST, "/settings/tokens")
        .header("referer", "https://evil.example/settings/tokens/new")
        .form(&[("csrf_token", form.as_str())]);
    assert_eq!(browser.send(from_afar).await.leads_to(), "/step-up");
    app.finish().await;
}

#[tokio::test]
async fn the_api_answers_a_stale_session_and_every_token_alike() {
    let app = TestApp::start().await;
    let (acme, alice) = acme(&app).await;
    let bob = app.member(&acme, "Bob", Role::Operator, &[]).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let program = crate::web::api::Program::of(&app, &site, &alice).await;
    let user = format!("/api/v1/users/{}", bob.id);
    let reset = format!("{user}/reset-mfa");
    let promotion = json!({ "role": "branch_manager" });
    let colleague =
        json!({ "email": "dora@acme.example", "name": "Dora", "role": "head_office_admin" });
    let dangerous = [
        (Method::POST, "/api/v1/tokens", json!({ "name": "another" })),
        (
            Method::PATCH,
            "/api/v1/organisation",
            json!({ "name": "Emca" }),
        ),
        (Method::POST, reset.as_str(), json!({ "reason": "lost" })),
        (Method::PATCH, user.as_str(), promotion.clone()),
        (Method::POST, "/api/v1/users", colleague.clone()),
    ];
    for (method, path, body) in &dangerous {
        let request = program.request(method.clone(), path).json(body);
        asks_to_step_up(&crate::support::browser::send(request).await);
    }
    app.app.clock.advance(TimeDelta::minutes(5));
    for (method, path, body) in &dangerous {
        asks_to_step_up(&script(&browser, method.clone(), path, body.clone()).await);
    }
    // What takes or gives no role needs nothing.
    let name = json!({ "name": "Robert", "status": "disabled" });
    assert_eq!(
        script(&browser, Method::PATCH, &user, name).await.status,
        200
    );
    let back = program
        .request(Method::PATCH, &user)
        .json(&json!({ "role": "operator", "status": "active" }));
    assert_eq!(crate::support::browser::send(back).await.status, 200);

    step_up(&browser, "/step-up", &alice.password, &app.code(&alice)).await;
    for ((method, path, body), status) in dangerous.into_iter().zip([201, 200, 200, 200, 201]) {
        let answer = script(&browser, method, path, body).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
    }
    app.finish().await;
}

#[test]
fn the_routes_that_ask_for_a_fresh_factor_are_these() {
    let fresh: BTreeSet<String> = intrex_web::routes()
        .iter()
        .filter(|route| route.fresh)
        .map(|route| {
            let method = serde_json::to_value(route.method).expect("serialises");
            format!("{} {}", method.as_str().expect("a word"), route.path)
        })
        .collect();
    for expected in [
        "GET /audit/{id}/reveal",
        "GET /settings/organisation/edit",
        "GET /settings/second-factor/app",
        "GET /settings/tokens/new",
        "PATCH /api/v1/organisation",
        "POST /api/v1/audit/events/{id}/reveal",
        "POST /api/v1/second-factor/recovery-codes",
        "POST /api/v1/tokens",
        "POST /api/v1/users/{id}/reset-mfa",
        "POST /audit/{id}/reveal",
        "POST /settings/organisation",
        "POST /settings/second-factor/app",
        "POST /settings/second-factor/recovery-codes",
        "POST /settings/tokens",
    ] {
        assert!(fresh.contains(expected), "{expected}");
    }
    // Whoever types into a dangerous form has stepped up before: each has its page, which asks first.
    for form in fresh
        .iter()
        .filter_map(|route| route.strip_prefix("POST /settings"))
    {
        let pages = ["", "/new", "/edit"].map(|end| format!("GET /settings{form}{end}"));
        assert!(pages.iter().any(|page| fresh.contains(page)), "{form}");
    }
}

#[tokio::test]
async fn a_code_counts_once_and_of_two_windows_one_steps_up() {
    let app = TestApp::start().await;
    let (_, alice) = acme(&app).await;
    let cookie = app.sign_in(&alice).await;
    let (tx, before) = app.full(&cookie).await;
    let actor = tx.actor().clone();
    tx.finish().await.expect("finishes");
    let give = async |code: String| {
        sessions::step_up(&app.app, &actor, alice.password.clone(), Proof::Code(&code)).await
    };
    // The one of the sign-in.
    assert!(matches!(give(app.code(&alice)).await, Ok(StepUp::Refused)));
    app.app.clock.advance(TimeDelta::hours(1));
    let code = app.code(&alice);
    let (one, two) = tokio::join!(give(code.clone()), give(code));
    let done = [&one, &two]
        .into_iter()
        .filter(|outcome| matches!(outcome, Ok(StepUp::Done(_))))
        .count();
    assert_eq!(done, 1, "{one:?} {two:?}");
    let Some(StepUp::Done(cookie)) = [one, two]
        .into_iter()
        .flatten()
        .find(|outcome| matches!(outcome, StepUp::Done(_)))
    else {
        panic!("nobody stepped up");
    };
    // The old name does nothing, with the right factors too.
    app.app.clock.advance(TimeDelta::seconds(30));
    let late = give(app.code(&alice)).await;
    assert!(matches!(late, Err(Error::Forbidden)), "{late:?}");
    // It ends when the session that it came from would have ended.
    let (mut tx, after) = app.full(&cookie).await;
    assert_ne!(before.id, after.id);
    let shown = sessions::reads::list(&app.app, &mut tx)
        .await
        .expect("lists");
    tx.finish().await.expect("finishes");
    let current = shown
        .iter()
        .find(|session| session.current)
        .expect("this one");
    assert_eq!(current.expires_at - current.created_at, TimeDelta::days(7));
    assert_eq!(
        app.app.now() - current.created_at,
        TimeDelta::seconds(3_630)
    );
    app.finish().await;
}

#[tokio::test]
async fn guesses_at_stepping_up_lock_as_guesses_at_signing_in_do() {
    let app = TestApp::start().await;
    let (_, alice) = acme(&app).await;
    let acting = app.acting(&alice).await;
    for attempt in 0..10 {
        let guess = sessions::step_up(&app.app, &acting, "a guess".into(), Proof::Code("1")).await;
        assert!(matches!(guess, Ok(StepUp::Refused)), "{attempt}: {guess:?}");
        app.app.clock.advance(TimeDelta::seconds(10));
    }
    let code = app.code(&alice);
    let right = sessions::step_up(
        &app.app,
        &acting,
        alice.password.clone(),
        Proof::Code(&code),
    );
    let right = right.await.expect("answers");
    assert!(matches!(right, StepUp::Wait { .. }), "{right:?}");
    for (action, times) in [("LOGIN_FAILURE", 10), ("AUTH_LOCKOUT_TRIGGERED", 1)] {
        assert_eq!(app.told(action).await, times, "{action}");
    }
    // Wrong codes count against the factor, as at sign-in.
    app.app.clock.advance(TimeDelta::minutes(10));
    for _ in 0..5 {
        let password = alice.password.clone();
        let wrong = sessions::step_up(&app.app, &acting, password, Proof::Code("no code")).await;
        assert!(matches!(wrong, Ok(StepUp::Refused)), "{wrong:?}");
    }
    let code = app.code(&alice);
    let right = sessions::step_up(
        &app.app,
        &acting,
        alice.password.clone(),
        Proof::Code(&code),
    );
    let right = right.await.expect("answers");
    assert!(matches!(right, StepUp::Wait { .. }), "{right:?}");
    app.finish().await;
}

#[tokio::test]
async fn no_token_steps_up_and_the_command_itself_refuses_what_is_stale() {
    let app = TestApp::start().await;
    let (_, alice) = acme(&app).await;
    let acting = app.acting(&alice).await;
    let raw = RawToken {
        name: "nightly".into(),
        ..RawToken::default()
    };
    let made = tokens::create(&app.app, &acting, &raw)
        .await
        .expect("is made");
    let request = alice.request.clone();
    let tx = tokens::authenticate(&app.app, made.text.expose_secret(), request).await;
    let tx = tx.expect("answers").expect("counts");
    let program = tx.actor().clone();
    tx.finish().await.expect("finishes");
    app.app.clock.advance(TimeDelta::minutes(5));
    let code = app.code(&alice);
    let by_token = sessions::step_up(
        &app.app,
        &program,
        alice.password.clone(),
        Proof::Code(&code),
    )
    .await;
    assert!(matches!(by_token, Err(Error::Forbidden)), "{by_token:?}");
    let stale = tokens::create(&app.app, &acting, &raw).await;
    assert!(matches!(stale, Err(Error::StepUp)), "{stale:?}");
    app.finish().await;
}
