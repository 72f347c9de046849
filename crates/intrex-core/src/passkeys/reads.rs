//! What somebody is shown of their own passkeys.

use super::{Passkey, Ways, model::MAX_PASSKEYS, queries};
use crate::{
    App,
    catalogue::keys,
    db::ReadTx,
    error::{Error, Result},
    permission::Permission,
};

/// The reader's own passkeys, the oldest first.
pub async fn list(tx: &mut ReadTx) -> Result<Vec<Passkey>> {
    tx.may(Permission::SessionsOwn)?;
    let person = tx.actor().person_id().ok_or(Error::Forbidden)?;
    let tenant = tx.actor().tenant();
    queries::list(tx.conn(), tenant, person, MAX_PASSKEYS).await
}

/// One of the reader's own.
pub async fn find(tx: &mut ReadTx, id: crate::ids::PasskeyId) -> Result<Passkey> {
    tx.may(Permission::SessionsOwn)?;
    let person = tx.actor().person_id().ok_or(Error::Forbidden)?;
    let tenant = tx.actor().tenant();
    queries::find(tx.conn(), tenant, person, id)
        .await?
        .ok_or(Error::NotFound)
}

/// Fails, with the reason, unless the reader can add one: before a browser has made it.
pub async fn may_add(app: &App, tx: &mut ReadTx) -> Result<()> {
    tx.may(Permission::SessionsOwn)?;
    let person = tx.actor().person_id().ok_or(Error::Forbidden)?;
    let tenant = tx.actor().tenant();
    super::domain(&app.settings)
        .ok_or_else(|| Error::conflict(keys::PASSKEYS_NOT_AT_THIS_ADDRESS))?;
    super::model::room_for_one_more(queries::count(tx.conn(), tenant, person).await?)
}

/// By what the reader can give the second factor.
pub async fn ways(app: &App, tx: &mut ReadTx) -> Result<Ways> {
    tx.may(Permission::SessionsOwn)?;
    let person = tx.actor().person_id().ok_or(Error::Forbidden)?;
    let tenant = tx.actor().tenant();
    super::ways(app, tx.conn(), tenant, person).await
}

/// Whether nothing else opens to the reader before they have a passkey.
pub async fn is_due(app: &App, tx: &mut ReadTx) -> Result<bool> {
    tx.may(Permission::SessionsOwn)?;
    let person = tx.actor().person_id().ok_or(Error::Forbidden)?;
    let tenant = tx.actor().tenant();
    let Some(domain) = super::domain(&app.settings) else {
        return Ok(false);
    };
    let standing = queries::standing(tx.conn(), tenant, person, domain).await?;
    Ok(standing.required && standing.count == 0)
}

/// The host that passkeys are made for here; none where they cannot be used.
pub fn host(app: &App) -> Option<&str> {
    super::domain(&app.settings)
}
