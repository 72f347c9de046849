//! The routes as the planner asks for them.

use sqlx::PgConnection;

use super::{model::Route, queries};
use crate::{error::Result, ids::TenantId};

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
    let mut active = queries::routes(conn, tenant, None).await?;
    let own = !active.is_empty();
    active.retain(|route| route.active);
    Ok(Routes { own, active })
}
