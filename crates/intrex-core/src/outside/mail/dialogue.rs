//! What is said to a mail server once it has been reached, whoever named it: encryption, who we are, who sends, who
//! receives, the message.

use std::time::Duration;

use lettre::{
    address::Envelope,
    transport::smtp::{
        Error,
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail, Rcpt, Rset},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
        response::Response,
    },
};

use super::Stage;
use crate::outside::trail::Trail;

/// Ways to prove who we are, the ones that every server has.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];
/// How long the farewell may take.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(1);

/// What there is to say.
pub(in crate::outside) struct Script<'a> {
    pub(in crate::outside) starttls: Option<TlsParameters>,
    pub(in crate::outside) hello: &'a ClientId,
    pub(in crate::outside) credentials: Option<Credentials>,
    pub(in crate::outside) envelope: &'a Envelope,
    /// Without one it ends when the recipient was taken, and nobody gets anything.
    pub(in crate::outside) message: Option<&'a [u8]>,
}

/// Says it, and tells on the trail how far it came. What the server said last, if it took everything.
pub(in crate::outside) async fn hold(
    server: &mut AsyncSmtpConnection,
    script: Script<'_>,
    trail: &mut Trail<Stage>,
) -> Result<Option<Response>, Error> {
    if let Some(tls) = script.starttls {
        trail.reach(Stage::Encrypt);
        server.starttls(tls, script.hello).await?;
    }
    if let Some(credentials) = script.credentials {
        trail.reach(Stage::Authenticate);
        server.auth(&MECHANISMS, &credentials).await?;
    }
    trail.reach(Stage::Sender);
    let envelope = script.envelope;
    let mut parameters = Vec::new();
    let mut addresses = envelope.from().into_iter().chain(envelope.to());
    if addresses.any(|address| !AsRef::<str>::as_ref(address).is_ascii()) {
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if script.message.is_some_and(|bytes| !bytes.is_ascii())
        && server
            .server_info()
            .supports_feature(Extension::EightBitMime)
    {
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    server
        .command(Mail::new(envelope.from().cloned(), parameters))
        .await?;
    trail.reach(Stage::Recipient);
    for recipient in envelope.to() {
        server
            .command(Rcpt::new(recipient.clone(), Vec::new()))
            .await?;
    }
    let said = match script.message {
        Some(bytes) => {
            trail.reach(Stage::Accept);
            server.command(Data).await?;
            Some(server.message(bytes).await?)
        }
        None => {
            let _ = tokio::time::timeout(FAREWELL_TIMEOUT, server.command(Rset)).await;
            None
        }
    };
    // Accepted is accepted: what happens to the farewell changes nothing.
    let _ = tokio::time::timeout(FAREWELL_TIMEOUT, server.quit()).await;
    Ok(said)
}
