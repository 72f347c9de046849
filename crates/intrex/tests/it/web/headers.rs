//! The header set: on every class of answer, and what pages must not contain for the policy to hold.

use std::collections::BTreeSet;

use axum::{Router, routing::get};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use intrex_core::permission::Role;
use intrex_web::{Options, WebState};
use reqwest::Method;
use sha2::{Digest as _, Sha384};

use crate::support::{
    TestApp,
    browser::{Answer, send},
};

const EVERYWHERE: [(&str, &str); 8] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("x-xss-protection", "1; mode=block"),
    (
        "permissions-policy",
        "geolocation=(), camera=(), microphone=(), payment=(), usb=(), serial=(), hid=(), midi=(), \
         display-capture=(), publickey-credentials-get=(self), publickey-credentials-create=(self)",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
];

#[track_caller]
fn assert_framed(answer: &Answer, what: &str) {
    for (name, value) in EVERYWHERE {
        assert_eq!(answer.header(name), value, "{name} on {what}");
    }
    let id = answer.header("x-request-id").to_owned();
    assert_eq!(
        uuid::Uuid::parse_str(&id).expect("an id").get_version_num(),
        7,
        "{what}"
    );
    let csp = answer.header("content-security-policy");
    if answer.header("content-type").starts_with("text/html") {
        assert!(csp.starts_with(
            "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
        ));
        assert!(
            csp.contains("script-src 'nonce-") && csp.contains("' 'strict-dynamic';"),
            "{csp}"
        );
        assert!(
            csp.contains("require-trusted-types-for 'script'; trusted-types 'none'"),
            "{csp}"
        );
        assert!(
            csp.ends_with("report-to csp-endpoint; report-uri /csp-report"),
            "{csp}"
        );
        for forbidden in ["unsafe", "*", "http:", "ws:"] {
            assert!(!csp.contains(forbidden), "{csp}");
        }
        assert_eq!(answer.header("cache-control"), "no-store", "{what}");
        assert!(answer.header("vary").contains("Cookie"), "{what}");
    } else {
        assert_eq!(
            csp, "default-src 'none'; frame-ancestors 'none'; sandbox",
            "{what}"
        );
    }
    assert!(
        answer
            .header("reporting-endpoints")
            .ends_with("/csp-report\""),
        "{what}"
    );
}

#[tokio::test]
async fn every_class_of_answer_carries_the_whole_set() {
    let app = TestApp::start().await;
    let site = app.serve().await;
    let ask = |method: Method, path: &str| send(site.request(method, path));
    let style = asset(&ask(Method::GET, "/sign-in").await.body, "stylesheet");
    for (method, path, status) in [
        (Method::GET, "/sign-in", 200),
        (Method::HEAD, "/sign-in", 200),
        (Method::GET, "/", 303),
        (Method::GET, "/today", 303),
        (Method::GET, "/nothing-here", 404),
        (Method::GET, "/api/v1/nothing-here", 404),
        (Method::GET, "/api/v1/branches", 401),
        (Method::POST, "/today", 405),
        (Method::DELETE, "/api/v1/branches", 405),
        (Method::OPTIONS, "/sign-in", 405),
        (Method::POST, "/sign-in", 403),
        (Method::POST, "/csp-report", 415),
        (Method::GET, "/static/nothing.css", 404),
        (Method::GET, &style, 200),
        (Method::GET, "/healthz", 200),
        (Method::GET, "/readyz", 200),
        (Method::GET, "/openapi.json", 200),
        (Method::GET, "/.well-known/security.txt", 200),
    ] {
        let what = format!("{method} {path}");
        let answer = ask(method, path).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.body);
        assert_framed(&answer, &what);
        assert_eq!(answer.header("server-timing"), "", "{what}");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{what}");
    }
    let report = site
        .request(Method::POST, "/csp-report")
        .body("x".repeat(20_000));
    let large = send(report.header("content-type", "application/csp-report")).await;
    assert_eq!(large.status, 413);
    assert_framed(&large, "a body that is too large");
    let elsewhere = send(
        site.request(Method::GET, "/sign-in")
            .header("host", "evil.example"),
    )
    .await;
    assert_eq!(elsewhere.status, 421);
    assert_framed(&elsewhere, "another host");
    app.finish().await;
}

#[tokio::test]
async fn a_panic_is_an_answer_like_any_other_and_tells_nothing() {
    async fn panics() -> &'static str {
        panic!("a secret of the inside")
    }
    let app = TestApp::start().await;
    let site = app
        .serve_with(Options::default(), |state: WebState| {
            intrex_web::framed(Router::new().route("/boom", get(panics)), state)
        })
        .await;
    let answer = send(site.request(Method::GET, "/boom")).await;
    assert_eq!(answer.status, 500);
    assert_framed(&answer, "a panic");
    assert!(!answer.body.contains("secret"), "{}", answer.body);
    app.finish().await;
}

#[tokio::test]
async fn each_page_has_a_nonce_of_its_own_and_scripts_that_match_their_hash() {
    let app = TestApp::start().await;
    let site = app.serve().await;
    let mut nonces = BTreeSet::new();
    for _ in 0..3 {
        let page = send(site.request(Method::GET, "/sign-in")).await;
        let csp = page.header("content-security-policy");
        let (_, rest) = csp.split_once("'nonce-").expect("a nonce");
        let nonce = rest.split('\'').next().expect("a nonce").to_owned();
        assert_eq!(STANDARD.decode(&nonce).expect("base64").len(), 16);
        for script in page.body.split("<script").skip(1) {
            assert!(script.contains(&format!("nonce=\"{nonce}\"")), "{script}");
        }
        nonces.insert(nonce);
    }
    assert_eq!(nonces.len(), 3);
    let page = send(site.request(Method::GET, "/sign-in")).await.body;
    let (_, tag) = page.split_once("<script").expect("a script");
    let source = attribute(tag, "src");
    let script = send(site.request(Method::GET, &source)).await;
    let hash = STANDARD.encode(Sha384::digest(script.body.as_bytes()));
    assert_eq!(attribute(tag, "integrity"), format!("sha384-{hash}"));
    assert_eq!(
        script.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(script.header("vary").to_lowercase(), "accept-encoding");
    app.finish().await;
}

#[tokio::test]
async fn pages_hold_no_inline_style_handler_or_script() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let dhaka = app.branch(&acme, "DHK-1").await.id;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    for path in [
        "/today".to_owned(),
        "/branches".to_owned(),
        "/branches/new".to_owned(),
        format!("/branches/{dhaka}"),
        format!("/branches/{dhaka}/edit"),
        "/sign-in".to_owned(),
        "/nothing".to_owned(),
    ] {
        let page = browser.visit(&path).await;
        assert!(!page.body.contains(" style="), "{path}");
        for tag in page.body.split('<') {
            let handler = tag
                .split_whitespace()
                .skip(1)
                .any(|attribute| attribute.starts_with("on") && attribute.contains('='));
            assert!(!handler, "{path}: {tag}");
        }
        for form in page.body.split("<form").skip(1) {
            let form = form.split("</form>").next().expect("it ends");
            assert!(attribute(form, "action").starts_with('/'), "{path}: {form}");
            if form.contains("method=\"post\"") {
                assert!(
                    form.contains("name=\"csrf_token\" value=\""),
                    "{path}: {form}"
                );
                assert!(
                    !form.contains("name=\"csrf_token\" value=\"\""),
                    "{path}: {form}"
                );
            }
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn timings_are_told_to_people_who_are_signed_in_alone() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let today = browser.visit("/today").await;
    assert_eq!(today.status, 200, "{}", today.body);
    for part in ["db;dur=", "render;dur=", "total;dur="] {
        assert!(
            today.header("server-timing").contains(part),
            "{}",
            today.header("server-timing")
        );
    }
    let anonymous = site.browser();
    assert_eq!(
        anonymous.visit("/sign-in").await.header("server-timing"),
        ""
    );
    let refused = anonymous
        .submit(
            "/sign-in",
            "/sign-in",
            &[("email", &alice.email), ("password", "wrong")],
        )
        .await;
    assert_eq!(refused.header("server-timing"), "");
    app.finish().await;
}

#[tokio::test]
async fn https_is_insisted_on_where_the_address_says_so() {
    let app = TestApp::start().await;
    let base = Some("https://intrex.example");
    let site = app
        .serve_as(base, Options::default(), intrex_web::router)
        .await;
    let page = send(
        site.request(Method::GET, "/sign-in")
            .header("host", "intrex.example"),
    )
    .await;
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("strict-transport-security"),
        "max-age=63072000; includeSubDomains; preload"
    );
    assert!(
        page.header("content-security-policy")
            .contains("upgrade-insecure-requests;")
    );
    assert_eq!(
        page.header("reporting-endpoints"),
        "csp-endpoint=\"https://intrex.example/csp-report\""
    );
    let by_address = send(site.request(Method::GET, "/sign-in")).await;
    assert_eq!(by_address.status, 421);
    let plain = app.serve().await;
    let page = send(plain.request(Method::GET, "/sign-in")).await;
    assert_eq!(page.header("strict-transport-security"), "");
    assert!(
        !page
            .header("content-security-policy")
            .contains("upgrade-insecure-requests")
    );
    app.finish().await;
}

/// The address of a linked file.
fn asset(page: &str, relation: &str) -> String {
    let (_, tag) = page
        .split_once(&format!("<link rel=\"{relation}\""))
        .expect("a link");
    attribute(tag, "href")
}

/// The value of the first attribute of this name.
#[track_caller]
fn attribute(tag: &str, name: &str) -> String {
    let (_, rest) = tag
        .split_once(&format!(" {name}=\""))
        .expect("the attribute");
    rest.split('"').next().expect("a value").to_owned()
}
