//! What providers publish about themselves: where they ask people to sign in, where codes are exchanged, and their public
//! keys. It is fetched by the guarded way out, checked, and remembered by this process for a while. An issuer is for good,
//! so that nothing of it goes stale when a provider is configured anew.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::{
    AdditionalProviderMetadata, IssuerUrl, ProviderMetadata,
    core::{
        CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType,
        CoreJsonWebKey, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm,
        CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType,
        CoreSubjectIdentifierType,
    },
};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{keys, model::is_encrypted, reason::Reason};
use crate::{
    App,
    ids::{ProviderId, TenantId},
    outside::http::Limits,
};

/// For how long what a provider has published is believed.
const BELIEVED_FOR: TimeDelta = TimeDelta::hours(1);
/// How often the keys are asked for again because a token names one that is not known.
const KEYS_AGAIN_AFTER: TimeDelta = TimeDelta::seconds(60);
/// For how long a provider that did not answer is left alone.
const LEFT_ALONE_FOR: TimeDelta = TimeDelta::seconds(15);
/// Providers that are remembered.
const MAX_REMEMBERED: usize = 1_000;
/// What one request to a provider may cost. People wait for it.
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    total: Duration::from_secs(10),
    body_bytes: 256 * 1024,
};

/// What the standard's document may say besides (RFC 9207).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Besides {
    /// Whether every answer names its issuer.
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for Besides {}

/// The document that a provider publishes.
pub(super) type Metadata = ProviderMetadata<
    Besides,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// What is known of a provider.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub metadata: Arc<Metadata>,
    pub keys: CoreJsonWebKeySet,
    read_at: DateTime<Utc>,
    keys_read_at: DateTime<Utc>,
}

/// A provider, as it is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Which<'a> {
    pub tenant: TenantId,
    pub id: ProviderId,
    pub issuer: &'a str,
}

/// What this process remembers of providers, and how long it waits for one.
#[derive(Debug)]
pub struct Directory {
    remembered: Mutex<HashMap<(TenantId, ProviderId), Remembered>>,
    limits: Limits,
}

impl Default for Directory {
    fn default() -> Self {
        Self::with_limits(LIMITS)
    }
}

#[derive(Debug, Clone)]
enum Remembered {
    Known(Box<Known>),
    /// It did not answer at this time, or not with what can be used.
    Silent(DateTime<Utc>),
}

impl Directory {
    /// One that waits so long for a provider, and reads so much of what it answers.
    pub fn with_limits(limits: Limits) -> Self {
        Directory {
            remembered: Mutex::default(),
            limits,
        }
    }

    /// What one request to a provider may cost.
    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    fn all(&self) -> MutexGuard<'_, HashMap<(TenantId, ProviderId), Remembered>> {
        self.remembered
            .lock()
            .unwrap_or_else(|broken| broken.into_inner())
    }

    fn get(&self, which: Which<'_>) -> Option<Remembered> {
        let all = self.all();
        all.get(&(which.tenant, which.id)).cloned()
    }

    fn put(&self, which: Which<'_>, remembered: Remembered) {
        let mut all = self.all();
        if all.len() >= MAX_REMEMBERED {
            all.clear();
        }
        all.insert((which.tenant, which.id), remembered);
    }
}

/// What a provider has published, an hour ago at most.
pub(super) async fn look_up(app: &App, which: Which<'_>) -> Result<Known, Reason> {
    let now = app.now();
    match app.directory.get(which) {
        Some(Remembered::Known(known)) if (now - known.read_at).abs() < BELIEVED_FOR => {
            return Ok(*known);
        }
        Some(Remembered::Silent(at)) if (now - at).abs() < LEFT_ALONE_FOR => {
            return Err(Reason::Unreachable);
        }
        _ => {}
    }
    let found = fetch(app, which.issuer).await;
    let remembered = match &found {
        Ok(known) => Remembered::Known(Box::new(known.clone())),
        Err(_) => Remembered::Silent(now),
    };
    app.directory.put(which, remembered);
    found
}

/// The same asked anew, whatever is remembered: when an admin waits for the answer.
pub(super) async fn look_anew(app: &App, which: Which<'_>) -> Result<(), Reason> {
    let known = fetch(app, which.issuer).await?;
    let remembered = Remembered::Known(Box::new(known));
    app.directory.put(which, remembered);
    Ok(())
}

/// The same with newer keys, because a token names one that is not known. None if they were read a short time ago: whoever
/// makes tokens up must not make us ask for keys as often as they like.
pub(super) async fn with_newer_keys(
    app: &App,
    which: Which<'_>,
    known: Known,
) -> Result<Option<Known>, Reason> {
    let now = app.now();
    // Another sign-in may have read them meanwhile.
    let known = match app.directory.get(which) {
        Some(Remembered::Known(newer)) if newer.keys_read_at > known.keys_read_at => {
            return Ok(Some(*newer));
        }
        _ => known,
    };
    if (now - known.keys_read_at).abs() < KEYS_AGAIN_AFTER {
        return Ok(None);
    }
    let newer = Known {
        keys: fetch_keys(app, &known.metadata).await?,
        keys_read_at: now,
        ..known
    };
    let remembered = Remembered::Known(Box::new(newer.clone()));
    app.directory.put(which, remembered);
    Ok(Some(newer))
}

async fn fetch(app: &App, issuer: &str) -> Result<Known, Reason> {
    let now = app.now();
    let at = IssuerUrl::new(issuer.to_owned())
        .and_then(|issuer| issuer.join(".well-known/openid-configuration"))
        .map_err(|_| Reason::Unreachable)?;
    let body = get(app, &at).await?;
    let metadata = read(&body, issuer).ok_or_else(|| {
        tracing::warn!("a provider's document cannot be used");
        Reason::Unreachable
    })?;
    let keys = fetch_keys(app, &metadata).await?;
    Ok(Known {
        metadata: Arc::new(metadata),
        keys,
        read_at: now,
        keys_read_at: now,
    })
}

/// The document, if it is this issuer's and everything in it that is asked later is encrypted.
fn read(body: &[u8], issuer: &str) -> Option<Metadata> {
    let metadata: Metadata = serde_json::from_slice(body).ok()?;
    let endpoints = [
        Some(metadata.authorization_endpoint().url()),
        metadata.token_endpoint().map(|endpoint| endpoint.url()),
        Some(metadata.jwks_uri().url()),
    ];
    let usable = metadata.issuer().as_str() == issuer
        && endpoints
            .iter()
            .all(|endpoint| endpoint.is_some_and(is_encrypted));
    usable.then_some(metadata)
}

async fn fetch_keys(app: &App, metadata: &Metadata) -> Result<CoreJsonWebKeySet, Reason> {
    let body = get(app, metadata.jwks_uri().url()).await?;
    keys::read(&body).ok_or(Reason::Unreachable)
}

async fn get(app: &App, url: &Url) -> Result<Vec<u8>, Reason> {
    let request = http::Request::get(url.as_str())
        .header(http::header::ACCEPT, "application/json")
        .body(Vec::new())
        .map_err(|_| Reason::Unreachable)?;
    match app.outgoing.send(request, app.directory.limits()).await {
        Ok(answer) if answer.status() == http::StatusCode::OK => Ok(answer.into_body()),
        Ok(answer) => {
            tracing::warn!(status = %answer.status(), "a provider did not answer");
            Err(Reason::Unreachable)
        }
        Err(error) => {
            tracing::warn!(%error, "a provider was not reached");
            Err(Reason::Unreachable)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn document(change: impl FnOnce(&mut Value)) -> Option<Metadata> {
        let mut document = json!({
            "issuer": "https://id.acme.example",
            "authorization_endpoint": "https://id.acme.example/authorize",
            "token_endpoint": "https://id.acme.example/token",
            "jwks_uri": "https://keys.acme.example/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        });
        change(&mut document);
        read(document.to_string().as_bytes(), "https://id.acme.example")
    }

    #[test]
    fn a_document_counts_if_it_is_the_issuers_own_and_all_it_names_is_encrypted() {
        let plain = document(|_| {}).expect("counts");
        let besides = plain.additional_metadata();
        assert!(!besides.authorization_response_iss_parameter_supported);
        let named = document(|d| d["authorization_response_iss_parameter_supported"] = json!(true));
        let named = named.expect("counts");
        let besides = named.additional_metadata();
        assert!(besides.authorization_response_iss_parameter_supported);
        for (field, value) in [
            ("issuer", json!("https://id.acme.example/")),
            ("issuer", json!("https://id.globex.example")),
            (
                "authorization_endpoint",
                json!("http://id.acme.example/authorize"),
            ),
            ("authorization_endpoint", json!("javascript:alert(1)")),
            ("token_endpoint", json!("http://id.acme.example/token")),
            ("token_endpoint", Value::Null),
            ("jwks_uri", json!("http://id.acme.example/jwks")),
        ] {
            let changed = document(|d| d[field] = value.clone());
            assert!(changed.is_none(), "{field} {value}");
        }
    }
}
