//! Domains of e-mail addresses. One leads to a provider only after a TXT record has shown that the organisation may speak for
//! it: otherwise anybody could have the people of another organisation sent to a provider of their own.

use sqlx::PgConnection;

use super::{
    commands::{found, locked, may, told},
    input::RawDomain,
    model::{CHALLENGE_BYTES, MAX_DOMAINS, Provider, ProviderDomain},
    queries,
};
use crate::{
    Actor, App,
    catalogue::{Text, keys},
    error::{Error, Result},
    ids::{ProviderDomainId, ProviderId},
    outside::http::OutgoingError,
};

/// Adds a domain, which is to be proven.
pub async fn add_domain(
    app: &App,
    actor: &Actor,
    provider: ProviderId,
    raw: &RawDomain,
) -> Result<Provider> {
    may(app, actor)?;
    let domain = raw.parse()?;
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    locked(app, &mut tx, provider).await?;
    if queries::count_domains(tx.conn(), tenant).await? >= MAX_DOMAINS {
        let text = Text::new(keys::OIDC_TOO_MANY_DOMAINS).with("max", MAX_DOMAINS);
        return Err(Error::conflict(text));
    }
    let (id, now) = (app.new_id::<ProviderDomainId>(), tx.now());
    let challenge = hex::encode(app.chance.bytes::<CHALLENGE_BYTES>());
    queries::insert_domain(tx.conn(), tenant, provider, id, &domain, &challenge, now)
        .await
        .map_err(|error| match Error::constraint(&error) {
            Some("oidc_domains_domain_once") => Error::invalid("domain", keys::ERROR_FIELD_TAKEN),
            _ => error.into(),
        })?;
    let provider = found(app, &mut tx, provider).await?;
    let event = told("oidc.domain_added", &provider)
        .with("domain_id", id.to_string())
        .personal("domain", domain);
    tx.commit_answering(vec![event], &provider).await?;
    Ok(provider)
}

/// Looks for the record of a domain, and lets it lead to its provider if it is there. One that somebody else has proven is
/// refused like one without a record: whose customers they are is nobody's affair.
pub async fn prove_domain(app: &App, actor: &Actor, id: ProviderDomainId) -> Result<Provider> {
    may(app, actor)?;
    let mut tx = app.db.read(actor).await?;
    let provider = provider_of(tx.conn(), actor, id).await?;
    let before = super::reads::get(app, &mut tx, provider).await?;
    tx.finish().await?;
    let domain = one(&before, id)?;
    if domain.proven_at.is_some() {
        return Ok(before);
    }
    let texts = match app.outgoing.txt(&domain.record_name).await {
        Ok(texts) => texts,
        Err(OutgoingError::Refused(_)) => Vec::new(),
        Err(_) => return Err(Error::conflict(keys::OIDC_NAMES_NOT_ANSWERED)),
    };
    if !texts.iter().any(|text| text.trim() == domain.record_value) {
        return Err(not_proven(domain));
    }
    let mut tx = app.db.write(actor).await?;
    locked(app, &mut tx, provider).await?;
    let now = tx.now();
    let proven = queries::set_proven(tx.conn(), actor.tenant(), id, now)
        .await
        .map_err(|error| match Error::constraint(&error) {
            Some("oidc_domains_proven") => not_proven(domain),
            _ => error.into(),
        })?;
    let provider = found(app, &mut tx, provider).await?;
    if !proven {
        // Removed, or proven by somebody else of the organisation, while the name servers were asked.
        one(&provider, id)?;
        return Ok(provider);
    }
    let event = told("oidc.domain_proven", &provider)
        .with("domain_id", id.to_string())
        .personal("domain", domain.domain.clone());
    tx.commit_answering(vec![event], &provider).await?;
    Ok(provider)
}

/// Removes a domain. The last one that leads to a provider stays as long as people sign in by it.
pub async fn remove_domain(app: &App, actor: &Actor, id: ProviderDomainId) -> Result<Provider> {
    may(app, actor)?;
    let mut tx = app.db.write(actor).await?;
    let provider = provider_of(tx.conn(), actor, id).await?;
    let before = locked(app, &mut tx, provider).await?;
    let domain = one(&before, id)?;
    let others = before.domains.iter().filter(|other| other.id != id);
    if before.enabled && !others.into_iter().any(|other| other.proven_at.is_some()) {
        return Err(Error::conflict(keys::OIDC_LAST_DOMAIN));
    }
    queries::delete_domain(tx.conn(), actor.tenant(), id).await?;
    let event = told("oidc.domain_removed", &before)
        .with("domain_id", id.to_string())
        .personal("domain", domain.domain.clone());
    let provider = found(app, &mut tx, provider).await?;
    tx.commit_answering(vec![event], &provider).await?;
    Ok(provider)
}

async fn provider_of(
    conn: &mut PgConnection,
    actor: &Actor,
    id: ProviderDomainId,
) -> Result<ProviderId> {
    queries::provider_of(conn, actor.tenant(), id)
        .await?
        .ok_or(Error::NotFound)
}

fn one(provider: &Provider, id: ProviderDomainId) -> Result<&ProviderDomain> {
    let mut domains = provider.domains.iter();
    domains
        .find(|domain| domain.id == id)
        .ok_or(Error::NotFound)
}

fn not_proven(domain: &ProviderDomain) -> Error {
    Error::conflict(
        Text::new(keys::OIDC_DOMAIN_NOT_PROVEN)
            .with("name", domain.record_name.clone())
            .with("value", domain.record_value.clone()),
    )
}
