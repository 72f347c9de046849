//! The two signatures of a message. This file is what to copy into a server that is there already.

use axum::http::StatusCode;
use base64::{Engine as _, engine::general_purpose::STANDARD as B64};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Seconds that a message may be old, or our clock wrong.
const TOLERANCE: u64 = 5 * 60;
/// Characters of a `webhook-id`.
const MAX_ID: usize = 100;

/// The bytes that a signing secret stands for.
pub type Key = Vec<u8>;

/// The keys of secrets with spaces between; none if one of them is not a secret, or there is none.
pub fn keys(secrets: &str) -> Option<Vec<Key>> {
    let key = |secret: &str| {
        let key = B64.decode(secret.strip_prefix("whsec_")?).ok()?;
        (key.len() >= 24).then_some(key)
    };
    let keys: Option<Vec<Key>> = secrets.split_whitespace().map(key).collect();
    keys.filter(|keys| !keys.is_empty())
}

/// Whether a message is to be taken; if not, what to answer.
pub fn verify<'a>(
    keys: &[Key],
    header: impl Fn(&'static str) -> &'a str,
    body: &[u8],
    now: u64,
) -> Result<(), StatusCode> {
    let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
    let signatures = header("webhook-signature");
    let digits = timestamp.bytes().all(|byte| byte.is_ascii_digit());
    match timestamp.parse::<u64>() {
        Ok(sent) if digits && is_id(id) && now.abs_diff(sent) <= TOLERANCE => {}
        _ => return Err(StatusCode::BAD_REQUEST),
    }
    if !message_is_signed(keys, id, timestamp, signatures, body) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    // While the secret changes, this one is by the old secret, which we need not have any more.
    let changing = signatures.split(' ').count() > 1;
    if !body_is_signed(keys, header("x-intrex-signature"), body) && !changing {
        return Err(StatusCode::UNAUTHORIZED);
    }
    Ok(())
}

/// An id becomes a file's name: nothing that leads elsewhere.
fn is_id(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !id.is_empty() && id.len() <= MAX_ID && !id.starts_with('.') && id.chars().all(plain)
}

/// `X-Intrex-Signature`: over the body alone, so by itself it says nothing about when.
fn body_is_signed(keys: &[Key], header: &str, body: &[u8]) -> bool {
    let given = header.strip_prefix("sha256=");
    let Some(given) = given.and_then(|given| hex::decode(given).ok()) else {
        return false;
    };
    keys.iter().any(|key| is_mac(key, &[body], &given))
}

/// `webhook-signature`: over id, time and body. One signature of several is enough, by any key that we have.
fn message_is_signed(keys: &[Key], id: &str, timestamp: &str, header: &str, body: &[u8]) -> bool {
    let head = format!("{id}.{timestamp}.");
    let signatures = header.split(' ').filter_map(|one| one.strip_prefix("v1,"));
    signatures
        .filter_map(|given| B64.decode(given).ok())
        .any(|given| {
            keys.iter()
                .any(|key| is_mac(key, &[head.as_bytes(), body], &given))
        })
}

/// In constant time: how long it takes tells nobody how much of a guess was right.
fn is_mac(key: &[u8], parts: &[&[u8]], given: &[u8]) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key may have any length");
    for part in parts {
        mac.update(part);
    }
    mac.verify_slice(given).is_ok()
}
