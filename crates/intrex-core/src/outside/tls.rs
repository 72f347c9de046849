//! TLS for whatever goes out: 1.2 or 1.3, always verified. Nothing here can switch that off.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    client::Resumption,
    pki_types::CertificateDer,
    version::{TLS12, TLS13},
};

/// TLS that trusts these authorities and no other. No session is taken up again: that would skip the certificate.
pub(super) fn client_config(
    roots: impl IntoIterator<Item = CertificateDer<'static>>,
    alpn: &[&[u8]],
) -> Option<Arc<ClientConfig>> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots);
    if store.is_empty() {
        tracing::warn!("no certificate authority is trusted: nothing can be sent");
        return None;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .inspect_err(|error| tracing::error!(%error, "TLS cannot be used"))
        .ok()?
        .with_root_certificates(store)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Some(Arc::new(config))
}

/// The authorities that this machine trusts.
pub(super) fn of_this_machine() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}
