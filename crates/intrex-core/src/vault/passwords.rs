//! Passwords: bcrypt over base64(HMAC-SHA-384(pepper, NFC(password))), so that bcrypt's limit of 72 bytes and NUL bytes do
//! not matter. The stored text is `<pepper id>$bcrypt…`; `plain$…` marks an imported bare bcrypt hash.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD as B64};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha384;
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::keys::{Key, KeyRing};
use crate::error::{Error, Result};

/// The lowest bcrypt cost that is accepted.
pub const MIN_COST: u32 = 10;
/// The cost of the product's default.
pub const DEFAULT_COST: u32 = 12;
/// The lowest cost of a hash of another system: below it whoever took the hashes knows the passwords.
pub(crate) const MIN_IMPORTED_COST: u32 = 8;
/// How many passwords are hashed at the same time; the rest wait their turn.
const PARALLEL_HASHES: usize = 2;
/// The marker of an imported bcrypt hash without pepper.
const PLAIN: &str = "plain";

/// Hashes and verifies passwords, a few at a time.
#[derive(Debug)]
pub(crate) struct Passwords {
    ring: KeyRing,
    cost: u32,
    turns: Arc<Semaphore>,
    /// What is verified against when there is no such account, so that the work is the same.
    dummy: String,
}

/// What a verification found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verified {
    /// Wrong password.
    No,
    /// Right, and the hash is as strong as it should be.
    Yes,
    /// Right; the hash should be made anew (older pepper, lower cost, or imported).
    Outdated,
}

impl Passwords {
    pub(crate) fn new(ring: KeyRing, cost: u32) -> Self {
        let cost = cost.clamp(MIN_COST, 31);
        let dummy = format!("{}${}", ring.current().id(), dummy_hash(cost));
        Passwords {
            ring,
            cost,
            turns: Arc::new(Semaphore::new(PARALLEL_HASHES)),
            dummy,
        }
    }

    /// Hashes of another cost, which wait for their turn together with these.
    pub(crate) fn at_cost(&self, cost: u32) -> Self {
        Passwords {
            turns: self.turns.clone(),
            ..Self::new(self.ring.clone(), cost)
        }
    }

    /// Whether the pepper of a stored text is configured.
    pub(crate) fn can_verify(&self, stored: &str) -> bool {
        stored
            .split_once('$')
            .is_some_and(|(id, _)| self.ring.find(id).is_some())
    }

    /// The public names of the peppers, the current one first.
    pub(crate) fn key_ids(&self) -> impl Iterator<Item = &str> {
        self.ring.all().map(Key::id)
    }

    /// The text to store for a password.
    pub(crate) async fn hash(&self, password: &SecretString) -> Result<String> {
        let key = self.ring.current().clone();
        let cost = self.cost;
        let input = prepared(&key, password);
        let hash = self
            .in_turn(move || bcrypt::hash(input.as_slice(), cost))
            .await?
            .map_err(Error::internal)?;
        Ok(format!("{}${hash}", key.id()))
    }

    /// Verifies a password against what is stored, or against a dummy of the same cost if nothing is.
    pub(crate) async fn verify(
        &self,
        password: &SecretString,
        stored: Option<&str>,
    ) -> Result<Verified> {
        let known = stored.is_some();
        let stored = stored.unwrap_or(&self.dummy);
        let (id, hash) = stored
            .split_once('$')
            .ok_or_else(|| Error::internal("a password hash without its key id"))?;
        let (input, current) = self.input_for(password, stored).ok_or_else(|| {
            Error::internal(format!(
                "the pepper {id} of a password hash is not configured"
            ))
        })?;
        let hash = hash.to_owned();
        let cost = cost_of(&hash).unwrap_or(self.cost);
        let strong = cost >= self.cost;
        let padding = padding(cost, self.cost);
        let right = self
            .in_turn(move || {
                let right = bcrypt::verify(input.as_slice(), &hash);
                for cost in padding {
                    let _ = bcrypt::hash(input.as_slice(), cost);
                }
                right
            })
            .await?
            .unwrap_or(false);
        Ok(match right && known {
            false => Verified::No,
            true if current && strong => Verified::Yes,
            true => Verified::Outdated,
        })
    }

    /// Whether a password is one of those that these hashes were made of. One whose pepper is gone is nobody's any more.
    pub(crate) async fn is_one_of(&self, password: &SecretString, hashes: &[&str]) -> Result<bool> {
        for stored in hashes {
            let Some((input, _)) = self.input_for(password, stored) else {
                continue;
            };
            let Some((_, hash)) = stored.split_once('$') else {
                continue;
            };
            let hash = hash.to_owned();
            let same = self.in_turn(move || bcrypt::verify(input.as_slice(), &hash));
            if same.await?.unwrap_or(false) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What is stored of a bcrypt hash that another system made.
    pub(crate) fn imported(hash: &str) -> String {
        format!("{PLAIN}${hash}")
    }

    /// The cost of new hashes.
    pub(crate) fn cost(&self) -> u32 {
        self.cost
    }

    /// What bcrypt is given for a password that is compared with this stored text, and whether its pepper is the current
    /// one. None if its pepper is not configured.
    fn input_for(
        &self,
        password: &SecretString,
        stored: &str,
    ) -> Option<(Zeroizing<Vec<u8>>, bool)> {
        let (id, _) = stored.split_once('$')?;
        if id == PLAIN {
            // As the exporting system had it: bcrypt itself cuts after 72 bytes.
            let bytes = password.expose_secret().as_bytes();
            let input = Zeroizing::new(bytes[..bytes.len().min(72)].to_vec());
            return Some((input, false));
        }
        let key = self.ring.find(id)?;
        Some((prepared(key, password), id == self.ring.current().id()))
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let turn = self
            .turns
            .clone()
            .acquire_owned()
            .await
            .map_err(Error::internal)?;
        tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        })
        .await
        .map_err(Error::internal)
    }
}

fn prepared(key: &Key, password: &SecretString) -> Zeroizing<Vec<u8>> {
    let composed: Zeroizing<String> = Zeroizing::new(password.expose_secret().nfc().collect());
    let mut mac =
        Hmac::<Sha384>::new_from_slice(key.bytes()).expect("HMAC takes a key of any length");
    mac.update(composed.as_bytes());
    Zeroizing::new(B64.encode(mac.finalize().into_bytes()).into_bytes())
}

/// The costs of what is hashed besides a hash of a lower cost, so that it does not answer sooner than that of an account that
/// is not there. Each step of the cost doubles the work: 2^c and 2^c + 2^(c+1) + … + 2^(n-1) are 2^n together.
fn padding(cost: u32, target: u32) -> std::ops::Range<u32> {
    cost..target
}

fn cost_of(hash: &str) -> Option<u32> {
    hash.split('$').nth(2)?.parse().ok()
}

/// A well-formed bcrypt hash that nothing matches: verifying against it takes as long as against a real one.
fn dummy_hash(cost: u32) -> String {
    format!("$2b${cost:02}$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Chance;

    fn ring() -> KeyRing {
        KeyRing::new(
            Key::from_bytes(Chance.bytes::<32>().to_vec()).expect("random"),
            None,
        )
    }

    #[tokio::test]
    async fn passwords_that_share_72_bytes_differ() {
        let passwords = Passwords::new(ring(), MIN_COST);
        let long = "x".repeat(72);
        let stored = passwords
            .hash(&format!("{long}a").into())
            .await
            .expect("hashes");
        assert_eq!(
            passwords
                .verify(&format!("{long}a").into(), Some(&stored))
                .await
                .expect("verifies"),
            Verified::Yes
        );
        assert_eq!(
            passwords
                .verify(&format!("{long}b").into(), Some(&stored))
                .await
                .expect("verifies"),
            Verified::No
        );
        assert_eq!(
            passwords
                .verify(&"e\u{301}".into(), None)
                .await
                .expect("verifies"),
            Verified::No
        );
    }

    #[test]
    fn a_cheap_hash_costs_as_much_work_as_any() {
        for cost in 4..=14 {
            let worked: u64 = padding(cost, 14).map(|cost| 1 << cost).sum();
            assert_eq!(worked + (1 << cost), 1 << 14);
        }
        assert!(padding(15, 14).is_empty());
    }

    #[tokio::test]
    async fn an_older_pepper_a_lower_cost_and_an_imported_hash_are_outdated() {
        let old = ring();
        let stored = Passwords::new(old.clone(), MIN_COST)
            .hash(&"correct horse 🐎".into())
            .await
            .expect("hashes");
        let rotated = KeyRing::new(ring().current().clone(), Some(old.current().clone()));
        let passwords = Passwords::new(rotated, MIN_COST);
        assert_eq!(
            passwords
                .verify(&"correct horse 🐎".into(), Some(&stored))
                .await
                .expect("verifies"),
            Verified::Outdated
        );
        let plain = format!(
            "plain${}",
            bcrypt::hash("imported", MIN_COST).expect("hashes")
        );
        assert_eq!(
            passwords
                .verify(&"imported".into(), Some(&plain))
                .await
                .expect("verifies"),
            Verified::Outdated
        );
    }
}
