//! What goes with an organisation and not before: the database refuses it in one that lives.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use super::begin;
use crate::{isolation::scene::Scene, support::TestApp};

/// Tables whose rows no session removes in the life of an organisation.
const KEPT: [&str; 11] = [
    "access_review_rows",
    "access_reviews",
    "acknowledgements",
    "branches",
    "connectors",
    "imports",
    "notification_events",
    "obligation_instances",
    "people",
    "reminder_slots",
    "security_thresholds",
];

/// As the application, in an organisation: how many rows a statement removes. Nothing is kept.
async fn removed(app: &TestApp, tenant: impl std::fmt::Display, statement: &str) -> u64 {
    let mut conn = app.database().connect("intrex_app").await;
    let mut tx = conn.begin().await.expect("begins");
    let set =
        format!("set local app.current_tenant = '{tenant}'; set local app.current_branches = '*'");
    tx.execute(AssertSqlSafe(set)).await.expect("is set");
    let done = tx
        .execute(AssertSqlSafe(statement.to_owned()))
        .await
        .expect(statement);
    tx.rollback().await.expect("rolls back");
    done.rows_affected()
}

#[tokio::test]
async fn a_living_organisation_loses_none_of_the_rows_that_go_with_it() {
    let scene = Scene::begin().await;
    let app = &scene.app;
    let with_rows = [
        "access_review_rows",
        "access_reviews",
        "branches",
        "connectors",
        "imports",
        "notification_events",
        "obligation_instances",
        "people",
    ];
    for table in KEPT {
        let count = format!(
            "select count(*) from app.{table} where tenant_id = '{}'",
            scene.acme.id
        );
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(count))
            .fetch_one(&mut app.superuser().await)
            .await
            .expect("counts");
        assert!(count > 0 || !with_rows.contains(&table), "{table} is empty");
        let all = format!("delete from app.{table}");
        assert_eq!(removed(app, scene.acme.id, &all).await, 0, "{table}");
    }
    // Neither suspended nor waiting for its day, and not by an organisation that is being deleted beside it.
    let mut superuser = app.superuser().await;
    superuser
        .execute("update app.tenants set status = 'suspended' where name = 'Acmegrove'")
        .await
        .expect("is set");
    assert_eq!(
        removed(app, scene.acme.id, "delete from app.people").await,
        0
    );
    begin(app, &scene.globex, "Globex").await;
    let theirs = format!(
        "delete from app.people where tenant_id = '{}'",
        scene.acme.id
    );
    assert_eq!(removed(app, scene.globex.id, &theirs).await, 0);
    assert_eq!(
        removed(app, scene.acme.id, "delete from app.people").await,
        0
    );
    // And a role without a tenant has nothing to delete.
    let nobody = "00000000-0000-0000-0000-000000000000";
    assert_eq!(removed(app, nobody, "delete from app.people").await, 0);
    super::settle(app).await;
    scene.app.finish().await;
}

#[tokio::test]
async fn the_status_that_opens_them_needs_a_request_that_is_due() {
    let scene = Scene::begin().await;
    let app = &scene.app;
    let mut conn = app.database().connect("intrex_app").await;
    for change in [
        "status = 'deleting'",
        "status = 'deleting', deletion_begun_at = '2026-11-22'",
        "status = 'deleted', name = '', deletion_begun_at = '2026-11-22'",
        "status = 'deleting', deletion_begun_at = '2026-11-22', deletion_requested_at = '2026-11-22', deletion_due_at = '2026-11-29'",
        "name = ''",
        "deletion_due_at = '2026-11-22'",
    ] {
        let mut tx = conn.begin().await.expect("begins");
        let set = format!("set local app.current_tenant = '{}'", scene.acme.id);
        tx.execute(AssertSqlSafe(set)).await.expect("is set");
        let statement = format!("update app.tenants set {change}");
        let refused = tx
            .execute(AssertSqlSafe(statement))
            .await
            .expect_err(change);
        let refused = refused.as_database_error().expect("the server refuses");
        assert_eq!(refused.code().as_deref(), Some("23514"), "{change}");
        tx.rollback().await.expect("rolls back");
    }
    scene.app.finish().await;
}

/// What the server says to these statements, in one transaction of the application's role.
async fn in_one_transaction(scene: &Scene, statements: &[&str]) -> Result<(), String> {
    let mut conn = scene.app.database().connect("intrex_app").await;
    let mut tx = conn.begin().await.expect("begins");
    let set = format!("set local app.current_tenant = '{}'", scene.acme.id);
    tx.execute(AssertSqlSafe(set)).await.expect("is set");
    for statement in statements {
        if let Err(refused) = tx.execute(AssertSqlSafe((*statement).to_owned())).await {
            let refused = refused.as_database_error().expect("the server refuses");
            return Err(refused.constraint().unwrap_or_default().to_owned());
        }
    }
    tx.commit().await.expect("commits");
    Ok(())
}

#[tokio::test]
async fn one_transaction_does_not_ask_for_a_deletion_and_begin_it() {
    let scene = Scene::begin().await;
    let app = &scene.app;
    let request = "update app.tenants set deletion_requested_at = '2026-11-22', deletion_due_at = '2026-11-22'";
    let begin = "update app.tenants set status = 'deleting', deletion_begun_at = '2026-11-22'";
    let bury = "update app.tenants set status = 'deleted', name = ''";
    let both = "update app.tenants set status = 'deleting', deletion_begun_at = '2026-11-22',
        deletion_requested_at = '2026-11-22', deletion_due_at = '2026-11-22'";
    let hidden = "do $$ begin
        begin
          update app.tenants set deletion_requested_at = '2026-11-22', deletion_due_at = '2026-11-22';
        exception when division_by_zero then null; end;
        update app.tenants set status = 'deleting', deletion_begun_at = '2026-11-22';
        end $$";
    let straight =
        "update app.tenants set status = 'deleted', name = '', deletion_begun_at = '2026-11-22',
        deletion_requested_at = '2026-11-22', deletion_due_at = '2026-11-22'";
    let unasked = Err("tenants_deletion_was_requested".to_owned());
    for statements in [
        &[both][..],
        &[request, begin],
        &[request, begin, bury],
        &[hidden],
    ] {
        let answer = in_one_transaction(&scene, statements).await;
        assert_eq!(answer, unasked, "{statements:?}");
    }
    let answer = in_one_transaction(&scene, &[straight]).await;
    assert_eq!(answer, Err("tenants_deletion_in_steps".to_owned()));

    // Asked for before, it goes on; and there is no way back.
    begin_and_look(app, &scene).await;
    let back = "update app.tenants set status = 'active', deletion_begun_at = null";
    let answer = in_one_transaction(&scene, &[back]).await;
    assert_eq!(answer, Err("tenants_deletion_goes_on".to_owned()));
    super::settle(app).await;
    for change in [
        "status = 'active', name = 'Acmegrove'",
        "time_zone = 'Asia/Dhaka'",
    ] {
        let statement = format!("update app.tenants set {change}");
        let answer = in_one_transaction(&scene, &[&statement]).await;
        assert_eq!(
            answer,
            Err("tenants_deleted_for_good".to_owned()),
            "{change}"
        );
    }
    scene.app.finish().await;
}

async fn begin_and_look(app: &crate::support::TestApp, scene: &Scene) {
    begin(app, &scene.acme, "Acmegrove").await;
    assert_eq!(super::status(app, &scene.acme).await, "deleting");
}
