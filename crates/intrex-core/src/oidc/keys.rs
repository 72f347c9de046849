//! The public keys of a provider, as far as they can be trusted to verify: the kinds that are accepted, in sizes that are
//! strong enough. Everything else in the set is as if it were not there, symmetric keys above all.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use openidconnect::core::CoreJsonWebKeySet;
use serde_json::{Value, json};

/// Keys of one provider that are looked at.
const MAX_KEYS: usize = 50;
/// The smallest modulus of an RSA key, in bytes: 2048 bits.
const MIN_RSA_BYTES: usize = 256;
/// The largest: 4096 bits. Verifying costs more with each.
const MAX_RSA_BYTES: usize = 512;

/// Reads a set of keys. None if it is not one.
pub(super) fn read(body: &[u8]) -> Option<CoreJsonWebKeySet> {
    let set: Value = serde_json::from_slice(body).ok()?;
    let keys: Vec<Value> = set
        .get("keys")?
        .as_array()?
        .iter()
        .take(MAX_KEYS)
        .filter(|key| is_usable(key))
        .cloned()
        .collect();
    serde_json::from_value(json!({ "keys": keys })).ok()
}

fn is_usable(key: &Value) -> bool {
    let word = |name: &str| key.get(name).and_then(Value::as_str);
    match (word("kty"), word("crv")) {
        (Some("RSA"), None) => {
            let modulus = word("n").and_then(|n| B64.decode(n).ok());
            modulus.is_some_and(|n| {
                let length = n.iter().skip_while(|byte| **byte == 0).count();
                (MIN_RSA_BYTES..=MAX_RSA_BYTES).contains(&length)
            })
        }
        (Some("EC"), Some("P-256")) | (Some("OKP"), Some("Ed25519")) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(keys: Value) -> Option<usize> {
        let body = json!({ "keys": keys }).to_string();
        read(body.as_bytes()).map(|set| set.keys().len())
    }

    fn rsa(bytes: usize) -> Value {
        json!({ "kty": "RSA", "n": B64.encode(vec![0xc1; bytes]), "e": "AQAB", "use": "sig" })
    }

    #[test]
    fn strong_public_keys_count_and_nothing_else() {
        assert_eq!(count(json!([rsa(256), rsa(512)])), Some(2));
        let point = B64.encode([1; 32]);
        let others = json!([
            { "kty": "EC", "crv": "P-256", "x": point, "y": point },
            { "kty": "OKP", "crv": "Ed25519", "x": point },
        ]);
        assert_eq!(count(others), Some(2));
        let refused = json!([
            rsa(128), rsa(255), rsa(513),
            { "kty": "RSA", "n": B64.encode([vec![0; 200], vec![1; 128]].concat()), "e": "AQAB" },
            { "kty": "oct", "k": "c2VjcmV0" },
            { "kty": "EC", "crv": "secp256k1", "x": point, "y": point },
            { "kty": "OKP", "crv": "X25519", "x": point },
            {}, "x", null
        ]);
        assert_eq!(count(refused), Some(0));
        for no_set in ["", "{}", "[]", "{\"keys\":1}"] {
            assert!(read(no_set.as_bytes()).is_none(), "{no_set}");
        }
    }
}
