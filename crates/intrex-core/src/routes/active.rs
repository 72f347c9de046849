//! The routes as the planner asks for them.

use chrono::NaiveTime;
use sqlx::PgConnection;

use super::model::{Recipients, Route};
use crate::{
    channels::EventType,
    error::{Error, Result},
    ids::{BranchId, ConnectorId, PersonId, RouteId, TenantId},
    obligations::{
        model::Severity,
        schedule::{Quiet, Weekdays},
    },
};

/// What an organisation has set up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Routes {
    /// Whether it has any route of its own: then the built-in one sends no mail any more.
    pub(crate) own: bool,
    /// Those that are used, the oldest first.
    pub(crate) active: Vec<Route>,
}

/// The organisation's routes.
pub(crate) async fn routes(conn: &mut PgConnection, tenant: TenantId) -> Result<Routes> {
    let rows = sqlx::query_as!(
        Row,
        r#"select id as "id: RouteId", name, event_types, min_severity, branch_id as "branch_id: BranchId",
                  connector_id as "connector_id: ConnectorId", recipient, person_id as "person_id: PersonId", quiet_from, quiet_to,
                  quiet_days, escalate_after_hours, escalate_to, active, created_at, updated_at, version
           from app.notification_routes where tenant_id = $1 order by created_at, id"#,
        tenant.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let own = !rows.is_empty();
    let all: Result<Vec<Route>> = rows.into_iter().map(Row::route).collect();
    let mut active = all?;
    active.retain(|route| route.active);
    Ok(Routes { own, active })
}

/// A row of the table.
pub(super) struct Row {
    pub(super) id: RouteId,
    pub(super) name: String,
    pub(super) event_types: Vec<String>,
    pub(super) min_severity: String,
    pub(super) branch_id: Option<BranchId>,
    pub(super) connector_id: Option<ConnectorId>,
    pub(super) recipient: String,
    pub(super) person_id: Option<PersonId>,
    pub(super) quiet_from: Option<NaiveTime>,
    pub(super) quiet_to: Option<NaiveTime>,
    pub(super) quiet_days: Option<i16>,
    pub(super) escalate_after_hours: Option<i16>,
    pub(super) escalate_to: Option<String>,
    pub(super) active: bool,
    pub(super) created_at: chrono::DateTime<chrono::Utc>,
    pub(super) updated_at: chrono::DateTime<chrono::Utc>,
    pub(super) version: i32,
}

impl Row {
    pub(super) fn route(self) -> Result<Route> {
        let unknown = || Error::internal("a route is stored that cannot be read");
        let days = self.quiet_days.map(|bits| {
            let bits = u8::try_from(bits).ok().and_then(Weekdays::of_bits);
            bits.ok_or_else(unknown)
        });
        let quiet = match (self.quiet_from, self.quiet_to, days.transpose()?) {
            (Some(from), Some(to), Some(days)) => Some(Quiet { from, to, days }),
            _ => None,
        };
        let types = self.event_types.iter().map(|name| EventType::parse(name));
        let wider = self.escalate_to.map(|word| Recipients::parse(&word));
        let hours = self.escalate_after_hours.map(u16::try_from);
        Ok(Route {
            id: self.id,
            name: self.name,
            event_types: types.collect::<Option<_>>().ok_or_else(unknown)?,
            min_severity: Severity::parse(&self.min_severity).ok_or_else(unknown)?,
            branch_id: self.branch_id,
            connector_id: self.connector_id,
            recipient: Recipients::parse(&self.recipient).ok_or_else(unknown)?,
            person_id: self.person_id,
            quiet,
            escalate_after_hours: hours.transpose().map_err(Error::internal)?,
            escalate_to: wider.map(|word| word.ok_or_else(unknown)).transpose()?,
            active: self.active,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
        })
    }
}
