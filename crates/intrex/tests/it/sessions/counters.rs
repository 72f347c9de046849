//! Failures are counted in the database, under one spelling of the address and one address of the client, whatever the
//! request calls itself and whichever process hears it.

use chrono::TimeDelta;
use intrex_core::{
    people,
    permission::Role,
    sessions::{self, SignIn},
};
use intrex_web::Options;
use reqwest::Method;
use secrecy::ExposeSecret as _;

use crate::support::{
    Member, TestApp,
    browser::{Site, send},
    members::from,
};

async fn alice(app: &TestApp) -> Member {
    let acme = app.tenant("Acme").await;
    app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await
}

#[tokio::test]
async fn no_spelling_of_an_address_finds_the_account_without_its_counter() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    let (local, domain) = alice.email.split_once('@').expect("an address");
    let wide: String = local
        .chars()
        .map(|c| char::from_u32(u32::from(c) - 0x21 + 0xff01).expect("a wide letter"))
        .collect();
    let spellings = [
        alice.email.to_uppercase(),
        format!("  {}\t", alice.email),
        format!("\u{a0}{}\u{2003}", alice.email),
        format!("{wide}@{domain}"),
        format!("{local}\u{ff20}{domain}"),
        format!("{}@{domain}", local.replace('l', "\u{2113}")),
        format!("{local}@{}", domain.replace('e', "\u{2147}")),
        alice.email.replace('i', "\u{2170}"),
        format!("{}@{}", local.to_uppercase(), domain),
        format!("\u{3000}{}", alice.email.to_uppercase()),
    ];
    // Each is the account: its password counts.
    let password = alice.password.expose_secret();
    for (attempt, spelling) in (0u8..).zip(&spellings) {
        let right = sessions::sign_in(
            &app.app,
            from([203, 1, attempt, 1]),
            spelling,
            password.into(),
        );
        let right = right.await.expect("answers");
        assert!(
            matches!(right, SignIn::Started(_)),
            "{spelling:?}: {right:?}"
        );
    }
    // And so is each failure.
    for (attempt, spelling) in (0u8..).zip(&spellings) {
        let wrong = sessions::sign_in(
            &app.app,
            from([203, 0, attempt, 1]),
            spelling,
            "a guess".into(),
        );
        let wrong = wrong.await.expect("answers");
        assert!(matches!(wrong, SignIn::Refused), "{spelling:?}: {wrong:?}");
    }
    // Spellings that are other addresses are counted for themselves, and find nobody.
    for other in [
        format!("{local}@{domain}."),
        format!("{local}.@{domain}"),
        format!("a.lice@{domain}"),
        format!("{local}+1@{domain}"),
        format!("{local}\u{200b}@{domain}"),
    ] {
        let nobody = sessions::sign_in(&app.app, from([203, 2, 1, 1]), &other, password.into());
        let nobody = nobody.await.expect("answers");
        assert!(matches!(nobody, SignIn::Refused), "{other:?}: {nobody:?}");
    }
    for spelling in spellings.iter().chain([&alice.email]) {
        let right = sessions::sign_in(&app.app, alice.request.clone(), spelling, password.into());
        let right = right.await.expect("answers");
        assert!(
            matches!(right, SignIn::Wait { .. }),
            "{spelling:?}: {right:?}"
        );
        app.app.clock.advance(TimeDelta::seconds(10));
    }
    app.finish().await;
}

#[tokio::test]
async fn processes_share_their_counters() {
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    let other = app.another_process().await;
    for attempt in 0u8..10 {
        let process = if attempt % 2 == 0 { &app.app } else { &other };
        let request = from([203, 0, attempt, 1]);
        let wrong = sessions::sign_in(process, request, &alice.email, "a guess".into()).await;
        assert!(matches!(wrong, Ok(SignIn::Refused)), "{attempt}: {wrong:?}");
    }
    for process in [&app.app, &other] {
        let (request, right) = (alice.request.clone(), alice.password.clone());
        let locked = sessions::sign_in(process, request, &alice.email, right).await;
        assert!(matches!(locked, Ok(SignIn::Wait { .. })), "{locked:?}");
    }
    // The rate of a network, too.
    let request = from([203, 9, 9, 9]);
    for attempt in 0..11 {
        let process = if attempt % 2 == 0 { &app.app } else { &other };
        let nobody = format!("nobody-{attempt}@nowhere.example");
        let tried = sessions::sign_in(process, request.clone(), &nobody, "a guess".into()).await;
        let waits = matches!(tried, Ok(SignIn::Wait { .. }));
        assert_eq!(waits, attempt == 10, "{attempt}: {tried:?}");
    }
    other.db.close().await;
    app.finish().await;
}

/// Sends a wrong password with these headers; what is answered, and for how long to wait.
async fn guess(site: &Site, headers: &[(&str, String)]) -> (u16, String) {
    let browser = site.browser();
    let form = browser.visit("/sign-in").await.csrf();
    let mut request = browser.own_page_sends(Method::POST, "/sign-in");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    // Somebody else each time: it is the client that is counted.
    let email = format!("{}@nowhere.example", &form[..20]);
    let request = request.form(&[
        ("csrf_token", form.as_str()),
        ("email", &email),
        ("password", "a guess"),
    ]);
    let answer = send(request).await;
    (answer.status, answer.header("retry-after").to_owned())
}

#[tokio::test]
async fn a_client_does_not_become_another_by_its_headers() {
    let app = TestApp::start().await;
    let site = app.serve().await;
    for attempt in 0..12 {
        let address = format!("203.0.{attempt}.7");
        let headers = [
            ("x-forwarded-for", address.clone()),
            ("x-real-ip", address.clone()),
            ("forwarded", format!("for={address}")),
            ("true-client-ip", address.clone()),
            ("cf-connecting-ip", address),
        ];
        let (status, wait) = guess(&site, &headers).await;
        if attempt < 10 {
            assert_eq!(status, 401, "{attempt}");
        } else {
            assert_eq!((status, wait.as_str()), (429, "60"), "{attempt}");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_rightmost_address_that_is_none_of_its_own_is_the_client() {
    let app = TestApp::start().await;
    let options = Options {
        trusted_proxies: vec![
            "127.0.0.0/8".parse().expect("a network"),
            "10.0.0.0/8".parse().expect("a network"),
        ],
        ..Options::default()
    };
    let site = app.serve_with(options, intrex_web::router).await;
    // What stands left of the client's own address was written by the client.
    for attempt in 0..12 {
        let chain = format!("198.51.100.{attempt}, 203.0.113.9, 10.0.0.{attempt}");
        let (status, _) = guess(&site, &[("x-forwarded-for", chain)]).await;
        assert_eq!(status, if attempt < 10 { 401 } else { 429 }, "{attempt}");
    }
    let another = "203.0.113.9, 198.51.100.77".to_owned();
    let (status, _) = guess(&site, &[("x-forwarded-for", another)]).await;
    assert_eq!(status, 401, "another client of the same proxy");
    app.finish().await;
}

#[tokio::test]
async fn the_end_of_a_lock_is_told_whoever_ends_it() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let bob = app.member(&acme, "Bob", Role::Operator, &[]).await;
    let lock = async || {
        for attempt in 0u8..10 {
            let request = from([203, 0, attempt, 1]);
            let guess = sessions::sign_in(&app.app, request, &bob.email, "a guess".into()).await;
            assert!(matches!(guess, Ok(SignIn::Refused)), "{guess:?}");
        }
    };
    app.sign_in(&bob).await;
    assert_eq!(app.told("AUTH_LOCKOUT_CLEARED").await, 0, "there was none");
    lock().await;
    people::unlock(&app.app, &acme.operator, bob.id)
        .await
        .expect("is unlocked");
    assert_eq!(app.told("AUTH_LOCKOUT_CLEARED").await, 1);
    app.app.clock.advance(TimeDelta::minutes(1));
    people::unlock(&app.app, &acme.operator, bob.id)
        .await
        .expect("is unlocked");
    assert_eq!(
        app.told("AUTH_LOCKOUT_CLEARED").await,
        1,
        "nothing was locked"
    );
    lock().await;
    app.app.clock.advance(TimeDelta::seconds(300));
    app.password_given(&bob).await;
    assert_eq!(
        app.told("AUTH_LOCKOUT_CLEARED").await,
        1,
        "not by the password alone"
    );
    app.sign_in(&bob).await;
    assert_eq!(app.told("AUTH_LOCKOUT_CLEARED").await, 2);
    let by = "select count(*) from app.audit_events where action = 'AUTH_LOCKOUT_CLEARED'
                and convert_from(entry, 'UTF8') ~ '\"by\":\"(unlock|sign_in)\"'";
    assert_eq!(app.count(by).await, 2);
    app.finish().await;
}
