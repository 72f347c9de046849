//! All SQL of the overviews: one statement counts the whole register by branch and category, so that its cost does not
//! grow with the number of branches.

use chrono::NaiveDate;
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::{AHEAD_DAYS, Cell, Counted, SOON_DAYS, WEEK_DAYS};
use crate::{
    error::Result,
    ids::{PersonId, TenantId},
};

/// Branches of an overview at most.
const MAX_BRANCHES: i64 = 5_000;

/// A branch as an overview needs it.
#[derive(Debug)]
pub(super) struct Branch {
    pub(super) id: Uuid,
    pub(super) code: String,
    pub(super) name: String,
    pub(super) city_corporation: String,
    pub(super) time_zone: String,
}

/// The branches in reach; a closed one may still owe something.
pub(super) async fn branches(conn: &mut PgConnection, tenant: TenantId) -> Result<Vec<Branch>> {
    Ok(sqlx::query_as!(
        Branch,
        "select id, code, name, city_corporation, time_zone from app.branches where tenant_id = $1 order by id limit $2",
        tenant.uuid(),
        MAX_BRANCHES,
    )
    .fetch_all(conn)
    .await?)
}

/// What is open by branch and category. `todays` has a branch's today at the branch's place in `branches`.
pub(super) async fn count(
    conn: &mut PgConnection,
    tenant: TenantId,
    narrowed_to: Option<PersonId>,
    branches: &[Uuid],
    todays: &[NaiveDate],
    today: NaiveDate,
) -> Result<Vec<Counted>> {
    let rows = sqlx::query!(
        r#"select o.branch_id, o.category, count(*) as "open!",
                  count(*) filter (where o.due_on < d.today) as "overdue!",
                  count(*) filter (where o.due_on = d.today) as "due_today!",
                  count(*) filter (where o.due_on between d.today and d.today + $6::int) as "due_soon!",
                  count(*) filter (where o.due_on between $5::date and $5 + $7::int - 1) as "due_this_week!",
                  count(*) filter (where o.owner_id is null) as "unowned!"
           from app.obligation_instances o
           join unnest($3::uuid[], $4::date[]) as d (branch, today) on d.branch = o.branch_id
           where o.tenant_id = $1 and o.state = 'open' and ($2::uuid is null or o.owner_id = $2 or o.deputy_id = $2)
           group by o.branch_id, o.category
           order by o.branch_id, o.category"#,
        tenant.uuid(),
        narrowed_to.map(|id| id.uuid()),
        branches,
        todays,
        today,
        i32::try_from(SOON_DAYS).unwrap_or(i32::MAX),
        i32::try_from(WEEK_DAYS).unwrap_or(i32::MAX),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Counted {
            branch: row.branch_id.into(),
            cell: Cell {
                category: row.category,
                open: row.open,
                overdue: row.overdue,
                due_soon: row.due_soon,
            },
            due_today: row.due_today,
            due_this_week: row.due_this_week,
            unowned: row.unowned,
        })
        .collect())
}

/// What is due on each of the coming days on which something is.
pub(super) async fn days(
    conn: &mut PgConnection,
    tenant: TenantId,
    narrowed_to: Option<PersonId>,
    from: NaiveDate,
) -> Result<Vec<(NaiveDate, i64)>> {
    let rows = sqlx::query!(
        r#"select due_on, count(*) as "due!" from app.obligation_instances
           where tenant_id = $1 and state = 'open' and due_on between $3 and $3 + $4::int - 1
             and ($2::uuid is null or owner_id = $2 or deputy_id = $2)
           group by due_on order by due_on"#,
        tenant.uuid(),
        narrowed_to.map(|id| id.uuid()),
        from,
        i32::try_from(AHEAD_DAYS).unwrap_or(i32::MAX),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.due_on, row.due)).collect())
}

/// The end of the tenant's chain: how many events it has, and the last one's hash.
pub(super) async fn head(
    conn: &mut PgConnection,
    tenant: TenantId,
) -> Result<Option<(i64, Vec<u8>)>> {
    let row = sqlx::query!(
        "select seq, hash from app.audit_heads where tenant_id = $1 and chain_key = $1",
        tenant.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.seq, row.hash)))
}
