//! A proven domain is looked at again every day: it stays proven while its record is there, or while nobody can say; when the
//! record is not there for days it leads nowhere any more, and head office hears of it.

use chrono::TimeDelta;
use intrex_core::{jobs, oidc};

use super::{DOMAIN, Scene};
use crate::support::{browser::Answer, dns, members::conflict};

const RECORD: &str = "_intrex-challenge.acme.example";
const NO_LONGER: &str =
    "select count(*) from app.audit_events where action = 'oidc.domain_no_longer_proven'";

/// A day later the jobs have run.
async fn a_day_passes(scene: &Scene) {
    scene.app.app.clock.advance(TimeDelta::hours(24));
    while jobs::run_due(&scene.app.app).await.expect("the jobs run") > 0 {}
}

async fn domain(scene: &Scene) -> oidc::ProviderDomain {
    let mut tx = scene
        .app
        .app
        .db
        .read(&scene.acme.operator)
        .await
        .expect("reads");
    let provider = oidc::reads::get(&scene.app.app, &mut tx, scene.id)
        .await
        .expect("is there");
    tx.finish().await.expect("finishes");
    provider.domains.into_iter().next().expect("one")
}

async fn routed(scene: &Scene) -> Answer {
    let page = "/sign-in/organisation";
    let browser = scene.site.browser();
    let email = format!("somebody@{DOMAIN}");
    browser.submit(page, page, &[("email", &email)]).await
}

fn is_gone(scene: &Scene) {
    let nothing = dns::Answer::Records(Vec::new());
    scene.names.answers_now(RECORD, nothing);
}

fn is_there_again(scene: &Scene, domain: &oidc::ProviderDomain) {
    let text: &'static str = Box::leak(domain.record_value.clone().into_boxed_str());
    let text = dns::Record::Text(Box::leak(Box::new([text])));
    let records = dns::Answer::Records(vec![text]);
    scene.names.answers_now(RECORD, records);
}

#[tokio::test]
async fn a_domain_whose_record_is_not_there_for_three_days_leads_nowhere_and_head_office_hears_of_it()
 {
    let scene = Scene::begin().await;
    a_day_passes(&scene).await;
    assert!(domain(&scene).await.missing_since.is_none());
    is_gone(&scene);
    for day in 1..=2 {
        a_day_passes(&scene).await;
        let domain = domain(&scene).await;
        assert!(domain.proven_at.is_some(), "day {day}");
        assert!(domain.missing_since.is_some(), "day {day}");
        assert_eq!(routed(&scene).await.status, 303, "day {day}");
    }
    let browser = scene.app.signed_in(&scene.site, &scene.alice).await;
    let page = browser.visit("/settings/sign-in").await.body;
    assert!(page.contains("record not found"), "{page}");
    assert_eq!(scene.app.count(NO_LONGER).await, 0);
    a_day_passes(&scene).await;
    let lost = domain(&scene).await;
    assert_eq!((lost.proven_at, lost.missing_since), (None, None));
    assert_eq!(scene.app.count(NO_LONGER).await, 1);
    // Its addresses lead nowhere, and nor does a link to the provider.
    let nowhere = routed(&scene).await;
    assert!(nowhere.body.contains("There is no sign-in"), "{nowhere:?}");
    let left = scene.leaves(&scene.site.browser()).await;
    assert_eq!(left.header("refresh"), "", "{}", left.body);
    // Head office finds it among the security events, and in the inbox.
    let seen = "select count(*) from app.security_events
                where code = 'DOMAIN_NO_LONGER_PROVEN' and severity = 'high'";
    assert_eq!(scene.app.count(seen).await, 1);
    while jobs::run_due(&scene.app.app).await.expect("the jobs run") > 0 {}
    let browser = scene.app.signed_in(&scene.site, &scene.alice).await;
    let inbox = browser.visit("/messages").await.body;
    assert!(inbox.contains("A domain is no longer proven"), "{inbox}");
    // It is told once, and proven again by whoever has it still.
    a_day_passes(&scene).await;
    assert_eq!(scene.app.count(NO_LONGER).await, 1);
    let (core, operator) = (&scene.app.app, &scene.acme.operator);
    let prove = || oidc::prove_domain(core, operator, lost.id);
    assert_eq!(conflict(prove().await), "oidc-domain-not-proven");
    is_there_again(&scene, &lost);
    scene.app.app.clock.advance(TimeDelta::minutes(1));
    prove().await.expect("is proven");
    assert_eq!(routed(&scene).await.status, 303);
    scene.app.finish().await;
}

#[tokio::test]
async fn name_servers_that_do_not_answer_prove_nothing_and_days_that_are_not_in_a_row_do_not_add_up()
 {
    let scene = Scene::begin().await;
    let before = domain(&scene).await;
    scene.names.answers_now(RECORD, dns::Answer::Failure);
    for _ in 0..4 {
        a_day_passes(&scene).await;
    }
    let now = domain(&scene).await;
    assert_eq!(
        (now.proven_at, now.missing_since),
        (before.proven_at, None),
        "nobody has said that it is gone"
    );
    for _ in 0..2 {
        is_gone(&scene);
        a_day_passes(&scene).await;
        a_day_passes(&scene).await;
        assert!(domain(&scene).await.missing_since.is_some());
        is_there_again(&scene, &before);
        a_day_passes(&scene).await;
        assert_eq!(domain(&scene).await.missing_since, None);
    }
    // However often the job is run within a day, it is one day.
    is_gone(&scene);
    for _ in 0..5 {
        sqlx::query("update app.jobs set run_at = $1 where kind = 'oidc.upkeep'")
            .bind(scene.app.app.now())
            .execute(&mut scene.app.superuser().await)
            .await
            .expect("is due");
        scene.app.app.clock.advance(TimeDelta::hours(1));
        while jobs::run_due(&scene.app.app).await.expect("the jobs run") > 0 {}
    }
    assert!(domain(&scene).await.proven_at.is_some());
    assert_eq!(scene.app.count(NO_LONGER).await, 0);
    scene.app.finish().await;
}
