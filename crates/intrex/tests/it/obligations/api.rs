//! Obligations as programs reach them.

use std::sync::Arc;

use chrono::TimeDelta;
use intrex_core::permission::Role;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::{
    support::{TestApp, browser::send},
    web::api::Program,
};

const OBLIGATIONS: &str = "/api/v1/obligations";

fn fire_licence(branch: impl ToString) -> Value {
    json!({
        "branch_id": branch.to_string(), "category": "fire_safety", "title": "Fire licence renewal",
        "due_on": "2026-12-05", "recurrence": "FREQ=YEARLY",
    })
}

fn id_of(answer: &Value) -> String {
    answer["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_programs_completing_at_once_make_one_completion_and_one_successor() {
    let app = TestApp::start_with(8).await;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "GUL").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let program = Program::of(&app, &site, &alice).await;
    let made = program.post(OBLIGATIONS, &fire_licence(gulshan.id)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let path = format!("{OBLIGATIONS}/{}/complete", id_of(&made.json()));
    let barrier = Arc::new(Barrier::new(50));
    let attempts: Vec<_> = (0..50)
        .map(|_| {
            let request = program.request(Method::POST, &path).json(&json!({}));
            let barrier = barrier.clone();
            tokio::spawn(async move {
                barrier.wait().await;
                send(request).await
            })
        })
        .collect();
    let mut done = Vec::new();
    for attempt in attempts {
        let answer = attempt.await.expect("no panic");
        match answer.status {
            200 => done.push(answer.json()),
            status => assert_eq!(
                (status, &answer.json()["type"]),
                (409, &json!("urn:intrex:problem:already-settled"))
            ),
        }
    }
    assert_eq!(done.len(), 1);
    assert_eq!(done[0]["status"], "completed");
    assert_eq!(done[0]["successor"]["due_on"], "2027-12-05");
    let events = "select count(*) from app.audit_events where action = 'obligation.completed'";
    assert_eq!(app.count(events).await, 1);
    let items = "select count(*) from app.obligation_instances";
    assert_eq!(app.count(items).await, 2);
    app.finish().await;
}

#[tokio::test]
async fn a_repeated_request_has_one_effect_and_the_same_answer() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "GUL").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let program = Program::of(&app, &site, &alice).await;
    let create = |body: Value| {
        let request = program.request(Method::POST, OBLIGATIONS);
        request.header("idempotency-key", "licence-1").json(&body)
    };
    let first = send(create(fire_licence(gulshan.id))).await;
    assert_eq!(first.status, 201, "{}", first.body);
    let again = send(create(fire_licence(gulshan.id))).await;
    assert_eq!((again.status, again.json()), (201, first.json()));
    let mut other = fire_licence(gulshan.id);
    other["title"] = json!("Drug licence renewal");
    let refused = send(create(other)).await;
    assert_eq!(refused.status, 422);
    assert!(refused.json()["errors"]["Idempotency-Key"].is_array());

    let path = format!("{OBLIGATIONS}/{}/complete", id_of(&first.json()));
    let complete = || {
        let request = program.request(Method::POST, &path);
        request
            .header("idempotency-key", "done-1")
            .json(&json!({ "note": "Paid." }))
    };
    let done = send(complete()).await;
    assert_eq!(done.status, 200, "{}", done.body);
    let again = send(complete()).await;
    assert_eq!((again.status, again.json()), (200, done.json()));
    let items = "select count(*) from app.obligation_instances";
    assert_eq!(app.count(items).await, 2, "the item and its successor");
    app.finish().await;
}

#[tokio::test]
async fn a_change_of_what_somebody_else_changed_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "GUL").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let program = Program::of(&app, &site, &alice).await;
    let made = program.post(OBLIGATIONS, &fire_licence(gulshan.id)).await;
    let path = made.header("location").to_owned();
    let tag = made.header("etag").to_owned();
    let with_tag = |method, path: &str, body: Value| {
        program
            .request(method, path)
            .header("if-match", &tag)
            .json(&body)
    };
    let changed = send(with_tag(
        Method::PATCH,
        &path,
        json!({ "severity": "critical" }),
    ))
    .await;
    assert_eq!(
        (changed.status, &changed.json()["severity"]),
        (200, &json!("critical"))
    );
    assert_ne!(changed.header("etag"), tag);
    for (method, path, body) in [
        (Method::PATCH, path.clone(), json!({ "title": "Other" })),
        (Method::POST, format!("{path}/complete"), json!({})),
        (
            Method::POST,
            format!("{path}/waive"),
            json!({ "reason": "Closed" }),
        ),
        (
            Method::POST,
            format!("{path}/reschedule"),
            json!({ "due_on": "2026-12-09", "reason": "Later" }),
        ),
    ] {
        let stale = send(with_tag(method, &path, body)).await;
        assert_eq!(
            (stale.status, &stale.json()["type"]),
            (412, &json!("urn:intrex:problem:stale")),
            "{path}"
        );
    }
    let now = program.get(&path).await.json();
    assert_eq!(
        (&now["title"], &now["due_on"]),
        (&json!("Fire licence renewal"), &json!("2026-12-05"))
    );
    app.finish().await;
}

#[tokio::test]
async fn a_program_that_is_overtaken_hears_so_under_a_stable_name() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "GUL").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let program = Program::of(&app, &site, &alice).await;
    let made = program.post(OBLIGATIONS, &fire_licence(gulshan.id)).await;
    let path = made.header("location").to_owned();
    let acts = [
        ("complete", json!({})),
        ("complete", json!({ "completed_on": "2026-02-30" })),
        ("waive", json!({ "reason": "Closed" })),
        ("waive", json!({})),
        (
            "reschedule",
            json!({ "due_on": "2026-12-09", "reason": "Later" }),
        ),
        ("reschedule", json!({ "due_on": "soon" })),
    ];
    for (settle, words) in [("complete", "completed"), ("waive", "waived")] {
        let reason = json!({ "reason": "Closed" });
        let body = if settle == "waive" {
            &reason
        } else {
            &json!({})
        };
        let settled = program.post(&format!("{path}/{settle}"), body).await;
        assert_eq!(settled.status, 200, "{}", settled.body);
        for (act, body) in &acts {
            let late = program.post(&format!("{path}/{act}"), body).await;
            let problem = late.json();
            let told = (late.status, &problem["type"]);
            let expected = json!("urn:intrex:problem:already-settled");
            assert_eq!(told, (409, &expected), "{act} {body}: {}", late.body);
            assert_eq!(problem["detail"], format!("This is already {words}."));
        }
        let change = program.request(Method::PATCH, &path);
        let late = send(change.json(&json!({ "title": "Other" }))).await;
        assert_eq!(late.json()["type"], "urn:intrex:problem:already-settled");
        let opened = program.post(&format!("{path}/reopen"), &reason).await;
        assert_eq!(opened.status, 200, "{}", opened.body);
        let late = program.post(&format!("{path}/reopen"), &json!({})).await;
        let told = (late.status, &late.json()["type"]);
        assert_eq!(told, (409, &json!("urn:intrex:problem:already-open")));
    }
    app.finish().await;
}

#[tokio::test]
async fn bad_input_is_refused_by_the_name_of_its_field() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let gulshan = app.branch(&acme, "GUL").await;
    let foreign = app.branch(&globex, "HQ").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let mallory = app
        .member(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
        .await;
    let site = app.serve().await;
    let program = Program::of(&app, &site, &alice).await;
    let unknown = "01890000-0000-7000-8000-000000000000";
    for (field, value) in [
        ("title", json!("")),
        ("title", json!("x".repeat(201))),
        ("title", json!("a\u{0}b")),
        ("title", json!({ "a": 1 })),
        ("category", json!("x".repeat(61))),
        ("due_on", json!("0000-00-00")),
        ("due_on", json!("9999-12-31")),
        ("due_on", json!("2026-02-30")),
        ("due_on", json!(20_261_205)),
        ("due_on", json!(null)),
        ("recurrence", json!("FREQ=SECONDLY")),
        ("recurrence", json!("FREQ=DAILY;BYHOUR=9;BYSECOND=1")),
        ("recurrence", json!("FREQ=YEARLY;COUNT=3")),
        ("severity", json!("terrible")),
        ("anchor", json!("whim")),
        ("lead_days", json!([400])),
        ("lead_days", json!("soon")),
        ("grace_days", json!(-1)),
        ("grace_days", json!(1e30)),
        ("branch_id", json!("GUL")),
        ("branch_id", json!(unknown)),
        ("branch_id", json!(foreign.id.to_string())),
        ("owner_id", json!(unknown)),
        ("deputy_id", json!(mallory.id.to_string())),
        ("template_id", json!(unknown)),
        ("external_id", json!("x".repeat(101))),
        ("notes", json!("x".repeat(4_001))),
        ("tilte", json!("x")),
    ] {
        let mut body = fire_licence(gulshan.id);
        body[field] = value.clone();
        let answer = program.post(OBLIGATIONS, &body).await;
        assert_eq!(answer.status, 422, "{field} {value}: {}", answer.body);
        assert!(
            answer.json()["errors"][field].is_array(),
            "{field} {value}: {}",
            answer.body
        );
    }
    for query in [
        "due_from=0000-00-00",
        "status=late",
        "branch_id=x",
        "limit=201",
        "cursor=x",
        "sort=title",
        "colour=red",
    ] {
        let answer = program.get(&format!("{OBLIGATIONS}?{query}")).await;
        assert_eq!(answer.status, 422, "{query}");
        let field = query.split('=').next().expect("a name");
        assert!(
            answer.json()["errors"][field].is_array(),
            "{query}: {}",
            answer.body
        );
    }
    assert_eq!(
        app.count("select count(*) from app.obligation_instances")
            .await,
        0
    );
    app.finish().await;
}

#[tokio::test]
async fn what_is_not_ones_own_is_not_there() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let (gulshan, banani) = (
        app.branch(&acme, "GUL").await,
        app.branch(&acme, "BAN").await,
    );
    let item = app
        .obligation(&acme, &gulshan, "Fire licence", "2026-12-05")
        .await;
    let bob = app
        .member(&acme, "Bob", Role::BranchManager, &[banani.id])
        .await;
    let carol = app
        .member(&acme, "Carol", Role::Operator, &[gulshan.id])
        .await;
    let mallory = app
        .member(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
        .await;
    let site = app.serve().await;
    for somebody in [&bob, &carol, &mallory] {
        let program = Program::of(&app, &site, somebody).await;
        let path = format!("{OBLIGATIONS}/{}", item.id);
        assert_eq!(program.get(&path).await.status, 404);
        assert_eq!(program.get(&format!("{path}/timeline")).await.status, 404);
        assert_eq!(
            program
                .post(&format!("{path}/complete"), &json!({}))
                .await
                .status,
            404
        );
        assert_eq!(program.get(OBLIGATIONS).await.json()["items"], json!([]));
        let summary = program.get("/api/v1/dashboard/summary").await.json();
        assert_eq!(summary["totals"]["open"], 0, "{summary}");
    }
    app.finish().await;
}

#[tokio::test]
async fn the_timeline_says_what_happened_and_what_comes() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "GUL").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let program = Program::of(&app, &site, &alice).await;
    let item = app
        .obligation(&acme, &gulshan, "Fire licence", "2026-12-25")
        .await;
    let path = format!("{OBLIGATIONS}/{}", item.id);
    let moved = json!({ "due_on": "2026-12-28", "reason": "The inspector is away." });
    app.app.clock.advance(TimeDelta::minutes(1));
    assert_eq!(
        program
            .post(&format!("{path}/reschedule"), &moved)
            .await
            .status,
        200
    );
    app.sequence().await;
    let timeline = program.get(&format!("{path}/timeline")).await.json();
    let actions: Vec<&str> = timeline["events"]
        .as_array()
        .expect("events")
        .iter()
        .filter_map(|event| event["action"].as_str())
        .collect();
    assert_eq!(actions, ["obligation.rescheduled", "obligation.created"]);
    let latest = &timeline["events"][0];
    assert_eq!(
        latest["fields"]["rescheduling_reason"],
        "The inspector is away."
    );
    assert!(latest["seq"].as_i64().is_some_and(|seq| seq > 0));
    assert_eq!(latest["hash"].as_str().map(str::len), Some(64));
    assert_eq!(timeline["coming"][0]["threshold"], "before_30");
    assert_eq!(timeline["coming"][0]["recipient_name"], "Alice");
    app.finish().await;
}

#[tokio::test]
async fn a_file_is_imported_as_it_is_sent() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    app.branch(&acme, "GUL").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let bob = app.member(&acme, "Bob", Role::BranchManager, &[]).await;
    let site = app.serve().await;
    let program = Program::of(&app, &site, &alice).await;
    let file = "external_id,branch_code,title,category,due_on\n\
                f1,GUL,Fire licence,fire_safety,2026-12-05\n\
                f2,NOWHERE,Drug licence,trade_license,2026-12-06\n";
    let send_file = |program: &Program<'_>, query: &str, media_type: &'static str| {
        let request = program.request(Method::POST, &format!("/api/v1/imports{query}"));
        request.header("content-type", media_type).body(file)
    };
    let dry = send(send_file(&program, "?dry_run=true", "text/csv")).await;
    assert_eq!(
        (dry.status, &dry.json()["created"]),
        (200, &json!(1)),
        "{}",
        dry.body
    );
    assert_eq!(
        app.count("select count(*) from app.obligation_instances")
            .await,
        0
    );
    let done = send(send_file(
        &program,
        "?file_name=licences.csv",
        "text/csv; charset=utf-8",
    ))
    .await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(done.json()["errors"][0]["field"], "branch_code");
    assert_eq!(
        app.count("select count(*) from app.obligation_instances")
            .await,
        1
    );
    let list = program.get("/api/v1/imports").await.json();
    assert_eq!(list["items"][0]["file_name"], "licences.csv");
    let one = format!(
        "/api/v1/imports/{}",
        list["items"][0]["id"].as_str().expect("an id")
    );
    assert_eq!(program.get(&one).await.json(), list["items"][0]);
    assert_eq!(
        send(send_file(&program, "", "application/json"))
            .await
            .status,
        415
    );
    let wrong = send(send_file(&program, "?kind=people", "text/csv")).await;
    assert!(wrong.json()["errors"]["kind"].is_array(), "{}", wrong.body);
    let program = Program::of(&app, &site, &bob).await;
    assert_eq!(send(send_file(&program, "", "text/csv")).await.status, 403);
    app.finish().await;
}
