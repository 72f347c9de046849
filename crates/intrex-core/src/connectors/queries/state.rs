//! The SQL of how a connector is and does.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::{
    breaker::Breaker,
    model::{ConnectorType, DisabledReason, Status},
};
use crate::{
    channels::Addressee,
    error::{Error, Result},
    ids::{ConnectorId, PersonId, TenantId},
};

/// Of which type a connector is, which is not removed until the transaction ends; none if it is not there.
pub(crate) async fn hold(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ConnectorId,
) -> Result<Option<ConnectorType>> {
    let kind = sqlx::query_scalar!(
        r#"select type as "kind!" from app.connectors
           where tenant_id = $1 and id = $2 and removed_at is null for share"#,
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(kind.as_deref().and_then(ConnectorType::parse))
}

/// Goes up with every change, because a page that was read before shows something else.
pub(in crate::connectors) async fn touch(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ConnectorId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.connectors set updated_at = $3, version = version + 1 where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Disables it, or lets it go on; what was counted of its failures begins anew.
pub(in crate::connectors) async fn set_status(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ConnectorId,
    status: Status,
    reason: Option<DisabledReason>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.connectors
         set status = $3, disabled_reason = $4, failing_since = null, failures = 0, parked_until = null, notices = 0,
             updated_at = $5, version = version + 1
         where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
        status.as_str(),
        reason.map(DisabledReason::as_str),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes it and everything that it proves itself with.
pub(in crate::connectors) async fn remove(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ConnectorId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "delete from app.connector_secrets where tenant_id = $1 and connector_id = $2",
        tenant.uuid(),
        id.uuid(),
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update app.connectors set removed_at = $3, updated_at = $3, version = version + 1 where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Counts a look at it; whether there was one left in this window, and when the window began.
pub(in crate::connectors) async fn count_probe(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ConnectorId,
    now: DateTime<Utc>,
    window_since: DateTime<Utc>,
    most: i16,
) -> Result<Option<DateTime<Utc>>> {
    let counted = sqlx::query!(
        "update app.connectors
         set probes_since = case when probes_since > $4 then probes_since else $3 end,
             probes = case when probes_since > $4 then probes + 1 else 1 end
         where tenant_id = $1 and id = $2 and not (probes_since > $4 and probes >= $5)",
        tenant.uuid(),
        id.uuid(),
        now,
        window_since,
        most,
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if counted == 1 {
        return Ok(None);
    }
    let since = sqlx::query_scalar!(
        "select probes_since from app.connectors where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(Some(since.flatten().unwrap_or(now)))
}

/// It works, as a look has shown: what was pending or in error is active. Only the connector that was looked at.
pub(in crate::connectors) async fn seen_working(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ConnectorId,
    version: i32,
    now: DateTime<Utc>,
) -> Result<bool> {
    let seen = sqlx::query!(
        "update app.connectors
         set status = case when status = 'disabled' then status else 'active' end,
             last_verified_at = $4, last_success_at = $4, failing_since = null, failures = 0, last_error = null,
             parked_until = null, notices = 0
         where tenant_id = $1 and id = $2 and version = $3 and removed_at is null",
        tenant.uuid(),
        id.uuid(),
        version,
        now,
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(seen == 1)
}

/// It does not work, as a look has shown. What was never seen to work stays pending.
pub(in crate::connectors) async fn seen_failing(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ConnectorId,
    version: i32,
    error: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let seen = sqlx::query!(
        "update app.connectors
         set status = case when status = 'active' then 'error' else status end,
             last_failure_at = $5, last_error = $4
         where tenant_id = $1 and id = $2 and version = $3 and removed_at is null",
        tenant.uuid(),
        id.uuid(),
        version,
        error,
        now,
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(seen == 1)
}

/// Leads somewhere else from now on, as the other side has said: if it is still what was used.
pub(in crate::connectors) async fn set_config(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ConnectorId,
    version: i32,
    config: &Value,
    now: DateTime<Utc>,
) -> Result<bool> {
    let set = sqlx::query!(
        "update app.connectors set config = $4, updated_at = $5, version = version + 1
         where tenant_id = $1 and id = $2 and version = $3 and removed_at is null",
        tenant.uuid(),
        id.uuid(),
        version,
        config,
        now,
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(set == 1)
}

/// Who asks for a test, and where to.
pub(in crate::connectors) async fn tester(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
) -> Result<Option<Addressee>> {
    Ok(sqlx::query_as!(
        Addressee,
        "select name, email from app.people where tenant_id = $1 and id = $2 and email is not null",
        tenant.uuid(),
        person.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// What the organisation is called.
pub(in crate::connectors) async fn organisation(
    conn: &mut PgConnection,
    tenant: TenantId,
) -> Result<String> {
    Ok(
        sqlx::query_scalar!("select name from app.tenants where id = $1", tenant.uuid())
            .fetch_one(conn)
            .await?,
    )
}

/// How a connector does, as whoever sends by it counts.
pub(in crate::connectors) struct Doing {
    pub(in crate::connectors) status: Status,
    pub(in crate::connectors) breaker: Breaker,
    pub(in crate::connectors) last_success_at: Option<DateTime<Utc>>,
    pub(in crate::connectors) last_failure_at: Option<DateTime<Utc>>,
    pub(in crate::connectors) last_error: Option<String>,
}

/// How a connector does. The caller holds its lock.
pub(in crate::connectors) async fn standing(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ConnectorId,
) -> Result<Doing> {
    let row = sqlx::query!(
        "select status, failing_since, failures, parked_until, notices, last_success_at, last_failure_at, last_error
         from app.connectors where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(Doing {
        status: Status::parse(&row.status)
            .ok_or_else(|| Error::internal("a connector in a state that is not known"))?,
        breaker: Breaker {
            failing_since: row.failing_since,
            failures: row.failures,
            parked_until: row.parked_until,
            notices: row.notices,
        },
        last_success_at: row.last_success_at,
        last_failure_at: row.last_failure_at,
        last_error: row.last_error,
    })
}

/// Which of some connectors do well, as they were at a version, and have nothing to be told but that they work. That is noted
/// again when it was noted before an instant.
pub(in crate::connectors) async fn doing_well(
    conn: &mut PgConnection,
    tenant: TenantId,
    seen: &[(ConnectorId, i32)],
    now: DateTime<Utc>,
    noted_before: DateTime<Utc>,
) -> Result<Vec<ConnectorId>> {
    let (ids, versions): (Vec<Uuid>, Vec<i32>) = seen
        .iter()
        .map(|(id, version)| (id.uuid(), *version))
        .unzip();
    Ok(sqlx::query_scalar!(
        r#"with well as (
             select c.id from app.connectors c join unnest($2::uuid[], $3::integer[]) as u (id, version) on u.id = c.id
             where c.tenant_id = $1 and c.version = u.version and c.removed_at is null and c.status = 'active'
               and c.failing_since is null and c.failures = 0 and c.parked_until is null and c.notices = 0 and c.last_error is null
           ), noted as (
             update app.connectors set last_success_at = $4
             where tenant_id = $1 and id in (
               select c.id from app.connectors c
               where c.tenant_id = $1 and c.id in (select id from well) and (c.last_success_at is null or c.last_success_at < $5)
               order by c.id for no key update skip locked)
           )
           select id as "id!: ConnectorId" from well"#,
        tenant.uuid(),
        &ids,
        &versions,
        now,
        noted_before,
    )
    .fetch_all(conn)
    .await?)
}

/// Writes how a connector does. No change of its own for whoever looks at a version of it.
pub(in crate::connectors) async fn set_standing(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ConnectorId,
    doing: &Doing,
) -> Result<()> {
    sqlx::query!(
        "update app.connectors
         set status = $3, failing_since = $4, failures = $5, parked_until = $6, notices = $7, last_success_at = $8,
             last_failure_at = $9, last_error = $10
         where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
        doing.status.as_str(),
        doing.breaker.failing_since,
        doing.breaker.failures,
        doing.breaker.parked_until,
        doing.breaker.notices,
        doing.last_success_at,
        doing.last_failure_at,
        doing.last_error,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The types of some connectors, of those that were removed too.
pub(crate) async fn types(
    conn: &mut PgConnection,
    tenant: TenantId,
    connectors: &[Uuid],
) -> Result<HashMap<Uuid, ConnectorType>> {
    if connectors.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query!(
        r#"select id, type as "kind!" from app.connectors where tenant_id = $1 and id = any($2)"#,
        tenant.uuid(),
        connectors,
    )
    .fetch_all(conn)
    .await?;
    let known = rows
        .into_iter()
        .filter_map(|row| Some((row.id, ConnectorType::parse(&row.kind)?)));
    Ok(known.collect())
}
