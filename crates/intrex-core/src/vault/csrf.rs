//! CSRF tokens: signed, bound to one session (or to the seed of a visitor who has none yet), without a time in them: a new
//! session has new tokens. The layout is fixed by the security design, so that a test from outside can recompute it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::keys::{Key, KeyRing};
use crate::clock::Chance;

/// Random bytes in a token.
const RANDOM_BYTES: usize = 32;

/// A new token for a session: `b64url(HMAC-SHA256(key, "csrf1" ‖ u16 len(sid) ‖ sid ‖ u16 len(rnd) ‖ rnd)) ‖ "." ‖
/// b64url(rnd)`.
pub fn token(ring: &KeyRing, sid: &str, chance: Chance) -> String {
    let random: [u8; RANDOM_BYTES] = chance.bytes();
    let mac = signature(ring.current(), sid, &random)
        .finalize()
        .into_bytes();
    format!("{}.{}", B64.encode(mac), B64.encode(random))
}

/// Whether a token was made for this session. Takes the same time for every wrong token of the right form.
pub fn verify(ring: &KeyRing, sid: &str, token: &str) -> bool {
    let Some((mac, random)) = token.split_once('.') else {
        return false;
    };
    let (Ok(mac), Ok(random)) = (B64.decode(mac), B64.decode(random)) else {
        return false;
    };
    random.len() == RANDOM_BYTES
        && ring
            .all()
            .any(|key| signature(key, sid, &random).verify_slice(&mac).is_ok())
}

fn signature(key: &Key, sid: &str, random: &[u8]) -> Hmac<Sha256> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.bytes()).expect("HMAC takes a key of any length");
    mac.update(b"csrf1");
    for part in [sid.as_bytes(), random] {
        // A sid is 43 characters; one that does not fit would only verify against itself.
        mac.update(&u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes());
        mac.update(part);
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring() -> KeyRing {
        KeyRing::new(
            Key::from_bytes(Chance.bytes::<32>().to_vec()).expect("random"),
            None,
        )
    }

    #[test]
    fn a_token_is_good_for_its_session_only() {
        let ring = ring();
        let made = token(&ring, "alice", Chance);
        assert!(verify(&ring, "alice", &made));
        assert!(!verify(&ring, "bob", &made));
        assert!(!verify(&ring, "", &made));
        assert!(!verify(&self::ring(), "alice", &made));
        assert_ne!(made, token(&ring, "alice", Chance));
    }

    #[test]
    fn a_token_outlives_the_rotation_of_its_key_once() {
        let old = ring();
        let made = token(&old, "alice", Chance);
        let rotated = KeyRing::new(ring().current().clone(), Some(old.current().clone()));
        assert!(verify(&rotated, "alice", &made));
    }

    #[test]
    fn nothing_that_is_not_exactly_a_token_verifies() {
        let ring = ring();
        let made = token(&ring, "alice", Chance);
        let (mac, random) = made.split_once('.').expect("two parts");
        for wrong in [
            "",
            ".",
            mac,
            &format!("{mac}."),
            &format!(".{random}"),
            &format!("{random}.{mac}"),
            &format!("{made}."),
            &format!("{mac}.{}", &random[..20]),
            &format!("{}.{random}", &mac[..20]),
        ] {
            assert!(!verify(&ring, "alice", wrong), "{wrong}");
        }
    }

    #[test]
    fn the_layout_is_the_one_that_is_written_down() {
        let key = Key::from_bytes((0..32).map(|i: u8| i.wrapping_mul(37) ^ 0x5a).collect())
            .expect("distinct");
        let ring = KeyRing::new(key.clone(), None);
        let random = [9u8; RANDOM_BYTES];
        let mut message = b"csrf1\x00\x05alice\x00\x20".to_vec();
        message.extend_from_slice(&random);
        let mut mac = Hmac::<Sha256>::new_from_slice(key.bytes()).expect("any length");
        mac.update(&message);
        let made = format!(
            "{}.{}",
            B64.encode(mac.finalize().into_bytes()),
            B64.encode(random)
        );
        assert!(verify(&ring, "alice", &made));
    }
}
