//! Signed texts for cookies: JWT with HS256 and nothing else. The provider below is the only cryptography that the library
//! is given, so that no other algorithm can be asked of it, whatever a header says; the key is chosen from a fixed ring.

use hmac::{Hmac, KeyInit as _, Mac as _};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{Error as JwtError, ErrorKind},
    signature::{self, Signer, Verifier},
};
use secrecy::SecretString;
use serde::{Serialize, de::DeserializeOwned};
use sha2::Sha256;

use super::keys::KeyRing;
use crate::error::{Error, Result};

/// The longest text that is looked at, in bytes: a cookie of ours has about 500.
const MAX_TEXT: usize = 2_000;

/// What every signed text says about its use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Use {
    /// `iss`.
    pub issuer: &'static str,
    /// `aud`.
    pub audience: &'static str,
}

/// Signs claims with the ring's current key, whose id stands in the header.
pub(crate) fn sign(ring: &KeyRing, claims: &impl Serialize) -> Result<SecretString> {
    install();
    let key = ring.current();
    let header = Header {
        kid: Some(key.id().to_owned()),
        ..Header::new(Algorithm::HS256)
    };
    let text = jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(key.bytes()))
        .map_err(Error::internal)?;
    Ok(text.into())
}

/// The claims of a text that a key of the ring signed for this use. The caller checks `exp` against its own clock.
pub(crate) fn verify<T: DeserializeOwned>(ring: &KeyRing, of: Use, text: &str) -> Option<T> {
    if text.len() > MAX_TEXT {
        return None;
    }
    install();
    let kid = jsonwebtoken::decode_header(text).ok()?.kid?;
    let key = ring.find(&kid)?;
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[of.issuer]);
    validation.set_audience(&[of.audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.leeway = 0;
    // The library reads the system's clock; ours is injected.
    validation.validate_exp = false;
    jsonwebtoken::decode(text, &DecodingKey::from_secret(key.bytes()), &validation)
        .ok()
        .map(|data| data.claims)
}

/// Gives the library its cryptography, once a process.
fn install() {
    static PROVIDER: CryptoProvider = CryptoProvider {
        signer_factory: |algorithm, key| match algorithm {
            Algorithm::HS256 => Ok(Box::new(Hs256(mac(key.as_bytes())?)) as Box<dyn JwtSigner>),
            _ => Err(refused()),
        },
        verifier_factory: |algorithm, key| match algorithm {
            Algorithm::HS256 => {
                Ok(Box::new(Hs256(mac(key.try_get_as_bytes()?)?)) as Box<dyn JwtVerifier>)
            }
            _ => Err(refused()),
        },
        key_utils: KeyUtils::new_unimplemented(),
    };
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        // Somebody else in this process installed a provider first: not possible, this crate is the only user.
        let _ = PROVIDER.install_default();
    });
}

fn mac(key: &[u8]) -> std::result::Result<Hmac<Sha256>, JwtError> {
    Hmac::new_from_slice(key).map_err(|_| JwtError::from(ErrorKind::InvalidKeyFormat))
}

fn refused() -> JwtError {
    JwtError::from(ErrorKind::InvalidAlgorithm)
}

struct Hs256(Hmac<Sha256>);

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, signature::Error> {
        let mut mac = self.0.clone();
        mac.update(message);
        Ok(mac.finalize().into_bytes().to_vec())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], given: &Vec<u8>) -> std::result::Result<(), signature::Error> {
        let mut mac = self.0.clone();
        mac.update(message);
        mac.verify_slice(given)
            .map_err(signature::Error::from_source)
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
    use secrecy::ExposeSecret as _;
    use serde_json::{Value, json};

    use super::*;
    use crate::{clock::Chance, vault::Key};

    const SESSION: Use = Use {
        issuer: "intrex",
        audience: "session",
    };

    fn ring() -> KeyRing {
        KeyRing::new(
            Key::from_bytes(Chance.bytes::<32>().to_vec()).expect("random"),
            None,
        )
    }

    fn claims() -> Value {
        json!({ "iss": "intrex", "aud": "session", "sub": "alice", "exp": 1 })
    }

    fn with_header(header: Value, text: &str) -> String {
        let (_, rest) = text.split_once('.').expect("three parts");
        format!("{}.{rest}", B64.encode(header.to_string()))
    }

    #[test]
    fn what_was_signed_verifies_until_its_key_leaves_the_ring() {
        let old = ring();
        let text = sign(&old, &claims()).expect("signs");
        let text = text.expose_secret();
        assert_eq!(verify::<Value>(&old, SESSION, text), Some(claims()));
        let rotated = KeyRing::new(ring().current().clone(), Some(old.current().clone()));
        assert_eq!(verify::<Value>(&rotated, SESSION, text), Some(claims()));
        assert_eq!(verify::<Value>(&ring(), SESSION, text), None);
    }

    #[test]
    fn another_issuer_audience_or_a_missing_claim_is_refused() {
        let ring = ring();
        for (claim, value) in [
            ("iss", json!("other")),
            ("aud", json!("invitation")),
            ("sub", Value::Null),
            ("exp", Value::Null),
        ] {
            let mut changed = claims();
            match value {
                Value::Null => {
                    changed.as_object_mut().map(|all| all.remove(claim));
                }
                value => changed[claim] = value,
            }
            let text = sign(&ring, &changed).expect("signs");
            assert_eq!(
                verify::<Value>(&ring, SESSION, text.expose_secret()),
                None,
                "{claim}"
            );
        }
    }

    #[test]
    fn no_other_algorithm_is_listened_to() {
        let ring = ring();
        let text = sign(&ring, &claims()).expect("signs");
        let text = text.expose_secret();
        let kid = ring.current().id();
        let unsigned = text.rsplit_once('.').expect("three parts").0;
        for header in [
            json!({ "alg": "none", "typ": "JWT", "kid": kid }),
            json!({ "alg": "HS384", "typ": "JWT", "kid": kid }),
            json!({ "alg": "RS256", "typ": "JWT", "kid": kid }),
            json!({ "alg": "HS256", "typ": "JWT", "kid": "../../dev/null" }),
            json!({ "alg": "HS256", "typ": "JWT" }),
        ] {
            assert_eq!(
                verify::<Value>(&ring, SESSION, &with_header(header.clone(), text)),
                None
            );
            let bare = with_header(header, unsigned);
            assert_eq!(verify::<Value>(&ring, SESSION, &format!("{bare}.")), None);
        }
    }

    #[test]
    fn one_changed_character_is_refused() {
        let ring = ring();
        let text = sign(&ring, &claims()).expect("signs");
        let text = text.expose_secret();
        for at in 0..text.len() {
            let mut changed = text.as_bytes().to_vec();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            if changed != text {
                assert_eq!(verify::<Value>(&ring, SESSION, &changed), None, "{at}");
            }
        }
        assert_eq!(verify::<Value>(&ring, SESSION, &"x".repeat(5_000)), None);
    }
}
