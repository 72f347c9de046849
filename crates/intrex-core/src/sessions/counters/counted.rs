//! What a counter counts, and under which key: HMACs of what was typed and of where it came from.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use uuid::Uuid;

use crate::{App, actor::Request, ids::DeviceId, network::network_of, vault::Key};

/// Stands where no device is known; no device has this id.
const NO_DEVICE: Uuid = Uuid::nil();

/// What one counter counts. In this order they are locked, so that two sign-ins never wait for each other in a circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Scope {
    Account,
    AccountNetwork,
    /// The account on a device that it is known by: a lane of its own.
    Device,
    Network,
    Rate,
    /// Tries of a second factor, by network.
    FactorRate,
    /// Requests for a link to set another password, by account.
    Reset,
    /// Invitations to an address, by organisation.
    Invitation,
    /// Invitations of an organisation.
    Invitations,
}

impl Scope {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Scope::Account => "account",
            Scope::AccountNetwork => "account_network",
            Scope::Device => "device",
            Scope::Network => "network",
            Scope::Rate => "rate",
            Scope::FactorRate => "factor_rate",
            Scope::Reset => "reset",
            Scope::Invitation => "invitation",
            Scope::Invitations => "invitations",
        }
    }
}

/// Which counters a sign-in touches.
#[derive(Debug, Clone)]
pub(crate) struct Counted {
    pub(super) account: [u8; 32],
    network: [u8; 32],
    /// By what requests are counted: the network, or the device where it is known.
    rate: [u8; 32],
    pub(super) device: Option<DeviceId>,
}

impl Counted {
    /// A sign-in with this address, on a device that it is known by or on any other.
    pub(crate) fn of(
        app: &App,
        canonical_email: &str,
        request: &Request,
        device: Option<DeviceId>,
    ) -> Self {
        let key = app.vault.auth().current();
        Counted {
            account: keyed(key, "account", canonical_email),
            network: keyed(key, "network", &network_of(request.ip)),
            rate: rate_key(app, request, device),
            device,
        }
    }

    /// What failures are counted by. On a known device no other counter holds or grows: what strangers did to the account, or
    /// neighbours in the same network, is no matter there, and what is done there locks nobody else.
    fn scopes(&self) -> &'static [Scope] {
        match self.device {
            Some(_) => &[Scope::Device],
            None => &[Scope::Account, Scope::AccountNetwork, Scope::Network],
        }
    }

    pub(super) fn keys(&self) -> Vec<(Scope, [u8; 32])> {
        let scopes = self.scopes().iter();
        scopes.map(|scope| (*scope, self.key(*scope))).collect()
    }

    /// The account in the platform's audit log: a name for it that only tells whether two are the same.
    pub(crate) fn account_tag(&self) -> String {
        hex::encode(&self.account[..16])
    }

    pub(super) fn key(&self, scope: Scope) -> [u8; 32] {
        match scope {
            // Invitations are counted by keys of their own.
            Scope::Account | Scope::Reset | Scope::Invitation | Scope::Invitations => self.account,
            Scope::Network => self.network,
            Scope::Rate | Scope::FactorRate => self.rate,
            Scope::AccountNetwork => {
                // The account's half comes first, so that all of an account's networks can be found and forgotten.
                let mut both = [0; 32];
                both[..16].copy_from_slice(&self.account[..16]);
                both[16..].copy_from_slice(&self.network[..16]);
                both
            }
            Scope::Device => {
                let mut both = [0; 32];
                both[..16].copy_from_slice(&self.account[..16]);
                both[16..]
                    .copy_from_slice(self.device.map_or(NO_DEVICE, DeviceId::uuid).as_bytes());
                both
            }
        }
    }
}

pub(super) fn keyed(key: &Key, what: &str, value: &str) -> [u8; 32] {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.bytes()).expect("HMAC takes a key of any length");
    mac.update(b"intrex/sign-in-counter/v1\0");
    mac.update(what.as_bytes());
    mac.update(b"\0");
    mac.update(value.as_bytes());
    mac.finalize().into_bytes().into()
}

/// By what requests are counted: by a device that is known, or else by the network. Whoever shares an address with strangers
/// is not kept waiting by them, and a device waits for itself.
pub(super) fn rate_key(app: &App, request: &Request, device: Option<DeviceId>) -> [u8; 32] {
    let key = app.vault.auth().current();
    match device {
        Some(device) => keyed(key, "device", &device.to_string()),
        None => keyed(key, "network", &network_of(request.ip)),
    }
}

/// By what the requests of all known devices in a network are counted together.
pub(super) fn known_devices_key(app: &App, request: &Request) -> [u8; 32] {
    let key = app.vault.auth().current();
    keyed(key, "known_devices", &network_of(request.ip))
}
