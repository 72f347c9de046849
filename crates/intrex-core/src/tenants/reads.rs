//! What is shown of organisations.

use super::{
    model::{Tenant, TenantRow},
    queries,
};
use crate::{
    App,
    db::ReadTx,
    error::{Error, Result},
    ids::TenantId,
    permission::Permission,
};

/// Organisations in the operator's list at most.
const MAX_LISTED: i64 = 10_000;

/// The reader's own organisation.
pub async fn current(tx: &mut ReadTx) -> Result<Tenant> {
    tx.may(Permission::TenantRead)?;
    let id = tx.actor().tenant();
    queries::current(tx.conn(), id)
        .await?
        .ok_or(Error::NotFound)
}

/// An organisation with what it has set, for work in a transaction of its own.
pub(crate) async fn in_force(conn: &mut sqlx::PgConnection, id: TenantId) -> Result<Tenant> {
    queries::current(conn, id).await?.ok_or(Error::NotFound)
}

/// Every organisation, the oldest first: for the command line alone, whose user holds the installation's secrets.
pub async fn list(app: &App) -> Result<Vec<TenantRow>> {
    let mut tx = app.db.system().await?;
    let tenants = queries::list(tx.conn(), MAX_LISTED).await?;
    tx.commit().await?;
    Ok(tenants)
}
