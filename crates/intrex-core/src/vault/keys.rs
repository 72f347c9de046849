//! The installation's keys: one ring for each purpose, read from the configuration, refused when weak or shared.

use sha2::{Digest as _, Sha256};
use zeroize::ZeroizeOnDrop;

/// The shortest key that is accepted, in bytes.
pub const MIN_KEY_BYTES: usize = 32;
/// The fewest different bytes in a key: 32 random bytes have about 30.
const MIN_DISTINCT_BYTES: usize = 16;

/// A secret key. It can't be printed, compared or serialised; only the vault reads its bytes.
#[derive(Clone, ZeroizeOnDrop)]
pub struct Key {
    #[zeroize(skip)]
    id: String,
    bytes: Vec<u8>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

/// Why a key was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// Not enough bytes.
    #[error(
        "must decode to at least {MIN_KEY_BYTES} bytes of base64 or hex (make one with `openssl rand -base64 32`)"
    )]
    TooShort,
    /// Repeated or sequential bytes, or a well-known sample.
    #[error("is not random enough: make one with `openssl rand -base64 32`")]
    Weak,
}

impl Key {
    /// A key from its text in hex or base64 (standard or URL-safe, padded or not).
    pub fn parse(text: &str) -> Result<Self, KeyFault> {
        use base64::{Engine as _, engine::general_purpose as b64};
        let text = text.trim();
        let bytes = hex::decode(text)
            .ok()
            .or_else(|| b64::STANDARD.decode(text).ok())
            .or_else(|| b64::STANDARD_NO_PAD.decode(text).ok())
            .or_else(|| b64::URL_SAFE.decode(text).ok())
            .or_else(|| b64::URL_SAFE_NO_PAD.decode(text).ok())
            .ok_or(KeyFault::TooShort)?;
        Self::from_bytes(bytes)
    }

    /// A key from its bytes.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, KeyFault> {
        if bytes.len() < MIN_KEY_BYTES {
            return Err(KeyFault::TooShort);
        }
        let mut seen = [false; 256];
        for byte in &bytes {
            seen[usize::from(*byte)] = true;
        }
        // Samples such as "changemechangeme…" pass a length test; what decodes to plain letters is a sample, too: of
        // random bytes only one in three is printable.
        let distinct = seen.iter().filter(|s| **s).count();
        let printable = bytes.iter().all(|b| b.is_ascii_graphic() || *b == b' ');
        let step = bytes[1].wrapping_sub(bytes[0]);
        let sequence = bytes
            .windows(2)
            .all(|pair| pair[1].wrapping_sub(pair[0]) == step);
        if distinct < MIN_DISTINCT_BYTES || printable || sequence {
            return Err(KeyFault::Weak);
        }
        let mut hash = Sha256::new();
        hash.update(b"intrex/key-id/v1\0");
        hash.update(&bytes);
        let id = hex::encode(&hash.finalize()[..4]);
        Ok(Key { id, bytes })
    }

    /// A public name of the key: eight hex digits from a hash of it.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The key itself, for a library that signs with it. Never show it.
    pub(crate) fn same_as(&self, other: &Key) -> bool {
        super::same(&self.bytes, &other.bytes)
    }
}

/// The keys of one purpose: the current one seals and signs, the previous one still opens and verifies.
#[derive(Debug, Clone)]
pub struct KeyRing {
    current: Key,
    previous: Option<Key>,
}

impl KeyRing {
    /// A ring of one or two keys.
    pub fn new(current: Key, previous: Option<Key>) -> Self {
        KeyRing { current, previous }
    }

    /// The key that seals and signs.
    pub fn current(&self) -> &Key {
        &self.current
    }

    /// The keys that open and verify, the current one first.
    pub fn all(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.current).chain(&self.previous)
    }

    /// The key of this id.
    pub fn find(&self, id: &str) -> Option<&Key> {
        self.all().find(|key| key.id() == id)
    }
}

/// All rings of the installation, each for one purpose.
#[derive(Debug, Clone)]
pub struct Keys {
    /// `AUTH_SECRET`: signs session cookies, hashes network addresses and account names in counters.
    pub auth: KeyRing,
    /// `CSRF_SECRET`: signs CSRF tokens.
    pub csrf: KeyRing,
    /// `PASSWORD_PEPPER`: goes into every password hash.
    pub password_pepper: KeyRing,
    /// `MFA_ENCRYPTION_KEY` (previous: `TOTP_ENC_KEY`): seals second factors.
    pub mfa: KeyRing,
    /// `CONNECTOR_ENC_KEY`: wraps the tenants' data keys.
    pub connector: KeyRing,
}

impl Keys {
    /// The names of two purposes that share a key, if any do.
    pub fn shared(&self) -> Option<(&'static str, &'static str)> {
        let all = [
            ("AUTH_SECRET", &self.auth.current),
            ("CSRF_SECRET", &self.csrf.current),
            ("PASSWORD_PEPPER", &self.password_pepper.current),
            ("MFA_ENCRYPTION_KEY", &self.mfa.current),
            ("CONNECTOR_ENC_KEY", &self.connector.current),
        ];
        for (at, (name, key)) in all.iter().enumerate() {
            for (other, second) in &all[at + 1..] {
                if key.same_as(second) {
                    return Some((name, other));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_and_short_keys_are_refused() {
        assert_eq!(Key::parse("short").err(), Some(KeyFault::TooShort));
        assert_eq!(Key::parse(&"ab".repeat(31)).err(), Some(KeyFault::TooShort));
        assert_eq!(Key::parse(&"00".repeat(32)).err(), Some(KeyFault::Weak));
        assert_eq!(
            Key::from_bytes(b"changemechangemechangemechangeme-0123456789".to_vec()).err(),
            Some(KeyFault::Weak)
        );
        assert_eq!(
            Key::from_bytes((0..64).collect()).err(),
            Some(KeyFault::Weak)
        );
    }

    #[test]
    fn a_key_is_never_printed() {
        let key = Key::from_bytes(crate::clock::Chance.bytes::<32>().to_vec()).expect("random");
        let shown = format!("{key:?} {:?}", KeyRing::new(key.clone(), None));
        assert!(!shown.contains(&hex::encode(key.bytes())));
        assert!(shown.contains(key.id()));
    }
}
