//! Machines whose clocks are ten minutes off, either way: nobody takes what another one is at work on, nothing goes out early
//! or late, and nobody is called silent who works. What all go by is the database's clock.

use chrono::TimeDelta;
use intrex_core::{
    App,
    audit::sequencer::Sequencer,
    clock::Clock,
    deliveries::{State, sender},
    health, jobs, worker,
};
use sqlx::AssertSqlSafe;

use super::{Scene, ids, stage};
use crate::support::{TestApp, sink::Sink};

/// How far off, in minutes.
const OFF: [i64; 2] = [-10, 10];

/// Acme's messages are carried out by a second machine too, which shows the right time until it is set.
async fn second(scene: &Scene) -> App {
    scene.app.another_machine(&scene.app.app.clock).await
}

/// Sends until nothing is due.
async fn sends(app: &App) -> usize {
    sender::send_due(app).await.expect("sends")
}

/// Everything that arrived, each once.
fn each_once(sink: &Sink, messages: usize) {
    let mut arrived = ids(sink);
    assert_eq!(arrived.len(), messages, "{arrived:?}");
    arrived.sort();
    arrived.dedup();
    assert_eq!(arrived.len(), messages, "something came twice");
}

#[tokio::test]
async fn two_workers_whose_clocks_are_ten_minutes_apart_send_everything_once() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let (hook, _) = scene.hook(&sink, "Ops").await;
    let second = second(&scene).await;
    let mut messages = 0;
    for minutes in OFF {
        second.clock.put_ahead(TimeDelta::minutes(minutes));
        // Each of them is at work once while the other one looks for something to do.
        for (at_work, idle) in [(&scene.app.app, &second), (&second, &scene.app.app)] {
            for n in 0..8 {
                scene
                    .staged(hook, &format!("{minutes} {n} {messages}"))
                    .await;
            }
            messages += 8;
            sink.holds(8);
            let sending = tokio::spawn({
                let app = at_work.clone();
                async move { sends(&app).await }
            });
            sink.arrivals(messages).await;
            assert_eq!(sends(idle).await, 0, "{minutes}: they are another's");
            sink.release();
            sending.await.expect("no panic");
            each_once(&sink, messages);
        }
    }
    let delivered =
        "select count(*) from app.notification_deliveries where state = 'delivered' and fence = 1";
    assert_eq!(scene.app.count(delivered).await, 32);
    let at_another_time =
        "select count(*) from app.delivery_attempts a, app.notification_deliveries d
                           where d.id = a.delivery_id and a.at <> d.created_at";
    assert_eq!(scene.app.count(at_another_time).await, 0);
    second.db.close().await;
    scene.app.finish().await;
}

#[tokio::test]
async fn what_waits_for_its_time_is_tried_then_whatever_the_workers_clock_shows() {
    for minutes in OFF {
        let scene = Scene::begin().await;
        let sink = Sink::start().await;
        let (hook, _) = scene.hook(&sink, "Ops").await;
        let second = second(&scene).await;
        second.clock.put_ahead(TimeDelta::minutes(minutes));
        let id = scene.staged(hook, "one").await;
        sink.answers(&[(500, "", "not now")]);
        assert_eq!(sends(&second).await, 1);
        let waiting = scene.now(id).await.summary;
        assert_eq!(waiting.state, State::Waiting);
        // A minute, and a fifth of it more or less.
        scene.later(47).await;
        assert_eq!(sends(&second).await, 0, "{minutes}: it is not due");
        scene.app.app.clock.advance(TimeDelta::seconds(26));
        assert_eq!(sends(&second).await, 1, "{minutes}: it is due");
        assert_eq!(ids(&sink), [id.to_string(), id.to_string()]);
        second.db.close().await;
        scene.app.finish().await;
    }
}

#[tokio::test]
async fn the_databases_own_clock_ends_leases() {
    let scene = Scene::begin().await;
    let sink = Sink::start().await;
    let (hook, _) = scene.hook(&sink, "Ops").await;
    // Two machines of real life, which go by no test's time.
    let right = scene.app.another_machine(&Clock::system()).await;
    let wrong = scene.app.another_machine(&Clock::system()).await;
    let mut messages = 0;
    for minutes in OFF {
        wrong.clock.put_ahead(TimeDelta::minutes(minutes));
        for (at_work, idle) in [(&right, &wrong), (&wrong, &right)] {
            for n in 0..8 {
                stage(
                    &right,
                    &scene.actor,
                    hook,
                    &format!("{minutes} {n} {messages}"),
                )
                .await
                .expect("is new");
            }
            messages += 8;
            sink.holds(8);
            let sending = tokio::spawn({
                let app = at_work.clone();
                async move { sends(&app).await }
            });
            sink.arrivals(messages).await;
            let leased = "select count(*) from app.notification_deliveries where state = 'sending'
                          and lease_until between clock_timestamp() and clock_timestamp() + interval '1 minute'";
            assert_eq!(scene.app.count(leased).await, 8);
            assert_eq!(sends(idle).await, 0);
            sink.release();
            sending.await.expect("no panic");
            each_once(&sink, messages);
        }
        let apart = (wrong.now() - right.now()).abs();
        assert!(apart < TimeDelta::minutes(1), "{apart}");
    }
    right.db.close().await;
    wrong.db.close().await;
    scene.app.finish().await;
}

/// Whatever is claimed belongs to a worker that is at work on it, for a minute.
async fn all_is_claimed(app: &TestApp) {
    let until = (app.app.now() + TimeDelta::seconds(60)).to_rfc3339();
    for statement in [
        format!(
            "update app.jobs set run_at = '{}', lease_until = '{until}', fence = fence + 1",
            app.app.now().to_rfc3339()
        ),
        format!("update app.audit_cursor set holder = gen_random_uuid(), lease_until = '{until}'"),
    ] {
        sqlx::query(AssertSqlSafe(statement))
            .execute(&mut app.superuser().await)
            .await
            .expect("is claimed");
    }
}

#[tokio::test]
async fn jobs_and_the_log_stay_with_whoever_is_at_work_on_them() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    worker::run_once(&app.app).await.expect("works");
    let other = app.another_machine(&app.app.clock).await;
    for minutes in OFF {
        other.clock.put_ahead(TimeDelta::minutes(minutes));
        app.record(&acme, "thing.changed").await;
        all_is_claimed(&app).await;
        let mut sequencer = Sequencer::new(&other);
        assert_eq!(jobs::run_due(&other).await.expect("looks"), 0, "{minutes}");
        assert_eq!(sequencer.batch().await.expect("looks"), 0, "{minutes}");
        app.app.clock.advance(TimeDelta::seconds(60));
        assert!(
            jobs::run_due(&other).await.expect("takes over") > 0,
            "{minutes}"
        );
        assert!(
            sequencer.batch().await.expect("takes over") > 0,
            "{minutes}"
        );
        sequencer.resign().await.expect("gives it back");
        worker::run_once(&other).await.expect("works");
    }
    other.db.close().await;
    app.finish().await;
}

#[tokio::test]
async fn nobody_is_called_silent_by_a_clock_that_is_off() {
    let app = TestApp::start().await;
    let other = app.another_machine(&app.app.clock).await;
    for minutes in OFF {
        other.clock.put_ahead(TimeDelta::minutes(minutes));
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let running = tokio::spawn({
            let other = other.clone();
            async move { worker::run(&other, stopped).await }
        });
        let beats = format!(
            "select count(*) from app.heartbeats where beat_at = '{}' and succeeded_at = beat_at",
            app.app.now().to_rfc3339()
        );
        let all = i64::try_from(worker::WORKERS.len()).expect("few");
        let mut superuser = app.superuser().await;
        let have_beaten = async {
            while sqlx::query_scalar::<_, i64>(AssertSqlSafe(beats.clone()))
                .fetch_one(&mut superuser)
                .await
                .expect("counts")
                < all
            {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(60), have_beaten)
            .await
            .expect("each says that it is there");
        stop.send(true).expect("it listens");
        running.await.expect("it ends without a panic");
        for (who, process) in [("the one", &app.app), ("the other", &other)] {
            let work = health::installation(process).await.expect("is read");
            let still: Vec<_> = work
                .iter()
                .filter(|work| work.standing != health::Standing::Working)
                .collect();
            assert!(still.is_empty(), "{minutes}, {who}: {still:?}");
        }
        app.app.clock.advance(TimeDelta::seconds(121));
        let work = health::installation(&other).await.expect("is read");
        let silent = |work: &health::Work| work.standing == health::Standing::Silent;
        assert!(work.iter().all(silent), "{minutes}: {work:?}");
    }
    other.db.close().await;
    app.finish().await;
}
