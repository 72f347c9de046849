//! The SQL of what was seen: one row a code, a subject and an hour, which counts.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    db::remove_old,
    error::Result,
    ids::{PersonId, SecurityEventId, TenantId},
    security_events::model::{
        Code, SUBJECTS_A_WINDOW, SecurityEvent, SecurityFilter, Severity, window_of,
    },
};

/// Something that was seen.
#[derive(Debug)]
pub(in crate::security_events) struct Sighting {
    pub(in crate::security_events) id: SecurityEventId,
    pub(in crate::security_events) code: Code,
    pub(in crate::security_events) subject: String,
    pub(in crate::security_events) person: Option<PersonId>,
    pub(in crate::security_events) address: String,
}

/// The row that it is in now.
#[derive(Debug)]
pub(in crate::security_events) struct Recorded {
    pub(in crate::security_events) id: SecurityEventId,
    /// The sighting that opened it: the first, or the first after it was acknowledged.
    pub(in crate::security_events) opened_with: i64,
    /// This is that sighting.
    pub(in crate::security_events) is_new: bool,
}

/// Makes a row, or raises the one of this window, and opens it again if somebody has acknowledged it: what they looked at was
/// what there was until then. No second row, so that whoever acknowledges in a loop makes none. Beyond so many subjects of a code the rest share a row without one, so that
/// no number of accounts or networks makes more rows than that.
pub(in crate::security_events) async fn record(
    conn: &mut PgConnection,
    tenant: TenantId,
    seen: &Sighting,
    now: DateTime<Utc>,
) -> Result<Recorded> {
    Ok(sqlx::query_as!(
        Recorded,
        r#"with others as (
             select count(*) as n from (
               select from app.security_events
               where tenant_id = $1 and code = $3 and window_from = $6 and subject <> $5 limit $7) few
           ), place as (
             select others.n < $7 or exists (
               select from app.security_events
               where tenant_id = $1 and code = $3 and window_from = $6 and subject = $5) as has_room
             from others)
           insert into app.security_events as e
             (tenant_id, id, code, severity, subject, person_id, window_from, seen, first_seen_at, last_seen_at, address)
           select $1, $2, $3, $4, case when place.has_room then $5 else '' end,
                  case when place.has_room then $10::uuid end, $6, 1, $8, $8, $9
           from place
           on conflict (tenant_id, code, subject, window_from) do update
             set seen = e.seen + 1, last_seen_at = greatest(e.last_seen_at, excluded.last_seen_at), address = excluded.address,
                 opened_with = case when e.acknowledged_at is null then e.opened_with else e.seen + 1 end,
                 told_at = case when e.acknowledged_at is null then e.told_at end,
                 acknowledged_at = null, acknowledged_by = null
           returning id as "id: SecurityEventId", opened_with, seen = opened_with as "is_new!""#,
        tenant.uuid(),
        seen.id.uuid(),
        seen.code.as_str(),
        seen.code.severity().as_str(),
        seen.subject,
        window_of(now),
        SUBJECTS_A_WINDOW,
        now,
        seen.address,
        seen.person.map(PersonId::uuid),
    )
    .fetch_one(conn)
    .await?)
}

/// Where a page begins: behind this instant and id.
pub(in crate::security_events) type After = (DateTime<Utc>, Uuid);

/// One page, the latest first, and one row more if there is one.
pub(in crate::security_events) async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    filter: &SecurityFilter,
    after: Option<After>,
    limit: i64,
) -> Result<Vec<SecurityEvent>> {
    Ok(sqlx::query_as!(
        SecurityEvent,
        r#"select e.id as "id: SecurityEventId", e.code, e.severity as "severity: Severity", e.subject,
                  e.person_id as "person_id: PersonId", p.name as "person_name?", e.seen as count, e.first_seen_at,
                  e.last_seen_at, e.address, e.acknowledged_at, e.acknowledged_by as "acknowledged_by: PersonId"
           from app.security_events e left join app.people p on p.tenant_id = e.tenant_id and p.id = e.person_id
           where e.tenant_id = $1 and ($2::text is null or e.code = $2) and ($3::text is null or e.severity = $3)
             and (not $4 or e.acknowledged_at is null)
             and ($5::timestamptz is null or (e.first_seen_at, e.id) < ($5, $6::uuid))
           order by e.first_seen_at desc, e.id desc limit $7"#,
        tenant.uuid(),
        filter.code,
        filter.severity.map(Severity::as_str),
        filter.open,
        after.map(|(at, _)| at),
        after.map(|(_, id)| id),
        limit,
    )
    .fetch_all(conn)
    .await?)
}

pub(in crate::security_events) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: SecurityEventId,
) -> Result<Option<SecurityEvent>> {
    Ok(sqlx::query_as!(
        SecurityEvent,
        r#"select e.id as "id: SecurityEventId", e.code, e.severity as "severity: Severity", e.subject,
                  e.person_id as "person_id: PersonId", p.name as "person_name?", e.seen as count, e.first_seen_at,
                  e.last_seen_at, e.address, e.acknowledged_at, e.acknowledged_by as "acknowledged_by: PersonId"
           from app.security_events e left join app.people p on p.tenant_id = e.tenant_id and p.id = e.person_id
           where e.tenant_id = $1 and e.id = $2"#,
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// How many nobody has acknowledged, of those that somebody is told of, as far as anybody counts.
pub(in crate::security_events) async fn open_count(
    conn: &mut PgConnection,
    tenant: TenantId,
    limit: i64,
) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "n!" from (
             select from app.security_events
             where tenant_id = $1 and acknowledged_at is null and severity in ('medium', 'high') limit $2) open"#,
        tenant.uuid(),
        limit,
    )
    .fetch_one(conn)
    .await?)
}

/// Whether it was open.
pub(in crate::security_events) async fn acknowledge(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: SecurityEventId,
    by: Option<PersonId>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update app.security_events set acknowledged_at = $3, acknowledged_by = $4
         where tenant_id = $1 and id = $2 and acknowledged_at is null",
        tenant.uuid(),
        id.uuid(),
        now,
        by.map(PersonId::uuid),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes what was seen last before a point, and with it the messages that tell of it; how many events.
pub(crate) async fn remove_old_events(
    conn: &mut PgConnection,
    tenant: TenantId,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<u64> {
    Ok(remove_old!(
        "app.security_events",
        "last_seen_at",
        conn,
        tenant,
        before,
        limit
    ))
}
