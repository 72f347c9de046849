//! Domains: only a proven one leads anywhere, and it leads to one organisation.

use intrex_core::{
    oidc::{self, RawDomain},
    raw::Raw,
};

use super::{DOMAIN, Scene, added, configured, proven, publish};
use crate::support::{
    browser::Answer,
    dns,
    members::{conflict, wrong_fields},
    provider::Provider,
};

const NONE: &str = "There is no sign-in for this address here";

async fn routed(scene: &Scene, email: &str) -> Answer {
    let page = "/sign-in/organisation";
    let browser = scene.site.browser();
    browser.submit(page, page, &[("email", email)]).await
}

#[tokio::test]
async fn a_domain_leads_to_its_provider_once_its_record_is_found() {
    let scene = Scene::begin().await;
    let (app, operator) = (&scene.app.app, &scene.acme.operator);
    let domain = added(&scene.app, &scene.acme, scene.id, "acme.test").await;
    assert_eq!(domain.record_name, "_intrex-challenge.acme.test");
    assert!(domain.record_value.starts_with("intrex-verify="));
    assert!(routed(&scene, "a@acme.test").await.body.contains(NONE));
    let prove = || oidc::prove_domain(app, operator, domain.id);
    assert_eq!(conflict(prove().await), "oidc-domain-not-proven");
    // Something else is published, or what is meant for another domain.
    for text in [
        "intrex-verify=",
        "intrex-verify=0123456789abcdef0123456789abcdef",
    ] {
        let text: &'static [&'static str] = Box::leak(Box::new([text]));
        let records = vec![dns::Record::Text(text)];
        scene
            .names
            .answers(&domain.record_name, dns::Answer::Records(records));
        scene.app.app.clock.advance(chrono::TimeDelta::minutes(1));
        assert_eq!(conflict(prove().await), "oidc-domain-not-proven");
    }
    let other = added(&scene.app, &scene.acme, scene.id, "acme-labs.test").await;
    publish(&scene.names, &other);
    let proven = oidc::prove_domain(app, operator, other.id).await;
    assert!(proven.is_ok(), "{proven:?}");
    assert_eq!(routed(&scene, "a@acme-labs.test").await.status, 303);
    assert!(routed(&scene, "a@acme.test").await.body.contains(NONE));
    // A name below or above a proven one is another.
    for address in [
        "a@x.acme.example",
        "a@example",
        "a@acme.example.evil.example",
        "a@notacme.example",
    ] {
        assert!(
            routed(&scene, address).await.body.contains(NONE),
            "{address}"
        );
    }
    // Name servers that do not answer prove nothing.
    let silent = added(&scene.app, &scene.acme, scene.id, "silent.test").await;
    scene
        .names
        .answers(&silent.record_name, dns::Answer::Failure);
    let outcome = oidc::prove_domain(app, operator, silent.id).await;
    assert_eq!(conflict(outcome), "oidc-names-not-answered");
    scene.app.finish().await;
}

#[tokio::test]
async fn a_domain_that_another_organisation_has_proven_is_refused_like_one_without_a_record() {
    let scene = Scene::begin().await;
    let globex = scene.app.tenant("Globex").await;
    let theirs = Provider::start(scene.app.app.clock.clone()).await;
    let second = configured(&scene.app, &globex, &theirs).await;
    // Claiming it is free; both may publish a record.
    let domain = added(&scene.app, &globex, second, DOMAIN).await;
    publish(&scene.names, &domain);
    scene.app.app.clock.advance(chrono::TimeDelta::minutes(1));
    let refused = oidc::prove_domain(&scene.app.app, &globex.operator, domain.id).await;
    assert_eq!(conflict(refused), "oidc-domain-not-proven");
    let unproven = oidc::enable(&scene.app.app, &globex.operator, second).await;
    assert_eq!(conflict(unproven), "oidc-prove-a-domain-first");
    let leads = routed(&scene, "a@acme.example").await;
    assert!(leads.leads_to().ends_with(&scene.id.to_string()));
    // Once Acme has given it up it is free.
    let operator = &scene.acme.operator;
    oidc::disable(&scene.app.app, operator, scene.id)
        .await
        .expect("is disabled");
    oidc::remove(&scene.app.app, operator, scene.id)
        .await
        .expect("is removed");
    let now = oidc::prove_domain(&scene.app.app, &globex.operator, domain.id).await;
    assert!(now.is_ok(), "{now:?}");
    scene.app.finish().await;
}

#[tokio::test]
async fn a_provider_needs_a_proven_domain_as_long_as_people_sign_in_by_it() {
    let scene = Scene::begin().await;
    let (app, operator) = (&scene.app.app, &scene.acme.operator);
    let second = proven(&scene.app, &scene.acme, &scene.names, scene.id, "acme.test").await;
    let remove = |id| oidc::remove_domain(app, operator, id);
    let left = remove(second).await.expect("one is left");
    assert_eq!(left.domains.len(), 1);
    let last = left.domains[0].id;
    assert_eq!(conflict(remove(last).await), "oidc-last-domain");
    oidc::disable(app, operator, scene.id)
        .await
        .expect("is disabled");
    assert!(remove(last).await.is_ok());
    let enabled = oidc::enable(app, operator, scene.id).await;
    assert_eq!(conflict(enabled), "oidc-prove-a-domain-first");
    scene.app.finish().await;
}

#[tokio::test]
async fn what_is_no_domain_is_refused_and_one_is_added_once() {
    let scene = Scene::begin().await;
    let (app, operator) = (&scene.app.app, &scene.acme.operator);
    for typed in [
        "",
        "acme",
        "127.0.0.1",
        "a b.example",
        "acme.example",
        "ACME.example",
    ] {
        let raw = RawDomain {
            domain: Raw::from(typed),
        };
        let refused = oidc::add_domain(app, operator, scene.id, &raw).await;
        assert_eq!(wrong_fields(refused), ["domain"], "{typed}");
    }
    scene.app.finish().await;
}
