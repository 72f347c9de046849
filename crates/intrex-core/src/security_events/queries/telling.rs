//! The SQL of telling head office admins.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    error::Result,
    ids::{JobId, PersonId, SecurityEventId, TenantId},
    security_events::model::Severity,
};

/// Plans one telling, once a key.
pub(in crate::security_events) async fn plan_telling(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: JobId,
    kind: &str,
    key: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into app.jobs (tenant_id, id, kind, key, run_at, created_at) values ($1, $2, $3, $4, $5, $5)
         on conflict (tenant_id, kind, key) do nothing",
        tenant.uuid(),
        id.uuid(),
        kind,
        key,
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

/// Whether admins were written to about this since then.
pub(in crate::security_events) async fn was_mailed(
    conn: &mut PgConnection,
    tenant: TenantId,
    code: &str,
    since: DateTime<Utc>,
) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (
             select from app.security_events where tenant_id = $1 and code = $2 and mailed_at > $3) as "mailed!""#,
        tenant.uuid(),
        code,
        since,
    )
    .fetch_one(conn)
    .await?)
}

/// Notes that admins are written to because of an event.
pub(in crate::security_events) async fn note_mailed(
    conn: &mut PgConnection,
    tenant: TenantId,
    event: SecurityEventId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.security_events set mailed_at = $3 where tenant_id = $1 and id = $2",
        tenant.uuid(),
        event.uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The head office admins, locked, so that of two rounds at the same moment the second finds what the first has told.
pub(in crate::security_events) async fn lock_admins(
    conn: &mut PgConnection,
    tenant: TenantId,
) -> Result<Vec<PersonId>> {
    Ok(sqlx::query_scalar!(
        r#"select id as "id: PersonId" from app.people
           where tenant_id = $1 and role = 'head_office_admin' and status = 'active' order by id for no key update"#,
        tenant.uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// What one admin is told.
#[derive(Debug)]
pub(in crate::security_events) struct Message {
    pub(in crate::security_events) id: Uuid,
    pub(in crate::security_events) to: PersonId,
    /// The first of the events.
    pub(in crate::security_events) event: SecurityEventId,
    /// How many there are.
    pub(in crate::security_events) count: i32,
}

/// Tells of events of one code: raises the message that an admin got since `since`, as one that was not read, or puts one
/// into the inbox.
pub(in crate::security_events) async fn tell(
    conn: &mut PgConnection,
    tenant: TenantId,
    code: &str,
    severity: Severity,
    messages: &[Message],
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    let ids: Vec<Uuid> = messages.iter().map(|message| message.id).collect();
    let to: Vec<Uuid> = messages.iter().map(|message| message.to.uuid()).collect();
    let events: Vec<Uuid> = messages
        .iter()
        .map(|message| message.event.uuid())
        .collect();
    let counts: Vec<i32> = messages.iter().map(|message| message.count).collect();
    sqlx::query!(
        "with due as (
           select id, person, event, n from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::integer[]) d (id, person, event, n)
         ), recent as (
           select distinct on (m.recipient_id) m.id, m.recipient_id, due.n
           from due
           join app.notification_events m on m.tenant_id = $1 and m.recipient_id = due.person and m.type = 'security'
             and m.created_at > $8
           join app.security_events e on e.tenant_id = m.tenant_id and e.id = m.security_event_id and e.code = $6
           order by m.recipient_id, m.created_at desc, m.id desc
         ), raised as (
           update app.notification_events m set event_count = m.event_count + recent.n, read_at = null
           from recent where m.tenant_id = $1 and m.id = recent.id)
         insert into app.notification_events as m
           (tenant_id, id, recipient_id, type, severity, security_event_id, event_count, created_at)
         select $1, due.id, due.person, 'security', $7, due.event, due.n, $9 from due
         where not exists (select from recent where recent.recipient_id = due.person)
         on conflict on constraint notification_events_security_once do update
           set event_count = m.event_count + excluded.event_count, read_at = null",
        tenant.uuid(),
        &ids,
        &to,
        &events,
        &counts,
        code,
        severity.as_str(),
        since,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that these were told.
pub(in crate::security_events) async fn note_told(
    conn: &mut PgConnection,
    tenant: TenantId,
    events: &[Uuid],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.security_events set told_at = $3 where tenant_id = $1 and id = any($2)",
        tenant.uuid(),
        events,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
