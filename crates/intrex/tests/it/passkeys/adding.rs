//! Adding, naming and removing passkeys.

use chrono::TimeDelta;
use intrex_core::permission::Role;
use reqwest::Method;
use secrecy::ExposeSecret as _;

use super::{PASSKEYS, Scene, add, asked, begin_adding, script};
use crate::support::{Authenticator, MailServer, TestApp};

#[tokio::test]
async fn a_passkey_is_added_named_and_removed_and_its_person_is_told() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let scene = Scene::begin_in(app).await;
    let browser = scene.signed_in(&scene.alice).await;
    let mut passkey = Authenticator::at(&scene.site.origin);
    let options = begin_adding(&browser).await;
    assert_eq!(options["rp"]["id"], "localhost");
    assert_eq!(options["attestation"], "none");
    assert_eq!(
        options["authenticatorSelection"]["userVerification"],
        "required"
    );
    assert_eq!(options["user"]["name"], scene.alice.email.as_str());
    let added = add(&browser, "Laptop of <Alice>", &passkey.make(&options)).await;
    assert_eq!(added.leads_to(), "/settings/passkeys");
    let list = browser.visit("/settings/passkeys").await;
    assert!(
        list.body.contains("Laptop of &#60;Alice&#62;"),
        "{}",
        list.body
    );
    assert!(list.body.contains("never"));
    // The next one is not to be made on the same authenticator.
    let options = begin_adding(&browser).await;
    let known = options["excludeCredentials"].as_array().expect("a list");
    assert_eq!(known.len(), 1);
    let all = script(&browser, Method::GET, "/api/v1/passkeys")
        .await
        .json();
    assert_eq!(all["items"][0]["name"], "Laptop of <Alice>");
    let id = all["items"][0]["id"].as_str().expect("an id").to_owned();
    let page = format!("/settings/passkeys/{id}");
    let edit = format!("{page}/edit");
    let blank = browser.submit(&edit, &page, &[("name", "  ")]).await;
    assert_eq!(blank.status, 422);
    let renamed = browser.submit(&edit, &page, &[("name", "Blue key")]).await;
    assert_eq!(renamed.leads_to(), "/settings/passkeys");
    let list = browser.visit("/settings/passkeys").await;
    assert!(list.body.contains("Blue key"));
    let elsewhere = scene.signed_in(&scene.alice).await;
    let removed = browser
        .submit(&format!("{page}/remove"), &format!("{page}/remove"), &[])
        .await;
    assert_eq!(removed.leads_to(), "/settings/passkeys");
    // Whoever had it may have signed in with it; the session that removed it goes on.
    assert!(
        elsewhere
            .visit("/today")
            .await
            .leads_to()
            .starts_with("/sign-in")
    );
    assert_eq!(browser.visit("/settings/passkeys").await.status, 200);
    assert_eq!(scene.app.count(PASSKEYS).await, 0);
    let mailed =
        "select count(*) from app.account_mail where kind in ('passkey_added', 'passkey_removed')";
    assert_eq!(scene.app.count(mailed).await, 2);
    let told = "select count(*) from app.audit_events
                where action in ('passkey.added', 'passkey.renamed', 'passkey.removed')";
    assert_eq!(scene.app.count(told).await, 3);
    scene.app.finish().await;
}

#[tokio::test]
async fn adding_and_removing_ask_for_a_fresh_second_factor() {
    let scene = Scene::begin().await;
    let browser = scene.signed_in(&scene.alice).await;
    scene.added_in(&browser).await;
    let token = browser.visit("/settings/passkeys/new").await.csrf();
    let list = script(&browser, Method::GET, "/api/v1/passkeys")
        .await
        .json();
    let id = list["items"][0]["id"].as_str().expect("an id").to_owned();
    scene.app.app.clock.advance(TimeDelta::minutes(5));
    let new = browser.visit("/settings/passkeys/new").await;
    assert_eq!(new.leads_to(), "/step-up?next=%2Fsettings%2Fpasskeys%2Fnew");
    for path in [
        "/settings/passkeys",
        "/settings/passkeys/new",
        &format!("/settings/passkeys/{id}/remove"),
    ] {
        let answer = browser.post(path, &[("csrf_token", &token)]).await;
        assert!(answer.leads_to().starts_with("/step-up"), "{path}");
    }
    let api = format!("/api/v1/passkeys/{id}");
    assert_eq!(script(&browser, Method::DELETE, &api).await.status, 403);
    assert_eq!(scene.app.count(PASSKEYS).await, 1);
    scene.app.finish().await;
}

#[tokio::test]
async fn what_was_not_made_as_asked_is_not_added() {
    let scene = Scene::begin().await;
    let browser = scene.signed_in(&scene.alice).await;
    let at = |bend: fn(&mut Authenticator)| {
        let mut authenticator = Authenticator::at(&scene.site.origin);
        bend(&mut authenticator);
        authenticator
    };
    for (what, mut authenticator) in [
        (
            "another origin",
            at(|key| key.origin = "https://localhost".to_owned()),
        ),
        (
            "another host",
            at(|key| key.rp_id = "evil.example".to_owned()),
        ),
        ("no user verification", at(|key| key.verifies = false)),
        (
            "another challenge",
            at(|key| key.challenge = Some("AAAAAAAAAAAAAAAAAAAAAA".to_owned())),
        ),
    ] {
        let options = begin_adding(&browser).await;
        let refused = add(&browser, "typed with care", &authenticator.make(&options)).await;
        assert_eq!(refused.status, 422, "{what}: {}", refused.body);
        assert!(refused.body.contains("typed with care"), "{what}");
    }
    for nonsense in ["", "{}", "\u{0}", &"[".repeat(4_000)] {
        begin_adding(&browser).await;
        assert_eq!(add(&browser, "", nonsense).await.status, 422);
    }
    // Twice, in another session, and too late.
    let mut good = Authenticator::at(&scene.site.origin);
    let options = begin_adding(&browser).await;
    let made = good.make(&options);
    let other = scene.signed_in(&scene.alice).await;
    assert_eq!(add(&other, "", &made).await.status, 422);
    assert_eq!(
        add(&browser, "", &made).await.leads_to(),
        "/settings/passkeys"
    );
    assert_eq!(add(&browser, "", &made).await.status, 422);
    let mut late = Authenticator::at(&scene.site.origin);
    let other = scene.signed_in(&scene.alice).await;
    let made = late.make(&begin_adding(&other).await);
    scene.app.app.clock.advance(TimeDelta::minutes(5));
    let step_up = other.visit("/settings/passkeys/new").await;
    let there = step_up.leads_to().to_owned();
    let code = scene.app.code(&scene.alice);
    let password = scene.alice.password.expose_secret();
    let fields = [("password", password), ("code", code.as_str())];
    let done = other.submit(&there, &there, &fields).await;
    assert_eq!(done.leads_to(), "/settings/passkeys/new");
    assert_eq!(add(&other, "", &made).await.status, 422);
    assert_eq!(scene.app.count(PASSKEYS).await, 1);
    scene.app.finish().await;
}

#[tokio::test]
async fn a_credential_belongs_to_one_person_and_a_person_has_ten_at_most() {
    let scene = Scene::begin().await;
    let bob = scene
        .app
        .member(&scene.acme, "Bob", Role::Operator, &[])
        .await;
    let mut passkey = scene.passkey_of(&scene.alice).await;
    let browser = scene.signed_in(&bob).await;
    let options = begin_adding(&browser).await;
    let stolen = add(&browser, "", &passkey.make(&options)).await;
    assert_eq!(stolen.status, 422, "{}", stolen.body);
    for _ in 0..10 {
        scene.added_in(&browser).await;
    }
    let page = "/settings/passkeys/new";
    let eleventh = browser.visit(page).await;
    assert_eq!(eleventh.status, 409, "{}", eleventh.body);
    assert!(
        eleventh.body.contains("Remove one first"),
        "{}",
        eleventh.body
    );
    assert_eq!(asked(&browser, "/settings", page).await.status, 409);
    assert_eq!(scene.app.count(PASSKEYS).await, 11);
    scene.app.finish().await;
}

#[tokio::test]
async fn a_passkey_of_somebody_else_is_not_there() {
    let scene = Scene::begin().await;
    let bob = scene
        .app
        .member(&scene.acme, "Bob", Role::HeadOfficeAdmin, &[])
        .await;
    let globex = scene.app.tenant("Globex").await;
    let mallory = scene
        .app
        .member(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
        .await;
    let browser = scene.signed_in(&scene.alice).await;
    scene.added_in(&browser).await;
    let list = script(&browser, Method::GET, "/api/v1/passkeys")
        .await
        .json();
    let id = list["items"][0]["id"].as_str().expect("an id");
    for other in [&bob, &mallory] {
        let browser = scene.signed_in(other).await;
        let page = format!("/settings/passkeys/{id}");
        let edit = browser.visit(&format!("{page}/edit")).await;
        assert_eq!(edit.status, 404);
        let own = "/settings/passkeys/new";
        let renamed = browser.submit(own, &page, &[("name", "mine")]).await;
        assert_eq!(renamed.status, 404);
        let remove = format!("{page}/remove");
        assert_eq!(browser.submit(own, &remove, &[]).await.status, 404);
        let all = script(&browser, Method::GET, "/api/v1/passkeys").await;
        assert_eq!(all.json()["items"], serde_json::json!([]));
    }
    assert_eq!(scene.app.count(PASSKEYS).await, 1);
    scene.app.finish().await;
}

#[tokio::test]
async fn there_are_no_passkeys_where_the_address_is_an_ip() {
    let scene = Scene::begin().await;
    scene.passkey_of(&scene.alice).await;
    let site = scene.app.serve().await;
    let browser = scene.app.signed_in(&site, &scene.alice).await;
    let page = browser.visit("/settings/passkeys").await;
    assert!(page.body.contains("made for localhost"), "{}", page.body);
    assert!(!page.body.contains("/settings/passkeys/new"));
    let page = "/settings/passkeys/new";
    assert_eq!(browser.visit(page).await.status, 409);
    assert_eq!(asked(&browser, "/settings", page).await.status, 409);
    assert!(
        !browser
            .visit("/step-up")
            .await
            .body
            .contains("data-passkey")
    );
    scene.app.finish().await;
}
