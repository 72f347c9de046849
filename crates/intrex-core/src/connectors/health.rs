//! What whoever sends by a connector records about it.

use super::{commands::told, config::Config, queries};
use crate::{
    Actor, App,
    error::{Error, Result},
    ids::ConnectorId,
    permission::Permission,
};

/// A group of Telegram has another id, as Telegram has said: everything after this goes there. Nothing is done if somebody
/// has changed the connector meanwhile. The connector's version after it.
pub async fn moved(
    app: &App,
    actor: &Actor,
    id: ConnectorId,
    version: i32,
    chat_id: &str,
) -> Result<Option<i32>> {
    // The worker while it sends, and whoever looks whether it works.
    actor
        .may(Permission::ConnectorsUpkeep)
        .or_else(|_| actor.may(Permission::ConnectorsManage))?;
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let found = queries::connectors(tx.conn(), tenant, Some(id)).await?;
    let mut connector = found.into_iter().next().ok_or(Error::NotFound)?;
    let Config::TelegramBot(config) = &mut connector.config else {
        return Ok(None);
    };
    let before = std::mem::replace(&mut config.chat_id, chat_id.to_owned());
    let stored = connector.config.stored()?;
    let now = tx.now();
    if !queries::set_config(tx.conn(), tenant, id, version, &stored, now).await? {
        return Ok(None);
    }
    let event = told("connector.moved", &connector).changed("chat_id", before, chat_id);
    tx.commit(event).await?;
    Ok(Some(version + 1))
}
