//! The SQL of looking ahead: what the planner would take up in the days to come, and what the ledger has of it. It reads alone.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{super::directory::Named, FactsRow, severity};
use crate::{connectors::ConnectorType, error::Result, ids::TenantId};

/// An open item that something may be said of.
pub(in crate::reminders) struct ForeseenItem {
    pub(in crate::reminders) facts: FactsRow,
    pub(in crate::reminders) named: Named,
    pub(in crate::reminders) planned_through: Option<NaiveDate>,
    pub(in crate::reminders) title: String,
    pub(in crate::reminders) branch_name: String,
}

/// Open items of which something may be said up to a day, the most pressing first.
pub(in crate::reminders) async fn items(
    conn: &mut PgConnection,
    tenant: TenantId,
    through: NaiveDate,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<ForeseenItem>> {
    let rows = sqlx::query!(
        "select o.id, o.branch_id, o.due_on, o.lead_days, o.grace_days, o.owner_id, o.deputy_id, o.severity, o.reminders_from,
                o.planned_through, o.title, b.name as branch_name, b.time_zone
         from app.obligation_instances o
         join app.branches b on b.tenant_id = o.tenant_id and b.id = o.branch_id
         where o.tenant_id = $1 and o.state = 'open'
           and (o.due_on - coalesce((select max(day) from unnest(o.lead_days) as lead (day)), 0) <= $2
                and (o.due_on + o.grace_days + 35 >= $3::date
                     or exists (select from app.reminder_slots s
                                where s.tenant_id = o.tenant_id and s.obligation_id = o.id and s.state in ('planned', 'sending')))
                or exists (select from app.snoozes n
                           where n.tenant_id = o.tenant_id and n.obligation_id = o.id and n.until >= $4)
                or exists (select from app.acknowledgements a
                           where a.tenant_id = o.tenant_id and a.obligation_id = o.id and a.again_on >= $3::date - 2))
         order by o.due_on, o.id limit $5",
        tenant.uuid(),
        through,
        now.date_naive(),
        now,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let items = rows.into_iter().map(|row| ForeseenItem {
        named: Named {
            branch: row.branch_id,
            owner: row.owner_id,
            deputy: row.deputy_id,
            severity: severity(&row.severity),
        },
        planned_through: row.planned_through,
        title: row.title,
        branch_name: row.branch_name,
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

/// How a slot stands in the ledger.
pub(in crate::reminders) struct LedgerRow {
    pub(in crate::reminders) fingerprint: Vec<u8>,
    pub(in crate::reminders) state: String,
    pub(in crate::reminders) reason: Option<String>,
    pub(in crate::reminders) planned_at: DateTime<Utc>,
    pub(in crate::reminders) next_attempt_at: DateTime<Utc>,
    pub(in crate::reminders) held: bool,
    pub(in crate::reminders) carried: bool,
}

/// What the ledger has of some slots.
pub(in crate::reminders) async fn ledger(
    conn: &mut PgConnection,
    tenant: TenantId,
    fingerprints: &[Vec<u8>],
) -> Result<Vec<LedgerRow>> {
    Ok(sqlx::query_as!(
        LedgerRow,
        r#"select fingerprint, state, reason, planned_at, next_attempt_at, held_at is not null as "held!",
                  delivery_id is not null as "carried!"
           from app.reminder_slots where tenant_id = $1 and fingerprint = any($2)"#,
        tenant.uuid(),
        fingerprints,
    )
    .fetch_all(conn)
    .await?)
}

/// A way as an organisation has it.
#[derive(Debug)]
pub(in crate::reminders) struct WayRow {
    pub(in crate::reminders) kind: ConnectorType,
    pub(in crate::reminders) name: String,
    pub(in crate::reminders) stopped: bool,
}

/// The organisation's ways.
pub(in crate::reminders) async fn ways(
    conn: &mut PgConnection,
    tenant: TenantId,
) -> Result<HashMap<Uuid, WayRow>> {
    let rows = sqlx::query!(
        r#"select id, type as "kind!", name, status in ('disabled', 'pending_verification') as "stopped!"
           from app.connectors where tenant_id = $1"#,
        tenant.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let ways = rows.into_iter().filter_map(|row| {
        let way = WayRow {
            kind: ConnectorType::parse(&row.kind)?,
            name: row.name,
            stopped: row.stopped,
        };
        Some((row.id, way))
    });
    Ok(ways.collect())
}

/// The time zone in which an organisation counts its days.
pub(in crate::reminders) async fn time_zone(
    conn: &mut PgConnection,
    tenant: TenantId,
) -> Result<String> {
    Ok(sqlx::query_scalar!(
        "select time_zone from app.tenants where id = $1",
        tenant.uuid()
    )
    .fetch_one(conn)
    .await?)
}
