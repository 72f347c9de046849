//! The hash chain: every event's hash covers its chain, its number, the hash before it and its exact bytes. All lengths
//! and numbers are fixed-width and big-endian, and the hash has its own domain, so no two different inputs share one
//! encoding.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Domain of the chain hash.
const CHAIN_DOMAIN: &[u8] = b"intrex/chain/v1\0";

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// What stands before the first event of a chain.
pub const GENESIS_HASH: Hash = [0; 32];

/// The chain of events that belong to no tenant.
pub const PLATFORM_CHAIN: Uuid = Uuid::nil();

/// The hash of one event in its chain:
///
/// `SHA-256("intrex/chain/v1\0" ‖ u32 len ‖ chain_key ‖ u64 seq ‖ prev_hash ‖ u32 len ‖ entry)`, numbers big-endian,
/// `chain_key` the UUID as 36 lower-case ASCII characters with hyphens.
///
/// # Panics
/// When `entry` has 4 GiB or more, which no limit of this format lets happen.
pub fn leaf_hash(chain_key: Uuid, seq: u64, prev_hash: &Hash, entry: &[u8]) -> Hash {
    let mut buffer = Uuid::encode_buffer();
    let key = chain_key.hyphenated().encode_lower(&mut buffer).as_bytes();
    let length = |bytes: &[u8]| {
        u32::try_from(bytes.len())
            .expect("keys and entries are far below 4 GiB")
            .to_be_bytes()
    };
    let mut hasher = Sha256::new();
    hasher.update(CHAIN_DOMAIN);
    hasher.update(length(key));
    hasher.update(key);
    hasher.update(seq.to_be_bytes());
    hasher.update(prev_hash);
    hasher.update(length(entry));
    hasher.update(entry);
    hasher.finalize().into()
}

/// The end of a chain: how many events it has and the hash of the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last event's number, 0 for an empty chain.
    pub seq: u64,
    /// The last event's hash, [`GENESIS_HASH`] for an empty chain.
    pub hash: Hash,
}

/// Where one event stands in its chain: what a sequencer stores beside the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Its number, dense from 1.
    pub seq: u64,
    /// The hash of the event before it.
    pub prev_hash: Hash,
    /// Its own hash.
    pub hash: Hash,
}

impl Head {
    /// The head of a chain without events.
    pub const GENESIS: Self = Self {
        seq: 0,
        hash: GENESIS_HASH,
    };

    /// The link of `entry` when it becomes the next event.
    pub fn next(&self, chain_key: Uuid, entry: &[u8]) -> Link {
        let seq = self.seq + 1;
        Link {
            seq,
            prev_hash: self.hash,
            hash: leaf_hash(chain_key, seq, &self.hash, entry),
        }
    }
}

impl Link {
    /// The head of the chain after this event.
    pub fn head(&self) -> Head {
        Head {
            seq: self.seq,
            hash: self.hash,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_input_changes_the_hash() {
        let key = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
        let first = leaf_hash(key, 1, &GENESIS_HASH, b"{}");
        assert_ne!(first, leaf_hash(PLATFORM_CHAIN, 1, &GENESIS_HASH, b"{}"));
        assert_ne!(first, leaf_hash(key, 2, &GENESIS_HASH, b"{}"));
        assert_ne!(first, leaf_hash(key, 1, &[1; 32], b"{}"));
        assert_ne!(first, leaf_hash(key, 1, &GENESIS_HASH, b"{} "));
    }
}
