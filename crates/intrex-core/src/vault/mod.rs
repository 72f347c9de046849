//! Keys and what they protect. Every key of the installation has one purpose and a ring of two (current and previous), so
//! that each can be rotated alone; every later secret is sealed, signed or hashed here and nowhere else.
//!
//! `keys` the rings · `seal` AES-256-GCM with associated data · `data_keys` the tenants' own keys · `opaque` tokens that
//! carry their tenant · `passwords` · `one_time` codes · `jwt` signed cookies · `csrf` tokens of forms.

pub mod csrf;
pub mod data_keys;
pub mod jwt;
pub mod keys;
pub mod one_time;
pub mod opaque;
pub mod passwords;
pub mod seal;

use subtle::ConstantTimeEq as _;

pub use keys::{Key, KeyRing, Keys};

/// Everything that protects: the installation's keys, and the tenants' data keys in memory.
#[derive(Debug)]
pub struct Vault {
    pub(crate) keys: Keys,
    pub(crate) data_keys: data_keys::Cache,
    pub(crate) passwords: passwords::Passwords,
    /// Recovery codes: long and random, so that the lowest cost is enough.
    pub(crate) codes: passwords::Passwords,
}

impl Vault {
    /// A vault over the installation's keys. `bcrypt_cost` is 10 to 31; 12 is the default of the product.
    pub fn new(keys: Keys, bcrypt_cost: u32) -> Self {
        let passwords = passwords::Passwords::new(keys.password_pepper.clone(), bcrypt_cost);
        Vault {
            keys,
            data_keys: data_keys::Cache::default(),
            codes: passwords.at_cost(passwords::MIN_COST),
            passwords,
        }
    }

    /// The ring that signs session cookies.
    pub fn auth(&self) -> &KeyRing {
        &self.keys.auth
    }

    /// The ring that signs CSRF tokens.
    pub fn csrf(&self) -> &KeyRing {
        &self.keys.csrf
    }
}

/// Compares without telling by time where two values differ. Lengths are not secret.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}
