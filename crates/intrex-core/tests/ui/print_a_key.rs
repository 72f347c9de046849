//! A key is not printed, compared, or read outside the vault.
// error[E0277]: `intrex_core::vault::Key` doesn't implement `std::fmt::Display`
// error[E0624]: method `bytes` is private
// error[E0616]: field `bytes` of struct `intrex_core::vault::Key` is private
// error[E0369]: binary operation `==` cannot be applied to type `&intrex_core::vault::Key`
// error[E0616]: field `keys` of struct `Vault` is private

use intrex_core::vault::{Key, Vault};

pub fn print(key: &Key) -> String {
    format!("{key}")
}

pub fn bytes(key: &Key) -> &[u8] {
    key.bytes()
}

pub fn field(key: &Key) -> &[u8] {
    &key.bytes
}

pub fn compare(one: &Key, other: &Key) -> bool {
    one == other
}

pub fn of_the_vault(vault: &Vault) -> &Key {
    vault.keys.connector.current()
}
