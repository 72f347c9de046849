//! The harness holds tests to what it promises: a check that cannot fail would prove nothing.

use crate::support::{Tenant, TestApp};

async fn plan_a_job(app: &TestApp, tenant: &Tenant, run_at: &str) {
    sqlx::query(
        "insert into app.jobs (tenant_id, id, kind, key, run_at, created_at)
         values ($1, $2, 'test', $3, $3::timestamptz, $4)",
    )
    .bind(tenant.id.uuid())
    .bind(app.app.chance.uuid(app.app.now()))
    .bind(run_at)
    .bind(app.app.now())
    .execute(&mut app.superuser().await)
    .await
    .expect("the job is planned");
}

#[tokio::test]
#[should_panic(expected = "a test ends with `app.finish().await`")]
async fn a_test_that_does_not_finish_fails() {
    let app = TestApp::start().await;
    app.tenant("Acme").await;
}

#[tokio::test]
#[should_panic(expected = "1 due jobs are left, 0 are expected")]
async fn a_test_that_leaves_a_due_job_fails() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    plan_a_job(&app, &acme, "2026-11-22T03:00:00Z").await;
    app.finish().await;
}

#[tokio::test]
async fn a_test_may_leave_the_due_jobs_that_it_names_and_any_later_ones() {
    let mut app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    plan_a_job(&app, &acme, "2026-11-22T02:00:00Z").await;
    app.travel_to("2026-11-22T02:30:00Z");
    plan_a_job(&app, &acme, "2026-11-22T03:00:00Z").await;
    app.leaves_due_jobs(1);
    app.finish().await;
}

#[tokio::test]
#[should_panic(expected = "the audit log is broken: chain")]
async fn a_test_that_damages_the_log_fails() {
    let app = TestApp::start().await;
    app.tenant("Acme").await;
    app.sequence().await;
    sqlx::raw_sql("alter table app.audit_heads disable trigger all; delete from app.audit_heads")
        .execute(&mut app.superuser().await)
        .await
        .expect("the superuser may");
    app.finish().await;
}

#[tokio::test]
async fn every_test_runs_as_the_roles_that_row_level_security_holds() {
    let app = TestApp::start().await;
    for role in ["intrex_app", "intrex_system"] {
        let mut conn = app.database().connect(role).await;
        let plain: bool = sqlx::query_scalar(
            "select not (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)
               and current_user = $1 from pg_roles where rolname = current_user",
        )
        .bind(role)
        .fetch_one(&mut conn)
        .await
        .expect("a role may look at itself");
        assert!(plain, "{role}");
    }
    app.finish().await;
}
