//! The sender's SQL: claiming across tenants, then loading and settling in one tenant.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    super::{directory::Named, message::Addressee, model::Reason},
    FactsRow, severity,
};
use crate::{
    error::Result,
    ids::TenantId,
    obligations::schedule::{StoredState, Threshold},
    outbox::{self, Claim},
};

/// Whether a look is worth it.
pub(in crate::reminders) async fn anything_due(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<bool> {
    Ok(outbox::anything_due!("app.reminder_slots", "planned", conn, now).await?)
}

/// Claims due slots.
pub(in crate::reminders) async fn claim(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
    a_tenant: i64,
    limit: i64,
) -> Result<Vec<Claim>> {
    Ok(outbox::claim!(
        "app.reminder_slots",
        "planned",
        conn,
        now,
        lease_until,
        a_tenant,
        limit
    )
    .await?)
}

/// An item of which a slot is due.
pub(in crate::reminders) struct TouchedItem {
    pub(in crate::reminders) facts: FactsRow,
    pub(in crate::reminders) named: Named,
    pub(in crate::reminders) open: bool,
    pub(in crate::reminders) title: String,
    pub(in crate::reminders) reference: String,
    pub(in crate::reminders) branch_name: String,
    pub(in crate::reminders) tenant_name: String,
}

/// The items of these slots, under lock: nobody completes, moves or plans them until this transaction ends.
pub(in crate::reminders) async fn lock_items(
    conn: &mut PgConnection,
    tenant: TenantId,
    slots: &[Uuid],
) -> Result<Vec<TouchedItem>> {
    let rows = sqlx::query!(
        "select o.id, o.branch_id, o.title, o.reference, o.severity, o.state, o.due_on, o.lead_days, o.grace_days, o.owner_id,
                o.deputy_id, o.reminders_from, b.name as branch_name, b.time_zone, t.name as tenant_name
         from app.obligation_instances o
         join app.branches b on b.tenant_id = o.tenant_id and b.id = o.branch_id
         join app.tenants t on t.id = o.tenant_id
         where o.tenant_id = $1
           and o.id in (select s.obligation_id from app.reminder_slots s where s.tenant_id = $1 and s.id = any($2))
         order by o.id
         for no key update of o",
        tenant.uuid(),
        slots,
    )
    .fetch_all(conn)
    .await?;
    let items = rows.into_iter().map(|row| TouchedItem {
        named: Named {
            branch: row.branch_id,
            owner: row.owner_id,
            deputy: row.deputy_id,
            severity: severity(&row.severity),
        },
        open: row.state == StoredState::Open.as_str(),
        title: row.title,
        reference: row.reference,
        branch_name: row.branch_name,
        tenant_name: row.tenant_name,
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

/// A slot whose time has come, whoever has it.
pub(in crate::reminders) struct DueRow {
    pub(in crate::reminders) id: Uuid,
    pub(in crate::reminders) obligation_id: Uuid,
    pub(in crate::reminders) threshold: String,
    pub(in crate::reminders) falls_on: NaiveDate,
    pub(in crate::reminders) route_id: Uuid,
    pub(in crate::reminders) connector_id: Uuid,
    pub(in crate::reminders) recipient_id: Option<Uuid>,
    pub(in crate::reminders) unanswered: bool,
    pub(in crate::reminders) fingerprint: Vec<u8>,
    pub(in crate::reminders) planned_at: DateTime<Utc>,
    pub(in crate::reminders) state: String,
    pub(in crate::reminders) fence: i64,
    pub(in crate::reminders) delivery_id: Option<Uuid>,
    pub(in crate::reminders) held_at: Option<DateTime<Utc>>,
}

/// Every slot of some items whose time has come and that was not suppressed, under lock. The caller holds the items'.
pub(in crate::reminders) async fn lock_due(
    conn: &mut PgConnection,
    tenant: TenantId,
    items: &[Uuid],
    now: DateTime<Utc>,
) -> Result<Vec<DueRow>> {
    let rows = sqlx::query_as!(
        DueRow,
        "select id, obligation_id, threshold, falls_on, route_id, connector_id, recipient_id, unanswered, fingerprint, planned_at,
                state, fence, delivery_id, held_at
         from app.reminder_slots
         where tenant_id = $1 and obligation_id = any($2) and planned_at <= $3 and state in ('planned', 'sending', 'sent')
         order by id
         for update",
        tenant.uuid(),
        items,
        now,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Those of some people who can sign in, and how they are reached.
pub(in crate::reminders) async fn active_people(
    conn: &mut PgConnection,
    tenant: TenantId,
    people: &[Uuid],
) -> Result<HashMap<Uuid, Addressee>> {
    let rows = sqlx::query!(
        "select id, name, email from app.people where tenant_id = $1 and id = any($2) and status = 'active'",
        tenant.uuid(),
        people,
    )
    .fetch_all(conn)
    .await?;
    let people = rows.into_iter().map(|row| {
        let addressee = Addressee {
            name: row.name,
            email: row.email,
        };
        (row.id, addressee)
    });
    Ok(people.collect())
}

/// Slots that are not sent, column by column.
#[derive(Default)]
pub(in crate::reminders) struct Suppressed {
    id: Vec<Uuid>,
    reason: Vec<String>,
    by: Vec<Option<Uuid>>,
}

impl Suppressed {
    pub(in crate::reminders) fn push(&mut self, id: Uuid, reason: Reason, by: Option<Uuid>) {
        self.id.push(id);
        self.reason.push(reason.as_str().to_owned());
        self.by.push(by);
    }

    pub(in crate::reminders) fn is_empty(&self) -> bool {
        self.id.is_empty()
    }
}

/// Settles slots that are not sent. The caller holds their locks.
pub(in crate::reminders) async fn suppress(
    conn: &mut PgConnection,
    tenant: TenantId,
    slots: &Suppressed,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.reminder_slots s
         set state = 'suppressed', reason = u.reason, superseded_by = u.by, settled_at = $2, lease_until = null, delivery_id = null
         from unnest($3::uuid[], $4::text[], $5::uuid[]) as u (id, reason, by)
         where s.tenant_id = $1 and s.id = u.id",
        tenant.uuid(),
        now,
        &slots.id,
        &slots.reason,
        &slots.by as &[Option<Uuid>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Asks for items to be planned anew: whom they were planned for is not who is to be told.
pub(in crate::reminders) async fn plan_anew(
    conn: &mut PgConnection,
    tenant: TenantId,
    items: &[Uuid],
) -> Result<()> {
    sqlx::query!(
        "update app.obligation_instances set planned_through = null where tenant_id = $1 and id = any($2) and state = 'open'",
        tenant.uuid(),
        items,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Messages for the inbox, column by column.
#[derive(Default)]
pub(in crate::reminders) struct InboxMessages {
    pub(in crate::reminders) id: Vec<Uuid>,
    pub(in crate::reminders) slot_id: Vec<Uuid>,
    pub(in crate::reminders) kind: Vec<String>,
    pub(in crate::reminders) severity: Vec<String>,
    pub(in crate::reminders) due_on: Vec<NaiveDate>,
}

/// Puts messages into inboxes and settles their slots as sent. The caller holds the slots' locks.
pub(in crate::reminders) async fn deliver_in_app(
    conn: &mut PgConnection,
    tenant: TenantId,
    messages: &InboxMessages,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "with delivered as (
           update app.reminder_slots s
           set state = 'sent', settled_at = $2, lease_until = null, last_error = null
           from unnest($3::uuid[]) as u (id) where s.tenant_id = $1 and s.id = u.id
           returning s.id, s.branch_id, s.obligation_id, s.recipient_id, s.threshold)
         insert into app.notification_events (tenant_id, id, recipient_id, branch_id, obligation_id, slot_id, type, severity,
                                              threshold, due_on, created_at)
         select $1, u.id, d.recipient_id, d.branch_id, d.obligation_id, d.id, u.kind, u.severity, d.threshold, u.due_on, $2
         from unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::date[]) as u (slot_id, id, kind, severity, due_on)
         join delivered d on d.id = u.slot_id
         on conflict on constraint notification_events_slot do nothing",
        tenant.uuid(),
        now,
        &messages.slot_id,
        &messages.id,
        &messages.kind,
        &messages.severity,
        &messages.due_on,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The kind of message that a threshold makes, which falls on a day of an item that is due on another.
pub(in crate::reminders) fn notification_kind(
    threshold: Threshold,
    falls_on: NaiveDate,
    due_on: NaiveDate,
) -> &'static str {
    match threshold {
        Threshold::Again if falls_on > due_on => "obligation_overdue",
        Threshold::Before(_) | Threshold::DueDay | Threshold::Again => "obligation_due",
        Threshold::Overdue | Threshold::Escalation => "obligation_overdue",
    }
}
