//! Whether somebody notices that background work has stopped: on a page, in a banner, in the figures, and outside, where a
//! watcher is called no more.

mod killed;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU16, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use chrono::TimeDelta;
use intrex_core::{
    health::ping::{Turn, Watcher, turn},
    permission::Role,
    worker,
};
use intrex_web::Options;
use reqwest::Method;
use tokio::{net::TcpListener, sync::watch};

use crate::support::{
    TestApp,
    browser::{Answer, Site, send},
};

const TOKEN: &str = "figures for the one who watches";
const BANNER: &str = "Background work stands still";

/// Says for every kind of work that it has ended a round at this moment; how is written in SQL.
async fn all_beat(app: &TestApp, succeeded_at: &'static str) {
    for worker in worker::WORKERS {
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "insert into app.heartbeats (worker, beat_at, succeeded_at) values ($1, $2, {succeeded_at})
             on conflict (worker) do update set beat_at = excluded.beat_at, succeeded_at = excluded.succeeded_at"
        )))
        .bind(worker)
        .bind(app.app.now())
        .execute(&mut app.superuser().await)
        .await
        .expect("is written");
    }
}

/// Somebody outside who is called, and answers as told.
struct Outside {
    url: String,
    calls: Arc<AtomicUsize>,
    status: Arc<AtomicU16>,
}

impl Outside {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!(
            "http://{}/ping/its-secret",
            listener.local_addr().expect("an address")
        );
        let (calls, status) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicU16::new(200)));
        let state = (calls.clone(), status.clone());
        let answer = async |State((calls, status)): State<(Arc<AtomicUsize>, Arc<AtomicU16>)>| {
            calls.fetch_add(1, Ordering::SeqCst);
            StatusCode::from_u16(status.load(Ordering::SeqCst)).expect("a status")
        };
        let router = Router::new()
            .route("/ping/its-secret", get(answer))
            .with_state(state);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Outside { url, calls, status }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn the_watcher_is_called_only_while_all_work_goes_on() {
    let app = TestApp::start().await;
    let outside = Outside::start().await;
    let watcher = Watcher::new(outside.url.parse().expect("an address"));
    assert!(!format!("{watcher:?}").contains("its-secret"));
    let turn = async || turn(&app.app, &watcher).await.expect("takes its turn");
    assert_eq!(turn().await, Turn::Withheld, "nothing has ever run");
    all_beat(&app, "$2").await;
    assert_eq!(turn().await, Turn::Called);
    app.app.clock.advance(TimeDelta::seconds(120));
    assert_eq!(turn().await, Turn::Called);
    app.app.clock.advance(TimeDelta::seconds(1));
    assert_eq!(turn().await, Turn::Withheld, "silent for two intervals");
    // Alive, and nothing succeeds.
    all_beat(&app, "$2 - interval '121 seconds'").await;
    assert_eq!(turn().await, Turn::Withheld);
    // One kind of work of all is enough.
    all_beat(&app, "$2").await;
    sqlx::query("delete from app.heartbeats where worker = 'jobs'")
        .execute(&mut app.superuser().await)
        .await
        .expect("is removed");
    assert_eq!(turn().await, Turn::Withheld);
    assert_eq!(outside.calls(), 2);
    all_beat(&app, "$2").await;
    outside.status.store(500, Ordering::SeqCst);
    assert_eq!(turn().await, Turn::Unheard);
    outside.status.store(302, Ordering::SeqCst);
    assert_eq!(turn().await, Turn::Unheard, "nobody is followed");
    assert_eq!(outside.calls(), 4);
    app.finish().await;
}

#[tokio::test]
async fn work_that_fails_says_so_and_says_when_it_goes_on() {
    let app = TestApp::start().await;
    let mut superuser = app.superuser().await;
    let run = async |statement: &'static str| {
        sqlx::query(statement)
            .execute(&mut app.superuser().await)
            .await
            .expect("is run");
    };
    run("revoke select on app.reminder_slots from intrex_system").await;
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn({
        let app = app.app.clone();
        async move { worker::run(&app, stopped).await }
    });
    let mut until = async |question: &'static str| {
        let asked = async {
            while !sqlx::query_scalar::<_, bool>(question)
                .fetch_one(&mut superuser)
                .await
                .expect("is asked")
            {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), asked)
            .await
            .unwrap_or_else(|_| panic!("never: {question}"));
    };
    until(
        "select exists (select from app.heartbeats where worker = 'reminders.sender' and failing_since is not null
                          and succeeded_at is null)",
    )
    .await;
    until("select exists (select from app.heartbeats where worker = 'jobs' and failing_since is null)").await;
    run(
        "grant select (tenant_id, id, state, next_attempt_at, lease_until, fence, attempts) on app.reminder_slots to intrex_system",
    )
    .await;
    until(
        "select exists (select from app.heartbeats where worker = 'reminders.sender' and failing_since is null
                          and succeeded_at is not null)",
    )
    .await;
    stop.send(true).expect("the worker listens");
    running.await.expect("it ends without a panic");
    app.finish().await;
}

#[tokio::test]
async fn admins_see_on_every_page_that_work_stands_still_and_others_do_not() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let north = app.branch(&acme, "NORTH").await.id;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let bob = app
        .member(&acme, "Bob", Role::BranchManager, &[north])
        .await;
    let site = app.serve().await;
    let admin = app.signed_in(&site, &alice).await;
    let manager = app.signed_in(&site, &bob).await;
    all_beat(&app, "$2").await;
    app.app.clock.advance(TimeDelta::seconds(120));
    for path in ["/today", "/obligations", "/settings/people"] {
        assert!(!admin.visit(path).await.body.contains(BANNER), "{path}");
    }
    let page = admin.visit("/settings/health").await;
    assert_eq!(page.status, 200);
    assert!(
        !page.body.contains("Something stands still"),
        "{}",
        page.body
    );
    app.app.clock.advance(TimeDelta::seconds(1));
    for path in ["/today", "/obligations", "/settings/people"] {
        assert!(admin.visit(path).await.body.contains(BANNER), "{path}");
        assert!(!manager.visit(path).await.body.contains(BANNER), "{path}");
    }
    let page = admin.visit("/settings/health").await.body;
    assert!(page.contains("Something stands still") && !page.contains(BANNER));
    assert_eq!(page.matches("silent").count(), worker::WORKERS.len());
    assert_eq!(manager.visit("/settings/health").await.status, 403);
    let told = admin.visit("/api/v1/health").await.json();
    let told = told.as_array().expect("a list");
    assert_eq!(told.len(), worker::WORKERS.len());
    assert!(told.iter().all(|work| work["standing"] == "silent"));
    app.finish().await;
}

async fn figures(site: &Site, token: Option<&str>) -> Answer {
    let mut request = site.request(Method::GET, "/metrics");
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    send(request).await
}

#[tokio::test]
async fn figures_are_for_who_has_the_token_and_name_nobody() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let without = app.serve().await;
    assert_eq!(figures(&without, Some(TOKEN)).await.status, 404);
    let options = Options {
        metrics_token: Some(TOKEN.to_owned().into()),
        ..Options::default()
    };
    let site = app.serve_with(options, intrex_web::router).await;
    let admin = app.signed_in(&site, &alice).await;
    for token in [
        None,
        Some(""),
        Some("figures"),
        Some("figures for the one who watches!"),
    ] {
        let refused = figures(&site, token).await;
        assert_eq!(refused.status, 401, "{token:?}");
        assert!(!refused.body.contains("intrex_"));
    }
    // A session is none of the operator's credentials.
    assert_eq!(admin.visit("/metrics").await.status, 401);
    let branch = uuid::Uuid::nil();
    admin.visit(&format!("/branches/{branch}?q=Alice")).await;
    all_beat(&app, "$2").await;
    app.app.clock.advance(TimeDelta::seconds(30));
    let told = figures(&site, Some(TOKEN)).await;
    assert_eq!(told.status, 200, "{}", told.body);
    assert!(
        told.header("content-type")
            .starts_with("application/openmetrics-text")
    );
    let has = |line: &str| assert!(told.body.contains(line), "{line}\n{}", told.body);
    has("intrex_http_requests_total{method=\"GET\",route=\"/branches/{id}\",status=\"404\"} 1\n");
    has("intrex_http_request_duration_seconds_count{method=\"GET\",route=\"/metrics\"} 5\n");
    has("intrex_work_going_on{worker=\"reminders.sender\"} 1\n");
    has("intrex_database_reached 1\n");
    let at = (app.app.now() - TimeDelta::seconds(30)).timestamp();
    has(&format!(
        "intrex_work_last_success_timestamp_seconds{{worker=\"jobs\"}} {at}\n"
    ));
    for nobody in [
        "Alice",
        "Acme",
        "acme",
        "example",
        &acme.id.to_string(),
        "127.0.0.1",
    ] {
        assert!(!told.body.contains(nobody), "{nobody}\n{}", told.body);
    }
    app.finish().await;
}

#[tokio::test]
async fn what_waits_and_since_when_is_told() {
    let app = TestApp::start().await;
    let options = Options {
        metrics_token: Some(TOKEN.to_owned().into()),
        ..Options::default()
    };
    let acme = app.tenant("Acme").await;
    let site = app.serve_with(options, intrex_web::router).await;
    all_beat(&app, "$2").await;
    // The recurring work of a new organisation is due at once.
    app.app.clock.advance(TimeDelta::seconds(100));
    let told = figures(&site, Some(TOKEN)).await.body;
    let line = |text: &str| told.lines().any(|line| line == text);
    assert!(
        line("intrex_work_lag_seconds{worker=\"jobs\"} 100"),
        "{told}"
    );
    assert!(line(
        "intrex_work_lag_seconds{worker=\"reminders.sender\"} 0"
    ));
    worker::run_once(&app.app).await.expect("works");
    let told = figures(&site, Some(TOKEN)).await.body;
    let line = |text: &str| told.lines().any(|line| line == text);
    assert!(line("intrex_work_waiting{worker=\"jobs\"} 0"), "{told}");
    assert!(line("intrex_work_lag_seconds{worker=\"jobs\"} 0"), "{told}");
    drop(acme);
    app.finish().await;
}
