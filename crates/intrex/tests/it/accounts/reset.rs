//! Setting another password without the old one: by the person, and by those who try to be them.

use std::time::Instant;

use chrono::TimeDelta;
use intrex_core::{
    accounts::reset::{self, Outcome, Requested},
    actor::Request,
    people::{self, RawPersonUpdate},
    permission::Role,
    sessions::{self, SignIn},
    tenants,
    tokens::{self, RawToken},
};
use secrecy::{ExposeSecret as _, SecretString};

use super::post::{Letter, from_afar, last_to, letters, post, subjects, tables_with, with_mail};
use crate::support::{
    Log, MailServer, Member, TestApp,
    browser::{Answer, Browser, send},
    members::wrong_fields,
};

const NEXT: &str = "cobalt lantern orchid ferry";

async fn ask(app: &TestApp, from: Request, email: &str) -> Requested {
    reset::request(&app.app, from, email)
        .await
        .expect("answers")
}

/// The token of a link that Alice has asked for just now.
async fn link(app: &TestApp, server: &MailServer, member: &Member) -> String {
    let asked = ask(app, member.request.clone(), &member.email).await;
    assert_eq!(asked, Requested::Noted);
    last_to(&post(app, server).await, &member.email).token("reset-password")
}

async fn set(app: &TestApp, token: &str, password: &str) -> intrex_core::Result<Outcome> {
    reset::finish(
        &app.app,
        Request::default(),
        token,
        password.to_owned().into(),
    )
    .await
}

async fn signs_in(app: &TestApp, email: &str, password: &str) -> bool {
    let outcome = sessions::sign_in(
        &app.app,
        Request::default(),
        email,
        password.to_owned().into(),
    )
    .await;
    matches!(outcome, Ok(SignIn::Started(_)))
}

#[tokio::test]
async fn somebody_who_forgot_the_password_sets_another_and_still_needs_the_second_factor() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let actor = app.acting(&alice).await;
    let raw = RawToken {
        name: "a program".into(),
        ..RawToken::default()
    };
    let program = tokens::create(&app.app, &actor, &raw)
        .await
        .expect("a token");
    let site = app.serve().await;
    let elsewhere = app.signed_in(&site, &alice).await;
    assert_eq!(elsewhere.visit("/today").await.status, 200);

    let browser = site.browser();
    let page = browser.visit("/sign-in").await;
    assert!(page.body.contains("href=\"/forgot-password\""));
    let fields = [("email", alice.email.as_str())];
    let answer = browser
        .submit("/forgot-password", "/forgot-password", &fields)
        .await;
    assert_eq!(answer.status, 200);
    assert!(
        answer.body.contains("a link is on its way"),
        "{}",
        answer.body
    );
    let arrived = post(&app, &server).await;
    let letter = last_to(&arrived, &alice.email);
    assert_eq!(letter.subject, "Set another password for Intrex");
    let path = format!("/reset-password/{}", letter.token("reset-password"));
    let page = browser.visit(&path).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("referrer-policy"), "same-origin");
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(page.body.contains(&alice.email));
    assert_eq!(
        elsewhere.visit("/today").await.status,
        200,
        "looking changes nothing"
    );
    let short = browser.submit(&path, &path, &[("password", "short")]).await;
    assert_eq!(short.status, 422);
    assert!(short.body.contains("password-error"));
    let done = browser.submit(&path, &path, &[("password", NEXT)]).await;
    assert_eq!(done.leads_to(), "/sign-in");

    assert!(
        elsewhere
            .visit("/today")
            .await
            .leads_to()
            .starts_with("/sign-in")
    );
    let text = program.text.expose_secret();
    let nobody = tokens::authenticate(&app.app, text, Request::default()).await;
    assert!(nobody.expect("answers").is_none(), "API tokens end too");
    for page in [
        browser.visit(&path).await,
        browser
            .submit(
                "/sign-in",
                &path,
                &[("password", "granite velvet harbour moss")],
            )
            .await,
    ] {
        assert_eq!(page.status, 404, "once");
        assert_eq!(page.header("referrer-policy"), "same-origin");
    }
    app.app.clock.advance(TimeDelta::seconds(60));
    let fields = [("email", alice.email.as_str()), ("password", NEXT)];
    let first = browser.submit("/sign-in", "/sign-in", &fields).await;
    assert_eq!(first.leads_to(), "/mfa", "the second factor is asked for");
    assert!(browser.visit("/today").await.leads_to().starts_with("/mfa"));
    let code = app.code(&alice);
    let second = browser.submit("/mfa", "/mfa", &[("code", &code)]).await;
    assert_eq!(second.leads_to(), "/today");
    assert!(!signs_in(&app, &alice.email, alice.password.expose_secret()).await);
    let arrived = post(&app, &server).await;
    assert_eq!(
        subjects(&arrived),
        [
            "Set another password for Intrex",
            "Your password was changed"
        ]
    );
    for action in ["password.reset_requested", "password.reset"] {
        let told: i64 = sqlx::query_scalar(
            "select count(*) from app.audit_events where action = $1 and tenant_id = $2",
        )
        .bind(action)
        .bind(acme.id.uuid())
        .fetch_one(&mut app.superuser().await)
        .await
        .expect("counts");
        assert_eq!(told, 1, "{action}");
    }
    app.finish().await;
}

#[tokio::test]
async fn of_fifty_who_follow_a_link_at_the_same_moment_one_sets_the_password() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::Operator, &[]).await;
    let token = link(&app, &server, &alice).await;
    let tries: Vec<_> = (0..50)
        .map(|n| {
            let (core, token) = (app.app.clone(), token.clone());
            tokio::spawn(async move {
                let password: SecretString = format!("cobalt lantern {n} orchid").into();
                let done = reset::finish(&core, Request::default(), &token, password).await;
                (n, done.expect("answers"))
            })
        })
        .collect();
    let mut winners = Vec::new();
    for attempt in tries {
        let (n, outcome) = attempt.await.expect("no panic");
        if outcome == Outcome::Done {
            winners.push(n);
        }
    }
    assert_eq!(winners.len(), 1, "{winners:?}");
    let told = "select count(*) from app.audit_events where action = 'password.reset'";
    assert_eq!(app.count(told).await, 1);
    assert!(
        signs_in(
            &app,
            &alice.email,
            &format!("cobalt lantern {} orchid", winners[0])
        )
        .await
    );
    assert_eq!(
        app.count("select count(*) from app.password_history").await,
        1
    );
    app.finish().await;
}

#[tokio::test]
async fn a_link_counts_for_half_an_hour_and_a_newer_one_replaces_it() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::Operator, &[]).await;
    let first = link(&app, &server, &alice).await;
    let second = link(&app, &server, &alice).await;
    assert_ne!(first, second);
    assert!(matches!(set(&app, &first, NEXT).await, Ok(Outcome::Gone)));
    app.app.clock.advance(TimeDelta::minutes(30));
    assert!(matches!(set(&app, &second, NEXT).await, Ok(Outcome::Gone)));
    let third = link(&app, &server, &alice).await;
    app.app
        .clock
        .advance(TimeDelta::minutes(30) - TimeDelta::seconds(1));
    assert!(matches!(set(&app, &third, NEXT).await, Ok(Outcome::Done)));
    assert!(matches!(set(&app, &third, NEXT).await, Ok(Outcome::Gone)));
    app.finish().await;
}

#[tokio::test]
async fn a_link_opens_nothing_for_who_may_not_sign_in_and_in_no_other_organisation() {
    let (app, server) = with_mail().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let alice = app.member(&acme, "Alice", Role::Operator, &[]).await;
    let token = link(&app, &server, &alice).await;
    let foreign = token.replace(
        &acme.id.uuid().simple().to_string(),
        &globex.id.uuid().simple().to_string(),
    );
    // With the checksum that belongs to it: only the database can tell.
    let forged = {
        use sha2::{Digest as _, Sha256};
        let body = &foreign[..foreign.len() - 8];
        format!("{body}{}", hex::encode(&Sha256::digest(body)[..4]))
    };
    for wrong in [
        foreign.as_str(),
        &forged,
        "",
        "itp_",
        &token.replace("itp_", "iti_"),
        &token[1..],
    ] {
        assert!(
            matches!(set(&app, wrong, NEXT).await, Ok(Outcome::Gone)),
            "{wrong}"
        );
        let page = reset::find(&app.app, Request::default(), wrong).await;
        assert!(page.expect("answers").is_none());
    }
    tenants::suspend(&app.app, &acme.operator)
        .await
        .expect("is suspended");
    assert!(matches!(set(&app, &token, NEXT).await, Ok(Outcome::Gone)));
    tenants::resume(&app.app, &acme.operator)
        .await
        .expect("goes on");
    let page = reset::find(&app.app, Request::default(), &token).await;
    assert!(page.expect("answers").is_some(), "it would have counted");
    for status in ["disabled", "active"] {
        let raw = RawPersonUpdate {
            status: status.into(),
            ..RawPersonUpdate::default()
        };
        people::update(&app.app, &acme.operator, alice.id, &raw, None)
            .await
            .expect("is changed");
        // Who was disabled does not come back by an old link when they are enabled again.
        assert!(
            matches!(set(&app, &token, NEXT).await, Ok(Outcome::Gone)),
            "{status}"
        );
    }
    assert!(signs_in(&app, &alice.email, alice.password.expose_secret()).await);
    app.finish().await;
}

/// An answer without what differs between any two of them.
fn comparable(answer: &Answer) -> String {
    let mut text = answer.body.clone();
    let nonce = answer.header("content-security-policy");
    let nonce = nonce
        .split("'nonce-")
        .nth(1)
        .and_then(|rest| rest.split('\'').next());
    text = text.replace(nonce.expect("a nonce"), "NONCE");
    if text.contains("name=\"csrf_token\"") {
        text = text.replace(&answer.csrf(), "TOKEN");
    }
    let mut names: Vec<&str> = answer.headers.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    format!(
        "{} {names:?} {} {text}",
        answer.status,
        answer.header("retry-after")
    )
}

#[tokio::test]
async fn asking_for_a_link_tells_nobody_whether_there_is_an_account() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    let hidden = app.tenant("Hidden").await;
    let alice = app.member(&acme, "Alice", Role::Operator, &[]).await;
    let bob = app.member(&acme, "Bob", Role::Operator, &[]).await;
    let heidi = app.member(&hidden, "Heidi", Role::Operator, &[]).await;
    let waiting = app
        .invite(&acme, "Waiting", Role::Operator, &[])
        .await
        .person;
    let raw = RawPersonUpdate {
        status: "disabled".into(),
        ..RawPersonUpdate::default()
    };
    people::update(&app.app, &acme.operator, bob.id, &raw, None)
        .await
        .expect("is disabled");
    tenants::suspend(&app.app, &hidden.operator)
        .await
        .expect("is suspended");
    post(&app, &server).await;
    let before = (
        server.received().len(),
        app.count("select count(*) from app.audit_events").await,
    );

    let site = app.serve().await;
    let asks = async |email: &str| {
        let browser = site.browser();
        let fields = [("email", email)];
        browser
            .submit("/forgot-password", "/forgot-password", &fields)
            .await
    };
    let addresses = [
        alice.email.as_str(),
        "nobody@nowhere.example",
        &bob.email,
        &heidi.email,
        &waiting.email,
        "no address at all",
        "",
        "a\0b@c.example",
    ];
    let mut answers = Vec::new();
    for email in addresses {
        let asked_at = Instant::now();
        answers.push(comparable(&asks(email).await));
        assert!(
            asked_at.elapsed() >= reset::ANSWERED_AFTER,
            "the time tells nothing either"
        );
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:#?}");
    let told = app.count("select count(*) from app.audit_events").await - before.1;
    assert_eq!(told, 8, "each leaves one event, in whosever log");
    let arrived = post(&app, &server).await;
    assert_eq!(arrived.len(), before.0 + 1);
    assert_eq!(arrived[before.0].to, alice.email);
    // The same address in the log of the platform is a tag, never what was typed.
    assert_eq!(tables_with(&app, "nobody@nowhere.example").await, [""; 0]);
    app.finish().await;
}

#[tokio::test]
async fn requests_are_counted_by_address_and_by_network_for_everybody_alike() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::Operator, &[]).await;
    let upper = alice.email.to_uppercase();
    for email in [alice.email.as_str(), "nobody@nowhere.example"] {
        let spelled = [email.to_owned(), email.to_uppercase(), format!(" {email} ")];
        for n in 0..5u8 {
            let asked = ask(&app, from_afar(n), &spelled[usize::from(n) % 3]).await;
            assert_eq!(asked, Requested::Noted);
        }
        let sixth = ask(&app, from_afar(9), email).await;
        assert_eq!(
            sixth,
            Requested::Wait {
                retry_after_sec: 3_600
            }
        );
    }
    let arrived = post(&app, &server).await;
    assert_eq!(arrived.len(), 1, "the newest link alone goes out");
    // The link that was sent still counts: asking again in vain replaces nothing.
    let token = arrived[0].token("reset-password");
    assert_eq!(
        ask(&app, from_afar(10), &upper).await,
        Requested::Wait {
            retry_after_sec: 3_600
        }
    );
    assert!(matches!(set(&app, &token, NEXT).await, Ok(Outcome::Done)));

    // From one network, whatever is asked for: like sign-ins, ten a minute.
    for n in 0..10 {
        let email = format!("somebody{n}@nowhere.example");
        assert_eq!(ask(&app, from_afar(77), &email).await, Requested::Noted);
    }
    let wait = ask(&app, from_afar(77), "somebody@else.example").await;
    assert_eq!(
        wait,
        Requested::Wait {
            retry_after_sec: 60
        }
    );
    app.app.clock.advance(TimeDelta::hours(1));
    assert_eq!(
        ask(&app, from_afar(77), &alice.email).await,
        Requested::Noted
    );

    let site = app.serve().await;
    let browser = site.browser();
    let mut last = 200;
    for n in 0..11 {
        let email = format!("somebody{n}@nowhere.example");
        let answer = browser
            .submit("/forgot-password", "/forgot-password", &[("email", &email)])
            .await;
        last = answer.status;
        if last == 429 {
            assert_eq!(answer.header("retry-after"), "60");
        }
    }
    assert_eq!(last, 429);
    app.finish().await;
}

#[tokio::test]
async fn a_request_does_not_lock_sign_ins_and_a_locked_account_can_be_reset() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::Operator, &[]).await;
    for n in 0..10 {
        assert!(!signs_in_from(&app, from_afar(n), &alice.email, "wrong").await);
    }
    assert!(
        !signs_in_from(
            &app,
            from_afar(20),
            &alice.email,
            alice.password.expose_secret()
        )
        .await
    );
    let token = link(&app, &server, &alice).await;
    assert!(matches!(set(&app, &token, NEXT).await, Ok(Outcome::Done)));
    assert!(
        !signs_in_from(&app, from_afar(21), &alice.email, NEXT).await,
        "the lock ends by time, or by the whole sign-in"
    );
    app.app.clock.advance(TimeDelta::minutes(5));
    assert!(signs_in_from(&app, from_afar(22), &alice.email, NEXT).await);
    app.finish().await;
}

async fn signs_in_from(app: &TestApp, from: Request, email: &str, password: &str) -> bool {
    let outcome = sessions::sign_in(&app.app, from, email, password.to_owned().into()).await;
    matches!(outcome, Ok(SignIn::Started(_)))
}

#[tokio::test]
async fn no_name_that_a_request_is_sent_to_gets_into_a_link() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::Operator, &[]).await;
    let site = app.serve().await;
    let browser = site.browser();
    let token = browser.visit("/forgot-password").await.csrf();
    let fields = [
        ("csrf_token", token.as_str()),
        ("email", alice.email.as_str()),
    ];
    let sent = async |name: &'static str, value: &'static str| {
        let request = browser
            .own_page_sends(reqwest::Method::POST, "/forgot-password")
            .header(name, value);
        send(request.form(&fields)).await.status
    };
    assert_eq!(sent("host", "evil.example").await, 421);
    let mut links = 0;
    for (name, value) in [
        ("x-forwarded-host", "evil.example"),
        ("x-host", "evil.example"),
        ("x-original-host", "evil.example"),
        ("forwarded", "host=evil.example;proto=https"),
        ("x-forwarded-server", "evil.example"),
    ] {
        assert_eq!(sent(name, value).await, 200, "{name}");
        links += 1;
        let arrived: Vec<Letter> = post(&app, &server).await;
        assert_eq!(arrived.len(), links);
        let letter = &arrived[links - 1];
        assert!(!letter.body.contains("evil"), "{name}: {}", letter.body);
        let base = format!(
            "http://localhost:8080/reset-password/{}",
            letter.token("reset-password")
        );
        assert_eq!(letter.body.matches(&base).count(), 2, "{}", letter.body);
    }
    app.finish().await;
}

#[tokio::test]
async fn an_installation_without_mail_says_so_to_everybody() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::Operator, &[]).await;
    assert_eq!(
        ask(&app, alice.request.clone(), &alice.email).await,
        Requested::NoMail
    );
    assert_eq!(
        ask(&app, alice.request.clone(), "x@y.example").await,
        Requested::NoMail
    );
    let site = app.serve().await;
    let page = site.browser().visit("/forgot-password").await;
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("sends no mail") && !page.body.contains("<form"),
        "{}",
        page.body
    );
    assert_eq!(
        app.count("select count(*) from app.password_resets").await,
        0
    );
    app.finish().await;
}

#[tokio::test]
async fn a_password_that_is_refused_leaves_the_link_as_it_is() {
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let token = link(&app, &server, &alice).await;
    for refused in [
        "short",
        "Password1234567!",
        "alice orchid ferry cobalt",
        "acme orchid ferry cobalt",
        alice.password.expose_secret(),
        &"x".repeat(257),
    ] {
        assert_eq!(
            wrong_fields(set(&app, &token, refused).await),
            ["password"],
            "{refused}"
        );
    }
    assert!(matches!(
        set(&app, &token, "wqhvbzktjxmrpdnlgcys").await,
        Ok(Outcome::Done)
    ));
    app.finish().await;
}

#[tokio::test]
async fn tokens_and_passwords_are_in_no_table_no_log_and_no_mail_that_is_kept() {
    let log = Log::begin();
    let (app, server) = with_mail().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::Operator, &[]).await;
    let site = app.serve().await;
    let browser: Browser = site.browser();
    let fields = [("email", alice.email.as_str())];
    browser
        .submit("/forgot-password", "/forgot-password", &fields)
        .await;
    server.next(&[crate::support::Fate::Refused("BODY", 451)]);
    post(&app, &server).await;
    app.app.clock.advance(TimeDelta::seconds(30));
    let arrived = post(&app, &server).await;
    let token = last_to(&arrived, &alice.email).token("reset-password");
    let path = format!("/reset-password/{token}");
    browser.visit(&path).await;
    browser.visit(&format!("{path}x")).await;
    browser
        .submit(&path, &path, &[("password", "short one")])
        .await;
    let done = browser.submit(&path, &path, &[("password", NEXT)]).await;
    assert_eq!(done.leads_to(), "/sign-in");
    post(&app, &server).await;
    let logged = log.end();
    assert!(
        logged.contains("/reset-password/{token}"),
        "the route is logged"
    );
    let secret = &token[37..101];
    for hidden in [token.as_str(), secret, NEXT, alice.password.expose_secret()] {
        assert!(!logged.contains(hidden), "{hidden} is in the log");
        assert_eq!(tables_with(&app, hidden).await, [""; 0], "{hidden}");
    }
    for letter in &arrived {
        assert!(!letter.body.contains(alice.password.expose_secret()));
        assert!(!letter.body.contains(NEXT));
    }
    let mut states = letters(&app).await;
    states.sort();
    assert_eq!(
        states,
        [
            "invitation dropped superseded",
            "password_changed sent",
            "password_reset sent"
        ]
    );
    app.finish().await;
}
