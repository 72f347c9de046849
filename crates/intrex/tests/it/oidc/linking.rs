//! Linking: a matter of the person, in a session with a fresh second factor, and of nobody else.

use chrono::TimeDelta;
use intrex_core::permission::Role;
use reqwest::Method;

use super::{IDENTITIES, Scene};
use crate::{
    accounts::post::{post, with_mail},
    support::browser::Browser,
};

#[tokio::test]
async fn linking_and_unlinking_ask_for_both_factors_and_are_told_by_mail() {
    let (app, server) = with_mail().await;
    let scene = Scene::unlinked_in(app).await;
    post(&scene.app, &server).await;
    let browser = scene.app.signed_in(&scene.site, &scene.alice).await;
    let page = browser.visit("/settings/identities").await;
    assert!(page.body.contains("Link Acme account"), "{}", page.body);
    let token = page.csrf();
    // Not fresh any more: neither the page nor the form.
    scene.app.app.clock.advance(TimeDelta::minutes(5));
    let link = format!("/settings/identities/{}/link", scene.id);
    let led = browser.visit(&link).await;
    assert!(led.leads_to().starts_with("/step-up"), "{}", led.leads_to());
    let stale = browser.post(&link, &[("csrf_token", &token)]).await;
    assert!(stale.leads_to().starts_with("/step-up"));
    assert_eq!(browser.cookie("__Host-oidc"), None);
    let browser = scene.app.signed_in(&scene.site, &scene.alice).await;
    scene.links(&browser).await;
    let page = browser.visit("/settings/identities").await;
    assert!(!page.body.contains("Link Acme account"), "one is enough");
    let letters = post(&scene.app, &server).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(
        letters[0].subject,
        "A sign-in was linked to your Intrex account"
    );
    assert_eq!(letters[0].to, scene.alice.email);
    assert_eq!(browser.visit(&link).await.status, 404);
    // Taken back.
    let list = api(&browser, Method::GET, "/api/v1/account/identities").await;
    let id = list["items"][0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(list["items"][0]["provider_name"], "Acme account");
    let unlink = format!("/settings/identities/{id}/unlink");
    scene.app.app.clock.advance(TimeDelta::minutes(5));
    assert!(
        browser
            .visit(&unlink)
            .await
            .leads_to()
            .starts_with("/step-up")
    );
    let elsewhere = scene.app.signed_in(&scene.site, &scene.alice).await;
    let browser = scene.app.signed_in(&scene.site, &scene.alice).await;
    let done = browser.submit(&unlink, &unlink, &[]).await;
    assert_eq!(done.leads_to(), "/settings/identities");
    let other = elsewhere.visit("/today").await;
    assert!(other.leads_to().starts_with("/sign-in"), "it has ended");
    assert_eq!(browser.visit("/settings/identities").await.status, 200);
    assert_eq!(scene.app.count(IDENTITIES).await, 0);
    let letters = post(&scene.app, &server).await;
    assert_eq!(
        letters.last().expect("a letter").subject,
        "A sign-in was unlinked from your Intrex account"
    );
    let browser = scene.site.browser();
    let answer = scene.goes(&browser).await;
    assert_eq!(scene.refused(&browser, &answer).await, "not_linked");
    scene.app.finish().await;
}

async fn api(browser: &Browser, method: Method, path: &str) -> serde_json::Value {
    browser.send(browser.request(method, path)).await.json()
}

#[tokio::test]
async fn an_attackers_answer_links_nothing_in_the_browser_of_the_victim() {
    let scene = Scene::unlinked().await;
    let mallory = scene
        .app
        .member(&scene.acme, "Mallory", Role::Operator, &[])
        .await;
    // Mallory begins to link in a session of their own, and sends the address of the answer to Alice.
    let theirs = scene.app.signed_in(&scene.site, &mallory).await;
    scene.provider.is_now("mallory-at-the-provider");
    let leaving = scene.begins_linking(&theirs).await;
    let back = scene.provider.visited_from(&leaving).await;
    let alice = scene.app.signed_in(&scene.site, &scene.alice).await;
    let answer = alice.visit(&back).await;
    assert_eq!(answer.leads_to(), "/sign-in/organisation?refused=yes");
    assert_eq!(scene.reason().await, "no_attempt");
    // With Mallory's cookie planted too.
    let cookie = theirs.cookie("__Host-oidc").expect("a cookie");
    alice.set_cookie("__Host-oidc", &cookie);
    let answer = alice.visit(&back).await;
    assert_eq!(answer.leads_to(), "/settings/identities?linked=no");
    assert_eq!(scene.reason().await, "other_session");
    // While Alice links herself: the answer is not hers.
    let leaving = scene.begins_linking(&theirs).await;
    let back = scene.provider.visited_from(&leaving).await;
    scene.begins_linking(&alice).await;
    let answer = alice.visit(&back).await;
    assert_eq!(answer.leads_to(), "/sign-in/organisation?refused=yes");
    assert_eq!(scene.reason().await, "state");
    // An answer to a sign-in links nothing, in a session either.
    let alice = scene.app.signed_in(&scene.site, &scene.alice).await;
    let session = alice.cookie("__Host-session");
    let leaving = scene.leaves(&alice).await;
    let answer = scene.provider.round_trip(&alice, &leaving).await;
    assert_eq!(answer.leads_to(), "/sign-in/organisation?refused=yes");
    assert_eq!(scene.reason().await, "not_linked");
    assert_eq!(
        alice.cookie("__Host-session"),
        session,
        "she stays signed in"
    );
    assert_eq!(scene.app.count(IDENTITIES).await, 0);
    // And the form wants its token.
    let link = format!("/settings/identities/{}/link", scene.id);
    assert_eq!(alice.post(&link, &[]).await.status, 403);
    scene.app.finish().await;
}

#[tokio::test]
async fn an_answer_that_comes_after_its_session_links_nothing() {
    let scene = Scene::unlinked().await;
    let browser = scene.app.signed_in(&scene.site, &scene.alice).await;
    let leaving = scene.begins_linking(&browser).await;
    let back = scene.provider.visited_from(&leaving).await;
    // Signed in anew meanwhile: the same person, another session.
    let other = scene.app.signed_in(&scene.site, &scene.alice).await;
    let cookie = browser.cookie("__Host-oidc").expect("a cookie");
    other.set_cookie("__Host-oidc", &cookie);
    let answer = other.visit(&back).await;
    assert_eq!(answer.leads_to(), "/settings/identities?linked=no");
    assert_eq!(scene.reason().await, "other_session");
    // Signed out: what was begun in the session has gone with it.
    let leaving = scene.begins_linking(&browser).await;
    let back = scene.provider.visited_from(&leaving).await;
    let cookie = browser.cookie("__Host-oidc").expect("a cookie");
    browser.submit("/settings", "/sign-out", &[]).await;
    browser.set_cookie("__Host-oidc", &cookie);
    let answer = browser.visit(&back).await;
    assert_eq!(answer.leads_to(), "/sign-in/organisation?refused=yes");
    assert_eq!(scene.reason().await, "no_attempt");
    assert_eq!(scene.app.count(IDENTITIES).await, 0);
    scene.app.finish().await;
}

#[tokio::test]
async fn an_identity_belongs_to_one_person_and_a_person_has_one_of_a_provider() {
    let scene = Scene::begin().await;
    let bob = scene
        .app
        .member(&scene.acme, "Bob", Role::Operator, &[])
        .await;
    let browser = scene.app.signed_in(&scene.site, &bob).await;
    let leaving = scene.begins_linking(&browser).await;
    let answer = scene.provider.round_trip(&browser, &leaving).await;
    assert_eq!(answer.leads_to(), "/settings/identities?linked=no");
    assert_eq!(scene.reason().await, "already_linked");
    let page = browser.visit(answer.leads_to()).await;
    assert!(page.body.contains("It was not linked"), "{}", page.body);
    assert!(!page.body.contains("Alice"));
    // Alice, whom the provider means still.
    assert_eq!(scene.goes(&scene.site.browser()).await.leads_to(), "/mfa");
    // A second one, begun in two windows.
    scene.provider.is_now("bob-at-the-provider");
    let first = scene.begins_linking(&browser).await;
    let cookie = browser.cookie("__Host-oidc").expect("a cookie");
    let first = scene.provider.visited_from(&first).await;
    scene.links(&browser).await;
    browser.set_cookie("__Host-oidc", &cookie);
    scene.provider.is_now("bob-once-more");
    let answer = browser.visit(&first).await;
    assert_eq!(answer.leads_to(), "/settings/identities?linked=no");
    assert_eq!(scene.app.count(IDENTITIES).await, 2);
    scene.app.finish().await;
}
