//! One organisation with much to say does not keep the others waiting, and the worker's loops do by themselves what the
//! other tests do by hand.

use std::time::Duration;

use intrex_core::{jobs, reminders::sender, worker};
use tokio::sync::watch;

use super::world::{OPERATOR, organisation};
use crate::support::{MailServer, TestApp};

#[tokio::test]
async fn the_first_round_has_something_of_everybody() {
    let app = TestApp::start().await;
    let acme = organisation(&app, "Acme").await;
    let gulshan = acme.branch(&app, "Gulshan").await;
    let alice = acme.person(&app, "Alice", OPERATOR, &[gulshan]).await;
    for _ in 0..60 {
        acme.item(&app, gulshan, "2026-12-27", Some(&alice)).await;
    }
    let globex = organisation(&app, "Globex").await;
    let austin = globex.branch(&app, "Austin").await;
    let mallory = globex.person(&app, "Mallory", OPERATOR, &[austin]).await;
    let theirs = globex
        .item(&app, austin, "2026-12-29", Some(&mallory))
        .await;
    app.travel_to("2026-12-22T03:00:00Z");
    while jobs::run_due(&app.app).await.expect("plans") > 0 {}

    // Acme's are due since the 20th, Globex's since this moment.
    sender::send_due(&app.app).await.expect("sends");
    let slots = globex.ledger(&app, theirs).await;
    assert!(
        slots
            .iter()
            .any(|slot| slot.threshold == "before_7" && slot.state == "sent")
    );
    worker::run_once(&app.app).await.expect("works");
    app.finish().await;
}

#[tokio::test]
async fn the_loops_plan_send_sequence_and_say_that_they_are_alive() {
    let mut app = TestApp::start().await;
    let server = MailServer::start().await;
    app.app.mailer = Some(server.mailer());
    let acme = organisation(&app, "Acme").await;
    let gulshan = acme.branch(&app, "Gulshan").await;
    let alice = acme.person(&app, "Alice", OPERATOR, &[gulshan]).await;
    acme.item(&app, gulshan, "2026-11-29", Some(&alice)).await;
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn({
        let app = app.app.clone();
        async move { worker::run(&app, stopped).await }
    });
    tokio::time::timeout(Duration::from_secs(30), server.arrival())
        .await
        .expect("the reminder arrives by itself");
    stop.send(true).expect("the worker listens");
    tokio::time::timeout(Duration::from_secs(30), running)
        .await
        .expect("the worker ends when it is told to")
        .expect("without a panic");
    let beats: Vec<String> =
        sqlx::query_scalar("select worker from app.heartbeats order by worker")
            .fetch_all(&mut app.superuser().await)
            .await
            .expect("are read");
    let mut workers = worker::WORKERS;
    workers.sort_unstable();
    assert_eq!(beats, workers);
    worker::run_once(&app.app).await.expect("works");
    app.finish().await;
}
