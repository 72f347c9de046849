//! What servers answer, and what that means for the message.

use chrono::TimeDelta;
use intrex_core::deliveries::{self, State};

use super::{Scene, ids};
use crate::support::sink::Sink;

#[tokio::test]
async fn a_yes_is_a_receipt_in_the_log_and_in_what_is_shown() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let (hook, _) = scene.hook(&sink, "Ops").await;
    let id = scene.staged(hook, "Fire drill").await;
    sink.answers(&[(503, "", "later"), (202, "", "thank you")]);
    scene.send().await;
    let waiting = scene.now(id).await;
    assert_eq!(waiting.summary.state, State::Waiting);
    assert_eq!(waiting.summary.last_class.as_deref(), Some("server_error"));
    scene.later(75).await;
    let now = scene.now(id).await;
    assert_eq!(
        (now.summary.state, now.summary.attempts),
        (State::Delivered, 2)
    );
    assert_eq!(now.summary.title.as_deref(), Some("Fire drill"));
    let tries: Vec<_> = now
        .tries
        .iter()
        .map(|one| (one.n, one.code, one.class.as_deref(), one.answer.as_deref()))
        .collect();
    assert_eq!(
        tries,
        [
            (1, Some(503), Some("server_error"), Some("later")),
            (2, Some(202), None, Some("thank you")),
        ]
    );
    assert_eq!(scene.app.told("delivery.delivered").await, 1);
    assert_eq!(ids(&sink), [id.to_string(), id.to_string()]);
    scene.app.finish().await;
}

#[tokio::test]
async fn every_form_of_retry_after_is_honoured_and_none_for_longer_than_a_day() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let now = scene.app.app.now();
    let in_three_hours = now + TimeDelta::hours(3);
    let date = in_three_hours.format("%a, %d %b %Y %H:%M:%S GMT");
    let past = (now - TimeDelta::days(9)).format("%a, %d %b %Y %H:%M:%S GMT");
    let forms: [(String, i64, i64); 7] = [
        ("retry-after: 7200\r\n".into(), 7_200, 7_200),
        (format!("retry-after: {date}\r\n"), 10_800, 10_800),
        (format!("retry-after: {past}\r\n"), 48, 72),
        ("retry-after: soon\r\n".into(), 48, 72),
        ("retry-after: -5\r\n".into(), 48, 72),
        (
            "retry-after: 99999999999999999999\r\n".into(),
            86_400,
            86_400,
        ),
        (String::new(), 48, 72),
    ];
    for (n, (header, least, most)) in forms.iter().enumerate() {
        let (hook, _) = scene.hook(&sink, &format!("Ops {n}")).await;
        let id = scene.staged(hook, &format!("message {n}")).await;
        sink.answers(&[(429, header, "slow down")]);
        scene.send().await;
        let shown = scene.now(id).await.summary;
        assert_eq!(shown.state, State::Waiting, "{header}");
        assert_eq!(shown.last_class.as_deref(), Some("rate_limited"));
        let wait = (shown.next_attempt_at.expect("waits") - now).num_seconds();
        assert!((*least..=*most).contains(&wait), "{header:?}: {wait}");
    }
    scene.later(86_400).await;
    let settled = "select count(*) from app.notification_deliveries where state = 'delivered'";
    assert_eq!(scene.app.count(settled).await, 7);
    scene.app.finish().await;
}

#[tokio::test]
async fn what_is_no_answer_is_tried_again_under_the_same_id() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let elsewhere = Sink::start().await;
    let location = format!("location: {}/\r\n", elsewhere.url());
    let many: String = (0..100_000).map(|n| format!("x-{n}: y\r\n")).collect();
    type Say<'a> = &'a dyn Fn(&Sink);
    let ways: [(&str, Say<'_>, Option<&str>); 5] = [
        (
            "redirect",
            &|sink| sink.answers(&[(301, &location, "")]),
            Some("redirected"),
        ),
        ("reset", &|sink| sink.resets(), None),
        (
            "headers",
            &|sink| sink.raw(format!("HTTP/1.1 200 x\r\n{many}\r\n")),
            None,
        ),
        (
            "garbage",
            &|sink| sink.raw("SSH-2.0-OpenSSH\r\n".to_owned()),
            None,
        ),
        ("silence", &|sink| sink.raw(String::new()), None),
    ];
    let (hook, _) = scene.hook(&sink, "Ops").await;
    for (name, say, class) in ways {
        let id = scene.staged(hook, name).await;
        say(&sink);
        scene.send().await;
        let shown = scene.now(id).await.summary;
        assert_eq!(shown.state, State::Waiting, "{name}");
        match class {
            Some(class) => assert_eq!(shown.last_class.as_deref(), Some(class)),
            None => assert!(
                shown.last_class.is_some() && shown.last_code.is_none(),
                "{name}"
            ),
        }
        scene.later(75).await;
        assert_eq!(scene.state(id).await, State::Delivered, "{name}");
        let again = ids(&sink)
            .iter()
            .filter(|sent| **sent == id.to_string())
            .count();
        assert_eq!(again, 2, "{name}");
    }
    assert!(elsewhere.received().is_empty(), "no redirect is followed");
    scene.app.finish().await;
}

#[tokio::test]
async fn an_answer_of_http_1_0_is_an_answer() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let (hook, _) = scene.hook(&sink, "Old").await;
    let id = scene.staged(hook, "one").await;
    sink.raw("HTTP/1.0 200 OK\r\n\r\ntaken".to_owned());
    scene.send().await;
    assert_eq!(scene.state(id).await, State::Delivered);
    scene.app.finish().await;
}

#[tokio::test]
async fn a_server_that_fails_six_times_makes_a_dead_letter() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let (hook, _) = scene.hook(&sink, "Ops").await;
    let id = scene.staged(hook, "one").await;
    sink.answers(&[(500, "", ""); 6]);
    scene.send().await;
    for wait in intrex_core::deliveries::RETRY_AFTER {
        assert_eq!(scene.state(id).await, State::Waiting);
        scene.later(wait.num_seconds() * 5 / 4).await;
    }
    let now = scene.now(id).await;
    assert_eq!(now.summary.state, State::Dead);
    assert_eq!(now.summary.reason.as_deref(), Some("gave_up"));
    assert_eq!(now.tries.len(), 6);
    assert_eq!(scene.app.told("delivery.dead").await, 1);
    // Who looks after the organisation sees it, and who runs the installation has the number.
    let app = &scene.app.app;
    let dead = deliveries::reads::dead_of_installation(app).await;
    assert_eq!(dead.expect("is counted"), 1);
    let site = scene.app.serve().await;
    let browser = scene.app.signed_in(&site, &scene.alice).await;
    let page = browser.visit("/settings/health").await;
    assert!(page.body.contains("One message was given up."));
    assert!(page.body.contains("/messages/deliveries?state=dead"));
    scene.app.finish().await;
}
