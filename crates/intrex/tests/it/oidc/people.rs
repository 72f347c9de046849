//! Who the provider speaks of: by issuer and subject, and only as long as that person can sign in.

use intrex_core::{
    oidc,
    people::{self, RawPersonUpdate},
    raw::Raw,
    tenants,
};

use super::{IDENTITIES, PROVISIONAL, Scene};

#[tokio::test]
async fn nobody_is_found_by_their_address() {
    let scene = Scene::unlinked().await;
    let email = scene.alice.email.clone();
    scene.provider.bends(move |claims| {
        claims["email"] = email.clone().into();
        claims["email_verified"] = true.into();
        claims["preferred_username"] = email.clone().into();
    });
    let browser = scene.site.browser();
    let answer = scene.goes(&browser).await;
    assert_eq!(scene.refused(&browser, &answer).await, "not_linked");
    assert_eq!(scene.app.count(IDENTITIES).await, 0);
    scene.app.finish().await;
}

#[tokio::test]
async fn the_same_subject_of_another_issuer_is_somebody_else() {
    let scene = Scene::begin().await;
    let (other, second) = scene.second_provider().await;
    let browser = scene.site.browser();
    let leaving = browser.visit(&format!("/sign-in/oidc/{second}")).await;
    let answer = other.round_trip(&browser, &leaving).await;
    assert_eq!(scene.refused(&browser, &answer).await, "not_linked");
    for subject in ["Alice-at-the-provider", "alice-at-the-provider ", "bob"] {
        scene.provider.is_now(subject);
        let browser = scene.site.browser();
        let answer = scene.goes(&browser).await;
        assert_eq!(
            scene.refused(&browser, &answer).await,
            "not_linked",
            "{subject}"
        );
    }
    scene.app.finish().await;
}

#[tokio::test]
async fn who_cannot_sign_in_is_told_the_same_as_who_is_unknown() {
    let scene = Scene::begin().await;
    let bob = scene.bob_links().await;
    let (app, operator) = (&scene.app.app, &scene.acme.operator);
    let unknown = {
        scene.provider.is_now("nobody");
        let browser = scene.site.browser();
        let answer = scene.goes(&browser).await;
        assert_eq!(scene.refused(&browser, &answer).await, "not_linked");
        browser.visit(answer.leads_to()).await.body
    };
    scene.provider.is_now("bob-at-the-provider");
    // A reset second factor is set up after the password, and not on a provider's word.
    people::reset_mfa(app, operator, bob.id, &Raw::from("lost"))
        .await
        .expect("it is reset");
    let browser = scene.site.browser();
    let answer = scene.goes(&browser).await;
    assert_eq!(scene.refused(&browser, &answer).await, "not_active");
    let disable = RawPersonUpdate {
        status: Raw::from("disabled"),
        ..RawPersonUpdate::default()
    };
    people::update(app, operator, bob.id, &disable, None)
        .await
        .expect("he is disabled");
    let browser = scene.site.browser();
    let answer = scene.goes(&browser).await;
    assert_eq!(scene.refused(&browser, &answer).await, "not_active");
    let disabled = browser.visit(answer.leads_to()).await.body;
    assert_eq!(without_tokens(&disabled), without_tokens(&unknown));
    // A suspended organisation: on the way, and before it.
    scene.provider.is_now("alice-at-the-provider");
    let browser = scene.site.browser();
    let leaving = scene.leaves(&browser).await;
    tenants::suspend(app, operator).await.expect("is suspended");
    let answer = scene.provider.round_trip(&browser, &leaving).await;
    assert_eq!(scene.refused(&browser, &answer).await, "disabled");
    let left = scene.leaves(&scene.site.browser()).await;
    assert_eq!(left.header("refresh"), "");
    assert_eq!(scene.app.count(PROVISIONAL).await, 0);
    scene.app.finish().await;
}

/// A page without what differs from one drawing to the next.
fn without_tokens(page: &str) -> String {
    let parts = page
        .split("value=\"")
        .map(|part| match part.split_once('"') {
            Some((value, rest)) if value.len() > 40 => rest,
            _ => part,
        });
    let joined: Vec<&str> = parts.collect();
    let text = joined.join("value=\"");
    let nonce = text
        .split("nonce=\"")
        .map(|part| part.split_once('"').map_or(part, |(_, r)| r));
    nonce.collect::<Vec<_>>().join("")
}

#[tokio::test]
async fn a_provider_that_is_disabled_on_the_way_lets_nobody_in() {
    let scene = Scene::begin().await;
    let browser = scene.site.browser();
    let leaving = scene.leaves(&browser).await;
    let disabled = oidc::disable(&scene.app.app, &scene.acme.operator, scene.id).await;
    assert!(disabled.is_ok(), "{disabled:?}");
    let exchanged = scene.provider.asked("/token");
    let answer = scene.provider.round_trip(&browser, &leaving).await;
    assert_eq!(scene.refused(&browser, &answer).await, "disabled");
    assert_eq!(scene.provider.asked("/token"), exchanged, "it is not asked");
    scene.app.finish().await;
}

#[tokio::test]
async fn who_is_deleted_is_linked_no_more() {
    let scene = Scene::begin().await;
    let bob = scene.bob_links().await;
    assert_eq!(scene.app.count(IDENTITIES).await, 2);
    super::delete(&scene, &bob).await;
    assert_eq!(scene.app.count(IDENTITIES).await, 1);
    let browser = scene.site.browser();
    let answer = scene.goes(&browser).await;
    assert_eq!(scene.refused(&browser, &answer).await, "not_linked");
    scene.app.finish().await;
}
