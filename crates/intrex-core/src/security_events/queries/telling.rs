//! The SQL of telling head office admins.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    error::Result,
    ids::{JobId, PersonId, SecurityEventId, TenantId},
    security_events::model::Severity,
};

/// Plans one telling of an event.
pub(in crate::security_events) async fn plan_telling(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: JobId,
    kind: &str,
    event: SecurityEventId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into app.jobs (tenant_id, id, kind, key, run_at, created_at) values ($1, $2, $3, $4, $5, $5)
         on conflict (tenant_id, kind, key) do nothing",
        tenant.uuid(),
        id.uuid(),
        kind,
        event.to_string(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An event of which nobody was told.
#[derive(Debug)]
pub(in crate::security_events) struct Untold {
    pub(in crate::security_events) id: SecurityEventId,
    pub(in crate::security_events) code: String,
    pub(in crate::security_events) severity: Severity,
    pub(in crate::security_events) person: Option<PersonId>,
}

pub(in crate::security_events) async fn lock_untold(
    conn: &mut PgConnection,
    tenant: TenantId,
    limit: i64,
) -> Result<Vec<Untold>> {
    Ok(sqlx::query_as!(
        Untold,
        r#"select id as "id: SecurityEventId", code, severity as "severity: Severity", person_id as "person: PersonId"
           from app.security_events
           where tenant_id = $1 and told_at is null and severity <> 'low' order by id limit $2 for update skip locked"#,
        tenant.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// Whether there is more to tell of: a round has its limit, and passes over what is being counted at the moment.
pub(in crate::security_events) async fn any_untold(
    conn: &mut PgConnection,
    tenant: TenantId,
) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (
             select from app.security_events where tenant_id = $1 and told_at is null and severity <> 'low') as "any!""#,
        tenant.uuid(),
    )
    .fetch_one(conn)
    .await?)
}

/// Whether admins were told of something as bad since then, and so had a mail.
pub(in crate::security_events) async fn was_mailed(
    conn: &mut PgConnection,
    tenant: TenantId,
    since: DateTime<Utc>,
) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (
             select from app.security_events where tenant_id = $1 and severity = 'high' and told_at > $2) as "told!""#,
        tenant.uuid(),
        since,
    )
    .fetch_one(conn)
    .await?)
}

/// The head office admins.
pub(in crate::security_events) async fn admins(
    conn: &mut PgConnection,
    tenant: TenantId,
) -> Result<Vec<PersonId>> {
    Ok(sqlx::query_scalar!(
        r#"select id as "id: PersonId" from app.people
           where tenant_id = $1 and role = 'head_office_admin' and status = 'active' order by id"#,
        tenant.uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// Puts a message into each inbox, and notes that it was told.
pub(in crate::security_events) async fn tell(
    conn: &mut PgConnection,
    tenant: TenantId,
    event: &Untold,
    ids: &[Uuid],
    to: &[PersonId],
    now: DateTime<Utc>,
) -> Result<()> {
    let to: Vec<Uuid> = to.iter().map(|person| person.uuid()).collect();
    sqlx::query!(
        "insert into app.notification_events (tenant_id, id, recipient_id, type, severity, security_event_id, created_at)
         select $1, m.id, m.person, 'security', $4, $5, $6 from unnest($2::uuid[], $3::uuid[]) m (id, person)
         on conflict on constraint notification_events_security_once do nothing",
        tenant.uuid(),
        ids,
        &to,
        event.severity.as_str(),
        event.id.uuid(),
        now,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update app.security_events set told_at = $3 where tenant_id = $1 and id = $2",
        tenant.uuid(),
        event.id.uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
