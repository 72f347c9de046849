//! The SQL of one obligation; lists are in `listing`. No decisions: what a row means is said in `model`, what may happen to
//! it in `commands`. The tenant and the branches are the transaction's; the explicit tenant in each condition is there for
//! the index.

mod locking;

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    model::{Completion, Definition, Obligation, SeriesDates, Source, Stored, Successor, Waiver},
    recurrence::Recurrence,
    schedule::{StoredState, civil_today, derive},
};
use crate::{
    error::{Error, Result},
    ids::{ObligationId, PersonId, SeriesId, TenantId},
};

pub(crate) use locking::StoredRow;
pub(super) use locking::{hold_people, lock};

/// A row with its branch's name and zone.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) branch_id: Uuid,
    pub(super) template_id: Option<Uuid>,
    pub(super) category: String,
    pub(super) title: String,
    pub(super) severity: String,
    pub(super) state: String,
    pub(super) due_on: NaiveDate,
    pub(super) grace_days: i16,
    pub(super) lead_days: Vec<i16>,
    pub(super) recurrence: Option<String>,
    pub(super) anchor: String,
    pub(super) owner_id: Option<Uuid>,
    pub(super) deputy_id: Option<Uuid>,
    pub(super) source: String,
    pub(super) external_id: Option<String>,
    pub(super) reference: String,
    pub(super) notes: String,
    pub(super) completed_at: Option<DateTime<Utc>>,
    pub(super) completed_on: Option<NaiveDate>,
    pub(super) completed_by: Option<Uuid>,
    pub(super) completion_note: Option<String>,
    pub(super) waived_at: Option<DateTime<Utc>>,
    pub(super) waived_by: Option<Uuid>,
    pub(super) waiver_reason: Option<String>,
    pub(super) series_id: Uuid,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) version: i32,
    pub(super) time_zone: String,
    pub(super) branch_name: String,
}

impl Row {
    pub(super) fn into_obligation(self, now: DateTime<Utc>) -> Result<Obligation> {
        let state = StoredState::parse(&self.state)
            .ok_or_else(|| Error::internal("an unknown state is stored"))?;
        let zone: chrono_tz::Tz = self.time_zone.parse().map_err(Error::internal)?;
        let status = derive(state, self.due_on, civil_today(now, zone));
        Ok(Obligation {
            id: self.id.into(),
            branch_id: self.branch_id.into(),
            template_id: self.template_id.map(Into::into),
            category: self.category,
            title: self.title,
            severity: self.severity,
            status: status.as_str(),
            due_on: self.due_on,
            grace_days: self.grace_days,
            lead_days: self.lead_days,
            recurrence: self.recurrence,
            anchor: self.anchor,
            owner_id: self.owner_id.map(Into::into),
            deputy_id: self.deputy_id.map(Into::into),
            source: self.source,
            external_id: self.external_id,
            reference: self.reference,
            notes: self.notes,
            completion: self
                .completed_at
                .zip(self.completed_on)
                .map(|(at, on)| Completion {
                    at,
                    on,
                    by: self.completed_by.map(PersonId::from),
                    note: self.completion_note,
                }),
            waiver: self
                .waived_at
                .zip(self.waiver_reason)
                .map(|(at, reason)| Waiver {
                    at,
                    by: self.waived_by.map(PersonId::from),
                    reason,
                }),
            series_id: self.series_id.into(),
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
            time_zone: self.time_zone,
            branch_name: self.branch_name,
        })
    }
}

/// One obligation as it is shown.
pub(super) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ObligationId,
    narrowed_to: Option<PersonId>,
    now: DateTime<Utc>,
) -> Result<Option<Obligation>> {
    let row = sqlx::query_as!(
        Row,
        r#"select o.id, o.branch_id, o.template_id, o.category, o.title, o.severity, o.state, o.due_on, o.grace_days,
                  o.lead_days, o.recurrence, o.anchor, o.owner_id, o.deputy_id, o.source, o.external_id, o.reference,
                  o.notes, o.completed_at, o.completed_on, o.completed_by, o.completion_note, o.waived_at, o.waived_by,
                  o.waiver_reason, o.series_id, o.created_at, o.updated_at, o.version, b.time_zone, b.name as branch_name
           from app.obligation_instances o
           join app.branches b on b.tenant_id = o.tenant_id and b.id = o.branch_id
           where o.tenant_id = $1 and o.id = $2 and ($3::uuid is null or o.owner_id = $3 or o.deputy_id = $3)"#,
        tenant.uuid(),
        id.uuid(),
        narrowed_to.map(|id| id.uuid()),
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| row.into_obligation(now)).transpose()
}

/// Inserts an obligation; its series begins on its date unless it continues one.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ObligationId,
    new: &Definition,
    source: Source,
    continues: Option<(&Stored, Successor)>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let lead_days: Vec<i16> = new
        .lead_days
        .as_slice()
        .iter()
        .map(|day| i16::try_from(*day).unwrap_or(i16::MAX))
        .collect();
    sqlx::query!(
        "insert into app.obligation_instances (tenant_id, id, branch_id, template_id, series_id, series_anchor, predecessor_id,
             category, title, severity, occurrence_on, due_on, grace_days, lead_days, recurrence, anchor, owner_id, deputy_id,
             source, external_id, reference, notes, reminders_from, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $22, $22)",
        tenant.uuid(),
        id.uuid(),
        new.branch_id.uuid(),
        new.template_id.map(|id| id.uuid()),
        continues.map_or(SeriesId::from(id.uuid()), |(before, _)| before.series_id).uuid(),
        continues.map_or(new.due_on, |(_, successor)| successor.series_anchor),
        continues.map(|(before, _)| before.id.uuid()),
        new.category,
        new.title,
        new.severity.as_str(),
        new.due_on,
        i16::try_from(new.grace.get()).unwrap_or(i16::MAX),
        &lead_days,
        new.recurrence.as_ref().map(Recurrence::as_str),
        new.anchor.as_str(),
        new.owner_id.map(|id| id.uuid()),
        new.deputy_id.map(|id| id.uuid()),
        source.as_str(),
        new.external_id,
        new.reference,
        new.notes,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes a changed definition. The caller holds the row's lock.
pub(crate) async fn update(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ObligationId,
    new: &Definition,
    series: SeriesDates,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let lead_days: Vec<i16> = new
        .lead_days
        .as_slice()
        .iter()
        .map(|day| i16::try_from(*day).unwrap_or(i16::MAX))
        .collect();
    sqlx::query!(
        "update app.obligation_instances
         set category = $3, title = $4, severity = $5, due_on = $6, grace_days = $7, lead_days = $8, recurrence = $9, anchor = $10,
             owner_id = $11, deputy_id = $12, reference = $13, notes = $14, series_anchor = $15, occurrence_on = $16,
             planned_through = null, updated_at = $17, version = version + 1
         where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
        new.category,
        new.title,
        new.severity.as_str(),
        new.due_on,
        i16::try_from(new.grace.get()).unwrap_or(i16::MAX),
        &lead_days,
        new.recurrence.as_ref().map(Recurrence::as_str),
        new.anchor.as_str(),
        new.owner_id.map(|id| id.uuid()),
        new.deputy_id.map(|id| id.uuid()),
        new.reference,
        new.notes,
        series.anchor,
        series.occurrence_on,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Marks as completed. The caller holds the row's lock.
pub(super) async fn complete(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ObligationId,
    completion: &Completion,
) -> Result<()> {
    sqlx::query!(
        "update app.obligation_instances
         set state = 'completed', completed_at = $3, completed_on = $4, completed_by = $5, completion_note = $6,
             updated_at = $3, version = version + 1
         where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
        completion.at,
        completion.on,
        completion.by.map(|id| id.uuid()),
        completion.note,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Marks as waived. The caller holds the row's lock.
pub(super) async fn waive(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ObligationId,
    waiver: &Waiver,
) -> Result<()> {
    sqlx::query!(
        "update app.obligation_instances
         set state = 'waived', waived_at = $3, waived_by = $4, waiver_reason = $5, updated_at = $3, version = version + 1
         where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
        waiver.at,
        waiver.by.map(|id| id.uuid()),
        waiver.reason,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Opens again what was completed or waived. The caller holds the row's lock.
pub(super) async fn reopen(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ObligationId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.obligation_instances
         set state = 'open', completed_at = null, completed_on = null, completed_by = null, completion_note = null,
             owner_id = (select p.id from app.people p
                         where p.tenant_id = $1 and p.id = owner_id and p.deleted_at is null),
             deputy_id = (select p.id from app.people p
                          where p.tenant_id = $1 and p.id = deputy_id and p.deleted_at is null),
             waived_at = null, waived_by = null, waiver_reason = null, reminders_from = $3, planned_through = null,
             updated_at = $3, version = version + 1
         where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Moves to another date; reminders count anew from now. The caller holds the row's lock.
pub(super) async fn reschedule(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ObligationId,
    due_on: NaiveDate,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.obligation_instances
         set due_on = $3, reminders_from = $4, planned_through = null, updated_at = $4, version = version + 1
         where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
        due_on,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How an item stands in its series.
pub(super) async fn series_of(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ObligationId,
) -> Result<SeriesDates> {
    Ok(sqlx::query_as!(
        SeriesDates,
        "select series_anchor as anchor, occurrence_on from app.obligation_instances where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_one(conn)
    .await?)
}

/// The item that follows one, if it was made already.
pub(super) async fn successor_of(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ObligationId,
) -> Result<Option<ObligationId>> {
    let found = sqlx::query_scalar!(
        "select id from app.obligation_instances where tenant_id = $1 and predecessor_id = $2",
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(ObligationId::from))
}

/// The names of people.
pub(super) async fn names_of(
    conn: &mut PgConnection,
    tenant: TenantId,
    people: &[Uuid],
) -> Result<HashMap<PersonId, String>> {
    let rows = sqlx::query!(
        "select id, name from app.people where tenant_id = $1 and id = any($2)",
        tenant.uuid(),
        people,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id.into(), row.name))
        .collect())
}
