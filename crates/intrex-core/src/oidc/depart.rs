//! The way to a provider: from a typed address by its domain, and from there with a state, a nonce and a PKCE challenge that
//! belong to this one browser and this one attempt.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use chrono::{DateTime, Utc};
use openidconnect::{
    ClientId, CsrfToken, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    core::{CoreAuthenticationFlow, CoreClient},
};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{
    directory::{self, Known, Which},
    model::{ATTEMPT_LIFETIME, domain_of_address, redirect_uri},
    queries::{self, Client, NewAttempt},
    secrets::{self, Column},
};
use crate::{
    Actor, App,
    actor::Request,
    catalogue::keys,
    error::{Error, Result},
    ids::{ProviderId, SessionId, TenantId},
    permission::Permission,
    sessions::{canonical_typed, counters, devices, seconds_until},
    vault::opaque::{self, Kind},
};

/// Random bytes of state, nonce and verifier.
const RANDOM_BYTES: usize = 32;
/// The longest address to come back to, in bytes.
const MAX_NEXT: usize = 500;

/// Where an address leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Routed {
    /// To this provider.
    Provider(ProviderId),
    /// Nowhere: its domain is not proven, or people do not sign in by its provider.
    Nowhere,
    /// Too many requests of the network, or of the known device.
    Wait {
        /// Seconds until the next one counts.
        retry_after_sec: i64,
    },
}

/// A browser that is sent to a provider.
#[derive(Debug)]
pub struct Departure {
    /// Where to.
    pub url: Url,
    /// The cookie that it comes back with.
    pub cookie: SecretString,
    /// That cookie's `Max-Age`.
    pub max_age_sec: i64,
}

/// What the beginning of a sign-in came to.
#[derive(Debug)]
pub enum Begun {
    /// On to the provider.
    Departure(Box<Departure>),
    /// There is no such provider, people do not sign in by it, or it does not answer: they are not told apart.
    Nowhere,
    /// Too many requests of the network, or of the known device.
    Wait {
        /// Seconds until the next one counts.
        retry_after_sec: i64,
    },
}

/// The provider to which the domain of a typed address leads. Whether anybody has that address is not looked at.
pub async fn route(app: &App, request: &Request, typed: &str) -> Result<Routed> {
    let found = match domain_of_address(&canonical_typed(typed)) {
        None => None,
        Some(domain) => {
            let mut system = app.db.system().await?;
            let found = queries::provider_of_domain(system.conn(), &domain).await?;
            system.commit().await?;
            found
        }
    };
    if let Some(until) = admit(app, request, found.map(|(tenant, _)| tenant)).await? {
        return Ok(Routed::Wait {
            retry_after_sec: seconds_until(until, app.now()),
        });
    }
    let Some((tenant, provider)) = found else {
        return Ok(Routed::Nowhere);
    };
    Ok(match client(app, request, tenant, provider).await? {
        Some(_) => Routed::Provider(provider),
        None => Routed::Nowhere,
    })
}

/// Until when whoever asks has to wait. On the way to an organisation a device that is known there has a lane of its own, and no
/// other: people of another one can make as many known devices as they like.
async fn admit(
    app: &App,
    request: &Request,
    tenant: Option<TenantId>,
) -> Result<Option<DateTime<Utc>>> {
    let device = devices::presented_at(app, request, tenant).await?;
    counters::admit_departure(app, request, device).await
}

/// Sends a browser to a provider. `next` is a path of ours, checked by whoever read it.
pub async fn begin(
    app: &App,
    request: &Request,
    provider: ProviderId,
    next: Option<&str>,
) -> Result<Begun> {
    let mut system = app.db.system().await?;
    let tenant = queries::tenant_of_provider(system.conn(), provider).await?;
    system.commit().await?;
    if let Some(until) = admit(app, request, tenant).await? {
        return Ok(Begun::Wait {
            retry_after_sec: seconds_until(until, app.now()),
        });
    }
    let Some(tenant) = tenant else {
        return Ok(Begun::Nowhere);
    };
    let Some(client) = client(app, request, tenant, provider).await? else {
        return Ok(Begun::Nowhere);
    };
    let which = Which {
        tenant,
        id: provider,
        issuer: &client.issuer,
    };
    let Ok(known) = directory::look_up(app, which).await else {
        return Ok(Begun::Nowhere);
    };
    let nobody = Actor::anonymous(tenant, request.clone());
    let from = From {
        provider,
        session: None,
        next: next.filter(|next| next.len() <= MAX_NEXT),
    };
    let departure = depart(app, &nobody, from, &client, known).await?;
    Ok(Begun::Departure(Box::new(departure)))
}

/// Sends somebody who is signed in to a provider, to link who they are there. The answer counts in this session alone.
pub async fn begin_linking(app: &App, actor: &Actor, provider: ProviderId) -> Result<Departure> {
    actor.may(Permission::SessionsOwn)?;
    actor.must_be_fresh(app.now())?;
    let session = actor.session_id().ok_or(Error::Forbidden)?;
    actor.person_id().ok_or(Error::Forbidden)?;
    let tenant = actor.tenant();
    let mut tx = app.db.read(actor).await?;
    let linkable = super::reads::linkable(&mut tx).await?;
    let client = queries::enabled_client(tx.conn(), tenant, provider).await?;
    tx.finish().await?;
    let client = client.ok_or(Error::NotFound)?;
    if linkable.iter().all(|linkable| linkable.id != provider) {
        return Err(Error::conflict(keys::IDENTITY_ONE_A_PROVIDER));
    }
    let which = Which {
        tenant,
        id: provider,
        issuer: &client.issuer,
    };
    let known = directory::look_up(app, which)
        .await
        .map_err(|_| Error::conflict(keys::OIDC_PROVIDER_UNREACHABLE))?;
    let from = From {
        provider,
        session: Some(session),
        next: None,
    };
    depart(app, actor, from, &client, known).await
}

/// What an attempt begins from.
#[derive(Debug, Clone, Copy)]
struct From<'a> {
    provider: ProviderId,
    session: Option<SessionId>,
    next: Option<&'a str>,
}

async fn client(
    app: &App,
    request: &Request,
    tenant: TenantId,
    provider: ProviderId,
) -> Result<Option<Client>> {
    let mut tx = app.db.authenticate(tenant, request.clone()).await?;
    let client = queries::enabled_client(tx.conn(), tenant, provider).await?;
    tx.finish().await?;
    Ok(client)
}

async fn depart(
    app: &App,
    actor: &Actor,
    from: From<'_>,
    client: &Client,
    known: Known,
) -> Result<Departure> {
    let random = || B64.encode(app.chance.bytes::<RANDOM_BYTES>());
    let (state, nonce, verifier) = (random(), random(), SecretString::from(random()));
    let (cookie, cookie_hash) = opaque::mint(Kind::ProviderAttempt, actor.tenant(), app.chance);
    let id = app.chance.uuid(app.now());
    let mut tx = app.db.write(actor).await?;
    let now = tx.now();
    let sealed = secrets::seal(&mut tx, Column::Verifier, id, &verifier).await?;
    let new = NewAttempt {
        id,
        provider: from.provider,
        cookie_hash,
        state_hash: hash(&state),
        nonce_hash: hash(&nonce),
        verifier: &sealed,
        session: from.session,
        next: from.next,
        expires_at: now + ATTEMPT_LIFETIME,
    };
    queries::insert_attempt(tx.conn(), actor.tenant(), &new, now).await?;
    tx.commit_unaudited("nobody has shown anything yet: what the answer leads to is told")
        .await?;
    let verifier = PkceCodeVerifier::new(verifier.expose_secret().to_owned());
    let metadata = (*known.metadata).clone();
    let client_id = ClientId::new(client.client_id.clone());
    let redirect = RedirectUrl::new(redirect_uri(app)).map_err(Error::internal)?;
    let (url, _, _) = CoreClient::from_provider_metadata(metadata, client_id, None)
        .set_redirect_uri(redirect)
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            || CsrfToken::new(state),
            || Nonce::new(nonce),
        )
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
        .url();
    Ok(Departure {
        url,
        cookie,
        max_age_sec: ATTEMPT_LIFETIME.num_seconds(),
    })
}

/// What is stored of something random.
pub(super) fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
