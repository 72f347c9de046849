//! What head office admins, or the operator of the installation, do with connectors. Whatever touches where messages go, or
//! what they prove themselves with, asks for a fresh second factor; stopping asks for none.

use std::collections::BTreeSet;

use secrecy::SecretString;
use serde_json::Value;

use super::{
    input::RawConnector,
    model::{Connector, ConnectorType, DisabledReason, MAX_CONNECTORS, Status},
    opened::SecretName,
    queries::{self, Generation, NewConnector},
    secrets,
};
use crate::{
    Actor, App,
    audit::Event,
    catalogue::{Text, keys},
    channels::webhook,
    db::WriteTx,
    error::{Conflict, Error, Result},
    ids::ConnectorId,
    permission::Permission,
    routes,
};

/// A connector that was made or changed, with the signing secret that was made for it: to be shown once.
#[derive(Debug)]
pub struct Made {
    /// The connector.
    pub connector: Connector,
    /// What was made and not given.
    pub signing_secret: Option<SecretString>,
}

/// Makes a connector. Nothing is sent by it before it was seen to work.
pub async fn create(app: &App, actor: &Actor, raw: &RawConnector) -> Result<Made> {
    may_redirect(app, actor)?;
    let mut facts = raw.parse(app.outgoing.guard())?;
    let kind = facts.config.kind();
    let given = |name| facts.secrets.iter().any(|(known, _)| *known == name);
    let signing_secret = (kind == ConnectorType::Webhook && !given(SecretName::SigningSecret))
        .then(|| webhook::secret_of(app.chance.bytes()));
    if let Some(made) = &signing_secret {
        facts
            .secrets
            .push((SecretName::SigningSecret, made.clone()));
    }
    let (tenant, id) = (actor.tenant(), app.new_id::<ConnectorId>());
    let mut tx = app.db.write(actor).await?;
    if queries::count(tx.conn(), tenant).await? >= MAX_CONNECTORS {
        let text = Text::new(keys::CONNECTOR_TOO_MANY).with("max", MAX_CONNECTORS);
        return Err(Error::conflict(text));
    }
    let now = tx.now();
    let new = NewConnector {
        id,
        kind,
        name: &facts.name,
        config: &facts.config.stored()?,
    };
    queries::insert(tx.conn(), tenant, &new, now)
        .await
        .map_err(taken)?;
    for (name, secret) in &facts.secrets {
        put(&mut tx, id, *name, Generation::Current, secret).await?;
    }
    let connector = found(&mut tx, id).await?;
    let event = told("connector.created", &connector)
        .personal("leads_to", connector.config.leads_to())
        .with("secrets_set", names(&facts.secrets));
    // What is kept for a repeated request is the connector alone.
    tx.commit_answering(vec![event], &connector).await?;
    Ok(Made {
        connector,
        signing_secret,
    })
}

/// Changes a connector; what is left out stays. `seen` is the version that the caller has looked at, if they say. One that
/// leads elsewhere than before waits until it was seen to work.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: ConnectorId,
    raw: &RawConnector,
    seen: Option<i32>,
) -> Result<Connector> {
    may_redirect(app, actor)?;
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let before = locked(&mut tx, id).await?;
    if seen.is_some_and(|seen| seen != before.version) {
        return Err(Error::Conflict(Conflict::Stale));
    }
    let facts = raw.parse_change(&before, app.outgoing.guard())?;
    let config = facts.config.stored()?;
    let changed = changed_fields(&before.config.stored()?, &config);
    let elsewhere = (!changed.is_empty()).then_some(match before.status {
        Status::Disabled => Status::Disabled,
        _ => Status::PendingVerification,
    });
    let now = tx.now();
    queries::update(tx.conn(), tenant, id, &facts.name, &config, elsewhere, now)
        .await
        .map_err(taken)?;
    for (name, secret) in &facts.secrets {
        put(&mut tx, id, *name, Generation::Current, secret).await?;
        if *name == SecretName::SigningSecret {
            // Whoever replaces it outright does not wait for a change that was under way.
            queries::delete_secret(tx.conn(), tenant, id, *name, Some(Generation::Next)).await?;
        }
    }
    if facts.config.has_no_login() {
        queries::delete_secret(tx.conn(), tenant, id, SecretName::Password, None).await?;
    }
    let connector = found(&mut tx, id).await?;
    let event = told("connector.updated", &connector)
        .changed("name", before.name, facts.name)
        .changed(
            "leads_to",
            before.config.leads_to(),
            connector.config.leads_to(),
        )
        .with("fields", changed.into_iter().collect::<Vec<_>>())
        .with("secrets_set", names(&facts.secrets));
    tx.commit_answering(vec![event], &connector).await?;
    Ok(connector)
}

/// Stops sending by a connector, from this moment on.
pub async fn disable(app: &App, actor: &Actor, id: ConnectorId) -> Result<Connector> {
    actor.may(Permission::ConnectorsManage)?;
    let mut tx = app.db.write(actor).await?;
    let before = locked(&mut tx, id).await?;
    if before.status == Status::Disabled {
        return Err(Error::conflict(keys::CONNECTOR_ALREADY_DISABLED));
    }
    let now = tx.now();
    let reason = Some(DisabledReason::ByHand);
    queries::set_status(tx.conn(), actor.tenant(), id, Status::Disabled, reason, now).await?;
    let connector = found(&mut tx, id).await?;
    let event = told("connector.disabled", &connector).with("cause", "by_hand");
    tx.commit_answering(vec![event], &connector).await?;
    Ok(connector)
}

/// Lets a disabled connector go on. One that was never seen to work as it is now waits until it was.
pub async fn enable(app: &App, actor: &Actor, id: ConnectorId) -> Result<Connector> {
    may_redirect(app, actor)?;
    let mut tx = app.db.write(actor).await?;
    let before = locked(&mut tx, id).await?;
    if before.status != Status::Disabled {
        return Err(Error::conflict(keys::CONNECTOR_NOT_DISABLED));
    }
    // What the other side has ended, or what has failed for days, is looked at first.
    let by_hand = before.health.disabled_reason == Some(DisabledReason::ByHand);
    let status = match before.last_verified_at {
        Some(_) if by_hand => Status::Active,
        _ => Status::PendingVerification,
    };
    let now = tx.now();
    queries::set_status(tx.conn(), actor.tenant(), id, status, None, now).await?;
    let connector = found(&mut tx, id).await?;
    let event = told("connector.enabled", &connector).with("status", status.as_str());
    tx.commit_answering(vec![event], &connector).await?;
    Ok(connector)
}

/// Removes a disabled connector and its secrets. What was sent by it still says its name.
pub async fn remove(app: &App, actor: &Actor, id: ConnectorId) -> Result<()> {
    may_redirect(app, actor)?;
    let mut tx = app.db.write(actor).await?;
    let before = locked(&mut tx, id).await?;
    if before.status != Status::Disabled {
        return Err(Error::conflict(keys::CONNECTOR_DISABLE_FIRST));
    }
    let using = routes::names_using(tx.conn(), actor.tenant(), id).await?;
    if !using.is_empty() {
        let text = Text::new(keys::CONNECTOR_USED_BY_ROUTES);
        return Err(Error::conflict(text.with("routes", using.join(", "))));
    }
    let now = tx.now();
    queries::remove(tx.conn(), actor.tenant(), id, now).await?;
    let event = told("connector.removed", &before).personal("leads_to", before.config.leads_to());
    tx.commit(event).await
}

/// Whoever decides where messages go, and as whom they are sent, has given the second factor a short time ago.
pub(super) fn may_redirect(app: &App, actor: &Actor) -> Result<()> {
    actor.may(Permission::ConnectorsManage)?;
    actor.must_be_fresh(app.now())
}

/// The connector, locked.
pub(super) async fn locked(tx: &mut WriteTx, id: ConnectorId) -> Result<Connector> {
    let tenant = tx.actor().tenant();
    if !queries::lock(tx.conn(), tenant, id).await? {
        return Err(Error::NotFound);
    }
    found(tx, id).await
}

pub(super) async fn found(tx: &mut WriteTx, id: ConnectorId) -> Result<Connector> {
    let tenant = tx.actor().tenant();
    let found = queries::connectors(tx.conn(), tenant, Some(id)).await?;
    found.into_iter().next().ok_or(Error::NotFound)
}

/// Seals and keeps a secret.
pub(super) async fn put(
    tx: &mut WriteTx,
    id: ConnectorId,
    name: SecretName,
    generation: Generation,
    secret: &SecretString,
) -> Result<()> {
    let sealed = secrets::seal(tx, id, name, secret).await?;
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    queries::put_secret(tx.conn(), tenant, id, name, generation, &sealed, now).await
}

pub(super) fn told(action: &'static str, connector: &Connector) -> Event {
    Event::new("connector", action)
        .on("connector", connector.id)
        .with("type", connector.kind.as_str())
        .summary(connector.name.clone())
}

fn names(secrets: &[(SecretName, SecretString)]) -> Vec<&'static str> {
    secrets.iter().map(|(name, _)| name.as_str()).collect()
}

/// The fields that are not what they were.
fn changed_fields(before: &Value, after: &Value) -> BTreeSet<String> {
    let members = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let (before, after) = (members(before), members(after));
    let names = before.keys().chain(after.keys());
    names
        .filter(|name| before.get(*name) != after.get(*name))
        .cloned()
        .collect()
}

fn taken(error: sqlx::Error) -> Error {
    match Error::constraint(&error) {
        Some("connectors_name") => Error::invalid("name", keys::ERROR_FIELD_TAKEN),
        _ => error.into(),
    }
}
