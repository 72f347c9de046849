//! What is typed about providers and domains.

use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::model::{
    MAX_CLIENT_ID, MAX_CLIENT_SECRET, MAX_ISSUER, MAX_NAME, Provider, check_issuer, domain_of,
};
use crate::{
    catalogue::keys,
    error::{Error, FieldErrors, Result},
    raw::Raw,
};

/// What is typed to configure a provider.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawProvider {
    /// What the organisation calls it. Required.
    #[schema(value_type = String, max_length = 100)]
    pub name: Raw,
    /// Its issuer, such as `https://id.example.com`. Required at first, and not to be changed: another issuer is another
    /// provider.
    #[schema(value_type = String, max_length = 300)]
    pub issuer: Raw,
    /// How Intrex is known there. Required.
    #[schema(value_type = String, max_length = 255)]
    pub client_id: Raw,
    /// What Intrex shows there. Required at first; the present one stays if it is left out or empty.
    #[schema(value_type = Option<String>, max_length = 500)]
    pub client_secret: Raw,
}

/// A domain to add.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawDomain {
    /// The domain, such as `example.com`. Required.
    #[schema(value_type = String, max_length = 253)]
    pub domain: Raw,
}

/// A provider, checked.
#[derive(Debug)]
pub(super) struct Facts {
    pub name: String,
    pub issuer: String,
    pub client_id: String,
    /// None: the present one stays.
    pub client_secret: Option<SecretString>,
}

impl RawProvider {
    /// Checks every field. What is left out stays as it is, if there is something.
    pub(super) fn parse(&self, present: Option<&Provider>) -> Result<Facts> {
        let mut errors = FieldErrors::new();
        let e = &mut errors;
        let kept = |raw: &Raw, present: Option<&String>| match present {
            Some(present) if !raw.is_given() => Raw::from(present.as_str()),
            _ => raw.clone(),
        };
        let name = kept(&self.name, present.map(|p| &p.name)).line(e, "name", MAX_NAME);
        let issuer = kept(&self.issuer, present.map(|p| &p.issuer)).line(e, "issuer", MAX_ISSUER);
        let issuer = issuer.and_then(|issuer| {
            let checked = match present {
                Some(present) if present.issuer == issuer => Ok(()),
                Some(_) => Err(keys::OIDC_ISSUER_IS_FOR_GOOD.into()),
                None => check_issuer(&issuer),
            };
            e.take("issuer", checked.map(|()| issuer))
        });
        let client_id = kept(&self.client_id, present.map(|p| &p.client_id)).line(
            e,
            "client_id",
            MAX_CLIENT_ID,
        );
        let client_secret = match present {
            Some(_) => self
                .client_secret
                .optional_line(e, "client_secret", MAX_CLIENT_SECRET),
            None => self
                .client_secret
                .line(e, "client_secret", MAX_CLIENT_SECRET),
        };
        match (name, issuer, client_id, client_secret) {
            (Some(name), Some(issuer), Some(client_id), Some(secret)) => Ok(Facts {
                name,
                issuer,
                client_id,
                client_secret: Some(secret)
                    .filter(|secret| !secret.is_empty())
                    .map(SecretString::from),
            }),
            _ => Err(errors.into()),
        }
    }
}

impl RawDomain {
    pub(super) fn parse(&self) -> Result<String> {
        let mut errors = FieldErrors::new();
        let line = self.domain.line(&mut errors, "domain", 254);
        errors.finish()?;
        line.as_deref()
            .and_then(domain_of)
            .ok_or_else(|| Error::invalid("domain", keys::OIDC_DOMAIN_NOT_A_DOMAIN))
    }
}
