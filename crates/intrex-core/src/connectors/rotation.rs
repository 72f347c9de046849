//! Another signing secret for a webhook, without losing a message: it stands beside the present one, messages are signed by
//! both, and it takes the present one's place by hand, or by itself a day later.

use secrecy::SecretString;

use super::{
    commands::{Made, found, locked, may_redirect, put, told},
    input::RawRotation,
    model::{Connector, ConnectorType, OVERLAP},
    opened::SecretName,
    queries::{self, Generation},
};
use crate::{
    Actor, App,
    catalogue::keys,
    channels::webhook,
    db::WriteTx,
    error::{Error, Result},
    ids::ConnectorId,
    permission::Permission,
};

const NAME: SecretName = SecretName::SigningSecret;

/// Sets another signing secret beside the present one. One that was set before and has not taken its place yet is replaced.
pub async fn rotate(app: &App, actor: &Actor, id: ConnectorId, raw: &RawRotation) -> Result<Made> {
    may_redirect(app, actor)?;
    let given = raw.parse()?;
    let made: Option<SecretString> = given
        .is_none()
        .then(|| webhook::secret_of(app.chance.bytes()));
    let mut tx = app.db.write(actor).await?;
    let before = locked(&mut tx, id).await?;
    must_sign(&before)?;
    if let Some(secret) = given.as_ref().or(made.as_ref()) {
        put(&mut tx, id, NAME, Generation::Next, secret).await?;
    }
    let connector = touched(&mut tx, id).await?;
    let event = told("connector.secret_rotated", &connector).with("made_here", made.is_some());
    tx.commit_answering(vec![event], &connector).await?;
    Ok(Made {
        connector,
        signing_secret: made,
    })
}

/// The next signing secret takes the place of the present one, which signs nothing any more.
pub async fn promote(app: &App, actor: &Actor, id: ConnectorId) -> Result<Connector> {
    may_redirect(app, actor)?;
    let mut tx = app.db.write(actor).await?;
    let before = locked(&mut tx, id).await?;
    must_sign(&before)?;
    let state = before.secrets.get(NAME.as_str());
    if state.is_none_or(|state| state.next_set_at.is_none()) {
        return Err(Error::conflict(keys::CONNECTOR_NOTHING_TO_PROMOTE));
    }
    queries::promote_secret(tx.conn(), actor.tenant(), id, NAME).await?;
    let connector = touched(&mut tx, id).await?;
    let event = told("connector.secret_promoted", &connector).with("cause", "by_hand");
    tx.commit_answering(vec![event], &connector).await?;
    Ok(connector)
}

/// Writes down what has come about by itself: secrets that stood beside another one for a day have taken its place.
pub(crate) async fn promote_overdue(app: &App, actor: &Actor) -> Result<u64> {
    actor.may(Permission::ConnectorsUpkeep)?;
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let before = tx.now() - OVERLAP;
    let overdue = queries::overdue(tx.conn(), tenant, before).await?;
    let mut events = Vec::new();
    for id in overdue {
        let Ok(connector) = locked(&mut tx, id).await else {
            continue;
        };
        queries::promote_secret(tx.conn(), tenant, id, NAME).await?;
        touched(&mut tx, id).await?;
        events.push(told("connector.secret_promoted", &connector).with("cause", "overlap_ended"));
    }
    let promoted = events.len() as u64;
    match events.is_empty() {
        true => tx.commit_unaudited("nothing was written").await?,
        false => tx.commit_all(events).await?,
    }
    Ok(promoted)
}

fn must_sign(connector: &Connector) -> Result<()> {
    match connector.kind {
        ConnectorType::Webhook => Ok(()),
        _ => Err(Error::conflict(keys::CONNECTOR_SIGNS_NOTHING)),
    }
}

async fn touched(tx: &mut WriteTx, id: ConnectorId) -> Result<Connector> {
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    queries::touch(tx.conn(), tenant, id, now).await?;
    found(tx, id).await
}
