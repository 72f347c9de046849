//! All SQL of deliveries. Claiming sees every tenant's, as `intrex_system`, and learns only their ids; the rest runs with the
//! tenant set. Whoever settles takes deliveries first, in the order of their ids, then obligations, slots and connectors.
//!
//! `claiming` across tenants · `recording` what became of attempts · `showing` lists and single ones · `again` dead letters ·
//! here staging and what an attempt needs

mod again;
mod claiming;
mod recording;
mod showing;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

pub(super) use again::*;
pub(super) use claiming::*;
pub(super) use recording::{Attempts, Settled, add_attempts, lock_held, settle};
pub(crate) use recording::{forget_answers_to, remove_old_attempts};
pub(super) use showing::*;

use super::{model::State, stage::Staged};
use crate::{
    channels::{Addressee, EventType, Notice},
    error::{Error, Result},
    ids::{BranchId, ConnectorId, DeliveryId, PersonId, TenantId},
};

/// Deliveries to be, column by column.
#[derive(Default)]
pub(super) struct NewDeliveries {
    id: Vec<Uuid>,
    route: Vec<Option<Uuid>>,
    connector: Vec<Option<Uuid>>,
    recipient: Vec<Option<Uuid>>,
    branch: Vec<Option<Uuid>>,
    event_type: Vec<String>,
    severity: Vec<Option<String>>,
    notices: Vec<serde_json::Value>,
    slots: Vec<i16>,
    fingerprint: Vec<Vec<u8>>,
    not_before: Vec<DateTime<Utc>>,
}

impl NewDeliveries {
    pub(super) fn push(&mut self, id: DeliveryId, staged: &Staged) -> Result<()> {
        let notices = serde_json::to_value(&staged.notices).map_err(Error::internal)?;
        self.id.push(id.uuid());
        self.route.push(staged.route.map(|id| id.uuid()));
        self.connector.push(staged.connector.map(|id| id.uuid()));
        self.recipient.push(staged.recipient.map(|id| id.uuid()));
        self.branch.push(staged.branch.map(|id| id.uuid()));
        self.event_type.push(staged.event_type.as_str().to_owned());
        let severity = staged.severity.map(|severity| severity.as_str().to_owned());
        self.severity.push(severity);
        self.notices.push(notices);
        let slots = i16::try_from(staged.slots.len()).map_err(Error::internal)?;
        self.slots.push(slots);
        self.fingerprint.push(staged.fingerprint.to_vec());
        self.not_before.push(staged.not_before);
        Ok(())
    }
}

/// Keeps deliveries whose fingerprint is not there yet; answers which.
pub(super) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    rows: &NewDeliveries,
    now: DateTime<Utc>,
) -> Result<Vec<DeliveryId>> {
    Ok(sqlx::query_scalar!(
        r#"with staged as (
             select distinct on (u.fingerprint) u.*
             from unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[], $8::text[], $9::text[], $10::jsonb[],
                         $11::smallint[], $12::bytea[], $13::timestamptz[])
               as u (id, route, connector, recipient, branch, event_type, severity, notices, slots, fingerprint, not_before)
             order by u.fingerprint
           ), fresh as (
             insert into app.delivery_fingerprints (tenant_id, fingerprint)
             select $1, fingerprint from staged order by fingerprint
             on conflict on constraint delivery_fingerprints_pkey do nothing
             returning fingerprint
           )
           insert into app.notification_deliveries
             (tenant_id, id, route_id, connector_id, recipient_id, branch_id, event_type, severity, notices, slots, fingerprint,
              state, next_attempt_at, created_at)
           select $1, u.id, u.route, u.connector, u.recipient, u.branch, u.event_type, u.severity, u.notices, u.slots,
                  u.fingerprint, $14, u.not_before, $2
           from staged u join fresh f on f.fingerprint = u.fingerprint
           returning id as "id: DeliveryId""#,
        tenant.uuid(),
        now,
        &rows.id,
        &rows.route as &[Option<Uuid>],
        &rows.connector as &[Option<Uuid>],
        &rows.recipient as &[Option<Uuid>],
        &rows.branch as &[Option<Uuid>],
        &rows.event_type,
        &rows.severity as &[Option<String>],
        &rows.notices,
        &rows.slots,
        &rows.fingerprint,
        &rows.not_before,
        State::Waiting.as_str(),
    )
    .fetch_all(conn)
    .await?)
}

/// Gives slots of the ledger to the deliveries that carry them. The caller has claimed them and holds their locks.
pub(super) async fn carry(
    conn: &mut PgConnection,
    tenant: TenantId,
    slots: &[Uuid],
    deliveries: &[Uuid],
) -> Result<()> {
    sqlx::query!(
        "update app.reminder_slots s set delivery_id = u.delivery, lease_until = null, attempts = 0
         from unnest($2::uuid[], $3::uuid[]) as u (slot, delivery)
         where s.tenant_id = $1 and s.id = u.slot and s.state = 'sending'",
        tenant.uuid(),
        slots,
        deliveries,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A claimed delivery.
pub(super) struct Claimed {
    pub(super) id: DeliveryId,
    pub(super) fence: i64,
    pub(super) connector: Option<ConnectorId>,
    pub(super) recipient: Option<PersonId>,
    pub(super) branch: Option<BranchId>,
    pub(super) event_type: String,
    pub(super) slots: i16,
    pub(super) fingerprint: [u8; 32],
    /// Nothing if it cannot be read.
    pub(super) notices: Vec<Notice>,
    pub(super) created_at: DateTime<Utc>,
}

/// Claimed deliveries, in the order of their ids. None is locked: whoever writes what became of one asks for its fence again.
pub(super) async fn claimed(
    conn: &mut PgConnection,
    tenant: TenantId,
    ids: &[Uuid],
) -> Result<Vec<Claimed>> {
    let rows = sqlx::query!(
        r#"select id as "id: DeliveryId", fence, connector_id as "connector: ConnectorId", recipient_id as "recipient: PersonId",
                  branch_id as "branch: BranchId", event_type, slots, fingerprint, notices, created_at
           from app.notification_deliveries
           where tenant_id = $1 and id = any($2) and state = 'sending' order by id"#,
        tenant.uuid(),
        ids,
    )
    .fetch_all(conn)
    .await?;
    let read = rows.into_iter().map(|row| {
        let fingerprint = row.fingerprint.as_slice().try_into();
        Ok(Claimed {
            id: row.id,
            fence: row.fence,
            connector: row.connector,
            recipient: row.recipient,
            branch: row.branch,
            event_type: row.event_type,
            slots: row.slots,
            fingerprint: fingerprint.map_err(Error::internal)?,
            notices: serde_json::from_value(row.notices).unwrap_or_default(),
            created_at: row.created_at,
        })
    });
    read.collect()
}

/// The recipients of these deliveries who can sign in and see what they are about, and how they are reached. Head office sees
/// everything; others what is about one of their branches, or a digest, which is about what they see.
pub(super) async fn addressees(
    conn: &mut PgConnection,
    tenant: TenantId,
    deliveries: &[Uuid],
) -> Result<HashMap<DeliveryId, Addressee>> {
    if deliveries.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query!(
        r#"select d.id as "id: DeliveryId", p.name, p.email
           from app.notification_deliveries d
           join app.people p on p.tenant_id = d.tenant_id and p.id = d.recipient_id and p.status = 'active'
           where d.tenant_id = $1 and d.id = any($2)
             and (p.role = 'head_office_admin' or d.branch_id is null and d.event_type = $3 or exists (
               select from app.person_branches w
               where w.tenant_id = d.tenant_id and w.person_id = p.id and w.branch_id = d.branch_id))"#,
        tenant.uuid(),
        deliveries,
        EventType::Digest.as_str(),
    )
    .fetch_all(conn)
    .await?;
    let addressees = rows.into_iter().map(|row| {
        let addressee = Addressee {
            name: row.name,
            email: row.email,
        };
        (row.id, addressee)
    });
    Ok(addressees.collect())
}
