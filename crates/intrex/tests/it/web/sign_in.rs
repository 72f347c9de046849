//! Signing in and out, as a person with a browser meets it.

use chrono::TimeDelta;
use intrex_core::{permission::Role, vault::one_time};
use intrex_web::routes::{Kind, Verb};
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};

use crate::support::{Member, TestApp, browser::Answer};

fn credentials(member: &Member) -> [(&str, &str); 2] {
    [
        ("email", &member.email),
        ("password", member.password.expose_secret()),
    ]
}

#[tokio::test]
async fn somebody_signs_in_with_both_factors_and_lands_where_they_wanted_to() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    app.app.clock.advance(TimeDelta::seconds(30));
    let site = app.serve().await;
    let browser = site.browser();
    let wanted = browser.visit("/branches?q=x").await;
    assert_eq!(wanted.leads_to(), "/sign-in?next=%2Fbranches%3Fq%3Dx");
    let page = "/sign-in?next=%2Fbranches%3Fq%3Dx";
    let first = browser.submit(page, page, &credentials(&alice)).await;
    assert_eq!(first.leads_to(), "/mfa?next=%2Fbranches%3Fq%3Dx");
    assert_eq!(browser.cookie("__Host-pre"), None, "the seed is done with");
    let provisional = browser.cookie("__Host-session").expect("a session");
    let code = app.code(&alice);
    let gapped = format!("{} {}", &code[..3], &code[3..]);
    let second = browser
        .submit(
            "/mfa?next=%2Fbranches%3Fq%3Dx",
            "/mfa?next=%2Fbranches%3Fq%3Dx",
            &[("code", &gapped)],
        )
        .await;
    assert_eq!(second.leads_to(), "/branches?q=x");
    let set = second.header("set-cookie");
    assert!(set.starts_with("__Host-session="), "{set}");
    for attribute in [
        "HttpOnly",
        "SameSite=Lax",
        "Secure",
        "Path=/",
        "Max-Age=86400",
    ] {
        assert!(set.contains(attribute), "{set}");
    }
    assert_ne!(
        browser.cookie("__Host-session"),
        Some(provisional),
        "a new session for new rights"
    );
    let page = browser.visit("/branches?q=x").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Head Office Admin") && page.body.contains("Acme"));
    app.finish().await;
}

#[tokio::test]
async fn nobody_is_led_to_another_site() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    for next in [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/%09/evil.example",
        "/sign-out",
    ] {
        app.app.clock.advance(TimeDelta::seconds(60));
        let browser = site.browser();
        let query: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        let page = format!("/sign-in?next={query}");
        let first = browser.submit(&page, &page, &credentials(&alice)).await;
        let to = first.leads_to().to_owned();
        assert!(!to.contains("evil") || to.contains("%2509"), "{to}");
        let code = app.code(&alice);
        let second = browser
            .submit(&to, &format!("/mfa?next={query}"), &[("code", &code)])
            .await;
        let to = second.leads_to();
        assert!(to == "/today" || to == "/%09/evil.example", "{to}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_look_the_same() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let refused = async |email: &str| {
        let browser = site.browser();
        let fields = [("email", email), ("password", "not the password")];
        let answer = browser.submit("/sign-in", "/sign-in", &fields).await;
        assert_eq!(browser.cookie("__Host-session"), None);
        answer
    };
    let known = refused(&alice.email).await;
    let unknown = refused("nobody@acme.example").await;
    assert_eq!((known.status, unknown.status), (401, 401));
    let same = |answer: &Answer, email: &str| {
        let nonce = answer
            .header("content-security-policy")
            .split('\'')
            .find(|part| part.starts_with("nonce-"));
        let nonce = nonce
            .expect("a nonce")
            .trim_start_matches("nonce-")
            .to_owned();
        answer
            .body
            .replace(email, "EMAIL")
            .replace(&answer.csrf(), "TOKEN")
            .replace(&nonce, "NONCE")
    };
    assert_eq!(
        same(&known, &alice.email),
        same(&unknown, "nobody@acme.example")
    );
    let names = |answer: &Answer| {
        answer
            .headers
            .keys()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&known), names(&unknown));
    app.finish().await;
}

#[tokio::test]
async fn without_the_second_factor_nothing_opens_but_what_belongs_to_it() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let browser = site.browser();
    let first = browser
        .submit("/sign-in", "/sign-in", &credentials(&alice))
        .await;
    assert_eq!(first.leads_to(), "/mfa");
    let token = browser.visit("/mfa").await.csrf();
    let open = ["public", "provisional", "session"];
    let mut closed = 0;
    for route in intrex_web::routes() {
        if open.contains(&route.permission) {
            continue;
        }
        closed += 1;
        let path = route
            .path
            .replace("{id}", "0190a7c2-51f0-7c1e-9d10-4be1a707ae9f");
        let method = match route.method {
            Verb::Get => Method::GET,
            Verb::Post => Method::POST,
            Verb::Patch => Method::PATCH,
            Verb::Put => Method::PUT,
            Verb::Delete => Method::DELETE,
        };
        let request = browser
            .own_page_sends(method, &path)
            .header("x-csrf-token", &token);
        let answer = browser.send(request).await;
        match route.kind {
            Kind::Api => assert_eq!(answer.status, 401, "{path}"),
            _ => assert!(
                answer.leads_to().starts_with("/mfa"),
                "{path}: {}",
                answer.leads_to()
            ),
        }
    }
    assert!(closed > 10, "{closed}");
    assert_eq!(
        browser.visit("/mfa/setup").await.leads_to(),
        "/mfa",
        "the other step"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_wrong_code_is_said_beside_the_field_and_a_used_one_does_not_count() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let browser = site.browser();
    browser
        .submit("/sign-in", "/sign-in", &credentials(&alice))
        .await
        .leads_to();
    // The code that set the factor up is used.
    let used = app.code(&alice);
    let answer = browser.submit("/mfa", "/mfa", &[("code", &used)]).await;
    assert_eq!(answer.status, 401);
    assert!(
        answer.body.contains("id=\"code-error\"") && answer.body.contains("aria-invalid=\"true\"")
    );
    let nonsense = browser
        .submit("/mfa", "/mfa", &[("code", "no digits at all")])
        .await;
    assert_eq!(nonsense.status, 401);
    app.finish().await;
}

#[tokio::test]
async fn whoever_is_invited_chooses_a_password_and_sets_the_second_factor_up_once() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let invited = app.invite(&acme, "Bob", Role::Operator, &[]).await;
    let site = app.serve().await;
    let browser = site.browser();
    let link = format!("/invitation/{}", invited.token.expose_secret());
    let page = browser.visit(&link).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(page.header("referrer-policy"), "same-origin");
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(page.body.contains("Acme") && page.body.contains("Bob"));
    let weak = browser.submit(&link, &link, &[("password", "short")]).await;
    assert_eq!(weak.status, 422);
    assert!(weak.body.contains("id=\"password-error\"") && !weak.body.contains("short\""));
    let password = "copper lantern by the river";
    let chosen = browser
        .submit(&link, &link, &[("password", password)])
        .await;
    assert_eq!(chosen.leads_to(), "/sign-in");
    assert_eq!(
        browser.visit(&link).await.status,
        404,
        "the link is used up"
    );
    let fields = [
        ("email", invited.person.email.as_str()),
        ("password", password),
    ];
    let first = browser.submit("/sign-in", "/sign-in", &fields).await;
    assert_eq!(first.leads_to(), "/mfa/setup");
    let setup = browser.visit("/mfa/setup").await;
    let secret = secret_of(&setup);
    assert_eq!(setup.header("cache-control"), "no-store");
    assert!(setup.body.contains("<svg viewBox=\"0 0 ") && !setup.body.contains("otpauth"));
    let wrong = browser
        .submit("/mfa/setup", "/mfa/setup", &[("code", "000000")])
        .await;
    assert_eq!(wrong.status, 401);
    assert_eq!(
        secret_of(&wrong),
        secret,
        "the app that was scanned stays right"
    );
    let code =
        one_time::code_at(&SecretString::from(secret.clone()), app.app.now()).expect("a code");
    let done = browser
        .submit("/mfa/setup", "/mfa/setup", &[("code", &code)])
        .await;
    assert_eq!(
        done.leads_to(),
        "/settings/second-factor/recovery-codes?next=%2Ftoday"
    );
    let never_again = browser.visit("/mfa/setup").await;
    assert_eq!(never_again.leads_to(), "/today");
    assert!(!never_again.body.contains(&secret[..8]));
    app.finish().await;
}

#[tokio::test]
async fn signing_out_ends_the_session_and_clears_the_browser() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let cookie = browser.cookie("__Host-session").expect("a session");
    assert_eq!(
        browser.visit("/sign-out").await.status,
        405,
        "a link does not sign out"
    );
    assert_eq!(
        browser.post("/sign-out", &[]).await.status,
        403,
        "nor a form of somebody else"
    );
    assert_eq!(browser.visit("/today").await.status, 200);
    let out = browser.submit("/today", "/sign-out", &[]).await;
    assert_eq!(out.leads_to(), "/sign-in");
    assert_eq!(
        out.header("clear-site-data"),
        "\"cache\", \"cookies\", \"storage\""
    );
    assert_eq!(browser.cookie("__Host-session"), None);
    browser.set_cookie("__Host-session", &cookie);
    assert_eq!(
        browser.visit("/today").await.leads_to(),
        "/sign-in?next=%2Ftoday"
    );
    app.finish().await;
}

#[tokio::test]
async fn the_theme_is_remembered_and_leads_back() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    assert!(!browser.visit("/today").await.body.contains("data-theme"));
    let dark = [("theme", "dark"), ("back", "/branches?q=x")];
    let back = browser.submit("/today", "/settings/theme", &dark).await;
    assert_eq!(back.leads_to(), "/branches?q=x");
    assert!(
        browser
            .visit("/today")
            .await
            .body
            .contains("<html lang=\"en\" data-theme=\"dark\">")
    );
    let elsewhere = [("theme", "auto"), ("back", "//evil.example")];
    let back = browser
        .submit("/today", "/settings/theme", &elsewhere)
        .await;
    assert_eq!(back.leads_to(), "/today");
    assert!(!browser.visit("/today").await.body.contains("data-theme"));
    app.finish().await;
}

/// The secret as the page shows it, in groups.
fn secret_of(page: &Answer) -> String {
    let (_, rest) = page
        .body
        .split_once("<p class=\"secret\"")
        .expect("a secret");
    let groups = rest
        .split("</p>")
        .next()
        .expect("it ends")
        .split("<span>")
        .skip(1);
    groups
        .map(|group| group.split("</span>").next().expect("a group"))
        .collect()
}
