//! Within a tenant, the branches that a transaction has set are all there is.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use super::copy_to_branch;
use crate::support::{Tenant, TestApp};

/// Opens a transaction's view of these branches; `None` sets the tenant alone.
async fn set(conn: &mut PgConnection, tenant: &Tenant, branches: Option<&str>) {
    let id = tenant.id;
    let mut set = format!("set local app.current_tenant = '{id}'");
    if let Some(branches) = branches {
        set += &format!("; set local app.current_branches = '{branches}'");
    }
    conn.execute(AssertSqlSafe(set)).await.expect("is set");
}

async fn titles(conn: &mut PgConnection) -> Vec<String> {
    sqlx::query_scalar("select title from app.obligation_instances order by title")
        .fetch_all(conn)
        .await
        .expect("is read, without an error")
}

#[tokio::test]
async fn only_the_branches_in_scope_are_there() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let (first, second) = (
        app.branch(&acme, "DHK-01").await,
        app.branch(&acme, "DHK-02").await,
    );
    app.obligation(&acme, &first, "A", "2026-12-15").await;
    app.obligation(&acme, &second, "B", "2026-12-15").await;
    let (one, both) = (first.id.to_string(), format!("{},{}", first.id, second.id));
    let unknown = app.app.chance.uuid(app.app.now()).to_string();

    let mut conn = app.database().connect("intrex_app").await;
    for (scope, expected) in [
        (None, vec![]),
        (Some(""), vec![]),
        (Some("*"), vec!["A", "B"]),
        (Some(one.as_str()), vec!["A"]),
        (Some(both.as_str()), vec!["A", "B"]),
        (Some(unknown.as_str()), vec![]),
    ] {
        let mut tx = conn.begin().await.expect("begins");
        set(&mut tx, &acme, scope).await;
        assert_eq!(titles(&mut tx).await, expected, "{scope:?}");
        let branches: i64 = sqlx::query_scalar("select count(*) from app.branches")
            .fetch_one(&mut *tx)
            .await
            .expect("is counted");
        assert_eq!(
            branches,
            if scope == Some(&unknown) {
                0
            } else {
                expected.len() as i64
            },
            "{scope:?}"
        );
        tx.rollback().await.expect("rolls back");
    }
    app.finish().await;
}

#[tokio::test]
async fn nothing_is_written_in_a_branch_out_of_scope() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let (first, second) = (
        app.branch(&acme, "DHK-01").await,
        app.branch(&acme, "DHK-02").await,
    );
    app.obligation(&acme, &second, "B", "2026-12-15").await;
    let scope = first.id.to_string();
    app.obligation(&acme, &first, "A", "2026-12-15").await;

    let mut conn = app.database().connect("intrex_app").await;
    let mut tx = conn.begin().await.expect("begins");
    set(&mut tx, &acme, Some(&scope)).await;
    let done = tx
        .execute("update app.obligation_instances set title = 'taken' where title = 'B'")
        .await
        .expect("is no error");
    assert_eq!(done.rows_affected(), 0);
    let refused = tx
        .execute(AssertSqlSafe(copy_to_branch(second.id.uuid())))
        .await
        .expect_err("is refused");
    let refused = refused.as_database_error().expect("by the server");
    assert_eq!(refused.code().as_deref(), Some("42501"));
    tx.rollback().await.expect("rolls back");
    app.finish().await;
}

#[tokio::test]
async fn events_are_read_by_branch_and_written_from_everywhere() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let (first, second) = (
        app.branch(&acme, "DHK-01").await,
        app.branch(&acme, "DHK-02").await,
    );
    app.obligation(&acme, &first, "A", "2026-12-15").await;
    app.obligation(&acme, &second, "B", "2026-12-15").await;
    let mut conn = app.database().connect("intrex_app").await;
    let mut tx = conn.begin().await.expect("begins");
    set(&mut tx, &acme, Some(&first.id.to_string())).await;
    let branches: Vec<uuid::Uuid> =
        sqlx::query_scalar("select distinct branch_id from app.audit_events")
            .fetch_all(&mut *tx)
            .await
            .expect("is read");
    assert_eq!(
        branches,
        [first.id.uuid()],
        "neither the other branch's nor the tenant's own"
    );
    tx.rollback().await.expect("rolls back");
    app.finish().await;
}
