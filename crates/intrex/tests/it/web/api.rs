//! The manners of the API: what every noun of it does alike. Branches stand for the others.

use intrex_core::permission::Role;
use reqwest::{Method, RequestBuilder};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::support::{
    Member, TestApp,
    browser::{Answer, Site, send},
};

/// A program with somebody's token.
pub(crate) struct Program<'a> {
    site: &'a Site,
    token: String,
}

impl<'a> Program<'a> {
    pub(crate) async fn of(app: &TestApp, site: &'a Site, member: &Member) -> Self {
        let actor = app.acting(member).await;
        let raw = intrex_core::tokens::RawToken {
            name: "a program".into(),
            ..Default::default()
        };
        let made = intrex_core::tokens::create(&app.app, &actor, &raw).await;
        Program {
            site,
            token: made.expect("a token").text.expose_secret().to_owned(),
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.site.request(method, path).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).json(body)).await
    }
}

fn branch(code: &str) -> Value {
    json!({ "code": code, "name": "Gulshan", "country": "BD", "time_zone": "Asia/Dhaka" })
}

#[tokio::test]
async fn without_a_good_credential_there_is_nothing() {
    let app = TestApp::start().await;
    let site = app.serve().await;
    let good_form = format!("itx_{}_{}", "0".repeat(32), "0".repeat(72));
    for header in [
        "",
        "Bearer",
        "Bearer x",
        "Basic YTpi",
        &format!("Bearer {good_form}"),
    ] {
        let mut request = site.request(Method::GET, "/api/v1/branches");
        if !header.is_empty() {
            request = request.header("authorization", header);
        }
        let answer = send(request).await;
        assert_eq!(answer.status, 401, "{header}");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.json()["type"], "urn:intrex:problem:unauthenticated");
        assert_eq!(answer.json()["request_id"], answer.header("x-request-id"));
    }
    app.finish().await;
}

#[tokio::test]
async fn what_is_created_has_an_address_a_tag_and_the_sent_fields() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let program = Program::of(&app, &site, &alice).await;
    let created = program.post("/api/v1/branches", &branch("GUL")).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let location = created.header("location").to_owned();
    assert_eq!(
        location,
        format!(
            "/api/v1/branches/{}",
            created.json()["id"].as_str().expect("an id")
        )
    );
    let read = program.get(&location).await;
    assert_eq!(read.status, 200);
    assert_eq!(read.json(), created.json());
    assert_eq!(read.header("etag"), created.header("etag"));
    assert!(
        read.header("etag").starts_with('"'),
        "{}",
        read.header("etag")
    );
    assert_eq!(read.header("cache-control"), "no-store");
    assert!(read.header("server-timing").contains("total;dur="));
    assert_eq!(read.json()["type"], "");
    let stale = program
        .request(Method::PATCH, &location)
        .header("if-match", read.header("etag"));
    let changed = send(stale.json(&json!({ "name": "Gulshan 2" }))).await;
    assert_eq!(
        (changed.status, &changed.json()["name"]),
        (200, &json!("Gulshan 2"))
    );
    assert_ne!(changed.header("etag"), read.header("etag"));
    let again = program
        .request(Method::PATCH, &location)
        .header("if-match", read.header("etag"));
    let again = send(again.json(&json!({ "name": "Gulshan 3" }))).await;
    assert_eq!(
        (again.status, &again.json()["type"]),
        (412, &json!("urn:intrex:problem:stale"))
    );
    let unconditional = program
        .request(Method::PATCH, &location)
        .json(&json!({ "name": "Gulshan 4" }));
    assert_eq!(send(unconditional).await.status, 200);
    app.finish().await;
}

#[tokio::test]
async fn bad_input_is_refused_by_field_and_never_an_error_of_ours() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let program = Program::of(&app, &site, &alice).await;
    let with = |field: &str, value: Value| {
        let mut body = branch("GUL");
        body[field] = value;
        body
    };
    for (body, field) in [
        (json!({}), "code"),
        (with("code", json!("")), "code"),
        (with("code", json!("x".repeat(41))), "code"),
        (with("name", json!("a\0b")), "name"),
        (with("name", json!(["x"])), "name"),
        (with("name", json!({ "a": 1 })), "name"),
        (with("name", Value::Null), "name"),
        (with("country", json!("Bangladesh")), "country"),
        (with("time_zone", json!("Dhaka")), "time_zone"),
        (with("surprise", json!(1)), "surprise"),
        (
            with("tenant_id", json!("0190a7c2-51f0-7c1e-9d10-4be1a707ae9f")),
            "tenant_id",
        ),
    ] {
        let answer = program.post("/api/v1/branches", &body).await;
        assert_eq!(answer.status, 422, "{body}: {}", answer.body);
        let sentence = &answer.json()["errors"][field][0];
        assert!(
            sentence.as_str().is_some_and(|s| s.len() > 5),
            "{body}: {}",
            answer.body
        );
    }
    let raw = async |content_type: &str, body: &'static [u8]| {
        let request = program.request(Method::POST, "/api/v1/branches");
        send(request.header("content-type", content_type).body(body)).await
    };
    assert_eq!(raw("application/json", b"{").await.status, 400);
    assert_eq!(raw("application/json", b"[]").await.status, 400);
    assert_eq!(raw("application/json", b"\xff").await.status, 400);
    assert_eq!(
        raw("application/json; charset=utf-8", b"{}").await.status,
        422
    );
    assert_eq!(raw("text/plain", b"{}").await.status, 415);
    assert_eq!(
        raw("application/x-www-form-urlencoded", b"code=GUL")
            .await
            .status,
        415
    );
    let large = program
        .request(Method::POST, "/api/v1/branches")
        .json(&json!({ "name": "x".repeat(2 << 20) }));
    assert_eq!(send(large).await.status, 413);
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("cursor=x", "cursor"),
        ("surprise=1", "surprise"),
        ("status=unknown", "status"),
        ("q=%ff", "query"),
    ] {
        let answer = program.get(&format!("/api/v1/branches?{query}")).await;
        assert_eq!(answer.status, 422, "{query}: {}", answer.body);
        assert!(
            answer.json()["errors"][field].is_array(),
            "{query}: {}",
            answer.body
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn what_is_foreign_unknown_or_no_id_at_all_is_not_there_in_the_same_words() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let theirs = app.branch(&acme, "DHK-1").await.id;
    let mallory = app
        .member(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
        .await;
    let site = app.serve().await;
    let program = Program::of(&app, &site, &mallory).await;
    let mut answers = Vec::new();
    for id in [
        theirs.to_string(),
        "0190a7c2-51f0-7c1e-9d10-4be1a707ae9f".to_owned(),
        "not-an-id".to_owned(),
        "%00".to_owned(),
        "%ff".to_owned(),
        theirs.to_string().to_uppercase(),
    ] {
        let answer = program.get(&format!("/api/v1/branches/{id}")).await;
        assert_eq!(answer.status, 404, "{id}");
        let id = answer.json()["request_id"]
            .as_str()
            .expect("an id")
            .to_owned();
        answers.push(answer.body.replace(&id, "ID"));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    app.finish().await;
}

#[tokio::test]
async fn a_repeated_request_gets_its_answer_and_has_one_effect() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let program = Program::of(&app, &site, &alice).await;
    let post = async |key: &str, body: &Value| {
        let request = program.request(Method::POST, "/api/v1/branches");
        send(request.header("idempotency-key", key).json(body)).await
    };
    let first = post("a key", &branch("GUL")).await;
    let second = post("a key", &branch("GUL")).await;
    assert_eq!((first.status, second.status), (201, 201), "{}", second.body);
    assert_eq!(first.json(), second.json());
    assert_eq!(first.header("location"), second.header("location"));
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(app.count("select count(*) from app.branches").await, 1);
    let other = post("a key", &branch("BAN")).await;
    assert_eq!(other.status, 422);
    assert!(
        other.json()["errors"]["Idempotency-Key"].is_array(),
        "{}",
        other.body
    );
    assert_eq!(post(&"k".repeat(201), &branch("BAN")).await.status, 422);
    app.app.clock.advance(chrono::TimeDelta::hours(25));
    assert_eq!(
        post("a key", &branch("BAN")).await.status,
        201,
        "a day later the key is free"
    );
    app.finish().await;
}

#[tokio::test]
async fn lists_go_on_where_the_page_ended() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    for code in ["A", "B", "C"] {
        app.branch(&acme, code).await;
    }
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let program = Program::of(&app, &site, &alice).await;
    let first = program.get("/api/v1/branches?limit=2").await.json();
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    let second = program
        .get(&format!("/api/v1/branches?limit=2&cursor={cursor}"))
        .await
        .json();
    let codes = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().expect("items");
        items
            .iter()
            .map(|item| item["code"].as_str().expect("a code").to_owned())
            .collect()
    };
    assert_eq!(
        (codes(&first), codes(&second)),
        (vec!["A".into(), "B".into()], vec!["C".into()])
    );
    assert_eq!(second["next_cursor"], Value::Null);
    app.finish().await;
}

#[tokio::test]
async fn a_parameter_that_is_given_twice_is_refused_by_its_name() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let program = Program::of(&app, &site, &alice).await;
    for (query, field) in [
        ("obligations?limit=5&limit=6", "limit"),
        ("obligations?limit=5&limit=5", "limit"),
        ("obligations?cursor=x&cursor=", "cursor"),
        (
            "obligations?due_from=2026-11-22&due_from=2026-11-23",
            "due_from",
        ),
        ("obligations?branch_id=x&branch_id=y", "branch_id"),
        ("obligations?q=rent&q=", "q"),
        ("obligations?q=&q=rent", "q"),
        ("branches?limit=5&limit=6", "limit"),
        ("users?limit=5&limit=6", "limit"),
        ("users?role=operator&role=branch_manager", "role"),
        ("audit/events?limit=5&limit=6", "limit"),
        ("audit/events?action=a&action=b", "action"),
        ("security-events?open=true&open=false", "open"),
        ("reports/overdue?limit=5&limit=6", "limit"),
    ] {
        let answer = program.get(&format!("/api/v1/{query}")).await;
        assert_eq!(answer.status, 422, "{query}: {}", answer.body);
        let problem = answer.json();
        assert!(
            problem["errors"].get(field).is_some()
                || problem.to_string().contains(&format!("\"{field}\"")),
            "{query}: {problem}"
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn a_role_is_held_at_the_door() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let dhaka = app.branch(&acme, "DHK-1").await.id;
    let carol = app.member(&acme, "Carol", Role::Operator, &[dhaka]).await;
    let site = app.serve().await;
    let program = Program::of(&app, &site, &carol).await;
    let refused = program.post("/api/v1/branches", &branch("GUL")).await;
    assert_eq!(
        (refused.status, &refused.json()["type"]),
        (403, &json!("urn:intrex:problem:forbidden"))
    );
    assert_eq!(program.get("/api/v1/users").await.status, 403);
    let browser = app.signed_in(&site, &carol).await;
    assert_eq!(browser.visit("/branches/new").await.status, 403);
    let list = browser.visit("/branches").await;
    assert_eq!(list.status, 200);
    assert!(
        !list.body.contains("/branches/new"),
        "what one may not do is not shown"
    );
    app.finish().await;
}

#[tokio::test]
async fn an_invitation_by_the_api_shows_its_link_once_and_the_log_never() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let program = Program::of(&app, &site, &alice).await;
    let bob =
        json!({ "email": "bob@acme.example", "name": "Bob", "role": "operator", "branch_ids": [] });
    let request = program
        .request(Method::POST, "/api/v1/users")
        .header("idempotency-key", "bob");
    let invited = send(request.json(&bob)).await;
    assert_eq!(invited.status, 201, "{}", invited.body);
    let link = invited.json()["invitation_url"]
        .as_str()
        .expect("a link")
        .to_owned();
    let path = link.strip_prefix(&site.origin).expect("here");
    assert_eq!(site.browser().visit(path).await.status, 200);
    let request = program
        .request(Method::POST, "/api/v1/users")
        .header("idempotency-key", "bob");
    let repeated = send(request.json(&bob)).await;
    assert_eq!(repeated.json()["id"], invited.json()["id"]);
    assert_eq!(repeated.json()["invitation_url"], Value::Null);
    let listed = program.get("/api/v1/users?role=operator").await;
    assert!(listed.body.contains("bob@acme.example") && !listed.body.contains("iti_"));
    app.finish().await;
}
