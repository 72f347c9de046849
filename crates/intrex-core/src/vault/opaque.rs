//! Opaque tokens: API tokens, invitations and later kinds. A token carries its kind and its tenant in the clear, so that
//! it can be looked up under row level security, 256 random bits, and a checksum that lets a scanner recognise it and a
//! typing error be told from a wrong token. Only its SHA-256 is stored.
//!
//! `itx_<tenant, 32 hex>_<secret, 64 hex><checksum, 8 hex>`

use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{clock::Chance, ids::TenantId};

/// What a token is good for; the prefix of its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A program acting for a person.
    Api,
    /// A link by which somebody sets a password.
    Invitation,
    /// A device that somebody has signed in with.
    Device,
    /// A link by which somebody sets another password.
    PasswordReset,
    /// A link by which one of two addresses agrees to a change.
    EmailChange,
    /// A browser on its way to an identity provider and back.
    ProviderAttempt,
    /// A link by which a reminder is answered.
    Answer,
}

impl Kind {
    fn prefix(self) -> &'static str {
        match self {
            Kind::Api => "itx",
            Kind::Invitation => "iti",
            Kind::Device => "itd",
            Kind::PasswordReset => "itp",
            Kind::EmailChange => "ite",
            Kind::ProviderAttempt => "ito",
            Kind::Answer => "ita",
        }
    }
}

/// A token as it was presented, well-formed but not yet looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    /// The tenant that it claims.
    pub tenant: TenantId,
    /// What is stored of it: SHA-256 of the whole text.
    pub hash: [u8; 32],
}

/// A new token: the text, to be shown once, and what is stored of it.
pub fn mint(kind: Kind, tenant: TenantId, chance: Chance) -> (SecretString, [u8; 32]) {
    with_secret(kind, tenant, &chance.bytes())
}

/// The token of this kind with a secret that was derived under a key: made anew, it is the same.
pub(crate) fn with_secret(
    kind: Kind,
    tenant: TenantId,
    secret: &[u8; 32],
) -> (SecretString, [u8; 32]) {
    let body = format!(
        "{}_{}_{}",
        kind.prefix(),
        tenant.uuid().simple(),
        hex::encode(secret)
    );
    let text = format!("{body}{}", checksum(&body));
    let hash = Sha256::digest(text.as_bytes()).into();
    (text.into(), hash)
}

/// Reads a token of this kind. Anything that is not exactly one is `None`; nothing was looked up yet.
pub fn parse(kind: Kind, text: &str) -> Option<Presented> {
    let rest = text.strip_prefix(kind.prefix())?.strip_prefix('_')?;
    if rest.len() != 32 + 1 + 64 + 8 || !rest.is_ascii() {
        return None;
    }
    let (tenant, secret) = rest.split_once('_')?;
    if tenant.len() != 32
        || !secret
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    {
        return None;
    }
    let (body, sum) = text.split_at(text.len() - 8);
    if checksum(body) != sum {
        return None;
    }
    let tenant = Uuid::try_parse(tenant)
        .ok()
        .filter(|id| id.simple().to_string() == tenant)?;
    Some(Presented {
        tenant: tenant.into(),
        hash: Sha256::digest(text.as_bytes()).into(),
    })
}

fn checksum(body: &str) -> String {
    hex::encode(&Sha256::digest(body.as_bytes())[..4])
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_token_carries_its_tenant_and_parses_as_its_kind_only() {
        let tenant = TenantId::from(Uuid::from_u128(7));
        let (text, hash) = mint(Kind::Api, tenant, Chance);
        let presented = parse(Kind::Api, text.expose_secret()).expect("well-formed");
        assert_eq!(presented, Presented { tenant, hash });
        assert_eq!(parse(Kind::Invitation, text.expose_secret()), None);
    }

    #[test]
    fn one_changed_character_is_no_token() {
        let (text, _) = mint(Kind::Api, TenantId::PLATFORM, Chance);
        let text = text.expose_secret();
        for at in 0..text.len() {
            let mut changed = text.as_bytes().to_vec();
            changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert_eq!(parse(Kind::Api, &changed), None, "byte {at}");
        }
        assert_eq!(parse(Kind::Api, &text.to_uppercase()), None);
        assert_eq!(parse(Kind::Api, "itx_é"), None);
    }
}
