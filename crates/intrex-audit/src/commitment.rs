//! Commitments to personal and free text. The log is append-only and must still forget: an entry holds only the salted
//! hash of such a value, so erasing value and salt elsewhere erases the data while every hash and proof stays valid.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

use crate::entry::Entry;

/// Domain of the commitment hash, so that it can never be mistaken for another hash of this format.
const FIELD_DOMAIN: &[u8] = b"intrex/field/v1\0";

/// Length of a salt in bytes. Fresh randomness for every field of every entry: short values (an address, a name) could be
/// guessed otherwise.
pub const SALT_BYTES: usize = 32;

/// SHA-256 over domain, salt, field name, a zero byte and the value. Written as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Commitment([u8; 32]);

impl Commitment {
    /// The hash itself.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Commits to `value` as the field `name`.
///
/// `SHA-256("intrex/field/v1\0" ‖ salt ‖ name ‖ 0x00 ‖ value)`, `name` and `value` as UTF-8. Field names cannot contain a
/// zero byte and the salt has a fixed length, so the parts cannot be shifted against each other.
pub fn commitment(name: &str, value: &str, salt: &[u8; SALT_BYTES]) -> Commitment {
    let mut hasher = Sha256::new();
    hasher.update(FIELD_DOMAIN);
    hasher.update(salt);
    hasher.update(name.as_bytes());
    hasher.update([0]);
    hasher.update(value.as_bytes());
    Commitment(hasher.finalize().into())
}

/// Whether `value` with `salt` is what `entry` committed to as `field`.
///
/// Does the same work whether the field exists or not and compares without an early exit, so that the time tells nothing
/// about a value that the asker does not know.
pub fn verify_disclosure(entry: &Entry, field: &str, salt: &[u8; SALT_BYTES], value: &str) -> bool {
    let offered = commitment(field, value, salt);
    let (stored, known) = match entry.personal.get(field) {
        Some(stored) => (stored.0, 0),
        None => ([0; 32], 1),
    };
    let difference = offered
        .0
        .iter()
        .zip(stored)
        .fold(known, |all, (a, b)| all | (a ^ b));
    std::hint::black_box(difference) == 0
}

impl fmt::Display for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Commitment({self})")
    }
}

impl Serialize for Commitment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Commitment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0; 32];
        // Upper-case digits pass here and are found when the entry is compared with its canonical form.
        hex::decode_to_slice(&text, &mut bytes)
            .map_err(|_| de::Error::custom("a commitment is 64 lower-case hex digits"))?;
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn salt_name_and_value_each_change_the_commitment() {
        let salt = [7; SALT_BYTES];
        let mut other = salt;
        other[31] ^= 1;
        let first = commitment("reason", "late", &salt);
        assert_ne!(first, commitment("reason", "late", &other));
        assert_ne!(first, commitment("reaso", "nlate", &salt));
        assert_ne!(first, commitment("reason", "late\0", &salt));
        assert_ne!(first, commitment("reason", "", &salt));
    }
}
