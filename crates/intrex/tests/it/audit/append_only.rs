//! Nothing is changed or removed: by grant for the product's roles, by trigger for the owner too.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::support::TestApp;

const TABLES: [&str; 3] = ["audit_events", "audit_leaves", "audit_heads"];

async fn refusal(conn: &mut PgConnection, statement: &str) -> String {
    let mut tx = conn.begin().await.expect("begins");
    let error = tx
        .execute(AssertSqlSafe(statement.to_owned()))
        .await
        .expect_err(statement);
    let refused = error.as_database_error().expect("the server refuses");
    assert_eq!(
        refused.code().as_deref(),
        Some("42501"),
        "{statement}: {refused}"
    );
    refused.message().to_owned()
}

fn statements(table: &str) -> [String; 3] {
    [
        format!("update app.{table} set tenant_id = tenant_id"),
        format!("delete from app.{table}"),
        format!("truncate app.{table}"),
    ]
}

#[tokio::test]
async fn the_application_has_no_right_to_change_what_was_recorded() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    app.record(&acme, "thing.done").await;
    app.sequence().await;

    let mut conn = app.database().connect("intrex_app").await;
    let tenant = acme.id;
    let set = format!("set app.current_tenant = '{tenant}'; set app.current_branches = '*'");
    conn.execute(AssertSqlSafe(set)).await.expect("is set");
    for table in TABLES {
        for statement in statements(table) {
            let message = refusal(&mut conn, &statement).await;
            assert!(
                message.starts_with("permission denied"),
                "{statement}: {message}"
            );
        }
        if table != "audit_events" {
            let insert = format!("insert into app.{table} select * from app.{table}");
            refusal(&mut conn, &insert).await;
        }
    }
    refusal(&mut conn, "update app.audit_cursor set pos = 0").await;
    app.finish().await;
}

#[tokio::test]
async fn the_sequencer_cannot_rewrite_what_it_placed() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    app.record(&acme, "thing.done").await;
    app.sequence().await;

    let mut conn = app.database().connect("intrex_system").await;
    for table in ["audit_events", "audit_leaves"] {
        for statement in statements(table) {
            refusal(&mut conn, &statement).await;
        }
    }
    refusal(&mut conn, "delete from app.audit_heads").await;
    refusal(&mut conn, "truncate app.audit_heads").await;
    app.finish().await;
}

#[tokio::test]
async fn triggers_refuse_even_the_owner() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    app.record(&acme, "thing.done").await;
    app.sequence().await;

    let mut conn = app.superuser().await;
    let tenant = acme.id;
    let owner = format!("set role intrex_owner; set app.current_tenant = '{tenant}'");
    conn.execute(AssertSqlSafe(owner)).await.expect("is set");
    for table in TABLES {
        for statement in statements(table) {
            // The head moves with every event: its row may change, not go.
            if table == "audit_heads" && statement.starts_with("update") {
                continue;
            }
            let message = refusal(&mut conn, &statement).await;
            assert!(message.contains("append-only"), "{statement}: {message}");
        }
    }
    let message = refusal(&mut conn, "update app.audit_events set sealed = '{}'").await;
    assert!(message.contains("append-only"), "{message}");
    // Nor does pretending to be a replica help, short of switching the triggers off by name.
    conn.execute("reset role; set session_replication_role = replica")
        .await
        .expect("a superuser may");
    for statement in statements("audit_events") {
        let message = refusal(&mut conn, &statement).await;
        assert!(message.contains("append-only"), "{statement}: {message}");
    }
    app.finish().await;
}
