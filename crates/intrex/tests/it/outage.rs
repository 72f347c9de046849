//! PostgreSQL goes away while people and programs work, and comes back: the program says so in plain words, keeps what was
//! typed, loses nothing that it has acknowledged, and goes on by itself. The server of this test is its own, with its
//! durability on, and it is not stopped in order.

mod deliveries;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use intrex::private_postgres::{Durability, Options, PrivatePostgres, SUPERUSER};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;
use tokio::sync::mpsc;

use crate::support::{
    Program,
    browser::{Answer, Browser, request, send},
};

/// The last line that the demonstration prints when it is ready.
const READY: &str = "Ctrl-C stops everything";
/// Programs that write all the time.
const WRITERS: usize = 4;
/// Items that are acknowledged before the server goes away.
const ACKNOWLEDGED_BEFORE: usize = 25;
/// Refusals after which a writer stops.
const REFUSALS: usize = 3;
/// Within what everything works again once the server is back. It takes a few seconds; a busy machine is no fault.
const RECOVERS_WITHIN: Duration = Duration::from_secs(40);
const DATABASE: &str = "outage";
const OBLIGATIONS: &str = "/api/v1/obligations";

/// A PostgreSQL that can be taken away.
struct Server {
    directory: TempDir,
    running: Option<PrivatePostgres>,
}

impl Server {
    fn start() -> Self {
        let mut server = Server {
            directory: tempfile::tempdir().expect("a temporary directory"),
            running: None,
        };
        server.start_again();
        server
    }

    fn start_again(&mut self) {
        let options = Options {
            max_connections: 60,
            durability: Durability::Full,
            ..Options::default()
        };
        let started = PrivatePostgres::start(&self.directory.path().join("server"), &options);
        self.running = Some(started.expect("PostgreSQL starts"));
    }

    fn url(&self, role: &str) -> String {
        let running = self.running.as_ref().expect("is running");
        let options = running.conn(role, DATABASE).expect("the role is known");
        options.to_url_lossy().to_string()
    }

    async fn superuser(&self, database: &str) -> PgConnection {
        let running = self.running.as_ref().expect("is running");
        let options = running.conn(SUPERUSER, database).expect("is known");
        PgConnection::connect_with(&options.disable_statement_logging())
            .await
            .expect("the superuser connects")
    }

    /// Ends it at once, in the middle of whatever it does, and keeps it away.
    async fn go_away(&mut self) {
        self.kill().await;
        self.stays_away();
    }

    fn stays_away(&mut self) {
        tokio::task::block_in_place(|| self.running.take().expect("is running").stop());
    }

    async fn kill(&mut self) {
        let mut superuser = self.superuser("postgres").await;
        let cluster: String = sqlx::query_scalar("show data_directory")
            .fetch_one(&mut superuser)
            .await
            .expect("the superuser may ask");
        let pid = std::fs::read_to_string(PathBuf::from(cluster).join("postmaster.pid"))
            .expect("is running");
        let pid = pid.lines().next().and_then(|line| line.parse().ok());
        kill(Pid::from_raw(pid.expect("a process")), Signal::SIGQUIT).expect("is running");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.running.is_none() {
            let started =
                PrivatePostgres::start(&self.directory.path().join("server"), &Options::default());
            self.running = started.ok();
        }
        if let Some(running) = self.running.take() {
            let removed = running.remove();
            assert!(removed.is_ok() || std::thread::panicking(), "{removed:?}");
        }
    }
}

/// What became of one item that a writer wanted to create.
#[derive(Debug)]
struct Outcome {
    title: String,
    /// The problem's type, or nothing if it was created.
    refused: Option<String>,
}

/// Creates items until it was refused a few times.
async fn write(
    origin: String,
    token: String,
    branch: String,
    number: usize,
    told: mpsc::UnboundedSender<Outcome>,
) {
    let mut refusals = 0;
    for item in 0.. {
        let title = format!("Written by {number}, item {item}");
        let body = json!({ "branch_id": branch, "title": title, "category": "licence", "due_on": "2199-12-31" });
        let sent = request(Method::POST, &format!("{origin}{OBLIGATIONS}"));
        let answer = send(sent.bearer_auth(&token).json(&body)).await;
        let refused = match answer.status {
            201 => None,
            _ => Some(is_away(&answer)),
        };
        refusals += usize::from(refused.is_some());
        if told.send(Outcome { title, refused }).is_err() || refusals == REFUSALS {
            break;
        }
    }
}

/// A program is told that the database is away, and when to come back; answers under which name.
#[track_caller]
fn is_away(answer: &Answer) -> String {
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let wait: u32 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    let name = answer.json()["type"].as_str().expect("a type").to_owned();
    let known = [
        "urn:intrex:problem:unavailable",
        "urn:intrex:problem:unconfirmed",
    ];
    assert!(known.contains(&name.as_str()), "{}", answer.body);
    name
}

/// A person is told the same, in words.
#[track_caller]
fn says_so(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert!(answer.header("content-type").starts_with("text/html"));
    assert_ne!(answer.header("retry-after"), "");
    assert!(
        answer.body.contains("The database does not answer"),
        "{}",
        answer.body
    );
    assert!(
        answer.body.contains("Nothing that was saved is lost"),
        "{}",
        answer.body
    );
}

/// The fields of the form on a page that offers to send it again.
fn kept_fields(page: &str) -> Vec<(String, String)> {
    let token = page.split(r#"name="csrf_token" value=""#).nth(1);
    let token = token
        .and_then(|rest| rest.split('"').next())
        .expect("a token");
    let mut fields = vec![("csrf_token".to_owned(), token.to_owned())];
    for field in page.split(r#"<textarea name=""#).skip(1) {
        let (name, rest) = field.split_once(r#"" hidden>"#).expect("is hidden");
        let (value, _) = rest.split_once("</textarea>").expect("is closed");
        // A browser drops the first line feed.
        let value = value.strip_prefix('\n').unwrap_or(value);
        let value = value
            .replace("&#60;", "<")
            .replace("&#62;", ">")
            .replace("&#38;", "&");
        fields.push((name.to_owned(), value));
    }
    fields
}

/// Asks until the answer is as wanted.
async fn wait_for(what: &str, origin: &str, path: &str, status: u16) -> Answer {
    let asking = async {
        loop {
            let answer = send(request(Method::GET, &format!("{origin}{path}"))).await;
            if answer.status == status {
                return answer;
            }
        }
    };
    let answered = tokio::time::timeout(RECOVERS_WITHIN, asking).await;
    answered.unwrap_or_else(|_| panic!("{what}: {path} does not answer {status}"))
}

async fn count(superuser: &mut PgConnection, select: &'static str) -> i64 {
    sqlx::query_scalar(select)
        .fetch_one(superuser)
        .await
        .expect("counts")
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_away_everybody_is_told_and_afterwards_everything_goes_on() {
    let mut server = tokio::task::block_in_place(Server::start);
    server
        .superuser("postgres")
        .await
        .execute("create database outage")
        .await
        .expect("is created");
    let mut program = Program::bare();
    program.set("BIND", "127.0.0.1:0");
    for (name, role) in [
        ("DATABASE_URL", "intrex_app"),
        ("DATABASE_SYSTEM_URL", "intrex_system"),
        ("DATABASE_ADMIN_URL", SUPERUSER),
    ] {
        program.set(name, &server.url(role));
    }
    let running = program.start(&["demo"], READY).await;
    let demo = std::fs::read_to_string(program.data_dir().join("demo.json")).expect("is there");
    let demo: Value = serde_json::from_str(&demo).expect("is JSON");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let origin = text(&demo["base_url"]);
    let boss = &demo["tenants"][0]["users"][0];
    let (token, branch) = (
        text(&boss["api_token"]),
        text(&demo["tenants"][0]["branches"][0]["id"]),
    );
    let get =
        |path: &str| send(request(Method::GET, &format!("{origin}{path}")).bearer_auth(&token));

    let browser = Browser::at(&origin);
    let email = text(&boss["email"]);
    let entered = browser
        .submit("/sign-in", "/demo/sign-in", &[("email", &email)])
        .await;
    assert_eq!(entered.leads_to(), "/today");
    let csrf = browser.visit("/obligations/new").await.csrf();
    let open = get("/api/v1/obligations?status=open&limit=1").await.json();
    let item = text(&open["items"][0]["id"]);

    // The server goes away in the middle of work.
    let (told, mut outcomes) = mpsc::unbounded_channel();
    for number in 0..WRITERS {
        let (origin, token, branch) = (origin.clone(), token.clone(), branch.clone());
        tokio::spawn(write(origin, token, branch, number, told.clone()));
    }
    drop(told);
    let mut written = Vec::new();
    while written.len() < ACKNOWLEDGED_BEFORE {
        written.push(outcomes.recv().await.expect("items are created"));
    }
    server.go_away().await;
    while let Some(outcome) = outcomes.recv().await {
        written.push(outcome);
    }

    // Machines hear it.
    let checks = wait_for("away", &origin, "/readyz", 503).await.json();
    assert_eq!(checks["checks"]["database"], "does not answer", "{checks}");
    wait_for("alive", &origin, "/healthz", 200).await;
    assert_eq!(
        is_away(&get(OBLIGATIONS).await),
        "urn:intrex:problem:unavailable"
    );
    // People hear it, and nothing that they typed is gone.
    let page = browser.visit("/obligations?status=overdue").await;
    says_so(&page);
    assert!(
        page.body.contains(r#"href="/obligations?status=overdue""#),
        "{}",
        page.body
    );
    let notes = "Ask for <Mr. Karim> & co\r\nat the counter";
    let typed = [
        ("csrf_token", csrf.as_str()),
        ("branch_id", &branch),
        ("title", "Typed while the database was away"),
        ("category", "licence"),
        ("severity", "high"),
        ("due_on", "2199-12-31"),
        ("notes", notes),
    ];
    let kept = browser.post("/obligations", &typed).await;
    says_so(&kept);
    assert!(
        kept.body.contains(r#"action="/obligations""#),
        "{}",
        kept.body
    );
    let fields = kept_fields(&kept.body);
    let sent: Vec<(String, String)> = typed
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    assert_eq!(fields, sent);
    let note = [
        ("csrf_token", csrf.as_str()),
        ("note", "Paid by bank transfer"),
    ];
    let act = browser
        .post(&format!("/obligations/{item}/complete"), &note)
        .await;
    says_so(&act);
    assert_eq!(
        act.body.matches("Paid by bank transfer").count(),
        2,
        "{}",
        act.body
    );
    // Who sends a form from elsewhere does not put words on a page of this site.
    let elsewhere = browser
        .request(Method::POST, "/obligations")
        .header("sec-fetch-site", "cross-site")
        .form(&typed);
    let elsewhere = browser.send(elsewhere).await;
    assert!(!elsewhere.body.contains("Mr. Karim"), "{}", elsewhere.body);
    // A password is never sent back.
    let visitor = Browser::at(&origin);
    let seed = "0123456789abcdef0123456789abcdef";
    visitor.set_cookie("__Host-pre", seed);
    let secret = [
        ("email", email.as_str()),
        ("password", "tulip granite moss"),
    ];
    let refused = visitor.post("/sign-in", &secret).await;
    assert!(
        !refused.body.contains("tulip granite moss"),
        "{}",
        refused.body
    );

    // It comes back: the first requests are answered well, though every connection is broken.
    tokio::task::block_in_place(|| server.start_again());
    let back = Instant::now();
    let mut first = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let again = request(Method::GET, &format!("{origin}{OBLIGATIONS}?limit=1"));
        first.spawn(send(again.bearer_auth(token.clone())));
    }
    while let Some(answer) = first.join_next().await {
        let answer = answer.expect("no panic");
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let saved = browser.post("/obligations", &fields).await;
    let saved = browser.visit(saved.leads_to()).await;
    assert!(saved.body.contains("Typed while the database was away"));
    assert!(saved.body.contains("Ask for &#60;Mr. Karim&#62; &#38; co"));
    let checks = wait_for("back", &origin, "/readyz", 200).await.json();
    assert_eq!(checks["status"], "ready");

    // Background work goes on: every event gets its place, and every loop has been heard of since.
    let mut superuser = server.superuser(DATABASE).await;
    let left = [
        "select count(*) from app.audit_events e where not exists
           (select from app.audit_leaves l where l.tenant_id = e.tenant_id and l.event_id = e.id)",
        "select 3 - count(*) from app.heartbeats where beat_at > pg_postmaster_start_time()",
    ];
    let goes_on = async {
        for question in left {
            while count(&mut superuser, question).await > 0 {
                tokio::task::yield_now().await;
            }
        }
    };
    let gone_on = tokio::time::timeout(RECOVERS_WITHIN, goes_on).await;
    assert!(gone_on.is_ok(), "background work stands still");
    assert!(back.elapsed() < RECOVERS_WITHIN);

    // What was acknowledged is there, what was refused is not, and what could not be confirmed is there as a whole or not.
    for outcome in &written {
        let items: i64 =
            sqlx::query_scalar("select count(*) from app.obligation_instances where title = $1")
                .bind(&outcome.title)
                .fetch_one(&mut superuser)
                .await
                .expect("counts");
        let fits = match outcome.refused.as_deref() {
            None => items == 1,
            Some("urn:intrex:problem:unconfirmed") => items <= 1,
            Some(_) => items == 0,
        };
        assert!(fits, "{outcome:?}: {items}");
    }
    let refused = written.iter().filter(|outcome| outcome.refused.is_some());
    assert_eq!(refused.count(), WRITERS * REFUSALS);
    let halves =
        "select count(*) from app.obligation_instances o where title ~ '^(Written|Typed)' and 1 <>
                  (select count(*) from app.audit_events e where e.tenant_id = o.tenant_id
                   and e.entity_id = o.id::text and e.action = 'obligation.created')";
    assert_eq!(count(&mut superuser, halves).await, 0);
    let verified = program.run(&["audit", "verify", "--json"]).json();
    assert_eq!(verified["intact"], true, "{verified}");
    drop(superuser);
    assert_eq!(running.stop(Signal::SIGTERM).await, Some(0));
}
