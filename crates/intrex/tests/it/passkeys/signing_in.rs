//! The second factor by a passkey, at sign-in and at stepping up.

use chrono::TimeDelta;
use intrex_core::{
    Error,
    permission::Role,
    sessions::{self, Proof, StepUp},
};
use secrecy::ExposeSecret as _;

use super::{FAILED, FULL_SESSIONS, Scene, asked, challenge, give, options};
use crate::{
    sessions::methods::amr,
    support::{Authenticator, MailServer, TestApp},
};

#[tokio::test]
async fn a_passkey_ends_a_sign_in_in_the_place_of_a_code() {
    let scene = Scene::begin().await;
    let without = scene.half_in(&scene.alice).await.visit("/mfa").await;
    assert!(!without.body.contains("data-passkey"), "{}", without.body);
    let mut passkey = scene.passkey_of(&scene.alice).await;
    let browser = scene.half_in(&scene.alice).await;
    let page = browser.visit("/mfa").await;
    assert!(page.body.contains(r#"data-ask="/mfa/passkey""#));
    assert!(page.body.contains(r#"id="code""#), "the code remains");
    let provisional = browser.cookie("__Host-session").expect("a session");
    let asked = challenge(&browser).await;
    assert_eq!(asked["rpId"], "localhost");
    assert_eq!(asked["userVerification"], "required");
    let allowed = asked["allowCredentials"].as_array().expect("a list");
    assert_eq!(allowed.len(), 1, "hers alone");
    let done = give(&browser, &passkey.sign(&asked)).await;
    assert_eq!(done.leads_to(), "/today");
    let session = browser.cookie("__Host-session").expect("a session");
    assert_ne!(session, provisional);
    assert_eq!(amr(&session.into()), ["pwd", "pop"]);
    assert!(browser.cookie("__Host-device").is_some());
    assert_eq!(browser.visit("/today").await.status, 200);
    // Fresh, as after a code.
    assert_eq!(browser.visit("/settings/passkeys/new").await.status, 200);
    let used = "select count(*) from app.passkeys where last_used_at is not null";
    assert_eq!(scene.app.count(used).await, 1);
    let code = scene.signed_in(&scene.alice).await;
    assert_eq!(code.visit("/today").await.status, 200);
    scene.app.finish().await;
}

#[tokio::test]
async fn what_does_not_fit_opens_nothing_and_is_counted() {
    let scene = Scene::begin().await;
    let bob = scene
        .app
        .member(&scene.acme, "Bob", Role::Operator, &[])
        .await;
    let globex = scene.app.tenant("Globex").await;
    let mallory = scene
        .app
        .member(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
        .await;
    let good = scene.passkey_of(&scene.alice).await;
    let of_bob = scene.passkey_of(&bob).await;
    let of_mallory = scene.passkey_of(&mallory).await;
    let bent = |bend: fn(&mut Authenticator)| {
        let mut passkey = good.clone();
        bend(&mut passkey);
        passkey
    };
    let mut with_her_id = of_bob.clone();
    with_her_id.id = good.id.clone();
    let attempts = [
        ("of Bob", of_bob),
        ("of Bob, under her id", with_her_id),
        ("of another organisation", of_mallory),
        (
            "of another origin",
            bent(|key| key.origin = "http://localhost:1".to_owned()),
        ),
        (
            "of another scheme",
            bent(|key| key.origin = key.origin.replace("http", "https")),
        ),
        (
            "of another host",
            bent(|key| key.rp_id = "evil.example".to_owned()),
        ),
        (
            "without user verification",
            bent(|key| key.verifies = false),
        ),
        (
            "of another challenge",
            bent(|key| key.challenge = Some("AAAAAAAAAAAAAAAAAAAAAA".to_owned())),
        ),
        (
            "of a key that nobody knows",
            Authenticator::at(&scene.site.origin),
        ),
    ];
    let full = scene.app.count(FULL_SESSIONS).await;
    for (at, (what, mut passkey)) in (1..).zip(attempts) {
        // Five in ten minutes would make the factor wait.
        scene.app.app.clock.advance(TimeDelta::minutes(10));
        let browser = scene.half_in(&scene.alice).await;
        let asked = challenge(&browser).await;
        let refused = give(&browser, &passkey.sign(&asked)).await;
        assert_eq!(refused.status, 401, "{what}: {}", refused.body);
        assert!(refused.body.contains("credential-error"), "{what}");
        assert_eq!(scene.app.count(FAILED).await, at, "{what}");
    }
    for nonsense in ["{}", "[]", "null", "\u{0}", &"x".repeat(12 * 1024)] {
        scene.app.app.clock.advance(TimeDelta::minutes(10));
        let browser = scene.half_in(&scene.alice).await;
        challenge(&browser).await;
        assert_eq!(give(&browser, nonsense).await.status, 401, "{nonsense}");
    }
    assert_eq!(scene.app.count(FULL_SESSIONS).await, full);
    scene.app.finish().await;
}

#[tokio::test]
async fn wrong_passkeys_and_wrong_codes_make_the_same_factor_wait() {
    let scene = Scene::begin().await;
    let mut good = scene.passkey_of(&scene.alice).await;
    let mut wrong = Authenticator::at(&scene.site.origin);
    let browser = scene.half_in(&scene.alice).await;
    for _ in 0..3 {
        let asked = challenge(&browser).await;
        assert_eq!(give(&browser, &wrong.sign(&asked)).await.status, 401);
    }
    for _ in 0..2 {
        let fields = [("code", "000000")];
        assert_eq!(browser.submit("/mfa", "/mfa", &fields).await.status, 401);
    }
    let asked = challenge(&browser).await;
    let waits = give(&browser, &good.sign(&asked)).await;
    assert_eq!(waits.status, 429);
    assert!(!waits.header("retry-after").is_empty());
    scene.app.app.clock.advance(TimeDelta::minutes(10));
    let browser = scene.half_in(&scene.alice).await;
    let asked = challenge(&browser).await;
    assert_eq!(
        give(&browser, &good.sign(&asked)).await.leads_to(),
        "/today"
    );
    let clean = "select count(*) from app.people where factor_wrong = 0";
    assert_eq!(
        scene.app.count(clean).await,
        1,
        "the failures are forgotten"
    );
    scene.app.finish().await;
}

#[tokio::test]
async fn an_answer_counts_once_for_its_session_its_purpose_and_five_minutes() {
    let scene = Scene::begin().await;
    let mut passkey = scene.passkey_of(&scene.alice).await;
    let first = scene.half_in(&scene.alice).await;
    let second = scene.half_in(&scene.alice).await;
    // Nothing was asked.
    let asked_first = challenge(&first).await;
    let answer = passkey.sign(&asked_first);
    assert_eq!(give(&second, &answer).await.status, 401);
    assert_eq!(scene.app.count(FAILED).await, 0, "nothing was guessed");
    // Something else was asked.
    challenge(&second).await;
    assert_eq!(give(&second, &answer).await.status, 401);
    assert_eq!(give(&first, &answer).await.leads_to(), "/today");
    // Again, and in the place of another answer.
    let third = scene.half_in(&scene.alice).await;
    assert_eq!(give(&third, &answer).await.status, 401);
    challenge(&third).await;
    assert_eq!(give(&third, &answer).await.status, 401);
    // A refused answer has used its challenge up.
    let asked = challenge(&third).await;
    let mut wrong = Authenticator::at(&scene.site.origin);
    assert_eq!(give(&third, &wrong.sign(&asked)).await.status, 401);
    assert_eq!(give(&third, &passkey.sign(&asked)).await.status, 401);
    // Too late: the sign-in lasts longer than what it was asked.
    let late = scene.half_in(&scene.alice).await;
    let asked = challenge(&late).await;
    scene.app.app.clock.advance(TimeDelta::minutes(5));
    assert_eq!(give(&late, &passkey.sign(&asked)).await.status, 401);
    let asked = challenge(&late).await;
    scene
        .app
        .app
        .clock
        .advance(TimeDelta::minutes(5) - TimeDelta::seconds(1));
    assert_eq!(
        give(&late, &passkey.sign(&asked)).await.leads_to(),
        "/today"
    );
    // What was asked for stepping up does not add a passkey, and the other way round.
    let asked = asked_to_step_up(&late).await;
    let refused = super::add(&late, "", &passkey.sign(&asked)).await;
    assert_eq!(refused.status, 422);
    scene.app.finish().await;
}

async fn asked_to_step_up(browser: &crate::support::browser::Browser) -> serde_json::Value {
    options(&asked(browser, "/step-up", "/step-up/passkey").await)
}

#[tokio::test]
async fn of_many_answers_at_the_same_moment_one_signs_in() {
    let scene = Scene::begin().await;
    let mut passkey = scene.passkey_of(&scene.alice).await;
    let full = scene.app.count(FULL_SESSIONS).await;
    let browser = scene.half_in(&scene.alice).await;
    let answer = passkey.sign(&challenge(&browser).await);
    let token = browser.visit("/mfa").await.csrf();
    let fields = [("csrf_token", token.as_str()), ("credential", &answer)];
    let tries = (0..20).map(|_| {
        let request = browser
            .own_page_sends(reqwest::Method::POST, "/mfa")
            .form(&fields);
        crate::support::browser::send(request)
    });
    let answers = futures_of(tries).await;
    let won = answers
        .iter()
        .filter(|answer| answer.status == 303 && answer.headers["location"] == "/today")
        .count();
    assert_eq!(won, 1);
    assert_eq!(scene.app.count(FULL_SESSIONS).await, full + 1);
    scene.app.finish().await;
}

/// Lets all of them run at once.
async fn futures_of<F>(tries: impl Iterator<Item = F>) -> Vec<F::Output>
where
    F: std::future::Future + Send + 'static,
    F::Output: Send,
{
    let tasks: Vec<_> = tries.map(tokio::spawn).collect();
    let mut outputs = Vec::new();
    for task in tasks {
        outputs.push(task.await.expect("no panic"));
    }
    outputs
}

#[tokio::test]
async fn a_counter_that_goes_back_is_refused_and_told() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let scene = Scene::begin_in(app).await;
    let mut passkey = scene.passkey_of(&scene.alice).await;
    passkey.counter = 10;
    let copy = passkey.clone();
    let browser = scene.half_in(&scene.alice).await;
    let asked = challenge(&browser).await;
    assert_eq!(
        give(&browser, &passkey.sign(&asked)).await.leads_to(),
        "/today"
    );
    // The number that is known, a lower one, and none at all; a signature is numbered one higher than the last.
    for before in [10, 3, u32::MAX] {
        let mut copy = copy.clone();
        copy.counter = before;
        let browser = scene.half_in(&scene.alice).await;
        let asked = challenge(&browser).await;
        let refused = give(&browser, &copy.sign(&asked)).await;
        assert_eq!(refused.status, 401, "{before}");
    }
    let told = "select count(*) from app.audit_events where action = 'passkey.counter_went_back'";
    assert_eq!(scene.app.count(told).await, 3);
    assert_eq!(scene.app.count(FAILED).await, 3);
    let mailed = "select count(*) from app.account_mail where kind = 'passkey_counter_went_back'";
    assert_eq!(scene.app.count(mailed).await, 3);
    // The one that counts on goes on.
    let browser = scene.half_in(&scene.alice).await;
    let asked = challenge(&browser).await;
    assert_eq!(
        give(&browser, &passkey.sign(&asked)).await.leads_to(),
        "/today"
    );
    scene.app.finish().await;
}

#[tokio::test]
async fn a_passkey_steps_up_beside_the_password() {
    let scene = Scene::begin().await;
    let mut passkey = scene.passkey_of(&scene.alice).await;
    let browser = scene.signed_in(&scene.alice).await;
    scene.app.app.clock.advance(TimeDelta::minutes(5));
    let new = "/settings/tokens/new";
    let page = "/step-up?next=%2Fsettings%2Ftokens%2Fnew";
    assert_eq!(browser.visit(new).await.leads_to(), page);
    let shown = browser.visit(page).await;
    assert!(shown.body.contains(r#"data-ask="/step-up/passkey""#));
    let password = scene.alice.password.expose_secret();
    let step_up = async |password: &str, credential: &str| {
        let fields = [("password", password), ("credential", credential)];
        browser.submit(page, page, &fields).await
    };
    let asked = asked_to_step_up(&browser).await;
    let answer = passkey.sign(&asked);
    // The password is looked at first, and what was asked is still open.
    assert_eq!(step_up("not the password", &answer).await.status, 422);
    let mut wrong = Authenticator::at(&scene.site.origin);
    assert_eq!(step_up(password, &wrong.sign(&asked)).await.status, 422);
    assert_eq!(scene.app.count(FAILED).await, 1);
    assert_eq!(step_up(password, &answer).await.status, 422, "used up");
    let before = browser.cookie("__Host-session");
    let asked = asked_to_step_up(&browser).await;
    let done = step_up(password, &passkey.sign(&asked)).await;
    assert_eq!(done.leads_to(), new);
    assert_ne!(browser.cookie("__Host-session"), before);
    assert_eq!(browser.visit(new).await.status, 200);
    let told = "select count(*) from app.audit_events where action = 'session.stepped_up'";
    assert_eq!(scene.app.count(told).await, 1);
    scene.app.finish().await;
}

#[tokio::test]
async fn what_is_to_be_signed_is_given_to_pages_of_our_own_and_to_who_has_a_passkey() {
    let scene = Scene::begin().await;
    let browser = scene.half_in(&scene.alice).await;
    let none = asked(&browser, "/mfa", "/mfa/passkey").await;
    assert_eq!(none.status, 409, "she has none");
    scene.passkey_of(&scene.alice).await;
    let browser = scene.half_in(&scene.alice).await;
    let token = browser.visit("/mfa").await.csrf();
    let form = [("csrf_token", token.as_str())];
    let request = |site: &str| {
        browser
            .request(reqwest::Method::POST, "/mfa/passkey")
            .header("sec-fetch-site", site.to_owned())
            .form(&form)
    };
    assert_eq!(browser.send(request("cross-site")).await.status, 403);
    assert_eq!(browser.send(request("same-origin")).await.status, 200);
    let forged = [("csrf_token", "forged")];
    assert_eq!(browser.post("/mfa/passkey", &forged).await.status, 403);
    let nobody = scene.site.browser().post("/mfa/passkey", &form).await;
    assert_eq!(nobody.status, 303, "to sign in");
    // Before the app is set up there is no second factor to give.
    let invited = scene
        .app
        .invite(&scene.acme, "Dora", Role::Operator, &[])
        .await;
    let accepted = intrex_core::people::accept_invitation(
        &scene.app.app,
        Default::default(),
        invited.token.expose_secret(),
        scene.alice.password.clone(),
    );
    let Ok(intrex_core::people::AcceptOutcome::Accepted(_)) = accepted.await else {
        panic!("not accepted");
    };
    let started = sessions::sign_in(
        &scene.app.app,
        scene.alice.request.clone(),
        &invited.person.email,
        scene.alice.password.clone(),
    );
    let Ok(sessions::SignIn::Started(started)) = started.await else {
        panic!("not started");
    };
    let browser = scene.site.browser();
    browser.set_cookie("__Host-session", started.cookie.value.expose_secret());
    let refused = asked(&browser, "/mfa/setup", "/mfa/passkey").await;
    assert_eq!(refused.leads_to(), "/mfa/setup");
    scene.app.finish().await;
}

#[tokio::test]
async fn windows_that_ask_while_another_one_steps_up_hear_that_their_session_has_another_name() {
    let scene = Scene::begin().await;
    let core = &scene.app.app;
    scene.passkey_of(&scene.alice).await;
    for round in 0..4 {
        let actor = scene.app.acting(&scene.alice).await;
        core.clock.advance(TimeDelta::seconds(30));
        let asks: Vec<_> = (0..24)
            .map(|_| {
                let (core, actor) = (core.clone(), actor.clone());
                tokio::spawn(async move { sessions::ask_passkey_again(&core, &actor).await })
            })
            .collect();
        let code = scene.app.code(&scene.alice);
        let password = scene.alice.password.clone();
        let done = sessions::step_up(core, &actor, password, Proof::Code(&code)).await;
        assert!(matches!(done, Ok(StepUp::Done(_))), "{round}: {done:?}");
        for ask in asks {
            let answer = ask.await.expect("no panic");
            assert!(
                matches!(answer, Ok(_) | Err(Error::Forbidden)),
                "{round}: {answer:?}"
            );
        }
        let late = sessions::ask_passkey_again(core, &actor).await;
        assert!(matches!(late, Err(Error::Forbidden)), "{round}: {late:?}");
    }
    scene.app.finish().await;
}
