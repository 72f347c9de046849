//! All SQL of the inbox. Each query names the recipient: the tenant and the branches are the transaction's, the person is
//! not.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::{Inbox, Notification, Owner};
use crate::{
    error::Result,
    ids::{AccessReviewId, BranchId, NotificationId, ObligationId, SecurityEventId, TenantId},
};

/// Where a page begins: behind this instant and id.
pub(super) type After = (DateTime<Utc>, Uuid);

/// One page, the latest first, and one row more if there is one.
pub(super) async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    owner: Owner,
    inbox: Inbox,
    after: Option<After>,
    limit: i64,
) -> Result<Vec<Notification>> {
    let rows = sqlx::query_as!(
        Notification,
        r#"select n.id, n.type as kind, n.severity, n.threshold, n.obligation_id as "obligation_id: ObligationId",
                  coalesce(o.title, case when n.event_count = 1 then p.name end) as "title?", n.branch_id as "branch_id: BranchId", b.name as "branch_name?", n.due_on,
                  n.security_event_id as "security_event_id: SecurityEventId", n.event_count, e.code as "code?",
                  n.review_id as "review_id: AccessReviewId", n.account_count, n.created_at, n.read_at,
                  n.acknowledged_at, z.until as "snoozed_until?", coalesce(o.state = 'open', false) as "open!"
         from app.notification_events n
         left join app.obligation_instances o on o.tenant_id = n.tenant_id and o.id = n.obligation_id
         left join app.snoozes z on z.tenant_id = n.tenant_id and z.obligation_id = n.obligation_id and z.person_id = n.recipient_id
         left join app.branches b on b.tenant_id = n.tenant_id and b.id = n.branch_id
         left join app.security_events e on e.tenant_id = n.tenant_id and e.id = n.security_event_id
         left join app.people p on p.tenant_id = e.tenant_id and p.id = e.person_id
         where n.tenant_id = $1 and n.recipient_id = $2 and (o.id is not null or n.obligation_id is null)
           and (not $3 or o.owner_id = $2 or o.deputy_id = $2)
           and (not $4 or n.read_at is null)
           and ($5::timestamptz is null or (n.created_at, n.id) < ($5, $6::uuid))
           and (not $8 or (n.acknowledged_at is null and o.state = 'open'))
         order by n.created_at desc, n.id desc limit $7"#,
        tenant.uuid(),
        owner.person.uuid(),
        owner.tasks_only,
        inbox == Inbox::Unread,
        after.map(|(at, _)| at),
        after.map(|(_, id)| id),
        limit,
        inbox == Inbox::ToAcknowledge,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// How many messages were not read, as far as anybody counts.
pub(super) async fn unread_count(
    conn: &mut PgConnection,
    tenant: TenantId,
    owner: Owner,
    limit: i64,
) -> Result<i64> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!"
           from (select from app.notification_events n
                 left join app.obligation_instances o on o.tenant_id = n.tenant_id and o.id = n.obligation_id
                 where n.tenant_id = $1 and n.recipient_id = $2 and n.read_at is null
                   and (o.id is not null or n.obligation_id is null) and (not $3 or o.owner_id = $2 or o.deputy_id = $2)
                 limit $4) unread"#,
        tenant.uuid(),
        owner.person.uuid(),
        owner.tasks_only,
        limit,
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}

/// One message of the owner's.
pub(super) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    owner: Owner,
    id: NotificationId,
) -> Result<Option<Notification>> {
    let row = sqlx::query_as!(
        Notification,
        r#"select n.id, n.type as kind, n.severity, n.threshold, n.obligation_id as "obligation_id: ObligationId",
                  coalesce(o.title, case when n.event_count = 1 then p.name end) as "title?", n.branch_id as "branch_id: BranchId", b.name as "branch_name?", n.due_on,
                  n.security_event_id as "security_event_id: SecurityEventId", n.event_count, e.code as "code?",
                  n.review_id as "review_id: AccessReviewId", n.account_count, n.created_at, n.read_at,
                  n.acknowledged_at, z.until as "snoozed_until?", coalesce(o.state = 'open', false) as "open!"
         from app.notification_events n
         left join app.obligation_instances o on o.tenant_id = n.tenant_id and o.id = n.obligation_id
         left join app.snoozes z on z.tenant_id = n.tenant_id and z.obligation_id = n.obligation_id and z.person_id = n.recipient_id
         left join app.branches b on b.tenant_id = n.tenant_id and b.id = n.branch_id
         left join app.security_events e on e.tenant_id = n.tenant_id and e.id = n.security_event_id
         left join app.people p on p.tenant_id = e.tenant_id and p.id = e.person_id
         where n.tenant_id = $1 and n.recipient_id = $2 and n.id = $4 and (o.id is not null or n.obligation_id is null)
           and (not $3 or o.owner_id = $2 or o.deputy_id = $2)"#,
        tenant.uuid(),
        owner.person.uuid(),
        owner.tasks_only,
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// Marks one message of the owner's; whether it was unread.
pub(super) async fn mark_read(
    conn: &mut PgConnection,
    tenant: TenantId,
    owner: Owner,
    id: NotificationId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let marked = sqlx::query!(
        "update app.notification_events set read_at = $4
         where tenant_id = $1 and recipient_id = $2 and id = $3 and read_at is null",
        tenant.uuid(),
        owner.person.uuid(),
        id.uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(marked.rows_affected() > 0)
}

/// Marks the owner's unread messages; how many there were.
pub(super) async fn mark_all_read(
    conn: &mut PgConnection,
    tenant: TenantId,
    owner: Owner,
    now: DateTime<Utc>,
) -> Result<i64> {
    let marked = sqlx::query!(
        "update app.notification_events set read_at = $3
         where tenant_id = $1 and recipient_id = $2 and read_at is null",
        tenant.uuid(),
        owner.person.uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(i64::try_from(marked.rows_affected()).unwrap_or(i64::MAX))
}
