//! The SQL of organisations.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::model::{AdminFactor, NewTenant, Tenant, TenantFacts, TenantRow, TenantStatus};
use crate::{
    error::Result,
    ids::{JobId, TenantId},
};

pub(super) async fn insert(
    conn: &mut PgConnection,
    id: TenantId,
    new: &NewTenant,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into app.tenants (id, name, time_zone, created_at, updated_at) values ($1, $2, $3, $4, $4)",
        id.uuid(),
        new.name,
        new.time_zone,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The background work that runs for a tenant from its first moment on.
pub(super) async fn insert_recurring_job(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: JobId,
    kind: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into app.jobs (tenant_id, id, kind, key, run_at, created_at) values ($1, $2, $3, '', $4, $4)",
        tenant.uuid(),
        id.uuid(),
        kind,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(in crate::tenants) async fn current(
    conn: &mut PgConnection,
    id: TenantId,
) -> Result<Option<Tenant>> {
    Ok(sqlx::query_as!(
        Tenant,
        r#"select id as "id: TenantId", name, status as "status: TenantStatus", time_zone, lead_days,
                  session_absolute_hours, session_idle_minutes, recovery_code_roles, dormant_after_days, suspend_dormant,
                  access_review_months, admin_second_factor as "admin_second_factor: AdminFactor", opt_outs, acknowledged_again_days, messages_an_hour,
                  deletion_due_at, created_at, updated_at, version
           from app.tenants where id = $1"#,
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// Locks the row until the transaction ends.
pub(super) async fn status_for_update(
    conn: &mut PgConnection,
    id: TenantId,
) -> Result<Option<TenantStatus>> {
    Ok(sqlx::query_scalar!(
        r#"select status as "status: TenantStatus" from app.tenants where id = $1 for update"#,
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

pub(super) async fn set_status(
    conn: &mut PgConnection,
    id: TenantId,
    status: TenantStatus,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.tenants set status = $2, updated_at = $3, version = version + 1 where id = $1",
        id.uuid(),
        status as TenantStatus,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn update(
    conn: &mut PgConnection,
    id: TenantId,
    facts: &TenantFacts,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.tenants set name = $2, time_zone = $3, lead_days = $4, session_absolute_hours = $5,
                session_idle_minutes = $6, updated_at = $7, recovery_code_roles = $8, dormant_after_days = $9,
                suspend_dormant = $10, access_review_months = $11, admin_second_factor = $12, opt_outs = $13, acknowledged_again_days = $14,
                messages_an_hour = $15, version = version + 1
         where id = $1",
        id.uuid(),
        facts.name,
        facts.time_zone,
        &facts.lead_days,
        facts.session_absolute_hours,
        facts.session_idle_minutes,
        now,
        &facts.recovery_code_roles,
        facts.dormant_after_days,
        facts.suspend_dormant,
        facts.access_review_months,
        facts.admin_second_factor as AdminFactor,
        &facts.opt_outs,
        facts.acknowledged_again_days,
        facts.messages_an_hour,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// As `intrex_system`.
pub(super) async fn list(conn: &mut PgConnection, limit: i64) -> Result<Vec<TenantRow>> {
    Ok(sqlx::query_as!(
        TenantRow,
        r#"select id as "id: TenantId", name, status as "status: TenantStatus", deletion_due_at, created_at
           from app.tenants order by created_at, id limit $1"#,
        limit,
    )
    .fetch_all(conn)
    .await?)
}
