//! All SQL of routes.

pub(super) mod facts;
pub(super) mod matching;

use chrono::{DateTime, NaiveTime, Utc};
use sqlx::PgConnection;

use super::{
    input::Facts,
    model::{Recipients, Route},
};
use crate::{
    channels::EventType,
    error::{Error, Result},
    ids::{BranchId, ConnectorId, PersonId, RouteId, TenantId},
    obligations::{
        model::Severity,
        schedule::{Quiet, Weekdays},
    },
};

/// Routes in the order in which they were made: one, or all.
pub(super) async fn routes(
    conn: &mut PgConnection,
    tenant: TenantId,
    only: Option<RouteId>,
) -> Result<Vec<Route>> {
    let rows = sqlx::query!(
        r#"select id as "id: RouteId", name, event_types, min_severity, branch_id as "branch_id: BranchId",
                  connector_id as "connector_id: ConnectorId", recipient, person_id as "person_id: PersonId", quiet_from,
                  quiet_to, quiet_days, escalate_after_hours, escalate_to, active, created_at, updated_at, version
           from app.notification_routes where tenant_id = $1 and ($2::uuid is null or id = $2)
           order by created_at, id limit 100"#,
        tenant.uuid(),
        only.map(RouteId::uuid),
    )
    .fetch_all(conn)
    .await?;
    let routes = rows.into_iter().map(|row| {
        let event_types = row.event_types.iter().map(|name| EventType::parse(name));
        let quiet = match (row.quiet_from, row.quiet_to, row.quiet_days) {
            (Some(from), Some(to), Some(days)) => {
                let days = u8::try_from(days).ok().and_then(Weekdays::of_bits);
                Some(Quiet {
                    from,
                    to,
                    days: days.ok_or_else(unknown)?,
                })
            }
            _ => None,
        };
        Ok(Route {
            id: row.id,
            name: row.name,
            event_types: event_types.collect::<Option<_>>().ok_or_else(unknown)?,
            min_severity: Severity::parse(&row.min_severity).ok_or_else(unknown)?,
            branch_id: row.branch_id,
            connector_id: row.connector_id,
            recipient: Recipients::parse(&row.recipient).ok_or_else(unknown)?,
            person_id: row.person_id,
            quiet,
            escalate_after_hours: row
                .escalate_after_hours
                .and_then(|hours| u16::try_from(hours).ok()),
            escalate_to: row.escalate_to.as_deref().and_then(Recipients::parse),
            active: row.active,
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
        })
    });
    routes.collect()
}

fn unknown() -> Error {
    Error::internal("a route with a word that is not known")
}

/// A route's fields as columns.
struct Columns {
    event_types: Vec<String>,
    quiet_from: Option<NaiveTime>,
    quiet_to: Option<NaiveTime>,
    quiet_days: Option<i16>,
    escalate_after_hours: Option<i16>,
}

impl Columns {
    fn of(facts: &Facts) -> Self {
        let names = facts.event_types.iter().map(|one| one.as_str().to_owned());
        Columns {
            event_types: names.collect(),
            quiet_from: facts.quiet.map(|quiet| quiet.from),
            quiet_to: facts.quiet.map(|quiet| quiet.to),
            quiet_days: facts.quiet.map(|quiet| i16::from(quiet.days.bits())),
            escalate_after_hours: facts
                .escalate_after_hours
                .and_then(|hours| i16::try_from(hours).ok()),
        }
    }
}

pub(super) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: RouteId,
    facts: &Facts,
    now: DateTime<Utc>,
) -> std::result::Result<(), sqlx::Error> {
    let columns = Columns::of(facts);
    sqlx::query!(
        "insert into app.notification_routes
           (tenant_id, id, name, event_types, min_severity, branch_id, connector_id, recipient, person_id, quiet_from, quiet_to,
            quiet_days, escalate_after_hours, escalate_to, active, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16)",
        tenant.uuid(),
        id.uuid(),
        facts.name,
        &columns.event_types,
        facts.min_severity.as_str(),
        facts.branch_id.map(BranchId::uuid),
        facts.connector_id.map(ConnectorId::uuid),
        facts.recipient.as_str(),
        facts.person_id.map(PersonId::uuid),
        columns.quiet_from,
        columns.quiet_to,
        columns.quiet_days,
        columns.escalate_after_hours,
        facts.escalate_to.map(Recipients::as_str),
        facts.active,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn update(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: RouteId,
    facts: &Facts,
    now: DateTime<Utc>,
) -> std::result::Result<(), sqlx::Error> {
    let columns = Columns::of(facts);
    sqlx::query!(
        "update app.notification_routes
         set name = $3, event_types = $4, min_severity = $5, branch_id = $6, connector_id = $7, recipient = $8, person_id = $9,
             quiet_from = $10, quiet_to = $11, quiet_days = $12, escalate_after_hours = $13, escalate_to = $14, active = $15,
             updated_at = $16, version = version + 1
         where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
        facts.name,
        &columns.event_types,
        facts.min_severity.as_str(),
        facts.branch_id.map(BranchId::uuid),
        facts.connector_id.map(ConnectorId::uuid),
        facts.recipient.as_str(),
        facts.person_id.map(PersonId::uuid),
        columns.quiet_from,
        columns.quiet_to,
        columns.quiet_days,
        columns.escalate_after_hours,
        facts.escalate_to.map(Recipients::as_str),
        facts.active,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn delete(conn: &mut PgConnection, tenant: TenantId, id: RouteId) -> Result<()> {
    sqlx::query!(
        "delete from app.notification_routes where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Locks all routes of the organisation until the transaction ends, so that how many there are is true until then; how many.
pub(super) async fn lock_all(conn: &mut PgConnection, tenant: TenantId) -> Result<i64> {
    // Whoever makes one locks the organisation: a route that is not there yet cannot be locked.
    sqlx::query!(
        "select id from app.tenants where id = $1 for no key update",
        tenant.uuid()
    )
    .fetch_optional(&mut *conn)
    .await?;
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from app.notification_routes where tenant_id = $1"#,
        tenant.uuid(),
    )
    .fetch_one(conn)
    .await?)
}

/// Whether there is such a branch.
pub(super) async fn has_branch(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: BranchId,
) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from app.branches where tenant_id = $1 and id = $2) as "there!""#,
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_one(conn)
    .await?)
}

/// What the routes over a connector are called, by name.
pub(crate) async fn names_using(
    conn: &mut PgConnection,
    tenant: TenantId,
    connector: ConnectorId,
) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!(
        "select name from app.notification_routes where tenant_id = $1 and connector_id = $2 order by lower(name) limit 100",
        tenant.uuid(),
        connector.uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// Asks for open items to be planned anew: those of these branches, or all. What was never planned will be anyway. They count as
/// planned to the day before, so that nobody is told by a new route of days gone by. The items are locked in the order of their
/// ids, as whoever locks several does.
pub(super) async fn plan_anew(
    conn: &mut PgConnection,
    tenant: TenantId,
    branches: Option<&[uuid::Uuid]>,
) -> Result<u64> {
    let asked = sqlx::query!(
        "with concerned as materialized (
           select id from app.obligation_instances
           where tenant_id = $1 and state = 'open' and planned_through is not null
             and ($2::uuid[] is null or branch_id = any($2))
           order by id for no key update)
         update app.obligation_instances o set planned_through = planned_through - 1
         from concerned c where o.tenant_id = $1 and o.id = c.id",
        tenant.uuid(),
        branches as Option<&[uuid::Uuid]>,
    )
    .execute(conn)
    .await?;
    Ok(asked.rows_affected())
}
