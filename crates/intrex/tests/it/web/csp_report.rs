//! What browsers report, and what somebody who floods the address achieves: nothing.

use intrex_web::Options;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    browser::{Answer, Site, send},
};

async fn report(site: &Site, content_type: &str, from: &str, body: &Value) -> Answer {
    let request = site
        .request(Method::POST, "/csp-report")
        .header("content-type", content_type)
        .header("x-forwarded-for", from)
        .body(body.to_string());
    send(request).await
}

fn violation(page: &str) -> Value {
    json!({ "csp-report": { "document-uri": page, "blocked-uri": "https://evil.example/x.js?steal=me",
        "effective-directive": "script-src-elem", "original-policy": "default-src 'none'" } })
}

async fn behind_a_proxy(app: &TestApp) -> Site {
    let options = Options {
        trusted_proxies: vec!["127.0.0.0/8".parse().expect("a network")],
        ..Options::default()
    };
    app.serve_with(options, intrex_web::router).await
}

#[tokio::test]
async fn the_same_violation_is_kept_once_and_without_what_tells_of_a_person() {
    let app = TestApp::start().await;
    let site = app.serve().await;
    for id in [
        "0190a7c2-51f0-7c1e-9d10-4be1a707ae9f",
        "0190a7c2-51f0-7c1e-9d10-4be1a707ae00",
    ] {
        let page = format!("https://intrex.example/obligations/{id}?q=a-secret-question");
        let single = report(&site, "application/csp-report", "", &violation(&page)).await;
        assert_eq!(single.status, 204, "{}", single.body);
        let several = json!([{ "type": "csp-violation", "body": { "documentURL": page, "blockedURL":
            "https://evil.example/y.js", "effectiveDirective": "script-src-elem" } }, { "type": "deprecation", "body": 7 }]);
        assert_eq!(
            report(&site, "application/reports+json", "", &several)
                .await
                .status,
            204
        );
    }
    let kept: Vec<(String, String, String, i32)> =
        sqlx::query_as("select directive, blocked, page, seen from app.csp_reports")
            .fetch_all(&mut app.superuser().await)
            .await
            .expect("reads");
    assert_eq!(
        kept,
        [(
            "script-src-elem".to_owned(),
            "https://evil.example".to_owned(),
            "/obligations/{id}".to_owned(),
            4
        )]
    );
    app.finish().await;
}

#[tokio::test]
async fn what_is_no_report_is_refused() {
    let app = TestApp::start().await;
    let site = app.serve().await;
    assert_eq!(
        report(&site, "application/json", "", &json!({}))
            .await
            .status,
        415
    );
    assert_eq!(
        report(&site, "application/csp-report", "", &json!([1]))
            .await
            .status,
        400
    );
    assert_eq!(
        report(&site, "application/reports+json", "", &json!({}))
            .await
            .status,
        400
    );
    assert_eq!(
        send(site.request(Method::GET, "/csp-report")).await.status,
        405
    );
    assert_eq!(app.count("select count(*) from app.csp_reports").await, 0);
    app.finish().await;
}

#[tokio::test]
async fn one_network_is_stopped_whatever_it_writes_into_its_headers_and_others_are_not() {
    let app = TestApp::start().await;
    let site = behind_a_proxy(&app).await;
    let mut stopped = None;
    for n in 0..40 {
        // Everything left of the proxy's own entry is what the client made up.
        let from = format!("192.0.2.{n}, 198.51.100.7");
        let answer = report(
            &site,
            "application/csp-report",
            &from,
            &violation("https://h/x"),
        )
        .await;
        if answer.status == 429 {
            stopped = Some((n, answer));
            break;
        }
    }
    let (after, answer) = stopped.expect("it is stopped");
    assert_eq!(after, 20);
    assert!(
        answer
            .header("retry-after")
            .parse::<u32>()
            .is_ok_and(|seconds| seconds > 0)
    );
    let other = report(
        &site,
        "application/csp-report",
        "198.51.100.8",
        &violation("https://h/x"),
    )
    .await;
    assert_eq!(other.status, 204);
    app.finish().await;
}

#[tokio::test]
async fn a_full_table_keeps_counting_and_takes_nothing_new() {
    let app = TestApp::start().await;
    sqlx::query(
        "insert into app.csp_reports (tenant_id, directive, blocked, page, seen, first_seen_at, last_seen_at)
         select '00000000-0000-0000-0000-000000000000', 'script-src-elem', 'https://evil.example', '/' || n, 1, $1, $1
         from generate_series(1, 1000) as n",
    )
    .bind(app.app.now())
    .execute(&mut app.superuser().await)
    .await
    .expect("inserts");
    let site = app.serve().await;
    for page in ["https://h/7", "https://h/new"] {
        assert_eq!(
            report(&site, "application/csp-report", "", &violation(page))
                .await
                .status,
            204
        );
    }
    assert_eq!(
        app.count("select count(*) from app.csp_reports").await,
        1000
    );
    assert_eq!(
        app.count("select seen::bigint from app.csp_reports where page = '/7'")
            .await,
        2
    );
    app.finish().await;
}
