//! The address of a request, parsed once by the rules that browsers follow, so that no two parts of the program can read
//! the same text as two different hosts.

use std::net::{IpAddr, Ipv6Addr};

use http::Uri;
use url::{Host, Url};

use super::Refusal;

/// Characters of an address.
const MAX_URL_CHARS: usize = 2_048;
/// Characters of a host's name (RFC 1035).
const MAX_NAME_CHARS: usize = 253;
/// Characters between two dots of a name.
const MAX_LABEL_CHARS: usize = 63;

/// The address of a web server: `https` or `http`, a host, no user. Whether it may be reached is another question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    url: Url,
    uri: Uri,
    host: HostName,
}

/// A host: a number, or a name in lower case without a dot at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HostName {
    /// A number, however it was spelled.
    Address(IpAddr),
    /// A name.
    Name(String),
}

impl Target {
    /// Reads an address.
    ///
    /// # Errors
    /// [`Refusal::Url`], [`Refusal::Host`] or [`Refusal::UserInfo`].
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        // The parser would drop tabs and line ends silently; nobody types them by intent.
        let plain = |c: char| !c.is_control() && !c.is_whitespace();
        if text.len() > MAX_URL_CHARS || !text.chars().all(plain) {
            return Err(Refusal::Url);
        }
        let mut url = Url::parse(text).map_err(|_| Refusal::Url)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(Refusal::Url);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::UserInfo);
        }
        url.set_fragment(None);
        let host = HostName::of(url.host().ok_or(Refusal::Host)?)?;
        if let HostName::Name(name) = &host {
            url.set_host(Some(name)).map_err(|_| Refusal::Host)?;
        }
        let uri = url.as_str().parse().map_err(|_| Refusal::Url)?;
        Ok(Target { url, uri, host })
    }

    /// For [`Outgoing::send`](super::Outgoing::send).
    pub fn uri(&self) -> Uri {
        self.uri.clone()
    }

    /// As it was parsed.
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    pub(super) fn host(&self) -> &HostName {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        // Both schemes have a known one.
        self.url.port_or_known_default().unwrap_or(0)
    }

    pub(super) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Host and, if it is not the scheme's own, port: the header `Host`.
    pub(super) fn authority(&self) -> String {
        self.url.authority().to_owned()
    }

    /// Scheme, name and port: what a connection is opened for.
    pub(super) fn origin(&self) -> String {
        format!(
            "{}://{}:{}",
            self.url.scheme(),
            self.authority(),
            self.port()
        )
    }

    /// What is asked of the server.
    pub(super) fn path_and_query(&self) -> String {
        match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        }
    }
}

impl HostName {
    /// Reads a host as it is typed in a field of its own.
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        if let Ok(ip) = text.parse::<Ipv6Addr>() {
            return Ok(HostName::Address(ip.into()));
        }
        if text.len() > MAX_URL_CHARS || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(Refusal::Host);
        }
        match Host::parse(text).map_err(|_| Refusal::Host)? {
            Host::Domain(name) => HostName::name(&name),
            Host::Ipv4(ip) => Ok(HostName::Address(ip.into())),
            Host::Ipv6(ip) => Ok(HostName::Address(ip.into())),
        }
    }

    fn of(host: Host<&str>) -> Result<Self, Refusal> {
        match host {
            Host::Domain(name) => HostName::name(name),
            Host::Ipv4(ip) => Ok(HostName::Address(ip.into())),
            Host::Ipv6(ip) => Ok(HostName::Address(ip.into())),
        }
    }

    /// A name as DNS knows it. One dot at its end says that it is whole, and every name here is taken as whole.
    pub(super) fn name(name: &str) -> Result<Self, Refusal> {
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        let is_label = |label: &str| {
            (1..=MAX_LABEL_CHARS).contains(&label.len())
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        if name.len() > MAX_NAME_CHARS || !name.split('.').all(is_label) {
            return Err(Refusal::Host);
        }
        Ok(HostName::Name(name))
    }
}
