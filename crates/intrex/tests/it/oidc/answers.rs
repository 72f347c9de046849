//! What a provider, or somebody in its place, may say: only a token that is signed, fresh, for us and an answer to our
//! question lets anybody in.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{PROVISIONAL, Scene};
use crate::support::provider::{CLIENT_ID, CLIENT_SECRET, Signing, ec_jwk, ec_key, rsa_jwk};

#[tokio::test]
async fn claims_that_do_not_fit_let_nobody_in() {
    let scene = Scene::begin().await;
    let now = scene.app.app.now().timestamp();
    type Bend = Arc<dyn Fn(&mut Value) + Send + Sync>;
    fn set(field: &'static str, value: Value) -> Bend {
        Arc::new(move |claims| claims[field] = value.clone())
    }
    let without = |field: &'static str| -> Bend {
        Arc::new(move |claims| {
            claims.as_object_mut().expect("claims").remove(field);
        })
    };
    let cases: Vec<(&str, Bend, &str)> = vec![
        (
            "another nonce",
            set("nonce", json!("another")),
            "token_nonce",
        ),
        ("no nonce", without("nonce"), "token_nonce"),
        (
            "another issuer",
            set("iss", json!("https://id.globex.example")),
            "token_issuer",
        ),
        (
            "a longer issuer",
            set("iss", json!(format!("{}/", scene.provider.issuer))),
            "token_issuer",
        ),
        ("no issuer", without("iss"), "token_missing"),
        (
            "another audience",
            set("aud", json!("somebody-else")),
            "token_audience",
        ),
        ("no audience", without("aud"), "token_audience"),
        (
            "a second audience",
            set("aud", json!([CLIENT_ID, "somebody-else"])),
            "token_audience",
        ),
        (
            "made for another party",
            set("azp", json!("somebody-else")),
            "token_audience",
        ),
        (
            "expired for 60 s",
            set("exp", json!(now - 60)),
            "token_time",
        ),
        (
            "expired for long",
            set("exp", json!(now - 3_600)),
            "token_time",
        ),
        ("no end", without("exp"), "token_missing"),
        ("issued in 61 s", set("iat", json!(now + 61)), "token_time"),
        (
            "issued before it was asked for",
            set("iat", json!(now - 61)),
            "token_time",
        ),
        ("no beginning", without("iat"), "token_missing"),
        ("nobody", set("sub", json!("")), "token_missing"),
        (
            "somebody long",
            set("sub", json!("x".repeat(256))),
            "token_missing",
        ),
        ("no subject", without("sub"), "token_missing"),
        (
            "a list for a subject",
            set("sub", json!(["alice-at-the-provider"])),
            "token_missing",
        ),
        (
            "too long",
            set("padding", json!("x".repeat(16 * 1024))),
            "token_missing",
        ),
    ];
    for (what, bend, reason) in cases {
        scene.provider.bends(move |claims| bend(claims));
        let browser = scene.site.browser();
        let answer = scene.goes(&browser).await;
        assert_eq!(scene.refused(&browser, &answer).await, reason, "{what}");
    }
    assert_eq!(scene.app.count(PROVISIONAL).await, 0);
    // And what fits, at the edge of what clocks may differ by, does.
    for (what, bend) in [
        ("expired for 59 s", set("exp", json!(now - 59))),
        ("issued in 60 s", set("iat", json!(now + 60))),
        (
            "an authorized party that is us",
            set("azp", json!(CLIENT_ID)),
        ),
        ("a list of one audience", set("aud", json!([CLIENT_ID]))),
        (
            "another address",
            set("email", json!("mallory@globex.example")),
        ),
    ] {
        scene.provider.bends(move |claims| bend(claims));
        let browser = scene.site.browser();
        assert_eq!(scene.goes(&browser).await.leads_to(), "/mfa", "{what}");
    }
    scene.app.finish().await;
}

#[tokio::test]
async fn a_signature_counts_by_the_providers_own_keys_alone() {
    let scene = Scene::begin().await;
    let public = rsa_jwk("first")["n"].to_string().into_bytes();
    let secret = CLIENT_SECRET.as_bytes().to_vec();
    // Published by mistake, or by whoever wants a shared secret to count.
    scene
        .provider
        .adds_key(json!({ "kty": "oct", "kid": "shared", "k": "c2VjcmV0" }));
    for (what, signing, kid) in [
        ("unsigned", Signing::Nothing, None),
        ("unsigned, naming a key", Signing::Nothing, Some("first")),
        (
            "by the client's secret",
            Signing::Hmac(secret.clone()),
            None,
        ),
        (
            "by the client's secret, naming a key",
            Signing::Hmac(secret),
            Some("first"),
        ),
        (
            "by the public key as a secret",
            Signing::Hmac(public),
            Some("first"),
        ),
        (
            "by a published secret",
            Signing::Hmac(b"secret".to_vec()),
            Some("shared"),
        ),
        ("by another key", Signing::Ec(ec_key()), None),
        (
            "by another key under a known name",
            Signing::Ec(ec_key()),
            Some("first"),
        ),
        (
            "by a key that is not known",
            Signing::Ec(ec_key()),
            Some("unknown"),
        ),
    ] {
        scene.provider.signs(signing, kid);
        let browser = scene.site.browser();
        let answer = scene.goes(&browser).await;
        let reason = scene.refused(&browser, &answer).await;
        assert!(
            reason == "token_signature" || reason == "token_missing",
            "{what}: {reason}"
        );
    }
    assert_eq!(scene.app.count(PROVISIONAL).await, 0);
    let key = ec_key();
    scene.provider.adds_key(ec_jwk(&key, "curve"));
    scene.app.app.clock.advance(chrono::TimeDelta::hours(2));
    for (signing, kid) in [
        (Signing::Rsa("RS256"), "first"),
        (Signing::Rsa("PS256"), "first"),
        (Signing::Ec(key), "curve"),
    ] {
        scene.provider.signs(signing, Some(kid));
        let browser = scene.site.browser();
        assert_eq!(scene.goes(&browser).await.leads_to(), "/mfa", "{kid}");
    }
    scene.app.finish().await;
}

#[tokio::test]
async fn a_new_key_is_asked_for_once_a_minute_and_a_tampered_token_is_none() {
    let scene = Scene::begin().await;
    let key = ec_key();
    scene
        .provider
        .signs(Signing::Ec(key.clone()), Some("second"));
    let read = scene.provider.asked("/jwks");
    // Right after the keys were read they are not asked for again, however many tokens name unknown ones.
    for _ in 0..3 {
        let browser = scene.site.browser();
        let answer = scene.goes(&browser).await;
        assert_eq!(scene.refused(&browser, &answer).await, "token_signature");
    }
    assert_eq!(scene.provider.asked("/jwks"), read);
    scene.app.app.clock.advance(chrono::TimeDelta::seconds(61));
    for _ in 0..3 {
        let browser = scene.site.browser();
        let answer = scene.goes(&browser).await;
        assert_eq!(scene.refused(&browser, &answer).await, "token_signature");
    }
    assert_eq!(scene.provider.asked("/jwks"), read + 1);
    scene.provider.adds_key(ec_jwk(&key, "second"));
    scene.app.app.clock.advance(chrono::TimeDelta::seconds(61));
    let browser = scene.site.browser();
    assert_eq!(scene.goes(&browser).await.leads_to(), "/mfa");
    assert_eq!(scene.provider.asked("/jwks"), read + 2);
    scene.app.finish().await;
}

#[tokio::test]
async fn a_provider_that_is_away_or_says_something_else_lets_nobody_in() {
    let scene = Scene::begin().await;
    let trap = scene.provider.issuer.clone();
    let large = vec![b' '; 10 * 1024 * 1024];
    let cases: Vec<(u16, String, Vec<u8>, &str)> = vec![
        (500, String::new(), Vec::new(), "exchange"),
        (
            400,
            String::new(),
            br#"{"error":"invalid_grant"}"#.to_vec(),
            "exchange",
        ),
        (302, format!("{trap}/jwks"), Vec::new(), "exchange"),
        (200, String::new(), large, "unreachable"),
        (200, String::new(), b"<html>".to_vec(), "token_missing"),
        (
            200,
            String::new(),
            br#"{"access_token":"a","token_type":"Bearer"}"#.to_vec(),
            "token_missing",
        ),
        (
            200,
            String::new(),
            br#"{"access_token":"a","token_type":"Bearer","id_token":"x.y"}"#.to_vec(),
            "token_missing",
        ),
    ];
    let keys = scene.provider.asked("/jwks");
    for (status, location, body, reason) in cases {
        scene.provider.answers("/token", status, &location, body);
        let browser = scene.site.browser();
        let answer = scene.goes(&browser).await;
        let told = scene.refused(&browser, &answer).await;
        assert_eq!(told, reason, "{status}");
    }
    assert_eq!(
        scene.provider.asked("/jwks"),
        keys,
        "no redirect is followed"
    );
    // What it publishes is believed for an hour; then it is asked again.
    scene.provider.recovers();
    let document = "/.well-known/openid-configuration";
    scene.app.app.clock.advance(chrono::TimeDelta::hours(2));
    for (status, location) in [(500, ""), (302, "http://127.0.0.1:1/")] {
        scene
            .provider
            .answers(document, status, location, Vec::new());
        let before = scene.provider.asked(document);
        for _ in 0..3 {
            let left = scene.leaves(&scene.site.browser()).await;
            assert_eq!((left.status, left.header("refresh")), (200, ""));
        }
        assert_eq!(
            scene.provider.asked(document),
            before + 1,
            "it is left alone"
        );
        scene.app.app.clock.advance(chrono::TimeDelta::seconds(16));
    }
    for (field, value) in [
        ("issuer", json!("https://id.globex.example")),
        ("authorization_endpoint", json!("javascript:alert(1)")),
        (
            "authorization_endpoint",
            json!("http://id.globex.example/authorize"),
        ),
        ("token_endpoint", json!("http://10.0.0.1/token")),
        ("jwks_uri", json!("http://169.254.169.254/latest")),
        ("jwks_uri", json!("https://localhost/jwks")),
    ] {
        scene.provider.recovers();
        scene
            .provider
            .publishes(move |document| document[field] = value.clone());
        let left = scene.leaves(&scene.site.browser()).await;
        assert_eq!((left.status, left.header("refresh")), (200, ""), "{field}");
        scene.app.app.clock.advance(chrono::TimeDelta::seconds(16));
    }
    scene.provider.recovers();
    let browser = scene.site.browser();
    assert_eq!(scene.goes(&browser).await.leads_to(), "/mfa");
    scene.app.finish().await;
}
