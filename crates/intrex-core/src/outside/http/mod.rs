//! Requests to hosts that a tenant can name, and the guard that stands before them: whoever may type an address must not
//! reach what only this machine can reach. The name is parsed as browsers do, every address behind it must be public, and
//! the connection goes to an address that was looked at, never to the name again.
//!
//! `error` what can go wrong, told without secrets · `target` the parsed address · `address` which addresses are public ·
//! `dns` names and proofs · `own` what is never reached · `guard` the decision and the connection · `client` one request ·
//! `kept` connections that wait for the next one

mod address;
mod client;
mod dns;
mod error;
mod guard;
mod kept;
mod own;
mod target;
#[cfg(test)]
mod tls_tests;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use ipnet::IpNet;

use client::{Client, Longer};
pub use error::{OutgoingError, Refusal};
pub use guard::{Guard, Vetted};
pub use kept::Lane;
pub use own::Own;
pub use target::Target;

/// How long opening a connection may take, TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long one request may take, from the name to the last byte of the answer.
pub const TOTAL_TIMEOUT: Duration = Duration::from_secs(15);
/// How long the body of an answer is read whose head was enough.
const CUT_BODY_TIMEOUT: Duration = Duration::from_secs(2);
/// Bytes of an answer that are read.
pub const MAX_BODY_BYTES: usize = 16 * 1024;

/// Whether requests may go without TLS to public addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlainHttp {
    /// They may not.
    #[default]
    Refused,
    /// They may: `INTREX_ALLOW_HTTP_WEBHOOKS`.
    Allowed,
}

/// Ports of web servers with TLS.
const HTTPS_PORTS: [u16; 1] = [443];

/// What whoever runs the installation has decided about the way out. The default is the strictest.
#[derive(Debug, Clone)]
pub struct OutgoingSettings {
    /// Networks that are reached although they are not public, on any port: `INTREX_ALLOW_PRIVATE_NETS`.
    pub private_nets: Vec<IpNet>,
    /// Requests without TLS.
    pub plain_http: PlainHttp,
    /// Ports of public servers. Where plain HTTP is allowed, its port 80 is as well.
    pub ports: Vec<u16>,
    /// What is never reached.
    pub own: Own,
    /// Name servers to ask instead of the system's.
    pub name_servers: Option<Vec<SocketAddr>>,
}

impl Default for OutgoingSettings {
    fn default() -> Self {
        OutgoingSettings {
            private_nets: Vec::new(),
            plain_http: PlainHttp::Refused,
            ports: HTTPS_PORTS.to_vec(),
            own: Own::default(),
            name_servers: None,
        }
    }
}

/// How much one request may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time to open a connection, TLS included.
    pub connect: Duration,
    /// Time for everything, from the name to the last byte of the answer.
    pub total: Duration,
    /// Bytes of the answer's body. A longer one is an error, not a piece.
    pub body_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connect: CONNECT_TIMEOUT,
            total: TOTAL_TIMEOUT,
            body_bytes: MAX_BODY_BYTES,
        }
    }
}

/// How far a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Its address is looked at and found.
    Address,
    /// The connection is opened.
    Connect,
    /// The connection is encrypted.
    Encrypt,
    /// The request is sent and its answer awaited.
    Answer,
}

/// What became of a request, and on which way.
#[derive(Debug)]
pub struct Attempt {
    /// Every step that was begun, with the time that it took; it ended in the last.
    pub steps: Vec<(Step, Duration)>,
    /// The answer, or why there is none.
    pub outcome: Result<::http::Response<Vec<u8>>, OutgoingError>,
}

/// The way out. Made once; cheap to clone.
#[derive(Debug, Clone)]
pub struct Outgoing {
    client: Arc<Client>,
}

impl Default for Outgoing {
    fn default() -> Self {
        Outgoing::new(OutgoingSettings::default())
    }
}

impl Outgoing {
    /// The way out under these settings. Nothing is connected or asked yet.
    pub fn new(settings: OutgoingSettings) -> Self {
        Outgoing {
            client: Arc::new(Client::new(Guard::new(settings))),
        }
    }

    /// Sends one request on a connection of its own and reads the answer whole. Redirects are answers; nothing is
    /// decompressed, kept or sent along that the request does not hold.
    ///
    /// # Errors
    /// What [`OutgoingError`] tells. Within `limits.total` it has ended, whatever the other side does.
    pub async fn send(
        &self,
        request: ::http::Request<Vec<u8>>,
        limits: Limits,
    ) -> Result<::http::Response<Vec<u8>>, OutgoingError> {
        self.client.send(request, limits).await
    }

    /// The same for whoever wants to know what became of the request more than what was answered: of a longer answer the
    /// beginning is read, and one whose head has come is an answer whatever happens to its body.
    pub async fn attempt(&self, request: ::http::Request<Vec<u8>>, limits: Limits) -> Attempt {
        self.attempt_in(None, request, limits).await
    }

    /// The same over a connection of this lane, if there is one, which is kept for its next request. The way is looked at each
    /// time as if nothing were kept.
    pub async fn attempt_in(
        &self,
        lane: Option<Lane>,
        request: ::http::Request<Vec<u8>>,
        limits: Limits,
    ) -> Attempt {
        let attempt = self.client.attempt(request, lane, limits, Longer::IsCut);
        attempt.await
    }

    /// The TXT records of a name, none if there is no such name. For proofs that a domain is somebody's.
    ///
    /// # Errors
    /// [`OutgoingError::Refused`] if it is not a name, [`OutgoingError::Dns`] if no server answered.
    pub async fn txt(&self, name: &str) -> Result<Vec<String>, OutgoingError> {
        self.client.guard().txt(name).await
    }

    /// The guard, for hosts that are not spoken to by HTTP.
    pub fn guard(&self) -> &Guard {
        self.client.guard()
    }
}
