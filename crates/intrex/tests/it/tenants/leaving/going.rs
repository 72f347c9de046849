//! What is left of an organisation, however it was interrupted and whoever was at work.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use intrex_core::{
    audit::{
        reads::{self as audit, AuditFilter},
        verify::{self, Verdict},
    },
    branches::{self, RawBranch},
    jobs,
    paging::{MAX_LIMIT, PageRequest},
    permission::Role,
    tenants::{self, TenantStatus, deletion::SETTLES_FOR},
    worker,
};
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};

use super::{begin, settle, status, told};
use crate::{
    accounts::post::tables_with,
    isolation::scene::Scene,
    support::{Member, Tenant, TestApp},
};

/// What stays of a deleted organisation: its log with its keys.
const STAYS: [&str; 4] = ["audit_events", "audit_heads", "audit_leaves", "data_keys"];
/// What belongs to the platform alone.
const OF_THE_PLATFORM: [&str; 2] = ["csp_reports", "sign_in_counters"];

/// How many rows an organisation has in each table.
async fn rows(conn: &mut PgConnection, tenant: &Tenant) -> BTreeMap<String, i64> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.table_name::text from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
         where c.table_schema = 'app' and c.column_name = 'tenant_id' and t.table_type = 'BASE TABLE'",
    )
    .fetch_all(&mut *conn)
    .await
    .expect("the tables");
    let mut rows = BTreeMap::new();
    for table in tables {
        let count = format!("select count(*) from app.{table} where tenant_id = $1");
        let count = sqlx::query_scalar(AssertSqlSafe(count)).bind(tenant.id.uuid());
        rows.insert(table, count.fetch_one(&mut *conn).await.expect("counts"));
    }
    rows
}

/// A row in each table that the story of the scene leaves empty.
async fn fill(app: &TestApp, tenant: &Tenant, member: &Member) {
    let (t, p) = (tenant.id, member.id);
    let now = app.app.now().to_rfc3339();
    let id = "gen_random_uuid()";
    let hash = "sha256(gen_random_uuid()::text::bytea)";
    let statements = format!(
        "insert into app.account_mail (tenant_id, id, person_id, kind, to_address, state, expires_at, next_attempt_at, created_at)
           values ('{t}', {id}, '{p}', 'new_device', 'x@y.example', 'queued', '{now}', '{now}', '{now}');
         insert into app.recovery_codes (tenant_id, id, person_id, selector, code_hash, created_at)
           values ('{t}', {id}, '{p}', 'ABCD', repeat('x', 60), '{now}');
         insert into app.pending_factors (tenant_id, id, person_id, session_id, secret, created_at, expires_at)
           values ('{t}', {id}, '{p}', {id}, 'v1.x.x.x', '{now}', '{now}');
         insert into app.password_history (tenant_id, id, person_id, password_hash, replaced_at)
           values ('{t}', {id}, '{p}', 'x', '{now}');
         insert into app.passkey_challenges (tenant_id, session_id, purpose, state, expires_at)
           select tenant_id, id, 'step_up', 'x', '{now}' from app.sessions where tenant_id = '{t}' limit 1;
         insert into app.oidc_attempts (tenant_id, id, provider_id, cookie_hash, state_hash, nonce_hash, verifier, session_id, created_at,
                                        expires_at)
           select tenant_id, {id}, id, {hash}, {hash}, {hash}, 'x', (select id from app.sessions where tenant_id = '{t}' limit 1),
                  '{now}', '{now}' from app.oidc_providers where tenant_id = '{t}' limit 1;
         insert into app.idempotency_keys (tenant_id, actor_id, route, key, body_hash, answer, created_at)
           values ('{t}', '{p}', 'POST /x', 'x', {hash}, '{{}}', '{now}');
         insert into app.security_tallies (tenant_id, rule, key, member, n, seen_at) values ('{t}', 'burst', 'x', 'x', 1, '{now}');
         insert into app.security_thresholds values ('{t}', 30, 10, 5, 30, 5000, 10, 10, '{now}', 1);
         insert into app.known_networks (tenant_id, person_id, network, first_seen_at, last_seen_at)
           values ('{t}', '{p}', substring(sha256('x') for 17), '{now}', '{now}') on conflict do nothing;
         insert into app.connector_secrets (tenant_id, connector_id, name, generation, sealed, set_at)
           select tenant_id, id, 'signing_secret', 'current', 'v1.x.x.x', '{now}' from app.connectors where tenant_id = '{t}' limit 1;
         insert into app.delivery_attempts (tenant_id, delivery_id, n, at, took_ms, answer, stages)
           select tenant_id, id, 1, '{now}', 1, '', '[]' from app.notification_deliveries where tenant_id = '{t}' limit 1;
         insert into app.applied_packs (tenant_id, pack, version, applied_at) values ('{t}', 'x', '1.0.0', '{now}');
         insert into app.jurisdictions (tenant_id, id, code, name, kind, created_at, updated_at)
           values ('{t}', {id}, 'XX', 'x', 'country', '{now}', '{now}');
         insert into app.holidays (tenant_id, jurisdiction_id, on_date, name)
           select tenant_id, id, '2026-12-16', 'x' from app.jurisdictions where tenant_id = '{t}' limit 1;
         insert into app.delivery_fingerprints (tenant_id, fingerprint) values ('{t}', {hash});
         insert into app.notification_routes (tenant_id, id, name, event_types, min_severity, connector_id, recipient, created_at,
                                              updated_at)
           select tenant_id, {id}, 'x', '{{obligation.due}}', 'low', id, 'endpoint', '{now}', '{now}'
           from app.connectors where tenant_id = '{t}' limit 1;
         insert into app.notification_opt_outs (tenant_id, person_id, event_type, since) values ('{t}', '{p}', 'digest', '{now}');
         insert into app.digest_wishes (tenant_id, person_id, kind, since) values ('{t}', '{p}', 'daily', '{now}');
         insert into app.digests (tenant_id, person_id, kind, falls_on, made_at, obligation_ids, due_on)
           values ('{t}', '{p}', 'daily', '2026-11-22', '{now}', '{{}}', '{{}}');
         insert into app.acknowledgements (tenant_id, id, branch_id, obligation_id, person_id, threshold, due_on, via, at, again_on)
           select tenant_id, {id}, branch_id, id, '{p}', 'due_day', due_on, 'app', '{now}', due_on
           from app.obligation_instances where tenant_id = '{t}' limit 1;
         insert into app.snoozes (tenant_id, obligation_id, person_id, branch_id, at, until)
           select tenant_id, id, '{p}', branch_id, '{now}', '{now}'::timestamptz + interval '1 hour'
           from app.obligation_instances where tenant_id = '{t}' limit 1;
         insert into app.reminder_slots (tenant_id, id, branch_id, obligation_id, threshold, falls_on, route_id, connector_id,
                                         recipient_id, fingerprint, planned_at, state, next_attempt_at, created_at, delivery_id)
           select tenant_id, {id}, branch_id, id, 'due_day', due_on, {id}, {id}, '{p}', {hash}, '{now}', 'planned', '{now}', '{now}',
                  (select id from app.notification_deliveries where tenant_id = '{t}' limit 1)
           from app.obligation_instances where tenant_id = '{t}' limit 1;"
    );
    app.superuser()
        .await
        .execute(AssertSqlSafe(statements))
        .await
        .expect("rows are written");
}

#[tokio::test]
async fn of_a_deleted_organisation_the_log_is_left_and_the_other_one_has_every_row() {
    let scene = Scene::begin().await;
    let (app, acme, globex) = (&scene.app, &scene.acme, &scene.globex);
    fill(app, acme, &scene.alice).await;
    app.sequence().await;
    let mut superuser = app.superuser().await;
    let before = rows(&mut superuser, acme).await;
    for (table, count) in &before {
        let platform = OF_THE_PLATFORM.contains(&table.as_str());
        assert!(
            (*count > 0) != platform,
            "{table}: this test needs a row of each, {count}"
        );
    }
    let others = rows(&mut superuser, globex).await;
    let readable = "select count(*) from app.data_keys where wrapped is not null";
    let keys = app.count(readable).await;
    let of_acme = before["data_keys"];

    begin(app, acme, "Acmegrove").await;
    assert_eq!(status(app, acme).await, "deleting");
    let now = rows(&mut superuser, globex).await;
    for (table, count) in &others {
        // The worker has planned reminders and told of security events there meanwhile; jobs end.
        assert!(
            now[table] >= *count || table == "jobs",
            "{table}: {count} were there, {} are",
            now[table]
        );
    }
    settle(app).await;
    assert_eq!(status(app, acme).await, "deleted");

    let after = rows(&mut superuser, acme).await;
    for (table, count) in &after {
        let stays = STAYS.contains(&table.as_str());
        assert!((*count > 0) == stays, "{table}: {count}");
    }
    assert_eq!(
        after["data_keys"], of_acme,
        "the rows stay, so that nothing is sealed anew"
    );
    assert!(app.count(readable).await <= keys - of_acme);
    let erased = "select count(*) from app.data_keys where wrapped is null";
    assert_eq!(app.count(erased).await, of_acme);

    let listed = tenants::list(&app.app).await.expect("lists");
    let row = listed
        .iter()
        .find(|row| row.id == acme.id)
        .expect("the row stays");
    assert_eq!((row.name.as_str(), row.status), ("", TenantStatus::Deleted));
    for word in [
        "Acmegrove",
        "acmegrove",
        "GULSHANSIDE",
        "zenobia",
        "we close our doors",
    ] {
        assert_eq!(tables_with(app, word).await, [""; 0], "{word}");
    }
    // The log verifies, and nothing personal in it opens.
    app.sequence().await;
    let verdict = verify::verify(&app.app, &acme.operator)
        .await
        .expect("is read");
    assert!(
        matches!(verdict, Verdict::Intact(found) if found.events > 20),
        "{verdict:?}"
    );
    let mut tx = app.app.db.read(&acme.operator).await.expect("begins");
    let page = PageRequest::first(MAX_LIMIT);
    let events = audit::list(&mut tx, &AuditFilter::default(), &page)
        .await
        .expect("is read");
    tx.finish().await.expect("finishes");
    assert!(events.items.len() > 20);
    for event in &events.items {
        let open: Vec<_> = event.fields.values().flatten().collect();
        assert!(event.summary.is_none() && open.is_empty(), "{event:?}");
        assert!(event.actor.name.is_none(), "{event:?}");
    }
    let expected = [
        "tenant.deletion_requested",
        "tenant.deletion_begun",
        "tenant.deleted",
    ];
    assert_eq!(told(app, acme).await, expected);
    scene.app.finish().await;
}

/// More than a transaction removes, and chains of obligations whose successors have the smaller ids.
async fn crowd(app: &TestApp, tenant: &Tenant) {
    let branch = app.branch(tenant, "GUL").await;
    let (t, b, now) = (tenant.id, branch.id, app.app.now().to_rfc3339());
    let statements = format!(
        "insert into app.idempotency_keys (tenant_id, actor_id, route, key, body_hash, answer, created_at)
           select '{t}', gen_random_uuid(), 'POST /x', 'x', sha256('x'), '{{}}', '{now}' from generate_series(1, 7000);
         insert into app.obligation_instances (tenant_id, id, branch_id, series_id, series_anchor, predecessor_id, category, title,
             severity, occurrence_on, due_on, lead_days, source, reminders_from, created_at, updated_at)
           select '{t}', lpad(to_hex(5000 - n), 32, '0')::uuid, '{b}', gen_random_uuid(), '2026-12-01',
             case when n % 100 > 0 then lpad(to_hex(5001 - n), 32, '0')::uuid end, 'licence', 'x', 'low', '2026-12-01', '2026-12-01',
             '{{1}}', 'manual', '{now}', '{now}', '{now}'
           from generate_series(0, 1999) n;"
    );
    app.superuser()
        .await
        .execute(AssertSqlSafe(statements))
        .await
        .expect("a crowd");
}

#[tokio::test]
async fn a_kill_in_the_middle_loses_nothing_and_more_than_one_batch_goes() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    crowd(&app, &acme).await;
    tenants::deletion::request(
        &app.app,
        &acme.operator,
        &super::named("Acme"),
        tenants::deletion::When::Now,
    )
    .await
    .expect("is asked for");
    let mut superuser = app.superuser().await;
    let total = |rows: &BTreeMap<String, i64>| -> i64 {
        let goes = rows
            .iter()
            .filter(|(table, _)| !STAYS.contains(&table.as_str()));
        goes.map(|(_, count)| count).sum()
    };
    let all = total(&rows(&mut superuser, &acme).await);
    assert!(all > 9_000, "{all}");
    // A round begins, the next one removes a batch; then the process is killed while it works, twice. Other work of the
    // organisation, which adds and removes a few rows, may have its turn before.
    let (mut left, mut rounds) = (all, 0);
    while left > all - 1_000 {
        jobs::run_due(&app.app).await.expect("works");
        left = total(&rows(&mut superuser, &acme).await);
        rounds += 1;
        assert!(rounds < 50, "nothing is removed");
    }
    assert!(
        all - left <= 5_100 && left > 0,
        "{all} {left}: a batch has its limit"
    );
    for _ in 0..2 {
        let other = app.another_process().await;
        let killed = tokio::spawn(async move { jobs::run_due(&other).await });
        while app.count("select count(*) from app.jobs where kind = 'tenant.delete' and lease_until is not null").await == 0
            && !killed.is_finished()
        {
            tokio::task::yield_now().await;
        }
        killed.abort();
        let _ = killed.await;
        app.app.clock.advance(TimeDelta::seconds(61));
    }
    assert_eq!(status(&app, &acme).await, "deleting");
    worker::run_once(&app.app).await.expect("works");
    assert_eq!(
        total(&rows(&mut superuser, &acme).await),
        1,
        "its own job is left"
    );
    settle(&app).await;
    assert_eq!(status(&app, &acme).await, "deleted");
    assert_eq!(total(&rows(&mut superuser, &acme).await), 0);
    let expected = [
        "tenant.deletion_requested",
        "tenant.deletion_begun",
        "tenant.deleted",
    ];
    assert_eq!(told(&app, &acme).await, expected, "each is told once");
    app.finish().await;
}

#[tokio::test]
async fn whoever_was_at_work_when_it_began_leaves_nothing_behind() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    // She was let in before, and what she does takes a while.
    let actor = app.acting(&alice).await;
    let raw = |code: &str| RawBranch {
        code: code.into(),
        name: "Straggler".into(),
        country: "BD".into(),
        time_zone: "Asia/Dhaka".into(),
        ..RawBranch::default()
    };
    begin(&app, &acme, "Acme").await;
    app.app.clock.advance(SETTLES_FOR / 2);
    worker::run_once(&app.app).await.expect("works");
    assert_eq!(
        status(&app, &acme).await,
        "deleting",
        "it waits for whoever is at work"
    );
    branches::create(&app.app, &actor, &raw("LATE"))
        .await
        .expect("is made");
    assert_eq!(app.count("select count(*) from app.branches").await, 1);
    settle(&app).await;
    assert_eq!(status(&app, &acme).await, "deleted");
    for table in [
        "branches",
        "people",
        "jobs where tenant_id <> '00000000-0000-0000-0000-000000000000'",
    ] {
        let count = format!("select count(*) from app.{table}");
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(count))
            .fetch_one(&mut app.superuser().await)
            .await
            .expect("counts");
        assert_eq!(count, 0, "{table}");
    }
    let sealed = "select count(*) from app.data_keys where wrapped is not null and tenant_id <> '00000000-0000-0000-0000-000000000000'";
    assert_eq!(app.count(sealed).await, 0);
    app.finish().await;
}
