//! The worker is killed, as a process: head office sees it on every page within two intervals, machines hear it, and the watcher
//! outside is called no more, though pages go on. Afterwards another worker takes its place, and all is well again.

use std::time::Duration;

use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::Value;
use sqlx::Executor as _;

use super::{BANNER, Outside};
use crate::support::{
    Program,
    browser::{Browser, request},
};

/// Answers 0 as long as nobody listens there.
async fn status(origin: &str, path: &str) -> u16 {
    let asked = request(Method::GET, &format!("{origin}{path}"))
        .send()
        .await;
    asked.map_or(0, |answer| answer.status().as_u16())
}

/// The last line that the demonstration prints when it is ready.
const READY: &str = "Ctrl-C stops everything";
/// How long something may take on a busy machine that takes a moment; and whoever looked once a moment too early looks again
/// after an interval of a minute.
const PATIENCE: Duration = Duration::from_secs(180);

async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let waiting = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
        panic!("never: {what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_is_missed_by_admins_machines_and_the_watcher_outside() {
    let outside = Outside::start().await;
    let mut program = Program::on_an_empty_database().await;
    // The demonstration has people who can sign in; then pages and background work are two processes, as in larger places.
    let made = program.start(&["demo"], READY).await;
    let demo = program.data_dir().join("demo.json");
    let demo = std::fs::read_to_string(demo).expect("is there");
    let demo: Value = serde_json::from_str(&demo).expect("is JSON");
    let former = demo["base_url"].as_str().expect("an address");
    until("all work has been heard of", || async {
        status(former, "/readyz").await == 200
    })
    .await;
    assert_eq!(made.stop(Signal::SIGTERM).await, Some(0));
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let bind = port.local_addr().expect("an address").to_string();
    drop(port);
    program.set("BIND", &bind);
    let origin = format!("http://{bind}");
    program.set("BASE_URL", &origin);
    // Both know the watcher; it is the work that calls it.
    program.set("INTREX_PING_URL", &outside.url);
    let pages = program.spawn(&["serve", "--no-worker"]);
    let worker = program.spawn(&["worker"]);
    until("pages are served", || async {
        status(&origin, "/healthz").await == 200
    })
    .await;
    until("all work goes on", || async {
        status(&origin, "/readyz").await == 200
    })
    .await;
    let browser = Browser::at(&origin);
    let email = demo["tenants"][0]["users"][0]["email"].as_str();
    let entered = browser
        .submit(
            "/sign-in",
            "/demo/sign-in",
            &[("email", email.expect("is there"))],
        )
        .await;
    assert_eq!(entered.leads_to(), "/today");
    assert!(!browser.visit("/today").await.body.contains(BANNER));
    until("the watcher is called", || async { outside.calls() > 0 }).await;

    // It is killed, without a word.
    assert_eq!(worker.stop(Signal::SIGKILL).await, None);
    let called = outside.calls();
    // Two intervals pass: everybody's last word is so much longer ago.
    let mut superuser = program.superuser().await;
    superuser
        .execute("update app.heartbeats set beat_at = beat_at - interval '120 seconds', succeeded_at = succeeded_at - interval '120 seconds'")
        .await
        .expect("time passes");
    until("it is missed", || async {
        status(&origin, "/readyz").await == 503
    })
    .await;
    for path in ["/today", "/obligations", "/settings/people"] {
        assert!(browser.visit(path).await.body.contains(BANNER), "{path}");
    }
    let page = browser.visit("/settings/health").await.body;
    assert!(page.contains("Something stands still"), "{page}");
    assert!(page.contains("silent"), "{page}");
    assert_eq!(
        outside.calls(),
        called,
        "pages alone do not call the watcher"
    );
    assert_eq!(status(&origin, "/healthz").await, 200, "pages go on");

    // Another one takes its place.
    let worker = program.spawn(&["worker"]);
    until("all work goes on again", || async {
        status(&origin, "/readyz").await == 200
    })
    .await;
    assert!(!browser.visit("/today").await.body.contains(BANNER));
    assert_eq!(worker.stop(Signal::SIGTERM).await, Some(0));
    assert_eq!(pages.stop(Signal::SIGTERM).await, Some(0));
    drop(superuser);
    program.finish().await;
}
