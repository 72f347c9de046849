//! Addresses of clients: the network that one belongs to, and how one is kept and shown, which whoever runs the
//! installation decides by `LOG_IP_MODE`.

use std::net::IpAddr;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::{App, db::Inner, vault::Key};

/// Bytes of a hashed address that are shown: enough to tell whether two are the same.
const SHOWN_HASH_BYTES: usize = 8;

/// How addresses of clients are kept and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IpMode {
    /// As they are.
    #[default]
    Raw,
    /// As the network that they belong to.
    Masked,
    /// As a keyed hash, which only tells whether two are the same.
    Hash,
}

impl App {
    /// An address as it is kept in a session and written to the log; empty if there is none.
    pub fn kept_address(&self, ip: Option<IpAddr>) -> String {
        let key = self.vault.auth().current();
        ip.map_or(String::new(), |ip| kept(self.settings.ip_mode, key, ip))
    }

    /// A kept address as it is shown: one that was kept under a laxer mode is shown by the present one.
    pub fn shown_address(&self, kept: &str) -> String {
        match kept.parse() {
            Ok(ip) => self.kept_address(Some(ip)),
            Err(_) => kept.to_owned(),
        }
    }
}

impl Inner {
    /// As [`App::kept_address`].
    pub(crate) fn kept_address(&self, ip: Option<IpAddr>) -> String {
        let key = self.vault.auth().current();
        ip.map_or(String::new(), |ip| kept(self.ip_mode, key, ip))
    }

    /// As [`App::shown_address`].
    pub(crate) fn shown_address(&self, kept: &str) -> String {
        match kept.parse() {
            Ok(ip) => self.kept_address(Some(ip)),
            Err(_) => kept.to_owned(),
        }
    }
}

fn kept(mode: IpMode, key: &Key, ip: IpAddr) -> String {
    match mode {
        IpMode::Raw => ip.to_canonical().to_string(),
        IpMode::Masked => network_of(Some(ip)),
        IpMode::Hash => {
            let mut mac = Hmac::<Sha256>::new_from_slice(key.bytes())
                .expect("HMAC takes a key of any length");
            mac.update(b"intrex/address/v1\0");
            mac.update(ip.to_canonical().to_string().as_bytes());
            let hash = mac.finalize().into_bytes();
            format!("ip-{}", hex::encode(&hash[..SHOWN_HASH_BYTES]))
        }
    }
}

/// The network of an address: 24 bits of an IPv4 address, 64 of an IPv6 one, which is what one customer is given.
pub(crate) fn network_of(ip: Option<IpAddr>) -> String {
    match ip.map(|ip| ip.to_canonical()) {
        None => "none".to_owned(),
        Some(IpAddr::V4(ip)) => {
            let [a, b, c, _] = ip.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        Some(IpAddr::V6(ip)) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Chance;

    fn network(text: &str) -> String {
        network_of(text.parse().ok())
    }

    #[test]
    fn neighbours_share_a_network_and_a_mapped_address_is_the_same_one() {
        assert_eq!(network("203.0.113.7"), network("203.0.113.200"));
        assert_eq!(network("203.0.113.7"), network("::ffff:203.0.113.7"));
        assert_ne!(network("203.0.113.7"), network("203.0.114.7"));
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
    }

    #[test]
    fn an_address_is_kept_as_the_installation_says() {
        let key = Key::from_bytes(Chance.bytes::<32>().to_vec()).expect("random");
        let as_kept = |mode, ip: &str| kept(mode, &key, ip.parse().expect("an address"));
        assert_eq!(as_kept(IpMode::Raw, "::ffff:203.0.113.7"), "203.0.113.7");
        assert_eq!(as_kept(IpMode::Masked, "203.0.113.7"), "203.0.113.0/24");
        let hash = as_kept(IpMode::Hash, "203.0.113.7");
        assert!(hash.starts_with("ip-") && hash.len() == 19, "{hash}");
        assert_eq!(hash, as_kept(IpMode::Hash, "::ffff:203.0.113.7"));
        assert_ne!(hash, as_kept(IpMode::Hash, "203.0.113.8"));
    }
}
