//! The SQL of how many messages a recipient has had, and of what has to wait.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::{Builder, Uuid};

use super::super::budget::Inbox;
use crate::{error::Result, ids::TenantId};

/// By how much the clocks of two workers may differ at most, so that one's messages are found by the other.
const CLOCKS_APART: TimeDelta = TimeDelta::minutes(15);

/// Makes those who count one organisation's messages wait for each other, until the transaction ends.
pub(in crate::reminders) async fn lock(conn: &mut PgConnection, tenant: TenantId) -> Result<()> {
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended('messages:' || $1::uuid::text, 0))",
        tenant.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(())
}

/// How many messages of reminders an organisation lets one recipient have over one way in an hour.
pub(in crate::reminders) async fn limit(conn: &mut PgConnection, tenant: TenantId) -> Result<i64> {
    let limit = sqlx::query_scalar!(
        "select messages_an_hour from app.tenants where id = $1",
        tenant.uuid()
    )
    .fetch_one(conn)
    .await?;
    Ok(limit.into())
}

/// How many messages of reminders were made since an instant, by way and recipient.
pub(in crate::reminders) async fn had_since(
    conn: &mut PgConnection,
    tenant: TenantId,
    since: DateTime<Utc>,
) -> Result<HashMap<Inbox, i64>> {
    // Ids begin with their time: the primary key finds the last hour's rows among those of years.
    let first = (since - CLOCKS_APART).timestamp_millis();
    let first = Builder::from_unix_timestamp_millis(u64::try_from(first).unwrap_or(0), &[0; 10]);
    let rows = sqlx::query!(
        r#"select way as "way!", recipient_id, count(*) as "had!"
           from app.notification_deliveries
           where tenant_id = $1 and id >= $2 and created_at >= $3 and slots > 0
           group by way, recipient_id"#,
        tenant.uuid(),
        first.into_uuid(),
        since,
    )
    .fetch_all(conn)
    .await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|row| ((row.way, row.recipient_id), row.had))
        .collect())
}

/// Puts slots off that are over the limit. The caller holds their locks.
pub(in crate::reminders) async fn hold(
    conn: &mut PgConnection,
    tenant: TenantId,
    slots: &[Uuid],
    until: &[DateTime<Utc>],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.reminder_slots s
         set state = 'planned', lease_until = null, attempts = 0, next_attempt_at = u.until, held_at = coalesce(s.held_at, $2)
         from unnest($3::uuid[], $4::timestamptz[]) as u (id, until)
         where s.tenant_id = $1 and s.id = u.id",
        tenant.uuid(),
        now,
        slots,
        until,
    )
    .execute(conn)
    .await?;
    Ok(())
}
