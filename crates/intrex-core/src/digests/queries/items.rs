//! The SQL of what is open: of whom it may be, and what it is called.

use std::collections::HashMap;

use chrono::NaiveDate;
use chrono_tz::Tz;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    error::Result,
    ids::TenantId,
    obligations::{model::Severity, schedule::GraceDays},
    reminders::Named,
};

/// Whose obligations are looked for.
#[derive(Debug, Default)]
pub(in crate::digests) struct Readers {
    /// Those who may be owner or deputy.
    pub(in crate::digests) people: Vec<Uuid>,
    /// Where they are managers.
    pub(in crate::digests) managed: Vec<Uuid>,
    /// Whether one of them sees everything.
    pub(in crate::digests) head_office: bool,
}

/// An open obligation, as far as it has to be known to say who hears of it.
pub(in crate::digests) struct ItemRow {
    pub(in crate::digests) id: Uuid,
    pub(in crate::digests) named: Named,
    pub(in crate::digests) due_on: NaiveDate,
    pub(in crate::digests) grace: GraceDays,
    pub(in crate::digests) zone: Tz,
}

/// Reads the rows of open obligations that a condition narrows.
macro_rules! items {
    ($conn:expr, $condition:literal, $tenant:expr, $($parameter:expr),+ $(,)?) => {{
        let rows = sqlx::query!(
            "select o.id, o.branch_id, o.owner_id, o.deputy_id, o.severity, o.due_on, o.grace_days, b.time_zone
             from app.obligation_instances o
             join app.branches b on b.tenant_id = o.tenant_id and b.id = o.branch_id
             where o.tenant_id = $1 and o.state = 'open' and "
                + $condition,
            $tenant.uuid(),
            $($parameter),+
        )
        .fetch_all($conn)
        .await?;
        rows.into_iter().map(|row| ItemRow {
            id: row.id,
            named: Named {
                branch: row.branch_id,
                owner: row.owner_id,
                deputy: row.deputy_id,
                // The column has a check.
                severity: Severity::parse(&row.severity).unwrap_or(Severity::Critical),
            },
            due_on: row.due_on,
            grace: GraceDays::new(row.grace_days.into()).unwrap_or_default(),
            zone: row.time_zone.parse().unwrap_or(Tz::UTC),
        })
        .collect()
    }};
}

/// Open obligations that these people may hear of, due until a day, the earliest first, behind one of them.
pub(in crate::digests) async fn open_items(
    conn: &mut PgConnection,
    tenant: TenantId,
    readers: &Readers,
    until: NaiveDate,
    after: (NaiveDate, Uuid),
    limit: i64,
) -> Result<Vec<ItemRow>> {
    Ok(items!(
        conn,
        "o.due_on <= $2 and (o.due_on, o.id) > ($3, $4)
         and ($5 or o.owner_id = any($6) or o.deputy_id = any($6) or o.branch_id = any($7))
         order by o.due_on, o.id limit $8",
        tenant,
        until,
        after.0,
        after.1,
        readers.head_office,
        &readers.people,
        &readers.managed,
        limit,
    ))
}

/// Those of some obligations that are open, the earliest first.
pub(in crate::digests) async fn still_open(
    conn: &mut PgConnection,
    tenant: TenantId,
    items: &[Uuid],
) -> Result<Vec<ItemRow>> {
    Ok(items!(
        conn,
        "o.id = any($2) order by o.due_on, o.id",
        tenant,
        items
    ))
}

/// What a line says of an obligation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::digests) struct Called {
    pub(in crate::digests) title: String,
    pub(in crate::digests) branch: String,
}

/// The words of some obligations.
pub(in crate::digests) async fn called(
    conn: &mut PgConnection,
    tenant: TenantId,
    items: &[Uuid],
) -> Result<HashMap<Uuid, Called>> {
    let rows = sqlx::query!(
        "select o.id, o.title, b.name as branch
         from app.obligation_instances o
         join app.branches b on b.tenant_id = o.tenant_id and b.id = o.branch_id
         where o.tenant_id = $1 and o.id = any($2)",
        tenant.uuid(),
        items,
    )
    .fetch_all(conn)
    .await?;
    let named = rows.into_iter().map(|row| {
        let named = Called {
            title: row.title,
            branch: row.branch,
        };
        (row.id, named)
    });
    Ok(named.collect())
}
