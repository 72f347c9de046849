//! The installation's own mail. One message, one connection: a connection that was kept could have been left in the
//! middle of a message by a send that was cut off. A failure tells at which stage it happened and whether trying again
//! can help.
//!
//! `settings` where the server is · `message` what is sent, and that nothing typed becomes a header · `dialogue` what is said
//! to any mail server · `page` its look.

pub(super) mod dialogue;
mod message;
mod page;
mod settings;

use std::{fmt, sync::Arc, time::Duration};

use lettre::{
    address::Envelope,
    transport::smtp::{
        client::{AsyncSmtpConnection, TlsParameters},
        extension::ClientId,
    },
};

use super::trail::Trail;
use dialogue::Script;
pub use message::{BadMessage, Message, MessageId};
pub(crate) use page::html_page;
pub use settings::{BadMailSettings, MailSettings, Plaintext, Security};

/// How long one message may take from the first packet to the server's last word.
pub const SEND_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a connection may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Characters of a server's answer that are kept.
const MAX_DETAIL: usize = 300;

/// Sends mail through the installation's server. Cheap to clone; shows no secret.
#[derive(Debug, Clone)]
pub struct Mailer {
    inner: Arc<Inner>,
}

struct Inner {
    settings: MailSettings,
    tls: Option<TlsParameters>,
    hello: ClientId,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings.fmt(f)
    }
}

/// How far a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The message itself was put together.
    Compose,
    /// The server's name was looked at and found.
    Address,
    /// The connection was opened: for the installation's own server with its name, implicit TLS and greeting.
    Connect,
    /// TLS.
    Encrypt,
    /// The server said who it is and what it can.
    Greeting,
    /// User and password.
    Authenticate,
    /// The server was told who sends.
    Sender,
    /// The server was told who receives.
    Recipient,
    /// The message was handed over.
    Accept,
}

impl Stage {
    /// Its name in logs and in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Compose => "compose",
            Stage::Address => "address",
            Stage::Connect => "connect",
            Stage::Encrypt => "encrypt",
            Stage::Greeting => "greeting",
            Stage::Authenticate => "authenticate",
            Stage::Sender => "sender",
            Stage::Recipient => "recipient",
            Stage::Accept => "accept",
        }
    }
}

/// A message that was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", stage.as_str())]
pub struct MailFault {
    /// Where it ended.
    pub stage: Stage,
    /// Whether this message will never be accepted. A fault of the server or of its settings passes; a refused recipient
    /// or message does not.
    pub permanent: bool,
    /// What the server or the network said, in one short line.
    pub detail: String,
}

impl MailFault {
    fn at(stage: Stage, error: &lettre::transport::smtp::Error) -> Self {
        // Who we are, and as whom we send, is the same for every message: that fault is in the settings, and does not
        // pass a sentence on the one message that met it first.
        let about_the_message = matches!(stage, Stage::Recipient | Stage::Accept);
        MailFault {
            stage,
            permanent: about_the_message && error.is_permanent(),
            detail: one_line(&error.to_string()),
        }
    }

    fn timed_out(stage: Stage) -> Self {
        MailFault {
            stage,
            permanent: false,
            detail: format!("no answer within {} s", SEND_TIMEOUT.as_secs()),
        }
    }
}

impl From<BadMessage> for MailFault {
    fn from(fault: BadMessage) -> Self {
        MailFault {
            stage: Stage::Compose,
            permanent: true,
            detail: fault.to_string(),
        }
    }
}

pub(super) fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_DETAIL)
        .collect()
}

impl Mailer {
    /// Prepares the way; nothing is connected yet.
    pub fn new(settings: MailSettings) -> Result<Self, BadMailSettings> {
        let tls = match settings.security {
            Security::None => None,
            Security::StartTls | Security::Implicit => Some(settings.tls_parameters()?),
        };
        let hello = settings.hello();
        Ok(Mailer {
            inner: Arc::new(Inner {
                settings,
                tls,
                hello,
            }),
        })
    }

    /// Sends one message and waits until the server has taken it.
    pub async fn send(&self, message: &Message) -> Result<(), MailFault> {
        let (envelope, bytes) = message.compose(&self.inner.settings.from)?;
        let mut trail = Trail::begin(Stage::Connect);
        let sent =
            tokio::time::timeout(SEND_TIMEOUT, self.hand_over(&envelope, &bytes, &mut trail));
        match sent.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(MailFault::at(trail.at(), &error)),
            Err(_) => Err(MailFault::timed_out(trail.at())),
        }
    }

    async fn hand_over(
        &self,
        envelope: &Envelope,
        bytes: &[u8],
        trail: &mut Trail<Stage>,
    ) -> Result<(), lettre::transport::smtp::Error> {
        let Inner {
            settings,
            tls,
            hello,
        } = &*self.inner;
        let with_tls = |security| tls.clone().filter(|_| settings.security == security);
        let mut server = AsyncSmtpConnection::connect_tokio1(
            (settings.host.as_str(), settings.port),
            Some(CONNECT_TIMEOUT),
            hello,
            with_tls(Security::Implicit),
            None,
        )
        .await?;
        let script = Script {
            starttls: with_tls(Security::StartTls),
            hello,
            credentials: settings.credentials(),
            envelope,
            message: Some(bytes),
        };
        dialogue::hold(&mut server, script, trail).await?;
        Ok(())
    }
}
