//! Mail through a server that a tenant names: through the guard, with encryption that is verified by the machine's
//! authorities or by the tenant's own one, and told stage by stage.
//!
//! `stream` what is read of the server

mod stream;

use std::{fmt, time::Duration};

use lettre::{
    message::Mailbox,
    transport::smtp::{
        authentication::Credentials,
        client::{
            AsyncSmtpConnection, AsyncTokioStream, Certificate, CertificateStore, TlsParameters,
            TlsParametersBuilder, TlsVersion,
        },
        extension::ClientId,
    },
};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use self::stream::Heard;
use super::{
    http::{Guard, OutgoingError, Refusal},
    mail::{
        BadMessage, Message, Security, Stage,
        dialogue::{self, Script},
        one_line,
    },
    tls,
    trail::Trail,
};

/// Ports of mail servers.
pub const SMTP_PORTS: [u16; 4] = [25, 465, 587, 2525];
/// How long opening a connection may take, and encrypting it from the first byte.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long one conversation may take.
pub const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);
/// Certificates in a private authority's file.
const MAX_CERTIFICATES: usize = 10;

/// A mail server that a tenant has named.
pub struct Server<'a> {
    /// Its name or address.
    pub host: &'a str,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// The authority to trust in the place of the machine's, as PEM.
    pub authority: Option<&'a str>,
    /// User and password.
    pub login: Option<(&'a str, &'a SecretString)>,
    /// As whom mail is sent.
    pub from: &'a Mailbox,
}

impl fmt::Debug for Server<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("security", &self.security)
            .finish_non_exhaustive()
    }
}

/// How far a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// The server has said whether it would take it; nobody gets anything.
    Recipient,
    /// The server has taken it.
    Accepted,
}

/// Why a conversation came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// The guard or the network.
    Outside(OutgoingError),
    /// The message itself.
    Message(BadMessage),
    /// The server said no, with this code.
    Refused(u16),
    /// The server does not offer what was asked for: STARTTLS, or a way to prove who we are.
    NotOffered,
}

/// A conversation that came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Why.
    pub why: Why,
    /// What the server said, in one short line; nothing if it did not.
    pub said: String,
}

/// What became of a message, and on which way.
#[derive(Debug)]
pub struct Conversation {
    /// Every stage that was begun, with the time that it took; it ended in the last.
    pub stages: Vec<(Stage, Duration)>,
    /// What the server said last, in one short line, or why it ended.
    pub outcome: Result<String, Fault>,
}

impl Server<'_> {
    /// Hands a message over, or as much of it as is wanted. Within [`TOTAL_TIMEOUT`] it has ended, whatever the server does.
    pub async fn hand_over(&self, guard: &Guard, message: &Message, until: Until) -> Conversation {
        let mut trail = Trail::begin(Stage::Compose);
        let talk = self.talk(guard, message, until, &mut trail);
        let outcome = tokio::time::timeout(TOTAL_TIMEOUT, talk)
            .await
            .unwrap_or_else(|_| Err(OutgoingError::TimedOut.into()));
        Conversation {
            stages: trail.end(),
            outcome,
        }
    }

    async fn talk(
        &self,
        guard: &Guard,
        message: &Message,
        until: Until,
        trail: &mut Trail<Stage>,
    ) -> Result<String, Fault> {
        let (envelope, bytes) = message.compose(self.from).map_err(|fault| Fault {
            why: Why::Message(fault),
            said: String::new(),
        })?;
        // A receiving server can look the sender's domain up, and the name of this machine is nobody's business.
        let hello = ClientId::Domain(self.from.email.domain().to_owned());
        let stream = self.connect(guard, trail).await?;
        trail.reach(Stage::Greeting);
        let mut server = AsyncSmtpConnection::connect_with_transport(stream, &hello)
            .await
            .map_err(|error| of_server(Stage::Greeting, &error))?;
        let script = Script {
            starttls: match self.security {
                Security::StartTls => Some(self.starttls()?),
                Security::Implicit | Security::None => None,
            },
            hello: &hello,
            credentials: self.login.map(|(user, password)| {
                Credentials::new(user.to_owned(), password.expose_secret().to_owned())
            }),
            envelope: &envelope,
            message: (until == Until::Accepted).then_some(&bytes[..]),
        };
        let said = dialogue::hold(&mut server, script, trail)
            .await
            .map_err(|error| of_server(trail.at(), &error))?;
        let lines = said.map(|said| said.message().collect::<Vec<_>>().join(" "));
        Ok(one_line(&lines.unwrap_or_default()))
    }

    async fn connect(
        &self,
        guard: &Guard,
        trail: &mut Trail<Stage>,
    ) -> Result<Box<dyn AsyncTokioStream>, OutgoingError> {
        trail.reach(Stage::Address);
        let vetted = guard
            .for_ports(&SMTP_PORTS)
            .vet(self.host, self.port)
            .await?;
        trail.reach(Stage::Connect);
        let stream = guard.open(&vetted, CONNECT_TIMEOUT).await?;
        let peer = stream.peer_addr().map_err(|_| OutgoingError::Connect)?;
        if self.security != Security::Implicit {
            return Ok(Box::new(Heard::new(stream, peer)));
        }
        trail.reach(Stage::Encrypt);
        let encrypted = tokio::time::timeout(CONNECT_TIMEOUT, self.encrypt(stream))
            .await
            .unwrap_or(Err(OutgoingError::TimedOut))?;
        Ok(Box::new(Heard::new(encrypted, peer)))
    }

    async fn encrypt(
        &self,
        stream: TcpStream,
    ) -> Result<tokio_rustls::client::TlsStream<TcpStream>, OutgoingError> {
        let roots = match self.authority {
            Some(pem) => certificates(pem).ok_or(OutgoingError::Tls)?,
            None => tls::of_this_machine(),
        };
        let config = tls::client_config(roots, &[]).ok_or(OutgoingError::Tls)?;
        let name = ServerName::try_from(self.host.to_owned()).map_err(|_| Refusal::Host)?;
        let connected = TlsConnector::from(config).connect(name, stream).await;
        connected.map_err(|_| OutgoingError::Tls)
    }

    fn starttls(&self) -> Result<TlsParameters, OutgoingError> {
        let mut builder =
            TlsParametersBuilder::new(self.host.to_owned()).set_min_tls_version(TlsVersion::Tlsv12);
        if let Some(pem) = self.authority {
            let authority =
                Certificate::from_pem(pem.as_bytes()).map_err(|_| OutgoingError::Tls)?;
            builder = builder
                .certificate_store(CertificateStore::None)
                .add_root_certificate(authority);
        }
        builder.build_rustls().map_err(|_| OutgoingError::Tls)
    }
}

/// The certificates of a private authority's file; none if it is not one.
pub fn certificates(pem: &str) -> Option<Vec<CertificateDer<'static>>> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .take(MAX_CERTIFICATES + 1)
        .collect();
    let all = all.ok()?;
    let mut store = rustls::RootCertStore::empty();
    let good = (1..=MAX_CERTIFICATES).contains(&all.len())
        && all.iter().all(|one| store.add(one.clone()).is_ok());
    good.then_some(all)
}

impl From<OutgoingError> for Fault {
    fn from(error: OutgoingError) -> Self {
        Fault {
            why: Why::Outside(error),
            said: String::new(),
        }
    }
}

fn of_server(stage: Stage, error: &lettre::transport::smtp::Error) -> Fault {
    if let Some(code) = error.status() {
        let said = std::error::Error::source(error).map(ToString::to_string);
        return Fault {
            why: Why::Refused(code.into()),
            said: one_line(&said.unwrap_or_default()),
        };
    }
    let why = if error.is_client() {
        Why::NotOffered
    } else if stage == Stage::Encrypt {
        Why::Outside(OutgoingError::Tls)
    } else if error.is_timeout() {
        Why::Outside(OutgoingError::TimedOut)
    } else {
        Why::Outside(OutgoingError::Protocol)
    };
    Fault {
        why,
        said: String::new(),
    }
}
