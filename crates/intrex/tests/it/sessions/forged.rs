//! Cookies that somebody made themselves, with and without the key, and cookies that were planted.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use chrono::TimeDelta;
use intrex_core::permission::Role;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::support::{TestApp, browser::Site};

async fn status(site: &Site, cookie: &str) -> u16 {
    let browser = site.browser();
    browser.set_cookie("__Host-session", cookie);
    browser.visit("/api/v1/sessions").await.status
}

fn part(text: &str, at: usize) -> Value {
    let part = text.split('.').nth(at).expect("a part");
    serde_json::from_slice(&B64.decode(part).expect("base64")).expect("JSON")
}

#[tokio::test]
async fn a_cookie_counts_only_with_its_algorithm_its_kind_its_tenant_its_person_and_its_time() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let mallory = app
        .member(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
        .await;
    let site = app.serve().await;
    let cookie = app.sign_in(&alice).await;
    let good = cookie.value.expose_secret();
    let (header, claims) = (part(good, 0), part(good, 1));
    // Signed with the installation's own key: what is refused below is refused for what it says.
    let signed = |algorithm: Algorithm, change: Value| {
        let mut claims = claims.clone();
        for (name, value) in change.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        let header = Header {
            kid: header["kid"].as_str().map(str::to_owned),
            ..Header::new(algorithm)
        };
        intrex_hs::sign(algorithm, &header, &claims, &app.auth_key)
    };
    assert_eq!(status(&site, good).await, 200);
    assert_eq!(
        status(&site, &signed(Algorithm::HS256, json!({}))).await,
        200,
        "the forger has the key"
    );
    let now = app.app.now().timestamp();
    for (what, cookie) in [
        ("HS384", signed(Algorithm::HS384, json!({}))),
        ("HS512", signed(Algorithm::HS512, json!({}))),
        (
            "another kind",
            signed(Algorithm::HS256, json!({ "typ": "invitation" })),
        ),
        (
            "another audience",
            signed(Algorithm::HS256, json!({ "aud": "reset" })),
        ),
        (
            "another issuer",
            signed(Algorithm::HS256, json!({ "iss": "elsewhere" })),
        ),
        (
            "another tenant",
            signed(Algorithm::HS256, json!({ "tid": globex.id })),
        ),
        (
            "another person",
            signed(Algorithm::HS256, json!({ "sub": mallory.id })),
        ),
        (
            "another session",
            signed(Algorithm::HS256, json!({ "sid": "x".repeat(43) })),
        ),
        (
            "expired this second",
            signed(Algorithm::HS256, json!({ "exp": now })),
        ),
        (
            "expired by one second",
            signed(Algorithm::HS256, json!({ "exp": now - 1 })),
        ),
        ("no time", signed(Algorithm::HS256, json!({ "exp": null }))),
    ] {
        assert_eq!(status(&site, &cookie).await, 401, "{what}");
    }
    // Without the key.
    let body = good.split('.').nth(1).expect("claims");
    let signature = good.split('.').nth(2).expect("a signature");
    for algorithm in ["none", "None", "NONE", "HS256", "RS256", "ES256"] {
        for kid in [
            header["kid"].clone(),
            json!("../../etc/passwd"),
            json!("' or 1=1 --"),
            Value::Null,
        ] {
            let header = json!({ "typ": "JWT", "alg": algorithm, "kid": kid });
            let head = B64.encode(header.to_string());
            for end in ["", signature] {
                let cookie = format!("{head}.{body}.{end}");
                if cookie != good {
                    assert_eq!(status(&site, &cookie).await, 401, "{header} {end}");
                }
            }
        }
    }
    app.finish().await;
}

/// Signs with algorithms that the product does not know, to be sure that they are refused.
mod intrex_hs {
    use super::*;
    use hmac::{Hmac, KeyInit as _, Mac as _};

    pub(super) fn sign(
        algorithm: Algorithm,
        header: &Header,
        claims: &Value,
        key: &[u8],
    ) -> String {
        let _ = EncodingKey::from_secret(key);
        let head = B64.encode(serde_json::to_vec(header).expect("JSON"));
        let text = format!("{head}.{}", B64.encode(claims.to_string()));
        macro_rules! mac {
            ($hash:ty) => {{
                let mut mac = Hmac::<$hash>::new_from_slice(key).expect("any length");
                mac.update(text.as_bytes());
                B64.encode(mac.finalize().into_bytes())
            }};
        }
        let signature = match algorithm {
            Algorithm::HS256 => mac!(sha2::Sha256),
            Algorithm::HS384 => mac!(sha2::Sha384),
            _ => mac!(sha2::Sha512),
        };
        format!("{text}.{signature}")
    }
}

#[tokio::test]
async fn a_session_that_was_planted_becomes_nobodys_and_two_cookies_are_none() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let mallory = app.member(&acme, "Mallory", Role::Operator, &[]).await;
    let site = app.serve().await;
    // Mallory plants her provisional session, and the seed of the form, in Alice's browser.
    let planter = site.browser();
    let seed = planter.visit("/sign-in").await;
    let pre = planter.cookie("__Host-pre").expect("a seed");
    let fields = [
        ("email", mallory.email.as_str()),
        ("password", mallory.password.expose_secret()),
    ];
    planter.submit("/sign-in", "/sign-in", &fields).await;
    let planted = planter.cookie("__Host-session").expect("a session");
    let browser = site.browser();
    browser.set_cookie("__Host-pre", &pre);
    browser.set_cookie("__Host-session", &planted);
    app.app.clock.advance(TimeDelta::seconds(30));
    let fields = [
        ("email", alice.email.as_str()),
        ("password", alice.password.expose_secret()),
    ];
    browser.submit("/sign-in", "/sign-in", &fields).await;
    let begun = browser.cookie("__Host-session").expect("a session");
    assert_ne!(begun, planted);
    browser
        .submit("/mfa", "/mfa", &[("code", &app.code(&alice))])
        .await;
    let full = browser.cookie("__Host-session").expect("a session");
    assert_ne!(full, begun);
    assert_eq!(status(&site, &full).await, 200);
    for dead in [&begun, &planted] {
        assert_eq!(
            status(&site, dead).await,
            401,
            "what was known before is worth nothing"
        );
    }
    // What the seed was good for ended with it.
    let old = [("csrf_token", seed.csrf()), ("name", "x".to_owned())];
    let old: Vec<(&str, &str)> = old
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    assert_eq!(browser.post("/settings/tokens", &old).await.status, 403);
    // A pair of cookies is nobody's, whichever comes first.
    for pair in [[&full, &planted], [&planted, &full]] {
        let line = format!("__Host-session={}; __Host-session={}", pair[0], pair[1]);
        let request = site
            .request(reqwest::Method::GET, "/api/v1/sessions")
            .header("cookie", line);
        assert_eq!(crate::support::browser::send(request).await.status, 400);
    }
    // And a form with the token of another session is refused.
    let other = app.signed_in(&site, &mallory).await;
    let token = other.visit("/settings").await.csrf();
    let answer = browser
        .post(
            "/settings/sessions/revoke-others",
            &[("csrf_token", &token)],
        )
        .await;
    assert_eq!(answer.status, 403);
    app.finish().await;
}
