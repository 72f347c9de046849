//! What hosts that a tenant names may be, beyond public ones with TLS. Nothing, unless whoever runs the installation says
//! so: `INTREX_ALLOW_PRIVATE_NETS`, `INTREX_ALLOW_HTTP_WEBHOOKS`.

use intrex_core::outside::http::PlainHttp;
use ipnet::IpNet;

use super::{Environment, Faults, values};

/// What hosts that a tenant names may be, beyond public ones with TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingConfig {
    /// Networks that are reached although they are not public.
    pub private_nets: Vec<IpNet>,
    /// Requests without TLS.
    pub plain_http: PlainHttp,
}

/// Reads it. `None` means that a fault was noted.
pub(super) fn read(environment: &Environment, faults: &mut Faults) -> Option<OutgoingConfig> {
    let plain = values::yes_or_no(environment, "INTREX_ALLOW_HTTP_WEBHOOKS", false);
    let private_nets = values::networks(environment, "INTREX_ALLOW_PRIVATE_NETS");
    let (plain, private_nets) = (faults.take(plain), faults.take(private_nets));
    Some(OutgoingConfig {
        private_nets: private_nets?,
        plain_http: match plain? {
            true => PlainHttp::Allowed,
            false => PlainHttp::Refused,
        },
    })
}
