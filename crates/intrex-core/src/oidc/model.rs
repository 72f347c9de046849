//! What a provider and a domain are, and what is shown of them.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use url::{Host, Url};
use utoipa::ToSchema;

use crate::{
    App,
    catalogue::{Text, keys},
    ids::{IdentityId, ProviderDomainId, ProviderId},
};

/// Providers of one organisation.
pub(super) const MAX_PROVIDERS: i64 = 50;
/// Domains of one organisation.
pub(super) const MAX_DOMAINS: i64 = 50;
/// The longest name of a provider, in characters.
pub(super) const MAX_NAME: usize = 100;
/// The longest issuer, in characters.
pub(super) const MAX_ISSUER: usize = 300;
/// The longest client id, in characters.
pub(super) const MAX_CLIENT_ID: usize = 255;
/// The longest client secret, in characters.
pub(super) const MAX_CLIENT_SECRET: usize = 500;
/// The longest name in the name system, in characters (RFC 1035).
const MAX_DOMAIN: usize = 253;
/// The longest subject, in characters (OpenID Connect Core, 2).
pub(super) const MAX_SUBJECT: usize = 255;
/// How long a browser may be away at its provider.
pub(super) const ATTEMPT_LIFETIME: TimeDelta = TimeDelta::minutes(10);
/// Random bytes of a domain's challenge.
pub(super) const CHALLENGE_BYTES: usize = 16;
/// Where providers send people back to.
const CALLBACK: &str = "/sign-in/oidc/callback";

/// An identity provider of the organisation.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Provider {
    /// Its id.
    pub id: ProviderId,
    /// What the organisation calls it.
    pub name: String,
    /// Its issuer: where it publishes what it is. For good.
    pub issuer: String,
    /// How Intrex is known there.
    pub client_id: String,
    /// What Intrex shows there. Written, and never read.
    pub client_secret: Secret,
    /// To be entered there: where it sends people back to.
    pub redirect_uri: String,
    /// Whether people sign in by it.
    pub enabled: bool,
    /// The domains that lead to it, by name.
    pub domains: Vec<ProviderDomain>,
    /// When it was configured.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
    /// Goes up with every change.
    #[serde(skip)]
    pub version: i32,
}

/// A secret that is kept and not shown.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Secret {
    /// Whether there is one: always.
    pub set: bool,
    /// Since when.
    pub set_at: DateTime<Utc>,
}

/// A domain of e-mail addresses.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ProviderDomain {
    /// Its id.
    pub id: ProviderDomainId,
    /// The domain, in lower case.
    pub domain: String,
    /// The name of the TXT record that proves it.
    pub record_name: String,
    /// What that record says.
    pub record_value: String,
    /// When it was proven; not yet if null.
    pub proven_at: Option<DateTime<Utc>>,
    /// Since when its record is not there any more, of one that is proven: after three days in a row it is not proven any more.
    pub missing_since: Option<DateTime<Utc>>,
}

/// A provider as everybody of the organisation sees it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ProviderName {
    /// Its id.
    pub id: ProviderId,
    /// What the organisation calls it.
    pub name: String,
}

/// A provider that may sign somebody in.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Identity {
    /// Its id.
    pub id: IdentityId,
    /// The provider.
    pub provider_id: ProviderId,
    /// What the organisation calls it.
    pub provider_name: String,
    /// Whether people can sign in by it at present.
    pub provider_enabled: bool,
    /// When it was linked.
    pub linked_at: DateTime<Utc>,
    /// When it was used last.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// Where providers send people back to, at this installation.
pub(super) fn redirect_uri(app: &App) -> String {
    let base = app.settings.base_url.as_str();
    format!("{}{CALLBACK}", base.trim_end_matches('/'))
}

/// The name of the record that proves a domain.
pub(super) fn record_name(domain: &str) -> String {
    format!("_intrex-challenge.{domain}")
}

/// What the record that proves a domain says.
pub(super) fn record_value(challenge: &str) -> String {
    format!("intrex-verify={challenge}")
}

/// Checks an issuer, which stays as it was typed: providers compare it letter by letter.
pub(super) fn check_issuer(typed: &str) -> Result<(), Text> {
    let fault = || Err(Text::new(keys::OIDC_ISSUER_NOT_AN_ADDRESS));
    let Ok(url) = Url::parse(typed) else {
        return fault();
    };
    let bare = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    // What the parser would mend is not what the provider will say of itself.
    let as_typed = url.as_str() == typed || url.as_str().strip_suffix('/') == Some(typed);
    if bare && as_typed && is_encrypted(&url) {
        Ok(())
    } else {
        fault()
    }
}

/// Whether nobody on the way can read or change what is said to this address: by TLS, or because it is this machine. Whether
/// this machine may be reached at all is said by whoever runs the installation (`INTREX_ALLOW_PRIVATE_NETS`).
pub(super) fn is_encrypted(url: &Url) -> bool {
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(Host::Ipv4(ip))) => ip.is_loopback(),
        ("http", Some(Host::Ipv6(ip))) => ip.is_loopback(),
        _ => false,
    }
}

/// A domain as it is compared: in lower case and ASCII. None if it is no name that an address could end in.
pub(super) fn domain_of(typed: &str) -> Option<String> {
    let typed = typed.trim().trim_start_matches('@');
    if typed.is_empty() || typed.len() > MAX_DOMAIN {
        return None;
    }
    let Ok(Host::Domain(domain)) = Host::parse(typed) else {
        return None;
    };
    let label = |label: &str| {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let whole = domain.len() <= MAX_DOMAIN && domain.contains('.') && domain.split('.').all(label);
    whole.then_some(domain)
}

/// The domain of a typed address.
pub(super) fn domain_of_address(typed: &str) -> Option<String> {
    let (local, domain) = typed.rsplit_once('@')?;
    if local.trim().is_empty() || local.ends_with('@') || domain.starts_with('@') {
        return None;
    }
    domain_of(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_an_address_by_tls_and_nothing_more() {
        for good in [
            "https://id.acme.example",
            "https://id.acme.example/",
            "https://id.acme.example/tenant/v2.0",
            "https://id.acme.example:8443/realms/acme",
            "http://127.0.0.1:4000",
            "http://[::1]:4000/x",
        ] {
            assert!(check_issuer(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "id.acme.example",
            "http://id.acme.example",
            "http://localhost:4000",
            "http://10.0.0.1",
            "https://id.acme.example?tenant=1",
            "https://id.acme.example#x",
            "https://somebody@id.acme.example",
            "https://ID.acme.example",
            "https://id.acme.example/a/../b",
            "javascript:alert(1)",
            "ftp://id.acme.example",
        ] {
            assert!(check_issuer(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_domain_is_compared_in_one_spelling() {
        for (typed, domain) in [
            ("acme.example", Some("acme.example")),
            ("@Acme.Example ", Some("acme.example")),
            ("bücher.example", Some("xn--bcher-kva.example")),
            ("example", None),
            ("", None),
            ("acme.example.", None),
            ("127.0.0.1", None),
            ("acme..example", None),
            ("-acme.example", None),
            ("a_b.example", None),
            ("acme.example/x", None),
        ] {
            assert_eq!(domain_of(typed).as_deref(), domain, "{typed}");
        }
    }

    #[test]
    fn the_domain_of_an_address_is_what_follows_the_last_at() {
        for (typed, domain) in [
            ("alice@acme.example", Some("acme.example")),
            ("\"a@b\"@acme.example", Some("acme.example")),
            ("alice@globex.example@acme.example", Some("acme.example")),
            ("acme.example", None),
            ("@acme.example", None),
            ("alice@", None),
            ("alice@@acme.example", None),
        ] {
            let found = domain_of_address(typed);
            assert_eq!(found.as_deref(), domain, "{typed}");
        }
    }
}
