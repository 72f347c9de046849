//! Clients that go away, over real sockets: thousands of connections of two organisations at once against a pool of two,
//! each closed or reset at another point of its request or of the answer. Nothing stays open in the database, nobody reads
//! a row of the other organisation, and what is committed has its event.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use intrex_core::{db::ReadTx, permission::Role};
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::json;
use sqlx::AssertSqlSafe;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::api::Program;
use crate::{
    support::{
        Tenant, TestApp,
        browser::{Site, send},
    },
    tenancy::cancellation::settles,
};

/// Connections that are made.
const CLIENTS: usize = 2_400;
/// Of which so many are open at a time: many more than the pool has connections.
const AT_A_TIME: usize = 16;
/// How often a client that has sent everything lets others work before it goes away, at most.
const TURNS: usize = 400;
/// Bytes of an answer after which a client has read enough, at most; a page has more.
const READ_BYTES: usize = 4_000;
/// Items that are there to be completed in each organisation.
const ITEMS: usize = 12;

/// One of the two organisations: what it may send, and the name that must never appear in an answer to it.
struct Party {
    requests: Vec<String>,
    foreign: &'static str,
}

/// Where a client goes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// After so many bytes of the request, the head or the body.
    Sending(usize),
    /// After the request, and so many turns of waiting.
    Waiting(usize),
    /// After so many bytes of the answer.
    Reading(usize),
    /// It does not.
    Never,
}

/// What the clients of a run have seen.
#[derive(Debug, Default)]
struct Seen {
    /// Answers read to their end.
    whole: usize,
    /// Clients that went away while their request was worked on.
    unanswered: usize,
    /// Items that an answer said were created.
    created: Vec<String>,
}

impl TestApp {
    async fn party(&self, site: &Site, name: &'static str, foreign: &'static str) -> Party {
        let tenant = self.tenant(name).await;
        let branch = self.branch(&tenant, "GUL").await;
        let boss = self.member(&tenant, name, Role::HeadOfficeAdmin, &[]).await;
        let token = self.acting(&boss).await;
        let raw = intrex_core::tokens::RawToken {
            name: "a program".into(),
            ..Default::default()
        };
        let made = intrex_core::tokens::create(&self.app, &token, &raw).await;
        let bearer = made.expect("a token").text.expose_secret().to_owned();
        let browser = self.signed_in(site, &boss).await;
        let csrf = browser.visit("/obligations/new").await.csrf();
        let cookie = browser.cookie("__Host-session").expect("is signed in");

        let host = site.origin.trim_start_matches("http://");
        let program = |line: &str, body: &str| {
            format!(
                "{line} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {bearer}\r\n\
                 content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
        };
        let person = |line: &str, body: &str| {
            format!(
                "{line} HTTP/1.1\r\nhost: {host}\r\ncookie: __Host-session={cookie}\r\n\
                 origin: {}\r\nsec-fetch-site: same-origin\r\n\
                 content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
                site.origin,
                body.len()
            )
        };
        let title = format!("Licence of {name}");
        let new = json!({ "branch_id": branch.id.to_string(), "title": title, "category": "licence",
                          "due_on": "2026-12-31", "notes": "x".repeat(3_000) });
        let typed = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("csrf_token", csrf.as_str()),
                ("branch_id", &branch.id.to_string()),
                ("title", &title),
                ("category", "licence"),
                ("severity", "high"),
                ("due_on", "2026-12-31"),
                ("notes", &"y".repeat(3_000)),
            ])
            .finish();
        let mut requests = vec![
            program("GET /api/v1/obligations?limit=20", ""),
            program("GET /api/v1/obligations?limit=none", ""),
            program("GET /api/v1/audit/events?limit=5", ""),
            program("POST /api/v1/obligations", &new.to_string()),
            program("POST /api/v1/obligations", "{\"title\":"),
            person("GET /obligations", ""),
            person("GET /today", ""),
            person("POST /obligations", &typed),
        ];
        for _ in 0..ITEMS {
            let item = self
                .obligation(&tenant, &branch, &title, "2026-12-05")
                .await;
            let path = format!("POST /api/v1/obligations/{}/complete", item.id);
            requests.push(program(&path, "{\"note\":\"Paid.\"}"));
        }
        Party { requests, foreign }
    }
}

/// One client: connects, sends, reads, and goes away where it is told to. Answers what it has read.
async fn client(address: &str, request: &str, cut: Cut, resets: bool) -> Vec<u8> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the tests talk to the program under test"
    )]
    let mut stream = TcpStream::connect(address).await.expect("is let in");
    if resets {
        stream.set_zero_linger().expect("the option is known");
    }
    // Who reads to the end is told the end. The others stay on the line: only then the server sees them go.
    let closing;
    let bytes = match cut {
        Cut::Sending(bytes) => &request.as_bytes()[..bytes],
        Cut::Waiting(_) => request.as_bytes(),
        Cut::Reading(_) | Cut::Never => {
            closing = request.replacen("\r\n", "\r\nconnection: close\r\n", 1);
            closing.as_bytes()
        }
    };
    let mut read = Vec::new();
    // The server may have refused and closed before everything was sent.
    if stream.write_all(bytes).await.is_err() {
        return read;
    }
    match cut {
        Cut::Sending(_) => {}
        Cut::Waiting(turns) => {
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            let _ = stream.try_read_buf(&mut read);
        }
        Cut::Reading(bytes) => {
            let _ = stream.take(bytes as u64).read_to_end(&mut read).await;
        }
        Cut::Never => {
            stream.read_to_end(&mut read).await.expect("is answered");
        }
    }
    read
}

/// Which client goes away where: each number somewhere else, in a sequence that covers every point of every request.
fn cut(number: usize, request: &str) -> Cut {
    let step = number / 7;
    match number % 7 {
        0 | 1 => Cut::Sending(1 + step * 37 % (request.len() - 1)),
        2..=4 => Cut::Waiting(step % TURNS),
        5 => Cut::Reading(1 + step * 61 % READ_BYTES),
        _ => Cut::Never,
    }
}

async fn send_clients(address: String, parties: Arc<[Party; 2]>, next: Arc<AtomicUsize>) -> Seen {
    let mut seen = Seen::default();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= CLIENTS {
            return seen;
        }
        let party = &parties[number % 2];
        let request = &party.requests[number / 2 % party.requests.len()];
        let cut = cut(number, request);
        let read = client(&address, request, cut, number.is_multiple_of(3)).await;
        let text = String::from_utf8_lossy(&read);
        assert!(!text.contains(party.foreign), "a row crossed: {text}");
        if matches!(cut, Cut::Waiting(_)) && text.is_empty() {
            seen.unanswered += 1;
        }
        if cut != Cut::Never {
            continue;
        }
        seen.whole += 1;
        let status = text.get(9..12).unwrap_or_default();
        let fine = ["200", "201", "303", "400", "409", "422"];
        assert!(fine.contains(&status), "{request}\n{text}");
        if let Some(id) = text.split("location: /api/v1/obligations/").nth(1) {
            seen.created.push(id[..36].to_owned());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_break_off_leave_no_transaction_cross_no_row_and_halve_no_change() {
    let app = TestApp::start_with(2).await;
    let site = app.serve().await;
    let parties = [
        app.party(&site, "Acme", "Globex").await,
        app.party(&site, "Globex", "Acme").await,
    ];
    let items_before = app
        .count("select count(*) from app.obligation_instances")
        .await;
    let parties = Arc::new(parties);
    let address = site.origin.trim_start_matches("http://").to_owned();
    let next = Arc::new(AtomicUsize::new(0));
    let senders: Vec<_> = (0..AT_A_TIME)
        .map(|_| tokio::spawn(send_clients(address.clone(), parties.clone(), next.clone())))
        .collect();
    let mut seen = Seen::default();
    for sender in senders {
        let part = sender.await.expect("no client saw what it must not see");
        seen.whole += part.whole;
        seen.unanswered += part.unanswered;
        seen.created.extend(part.created);
    }
    settles(&app).await;

    assert!(seen.whole > CLIENTS / 10, "some read to the end: {seen:?}");
    assert!(
        seen.unanswered > CLIENTS / 10,
        "many go while they are worked on: {seen:?}"
    );
    let made = app
        .count("select count(*) from app.obligation_instances")
        .await
        - items_before;
    assert!(made > 0, "something was committed");
    for (what, wrong) in [
        (
            "an item without its event",
            "select count(*) from app.obligation_instances o where 1 <> (select count(*) from app.audit_events e
             where e.tenant_id = o.tenant_id and e.entity_id = o.id::text and e.action = 'obligation.created')",
        ),
        (
            "an item that was created but is not there",
            "select count(*) from app.audit_events e where e.action = 'obligation.created' and not exists
             (select from app.obligation_instances o where o.tenant_id = e.tenant_id and o.id::text = e.entity_id)",
        ),
        (
            "a completion without its event, or an event without its completion",
            "select count(*) from app.obligation_instances o where (o.state = 'completed')::integer <>
             (select count(*) from app.audit_events e where e.tenant_id = o.tenant_id and e.entity_id = o.id::text
              and e.action = 'obligation.completed')",
        ),
    ] {
        assert_eq!(app.count(wrong).await, 0, "{what}");
    }
    let completed = "select count(*) from app.obligation_instances where state = 'completed'";
    assert!(app.count(completed).await > 0, "some were completed");
    let there: Vec<String> = sqlx::query_scalar("select id::text from app.obligation_instances")
        .fetch_all(&mut app.superuser().await)
        .await
        .expect("items are listed");
    assert!(!seen.created.is_empty());
    for id in &seen.created {
        assert!(there.contains(id), "{id} was acknowledged and is gone");
    }

    // The pool still serves both, at the same time.
    let (acme, globex) = tokio::join!(
        client(&address, &parties[0].requests[0], Cut::Never, false),
        client(&address, &parties[1].requests[0], Cut::Never, false),
    );
    for (answer, name) in [(acme, "of Acme"), (globex, "of Globex")] {
        let text = String::from_utf8_lossy(&answer);
        assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
        assert!(text.contains(name), "{text}");
    }
    app.finish().await;
}

/// One of a crowd: what it asks for, and how it must be answered.
struct Asked {
    method: Method,
    path: String,
    body: Option<serde_json::Value>,
    status: u16,
}

/// Requests at the same time: many times the connections.
const CROWD: usize = 48;
/// Requests that each of the crowd makes.
const ROUNDS: usize = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_that_is_mostly_refused_leaves_nobody_waiting() {
    let app = TestApp::start_with(2).await;
    let site = Arc::new(app.serve().await);
    let acme = app.tenant("Acme").await;
    let branch = app.branch(&acme, "GUL").await;
    app.obligation(&acme, &branch, "Fire licence", "2026-12-05")
        .await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let carol = app
        .member(&acme, "Carol", Role::Operator, &[branch.id])
        .await;
    let unknown = "01890000-0000-7000-8000-000000000000";
    let ask = |method, path: &str, body, status| Asked {
        method,
        path: path.to_owned(),
        body,
        status,
    };
    let asked = [
        ask(Method::GET, "/api/v1/branches?limit=0", None, 422),
        ask(Method::GET, "/api/v1/branches?limit=5", None, 200),
        ask(Method::GET, "/api/v1/branches?colour=red", None, 422),
        ask(
            Method::GET,
            &format!("/api/v1/branches/{unknown}"),
            None,
            404,
        ),
        ask(Method::GET, "/api/v1/branches/x", None, 404),
        ask(
            Method::GET,
            &format!("/api/v1/obligations/{unknown}"),
            None,
            404,
        ),
        ask(
            Method::GET,
            &format!("/api/v1/obligations/{unknown}/timeline"),
            None,
            404,
        ),
        ask(Method::GET, "/api/v1/obligations?cursor=x", None, 422),
        ask(Method::GET, "/api/v1/obligations?limit=5", None, 200),
        ask(Method::DELETE, "/api/v1/branches", None, 405),
        ask(
            Method::POST,
            "/api/v1/obligations",
            Some(json!({ "title": "" })),
            422,
        ),
        ask(
            Method::POST,
            &format!("/api/v1/obligations/{unknown}/complete"),
            Some(json!({})),
            404,
        ),
        ask(
            Method::PATCH,
            &format!("/api/v1/branches/{unknown}"),
            Some(json!({})),
            404,
        ),
    ];
    let for_others = [
        ask(
            Method::POST,
            "/api/v1/branches",
            Some(json!({ "code": "X" })),
            403,
        ),
        ask(Method::GET, "/api/v1/users", None, 403),
        ask(Method::GET, "/api/v1/branches?limit=5", None, 200),
    ];
    let (boss, operator) = (
        Program::of(&app, &site, &alice).await,
        Program::of(&app, &site, &carol).await,
    );
    let mut kinds = Vec::new();
    for (program, asked) in [(&boss, &asked[..]), (&operator, &for_others[..])] {
        for one in asked {
            let mut request = program.request(one.method.clone(), &one.path);
            if let Some(body) = &one.body {
                request = request.json(body);
            }
            kinds.push((format!("{} {}", one.method, one.path), request, one.status));
        }
    }
    let mut crowd = tokio::task::JoinSet::new();
    for number in 0..CROWD {
        let mine: Vec<_> = (0..ROUNDS)
            .map(|round| {
                let (name, request, status) = &kinds[(number + round) % kinds.len()];
                let request = request.try_clone().expect("its body is no stream");
                (name.clone(), request, *status)
            })
            .collect();
        crowd.spawn(async move {
            for (name, request, status) in mine {
                let answer = send(request).await;
                assert_eq!(answer.status, status, "{name}: {}", answer.body);
            }
        });
    }
    while let Some(ended) = crowd.join_next().await {
        ended.expect("everybody is answered as they should be");
    }
    settles(&app).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_the_database_has_ended_are_no_reason_to_refuse_anybody() {
    let app = TestApp::start_with(6).await;
    let site = app.serve().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let program = Program::of(&app, &site, &alice).await;
    let mut superuser = app.superuser().await;
    let sessions =
        "from pg_stat_activity where datname = current_database() and usename ~ '^intrex_'";
    for _ in 0..3 {
        let held = all_connections(&app, &acme).await;
        assert_eq!(held.len(), 6, "every connection is open");
        for tx in held {
            tx.finish().await.expect("ends");
        }
        settles(&app).await;
        sqlx::query(AssertSqlSafe(format!(
            "select pg_terminate_backend(pid) {sessions}"
        )))
        .execute(&mut superuser)
        .await
        .expect("the superuser may");
        let gone = async {
            let left = format!("select count(*) {sessions}");
            while sqlx::query_scalar::<_, i64>(AssertSqlSafe(left.clone()))
                .fetch_one(&mut superuser)
                .await
                .expect("sessions are counted")
                > 0
            {
                tokio::task::yield_now().await;
            }
        };
        let gone = tokio::time::timeout(Duration::from_secs(20), gone).await;
        gone.expect("they are ended");
        app.app.db.ready().await.expect("the database answers");
        let mut asking = tokio::task::JoinSet::new();
        for _ in 0..12 {
            asking.spawn(send(
                program.request(Method::GET, "/api/v1/branches?limit=5"),
            ));
        }
        while let Some(answer) = asking.join_next().await {
            let answer = answer.expect("no panic");
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
    }
    app.finish().await;
}

/// As many reading transactions as the pool has connections, all open at once.
async fn all_connections(app: &TestApp, tenant: &Tenant) -> Vec<ReadTx> {
    let mut held = Vec::new();
    for _ in 0..6 {
        held.push(app.app.db.read(&tenant.operator).await.expect("begins"));
    }
    held
}
