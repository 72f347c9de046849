//! The catalogue lint: silent on the schema as it is migrated, and not silent when something is planted.

use intrex_core::db::catalogue::{Finding, lint};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::support::Database;

/// A table as a later migration would make it.
const A_TABLE: &str =
    "create table app.things (tenant_id uuid not null, id uuid not null, branch_id uuid not null,
      constraint things_pkey primary key (tenant_id, id));
    comment on table app.things is 'Things.';";

/// How a fault begins that the owner of the schema could not plant.
const AS_SUPERUSER: &str = "-- as superuser";

async fn found(conn: &mut PgConnection) -> Vec<Finding> {
    lint(conn).await.expect("the catalogue can be read")
}

/// Plants faults one after the other, each in a transaction that is rolled back, and expects a finding on the object that
/// says the words.
async fn expect_found(faults: &[(&str, &str, &str)]) {
    let database = Database::copy();
    let mut superuser = database.superuser().await;
    for (fault, object, words) in faults {
        let mut tx = superuser.begin().await.expect("begins");
        if !fault.starts_with(AS_SUPERUSER) {
            tx.execute("set local role intrex_owner")
                .await
                .expect("is set");
        }
        tx.execute(AssertSqlSafe((*fault).to_owned()))
            .await
            .expect(fault);
        tx.execute("reset role").await.expect("is reset");
        let findings = found(&mut tx).await;
        assert!(
            findings
                .iter()
                .any(|finding| finding.object == *object && finding.what.contains(words)),
            "{fault}\nis not found on {object} as {words:?}: {findings:#?}"
        );
        tx.rollback().await.expect("rolls back");
    }
    assert_eq!(
        found(&mut superuser).await,
        [],
        "everything was rolled back"
    );
}

#[tokio::test]
async fn the_migrated_schema_is_clean() {
    let database = Database::copy();
    assert_eq!(found(&mut database.superuser().await).await, []);
    // The migrating role comes to the same answer: it is what `doctor` connects as.
    assert_eq!(
        found(&mut database.connect("intrex_migrate").await).await,
        []
    );
}

#[tokio::test]
async fn a_table_without_its_walls_is_found() {
    let isolated = format!("{A_TABLE} call app.isolate_tenant('app.things');");
    let listed = "is not in the list";
    expect_found(&[
        (A_TABLE, "things", listed),
        (&isolated, "things", listed),
        ("create table app.plain (id uuid primary key)", "plain", listed),
        ("drop table app.csp_reports", "csp_reports", "is not there"),
        ("-- as superuser\ncreate table public.copy as table app.people", "public.copy", "outside the schema"),
        ("-- as superuser\nalter table app.jobs owner to intrex_migrate", "jobs", "owned by"),
        ("alter table app.jobs disable row level security", "jobs", "not enabled and forced"),
        ("alter table app.jobs no force row level security", "jobs", "not enabled and forced"),
        ("alter table app.jobs drop constraint jobs_pkey; alter table app.jobs alter column tenant_id drop not null", "jobs", "never null"),
        ("alter table app.jobs add column branch_id uuid", "jobs", "no branch policy"),
        ("alter table app.heartbeats add column tenant_id uuid", "heartbeats", "listed as nobody's"),
        ("comment on table app.jobs is null", "jobs", "no comment"),
        (
            "create table app.jobs_2026 (like app.jobs including all); alter table app.jobs_2026 inherit app.jobs",
            "jobs_2026",
            listed,
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_policy_too_many_too_few_or_otherwise_is_found() {
    expect_found(&[
        ("create policy wide on app.jobs for select using (true)", "jobs", "wide is one too many"),
        ("create policy wide on app.heartbeats using (true)", "heartbeats", "wide is one too many"),
        ("drop policy tenant_isolation_strict on app.jobs", "jobs", "tenant_isolation_strict is missing"),
        ("drop policy migrate_access on app.jobs", "jobs", "migrate_access is missing"),
        ("drop policy branch_isolation on app.branches", "branches", "branch_isolation is missing"),
        ("drop policy system_access_select on app.jobs", "jobs", "system_access_select is missing"),
        ("drop policy tenant_leaving on app.people", "people", "tenant_leaving is missing"),
        ("alter policy tenant_leaving on app.people using (true)", "people", "tenant_leaving is not as it must be"),
        ("call app.keep_until_tenant_leaves('app.jobs')", "jobs", "tenant_leaving is one too many"),
        ("call app.open_to_system('app.sessions', 'select')", "sessions", "system_access_select is one too many"),
        ("alter policy tenant_isolation on app.jobs using (true)", "jobs", "tenant_isolation is not as it must be"),
        ("alter policy tenant_isolation on app.jobs with check (true)", "jobs", "tenant_isolation is not as it must be"),
        ("alter policy tenant_isolation on app.jobs to public", "jobs", "tenant_isolation is not as it must be"),
        (
            "alter policy tenant_isolation on app.jobs
             using (tenant_id = current_setting('app.current_tenant', true)::uuid)",
            "jobs",
            "tenant_isolation is not as it must be",
        ),
        (
            "drop policy tenant_isolation_strict on app.jobs;
             create policy tenant_isolation_strict on app.jobs to intrex_app
             using (tenant_id = nullif(current_setting('app.current_tenant', true), '')::uuid)
             with check (tenant_id = nullif(current_setting('app.current_tenant', true), '')::uuid)",
            "jobs",
            "tenant_isolation_strict is not as it must be",
        ),
        (
            "alter policy branch_isolation on app.branches using (true)",
            "branches",
            "branch_isolation is not as it must be",
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_grant_that_is_not_in_the_lists_is_found() {
    expect_found(&[
        (
            "grant truncate on app.jobs to intrex_app",
            "jobs",
            "intrex_app may truncate",
        ),
        (
            "grant trigger on app.jobs to intrex_app",
            "jobs",
            "intrex_app may trigger",
        ),
        (
            "grant references on app.jobs to intrex_app",
            "jobs",
            "intrex_app may references",
        ),
        (
            "grant update on app.audit_events to intrex_app",
            "audit_events",
            "intrex_app may update",
        ),
        (
            "grant delete on app.audit_events to intrex_app",
            "audit_events",
            "intrex_app may delete",
        ),
        (
            "grant update (entry) on app.audit_events to intrex_app",
            "audit_events",
            "intrex_app may update (entry)",
        ),
        (
            "grant update (id) on app.people to intrex_app",
            "people",
            "a column of its key",
        ),
        (
            "grant select on app.people to public",
            "people",
            "everybody may select",
        ),
        (
            "grant select on app.people to intrex_migrate",
            "people",
            "intrex_migrate may select",
        ),
        (
            "grant select on app.people to intrex_system",
            "people",
            "intrex_system may select",
        ),
        (
            "grant select (password_hash) on app.people to intrex_system",
            "people",
            "password_hash",
        ),
        (
            "grant select on app.people to intrex_app with grant option",
            "people",
            "may hand select on",
        ),
        (
            "grant usage on sequence app.audit_events_pos_seq to intrex_app",
            "audit_events_pos_seq",
            "may usage",
        ),
        (
            "revoke select on app.people from intrex_app",
            "people",
            "has to",
        ),
        (
            "revoke select (canonical_email) on app.people from intrex_system",
            "people",
            "has to",
        ),
        (
            "grant create on schema app to intrex_app",
            "the schema app",
            "intrex_app has the privilege create",
        ),
        (
            "grant usage on schema app to public",
            "the schema app",
            "everybody has the privilege usage",
        ),
        (
            "-- as superuser\ngrant usage on schema public to public",
            "the schema public",
            "everybody has the privilege usage",
        ),
        (
            "alter default privileges in schema app grant select on tables to intrex_app",
            "intrex_owner",
            "gives intrex_app the privilege select",
        ),
        (
            "alter default privileges grant execute on functions to public",
            "intrex_owner",
            "everybody",
        ),
    ])
    .await;
    let database = Database::copy();
    let mut superuser = database.superuser().await;
    superuser
        .execute(AssertSqlSafe(format!(
            "grant temporary on database {} to public",
            database.name()
        )))
        .await
        .expect("is granted");
    let findings = found(&mut superuser).await;
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(
        findings[0]
            .what
            .contains("everybody has the privilege temporary")
    );
}

#[tokio::test]
async fn a_key_that_reaches_across_tenants_is_found() {
    expect_found(&[
        (
            "alter table app.branches add constraint branches_id unique (id);
             alter table app.person_branches add constraint branch_alone foreign key (branch_id) references app.branches (id)",
            "branch_alone",
            "without the tenant",
        ),
        ("create unique index jobs_kind on app.jobs (kind)", "jobs_kind", "unique across tenants"),
        ("drop index app.people_canonical_email", "people_canonical_email", "is not there"),
        (
            "alter table app.audit_events add constraint to_tenant foreign key (tenant_id) references app.tenants (id)",
            "to_tenant",
            "the audit log",
        ),
        (
            "alter table app.data_keys add constraint unchecked foreign key (tenant_id) references app.tenants (id) not valid",
            "unchecked",
            "never validated",
        ),
    ])
    .await;
}

#[tokio::test]
async fn code_that_sees_more_than_its_caller_is_found() {
    let definer = "create function app.peek() returns bigint language sql security definer as 'select count(*) from app.people'";
    let stable = "create function app.tenant() returns text language sql stable as $$ select current_setting('app.current_tenant') $$";
    let immutable = stable.replace("stable", "immutable");
    let opened = format!("{stable}; grant execute on function app.tenant() to public");
    let called = format!("{stable}; grant execute on function app.tenant() to intrex_app");
    let leakproof = format!(
        "-- as superuser\n{}",
        stable.replace("stable", "stable leakproof")
    );
    expect_found(&[
        (definer, "app.peek()", "its owner's rights"),
        (&immutable, "app.tenant()", "immutable"),
        (&opened, "app.tenant()", "executed by everybody"),
        (&called, "app.tenant()", "executed by intrex_app"),
        (&leakproof, "app.tenant()", "leakproof"),
        (&leakproof, "app.tenant()", "not owned by"),
        ("create view app.everybody as select * from app.people", "everybody", "owner's eyes"),
        ("create materialized view app.copy as select * from app.people", "copy", "materialised"),
        ("create rule quiet as on delete to app.people do instead nothing", "people", "the rule quiet"),
        ("alter table app.audit_events disable trigger audit_events_append_only", "audit_events", "not enabled always"),
        ("alter table app.audit_events enable trigger audit_events_append_only", "audit_events", "not enabled always"),
        ("drop trigger audit_leaves_no_truncate on app.audit_leaves", "audit_leaves", "is missing"),
        (
            "create trigger more before update on app.people for each row execute function app.refuse_change()",
            "people",
            "more is one too many",
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_role_that_can_do_more_than_its_grants_is_found() {
    expect_found(&[
        (
            "-- as superuser\nalter role intrex_app bypassrls",
            "intrex_app",
            "BYPASSRLS",
        ),
        (
            "-- as superuser\nalter role intrex_system superuser",
            "intrex_system",
            "superuser",
        ),
        (
            "-- as superuser\nalter role intrex_app replication",
            "intrex_app",
            "REPLICATION",
        ),
        (
            "-- as superuser\nalter role intrex_app createrole",
            "intrex_app",
            "CREATEROLE",
        ),
        (
            "-- as superuser\nalter role intrex_app createdb",
            "intrex_app",
            "CREATEDB",
        ),
        (
            "-- as superuser\nalter role intrex_owner login",
            "intrex_owner",
            "can sign in",
        ),
        (
            "-- as superuser\nalter role intrex_migrate inherit",
            "intrex_migrate",
            "without asking",
        ),
        (
            "-- as superuser\ncreate role intrex_more",
            "intrex_more",
            "not one of the product's roles",
        ),
        (
            "-- as superuser\ngrant intrex_owner to intrex_app",
            "intrex_app",
            "member of intrex_owner",
        ),
        (
            "-- as superuser\ngrant pg_read_all_data to intrex_system",
            "intrex_system",
            "member of pg_read_all_data",
        ),
        (
            "-- as superuser\nalter role intrex_app set app.current_branches = '*'",
            "intrex_app",
            "app.current_branches=* by default",
        ),
    ])
    .await;
}
