//! One request: vetted, connected, encrypted, sent, and its answer read up to a limit, all within one span of time. The
//! connection belongs to this request and ends with it, or to its lane and waits there for the next one; nothing of one tenant
//! can meet another's. There is no code here that could follow a redirect, decompress, keep a cookie or ask the environment
//! for a proxy.

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
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
    Attempt, CUT_BODY_TIMEOUT, Guard, Lane, Limits, OutgoingError, Refusal, Step, Target, Vetted,
    kept::{Connection, Kept, Purpose},
    target::HostName,
};
use crate::outside::{tls, trail::Trail};

/// Bytes of an answer's head, and of a piece of its body that is held at a time.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Headers of an answer.
const MAX_HEADERS: usize = 128;
/// How soon after an answer a connection can take the next request.
const READY_WITHIN: Duration = Duration::from_millis(50);
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
    kept: Kept,
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
            kept: Kept::default(),
        }
    }

    /// Trusts one authority and nothing else.
    #[cfg(test)]
    pub(super) fn trusting(guard: Guard, root: CertificateDer<'static>) -> Self {
        Client {
            guard,
            tls: OnceLock::from(tls::client_config([root], &ALPN)),
            kept: Kept::default(),
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
        let attempt = self.attempt(request, None, limits, Longer::Fails);
        attempt.await.outcome
    }

    pub(super) async fn attempt(
        &self,
        request: Request<Vec<u8>>,
        lane: Option<Lane>,
        limits: Limits,
        longer: Longer,
    ) -> Attempt {
        let mut trail = Trail::begin(Step::Address);
        let outcome = match readied(request, lane) {
            Ok(readied) => {
                let exchange = self.exchange(readied, limits, longer, &mut trail);
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
        readied: Readied,
        limits: Limits,
        longer: Longer,
        trail: &mut Trail<Step>,
    ) -> Result<Response<Vec<u8>>, OutgoingError> {
        let Readied {
            target,
            purpose,
            mut request,
        } = readied;
        let vetted = self.guard.vet_target(&target).await?;
        trail.reach(Step::Connect);
        if let Some(purpose) = &purpose
            && let Some(connection) = self.kept.take(purpose, &vetted)
        {
            let again = request.clone();
            trail.reach(Step::Answer);
            match self
                .talk(connection, request, Some(purpose), limits, longer)
                .await
            {
                // It ended while it waited, and this request met its end.
                Err(Unanswered) => request = again,
                Ok(answer) => return answer,
            }
        }
        let connection = self.open(&target, &vetted, limits, trail).await?;
        trail.reach(Step::Answer);
        let answer = self.talk(connection, request, purpose.as_ref(), limits, longer);
        answer.await.unwrap_or(Err(OutgoingError::Protocol))
    }

    /// A connection to an address that was vetted, encrypted if the target asks for it.
    async fn open(
        &self,
        target: &Target,
        vetted: &Vetted,
        limits: Limits,
        trail: &mut Trail<Step>,
    ) -> Result<Connection, OutgoingError> {
        if !target.is_https() {
            let stream = self.guard.open(vetted, limits.connect).await?;
            let peer = stream.peer_addr().map_err(|_| OutgoingError::Connect)?;
            return greet(stream, peer).await;
        }
        let opened = async {
            let stream = self.guard.open(vetted, limits.connect).await?;
            let peer = stream.peer_addr().map_err(|_| OutgoingError::Connect)?;
            trail.reach(Step::Encrypt);
            let connector = TlsConnector::from(self.tls()?);
            let connected = connector.connect(server_name(target)?, stream).await;
            Ok((connected.map_err(|_| OutgoingError::Tls)?, peer))
        };
        let (stream, peer) = tokio::time::timeout(limits.connect, opened)
            .await
            .unwrap_or(Err(OutgoingError::TimedOut))?;
        greet(stream, peer).await
    }

    /// Speaks HTTP/1.1 over a connection until the answer is whole, and leaves the connection to its lane if it is.
    async fn talk(
        &self,
        mut connection: Connection,
        request: Request<Full<Bytes>>,
        purpose: Option<&Purpose>,
        limits: Limits,
        longer: Longer,
    ) -> Result<Result<Response<Vec<u8>>, OutgoingError>, Unanswered> {
        let answer = connection.requests.send_request(request).await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if error.is_canceled() || error.is_incomplete_message() => {
                return Err(Unanswered);
            }
            Err(_) => return Ok(Err(OutgoingError::Protocol)),
        };
        let answer = match longer {
            Longer::Fails => read(answer, limits.body_bytes).await,
            Longer::IsCut => Ok(read_beginning(answer, limits.body_bytes).await),
        };
        let Read { answer, whole } = match answer {
            Ok(read) => read,
            Err(error) => return Ok(Err(error)),
        };
        if whole && let Some(purpose) = purpose {
            // Not ready soon: closed by the other side, which has said so or just did it.
            let ready = tokio::time::timeout(READY_WITHIN, connection.requests.ready());
            if matches!(ready.await, Ok(Ok(()))) {
                self.kept.put(purpose.clone(), connection);
            }
        }
        Ok(Ok(answer))
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

/// The connection has ended without a word of an answer.
struct Unanswered;

/// A request that can go out.
struct Readied {
    target: Target,
    /// What a connection is looked for, and kept for, if the request has a lane.
    purpose: Option<Purpose>,
    request: Request<Full<Bytes>>,
}

fn readied(request: Request<Vec<u8>>, lane: Option<Lane>) -> Result<Readied, OutgoingError> {
    let target = Target::parse(&request.uri().to_string())?;
    let purpose = lane.map(|lane| Purpose {
        lane,
        origin: target.origin(),
    });
    let mut request = prepare(request, &target)?;
    if purpose.is_none() {
        let close = HeaderValue::from_static("close");
        request.headers_mut().insert(CONNECTION, close);
    }
    Ok(Readied {
        target,
        purpose,
        request,
    })
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
    let path = Uri::try_from(target.path_and_query()).map_err(|_| Refusal::Url)?;
    let mut request = Request::new(Full::new(Bytes::from(body)));
    *request.method_mut() = given.method;
    *request.uri_mut() = path;
    *request.headers_mut() = headers;
    Ok(request)
}

/// Begins to speak HTTP/1.1 over a connection.
#[expect(
    clippy::disallowed_methods,
    reason = "the one client, on a connection that the guard has opened"
)]
async fn greet(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
) -> Result<Connection, OutgoingError> {
    let mut settings = http1::Builder::new();
    settings
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS);
    let (requests, connection) = settings
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| OutgoingError::Protocol)?;
    // What goes wrong on it is told to whoever waits for an answer.
    let driver = tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(Connection::new(requests, driver, peer))
}

/// An answer, and whether all of it was read.
struct Read {
    answer: Response<Vec<u8>>,
    whole: bool,
}

async fn read(answer: Response<Incoming>, body_bytes: usize) -> Result<Read, OutgoingError> {
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
    Ok(Read {
        answer: Response::from_parts(head, bytes),
        whole: true,
    })
}

/// The beginning of an answer. Its head has come, and tells what has become of the request: whatever the body does after
/// that changes nothing.
async fn read_beginning(answer: Response<Incoming>, body_bytes: usize) -> Read {
    let (head, mut body) = answer.into_parts();
    let mut bytes = Vec::new();
    let reading = async {
        while bytes.len() < body_bytes {
            match body.frame().await {
                None => return true,
                Some(Err(_)) => return false,
                Some(Ok(frame)) => {
                    if let Ok(piece) = frame.into_data() {
                        let room = body_bytes - bytes.len();
                        bytes.extend_from_slice(&piece[..piece.len().min(room)]);
                    }
                }
            }
        }
        body.is_end_stream()
    };
    let whole = tokio::time::timeout(CUT_BODY_TIMEOUT, reading).await;
    Read {
        answer: Response::from_parts(head, bytes),
        whole: whole.unwrap_or(false),
    }
}
