//! An identity provider in the place of the password. What it leads to is what a right password leads to: a provisional
//! session that awaits Intrex's own second factor. Somebody who has none yet sets it up after their password, so that it
//! is never the provider alone who says where codes come from.

use super::{
    methods::First,
    model::{Stage, Started},
    queries,
    sign_in::begin_provisional,
};
use crate::{
    Actor, App,
    actor::Request,
    audit::Event,
    error::Result,
    ids::{PersonId, ProviderId, TenantId},
    oidc::queries::use_identity,
};

/// What the word of a provider led to.
#[derive(Debug)]
pub(crate) enum ByProvider {
    /// A provisional session.
    Started(Started),
    /// Nobody has linked this identity, or people do not sign in by the provider.
    NotLinked,
    /// This person cannot sign in, or not in this way yet.
    NotActive(PersonId),
}

/// Begins a session of whom the provider means.
pub(crate) async fn sign_in_by_provider(
    app: &App,
    request: Request,
    tenant: TenantId,
    provider: ProviderId,
    subject: &str,
) -> Result<ByProvider> {
    let nobody = Actor::anonymous(tenant, request);
    let mut tx = app.db.write(&nobody).await?;
    let now = tx.now();
    let Some(person) = use_identity(tx.conn(), tenant, provider, subject, now).await? else {
        return Ok(ByProvider::NotLinked);
    };
    // Whoever is disabled at this moment, or loses the factor, is so before or after it.
    queries::lock_person(tx.conn(), tenant, person).await?;
    let account = queries::find_account(tx.conn(), tenant, person).await?;
    if !account.is_some_and(|account| account.can_sign_in && account.mfa_enrolled) {
        return Ok(ByProvider::NotActive(person));
    }
    let stage = Stage::MfaVerify;
    let begun = begin_provisional(app, &mut tx, person, stage, First::Provider).await?;
    let event = Event::new("session", "session.provider_accepted")
        .on("person", person)
        .about(person)
        .with("session_id", begun.id.to_string())
        .with("provider_id", provider.to_string());
    tx.commit(event).await?;
    begun
        .started(app, tenant, person, stage)
        .map(ByProvider::Started)
}
