//! Setting connectors up: by head office admins with both factors, on pages and by scripts of pages, and by nobody else.

use chrono::TimeDelta;
use intrex_core::{
    Error,
    connectors::{self, Status},
    permission::Role,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Scene, raw};
use crate::support::{
    browser::{Answer, Browser},
    members::{conflict, wrong_fields},
    sink::Sink,
};

/// A script of the page.
async fn script(browser: &Browser, method: Method, path: &str, body: Value) -> Answer {
    let token = browser.visit("/settings").await.csrf();
    let request = browser
        .own_page_sends(method, path)
        .header("x-csrf-token", token);
    browser.send(request.json(&body)).await
}

#[tokio::test]
async fn an_admin_sets_a_webhook_up_on_pages_and_sees_its_secret_once() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let site = scene.app.serve().await;
    let browser = scene.app.signed_in(&site, &scene.alice).await;
    let list = "/settings/connectors";
    let choices = browser.visit("/settings/connectors/new").await.body;
    for kind in ["webhook", "email_smtp", "telegram_bot", "whatsapp_business"] {
        let form = format!("/settings/connectors/new?type={kind}");
        assert!(choices.contains(&form), "{kind}");
        assert_eq!(browser.visit(&form).await.status, 200, "{kind}");
    }
    let form = "/settings/connectors/new?type=webhook";
    let wrong = [
        ("type", "webhook"),
        ("name", "Operations"),
        ("config.url", "not an address"),
        ("secrets.authorization", "Bearer typed-canary"),
    ];
    let refused = browser.submit(form, list, &wrong).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("not an address") && refused.body.contains("Operations"));
    assert!(!refused.body.contains("typed-canary"));
    let url = format!("{}/hook", sink.url());
    let fields = [
        ("type", "webhook"),
        ("name", "Operations"),
        ("config.url", url.as_str()),
        ("config.headers", "X-Team: ops\r\nX-Shift: night"),
    ];
    let made = browser.submit(form, list, &fields).await;
    assert_eq!(made.status, 200);
    let secret = made.body.split("whsec_").nth(1).expect("it is shown");
    let secret = secret.split('<').next().expect("it ends").to_owned();
    assert_eq!(made.header("cache-control"), "no-store");
    let page = browser.visit(list).await.body;
    assert!(page.contains("Operations") && page.contains("Not verified"));
    let all = browser.visit("/api/v1/connectors").await;
    assert!(!all.body.contains(&secret));
    let one = all.json()["items"][0].clone();
    assert_eq!(one["config"]["headers"]["x-shift"], "night");
    assert_eq!(one["secrets"]["signing_secret"]["set"], true);
    let here = format!("{list}/{}", one["id"].as_str().expect("an id"));
    let shown = browser.visit(&here).await.body;
    assert!(!shown.contains(&secret));
    let verified = browser.submit(&here, &format!("{here}/verify"), &[]).await;
    assert_eq!(verified.status, 200);
    for word in ["It works.", "Connecting", "passed", "Active"] {
        assert!(verified.body.contains(word), "{word}");
    }
    sink.answers(&[(500, "", "out of <order>")]);
    let failed = browser.submit(&here, &format!("{here}/test"), &[]).await;
    for word in [
        "It does not work.",
        "server_error: HTTP 500",
        "&#60;order&#62;",
        "Failing",
    ] {
        assert!(failed.body.contains(word), "{word}: {}", failed.body);
    }
    let edit = format!("{here}/edit");
    let form = browser.visit(&edit).await.body;
    assert!(form.contains(&url) && form.contains("x-shift: night") && !form.contains(&secret));
    let fields = [
        ("type", "webhook"),
        ("name", "Night watch"),
        ("config.url", &url),
        ("config.headers", ""),
    ];
    let changed = browser.submit(&edit, &here, &fields).await;
    assert_eq!(changed.leads_to(), here);
    assert!(browser.visit(&here).await.body.contains("Night watch"));
    let rotate = format!("{here}/rotate");
    let rotated = browser.submit(&rotate, &rotate, &[]).await;
    assert!(rotated.body.contains("whsec_"), "{}", rotated.body);
    let promoted = browser.submit(&here, &format!("{here}/promote"), &[]).await;
    assert_eq!(promoted.leads_to(), here);
    let early = browser
        .submit(&format!("{here}/remove"), &format!("{here}/remove"), &[])
        .await;
    assert_eq!(early.status, 409);
    let disabled = browser.submit(&here, &format!("{here}/disable"), &[]).await;
    assert_eq!(disabled.leads_to(), here);
    let test = browser.submit(&here, &format!("{here}/test"), &[]).await;
    assert_eq!(test.status, 409);
    let removed = browser
        .submit(&format!("{here}/remove"), &format!("{here}/remove"), &[])
        .await;
    assert_eq!(removed.leads_to(), list);
    assert_eq!(browser.visit(&here).await.status, 404);
    let secrets = "select count(*) from app.connector_secrets";
    assert_eq!(scene.app.count(secrets).await, 0, "they go with it");
    scene.app.finish().await;
}

#[tokio::test]
async fn what_redirects_messages_needs_a_fresh_factor_and_stopping_does_not() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let id = scene.webhook(&sink).await.connector.id;
    let (app, alice) = (&scene.app.app, &scene.actor);
    app.clock.advance(TimeDelta::minutes(30));
    let change = raw(json!({ "name": "Another" }));
    assert!(matches!(
        connectors::create(app, alice, &raw(json!({}))).await,
        Err(Error::StepUp)
    ));
    assert!(matches!(
        connectors::update(app, alice, id, &change, None).await,
        Err(Error::StepUp)
    ));
    assert!(matches!(
        connectors::rotate(app, alice, id, &Default::default()).await,
        Err(Error::StepUp)
    ));
    assert!(scene.verified(id).await.ok);
    connectors::disable(app, alice, id).await.expect("stops");
    assert!(matches!(
        connectors::enable(app, alice, id).await,
        Err(Error::StepUp)
    ));
    assert!(matches!(
        connectors::remove(app, alice, id).await,
        Err(Error::StepUp)
    ));
    for role in [Role::BranchManager, Role::Operator] {
        let branch = scene.app.branch(&scene.acme, role.as_str()).await;
        let name = role.as_str();
        let member = scene
            .app
            .member(&scene.acme, name, role, &[branch.id])
            .await;
        let actor = scene.app.acting(&member).await;
        let looked = connectors::verify(app, &actor, id).await;
        assert!(matches!(looked, Err(Error::Forbidden)), "{name}");
        let mut tx = app.db.read(&actor).await.expect("reads");
        let listed = connectors::reads::list(&mut tx).await;
        assert!(matches!(listed, Err(Error::Forbidden)), "{name}");
        tx.finish().await.expect("finishes");
    }
    scene.app.finish().await;
}

#[tokio::test]
async fn programs_make_change_and_remove_connectors_and_a_repeated_request_shows_no_secret() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let site = scene.app.serve().await;
    let browser = scene.app.signed_in(&site, &scene.alice).await;
    let all = "/api/v1/connectors";
    let body = json!({ "type": "webhook", "name": "Ops", "config": { "url": sink.url() } });
    let token = browser.visit("/settings").await.csrf();
    let post = async || {
        let request = browser
            .own_page_sends(Method::POST, all)
            .header("x-csrf-token", &token)
            .header("idempotency-key", "once")
            .json(&body);
        browser.send(request).await
    };
    let made = post().await;
    assert_eq!(made.status, 201, "{}", made.body);
    let secret = made.json()["signing_secret"]
        .as_str()
        .expect("made here")
        .to_owned();
    let again = post().await;
    assert_eq!(again.status, 201);
    assert!(!again.body.contains(&secret) && !again.body.contains("whsec_"));
    let one = made.header("location").to_owned();
    assert_eq!(again.header("location"), one);
    let etag = browser.visit(&one).await.header("etag").to_owned();
    let patch = async |etag: &str, body: Value| {
        let request = browser
            .own_page_sends(Method::PATCH, &one)
            .header("x-csrf-token", &token)
            .header("if-match", etag)
            .json(&body);
        browser.send(request).await
    };
    let changed = patch(
        &etag,
        json!({ "config": { "headers": { "X-Team": "ops" } } }),
    )
    .await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let shown = changed.json();
    assert!(
        shown["config"]["url"]
            .as_str()
            .is_some_and(|url| url.starts_with(&sink.url()))
    );
    assert_eq!(shown["config"]["headers"]["x-team"], "ops");
    assert_eq!(patch(&etag, json!({ "name": "Late" })).await.status, 412);
    for (body, field) in [
        (json!({ "type": "email_smtp" }), "type"),
        (json!({ "config": { "host": "x" } }), "config.host"),
        (json!({ "config": { "surprise": 1 } }), "config.surprise"),
        (
            json!({ "config": { "headers": { "Host": "x" } } }),
            "config.headers",
        ),
        (json!({ "secrets": { "token": "x" } }), "secrets.token"),
        (
            json!({ "secrets": { "signing_secret": "short" } }),
            "secrets.signing_secret",
        ),
    ] {
        let refused = patch("*", body.clone()).await;
        assert_eq!(refused.status, 422, "{body}");
        assert!(
            refused.json()["errors"][field].is_array(),
            "{body}: {}",
            refused.body
        );
    }
    let verify = script(&browser, Method::POST, &format!("{one}/verify"), json!({})).await;
    assert_eq!(verify.json()["ok"], true, "{}", verify.body);
    assert_eq!(verify.json()["stages"][0]["stage"], "address");
    for _ in 0..5 {
        script(&browser, Method::POST, &format!("{one}/test"), json!({})).await;
    }
    let often = script(&browser, Method::POST, &format!("{one}/test"), json!({})).await;
    assert_eq!((often.status, often.header("retry-after")), (429, "60"));
    let early = script(&browser, Method::DELETE, &one, json!({})).await;
    assert_eq!(early.status, 409);
    let off = script(&browser, Method::POST, &format!("{one}/disable"), json!({})).await;
    assert_eq!(off.json()["status"], "disabled");
    let gone = script(&browser, Method::DELETE, &one, json!({})).await;
    assert_eq!(gone.status, 204);
    assert_eq!(browser.visit(&one).await.status, 404);
    scene.app.finish().await;
}

#[tokio::test]
async fn every_type_says_all_that_is_wrong_with_it_at_once() {
    let scene = Scene::begin().await;
    let ca = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
    for (body, fields) in [
        (json!({}), vec!["type", "name"]),
        (json!({ "type": "pigeon", "name": "x" }), vec!["type"]),
        (json!({ "type": "webhook" }), vec!["name", "config.url"]),
        (
            json!({ "type": "email_smtp", "name": "x", "config": { "tls": "maybe", "port": 0, "username": "u" } }),
            vec!["config.tls", "config.port", "config.host", "config.from"],
        ),
        (
            json!({ "type": "email_smtp", "name": "x", "config": { "host": "mail.example.com", "from": "a@b.example", "ca": ca } }),
            vec!["config.ca"],
        ),
        (
            json!({ "type": "email_smtp", "name": "x", "config": { "host": "mail.example.com", "from": "a@b.example",
                    "tls": "none", "username": "u" }, "secrets": { "password": "p" } }),
            vec!["config.tls"],
        ),
        (
            json!({ "type": "email_smtp", "name": "x", "config": { "host": "mail.example.com", "username": "u",
                    "from": "a@b.example\r\nBcc: c@d.example" }, "secrets": { "password": "p" } }),
            vec!["config.from"],
        ),
        (
            json!({ "type": "email_smtp", "name": "x", "config": { "host": "mail.example.com", "from": "a@b.example", "username": "u" } }),
            vec!["secrets.password"],
        ),
        (
            json!({ "type": "telegram_bot", "name": "x", "config": { "base_url": "https://api.example/?x" } }),
            vec!["config.chat_id", "config.base_url"],
        ),
        (
            json!({ "type": "telegram_bot", "name": "x", "config": { "chat_id": "1" }, "secrets": { "token": "1:../x" } }),
            vec!["secrets.token"],
        ),
        (
            json!({ "type": "whatsapp_business", "name": "x", "config": { "to": "0171", "template": "A b", "variables": ["x"] } }),
            vec![
                "config.phone_number_id",
                "config.to",
                "config.template",
                "config.variables",
            ],
        ),
    ] {
        let made = connectors::create(&scene.app.app, &scene.actor, &raw(body.clone())).await;
        assert_eq!(
            wrong_fields(made.map(|made| made.connector)),
            fields,
            "{body}"
        );
    }
    let same =
        json!({ "type": "webhook", "name": "Ops", "config": { "url": "https://hooks.example/x" } });
    scene.made(same.clone()).await;
    let mut twice = same;
    twice["name"] = "OPS".into();
    let made = connectors::create(&scene.app.app, &scene.actor, &raw(twice)).await;
    assert_eq!(wrong_fields(made.map(|made| made.connector)), ["name"]);
    scene.app.finish().await;
}

#[tokio::test]
async fn what_is_disabled_twice_or_enabled_while_it_is_says_so() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let id = scene.webhook(&sink).await.connector.id;
    let (app, alice) = (&scene.app.app, &scene.actor);
    let enabled = connectors::enable(app, alice, id).await;
    assert_eq!(conflict(enabled), "connector-not-disabled");
    connectors::disable(app, alice, id).await.expect("stops");
    let disabled = connectors::disable(app, alice, id).await;
    assert_eq!(conflict(disabled), "connector-already-disabled");
    let enabled = connectors::enable(app, alice, id).await.expect("goes on");
    let never_seen = Status::PendingVerification;
    assert_eq!(enabled.status, never_seen, "nobody has looked yet");
    scene.app.finish().await;
}
