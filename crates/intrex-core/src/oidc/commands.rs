//! What a head office admin, or the operator of the installation, does to identity providers. All of it asks for a fresh
//! second factor: whoever decides which provider is believed decides who gets in.

use secrecy::SecretString;

use super::{
    directory::{self, Which},
    input::RawProvider,
    model::{MAX_PROVIDERS, Provider, redirect_uri},
    queries::{self, NewProvider},
    secrets::{self, Column},
};
use crate::{
    Actor, App,
    audit::Event,
    catalogue::{Text, keys},
    db::WriteTx,
    error::{Conflict, Error, Result},
    ids::ProviderId,
    permission::Permission,
};

/// Configures a provider. Nobody signs in by it before it is enabled.
pub async fn configure(app: &App, actor: &Actor, raw: &RawProvider) -> Result<Provider> {
    may(app, actor)?;
    let facts = raw.parse(None)?;
    let secret = facts
        .client_secret
        .unwrap_or_else(|| SecretString::from(String::new()));
    let (tenant, id) = (actor.tenant(), app.new_id::<ProviderId>());
    let mut tx = app.db.write(actor).await?;
    if queries::count(tx.conn(), tenant).await? >= MAX_PROVIDERS {
        let text = Text::new(keys::OIDC_TOO_MANY_PROVIDERS).with("max", MAX_PROVIDERS);
        return Err(Error::conflict(text));
    }
    let sealed = secrets::seal(&mut tx, Column::ClientSecret, id, &secret).await?;
    let new = NewProvider {
        id,
        name: &facts.name,
        issuer: &facts.issuer,
        client_id: &facts.client_id,
        client_secret: &sealed,
    };
    let now = tx.now();
    queries::insert(tx.conn(), tenant, &new, now)
        .await
        .map_err(|error| match Error::constraint(&error) {
            Some("oidc_providers_issuer") => Error::invalid("issuer", keys::ERROR_FIELD_TAKEN),
            _ => error.into(),
        })?;
    let provider = found(app, &mut tx, id).await?;
    let event = told("oidc.configured", &provider)
        .personal("issuer", provider.issuer.clone())
        .personal("client_id", provider.client_id.clone())
        .with("secret_set", true);
    tx.commit_answering(vec![event], &provider).await?;
    Ok(provider)
}

/// Changes a provider; fields that are left out stay. `seen` is the version that the caller has looked at, if they say.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: ProviderId,
    raw: &RawProvider,
    seen: Option<i32>,
) -> Result<Provider> {
    may(app, actor)?;
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let before = locked(app, &mut tx, id).await?;
    if seen.is_some_and(|seen| seen != before.version) {
        return Err(Error::Conflict(Conflict::Stale));
    }
    let facts = raw.parse(Some(&before))?;
    let sealed = match &facts.client_secret {
        Some(secret) => Some(secrets::seal(&mut tx, Column::ClientSecret, id, secret).await?),
        None => None,
    };
    let now = tx.now();
    queries::update(
        tx.conn(),
        tenant,
        id,
        &facts.name,
        &facts.client_id,
        sealed.as_deref(),
        now,
    )
    .await?;
    let provider = found(app, &mut tx, id).await?;
    let event = told("oidc.configured", &provider)
        .changed("name", before.name, facts.name)
        .changed("client_id", before.client_id, facts.client_id)
        .with("secret_set", sealed.is_some());
    tx.commit_answering(vec![event], &provider).await?;
    Ok(provider)
}

/// Lets people sign in by a provider: one that answers, and to which a proven domain leads.
pub async fn enable(app: &App, actor: &Actor, id: ProviderId) -> Result<Provider> {
    may(app, actor)?;
    let tenant = actor.tenant();
    let mut tx = app.db.read(actor).await?;
    let before = super::reads::get(app, &mut tx, id).await?;
    tx.finish().await?;
    must_have_proven(&before)?;
    let which = Which {
        tenant,
        id,
        issuer: &before.issuer,
    };
    directory::look_anew(app, which)
        .await
        .map_err(|_| Error::conflict(keys::OIDC_PROVIDER_UNREACHABLE))?;
    let mut tx = app.db.write(actor).await?;
    let before = locked(app, &mut tx, id).await?;
    must_have_proven(&before)?;
    if before.enabled {
        return Err(Error::conflict(keys::OIDC_ALREADY_ENABLED));
    }
    let now = tx.now();
    queries::set_enabled(tx.conn(), tenant, id, Some(now), now).await?;
    let provider = found(app, &mut tx, id).await?;
    let event = told("oidc.enabled", &provider);
    tx.commit_answering(vec![event], &provider).await?;
    Ok(provider)
}

/// Lets nobody sign in by a provider any more, from this moment on. Who is signed in stays so: their second factor was
/// Intrex's own.
pub async fn disable(app: &App, actor: &Actor, id: ProviderId) -> Result<Provider> {
    may(app, actor)?;
    let mut tx = app.db.write(actor).await?;
    let before = locked(app, &mut tx, id).await?;
    if !before.enabled {
        return Err(Error::conflict(keys::OIDC_NOT_ENABLED));
    }
    let now = tx.now();
    queries::set_enabled(tx.conn(), actor.tenant(), id, None, now).await?;
    let provider = found(app, &mut tx, id).await?;
    let event = told("oidc.disabled", &provider);
    tx.commit_answering(vec![event], &provider).await?;
    Ok(provider)
}

/// Removes a provider that is disabled, with its domains and with what people have linked.
pub async fn remove(app: &App, actor: &Actor, id: ProviderId) -> Result<()> {
    may(app, actor)?;
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let before = locked(app, &mut tx, id).await?;
    if before.enabled {
        return Err(Error::conflict(keys::OIDC_DISABLE_FIRST));
    }
    let identities = queries::count_identities(tx.conn(), tenant, id).await?;
    queries::delete(tx.conn(), tenant, id).await?;
    let event = told("oidc.removed", &before)
        .personal("issuer", before.issuer.clone())
        .with("identities", identities);
    tx.commit(event).await
}

fn must_have_proven(provider: &Provider) -> Result<()> {
    match provider.domains.iter().any(|d| d.proven_at.is_some()) {
        true => Ok(()),
        false => Err(Error::conflict(keys::OIDC_PROVE_A_DOMAIN_FIRST)),
    }
}

pub(super) fn may(app: &App, actor: &Actor) -> Result<()> {
    actor.may(Permission::OidcManage)?;
    actor.must_be_fresh(app.now())
}

/// The provider, locked.
pub(super) async fn locked(app: &App, tx: &mut WriteTx, id: ProviderId) -> Result<Provider> {
    let tenant = tx.actor().tenant();
    if !queries::lock(tx.conn(), tenant, id).await? {
        return Err(Error::NotFound);
    }
    found(app, tx, id).await
}

pub(super) async fn found(app: &App, tx: &mut WriteTx, id: ProviderId) -> Result<Provider> {
    let tenant = tx.actor().tenant();
    let found = queries::providers(tx.conn(), tenant, Some(id), &redirect_uri(app)).await?;
    found.into_iter().next().ok_or(Error::NotFound)
}

pub(super) fn told(action: &'static str, provider: &Provider) -> Event {
    Event::new("security", action)
        .on("oidc_provider", provider.id)
        .summary(provider.name.clone())
}
