//! The SQL of lists of obligations: the busiest statements of the product.
//!
//! The branch is joined to the rows of the page alone: joined before the limit, the planner begins with the branches and
//! sorts everything that a tenant has. The plain list, without filters, is a statement of its own whose plan is made once;
//! a filtered one is planned for its filter each time.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    due_date::DUE_DATE_MIN,
    filter::{Filter, Owner, Sort},
    model::{Obligation, Severity},
    queries::Row,
    schedule::{self, Status, civil_today},
};
use crate::{
    error::Result,
    ids::{PersonId, TenantId},
};

/// Where a page begins: behind this date and id.
pub(super) type After = (NaiveDate, Uuid);

/// Where the first page begins. The condition is there for every page: an optional one made the plan for any value look
/// dearer than planning anew, and planning took as long as the page itself.
const BEFORE_ALL: After = (DUE_DATE_MIN, Uuid::nil());

/// One statement of this shape: the conditions, the order inside the page, and its parameters.
macro_rules! page {
    ($first:literal $(+ $more:literal)*, $order:literal, $limit:literal, $($parameter:expr),+ $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"select o.id, o.branch_id, o.template_id, o.category, o.title, o.severity, o.state, o.due_on, o.grace_days,
                      o.lead_days, o.recurrence, o.anchor, o.owner_id, o.deputy_id, o.source, o.external_id, o.reference,
                      o.notes, o.completed_at, o.completed_on, o.completed_by, o.completion_note, o.waived_at, o.waived_by,
                      o.waiver_reason, o.series_id, o.created_at, o.updated_at, o.version, b.time_zone, b.name as branch_name
               from (select * from app.obligation_instances o where o.tenant_id = $1 and "#
                + $first $(+ $more)*
                + " order by "
                + $order
                + " limit "
                + $limit
                + r#") o
               join app.branches b on b.tenant_id = o.tenant_id and b.id = o.branch_id
               order by "#
                + $order,
            $($parameter),+
        )
        // The driver passes each row through several streams, which would copy all of its columns each time.
        .map(Box::new)
    };
}

/// One page of everything in reach, the earliest due date first, and one row more if there is one.
pub(super) async fn everything(
    conn: &mut PgConnection,
    tenant: TenantId,
    after: Option<After>,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Obligation>> {
    let (date, id) = after.unwrap_or(BEFORE_ALL);
    let rows = page!(
        "(o.due_on, o.id) > ($2, $3)",
        "o.due_on, o.id",
        "$4",
        tenant.uuid(),
        date,
        id,
        limit,
    )
    .fetch_all(conn)
    .await?;
    obligations(rows, now)
}

/// What narrows a list beside its filter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Narrowing<'a> {
    /// Only where this person is owner or deputy.
    pub to: Option<PersonId>,
    /// For a status that depends on today: the dates for which it holds, by branch.
    pub days: Option<&'a DaysByBranch>,
}

/// One page of what passes a filter, and one row more if there is one.
pub(super) async fn filtered(
    conn: &mut PgConnection,
    tenant: TenantId,
    filter: &Filter,
    narrowing: Narrowing<'_>,
    after: Option<After>,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Obligation>> {
    sqlx::query!("set local plan_cache_mode = force_custom_plan")
        .execute(&mut *conn)
        .await?;
    let days = narrowing.days;
    let (date, id) = after.unzip();
    macro_rules! matching {
        ($behind:literal, $order:literal) => {
            page!(
                "($2::uuid is null or o.branch_id = $2)
                 and ($3::text is null or o.state = $3)
                 and ($4::text is null or o.category = $4)
                 and ($5::text is null or o.severity = $5)
                 and ($6::uuid is null or o.owner_id = $6)
                 and ($18::boolean is null or o.owner_id is null)
                 and ($7::uuid is null or o.template_id = $7)
                 and ($8::date is null or o.due_on >= $8)
                 and ($9::date is null or o.due_on <= $9)
                 and ($10::text is null or o.title ilike $10 or o.reference ilike $10)
                 and ($11::uuid is null or o.owner_id = $11 or o.deputy_id = $11)
                 and ($12::uuid[] is null or exists (
                       select from unnest($12::uuid[], $13::date[], $14::date[]) as d (branch, first, last)
                       where d.branch = o.branch_id and o.due_on between d.first and d.last))
                 and ($15::date is null or (o.due_on, o.id) "
                    + $behind
                    + " ($15, $16::uuid))",
                $order,
                "$17",
                tenant.uuid(),
                filter.branch_id.map(|id| id.uuid()),
                filter.status.map(|status| status.stored().as_str()),
                filter.category,
                filter.severity.map(Severity::as_str),
                filter.owner_id.and_then(Owner::person).map(|id| id.uuid()),
                filter.template_id.map(|id| id.uuid()),
                filter.due_from.max(days.and_then(DaysByBranch::first)),
                [filter.due_to, days.and_then(DaysByBranch::last)].into_iter().flatten().min(),
                filter.words.as_deref().map(anywhere),
                narrowing.to.map(|id| id.uuid()),
                days.map(|days| days.branches.as_slice()),
                days.map(|days| days.from.as_slice()),
                days.map(|days| days.to.as_slice()),
                date,
                id,
                limit,
                (filter.owner_id == Some(Owner::Nobody)).then_some(true),
            )
            .fetch_all(conn)
                    .await?
        };
    }
    let rows = match filter.sort {
        Sort::DueFirst => matching!(">", "o.due_on, o.id"),
        Sort::DueLast => matching!("<", "o.due_on desc, o.id desc"),
    };
    obligations(rows, now)
}

#[allow(clippy::vec_box, reason = "boxed as they are read, see `page!`")]
fn obligations(rows: Vec<Box<Row>>, now: DateTime<Utc>) -> Result<Vec<Obligation>> {
    let mut obligations = Vec::with_capacity(rows.len());
    for row in rows {
        obligations.push(row.into_obligation(now)?);
    }
    Ok(obligations)
}

/// For each branch in reach: between which dates a status that depends on today holds, by the branch's zone.
#[derive(Debug, Default)]
pub(super) struct DaysByBranch {
    branches: Vec<Uuid>,
    from: Vec<NaiveDate>,
    to: Vec<NaiveDate>,
}

impl DaysByBranch {
    /// Reads the branches in reach.
    pub(super) async fn read(
        conn: &mut PgConnection,
        tenant: TenantId,
        status: Status,
        now: DateTime<Utc>,
    ) -> Result<Self> {
        let branches = sqlx::query!(
            "select id, time_zone from app.branches where tenant_id = $1 limit 100000",
            tenant.uuid()
        )
        .fetch_all(conn)
        .await?;
        let mut days = DaysByBranch::default();
        for branch in branches {
            let Ok(zone) = branch.time_zone.parse::<chrono_tz::Tz>() else {
                continue;
            };
            let bounds = schedule::bounds(status, civil_today(now, zone));
            days.branches.push(branch.id);
            days.from.push(bounds.due_on_min);
            days.to.push(bounds.due_on_max);
        }
        Ok(days)
    }

    fn first(&self) -> Option<NaiveDate> {
        self.from.iter().min().copied()
    }

    fn last(&self) -> Option<NaiveDate> {
        self.to.iter().max().copied()
    }
}

/// A pattern that finds words anywhere.
fn anywhere(words: &str) -> String {
    format!(
        "%{}%",
        words
            .replace('\\', "\\\\")
            .replace('%', "\\%")
            .replace('_', "\\_")
    )
}
