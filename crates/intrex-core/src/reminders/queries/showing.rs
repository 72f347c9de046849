//! The SQL of what an item's page shows of its reminders.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{super::directory::Named, FactsRow, severity};
use crate::{
    error::Result,
    ids::{ObligationId, PersonId, TenantId},
    obligations::schedule::StoredState,
};

/// A slot as it stands in the ledger.
pub(in crate::reminders) struct ShownRow {
    pub(in crate::reminders) id: Uuid,
    pub(in crate::reminders) threshold: String,
    pub(in crate::reminders) falls_on: NaiveDate,
    pub(in crate::reminders) connector_id: Uuid,
    pub(in crate::reminders) connector_type: Option<String>,
    pub(in crate::reminders) connector_name: Option<String>,
    pub(in crate::reminders) recipient_id: Option<Uuid>,
    pub(in crate::reminders) recipient_name: Option<String>,
    pub(in crate::reminders) unanswered: bool,
    pub(in crate::reminders) fingerprint: Vec<u8>,
    pub(in crate::reminders) planned_at: DateTime<Utc>,
    pub(in crate::reminders) state: String,
    pub(in crate::reminders) reason: Option<String>,
    pub(in crate::reminders) superseded_by: Option<Uuid>,
    pub(in crate::reminders) attempts: i16,
    pub(in crate::reminders) next_attempt_at: DateTime<Utc>,
    pub(in crate::reminders) held_at: Option<DateTime<Utc>>,
    pub(in crate::reminders) last_error: Option<String>,
    pub(in crate::reminders) settled_at: Option<DateTime<Utc>>,
}

/// The slots of an item, the earliest first; of more than the limit, the latest.
pub(in crate::reminders) async fn slots_of(
    conn: &mut PgConnection,
    tenant: TenantId,
    obligation: ObligationId,
    limit: i64,
) -> Result<Vec<ShownRow>> {
    let mut rows = sqlx::query_as!(
        ShownRow,
        r#"select s.id, s.threshold, s.falls_on, s.connector_id, c.type as "connector_type?", c.name as "connector_name?",
                s.recipient_id, p.name as "recipient_name?", s.unanswered, s.fingerprint, s.planned_at, s.state, s.reason, s.superseded_by,
                s.attempts, s.next_attempt_at, s.held_at, s.last_error, s.settled_at
         from app.reminder_slots s
         left join app.people p on p.tenant_id = s.tenant_id and p.id = s.recipient_id
         left join app.connectors c on c.tenant_id = s.tenant_id and c.id = s.connector_id
         where s.tenant_id = $1 and s.obligation_id = $2
         order by s.planned_at desc, s.id desc limit $3"#,
        tenant.uuid(),
        obligation.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.reverse();
    Ok(rows)
}

/// An item as the planner sees it, and whether it is open.
pub(in crate::reminders) struct ItemRow {
    pub(in crate::reminders) facts: FactsRow,
    pub(in crate::reminders) named: Named,
    pub(in crate::reminders) open: bool,
}

/// The item, if it is there for somebody who is narrowed to the own tasks.
pub(in crate::reminders) async fn item(
    conn: &mut PgConnection,
    tenant: TenantId,
    obligation: ObligationId,
    narrowed_to: Option<PersonId>,
) -> Result<Option<ItemRow>> {
    let row = sqlx::query!(
        "select o.id, o.branch_id, o.state, o.due_on, o.lead_days, o.grace_days, o.owner_id, o.deputy_id, o.severity,
                o.reminders_from, b.time_zone
         from app.obligation_instances o
         join app.branches b on b.tenant_id = o.tenant_id and b.id = o.branch_id
         where o.tenant_id = $1 and o.id = $2 and ($3::uuid is null or o.owner_id = $3 or o.deputy_id = $3)",
        tenant.uuid(),
        obligation.uuid(),
        narrowed_to.map(|id| id.uuid()),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| ItemRow {
        named: Named {
            branch: row.branch_id,
            owner: row.owner_id,
            deputy: row.deputy_id,
            severity: severity(&row.severity),
        },
        open: row.state == StoredState::Open.as_str(),
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

/// The names of some people.
pub(in crate::reminders) async fn names(
    conn: &mut PgConnection,
    tenant: TenantId,
    people: &[Uuid],
) -> Result<std::collections::HashMap<Uuid, String>> {
    let rows = sqlx::query!(
        "select id, name from app.people where tenant_id = $1 and id = any($2)",
        tenant.uuid(),
        people,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// The types and names of some connectors.
pub(in crate::reminders) async fn connectors(
    conn: &mut PgConnection,
    tenant: TenantId,
    connectors: &[Uuid],
) -> Result<std::collections::HashMap<Uuid, (String, String)>> {
    let rows = sqlx::query!(
        "select id, type, name from app.connectors where tenant_id = $1 and id = any($2)",
        tenant.uuid(),
        connectors,
    )
    .fetch_all(conn)
    .await?;
    let rows = rows.into_iter();
    Ok(rows.map(|row| (row.id, (row.r#type, row.name))).collect())
}
