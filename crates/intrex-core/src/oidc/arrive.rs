//! The way back from a provider. The attempt is used up before anything else is done with the answer; the code is exchanged at
//! the attempt's own provider; and who the token speaks of is looked up by issuer and subject. Whatever goes wrong is told in
//! the log with its reason, and to the person in one sentence that is always the same.

use std::pin::Pin;

use openidconnect::{
    AsyncHttpClient, AuthorizationCode, ClientId, ClientSecret, HttpRequest, HttpResponse,
    PkceCodeVerifier, RedirectUrl, RequestTokenError, TokenResponse as _,
    core::{CoreClient, CoreClientAuthMethod, CoreIdToken},
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    depart::hash,
    directory::{self, Known, Which},
    identities,
    model::redirect_uri,
    queries::{self, Attempt, Client},
    reason::Reason,
    secrets::{self, Column},
    token::{self, Expected, Fault},
};
use crate::{
    Actor, App,
    actor::Request,
    audit::Event,
    error::Result,
    ids::{PersonId, TenantId},
    outside::http::{Limits, Outgoing, OutgoingError},
    sessions::{ByProvider, Started, counters, sign_in_by_provider},
    vault::opaque::{self, Kind, Presented},
};

/// The longest code, state or issuer that is looked at, in bytes.
const MAX_VALUE: usize = 4 * 1024;

/// What a provider sends a browser back with.
#[derive(Debug, Clone, Default)]
pub struct Arrival {
    /// What we gave the browser along.
    pub state: Option<String>,
    /// What is exchanged for a token.
    pub code: Option<SecretString>,
    /// That it did not come to that, in a word of the provider's.
    pub error: Option<String>,
    /// Whose answer it is (RFC 9207).
    pub iss: Option<String>,
}

/// What an answer led to.
#[derive(Debug)]
pub enum Returned {
    /// To a session that awaits its second factor.
    Started {
        /// Its cookie, and what comes next.
        started: Started,
        /// Where the person wanted to go.
        next: Option<String>,
    },
    /// The person who is signed in has linked who they are there.
    Linked,
    /// To nothing, while somebody was signing in.
    Refused,
    /// To nothing, while somebody who is signed in was linking.
    NotLinked,
}

/// A failure, as the log has it.
struct Failed {
    reason: Reason,
    person: Option<PersonId>,
}

impl From<Reason> for Failed {
    fn from(reason: Reason) -> Self {
        Failed {
            reason,
            person: None,
        }
    }
}

/// Takes a provider's answer. `cookie` is the one that the browser was sent with, `session` who is signed in there.
pub async fn arrive(
    app: &App,
    request: &Request,
    cookie: Option<&str>,
    arrival: &Arrival,
    session: Option<&Actor>,
) -> Result<Returned> {
    let presented = cookie.and_then(|cookie| opaque::parse(Kind::ProviderAttempt, cookie));
    let Some(presented) = presented else {
        tell_nobodys(app, request).await?;
        return Ok(Returned::Refused);
    };
    let tenant = presented.tenant;
    let Some(attempt) = take(app, request, &presented, arrival).await? else {
        return Ok(Returned::Refused);
    };
    let linking = attempt.session.is_some();
    let subject = match ask(app, request, tenant, &attempt, arrival, session).await? {
        Ok(subject) => subject,
        Err(reason) => {
            return refuse(app, request, tenant, &attempt, reason.into()).await;
        }
    };
    let failed = match (linking, session) {
        (true, Some(actor)) => {
            match identities::link(app, actor, attempt.provider, &subject).await? {
                Ok(()) => return Ok(Returned::Linked),
                Err(reason) => reason.into(),
            }
        }
        (true, None) => Reason::OtherSession.into(),
        (false, _) => {
            let (request, provider) = (request.clone(), attempt.provider);
            match sign_in_by_provider(app, request, tenant, provider, &subject).await? {
                ByProvider::Started(started) => {
                    let next = attempt.next;
                    return Ok(Returned::Started { started, next });
                }
                ByProvider::NotLinked => Reason::NotLinked.into(),
                ByProvider::NotActive(person) => Failed {
                    reason: Reason::NotActive,
                    person: Some(person),
                },
            }
        }
    };
    refuse(app, request, tenant, &attempt, failed).await
}

/// Uses the browser's attempt up, if the answer belongs to it.
async fn take(
    app: &App,
    request: &Request,
    presented: &Presented,
    arrival: &Arrival,
) -> Result<Option<Attempt>> {
    let tenant = presented.tenant;
    let state = short(arrival.state.as_deref()).unwrap_or_default();
    let nobody = Actor::anonymous(tenant, request.clone());
    let mut tx = app.db.write(&nobody).await?;
    let now = tx.now();
    let cookie = &presented.hash;
    let taken = queries::use_attempt(tx.conn(), tenant, cookie, &hash(state), now).await?;
    if taken.is_some() {
        tx.commit_unaudited("what the answer leads to is told")
            .await?;
        return Ok(taken);
    }
    // Somebody's answer in the browser of somebody who is on their way: that is for their organisation to know.
    if queries::is_under_way(tx.conn(), tenant, cookie, now).await? {
        tx.commit(told(Reason::State)).await?;
    } else {
        tx.commit_unaudited("nothing was written").await?;
        tell_nobodys(app, request).await?;
    }
    Ok(None)
}

/// The subject of whom the provider speaks.
async fn ask(
    app: &App,
    request: &Request,
    tenant: TenantId,
    attempt: &Attempt,
    arrival: &Arrival,
    session: Option<&Actor>,
) -> Result<std::result::Result<String, Reason>> {
    let same_session = attempt.session.is_none()
        || session
            .is_some_and(|actor| actor.tenant() == tenant && actor.session_id() == attempt.session);
    if !same_session {
        return Ok(Err(Reason::OtherSession));
    }
    let nobody = Actor::anonymous(tenant, request.clone());
    let mut tx = app.db.write(&nobody).await?;
    let client = queries::enabled_client(tx.conn(), tenant, attempt.provider).await?;
    let Some(client) = client else {
        return Ok(Err(Reason::Disabled));
    };
    let verifier = secrets::open(&mut tx, Column::Verifier, attempt.id, &attempt.verifier).await?;
    let (provider, sealed) = (attempt.provider, &client.client_secret);
    let secret = secrets::open(&mut tx, Column::ClientSecret, provider, sealed).await?;
    tx.commit_unaudited("nothing was written").await?;
    let asked = Asked {
        which: Which {
            tenant,
            id: attempt.provider,
            issuer: &client.issuer,
        },
        client: &client,
        secret,
        verifier,
        attempt,
    };
    Ok(subject(app, asked, arrival).await)
}

/// What an answer is understood with.
struct Asked<'a> {
    which: Which<'a>,
    client: &'a Client,
    secret: SecretString,
    verifier: SecretString,
    attempt: &'a Attempt,
}

async fn subject(
    app: &App,
    asked: Asked<'_>,
    arrival: &Arrival,
) -> std::result::Result<String, Reason> {
    let (which, attempt) = (asked.which, asked.attempt);
    let known = directory::look_up(app, which).await?;
    let besides = known.metadata.additional_metadata();
    let is_promised = besides.authorization_response_iss_parameter_supported;
    // Errors name their issuer too: another provider's refusal must not end what this one was asked.
    match arrival.iss.as_deref() {
        Some(iss) if iss == which.issuer => {}
        None if !is_promised => {}
        _ => return Err(Reason::Issuer),
    }
    let code = arrival.code.as_ref().map(SecretString::expose_secret);
    let code = match (short(code), &arrival.error) {
        (Some(code), None) => code.to_owned(),
        _ => return Err(Reason::ProviderRefused),
    };
    let expected = Expected {
        issuer: which.issuer,
        client_id: &asked.client.client_id,
        nonce_hash: &attempt.nonce_hash,
        asked_at: attempt.created_at,
        now: app.now(),
    };
    let token = exchange(app, &known, &asked, code).await?;
    match token::check(&token, known.keys.clone(), &expected) {
        Ok(subject) => Ok(subject),
        Err(Fault::Reason(reason)) => Err(reason),
        Err(Fault::UnknownKey) => {
            let newer = directory::with_newer_keys(app, which, known).await?;
            let newer = newer.ok_or(Reason::TokenSignature)?;
            token::check(&token, newer.keys, &expected).map_err(|fault| match fault {
                Fault::Reason(reason) => reason,
                Fault::UnknownKey => Reason::TokenSignature,
            })
        }
    }
}

/// The guarded way out, as the library calls it.
struct WayOut(Outgoing, Limits);

impl<'c> AsyncHttpClient<'c> for WayOut {
    type Error = OutgoingError;
    type Future =
        Pin<Box<dyn Future<Output = std::result::Result<HttpResponse, OutgoingError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.0.send(request, self.1))
    }
}

/// Exchanges the code at the provider that was asked.
async fn exchange(
    app: &App,
    known: &Known,
    asked: &Asked<'_>,
    code: String,
) -> std::result::Result<CoreIdToken, Reason> {
    let redirect = RedirectUrl::new(redirect_uri(app)).map_err(|_| Reason::Exchange)?;
    let id = ClientId::new(asked.client.client_id.clone());
    let secret = ClientSecret::new(asked.secret.expose_secret().to_owned());
    let metadata = (*known.metadata).clone();
    let methods = metadata.token_endpoint_auth_methods_supported();
    let by_post = methods.is_some_and(|methods| {
        methods.contains(&CoreClientAuthMethod::ClientSecretPost)
            && !methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
    });
    let client = CoreClient::from_provider_metadata(metadata, id, Some(secret))
        .set_redirect_uri(redirect)
        .set_auth_type(match by_post {
            true => openidconnect::AuthType::RequestBody,
            false => openidconnect::AuthType::BasicAuth,
        });
    let way_out = WayOut(app.outgoing.clone(), app.directory.limits());
    let answer = client
        .exchange_code(AuthorizationCode::new(code))
        .map_err(|_| Reason::Exchange)?
        .set_pkce_verifier(PkceCodeVerifier::new(
            asked.verifier.expose_secret().to_owned(),
        ))
        .request_async(&way_out)
        .await
        .map_err(|error| match error {
            RequestTokenError::Request(error) => {
                tracing::warn!(%error, "a provider was not reached");
                Reason::Unreachable
            }
            // What was said in place of a token may repeat the code: it goes to no log.
            RequestTokenError::ServerResponse(_) | RequestTokenError::Other(_) => Reason::Exchange,
            RequestTokenError::Parse(..) => Reason::TokenMissing,
        })?;
    answer.id_token().cloned().ok_or(Reason::TokenMissing)
}

fn short(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty() && text.len() <= MAX_VALUE)
}

fn told(reason: Reason) -> Event {
    Event::new("security", "OIDC_FAILURE")
        .failed()
        .with("code", reason.as_str())
}

async fn refuse(
    app: &App,
    request: &Request,
    tenant: TenantId,
    attempt: &Attempt,
    failed: Failed,
) -> Result<Returned> {
    let nobody = Actor::anonymous(tenant, request.clone());
    let mut event = told(failed.reason)
        .on("oidc_provider", attempt.provider)
        .with("linking", attempt.session.is_some());
    if let Some(person) = failed.person {
        event = event.about(person);
    }
    app.db.write(&nobody).await?.commit(event).await?;
    Ok(match attempt.session {
        Some(_) => Returned::NotLinked,
        None => Returned::Refused,
    })
}

/// An answer that belongs to no attempt is told on the platform, and as often as the network may ask.
async fn tell_nobodys(app: &App, request: &Request) -> Result<()> {
    if counters::admit_request(app, request).await?.is_some() {
        return Ok(());
    }
    let nobody = Actor::anonymous(TenantId::PLATFORM, request.clone());
    let tx = app.db.write(&nobody).await?;
    tx.commit(told(Reason::NoAttempt)).await
}
