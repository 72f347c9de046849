//! One request: vetted, connected, encrypted, sent, and its answer read up to a limit, all within one span of time. The
//! connection belongs to this request and ends with it, so nothing of one tenant can meet another's; there is no code here
//! that could follow a redirect, decompress, keep a cookie or ask the environment for a proxy.

use std::{
    pin::pin,
    sync::{Arc, OnceLock},
};

use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, Uri,
    header::{
        CONNECTION, CONTENT_LENGTH, EXPECT, HOST, PROXY_AUTHORIZATION, TE, TRAILER,
        TRANSFER_ENCODING, UPGRADE,
    },
};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::{Body as _, Bytes, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    client::Resumption,
    pki_types::{CertificateDer, ServerName},
    version::{TLS12, TLS13},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use super::{Guard, Limits, OutgoingError, Refusal, Target, target::HostName};

/// Bytes of an answer's head, and of a piece of its body that is held at a time.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Headers of an answer.
const MAX_HEADERS: usize = 128;
/// Headers that say how the connection is used: not the request's to set.
const OF_THE_CONNECTION: [HeaderName; 9] = [
    HOST,
    CONNECTION,
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
    TE,
    TRAILER,
    UPGRADE,
    EXPECT,
    PROXY_AUTHORIZATION,
];

/// Sends requests.
pub(super) struct Client {
    guard: Guard,
    /// Made at the first use, because it reads what the machine trusts.
    tls: OnceLock<Option<Arc<ClientConfig>>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("guard", &self.guard)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Trusts what this machine trusts.
    pub(super) fn new(guard: Guard) -> Self {
        Client {
            guard,
            tls: OnceLock::new(),
        }
    }

    /// Trusts one authority and nothing else.
    #[cfg(test)]
    pub(super) fn trusting(guard: Guard, root: CertificateDer<'static>) -> Self {
        Client {
            guard,
            tls: OnceLock::from(tls_config([root])),
        }
    }

    pub(super) fn guard(&self) -> &Guard {
        &self.guard
    }

    pub(super) async fn send(
        &self,
        request: Request<Vec<u8>>,
        limits: Limits,
    ) -> Result<Response<Vec<u8>>, OutgoingError> {
        let target = Target::parse(&request.uri().to_string())?;
        let request = prepare(request, &target)?;
        // What the other side does after this is dropped together with the connection.
        tokio::time::timeout(limits.total, self.exchange(request, &target, limits))
            .await
            .unwrap_or(Err(OutgoingError::TimedOut))
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
        target: &Target,
        limits: Limits,
    ) -> Result<Response<Vec<u8>>, OutgoingError> {
        let vetted = self.guard.vet_target(target).await?;
        if !target.is_https() {
            let stream = self.guard.open(&vetted, limits.connect).await?;
            return talk(stream, request, limits.body_bytes).await;
        }
        let opened = async {
            let stream = self.guard.open(&vetted, limits.connect).await?;
            let connector = TlsConnector::from(self.tls()?);
            let connected = connector.connect(server_name(target)?, stream).await;
            connected.map_err(|_| OutgoingError::Tls)
        };
        let stream = tokio::time::timeout(limits.connect, opened)
            .await
            .unwrap_or(Err(OutgoingError::TimedOut))?;
        talk(stream, request, limits.body_bytes).await
    }

    fn tls(&self) -> Result<Arc<ClientConfig>, OutgoingError> {
        self.tls
            .get_or_init(|| tls_config(rustls_native_certs::load_native_certs().certs))
            .clone()
            .ok_or(OutgoingError::Tls)
    }
}

/// TLS 1.2 or 1.3, verified, always. No session is taken up again: that would skip the certificate.
fn tls_config(
    roots: impl IntoIterator<Item = CertificateDer<'static>>,
) -> Option<Arc<ClientConfig>> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots);
    if store.is_empty() {
        tracing::warn!("this machine trusts no certificate authority: no request can be sent");
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
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Some(Arc::new(config))
}

fn server_name(target: &Target) -> Result<ServerName<'static>, OutgoingError> {
    match target.host() {
        HostName::Address(ip) => Ok(ServerName::from(*ip)),
        HostName::Name(name) => {
            ServerName::try_from(name.clone()).map_err(|_| Refusal::Host.into())
        }
    }
}

/// The request as it goes over the connection: host and path from the address as we parsed it.
fn prepare(
    request: Request<Vec<u8>>,
    target: &Target,
) -> Result<Request<Full<Bytes>>, OutgoingError> {
    let (given, body) = request.into_parts();
    if OF_THE_CONNECTION
        .iter()
        .any(|name| given.headers.contains_key(name))
    {
        return Err(Refusal::Header.into());
    }
    let mut headers = HeaderMap::with_capacity(given.headers.len() + 2);
    let host = HeaderValue::try_from(target.authority()).map_err(|_| Refusal::Host)?;
    headers.insert(HOST, host);
    headers.extend(given.headers);
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    let path = Uri::try_from(target.path_and_query()).map_err(|_| Refusal::Url)?;
    let mut request = Request::new(Full::new(Bytes::from(body)));
    *request.method_mut() = given.method;
    *request.uri_mut() = path;
    *request.headers_mut() = headers;
    Ok(request)
}

/// Speaks HTTP/1.1 over a connection until the answer is whole.
#[expect(
    clippy::disallowed_methods,
    reason = "the one client, on a connection that the guard has opened"
)]
async fn talk(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
    body_bytes: usize,
) -> Result<Response<Vec<u8>>, OutgoingError> {
    let mut settings = http1::Builder::new();
    settings
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS);
    let (mut sender, connection) = settings
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| OutgoingError::Protocol)?;
    let answered = async {
        let answer = sender.send_request(request).await;
        read(answer.map_err(|_| OutgoingError::Protocol)?, body_bytes).await
    };
    // Both in this one task: when it is dropped, the connection is closed and nothing goes on by itself.
    let (mut answered, mut connection) = (pin!(answered), pin!(connection));
    tokio::select! {
        answer = &mut answered => answer,
        // The connection has ended; what it has brought is still to be read.
        _ = &mut connection => answered.await,
    }
}

async fn read(
    answer: Response<Incoming>,
    body_bytes: usize,
) -> Result<Response<Vec<u8>>, OutgoingError> {
    let (head, mut body) = answer.into_parts();
    let at_least = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if at_least > body_bytes {
        return Err(OutgoingError::TooLarge);
    }
    let mut bytes = Vec::with_capacity(at_least);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| OutgoingError::Protocol)?;
        if let Ok(piece) = frame.into_data() {
            if bytes.len() + piece.len() > body_bytes {
                return Err(OutgoingError::TooLarge);
            }
            bytes.extend_from_slice(&piece);
        }
    }
    Ok(Response::from_parts(head, bytes))
}
