//! The items that are answered, and what the ledger and the inbox have of them.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    error::Result,
    ids::{BranchId, NotificationId, ObligationId, PersonId, TenantId},
    reminders::queries::FactsRow,
};

/// An item under lock.
pub(in crate::answers) struct ItemRow {
    pub(in crate::answers) facts: FactsRow,
    pub(in crate::answers) branch: BranchId,
    pub(in crate::answers) branch_name: String,
    pub(in crate::answers) title: String,
    pub(in crate::answers) state: String,
}

/// Those of some items that the caller can see, locked in the order of their ids.
pub(in crate::answers) async fn lock(
    conn: &mut PgConnection,
    tenant: TenantId,
    items: &[Uuid],
    narrowed_to: Option<PersonId>,
) -> Result<Vec<ItemRow>> {
    let rows = sqlx::query!(
        "select o.id, o.branch_id, b.name as branch_name, o.title, o.state, o.due_on, o.lead_days, o.grace_days,
                o.reminders_from, b.time_zone
         from app.obligation_instances o
         join app.branches b on b.tenant_id = o.tenant_id and b.id = o.branch_id
         where o.tenant_id = $1 and o.id = any($2) and ($3::uuid is null or o.owner_id = $3 or o.deputy_id = $3)
         order by o.id
         for no key update of o",
        tenant.uuid(),
        items,
        narrowed_to.map(|person| person.uuid()),
    )
    .fetch_all(conn)
    .await?;
    let items = rows.into_iter().map(|row| ItemRow {
        branch: row.branch_id.into(),
        branch_name: row.branch_name,
        title: row.title,
        state: row.state,
        facts: FactsRow {
            id: row.id,
            due_on: row.due_on,
            lead_days: row.lead_days,
            grace_days: row.grace_days,
            reminders_from: row.reminders_from,
            time_zone: row.time_zone,
        },
    });
    Ok(items.collect())
}

/// The same without a lock, of one item.
pub(in crate::answers) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    item: ObligationId,
    narrowed_to: Option<PersonId>,
) -> Result<Option<ItemRow>> {
    let row = sqlx::query!(
        "select o.id, o.branch_id, b.name as branch_name, o.title, o.state, o.due_on, o.lead_days, o.grace_days,
                o.reminders_from, b.time_zone
         from app.obligation_instances o
         join app.branches b on b.tenant_id = o.tenant_id and b.id = o.branch_id
         where o.tenant_id = $1 and o.id = $2 and ($3::uuid is null or o.owner_id = $3 or o.deputy_id = $3)",
        tenant.uuid(),
        item.uuid(),
        narrowed_to.map(|person| person.uuid()),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| ItemRow {
        branch: row.branch_id.into(),
        branch_name: row.branch_name,
        title: row.title,
        state: row.state,
        facts: FactsRow {
            id: row.id,
            due_on: row.due_on,
            lead_days: row.lead_days,
            grace_days: row.grace_days,
            reminders_from: row.reminders_from,
            time_zone: row.time_zone,
        },
    }))
}

/// A message that is answered.
pub(in crate::answers) struct MessageRow {
    pub(in crate::answers) id: Uuid,
    pub(in crate::answers) obligation_id: Option<Uuid>,
    pub(in crate::answers) threshold: Option<String>,
}

/// Those of some messages that lie in this person's inbox and can be seen there.
pub(in crate::answers) async fn messages(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    tasks_only: bool,
    ids: &[NotificationId],
) -> Result<Vec<MessageRow>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    Ok(sqlx::query_as!(
        MessageRow,
        "select n.id, n.obligation_id, n.threshold
         from app.notification_events n
         left join app.obligation_instances o on o.tenant_id = n.tenant_id and o.id = n.obligation_id
         where n.tenant_id = $1 and n.recipient_id = $2 and n.id = any($4) and (o.id is not null or n.obligation_id is null)
           and (not $3 or o.owner_id = $2 or o.deputy_id = $2)",
        tenant.uuid(),
        person.uuid(),
        tasks_only,
        &ids,
    )
    .fetch_all(conn)
    .await?)
}

/// Messages about an item that its reader has not acknowledged: id and threshold.
pub(in crate::answers) async fn unanswered_messages(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    item: Uuid,
) -> Result<Vec<(Uuid, Option<String>)>> {
    let rows = sqlx::query!(
        "select id, threshold from app.notification_events
         where tenant_id = $1 and recipient_id = $2 and obligation_id = $3 and acknowledged_at is null",
        tenant.uuid(),
        person.uuid(),
        item,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id, row.threshold))
        .collect())
}

/// Marks messages as acknowledged, and with that as read.
pub(in crate::answers) async fn answer_messages(
    conn: &mut PgConnection,
    tenant: TenantId,
    messages: &[Uuid],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.notification_events set acknowledged_at = $3, read_at = coalesce(read_at, $3)
         where tenant_id = $1 and id = any($2) and acknowledged_at is null",
        tenant.uuid(),
        messages,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A reminder that waits.
pub(in crate::answers) struct WaitingRow {
    pub(in crate::answers) id: Uuid,
    pub(in crate::answers) threshold: String,
    pub(in crate::answers) recipient_id: Option<Uuid>,
}

/// The reminders of an item that wait, whether by themselves or in a delivery that waits, under lock: a person's, and those
/// that go out only if nobody answers.
pub(in crate::answers) async fn lock_waiting(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    item: Uuid,
) -> Result<Vec<WaitingRow>> {
    Ok(sqlx::query_as!(
        WaitingRow,
        "select s.id, s.threshold, s.recipient_id from app.reminder_slots s
         where s.tenant_id = $1 and s.obligation_id = $2 and (s.recipient_id = $3 or s.unanswered)
           and (s.state = 'planned' or s.state = 'sending' and s.lease_until is null
                and exists (select from app.notification_deliveries d
                            where d.tenant_id = s.tenant_id and d.id = s.delivery_id and d.state = 'waiting'))
         order by s.id for update of s",
        tenant.uuid(),
        item,
        person.uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// Settles reminders as acknowledged. The caller holds their locks.
pub(in crate::answers) async fn settle(
    conn: &mut PgConnection,
    tenant: TenantId,
    slots: &[Uuid],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.reminder_slots set state = 'acknowledged', settled_at = $3, lease_until = null, reason = null, delivery_id = null
         where tenant_id = $1 and id = any($2)",
        tenant.uuid(),
        slots,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts reminders off that would come before an instant; how many. Those that a delivery carries, which waits for another
/// attempt, are taken from it. The caller holds their locks.
pub(in crate::answers) async fn put_off(
    conn: &mut PgConnection,
    tenant: TenantId,
    slots: &[Uuid],
    until: DateTime<Utc>,
) -> Result<u64> {
    let moved = sqlx::query!(
        "update app.reminder_slots
         set state = 'planned', planned_at = $3, next_attempt_at = greatest(next_attempt_at, $3), delivery_id = null, attempts = 0
         where tenant_id = $1 and id = any($2) and planned_at < $3",
        tenant.uuid(),
        slots,
        until,
    )
    .execute(conn)
    .await?;
    Ok(moved.rows_affected())
}

/// Asks for an item to be planned anew: it comes back on a day that the ledger does not have yet.
pub(in crate::answers) async fn plan_anew(
    conn: &mut PgConnection,
    tenant: TenantId,
    item: Uuid,
) -> Result<()> {
    sqlx::query!(
        "update app.obligation_instances set planned_through = null where tenant_id = $1 and id = $2",
        tenant.uuid(),
        item,
    )
    .execute(conn)
    .await?;
    Ok(())
}
