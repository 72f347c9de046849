//! A row is there for its tenant and for nobody else: not to be read, written, moved, collided with or named.

use intrex_core::{
    Actor, Error,
    obligations::{commands, input::RawObligation, reads},
    raw::Raw,
};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use uuid::Uuid;

use super::copy_to_branch;
use crate::support::{Tenant, TestApp};

/// What a transaction begins with, as the product does it.
async fn set(conn: &mut PgConnection, tenant: &Tenant, branches: &str) {
    let id = tenant.id;
    let set = format!(
        "set local app.current_tenant = '{id}'; set local app.current_branches = '{branches}'"
    );
    conn.execute(AssertSqlSafe(set)).await.expect("is set");
}

async fn count(conn: &mut PgConnection, table: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from app.{table}")))
        .fetch_one(conn)
        .await
        .expect("is counted, without an error")
}

async fn code_of(conn: &mut PgConnection, statement: &str) -> String {
    let error = conn
        .execute(AssertSqlSafe(statement.to_owned()))
        .await
        .expect_err(statement);
    let refused = error.as_database_error().expect("the server refuses");
    refused.code().expect("has a code").into_owned()
}

/// Every table with tenant data, and a row of Acme's in those that matter most.
async fn tables(app: &TestApp) -> Vec<String> {
    sqlx::query_scalar(
        "select c.relname::text from pg_class c where c.relnamespace = 'app'::regnamespace and c.relkind = 'r'
           and c.relrowsecurity order by 1",
    )
    .fetch_all(&mut app.superuser().await)
    .await
    .expect("tables are listed")
}

async fn acme_with_data(app: &TestApp) -> Tenant {
    let acme = app.tenant("Acme").await;
    let branch = app.branch(&acme, "DHK-01").await;
    app.obligation(&acme, &branch, "File VAT", "2026-12-15")
        .await;
    app.sequence().await;
    acme
}

#[tokio::test]
async fn without_a_tenant_there_is_no_row_on_a_fresh_or_a_used_connection() {
    let app = TestApp::start().await;
    let acme = acme_with_data(&app).await;
    let tables = tables(&app).await;
    assert!(tables.len() >= 20, "{tables:?}");
    let mut conn = app.database().connect("intrex_app").await;
    for table in &tables {
        assert_eq!(count(&mut conn, table).await, 0, "{table}, fresh");
    }
    let mut tx = conn.begin().await.expect("begins");
    set(&mut tx, &acme, "*").await;
    let mut seen = 0;
    for table in &tables {
        seen += count(&mut tx, table).await;
    }
    assert!(seen >= 10, "Acme sees its own: {seen}");
    tx.commit().await.expect("commits");
    // The setting is an empty text from now on, and no longer absent.
    for table in &tables {
        assert_eq!(count(&mut conn, table).await, 0, "{table}, used before");
    }
    app.finish().await;
}

#[tokio::test]
async fn the_owner_sees_no_row_without_a_tenant_either() {
    let app = TestApp::start().await;
    acme_with_data(&app).await;
    let mut conn = app.database().connect("intrex_migrate").await;
    conn.execute("set role intrex_owner").await.expect("may");
    for table in tables(&app).await {
        assert_eq!(count(&mut conn, &table).await, 0, "{table}");
    }
    app.finish().await;
}

#[tokio::test]
async fn no_tenant_sees_another_ones_rows_in_any_table() {
    let app = TestApp::start().await;
    let acme = acme_with_data(&app).await;
    let globex = app.tenant("Globex").await;
    let mut conn = app.database().connect("intrex_app").await;
    for table in tables(&app).await {
        let column = if table == "tenants" {
            "id"
        } else {
            "tenant_id"
        };
        let mut tx = conn.begin().await.expect("begins");
        set(&mut tx, &globex, "*").await;
        let query =
            format!("select count(*) from app.{table} where {column} <> $1 or {column} = $2");
        let foreign: i64 = sqlx::query_scalar(AssertSqlSafe(query))
            .bind(globex.id.uuid())
            .bind(acme.id.uuid())
            .fetch_one(&mut *tx)
            .await
            .expect("is counted");
        assert_eq!(foreign, 0, "{table}");
        tx.rollback().await.expect("rolls back");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_row_is_neither_made_for_nor_moved_to_another_tenant() {
    let app = TestApp::start().await;
    let (acme, globex) = (acme_with_data(&app).await, app.tenant("Globex").await);
    let (ours, theirs) = (acme.id, globex.id);
    let mut conn = app.database().connect("intrex_app").await;
    let insert = format!(
        "insert into app.data_keys (tenant_id, id, subject_id, wrapped, created_at)
         values ('{theirs}', gen_random_uuid(), gen_random_uuid(), 'x', '2026-11-22')"
    );
    let audit = format!(
        "insert into app.audit_leaves select '{theirs}' as tenant_id from app.audit_leaves"
    );
    let update = "update app.branches set tenant_id = tenant_id";
    for (statement, why) in [
        (insert.as_str(), "policy"),
        (audit.as_str(), "grant"),
        (update, "grant"),
    ] {
        let mut tx = conn.begin().await.expect("begins");
        set(&mut tx, &acme, "*").await;
        assert_eq!(
            code_of(&mut tx, statement).await,
            "42501",
            "{why}: {statement}"
        );
        tx.rollback().await.expect("rolls back");
    }
    // If somebody granted that column one day, the policy would still refuse.
    let mut superuser = app.superuser().await;
    superuser
        .execute("grant update on app.branches to intrex_app")
        .await
        .expect("is granted");
    let move_it =
        format!("update app.branches set tenant_id = '{theirs}' where tenant_id = '{ours}'");
    let mut tx = conn.begin().await.expect("begins");
    set(&mut tx, &acme, "*").await;
    assert_eq!(code_of(&mut tx, &move_it).await, "42501");
    tx.rollback().await.expect("rolls back");
    app.finish().await;
}

#[tokio::test]
async fn foreign_rows_are_not_changed_or_removed() {
    let app = TestApp::start().await;
    acme_with_data(&app).await;
    let globex = app.tenant("Globex").await;
    let mut conn = app.database().connect("intrex_app").await;
    let mut tx = conn.begin().await.expect("begins");
    set(&mut tx, &globex, "*").await;
    for statement in [
        "update app.branches set name = 'taken'",
        "delete from app.branches",
        "delete from app.person_branches",
        "update app.obligation_instances set title = 'taken'",
    ] {
        let done = tx.execute(statement).await.expect("is no error");
        assert_eq!(done.rows_affected(), 0, "{statement}");
    }
    tx.rollback().await.expect("rolls back");
    app.finish().await;
}

#[tokio::test]
async fn a_foreign_id_is_answered_like_one_that_never_was() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let branch = app.branch(&acme, "DHK-01").await;
    let vat = app
        .obligation(&acme, &branch, "File VAT", "2026-12-15")
        .await;

    let mut tx = app.app.db.read(&globex.operator).await.expect("begins");
    for id in [vat.id, app.app.new_id()] {
        let answer = reads::get(&mut tx, id).await;
        assert!(matches!(answer, Err(Error::NotFound)), "{answer:?}");
    }
    drop(tx);
    // A branch of another tenant can't be named, and the answer is the one for a branch that never was.
    let raw = |branch: Uuid| RawObligation {
        branch_id: Raw::from(branch.to_string().as_str()),
        title: Raw::from("File VAT"),
        category: Raw::from("tax"),
        severity: Raw::from("high"),
        due_on: Raw::from("2026-12-15"),
        ..RawObligation::default()
    };
    let mut answers = Vec::new();
    for branch in [branch.id.uuid(), app.app.chance.uuid(app.app.now())] {
        let answer = commands::create(&app.app, &globex.operator, &raw(branch)).await;
        answers.push(format!("{:?}", answer.expect_err("is refused")));
    }
    assert_eq!(answers[0], answers[1]);
    // The composite key stands behind it, for whoever forgets to look.
    let own = app.branch(&globex, "ATL-01").await;
    app.obligation(&globex, &own, "Renew permit", "2026-12-15")
        .await;
    let mut conn = app.database().connect("intrex_app").await;
    for branch in [branch.id.uuid(), app.app.chance.uuid(app.app.now())] {
        let mut tx = conn.begin().await.expect("begins");
        set(&mut tx, &globex, "*").await;
        assert_eq!(code_of(&mut tx, &copy_to_branch(branch)).await, "23503");
        tx.rollback().await.expect("rolls back");
    }
    app.finish().await;
}

#[tokio::test]
async fn the_same_code_is_free_in_every_tenant() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let (ours, theirs) = (
        app.branch(&acme, "DHK-01").await,
        app.branch(&globex, "DHK-01").await,
    );
    assert_ne!(ours.id, theirs.id);
    app.finish().await;
}

#[tokio::test]
async fn a_cascade_does_not_reach_another_tenant() {
    let app = TestApp::start().await;
    let (acme, globex) = (acme_with_data(&app).await, app.tenant("Globex").await);
    let theirs = app.branch(&globex, "DHK-01").await;
    // The application itself removes no branch of an organisation that lives.
    let delete = format!("delete from app.branches where id = '{}'", theirs.id);
    let done = app.superuser().await.execute(AssertSqlSafe(delete)).await;
    assert_eq!(done.expect("is removed").rows_affected(), 1);
    let mut conn = app.database().connect("intrex_app").await;
    let mut tx = conn.begin().await.expect("begins");
    set(&mut tx, &acme, "*").await;
    assert_eq!(count(&mut tx, "branches").await, 1);
    assert_eq!(count(&mut tx, "obligation_instances").await, 1);
    tx.rollback().await.expect("rolls back");
    app.finish().await;
}

#[tokio::test]
async fn a_statement_planned_for_one_tenant_shows_the_next_one_its_own() {
    let app = TestApp::start().await;
    let (acme, globex) = (acme_with_data(&app).await, app.tenant("Globex").await);
    let (globex_branch, _) = (
        app.branch(&globex, "ATL-01").await,
        app.branch(&globex, "ATL-02").await,
    );
    app.obligation(&globex, &globex_branch, "Renew permit", "2027-01-31")
        .await;
    let mut conn = app.database().connect("intrex_app").await;
    // More often than the five times after which PostgreSQL keeps one plan for all, then by turns.
    for round in 0..20 {
        let (tenant, expected) = match round {
            0..10 => (&acme, "File VAT"),
            odd if odd % 2 == 1 => (&acme, "File VAT"),
            _ => (&globex, "Renew permit"),
        };
        let mut tx = conn.begin().await.expect("begins");
        set(&mut tx, tenant, "*").await;
        let titles: Vec<String> = sqlx::query_scalar(
            "select title from app.obligation_instances where state = $1 order by due_on",
        )
        .bind("open")
        .fetch_all(&mut *tx)
        .await
        .expect("is read");
        assert_eq!(titles, [expected], "round {round}");
        tx.commit().await.expect("commits");
    }
    let generic: i64 = sqlx::query_scalar("select coalesce(max(generic_plans), 0) from pg_prepared_statements where statement ~ 'select title'")
        .fetch_one(&mut conn)
        .await
        .expect("is counted");
    assert!(generic > 0, "the test is about a plan that is used again");
    app.finish().await;
}

#[tokio::test]
async fn the_system_role_reads_only_what_its_list_says() {
    let app = TestApp::start().await;
    let acme = acme_with_data(&app).await;
    let mut conn = app.database().connect("intrex_system").await;
    let tenants: Vec<Uuid> = sqlx::query_scalar("select id from app.tenants")
        .fetch_all(&mut conn)
        .await
        .expect("may list tenants");
    assert_eq!(tenants, [acme.id.uuid()]);
    let insert = "insert into app.audit_events (tenant_id, partition_key, id, epoch, recorded_at, category, action, outcome, entry)
        select tenant_id, partition_key, gen_random_uuid(), epoch, '2026-11-22', 'test', 'thing.done', 'success', entry
        from app.audit_events";
    for statement in [
        insert,
        "select * from app.tenants",
        "select name from app.people",
        "select password_hash from app.people",
        "select title from app.obligation_instances",
        "select * from app.branches",
        "select token_hash from app.api_tokens",
        "select * from app.sessions",
        "select * from app.data_keys",
        "select sealed from app.audit_events",
        "update app.people set role = 'head_office_admin'",
    ] {
        assert_eq!(code_of(&mut conn, statement).await, "42501", "{statement}");
    }
    app.finish().await;
}

#[tokio::test]
async fn an_operator_cannot_be_made_for_a_tenant_without_saying_why() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    for reason in ["", "   ", "two\nlines"] {
        assert!(matches!(
            Actor::operator(acme.id, reason),
            Err(Error::Invalid(_))
        ));
    }
    app.finish().await;
}
