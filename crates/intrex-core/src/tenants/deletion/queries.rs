//! The SQL of an organisation's row while it leaves, and of the job that sees to it. What is removed stands in `rows`.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::model::{Pending, Standing};
use crate::{
    error::Result,
    ids::{JobId, PersonId, TenantId},
    tenants::TenantStatus,
};

/// Locks the organisation until the transaction ends. Who refers to it at this moment is not waited for.
pub(super) async fn lock(conn: &mut PgConnection, id: TenantId) -> Result<Option<Standing>> {
    Ok(sqlx::query_as!(
        Standing,
        r#"select name, status as "status: TenantStatus", deletion_requested_at as requested_at,
                  deletion_requested_by as "requested_by: PersonId", deletion_due_at as due_at, deletion_begun_at as begun_at
           from app.tenants where id = $1 for no key update"#,
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// The same, only looked at, with the name of who asked.
pub(super) async fn look(
    conn: &mut PgConnection,
    id: TenantId,
) -> Result<Option<(Standing, Option<String>)>> {
    let row = sqlx::query!(
        r#"select t.name, t.status as "status: TenantStatus", t.deletion_requested_at, t.deletion_due_at, t.deletion_begun_at,
                  t.deletion_requested_by as "requested_by: PersonId", p.name as "person_name?"
           from app.tenants t left join app.people p on p.tenant_id = t.id and p.id = t.deletion_requested_by
           where t.id = $1"#,
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| {
        let standing = Standing {
            name: row.name,
            status: row.status,
            requested_at: row.deletion_requested_at,
            requested_by: row.requested_by,
            due_at: row.deletion_due_at,
            begun_at: row.deletion_begun_at,
        };
        (standing, row.person_name)
    }))
}

/// Writes a request down, or that there is none.
pub(super) async fn set_pending(
    conn: &mut PgConnection,
    id: TenantId,
    pending: Option<&Pending>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.tenants set deletion_requested_at = $2, deletion_requested_by = $3, deletion_due_at = $4, updated_at = $5,
                version = version + 1
         where id = $1",
        id.uuid(),
        pending.map(|pending| pending.requested_at),
        pending.and_then(|pending| pending.requested_by).map(|id| id.uuid()),
        pending.map(|pending| pending.due_at),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// From here on nobody gets in.
pub(super) async fn begin(conn: &mut PgConnection, id: TenantId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update app.tenants set status = 'deleting', deletion_begun_at = $2, updated_at = $2, version = version + 1 where id = $1",
        id.uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Leaves the id, and the times at which it happened.
pub(super) async fn bury(conn: &mut PgConnection, id: TenantId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update app.tenants set status = 'deleted', name = '', deletion_requested_by = null, time_zone = 'UTC', updated_at = $2,
                version = version + 1
         where id = $1",
        id.uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Plans the work for an instant; one job an organisation, however often it is asked for.
pub(super) async fn plan(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: JobId,
    kind: &str,
    run_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into app.jobs (tenant_id, id, kind, key, run_at, created_at) values ($1, $2, $3, '', $4, $5)
         on conflict (tenant_id, kind, key) do update set run_at = excluded.run_at, attempts = 0, last_error = null",
        tenant.uuid(),
        id.uuid(),
        kind,
        run_at,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes the plan back.
pub(super) async fn unplan(conn: &mut PgConnection, tenant: TenantId, kind: &str) -> Result<()> {
    sqlx::query!(
        "delete from app.jobs where tenant_id = $1 and kind = $2 and key = ''",
        tenant.uuid(),
        kind,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The head office admins who can sign in.
pub(super) async fn admins(conn: &mut PgConnection, tenant: TenantId) -> Result<Vec<PersonId>> {
    Ok(sqlx::query_scalar!(
        r#"select id as "id: PersonId" from app.people
           where tenant_id = $1 and role = 'head_office_admin' and status = 'active' order by id"#,
        tenant.uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// How much would go: branches, people, obligations.
pub(super) async fn counts(conn: &mut PgConnection, tenant: TenantId) -> Result<[i64; 3]> {
    let row = sqlx::query!(
        r#"select (select count(*) from app.branches where tenant_id = $1) as "branches!",
                  (select count(*) from app.people where tenant_id = $1 and deleted_at is null) as "people!",
                  (select count(*) from app.obligation_instances where tenant_id = $1) as "obligations!""#,
        tenant.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok([row.branches, row.people, row.obligations])
}
