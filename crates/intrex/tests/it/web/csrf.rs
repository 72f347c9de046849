//! Nobody else's page can change anything in somebody's name.

use intrex_core::permission::Role;
use reqwest::Method;

use crate::support::TestApp;

const BRANCH: [(&str, &str); 4] = [
    ("code", "GUL"),
    ("name", "Gulshan"),
    ("country", "BD"),
    ("time_zone", "Asia/Dhaka"),
];

#[tokio::test]
async fn a_form_counts_only_with_a_token_of_its_own_session() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let amy = app.member(&acme, "Amy", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let hers = app
        .signed_in(&site, &amy)
        .await
        .visit("/branches/new")
        .await
        .csrf();
    let own = browser.visit("/branches/new").await.csrf();
    let (mac, random) = own.split_once('.').expect("two parts");
    for token in [
        "",
        "x",
        &hers,
        &format!("{random}.{mac}"),
        &format!("{own}x"),
        mac,
    ] {
        let mut fields = vec![("csrf_token", token)];
        fields.extend(BRANCH);
        let refused = browser.post("/branches", &fields).await;
        assert_eq!(refused.status, 403, "{token}");
    }
    assert_eq!(
        browser.post("/branches", &BRANCH).await.status,
        403,
        "no token"
    );
    let twice = [("csrf_token", own.as_str()), ("csrf_token", own.as_str())];
    assert_eq!(
        browser.post("/branches", &twice).await.status,
        403,
        "two tokens"
    );
    assert_eq!(app.count("select count(*) from app.branches").await, 0);
    let mut fields = vec![("csrf_token", own.as_str())];
    fields.extend(BRANCH);
    let accepted = browser.post("/branches", &fields).await;
    assert!(accepted.leads_to().starts_with("/branches/"));
    app.finish().await;
}

#[tokio::test]
async fn a_form_counts_only_from_a_page_of_the_same_origin() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let token = browser.visit("/branches/new").await.csrf();
    let mut fields = vec![("csrf_token", token.as_str())];
    fields.extend(BRANCH);
    let own = site.origin.as_str();
    let foreign: [&[(&str, &str)]; 8] = [
        &[
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.example"),
        ],
        &[("sec-fetch-site", "same-site"), ("origin", own)],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "same-origin"), ("origin", "null")],
        &[("origin", "https://evil.example")],
        &[("origin", "null"), ("referer", own)],
        &[("referer", "https://evil.example/")],
        &[],
    ];
    for headers in foreign {
        let mut request = browser.request(Method::POST, "/branches").form(&fields);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        assert_eq!(browser.send(request).await.status, 403, "{headers:?}");
    }
    assert_eq!(app.count("select count(*) from app.branches").await, 0);
    let referer = format!("{own}/branches/new");
    let by_referer = browser
        .request(Method::POST, "/branches")
        .header("referer", referer);
    assert_eq!(browser.send(by_referer.form(&fields)).await.status, 303);
    app.finish().await;
}

#[tokio::test]
async fn the_api_asks_a_session_for_its_token_and_a_bearer_for_none() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let token = browser.visit("/today").await.csrf();
    let made = |token: Option<&str>, name: &str| {
        let mut request = browser.own_page_sends(Method::POST, "/api/v1/tokens");
        if let Some(token) = token {
            request = request.header("x-csrf-token", token);
        }
        browser.send(request.json(&serde_json::json!({ "name": name })))
    };
    assert_eq!(made(None, "a").await.status, 403);
    assert_eq!(made(Some("x.y"), "b").await.status, 403);
    let minted = made(Some(&token), "c").await;
    assert_eq!(minted.status, 201, "{}", minted.body);
    let bearer = minted.json()["text"].as_str().expect("a text").to_owned();
    let cross_site = browser
        .request(Method::POST, "/api/v1/tokens")
        .header("x-csrf-token", &token)
        .header("sec-fetch-site", "cross-site")
        .json(&serde_json::json!({ "name": "d" }));
    assert_eq!(browser.send(cross_site).await.status, 403);
    // A program: no cookie, no origin, no token of a form.
    let branch = serde_json::json!({ "code": "GUL", "name": "Gulshan", "country": "BD", "time_zone": "Asia/Dhaka" });
    let program = |request: reqwest::RequestBuilder| {
        crate::support::browser::send(request.bearer_auth(&bearer).json(&branch))
    };
    let created = program(site.request(Method::POST, "/api/v1/branches")).await;
    assert_eq!(created.status, 201, "{}", created.body);
    // With both, the bearer authenticates; the cookie is not needed, nor its token.
    let both = program(browser.request(Method::POST, "/api/v1/branches")).await;
    assert_eq!(both.status, 422, "the code is taken: {}", both.body);
    app.finish().await;
}

#[tokio::test]
async fn a_sign_in_form_that_was_open_too_long_is_shown_again_with_what_was_typed() {
    let app = TestApp::start().await;
    let site = app.serve().await;
    let browser = site.browser();
    let token = browser.visit("/sign-in").await.csrf();
    let other = site.browser();
    let fields = [
        ("csrf_token", token.as_str()),
        ("email", "alice@acme.example"),
        ("password", "do not show this"),
    ];
    // Another browser has no seed, or another one: the token is worth nothing there.
    for _ in 0..2 {
        let again = other.post("/sign-in", &fields).await;
        assert_eq!(again.status, 403);
        assert!(
            again.body.contains("value=\"alice@acme.example\""),
            "{}",
            again.body
        );
        assert!(!again.body.contains("do not show this"));
        assert!(again.body.contains("open for too long"));
        assert_eq!(other.cookie("__Host-session"), None);
    }
    let mut with_own = fields;
    let own = other.visit("/sign-in").await.csrf();
    with_own[0].1 = &own;
    assert_eq!(
        other.post("/sign-in", &with_own).await.status,
        401,
        "it is read now, and refused"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_cookie_that_arrives_twice_is_refused_and_one_without_prefix_ignored() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let cookie = browser.cookie("__Host-session").expect("a session");
    let with = |cookies: String| {
        crate::support::browser::send(
            site.request(Method::GET, "/today")
                .header("cookie", cookies),
        )
    };
    assert_eq!(with(format!("__Host-session={cookie}")).await.status, 200);
    assert_eq!(
        with(format!("session=x; __Host-session={cookie}"))
            .await
            .status,
        200
    );
    assert_eq!(
        with(format!("__Host-session={cookie}; __Host-session=x"))
            .await
            .status,
        400
    );
    let plain = with(format!("session={cookie}")).await;
    assert_eq!(plain.leads_to(), "/sign-in?next=%2Ftoday");
    app.finish().await;
}
