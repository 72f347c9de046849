//! The routes as the planner asks for them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    commands,
    input::{Facts, RawRoute},
    model::Route,
    queries,
};
use crate::{
    App,
    catalogue::keys,
    error::{Error, FieldErrors, Result},
    ids::{RouteId, TenantId},
    obligations::schedule::Quiet,
};

/// What an organisation has set up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Routes {
    /// Whether it has any route of its own: then the built-in one sends no mail any more.
    pub(crate) own: bool,
    /// Those that are used, the oldest first.
    pub(crate) active: Vec<Route>,
}

impl Routes {
    fn of(mut all: Vec<Route>) -> Self {
        let own = !all.is_empty();
        all.retain(|route| route.active);
        Routes { own, active: all }
    }
}

/// The routes as they would be if one was made, changed or removed. Nothing is written.
pub(crate) async fn as_if(
    app: &App,
    conn: &mut PgConnection,
    tenant: TenantId,
    now: DateTime<Utc>,
    id: Option<RouteId>,
    raw: Option<&RawRoute>,
) -> Result<Routes> {
    let mut all = queries::routes(conn, tenant, None).await?;
    let place =
        match id {
            Some(id) => {
                let place = all.iter().position(|route| route.id == id);
                Some(place.ok_or_else(|| {
                    Error::invalid("route_id", keys::ERROR_FIELD_UNKNOWN_REFERENCE)
                })?)
            }
            None => None,
        };
    let before = place.map(|place| all.remove(place));
    if let Some(raw) = raw {
        let facts_before = before.as_ref().map(Facts::of);
        let facts = commands::checked(conn, tenant, raw, facts_before.as_ref())
            .await
            .map_err(|error| FieldErrors::within("route", error))?;
        let route = facts.into_route(before.map_or_else(|| app.new_id(), |route| route.id), now);
        all.insert(place.unwrap_or(all.len()), route);
    }
    Ok(Routes::of(all))
}

/// When the recipients of each route are not disturbed, of those that are used.
pub(crate) async fn quiet(
    conn: &mut PgConnection,
    tenant: TenantId,
) -> Result<HashMap<Uuid, Quiet>> {
    let routes = routes(conn, tenant).await?.active.into_iter();
    Ok(routes
        .filter_map(|route| Some((route.id.uuid(), route.quiet?)))
        .collect())
}

/// The organisation's routes.
pub(crate) async fn routes(conn: &mut PgConnection, tenant: TenantId) -> Result<Routes> {
    Ok(Routes::of(queries::routes(conn, tenant, None).await?))
}
