//! Sealing: AES-256-GCM with a random nonce of 96 bits, and associated data that binds a sealed value to its table, column,
//! tenant, row and key, so that a value copied to another row does not open. The text is `v1.<key id>.<nonce>.<ciphertext>`.

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{Aead as _, KeyInit as _, Payload},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::keys::{Key, KeyRing};
use crate::{clock::Chance, ids::TenantId};

/// Where a sealed value stands. It opens there and nowhere else.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The tenant.
    pub tenant: TenantId,
    /// The row's id.
    pub row: Uuid,
}

/// A sealed value that does not open: a wrong or erased key, a changed byte, another place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value is unreadable")]
pub struct Unreadable;

/// Seals with the ring's current key.
pub fn seal(ring: &KeyRing, place: Place, plain: &[u8], chance: Chance) -> String {
    seal_with(ring.current(), place, plain, chance)
}

/// Opens with whichever key of the ring sealed it.
pub fn open(ring: &KeyRing, place: Place, sealed: &str) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    let id = sealed_by(sealed).ok_or(Unreadable)?;
    open_with(ring.find(id).ok_or(Unreadable)?, place, sealed)
}

/// The id of the key that sealed a value, as its text says.
pub(crate) fn sealed_by(sealed: &str) -> Option<&str> {
    sealed.split('.').nth(1)
}

/// Seals with one key.
pub(crate) fn seal_with(key: &Key, place: Place, plain: &[u8], chance: Chance) -> String {
    let nonce: [u8; 12] = chance.bytes();
    let aad = associated_data(place, key.id());
    let sealed = cipher(key)
        .encrypt(
            &Nonce::from(nonce),
            Payload {
                msg: plain,
                aad: &aad,
            },
        )
        .expect("AES-GCM seals up to 64 GiB");
    format!(
        "v1.{}.{}.{}",
        key.id(),
        B64.encode(nonce),
        B64.encode(sealed)
    )
}

/// Opens with one key.
pub(crate) fn open_with(
    key: &Key,
    place: Place,
    sealed: &str,
) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    let mut parts = sealed.split('.');
    let (Some("v1"), Some(id), Some(nonce), Some(sealed), None) = (
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
    ) else {
        return Err(Unreadable);
    };
    if id != key.id() {
        return Err(Unreadable);
    }
    let nonce: [u8; 12] = B64
        .decode(nonce)
        .map_err(|_| Unreadable)?
        .try_into()
        .map_err(|_| Unreadable)?;
    let sealed = B64.decode(sealed).map_err(|_| Unreadable)?;
    let aad = associated_data(place, id);
    let plain = cipher(key)
        .decrypt(
            &Nonce::from(nonce),
            Payload {
                msg: &sealed,
                aad: &aad,
            },
        )
        .map_err(|_| Unreadable)?;
    Ok(Zeroizing::new(plain))
}

fn cipher(key: &Key) -> Aes256Gcm {
    // The configured key may be longer than 32 bytes and is used for sealing alone: derive the cipher's key from it.
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.bytes()).expect("HMAC takes a key of any length");
    mac.update(b"intrex/seal/v1");
    let derived: [u8; 32] = mac.finalize().into_bytes().into();
    Aes256Gcm::new(&derived.into())
}

/// Each part with its length before it, so that no two places have the same bytes.
fn associated_data(place: Place, key_id: &str) -> Vec<u8> {
    let tenant = place.tenant.uuid();
    let parts: [&[u8]; 5] = [
        place.table.as_bytes(),
        place.column.as_bytes(),
        tenant.as_bytes(),
        place.row.as_bytes(),
        key_id.as_bytes(),
    ];
    let mut out = Vec::with_capacity(128);
    for part in parts {
        out.extend_from_slice(&u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes());
        out.extend_from_slice(part);
    }
    out
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

    fn place(row: u128) -> Place {
        Place {
            table: "people",
            column: "totp_secret",
            tenant: TenantId::PLATFORM,
            row: Uuid::from_u128(row),
        }
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_only() {
        let ring = ring();
        let sealed = seal(&ring, place(1), b"secret", Chance);
        assert_eq!(
            open(&ring, place(1), &sealed).as_deref().map(Vec::as_slice),
            Ok(b"secret".as_slice())
        );
        assert!(open(&ring, place(2), &sealed).is_err());
        assert!(
            open(
                &ring,
                Place {
                    column: "name",
                    ..place(1)
                },
                &sealed
            )
            .is_err()
        );
        assert!(!sealed.contains("secret"));
    }

    #[test]
    fn a_changed_byte_does_not_open() {
        let ring = ring();
        let sealed = seal(&ring, place(1), b"secret", Chance);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            if changed != sealed {
                assert!(open(&ring, place(1), &changed).is_err(), "byte {at}");
            }
        }
    }

    #[test]
    fn the_previous_key_still_opens_and_the_current_one_seals() {
        let old = ring();
        let sealed = seal(&old, place(1), b"secret", Chance);
        let new = KeyRing::new(ring().current().clone(), Some(old.current().clone()));
        assert!(open(&new, place(1), &sealed).is_ok());
        assert!(open(&old, place(1), &seal(&new, place(1), b"secret", Chance)).is_err());
    }
}
