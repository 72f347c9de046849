//! The SQL of slots that a delivery carries: they are `sending` without a lease, so that nobody else claims them, until the
//! delivery settles them in the transaction of its outcome. The caller holds the lock of the delivery.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::model::Reason;
use crate::{
    error::Result,
    ids::{DeliveryId, TenantId},
    obligations::schedule::StoredState,
};

/// Gives slots up whose worker they take down each time.
pub(in crate::reminders) async fn give_up(
    conn: &mut PgConnection,
    tenant: TenantId,
    slots: &[Uuid],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.reminder_slots
         set state = 'failed', reason = $3, settled_at = $4, lease_until = null, last_error = 'its outcome was never written'
         where tenant_id = $1 and id = any($2)",
        tenant.uuid(),
        slots,
        Reason::GaveUp.as_str(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The slots that some deliveries carry and that are not settled.
pub(in crate::reminders) async fn of(
    conn: &mut PgConnection,
    tenant: TenantId,
    deliveries: &[Uuid],
) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!(
        "select id from app.reminder_slots
         where tenant_id = $1 and delivery_id = any($2) and state = 'sending' order by id",
        tenant.uuid(),
        deliveries,
    )
    .fetch_all(conn)
    .await?)
}

/// Takes up again what a delivery carried that had failed.
pub(in crate::reminders) async fn take_up(
    conn: &mut PgConnection,
    tenant: TenantId,
    deliveries: &[Uuid],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "with locked as (
           select id from app.reminder_slots where tenant_id = $1 and delivery_id = any($2) and state = 'failed'
           order by id for update)
         update app.reminder_slots s
         set state = 'sending', reason = null, settled_at = null, lease_until = null, attempts = 0, last_error = null,
             next_attempt_at = $3
         from locked where s.tenant_id = $1 and s.id = locked.id",
        tenant.uuid(),
        deliveries,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How deliveries ended or go on, column by column, for the slots that they carry.
#[derive(Default)]
pub(in crate::reminders) struct Outcomes {
    pub(in crate::reminders) delivery: Vec<Uuid>,
    pub(in crate::reminders) state: Vec<String>,
    pub(in crate::reminders) reason: Vec<Option<String>>,
    pub(in crate::reminders) next_attempt_at: Vec<Option<DateTime<Utc>>>,
    pub(in crate::reminders) attempts: Vec<i16>,
    pub(in crate::reminders) last_error: Vec<Option<String>>,
}

/// A slot as its delivery left it.
pub(in crate::reminders) struct CarriedRow {
    pub(in crate::reminders) id: Uuid,
    pub(in crate::reminders) obligation_id: Uuid,
    pub(in crate::reminders) branch_id: Uuid,
    pub(in crate::reminders) recipient_id: Option<Uuid>,
    pub(in crate::reminders) connector_id: Uuid,
    pub(in crate::reminders) threshold: String,
    pub(in crate::reminders) delivery_id: DeliveryId,
    pub(in crate::reminders) title: String,
}

/// Writes how it ended for the slots. What is to be tried again of an item that was closed meanwhile is settled instead.
pub(in crate::reminders) async fn settle(
    conn: &mut PgConnection,
    tenant: TenantId,
    outcomes: &Outcomes,
    now: DateTime<Utc>,
) -> Result<Vec<CarriedRow>> {
    // In the order of their ids, as everybody takes slots.
    sqlx::query!(
        "select id from app.reminder_slots where tenant_id = $1 and delivery_id = any($2) and state = 'sending'
         order by id for update",
        tenant.uuid(),
        &outcomes.delivery,
    )
    .fetch_all(&mut *conn)
    .await?;
    Ok(sqlx::query_as!(
        CarriedRow,
        r#"update app.reminder_slots s
           set state = case when u.state = 'sending' and o.state <> $10 then 'suppressed' else u.state end,
               reason = case when u.state = 'sending' and o.state <> $10 then $9 else u.reason end,
               settled_at = case when u.state = 'sending' and o.state = $10 then null else $2::timestamptz end,
               next_attempt_at = coalesce(u.next_attempt_at, s.next_attempt_at),
               attempts = u.attempts, last_error = u.last_error, lease_until = null
           from unnest($3::uuid[], $4::text[], $5::text[], $6::timestamptz[], $7::smallint[], $8::text[])
                  as u (delivery_id, state, reason, next_attempt_at, attempts, last_error),
                app.obligation_instances o
           where s.tenant_id = $1 and s.delivery_id = u.delivery_id and s.state = 'sending'
             and o.tenant_id = s.tenant_id and o.id = s.obligation_id
           returning s.id, s.obligation_id, s.branch_id, s.recipient_id, s.connector_id, s.threshold,
                     s.delivery_id as "delivery_id!: DeliveryId", o.title"#,
        tenant.uuid(),
        now,
        &outcomes.delivery,
        &outcomes.state,
        &outcomes.reason as &[Option<String>],
        &outcomes.next_attempt_at as &[Option<DateTime<Utc>>],
        &outcomes.attempts,
        &outcomes.last_error as &[Option<String>],
        Reason::ItemClosed.as_str(),
        StoredState::Open.as_str(),
    )
    .fetch_all(conn)
    .await?)
}
