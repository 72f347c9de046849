//! The SQL of an item under lock: the people whom it names first, then the item with everything that a decision needs.

use chrono::NaiveDate;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    error::{Error, Result},
    ids::{ObligationId, PersonId, TenantId},
    obligations::{
        model::{Definition, Severity, Stored},
        recurrence::{Anchor, Recurrence},
        schedule::{GraceDays, LeadDays, StoredState},
    },
};

/// Holds the people whom an obligation names, and those whom it is to name: who they are.
pub(in crate::obligations) async fn hold_people(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ObligationId,
    named: &[Uuid],
) -> Result<Vec<PersonId>> {
    Ok(sqlx::query_scalar!(
        r#"select id as "id: PersonId" from app.people
           where tenant_id = $1
             and id = any($3::uuid[] || array(select unnest(array[o.owner_id, o.deputy_id])
                                              from app.obligation_instances o where o.tenant_id = $1 and o.id = $2))
           order by id for key share"#,
        tenant.uuid(),
        id.uuid(),
        named,
    )
    .fetch_all(conn)
    .await?)
}

/// One obligation for a decision: nobody else decides about it until this transaction ends. With its branch's zone.
pub(in crate::obligations) async fn lock(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ObligationId,
    narrowed_to: Option<PersonId>,
) -> Result<(Stored, chrono_tz::Tz)> {
    let row = sqlx::query_as!(
        StoredRow,
        r#"select o.id, o.branch_id, o.template_id, o.category, o.title, o.severity, o.state, o.due_on, o.occurrence_on,
                  o.grace_days, o.lead_days, o.recurrence, o.anchor, o.owner_id, o.deputy_id, o.external_id, o.reference,
                  o.notes, o.series_id, o.series_anchor, o.version, b.time_zone
           from app.obligation_instances o
           join app.branches b on b.tenant_id = o.tenant_id and b.id = o.branch_id
           where o.tenant_id = $1 and o.id = $2 and ($3::uuid is null or o.owner_id = $3 or o.deputy_id = $3)
           for update of o"#,
        tenant.uuid(),
        id.uuid(),
        narrowed_to.map(|id| id.uuid()),
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound)?;
    let zone = row.time_zone.parse().map_err(Error::internal)?;
    Ok((row.into_stored()?, zone))
}

/// A row with everything that a decision needs.
#[derive(Debug)]
pub(crate) struct StoredRow {
    pub(crate) id: Uuid,
    pub(crate) branch_id: Uuid,
    pub(crate) template_id: Option<Uuid>,
    pub(crate) category: String,
    pub(crate) title: String,
    pub(crate) severity: String,
    pub(crate) state: String,
    pub(crate) due_on: NaiveDate,
    pub(crate) occurrence_on: NaiveDate,
    pub(crate) grace_days: i16,
    pub(crate) lead_days: Vec<i16>,
    pub(crate) recurrence: Option<String>,
    pub(crate) anchor: String,
    pub(crate) owner_id: Option<Uuid>,
    pub(crate) deputy_id: Option<Uuid>,
    pub(crate) external_id: Option<String>,
    pub(crate) reference: String,
    pub(crate) notes: String,
    pub(crate) series_id: Uuid,
    pub(crate) series_anchor: NaiveDate,
    pub(crate) version: i32,
    pub(crate) time_zone: String,
}

impl StoredRow {
    /// The row in checked types.
    pub(crate) fn into_stored(self) -> Result<Stored> {
        let damaged = |what: &str| Error::internal(format!("an obligation has a damaged {what}"));
        let lead_days: Vec<i64> = self.lead_days.iter().map(|day| i64::from(*day)).collect();
        Ok(Stored {
            id: self.id.into(),
            definition: Definition {
                branch_id: self.branch_id.into(),
                template_id: self.template_id.map(Into::into),
                category: self.category,
                title: self.title,
                severity: Severity::parse(&self.severity).ok_or_else(|| damaged("severity"))?,
                due_on: self.due_on,
                grace: GraceDays::new(self.grace_days.into()).map_err(Error::internal)?,
                lead_days: LeadDays::new(&lead_days).map_err(Error::internal)?,
                recurrence: self
                    .recurrence
                    .as_deref()
                    .map(Recurrence::parse)
                    .transpose()
                    .map_err(Error::internal)?,
                anchor: Anchor::parse(&self.anchor).ok_or_else(|| damaged("anchor"))?,
                owner_id: self.owner_id.map(Into::into),
                deputy_id: self.deputy_id.map(Into::into),
                external_id: self.external_id,
                reference: self.reference,
                notes: self.notes,
            },
            series_id: self.series_id.into(),
            series_anchor: self.series_anchor,
            occurrence_on: self.occurrence_on,
            state: StoredState::parse(&self.state).ok_or_else(|| damaged("state"))?,
            version: self.version,
        })
    }
}
