//! A provider that takes a request in and never answers: whoever waits for it is told in time, and nothing goes on waiting.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use intrex_core::{
    oidc::{self, Directory},
    outside::http::Limits,
};

use super::Scene;
use crate::support::{TestApp, members::conflict};

/// For how long a provider is waited for here, in the place of ten seconds.
const PATIENCE: Duration = Duration::from_millis(150);
/// Less than the ten seconds that are waited otherwise, and more than a busy machine needs.
const IN_TIME: Duration = Duration::from_secs(5);

/// The page that is shown in the place of the way to a provider that is away, and what stands in it.
async fn leads_nowhere(scene: &Scene) {
    let began = Instant::now();
    let left = scene.leaves(&scene.site.browser()).await;
    assert_eq!((left.status, left.header("refresh")), (200, ""));
    assert!(left.body.contains("or it does not answer"), "{}", left.body);
    assert!(left.body.contains("href=\"/sign-in"), "{}", left.body);
    assert!(began.elapsed() < IN_TIME);
}

/// The other side sees that nobody waits any more: the connection is closed.
async fn nobody_is_left_waiting(scene: &Scene) {
    let closed = async {
        while scene.provider.keeps_somebody_waiting() {
            tokio::task::yield_now().await;
        }
    };
    let closed = tokio::time::timeout(IN_TIME, closed).await;
    assert!(closed.is_ok(), "a request is still under way");
}

#[tokio::test]
async fn a_provider_that_never_answers_is_given_up_in_time_wherever_it_is_asked() {
    let mut app = TestApp::start().await;
    app.app.directory = Arc::new(Directory::with_limits(Limits {
        connect: PATIENCE,
        total: PATIENCE,
        ..Limits::default()
    }));
    let scene = Scene::unlinked_in(app).await;
    let browser = scene.app.signed_in(&scene.site, &scene.alice).await;
    scene.links(&browser).await;
    // The exchange of the code: nobody gets in, and the log says why.
    scene.provider.never_answers("/token");
    let began = Instant::now();
    let browser = scene.site.browser();
    let answer = scene.goes(&browser).await;
    assert_eq!(scene.refused(&browser, &answer).await, "unreachable");
    assert!(began.elapsed() < IN_TIME);
    nobody_is_left_waiting(&scene).await;
    // What it publishes, and its keys; it is asked once, and then left alone for a while.
    for path in ["/.well-known/openid-configuration", "/jwks"] {
        scene.provider.never_answers(path);
        scene.app.app.clock.advance(chrono::TimeDelta::hours(2));
        let asked = scene.provider.asked(path);
        leads_nowhere(&scene).await;
        leads_nowhere(&scene).await;
        assert_eq!(scene.provider.asked(path), asked + 1, "{path}");
        nobody_is_left_waiting(&scene).await;
    }
    // An admin who enables it is told, and nothing is enabled.
    let (core, operator) = (&scene.app.app, &scene.acme.operator);
    oidc::disable(core, operator, scene.id)
        .await
        .expect("is disabled");
    let enabled = oidc::enable(core, operator, scene.id).await;
    assert_eq!(conflict(enabled), "oidc-provider-unreachable");
    nobody_is_left_waiting(&scene).await;
    // When it answers again, it is as before.
    scene.provider.recovers();
    oidc::enable(core, operator, scene.id)
        .await
        .expect("is enabled");
    let browser = scene.site.browser();
    assert_eq!(scene.goes(&browser).await.leads_to(), "/mfa");
    scene.app.finish().await;
}
