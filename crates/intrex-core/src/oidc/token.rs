//! The checks of an ID token. The library verifies the signature, the issuer and the audience; what it leaves to its callers
//! is here: which algorithms count, the time by our clock, who the token was made for, the nonce by its hash, and the size.

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::{
    ClaimsVerificationError, ClientId, IssuerUrl, Nonce, SignatureVerificationError,
    core::{CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm},
};
use sha2::{Digest as _, Sha256};

use super::{model::MAX_SUBJECT, reason::Reason};
use crate::vault;

/// The longest ID token that is looked at, in bytes.
const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// How far the clocks of two machines may differ.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::seconds(60);
/// Signatures by a key that only the provider has. Those by a shared secret (HS256) and none at all are not among them.
const ACCEPTED: [CoreJwsSigningAlgorithm; 4] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// What a token has to say.
#[derive(Debug)]
pub(super) struct Expected<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub nonce_hash: &'a [u8],
    /// From when on a token may be issued: when the browser was sent.
    pub asked_at: DateTime<Utc>,
    pub now: DateTime<Utc>,
}

/// Why a token does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// No key of the set fits: the provider may have a newer one.
    UnknownKey,
    /// It never will.
    Reason(Reason),
}

/// The subject of a token that counts.
pub(super) fn check(
    token: &CoreIdToken,
    keys: CoreJsonWebKeySet,
    expected: &Expected<'_>,
) -> Result<String, Fault> {
    if token.to_string().len() > MAX_TOKEN_BYTES {
        return Err(Fault::Reason(Reason::TokenMissing));
    }
    let issuer = IssuerUrl::new(expected.issuer.to_owned())
        .map_err(|_| Fault::Reason(Reason::TokenIssuer))?;
    let (now, asked_at) = (expected.now, expected.asked_at);
    // As if we had no secret: then no signature by a shared one can count, whatever the list says.
    let client_id = ClientId::new(expected.client_id.to_owned());
    let verifier = CoreIdTokenVerifier::new_public_client(client_id, issuer, keys)
        .set_allowed_algs(ACCEPTED)
        .set_time_fn(move || now - CLOCKS_DIFFER)
        .set_issue_time_verifier_fn(move |issued| {
            let in_time = asked_at - CLOCKS_DIFFER <= issued && issued <= now + CLOCKS_DIFFER;
            in_time.then_some(()).ok_or_else(String::new)
        });
    let same_nonce = |nonce: Option<&Nonce>| {
        let hash = nonce.map(|nonce| Sha256::digest(nonce.secret().as_bytes()));
        hash.is_some_and(|hash| vault::same(&hash, expected.nonce_hash))
            .then_some(())
            .ok_or_else(String::new)
    };
    let claims = token.claims(&verifier, same_nonce).map_err(fault)?;
    // Only one audience is let in, so that a party that it was authorized for can only be us.
    let for_us = claims
        .authorized_party()
        .is_none_or(|party| party.as_str() == expected.client_id);
    if !for_us {
        return Err(Fault::Reason(Reason::TokenAudience));
    }
    let subject = claims.subject().as_str();
    let readable = !subject.is_empty()
        && subject.chars().count() <= MAX_SUBJECT
        && !subject.chars().any(char::is_control);
    readable
        .then(|| subject.to_owned())
        .ok_or(Fault::Reason(Reason::TokenMissing))
}

fn fault(error: ClaimsVerificationError) -> Fault {
    use ClaimsVerificationError as Claims;
    Fault::Reason(match error {
        Claims::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
            return Fault::UnknownKey;
        }
        Claims::Expired(_) | Claims::InvalidAuthTime(_) => Reason::TokenTime,
        Claims::InvalidAudience(_) => Reason::TokenAudience,
        Claims::InvalidIssuer(_) => Reason::TokenIssuer,
        Claims::InvalidNonce(_) => Reason::TokenNonce,
        _ => Reason::TokenSignature,
    })
}
