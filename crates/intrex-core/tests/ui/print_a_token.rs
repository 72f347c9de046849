//! A token is a secret from the moment it is made.
// error[E0277]: `secrecy::SecretBox<str>` doesn't implement `std::fmt::Display`

use intrex_core::{clock::Chance, ids::TenantId, vault::opaque};

pub fn show(tenant: TenantId) -> String {
    let (token, _) = opaque::mint(opaque::Kind::Api, tenant, Chance);
    format!("{token}")
}
