//! Configuring a provider: by head office admins with both factors, and by the operator of the installation.

use chrono::TimeDelta;
use intrex_core::{
    Error,
    oidc::{self, RawProvider},
    permission::Role,
    raw::Raw,
};
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{Scene, publish};
use crate::support::{
    TestApp,
    browser::{Answer, Browser},
    members::{conflict, wrong_fields},
    provider::{CLIENT_ID, CLIENT_SECRET, Provider},
};

/// A script of the page.
async fn script(browser: &Browser, method: Method, path: &str, body: Option<Value>) -> Answer {
    let token = browser.visit("/settings").await.csrf();
    let request = browser
        .own_page_sends(method, path)
        .header("x-csrf-token", token);
    browser
        .send(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
}

#[tokio::test]
async fn an_admin_configures_a_provider_on_the_page_and_never_sees_the_secret_again() {
    let scene = Scene::begin().await;
    let other = Provider::start(scene.app.app.clock.clone()).await;
    let browser = scene.app.signed_in(&scene.site, &scene.alice).await;
    let new = "/settings/sign-in/new";
    let shown = browser.visit(new).await.body;
    let callback = format!("{}/sign-in/oidc/callback", scene.site.origin);
    assert!(shown.contains(&callback), "what is to be entered there");
    let fields = [
        ("name", "Labs"),
        ("issuer", other.issuer.as_str()),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
    ];
    let wrong = [
        ("name", "Labs"),
        ("issuer", "http://id.example"),
        ("client_secret", "s3cret-typed"),
    ];
    let refused = browser.submit(new, "/settings/sign-in", &wrong).await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.body.contains("http://id.example"),
        "what was typed is there"
    );
    assert!(!refused.body.contains("s3cret-typed"), "but for the secret");
    let made = browser.submit(new, "/settings/sign-in", &fields).await;
    assert_eq!(made.leads_to(), "/settings/sign-in");
    let page = browser.visit("/settings/sign-in").await;
    assert!(page.body.contains(&other.issuer));
    assert!(!page.body.contains(CLIENT_SECRET));
    let all = browser.visit("/api/v1/oidc/providers").await;
    assert!(!all.body.contains(CLIENT_SECRET));
    let labs = all.json()["items"]
        .as_array()
        .and_then(|items| items.iter().find(|item| item["name"] == "Labs").cloned())
        .expect("it is listed");
    assert_eq!(labs["client_secret"]["set"], true);
    assert_eq!(labs["enabled"], false);
    assert_eq!(labs["redirect_uri"], callback);
    let id = labs["id"].as_str().expect("an id").to_owned();
    let edit = browser.visit(&format!("/settings/sign-in/{id}/edit")).await;
    assert!(!edit.body.contains(CLIENT_SECRET));
    // A domain, its proof, and on.
    let list = "/settings/sign-in";
    let bad = browser
        .submit(
            list,
            &format!("{list}/{id}/domains"),
            &[("domain", "nonsense")],
        )
        .await;
    assert_eq!(bad.status, 422);
    let early = browser
        .submit(list, &format!("{list}/{id}/enable"), &[])
        .await;
    assert_eq!(early.status, 409);
    assert!(
        early.body.contains("Prove a domain first"),
        "{}",
        early.body
    );
    let added = browser
        .submit(
            list,
            &format!("{list}/{id}/domains"),
            &[("domain", "labs.example")],
        )
        .await;
    assert_eq!(added.leads_to(), list);
    let domain = {
        let mut tx = scene
            .app
            .app
            .db
            .read(&scene.acme.operator)
            .await
            .expect("reads");
        let id = id.parse().expect("an id");
        let provider = oidc::reads::get(&scene.app.app, &mut tx, id)
            .await
            .expect("is there");
        tx.finish().await.expect("finishes");
        provider.domains[0].clone()
    };
    let page = browser.visit(list).await.body;
    assert!(page.contains(&domain.record_name) && page.contains(&domain.record_value));
    let prove = format!("{list}/domains/{}/prove", domain.id);
    let early = browser.submit(list, &prove, &[]).await;
    assert_eq!(early.status, 409);
    publish(&scene.names, &domain);
    assert_eq!(browser.submit(list, &prove, &[]).await.leads_to(), list);
    let enabled = browser
        .submit(list, &format!("{list}/{id}/enable"), &[])
        .await;
    assert_eq!(enabled.leads_to(), list);
    let last = browser
        .submit(list, &format!("{list}/domains/{}/remove", domain.id), &[])
        .await;
    assert_eq!(last.status, 409);
    let disabled = browser
        .submit(list, &format!("{list}/{id}/disable"), &[])
        .await;
    assert_eq!(disabled.leads_to(), list);
    let remove = format!("{list}/{id}/remove");
    assert_eq!(browser.submit(&remove, &remove, &[]).await.leads_to(), list);
    assert!(!browser.visit(list).await.body.contains("Labs"));
    scene.app.finish().await;
}

#[tokio::test]
async fn every_change_asks_for_a_fresh_second_factor_and_is_for_admins() {
    let scene = Scene::begin().await;
    let browser = scene.app.signed_in(&scene.site, &scene.alice).await;
    scene.app.app.clock.advance(TimeDelta::minutes(5));
    let one = format!("/api/v1/oidc/providers/{}", scene.id);
    for (method, path) in [
        (Method::POST, "/api/v1/oidc/providers".to_owned()),
        (Method::PATCH, one.clone()),
        (Method::DELETE, one.clone()),
        (Method::POST, format!("{one}/enable")),
        (Method::POST, format!("{one}/disable")),
        (Method::POST, format!("{one}/domains")),
    ] {
        let answer = script(&browser, method.clone(), &path, Some(json!({}))).await;
        assert_eq!(answer.status, 403, "{method} {path}");
        assert!(answer.body.contains("step-up-required"), "{}", answer.body);
    }
    assert_eq!(browser.visit(&one).await.status, 200, "reading does not");
    let stale = scene.app.acting(&scene.alice).await;
    scene.app.app.clock.advance(TimeDelta::minutes(5));
    let refused = oidc::disable(&scene.app.app, &stale, scene.id).await;
    assert!(matches!(refused, Err(Error::StepUp)), "{refused:?}");
    let bob = scene
        .app
        .member(&scene.acme, "Bob", Role::BranchManager, &[])
        .await;
    let theirs = scene.app.signed_in(&scene.site, &bob).await;
    assert_eq!(theirs.visit("/settings/sign-in").await.status, 403);
    assert_eq!(theirs.visit(&one).await.status, 403);
    let page = theirs.visit("/settings").await;
    assert!(!page.body.contains("/settings/sign-in"));
    assert!(page.body.contains("/settings/identities"));
    scene.app.finish().await;
}

#[tokio::test]
async fn a_provider_is_changed_over_the_api_and_its_issuer_is_for_good() {
    let scene = Scene::begin().await;
    let browser = scene.app.signed_in(&scene.site, &scene.alice).await;
    let one = format!("/api/v1/oidc/providers/{}", scene.id);
    let change = async |body| script(&browser, Method::PATCH, &one, Some(body)).await;
    let before = browser.visit(&one).await;
    let etag = before.header("etag").to_owned();
    let renamed = change(json!({ "name": "Acme ID" })).await;
    assert_eq!(renamed.status, 200, "{}", renamed.body);
    assert_eq!(renamed.json()["name"], "Acme ID");
    assert_eq!(
        renamed.json()["client_id"],
        CLIENT_ID,
        "what is left out stays"
    );
    assert_ne!(renamed.header("etag"), etag);
    assert_eq!(
        scene.goes(&scene.site.browser()).await.leads_to(),
        "/mfa",
        "the secret too"
    );
    let moved = change(json!({ "issuer": "https://id.globex.example" })).await;
    assert_eq!(moved.status, 422, "{}", moved.body);
    let other = change(json!({ "client_secret": "another" })).await;
    assert_eq!(other.status, 200);
    let visitor = scene.site.browser();
    let answer = scene.goes(&visitor).await;
    assert_eq!(
        scene.refused(&visitor, &answer).await,
        "exchange",
        "with the new secret"
    );
    let removed = script(&browser, Method::DELETE, &one, None).await;
    assert_eq!(removed.status, 409, "{}", removed.body);
    scene.app.finish().await;
}

#[tokio::test]
async fn what_is_typed_is_checked_and_a_provider_is_enabled_only_if_it_answers() {
    let scene = Scene::begin().await;
    let (app, operator) = (&scene.app.app, &scene.acme.operator);
    let nothing = oidc::configure(app, operator, &RawProvider::default()).await;
    let all = ["name", "issuer", "client_id", "client_secret"];
    assert_eq!(wrong_fields(nothing), all);
    let raw = |issuer: &str| RawProvider {
        name: Raw::from("Again"),
        issuer: Raw::from(issuer),
        client_id: Raw::from(CLIENT_ID),
        client_secret: Raw::from(CLIENT_SECRET),
    };
    let twice = oidc::configure(app, operator, &raw(&scene.provider.issuer)).await;
    assert_eq!(wrong_fields(twice), ["issuer"]);
    oidc::disable(app, operator, scene.id)
        .await
        .expect("is disabled");
    scene
        .provider
        .answers("/.well-known/openid-configuration", 500, "", Vec::new());
    let away = oidc::enable(app, operator, scene.id).await;
    assert_eq!(conflict(away), "oidc-provider-unreachable");
    scene.provider.recovers();
    let enabled = oidc::enable(app, operator, scene.id).await;
    assert!(enabled.is_ok(), "{enabled:?}");
    scene.app.finish().await;
}

#[tokio::test]
async fn the_way_out_is_guarded() {
    // Nothing of this machine is listed here, as in production.
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let provider = Provider::start(app.app.clock.clone()).await;
    let id = super::configured(&app, &acme, &provider).await;
    let mut superuser = app.superuser().await;
    sqlx::query(
        "insert into app.oidc_domains (tenant_id, id, provider_id, domain, challenge, created_at, proven_at)
         values ($1, gen_random_uuid(), $2, 'acme.example', repeat('0', 32), $3, $3)",
    )
    .bind(acme.id.uuid())
    .bind(id.uuid())
    .bind(app.app.now())
    .execute(&mut superuser)
    .await
    .expect("a domain");
    let refused = oidc::enable(&app.app, &acme.operator, id).await;
    assert_eq!(conflict(refused), "oidc-provider-unreachable");
    assert_eq!(provider.asked("/.well-known/openid-configuration"), 0);
    app.finish().await;
}

#[tokio::test]
async fn a_domain_that_was_typed_is_still_there_after_stepping_up() {
    let scene = Scene::begin().await;
    let browser = scene.app.signed_in(&scene.site, &scene.alice).await;
    let list = "/settings/sign-in";
    let domains = format!("{list}/{}/domains", scene.id);
    scene.app.app.clock.advance(chrono::TimeDelta::minutes(6));
    let typed = "acme-labs.test&x=\"<b>";
    let asked = browser.submit(list, &domains, &[("domain", typed)]).await;
    let step_up = asked.leads_to().to_owned();
    assert!(step_up.starts_with("/step-up?next="), "{step_up}");
    let code = scene.app.code(&scene.alice);
    let password = scene.alice.password.expose_secret();
    let factors = [("password", password), ("code", code.as_str())];
    let back = browser.submit(&step_up, &step_up, &factors).await;
    let shown = browser.visit(back.leads_to()).await;
    assert_eq!(shown.status, 200);
    let value = "value=\"acme-labs.test&#38;x=&#34;&#60;b&#62;\"";
    assert!(shown.body.contains(value), "{}", shown.body);
    // What is too long for an address is no domain, and leads to the list without it.
    scene.app.app.clock.advance(chrono::TimeDelta::minutes(6));
    let long = "x".repeat(600);
    let asked = browser.submit(list, &domains, &[("domain", &long)]).await;
    assert_eq!(asked.leads_to(), "/step-up?next=%2Fsettings%2Fsign-in");
    scene.app.finish().await;
}
