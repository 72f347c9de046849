//! What connectors prove themselves with, sealed under the organisation's data key. Each opens for its connector and under
//! its name alone. A rotation of the installation's key wraps the data key anew and touches none of them.

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::PgConnection;

use super::opened::SecretName;
use crate::{
    db::{Inner, WriteTx},
    error::{Error, Result},
    ids::{ConnectorId, TenantId},
    vault::{
        data_keys,
        seal::{self, Place},
    },
};

fn place(tenant: TenantId, connector: ConnectorId, name: SecretName) -> Place {
    Place {
        table: "connector_secrets",
        // The name and not the column: a row that was moved to another name would open otherwise.
        column: name.as_str(),
        tenant,
        row: connector.uuid(),
    }
}

/// Seals for a connector of the acting organisation.
pub(super) async fn seal(
    tx: &mut WriteTx,
    connector: ConnectorId,
    name: SecretName,
    plain: &SecretString,
) -> Result<String> {
    let (conn, actor, inner) = tx.parts();
    let tenant = actor.tenant();
    let key = data_keys::key_for(conn, &inner.wrapping(), tenant, None)
        .await?
        .ok_or_else(|| Error::internal("the key of an organisation was erased"))?;
    let place = place(tenant, connector, name);
    let plain = plain.expose_secret().as_bytes();
    Ok(seal::seal_with(&key.key, place, plain, inner.chance))
}

/// Opens what was sealed for a connector.
pub(super) async fn open(
    conn: &mut PgConnection,
    inner: &Inner,
    tenant: TenantId,
    connector: ConnectorId,
    name: SecretName,
    sealed: &str,
) -> Result<SecretString> {
    let key = data_keys::key_for(conn, &inner.wrapping(), tenant, None).await?;
    let place = place(tenant, connector, name);
    key.and_then(|key| seal::open_with(&key.key, place, sealed).ok())
        .and_then(|plain| String::from_utf8(plain.to_vec()).ok())
        .map(SecretString::from)
        .ok_or_else(|| Error::internal("what was sealed for a connector does not open"))
}
