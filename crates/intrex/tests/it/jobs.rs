//! Background jobs: claimed by one worker at a time, taken over when it dies, in the organisation that they belong to.

use chrono::{DateTime, TimeDelta, Utc};
use intrex_core::{
    jobs,
    tenants::{self, RawTenant},
    worker,
};
use sqlx::Executor as _;
use uuid::Uuid;

use crate::support::TestApp;

async fn organisation(app: &TestApp, name: &str) -> Uuid {
    let raw = RawTenant {
        name: name.into(),
        ..RawTenant::default()
    };
    let made = tenants::create(&app.app, "a test", &raw).await;
    made.expect("the organisation is made").id.uuid()
}

async fn run_at(app: &TestApp, tenant: Uuid, kind: &str) -> DateTime<Utc> {
    sqlx::query_scalar("select run_at from app.jobs where tenant_id = $1 and kind = $2")
        .bind(tenant)
        .bind(kind)
        .fetch_one(&mut app.superuser().await)
        .await
        .expect("the job is there")
}

#[tokio::test]
async fn recurring_jobs_come_back_by_themselves() {
    let app = TestApp::start().await;
    let acme = organisation(&app, "Acme").await;
    worker::run_once(&app.app).await.expect("works");
    let now = app.app.now();
    assert_eq!(
        run_at(&app, acme, "reminders.plan").await,
        now + TimeDelta::minutes(1)
    );
    assert_eq!(
        run_at(&app, acme, "housekeeping").await,
        now + TimeDelta::hours(1)
    );
    assert_eq!(
        run_at(&app, Uuid::nil(), "housekeeping").await,
        now + TimeDelta::hours(1)
    );
    assert_eq!(jobs::run_due(&app.app).await.expect("looks"), 0);
    app.finish().await;
}

#[tokio::test]
async fn organisations_from_before_digests_get_the_work_that_makes_them() {
    let app = TestApp::start().await;
    let (acme, other) = (
        organisation(&app, "Acme").await,
        organisation(&app, "Other").await,
    );
    let mut superuser = app.superuser().await;
    sqlx::query("delete from app.jobs where kind = 'digests.send' and tenant_id = $1")
        .bind(acme)
        .execute(&mut superuser)
        .await
        .expect("as it was before");
    let migration = format!(
        "begin; set local role intrex_owner; {}; commit",
        include_str!("../../../../migrations/0022_digest_jobs.sql")
    );
    superuser
        .execute(sqlx::AssertSqlSafe(migration))
        .await
        .expect("runs");
    for tenant in [acme, other] {
        run_at(&app, tenant, "digests.send").await;
    }
    let kept = "select count(*) from pg_class where relname = 'jobs' and relforcerowsecurity";
    assert_eq!(app.count(kept).await, 1);
    app.finish().await;
}

#[tokio::test]
async fn the_job_of_a_worker_that_died_is_taken_over_after_its_lease() {
    let app = TestApp::start().await;
    let acme = organisation(&app, "Acme").await;
    worker::run_once(&app.app).await.expect("works");
    // The only other one that comes as often.
    sqlx::query("delete from app.jobs where kind = 'digests.send'")
        .execute(&mut app.superuser().await)
        .await
        .expect("is put aside");
    app.app.clock.advance(TimeDelta::minutes(5));
    let lease = app.app.now() + TimeDelta::seconds(60);
    sqlx::query(
        "update app.jobs set lease_until = $1, fence = fence + 1 where kind = 'reminders.plan'",
    )
    .bind(lease)
    .execute(&mut app.superuser().await)
    .await
    .expect("somebody has claimed it");
    assert_eq!(jobs::run_due(&app.app).await.expect("looks"), 0);
    app.app.clock.advance(TimeDelta::seconds(60));
    assert_eq!(jobs::run_due(&app.app).await.expect("takes over"), 1);
    assert_eq!(
        run_at(&app, acme, "reminders.plan").await,
        app.app.now() + TimeDelta::minutes(1)
    );
    app.finish().await;
}

#[tokio::test]
async fn a_job_of_a_kind_that_nobody_knows_is_left_alone() {
    let mut app = TestApp::start().await;
    let acme = organisation(&app, "Acme").await;
    worker::run_once(&app.app).await.expect("works");
    sqlx::query("update app.jobs set kind = 'from.the.future', run_at = $1 where tenant_id = $2 and kind = 'housekeeping'")
        .bind(app.app.now())
        .bind(acme)
        .execute(&mut app.superuser().await)
        .await
        .expect("is changed");
    assert_eq!(jobs::run_due(&app.app).await.expect("looks"), 0);
    app.leaves_due_jobs(1);
    app.finish().await;
}

#[tokio::test]
async fn a_suspended_organisations_jobs_wait() {
    let mut app = TestApp::start().await;
    let acme = organisation(&app, "Acme").await;
    sqlx::query("update app.tenants set status = 'suspended' where id = $1")
        .bind(acme)
        .execute(&mut app.superuser().await)
        .await
        .expect("is suspended");
    worker::run_once(&app.app).await.expect("works");
    assert_eq!(run_at(&app, acme, "reminders.plan").await, app.app.now());
    app.leaves_due_jobs(2);
    app.finish().await;
}

#[tokio::test]
async fn housekeeping_removes_what_has_expired_and_nothing_else() {
    let app = TestApp::start().await;
    let acme = organisation(&app, "Acme").await;
    let globex = organisation(&app, "Globex").await;
    let now = app.app.now();
    let mut superuser = app.superuser().await;
    for (tenant, hours) in [(acme, 25_i64), (acme, 23), (globex, 23)] {
        sqlx::query(
            "insert into app.idempotency_keys (tenant_id, actor_id, route, key, body_hash, answer, created_at)
             values ($1, $2, 'POST /x', 'a key', sha256('x'), '{}', $3)",
        )
        .bind(tenant)
        .bind(Uuid::from_u128(u128::from(hours.unsigned_abs())))
        .bind(now - TimeDelta::hours(hours))
        .execute(&mut superuser)
        .await
        .expect("is stored");
    }
    for hours in [49_i64, 47] {
        sqlx::query(
            "insert into app.sign_in_counters (tenant_id, scope, key_hash, window_from, failures, updated_at)
             values ($1, 'network', sha256($2), $3, 1, $3)",
        )
        .bind(Uuid::nil())
        .bind([u8::try_from(hours).expect("small")])
        .bind(now - TimeDelta::hours(hours))
        .execute(&mut superuser)
        .await
        .expect("is stored");
    }
    worker::run_once(&app.app).await.expect("works");
    for (table, left) in [("idempotency_keys", 2_i64), ("sign_in_counters", 1)] {
        let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "select count(*) from app.{table}"
        )))
        .fetch_one(&mut superuser)
        .await
        .expect("counts");
        assert_eq!(count, left, "{table}");
    }
    app.finish().await;
}

#[tokio::test]
async fn whoever_stood_in_the_way_of_another_is_told_to_come_again() {
    let app = TestApp::start().await;
    for code in ["40P01", "40001"] {
        let raise = format!("do $$ begin raise exception using errcode = '{code}'; end $$");
        let error = sqlx::query(sqlx::AssertSqlSafe(raise))
            .execute(&mut app.superuser().await)
            .await
            .expect_err("is raised");
        let error = intrex_core::Error::from(error);
        assert!(error.is_passing(), "{code}: {error:?}");
    }
    app.finish().await;
}
