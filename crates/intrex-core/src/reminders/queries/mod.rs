//! All SQL of the reminder ledger. Claiming sees every tenant's slots, as `intrex_system`, and learns only their ids; the
//! rest runs with the tenant set.
//!
//! Whoever decides about slots locks the obligation first, then its slots in the order of their ids: completing, planning
//! and sending never wait for each other in a circle.
//!
//! `planning` writes it · `budget` puts off what is too much · `sending` claims and settles · `carried` what deliveries carry · `foresight` what may come · `showing` what an item's page shows · here what they share.

pub(super) mod budget;
pub(super) mod carried;
pub(super) mod foresight;
pub(super) mod planning;
pub(super) mod sending;
pub(super) mod showing;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use sqlx::PgConnection;
use uuid::Uuid;

use super::directory::{Directory, Named};
use crate::{
    error::{Error, Result},
    ids::{ObligationId, TenantId},
    obligations::{
        model::Severity,
        schedule::{GraceDays, ItemFacts, LeadDays, REMINDER_TIME},
    },
    permission::Role,
    routes::{self, Routes},
};

/// Settles what is planned for an item and not yet on its way, because something made it moot. What is being sent this
/// moment ends by itself.
pub(crate) async fn suppress_planned(
    conn: &mut PgConnection,
    tenant: TenantId,
    obligation: ObligationId,
    reason: &'static str,
    now: DateTime<Utc>,
) -> Result<u64> {
    let settled = sqlx::query!(
        "update app.reminder_slots set state = 'suppressed', reason = $3, settled_at = $4
         where tenant_id = $1 and obligation_id = $2 and state = 'planned'",
        tenant.uuid(),
        obligation.uuid(),
        reason,
        now,
    )
    .execute(conn)
    .await?;
    Ok(settled.rows_affected())
}

/// The same for many items at once.
pub(crate) async fn suppress_planned_of_all(
    conn: &mut PgConnection,
    tenant: TenantId,
    obligations: &[uuid::Uuid],
    reason: &'static str,
    now: DateTime<Utc>,
) -> Result<u64> {
    let settled = sqlx::query!(
        "update app.reminder_slots set state = 'suppressed', reason = $3, settled_at = $4
         where tenant_id = $1 and obligation_id = any($2) and state = 'planned'",
        tenant.uuid(),
        obligations,
        reason,
        now,
    )
    .execute(conn)
    .await?;
    Ok(settled.rows_affected())
}

/// What an item's row says about its reminders.
pub(crate) struct FactsRow {
    pub(crate) id: Uuid,
    pub(crate) due_on: NaiveDate,
    pub(crate) lead_days: Vec<i16>,
    pub(crate) grace_days: i16,
    pub(crate) reminders_from: DateTime<Utc>,
    pub(crate) time_zone: String,
}

impl FactsRow {
    pub(crate) fn facts(&self) -> Result<ItemFacts> {
        let lead_days: Vec<i64> = self.lead_days.iter().map(|day| i64::from(*day)).collect();
        let zone: Tz = self.time_zone.parse().map_err(Error::internal)?;
        Ok(ItemFacts {
            id: self.id,
            due_on: self.due_on,
            lead_days: LeadDays::new(&lead_days).map_err(Error::internal)?,
            grace: GraceDays::new(self.grace_days.into()).map_err(Error::internal)?,
            zone,
            time_of_day: REMINDER_TIME,
            reminders_from: self.reminders_from,
        })
    }
}

/// An item's severity. The column has a check; whatever else stood there would be told to all.
fn severity(word: &str) -> Severity {
    Severity::parse(word).unwrap_or(Severity::Critical)
}

/// The active people who can see the branches of these items, or are named on them or by a route, and the routes.
pub(super) async fn directory(
    conn: &mut PgConnection,
    tenant: TenantId,
    items: &[Named],
) -> Result<Directory> {
    let routes = routes::routes(&mut *conn, tenant).await?;
    directory_by(conn, tenant, routes, items).await
}

/// The same by some routes.
pub(crate) async fn directory_by(
    conn: &mut PgConnection,
    tenant: TenantId,
    routes: Routes,
    items: &[Named],
) -> Result<Directory> {
    let mut branches: Vec<Uuid> = items.iter().map(|item| item.branch).collect();
    branches.sort_unstable();
    branches.dedup();
    let mut named: Vec<Uuid> = items
        .iter()
        .flat_map(|item| [item.owner, item.deputy])
        .flatten()
        .chain(
            routes
                .active
                .iter()
                .filter_map(|route| route.person_id.map(Uuid::from)),
        )
        .collect();
    named.sort_unstable();
    named.dedup();
    let rows = sqlx::query!(
        r#"select p.id, p.role, w.branch_id as "branch_id?"
           from app.people p
           left join app.person_branches w on w.tenant_id = p.tenant_id and w.person_id = p.id and w.branch_id = any($2)
           where p.tenant_id = $1 and p.status = 'active'
             and (p.role = 'head_office_admin' or p.role = 'branch_manager' and w.branch_id is not null or p.id = any($3))
           order by p.created_at, p.id"#,
        tenant.uuid(),
        &branches,
        &named,
    )
    .fetch_all(conn)
    .await?;
    let mut directory = Directory::new(routes);
    for row in rows {
        let role =
            Role::parse(&row.role).ok_or_else(|| Error::internal("an unknown role is stored"))?;
        directory.add(row.id, role, row.branch_id);
    }
    Ok(directory)
}
