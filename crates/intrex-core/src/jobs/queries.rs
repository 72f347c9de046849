//! All SQL of background jobs. Claiming sees every tenant's rows, as `intrex_system`; the rest runs as the tenant's worker.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::Kind;
use crate::{
    db::remove_old,
    error::Result,
    ids::{JobId, TenantId},
};

/// A job that is this worker's until its lease ends.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    pub(super) tenant: TenantId,
    pub(super) id: JobId,
    pub(super) kind: Kind,
    pub(super) fence: i64,
    pub(super) attempts: i32,
}

fn known() -> Vec<String> {
    Kind::ALL.map(|kind| kind.as_str().to_owned()).into()
}

/// Whether a look is worth it: most of the time nothing is due.
pub(super) async fn anything_due(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"select exists (
             select from app.jobs
             where run_at <= $1 and (lease_until is null or lease_until <= $1) and kind = any($2)) as "found!""#,
        now,
        &known(),
    )
    .fetch_one(conn)
    .await?;
    Ok(found)
}

/// Claims due jobs, every tenant's first before anybody's second. A suspended tenant's wait, but for its deletion.
pub(super) async fn claim(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
    a_tenant: i64,
    limit: i64,
) -> Result<Vec<Claim>> {
    let rows = sqlx::query!(
        "with due as (
           select j.tenant_id, j.id, j.run_at,
                  row_number() over (partition by j.tenant_id order by j.run_at, j.id) as turn
           from app.jobs j
           where j.run_at <= $1 and (j.lease_until is null or j.lease_until <= $1) and j.kind = any($2)
             and (j.tenant_id = $3 or j.kind = $7
                  or exists (select from app.tenants t where t.id = j.tenant_id and t.status = 'active'))
         ), chosen as (
           select j.tenant_id, j.id
           from due d join app.jobs j on j.tenant_id = d.tenant_id and j.id = d.id
           where d.turn <= $4 and j.run_at <= $1 and (j.lease_until is null or j.lease_until <= $1)
           order by d.turn, d.run_at limit $5
           for update of j skip locked
         )
         update app.jobs j set lease_until = $6, fence = j.fence + 1, attempts = least(j.attempts + 1, 1000000)
         from chosen c where j.tenant_id = c.tenant_id and j.id = c.id
         returning j.tenant_id, j.id, j.kind, j.fence, j.attempts",
        now,
        &known(),
        TenantId::PLATFORM.uuid(),
        a_tenant,
        limit,
        lease_until,
        Kind::DeleteTenant.as_str(),
    )
    .fetch_all(conn)
    .await?;
    let claims = rows.into_iter().filter_map(|row| {
        Some(Claim {
            tenant: row.tenant_id.into(),
            id: row.id.into(),
            kind: Kind::parse(&row.kind)?,
            fence: row.fence,
            attempts: row.attempts,
        })
    });
    Ok(claims.collect())
}

pub(super) async fn insert_once(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: JobId,
    kind: Kind,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into app.jobs (tenant_id, id, kind, key, run_at, created_at) values ($1, $2, $3, '', $4, $4)
         on conflict (tenant_id, kind, key) do nothing",
        tenant.uuid(),
        id.uuid(),
        kind.as_str(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts a job off while the claim holds.
pub(super) async fn postpone(
    conn: &mut PgConnection,
    claim: &Claim,
    run_at: DateTime<Utc>,
    attempts: i32,
    last_error: Option<&str>,
) -> Result<()> {
    sqlx::query!(
        "update app.jobs set run_at = $4, lease_until = null, attempts = $5, last_error = $6
         where tenant_id = $1 and id = $2 and fence = $3",
        claim.tenant.uuid(),
        claim.id.uuid(),
        claim.fence,
        run_at,
        attempts,
        last_error,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes a job while the claim holds.
pub(super) async fn remove(conn: &mut PgConnection, claim: &Claim) -> Result<()> {
    sqlx::query!(
        "delete from app.jobs where tenant_id = $1 and id = $2 and fence = $3",
        claim.tenant.uuid(),
        claim.id.uuid(),
        claim.fence,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes answers to repeated requests that were kept long enough.
pub(super) async fn remove_idempotency_keys(
    conn: &mut PgConnection,
    tenant: TenantId,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<u64> {
    let removed = sqlx::query!(
        "delete from app.idempotency_keys k
         using (select actor_id, route, key from app.idempotency_keys
                where tenant_id = $1 and created_at < $2 order by created_at limit $3) old
         where k.tenant_id = $1 and k.actor_id = old.actor_id and k.route = old.route and k.key = old.key",
        tenant.uuid(),
        before,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(removed.rows_affected())
}

/// Removes sessions that ended long ago.
pub(super) async fn remove_sessions(
    conn: &mut PgConnection,
    tenant: TenantId,
    ended_before: DateTime<Utc>,
    limit: i64,
) -> Result<u64> {
    Ok(remove_old!(
        "app.sessions",
        "absolute_at",
        conn,
        tenant,
        ended_before,
        limit
    ))
}
