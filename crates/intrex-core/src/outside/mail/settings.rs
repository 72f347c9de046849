//! Where the installation's mail server is: `SMTP_URL` and `SMTP_FROM`, checked once. Encryption is required; without it
//! only a server on the same machine is spoken to, where nothing crosses a network.

use std::{fmt, net::IpAddr};

use lettre::{
    message::Mailbox,
    transport::smtp::{
        authentication::Credentials,
        client::{TlsParameters, TlsParametersBuilder, TlsVersion},
        extension::ClientId,
    },
};
use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};

/// The port for handing mail in with STARTTLS (RFC 6409).
const SUBMISSION_PORT: u16 = 587;
/// The port for handing mail in with TLS from the first byte (RFC 8314).
const SUBMISSIONS_PORT: u16 = 465;
/// The port of a server on this machine that asks for no TLS.
const LOCAL_PORT: u16 = 25;

/// The mail server and how it is spoken to.
pub struct MailSettings {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: Security,
    pub(super) from: Mailbox,
    user: Option<(String, SecretString)>,
}

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte.
    Implicit,
    /// TLS before anything is said; a server that does not offer it gets nothing.
    StartTls,
    /// None: on this machine alone, or where whoever named the server asked for it.
    None,
}

/// Whether `smtp://` to this very machine may go without TLS although nothing was said about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plaintext {
    /// Only where the address says `?tls=none`: production.
    OnRequest,
    /// Also without: development and demonstration.
    OnLoopback,
}

/// Why the mail settings were refused. No message shows the address, which may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadMailSettings {
    /// Not an address.
    #[error(
        "SMTP_URL is not an address such as smtps://user:password@mail.example.com or smtp://mail.example.com:587"
    )]
    Url,
    /// A query that has no meaning.
    #[error(
        "SMTP_URL takes only ?tls=required, ?tls=starttls or, for this machine alone, ?tls=none"
    )]
    Query,
    /// Plain text to another machine.
    #[error("SMTP_URL with ?tls=none is accepted for 127.0.0.1, [::1] and localhost only")]
    PlaintextElsewhere,
    /// Not an address of a sender.
    #[error("SMTP_FROM is not an address such as Intrex <reminders@example.com>")]
    From,
    /// The certificate store of this machine can't be used.
    #[error("the certificates that this machine trusts can't be loaded")]
    Trust,
}

impl MailSettings {
    /// Reads `SMTP_URL` and `SMTP_FROM`.
    pub fn parse(
        url: &SecretString,
        from: &str,
        plaintext: Plaintext,
    ) -> Result<Self, BadMailSettings> {
        let url = Url::parse(url.expose_secret()).map_err(|_| BadMailSettings::Url)?;
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or(BadMailSettings::Url)?.to_owned();
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(BadMailSettings::Url);
        }
        let tls = match url.query() {
            None => None,
            Some(query) => Some(query.strip_prefix("tls=").ok_or(BadMailSettings::Query)?),
        };
        let loopback = is_loopback(&host);
        let security = match (url.scheme(), tls) {
            ("smtps", None | Some("required")) => Security::Implicit,
            ("smtp", Some("none")) if loopback => Security::None,
            ("smtp", Some("none")) => return Err(BadMailSettings::PlaintextElsewhere),
            ("smtp", None) if loopback && plaintext == Plaintext::OnLoopback => Security::None,
            ("smtp", None | Some("required" | "starttls")) => Security::StartTls,
            ("smtp" | "smtps", Some(_)) => return Err(BadMailSettings::Query),
            _ => return Err(BadMailSettings::Url),
        };
        let port = url.port().unwrap_or(match security {
            Security::Implicit => SUBMISSIONS_PORT,
            Security::StartTls => SUBMISSION_PORT,
            Security::None => LOCAL_PORT,
        });
        let user = match url.password() {
            None if url.username().is_empty() => None,
            None => return Err(BadMailSettings::Url),
            Some(password) => Some((decoded(url.username())?, decoded(password)?.into())),
        };
        Ok(MailSettings {
            host: host.trim_matches(['[', ']']).to_owned(),
            port,
            security,
            from: from.parse().map_err(|_| BadMailSettings::From)?,
            user,
        })
    }

    pub(super) fn credentials(&self) -> Option<Credentials> {
        self.user.as_ref().map(|(user, password)| {
            Credentials::new(user.clone(), password.expose_secret().to_owned())
        })
    }

    pub(super) fn tls_parameters(&self) -> Result<TlsParameters, BadMailSettings> {
        TlsParametersBuilder::new(self.host.clone())
            .set_min_tls_version(TlsVersion::Tlsv12)
            .build_rustls()
            .map_err(|_| BadMailSettings::Trust)
    }

    /// What we call ourselves: the sender's domain, which a receiving server can look up, not the name of this machine.
    pub(super) fn hello(&self) -> ClientId {
        ClientId::Domain(self.from.email.domain().to_owned())
    }
}

impl fmt::Debug for MailSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailSettings")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("security", &self.security)
            .field("from", &self.from.to_string())
            .field("authenticates", &self.user.is_some())
            .finish()
    }
}

fn is_loopback(host: &str) -> bool {
    match Host::parse(host) {
        Ok(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Ok(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        // An address of a scheme that browsers do not know keeps its host as it was written.
        Ok(Host::Domain(name)) => name == "localhost",
        Err(_) => false,
    }
}

/// A part of the address with its `%40` and the like undone.
fn decoded(part: &str) -> Result<String, BadMailSettings> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let pair = [rest.next(), rest.next()];
            let [Some(high), Some(low)] = pair else {
                return Err(BadMailSettings::Url);
            };
            let mut decoded = [0];
            hex::decode_to_slice([high, low], &mut decoded).map_err(|_| BadMailSettings::Url)?;
            bytes.push(decoded[0]);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).map_err(|_| BadMailSettings::Url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str, plaintext: Plaintext) -> Result<MailSettings, BadMailSettings> {
        MailSettings::parse(&url.into(), "Intrex <reminders@example.com>", plaintext)
    }

    fn security(url: &str, plaintext: Plaintext) -> Result<(Security, u16), BadMailSettings> {
        parse(url, plaintext).map(|settings| (settings.security, settings.port))
    }

    #[test]
    fn mail_is_encrypted_unless_the_server_is_this_machine() {
        use Plaintext::{OnLoopback, OnRequest};
        let tls = Ok((Security::StartTls, 587));
        assert_eq!(security("smtp://mail.example.com", OnLoopback), tls);
        assert_eq!(
            security("smtp://mail.example.com?tls=required", OnRequest),
            tls
        );
        assert_eq!(security("smtp://localhost?tls=starttls", OnLoopback), tls);
        assert_eq!(security("smtp://127.0.0.1", OnRequest), tls);
        assert_eq!(
            security("smtps://mail.example.com", OnRequest),
            Ok((Security::Implicit, 465))
        );
        assert_eq!(
            security("smtp://127.0.0.1:2525", OnLoopback),
            Ok((Security::None, 2525))
        );
        assert_eq!(
            security("smtp://[::1]?tls=none", OnRequest),
            Ok((Security::None, 25))
        );
    }

    #[test]
    fn plain_text_never_leaves_this_machine() {
        for url in [
            "smtp://mail.example.com?tls=none",
            "smtp://10.0.0.5?tls=none",
            "smtp://localhost.example.com?tls=none",
            "smtp://0.0.0.0?tls=none",
        ] {
            assert_eq!(
                security(url, Plaintext::OnLoopback),
                Err(BadMailSettings::PlaintextElsewhere),
                "{url}"
            );
        }
    }

    #[test]
    fn what_has_no_meaning_is_refused() {
        for url in [
            "",
            "mail.example.com",
            "http://mail.example.com",
            "smtp://",
            "smtp://mail.example.com/inbox",
            "smtp://user@mail.example.com",
            "smtp://u:%4@mail.example.com",
        ] {
            assert_eq!(
                security(url, Plaintext::OnRequest),
                Err(BadMailSettings::Url),
                "{url}"
            );
        }
        for url in [
            "smtp://h?tls=opportunistic",
            "smtps://h?tls=none",
            "smtp://h?x=1",
        ] {
            assert_eq!(
                security(url, Plaintext::OnRequest),
                Err(BadMailSettings::Query),
                "{url}"
            );
        }
        let from = |from| {
            MailSettings::parse(
                &"smtps://mail.example.com".into(),
                from,
                Plaintext::OnRequest,
            )
        };
        assert_eq!(from("nobody").err(), Some(BadMailSettings::From));
        assert_eq!(
            from("a@example.com\r\nBcc: b@example.com").err(),
            Some(BadMailSettings::From)
        );
    }

    #[test]
    fn the_password_is_decoded_and_never_shown() {
        let settings = parse(
            "smtps://us%40er:p%3Ass%2Fword@mail.example.com",
            Plaintext::OnRequest,
        )
        .expect("parses");
        assert_eq!(
            settings.credentials(),
            Some(Credentials::new("us@er".into(), "p:ss/word".into()))
        );
        let alone = format!("{settings:?}");
        let shown = alone + &format!("{:?}", super::super::Mailer::new(settings));
        assert!(
            !shown.contains("p:ss") && !shown.contains("p%3Ass"),
            "{shown}"
        );
    }
}
