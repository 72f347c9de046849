//! The provider's keys, and how it signs: as it should, or as attackers do.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use hmac::{Hmac, KeyInit as _, Mac as _};
use intrex_core::clock::Chance;
use openidconnect::{
    JsonWebKeyId, PrivateSigningKey as _,
    core::{CoreJwsSigningAlgorithm, CoreRsaPrivateSigningKey},
};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use serde_json::{Value, json};
use sha2::Sha256;

/// Made for tests; it opens nothing.
const RSA_KEY: &str = include_str!("../../../../../intrex-core/src/oidc/test-key.pem");

/// How ID tokens are signed.
#[derive(Debug, Clone)]
pub(crate) enum Signing {
    /// By its RSA key, with this algorithm: RS256 or PS256.
    Rsa(&'static str),
    /// By a P-256 key.
    Ec(Box<SigningKey>),
    /// By a secret that others have too.
    Hmac(Vec<u8>),
    /// Not at all.
    Nothing,
}

/// The public half of its RSA key.
pub(crate) fn rsa_jwk(kid: &str) -> Value {
    let mut key = serde_json::to_value(rsa_key().as_verification_key()).expect("a key");
    key["kid"] = json!(kid);
    key
}

/// A new P-256 key.
pub(crate) fn ec_key() -> Box<SigningKey> {
    Box::new(SigningKey::from_slice(&Chance.bytes::<32>()).expect("a key"))
}

/// Its public half.
pub(crate) fn ec_jwk(key: &SigningKey, kid: &str) -> Value {
    let point = key.verifying_key().to_encoded_point(false);
    json!({
        "kty": "EC", "crv": "P-256", "use": "sig", "kid": kid,
        "x": B64.encode(point.x().expect("a point")), "y": B64.encode(point.y().expect("a point")),
    })
}

fn rsa_key() -> CoreRsaPrivateSigningKey {
    let kid = JsonWebKeyId::new("first".to_owned());
    CoreRsaPrivateSigningKey::from_pem(RSA_KEY, Some(kid)).expect("a key")
}

/// An ID token.
pub(super) fn signed(signing: &Signing, kid: Option<&str>, claims: &Value) -> String {
    let alg = match signing {
        Signing::Rsa(alg) => alg,
        Signing::Ec(_) => "ES256",
        Signing::Hmac(_) => "HS256",
        Signing::Nothing => "none",
    };
    let mut header = json!({ "alg": alg, "typ": "JWT" });
    if let Some(kid) = kid {
        header["kid"] = json!(kid);
    }
    let part = |value: &Value| B64.encode(value.to_string());
    let text = format!("{}.{}", part(&header), part(claims));
    let signature = match signing {
        Signing::Rsa(alg) => {
            let alg = match *alg {
                "PS256" => CoreJwsSigningAlgorithm::RsaSsaPssSha256,
                _ => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
            };
            rsa_key().sign(&alg, text.as_bytes()).expect("signs")
        }
        Signing::Ec(key) => {
            let signature: Signature = key.sign(text.as_bytes());
            signature.to_bytes().to_vec()
        }
        Signing::Hmac(secret) => {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any length");
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        }
        Signing::Nothing => Vec::new(),
    };
    format!("{text}.{}", B64.encode(signature))
}
