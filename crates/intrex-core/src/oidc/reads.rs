//! What is shown of identity providers: to admins how they are configured, to everybody their own identities.

use super::{
    model::{Identity, MAX_PROVIDERS, Provider, ProviderName, redirect_uri},
    queries,
};
use crate::{
    App,
    db::ReadTx,
    error::{Error, Result},
    ids::ProviderId,
    permission::Permission,
};

/// The organisation's providers, by name.
pub async fn list(app: &App, tx: &mut ReadTx) -> Result<Vec<Provider>> {
    tx.may(Permission::OidcManage)?;
    let tenant = tx.actor().tenant();
    queries::providers(tx.conn(), tenant, None, &redirect_uri(app)).await
}

/// One of them.
pub async fn get(app: &App, tx: &mut ReadTx, id: ProviderId) -> Result<Provider> {
    tx.may(Permission::OidcManage)?;
    let tenant = tx.actor().tenant();
    let found = queries::providers(tx.conn(), tenant, Some(id), &redirect_uri(app)).await?;
    found.into_iter().next().ok_or(Error::NotFound)
}

/// Where providers are told to send people back to.
pub fn callback(app: &App) -> String {
    redirect_uri(app)
}

/// The reader's own identities, by provider.
pub async fn identities(tx: &mut ReadTx) -> Result<Vec<Identity>> {
    tx.may(Permission::SessionsOwn)?;
    let person = tx.actor().person_id().ok_or(Error::Forbidden)?;
    let tenant = tx.actor().tenant();
    queries::identities(tx.conn(), tenant, person, MAX_PROVIDERS).await
}

/// The providers by which the reader could sign in, and does not yet.
pub async fn linkable(tx: &mut ReadTx) -> Result<Vec<ProviderName>> {
    let own = identities(tx).await?;
    let tenant = tx.actor().tenant();
    let mut enabled = queries::enabled_names(tx.conn(), tenant, MAX_PROVIDERS).await?;
    enabled.retain(|provider| {
        own.iter()
            .all(|identity| identity.provider_id != provider.id)
    });
    Ok(enabled)
}
