//! What is shown of routes, and what the planner asks for.

use sqlx::PgConnection;

use super::{model::Route, queries};
use crate::{
    db::ReadTx,
    error::{Error, Result},
    ids::{RouteId, TenantId},
    permission::Permission,
};

/// The organisation's routes, in the order in which they were made.
pub async fn list(tx: &mut ReadTx) -> Result<Vec<Route>> {
    tx.may(Permission::RoutesRead)?;
    let tenant = tx.actor().tenant();
    all(tx.conn(), tenant).await
}

/// One of them.
pub async fn get(tx: &mut ReadTx, id: RouteId) -> Result<Route> {
    tx.may(Permission::RoutesRead)?;
    let tenant = tx.actor().tenant();
    let found = queries::routes(tx.conn(), tenant, Some(id)).await?;
    found.into_iter().next().ok_or(Error::NotFound)
}

/// All routes, in the order in which they were made: without any, the built-in one serves.
pub(crate) async fn all(conn: &mut PgConnection, tenant: TenantId) -> Result<Vec<Route>> {
    queries::routes(conn, tenant, None).await
}
