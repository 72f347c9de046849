//! What is shown of connectors. Never a secret: whether there is one, and since when.

use super::{model::Connector, queries};
use crate::{
    db::ReadTx,
    error::{Error, Result},
    ids::ConnectorId,
    permission::Permission,
};

/// The organisation's connectors, by name.
pub async fn list(tx: &mut ReadTx) -> Result<Vec<Connector>> {
    tx.may(Permission::ConnectorsRead)?;
    let tenant = tx.actor().tenant();
    queries::connectors(tx.conn(), tenant, None).await
}

/// One of them.
pub async fn get(tx: &mut ReadTx, id: ConnectorId) -> Result<Connector> {
    tx.may(Permission::ConnectorsRead)?;
    let tenant = tx.actor().tenant();
    let found = queries::connectors(tx.conn(), tenant, Some(id)).await?;
    found.into_iter().next().ok_or(Error::NotFound)
}
