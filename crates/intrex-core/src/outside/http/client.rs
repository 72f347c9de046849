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
#[cfg(test)]
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use super::{
    Attempt, CUT_BODY_TIMEOUT, Guard, Limits, OutgoingError, Refusal, Step, Target,
    target::HostName,
};
use crate::outside::{tls, trail::Trail};

/// Bytes of an answer's head, and of a piece of its body that is held at a time.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Headers of an answer.
const MAX_HEADERS: usize = 128;
/// What is spoken within TLS.
const ALPN: [&[u8]; 1] = [b"http/1.1"];
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
            tls: OnceLock::from(tls::client_config([root], &ALPN)),
        }
    }

    pub(super) fn guard(&self) -> &Guard {
        &self.guard
    }

    /// The answer whole, or an error.
    pub(super) async fn send(
        &self,
        request: Request<Vec<u8>>,
        limits: Limits,
    ) -> Result<Response<Vec<u8>>, OutgoingError> {
        self.attempt(request, limits, Longer::Fails).await.outcome
    }

    pub(super) async fn attempt(
        &self,
        request: Request<Vec<u8>>,
        limits: Limits,
        longer: Longer,
    ) -> Attempt {
        let mut trail = Trail::begin(Step::Address);
        let outcome = match readied(request) {
            Ok((target, request)) => {
                let exchange = self.exchange(request, &target, limits, longer, &mut trail);
                // What the other side does after this is dropped together with the connection.
                tokio::time::timeout(limits.total, exchange)
                    .await
                    .unwrap_or(Err(OutgoingError::TimedOut))
            }
            Err(error) => Err(error),
        };
        Attempt {
            steps: trail.end(),
            outcome,
        }
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
        target: &Target,
        limits: Limits,
        longer: Longer,
        trail: &mut Trail<Step>,
    ) -> Result<Response<Vec<u8>>, OutgoingError> {
        let vetted = self.guard.vet_target(target).await?;
        trail.reach(Step::Connect);
        if !target.is_https() {
            let stream = self.guard.open(&vetted, limits.connect).await?;
            trail.reach(Step::Answer);
            return talk(stream, request, limits.body_bytes, longer).await;
        }
        let opened = async {
            let stream = self.guard.open(&vetted, limits.connect).await?;
            trail.reach(Step::Encrypt);
            let connector = TlsConnector::from(self.tls()?);
            let connected = connector.connect(server_name(target)?, stream).await;
            connected.map_err(|_| OutgoingError::Tls)
        };
        let stream = tokio::time::timeout(limits.connect, opened)
            .await
            .unwrap_or(Err(OutgoingError::TimedOut))?;
        trail.reach(Step::Answer);
        talk(stream, request, limits.body_bytes, longer).await
    }

    fn tls(&self) -> Result<Arc<ClientConfig>, OutgoingError> {
        self.tls
            .get_or_init(|| tls::client_config(tls::of_this_machine(), &ALPN))
            .clone()
            .ok_or(OutgoingError::Tls)
    }
}

fn server_name(target: &Target) -> Result<ServerName<'static>, OutgoingError> {
    match target.host() {
        HostName::Address(ip) => Ok(ServerName::from(*ip)),
        HostName::Name(name) => {
            ServerName::try_from(name.clone()).map_err(|_| Refusal::Host.into())
        }
    }
}

/// What an answer that is longer than the limit comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Longer {
    /// An error, for who needs all of it.
    Fails,
    /// Its beginning, for who needs to know that there was one.
    IsCut,
}

fn readied(request: Request<Vec<u8>>) -> Result<(Target, Request<Full<Bytes>>), OutgoingError> {
    let target = Target::parse(&request.uri().to_string())?;
    let request = prepare(request, &target)?;
    Ok((target, request))
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
    longer: Longer,
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
        let answer = answer.map_err(|_| OutgoingError::Protocol)?;
        match longer {
            Longer::Fails => read(answer, body_bytes).await,
            Longer::IsCut => Ok(read_beginning(answer, body_bytes).await),
        }
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

/// The beginning of an answer. Its head has come, and tells what has become of the request: whatever the body does after
/// that changes nothing.
async fn read_beginning(answer: Response<Incoming>, body_bytes: usize) -> Response<Vec<u8>> {
    let (head, mut body) = answer.into_parts();
    let mut bytes = Vec::new();
    let reading = async {
        while bytes.len() < body_bytes
            && let Some(Ok(frame)) = body.frame().await
        {
            if let Ok(piece) = frame.into_data() {
                let room = body_bytes - bytes.len();
                bytes.extend_from_slice(&piece[..piece.len().min(room)]);
            }
        }
    };
    let _ = tokio::time::timeout(CUT_BODY_TIMEOUT, reading).await;
    Response::from_parts(head, bytes)
}
