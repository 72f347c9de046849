//! What is sealed under the organisation's data key: the client secret of a provider, and the PKCE verifier of an attempt.
//! Each opens in its own row alone. A rotation of the installation's key wraps the data key anew and touches neither.

use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use crate::{
    db::WriteTx,
    error::{Error, Result},
    ids::TenantId,
    vault::{
        data_keys,
        seal::{self, Place},
    },
};

/// Where something is sealed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Column {
    ClientSecret,
    Verifier,
}

impl Column {
    fn place(self, tenant: TenantId, row: Uuid) -> Place {
        let (table, column) = match self {
            Column::ClientSecret => ("oidc_providers", "client_secret"),
            Column::Verifier => ("oidc_attempts", "verifier"),
        };
        Place {
            table,
            column,
            tenant,
            row,
        }
    }
}

/// Seals for a row of the acting tenant.
pub(super) async fn seal(
    tx: &mut WriteTx,
    column: Column,
    row: impl Into<Uuid>,
    plain: &SecretString,
) -> Result<String> {
    let (conn, actor, inner) = tx.parts();
    let tenant = actor.tenant();
    let key = data_keys::key_for(conn, &inner.wrapping(), tenant, None)
        .await?
        .ok_or_else(|| Error::internal("the key of an organisation was erased"))?;
    let place = column.place(tenant, row.into());
    let plain = plain.expose_secret().as_bytes();
    Ok(seal::seal_with(&key.key, place, plain, inner.chance))
}

/// Opens what was sealed for a row of the acting tenant.
pub(super) async fn open(
    tx: &mut WriteTx,
    column: Column,
    row: impl Into<Uuid>,
    sealed: &str,
) -> Result<SecretString> {
    let (conn, actor, inner) = tx.parts();
    let tenant = actor.tenant();
    let key = data_keys::key_for(conn, &inner.wrapping(), tenant, None).await?;
    let place = column.place(tenant, row.into());
    key.and_then(|key| seal::open_with(&key.key, place, sealed).ok())
        .and_then(|plain| String::from_utf8(plain.to_vec()).ok())
        .map(SecretString::from)
        .ok_or_else(|| Error::internal("what was sealed for a provider does not open"))
}
