//! The way back: an answer counts once, in the browser that was sent for it, from the provider that was asked.

use super::{FAILURES, PROVISIONAL, Scene, configured, proven};
use crate::support::{TestApp, provider::Provider};

#[tokio::test]
async fn an_answer_counts_in_the_browser_that_was_sent_for_it() {
    let scene = Scene::begin().await;
    // Without the cookie: somebody was sent the address of an answer.
    let browser = scene.site.browser();
    let leaving = scene.leaves(&browser).await;
    let back = scene.provider.visited_from(&leaving).await;
    let victim = scene.site.browser();
    let answer = victim.visit(&back).await;
    assert_eq!(scene.refused(&victim, &answer).await, "no_attempt");
    // With the cookie of an attempt of their own: an attacker's answer in the browser of somebody who is on their way.
    scene.leaves(&victim).await;
    let planted = victim.cookie("__Host-oidc");
    let answer = victim.visit(&back).await;
    assert_eq!(scene.refused(&victim, &answer).await, "state");
    assert!(planted.is_some());
    // The attacker's own browser still may: nothing of it was used.
    assert_eq!(browser.visit(&back).await.leads_to(), "/mfa");
    // No state, a wrong one, none of it.
    for query in [
        "",
        "?code=x",
        "?state=x",
        "?code=x&state=",
        "?state=x&code=y&iss=z&session_state=w",
        "?error=access_denied",
    ] {
        let browser = scene.site.browser();
        scene.leaves(&browser).await;
        let answer = browser
            .visit(&format!("/sign-in/oidc/callback{query}"))
            .await;
        assert_eq!(scene.refused(&browser, &answer).await, "state", "{query}");
    }
    // The cookie twice, or not one of ours.
    for cookie in ["x", "ito_0_0"] {
        let browser = scene.site.browser();
        let leaving = scene.leaves(&browser).await;
        let back = scene.provider.visited_from(&leaving).await;
        browser.set_cookie("__Host-oidc", cookie);
        let answer = browser.visit(&back).await;
        assert_eq!(scene.refused(&browser, &answer).await, "no_attempt");
    }
    assert_eq!(scene.app.count(PROVISIONAL).await, 1);
    scene.app.finish().await;
}

#[tokio::test]
async fn an_answer_counts_once_even_if_it_comes_many_times_at_the_same_moment() {
    let scene = Scene::begin().await;
    let browser = scene.site.browser();
    let leaving = scene.leaves(&browser).await;
    let cookie = browser.cookie("__Host-oidc").expect("a cookie");
    let back = scene.provider.visited_from(&leaving).await;
    let exchanged = scene.provider.asked("/token");
    let tries = (0..8).map(|_| {
        let same = scene.site.browser();
        same.set_cookie("__Host-oidc", &cookie);
        let back = back.clone();
        async move { same.visit(&back).await.leads_to() == "/mfa" }
    });
    let mut set = Vec::new();
    for one in tries {
        set.push(one);
    }
    let outcomes = futures(set).await;
    assert_eq!(outcomes.iter().filter(|let_in| **let_in).count(), 1);
    assert_eq!(
        scene.provider.asked("/token"),
        exchanged + 1,
        "the code went out once"
    );
    assert_eq!(scene.app.count(PROVISIONAL).await, 1);
    // And later.
    let again = scene.site.browser();
    again.set_cookie("__Host-oidc", &cookie);
    let answer = again.visit(&back).await;
    assert_eq!(scene.refused(&again, &answer).await, "no_attempt");
    scene.app.finish().await;
}

/// All of them at once.
async fn futures<F: Future<Output = bool>>(mut all: Vec<F>) -> Vec<bool> {
    use std::{pin::Pin, task::Poll};
    let mut pinned: Vec<Pin<Box<F>>> = all.drain(..).map(Box::pin).collect();
    let mut done: Vec<Option<bool>> = vec![None; pinned.len()];
    std::future::poll_fn(move |cx| {
        for (at, future) in pinned.iter_mut().enumerate() {
            if done[at].is_none()
                && let Poll::Ready(outcome) = future.as_mut().poll(cx)
            {
                done[at] = Some(outcome);
            }
        }
        match done.iter().all(Option::is_some) {
            true => Poll::Ready(done.iter().flatten().copied().collect()),
            false => Poll::Pending,
        }
    })
    .await
}

#[tokio::test]
async fn who_is_away_for_too_long_begins_anew_and_what_is_left_is_cleared_away() {
    let scene = Scene::begin().await;
    let browser = scene.site.browser();
    let leaving = scene.leaves(&browser).await;
    let back = scene.provider.visited_from(&leaving).await;
    scene.app.app.clock.advance(chrono::TimeDelta::minutes(10));
    let answer = browser.visit(&back).await;
    assert_eq!(scene.refused(&browser, &answer).await, "no_attempt");
    let left = "select count(*) from app.oidc_attempts where expires_at <= '2026-11-22T04:00:00Z'";
    assert!(scene.app.count(left).await >= 1);
    scene.app.travel_to("2026-11-22T04:00:00Z");
    while intrex_core::jobs::run_due(&scene.app.app)
        .await
        .expect("jobs run")
        > 0
    {}
    assert_eq!(scene.app.count(left).await, 0);
    scene.app.finish().await;
}

#[tokio::test]
async fn a_refusal_of_the_provider_lets_nobody_in_and_ends_the_attempt() {
    let scene = Scene::begin().await;
    let browser = scene.site.browser();
    let leaving = scene.leaves(&browser).await;
    let back = scene.provider.visited_from(&leaving).await;
    let state = back.split("state=").nth(1).expect("a state").to_owned();
    let cookie = browser.cookie("__Host-oidc").expect("a cookie");
    let refused = format!("/sign-in/oidc/callback?error=access_denied&state={state}");
    let answer = browser.visit(&refused).await;
    assert_eq!(scene.refused(&browser, &answer).await, "provider_refused");
    let page = browser.visit(answer.leads_to()).await;
    assert!(page.body.contains("That did not work"), "{}", page.body);
    assert!(!page.body.contains("access_denied"));
    browser.set_cookie("__Host-oidc", &cookie);
    let answer = browser.visit(&back).await;
    assert_eq!(scene.refused(&browser, &answer).await, "no_attempt");
    // A code and an error at once is no answer that the standard knows.
    let leaving = scene.leaves(&browser).await;
    let back = scene.provider.visited_from(&leaving).await;
    let answer = browser.visit(&format!("{back}&error=server_error")).await;
    assert_eq!(scene.refused(&browser, &answer).await, "provider_refused");
    scene.app.finish().await;
}

#[tokio::test]
async fn the_answer_of_another_provider_does_not_count() {
    let scene = Scene::begin().await;
    let (other, second) = scene.second_provider().await;
    // The browser was sent to the first; the second answers with a code of its own, which goes to the first.
    let browser = scene.site.browser();
    let leaving = scene.leaves(&browser).await;
    let back = scene.provider.visited_from(&leaving).await;
    let state = back.split("state=").nth(1).expect("a state").to_owned();
    let elsewhere = scene.site.browser();
    let theirs = elsewhere.visit(&format!("/sign-in/oidc/{second}")).await;
    let theirs = other.visited_from(&theirs).await;
    let code = theirs
        .split("code=")
        .nth(1)
        .and_then(|rest| rest.split('&').next());
    let mixed = format!(
        "/sign-in/oidc/callback?code={}&state={state}",
        code.expect("a code")
    );
    let answer = browser.visit(&mixed).await;
    assert_eq!(scene.refused(&browser, &answer).await, "exchange");
    assert_eq!(
        other.asked("/token"),
        0,
        "nothing of the first goes to the second"
    );
    // Who names itself is believed only as who was asked.
    scene.provider.says_iss(Some(&other.issuer));
    let browser = scene.site.browser();
    let answer = scene.goes(&browser).await;
    assert_eq!(scene.refused(&browser, &answer).await, "issuer");
    scene.provider.says_iss(Some(&scene.provider.issuer));
    assert_eq!(scene.goes(&scene.site.browser()).await.leads_to(), "/mfa");
    // And who has promised to name itself must.
    scene.provider.publishes(|document| {
        document["authorization_response_iss_parameter_supported"] = true.into();
    });
    scene.app.app.clock.advance(chrono::TimeDelta::hours(2));
    assert_eq!(scene.goes(&scene.site.browser()).await.leads_to(), "/mfa");
    scene.provider.says_iss(None);
    let browser = scene.site.browser();
    let answer = scene.goes(&browser).await;
    assert_eq!(scene.refused(&browser, &answer).await, "issuer");
    scene.app.finish().await;
}

#[tokio::test]
async fn an_attempt_of_one_organisation_is_none_of_another() {
    let scene = Scene::begin().await;
    let globex = scene.app.tenant("Globex").await;
    let theirs = Provider::start(scene.app.app.clock.clone()).await;
    let second = configured(&scene.app, &globex, &theirs).await;
    proven(&scene.app, &globex, &scene.names, second, "globex.example").await;
    let enabled = intrex_core::oidc::enable(&scene.app.app, &globex.operator, second).await;
    assert!(enabled.is_ok(), "{enabled:?}");
    // Mallory runs a provider that says it speaks of Alice.
    theirs.is_now("alice-at-the-provider");
    let mallory = scene.site.browser();
    let leaving = mallory.visit(&format!("/sign-in/oidc/{second}")).await;
    let back = theirs.visited_from(&leaving).await;
    let answer = mallory.visit(&back).await;
    assert_eq!(scene.refused(&mallory, &answer).await, "not_linked");
    // Their cookie with Acme's state.
    let mallory = scene.site.browser();
    mallory.visit(&format!("/sign-in/oidc/{second}")).await;
    let acme = scene.site.browser();
    let leaving = scene.leaves(&acme).await;
    let back = scene.provider.visited_from(&leaving).await;
    let answer = mallory.visit(&back).await;
    assert_eq!(scene.refused(&mallory, &answer).await, "state");
    // A cookie that says another organisation than the one it was made for.
    let cookie = acme.cookie("__Host-oidc").expect("a cookie");
    let (ours, others) = (
        scene.acme.id.uuid().simple().to_string(),
        globex.id.uuid().simple().to_string(),
    );
    acme.set_cookie("__Host-oidc", &cookie.replace(&ours, &others));
    let answer = acme.visit(&back).await;
    assert_eq!(scene.refused(&acme, &answer).await, "no_attempt");
    assert_eq!(scene.app.count(PROVISIONAL).await, 0);
    scene.app.finish().await;
}

#[tokio::test]
async fn nothing_that_was_sent_or_sealed_is_in_the_log() {
    let scene = Scene::begin().await;
    let browser = scene.site.browser();
    let leaving = scene.leaves(&browser).await;
    let back = scene.provider.visited_from(&leaving).await;
    let cookie = browser.cookie("__Host-oidc").expect("a cookie");
    browser.visit(&format!("{back}&error=hunter2")).await;
    assert_eq!(scene.app.count(FAILURES).await, 1);
    let value = |name: &str| {
        let rest = back.split(&format!("{name}=")).nth(1).expect("is there");
        rest.split('&').next().expect("a value").to_owned()
    };
    let secret = crate::support::provider::CLIENT_SECRET;
    let all = everything(&scene.app).await;
    for hidden in [
        value("code"),
        value("state"),
        cookie,
        secret.to_owned(),
        "hunter2".to_owned(),
    ] {
        assert!(!all.contains(&hidden), "{hidden}");
    }
    assert!(all.contains("intrex-at-acme"), "what is no secret is found");
    scene.app.finish().await;
}

/// The tables of this slice and the audit log, as text.
async fn everything(app: &TestApp) -> String {
    let mut superuser = app.superuser().await;
    let mut all = String::new();
    for table in [
        "select coalesce(string_agg(t::text, ' '), '') from app.oidc_providers t",
        "select coalesce(string_agg(t::text, ' '), '') from app.oidc_attempts t",
        "select coalesce(string_agg(convert_from(entry, 'UTF8'), ' '), '') from app.audit_events",
        "select coalesce(string_agg(t::text, ' '), '') from app.security_events t",
        "select coalesce(string_agg(t::text, ' '), '') from app.jobs t",
    ] {
        let part: String = sqlx::query_scalar(table)
            .fetch_one(&mut superuser)
            .await
            .expect("reads");
        all += &part;
    }
    all
}
