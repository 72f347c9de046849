//! The one name under which this installation answers. A request for another name did not come through a link of ours:
//! it is a rebinding attack, a wrong proxy or a scanner, and it gets 421 before anything else happens.

use axum::http::{HeaderMap, Uri, header::HOST};
use url::Url;

/// The names that all mean this machine.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Scheme, host and port of `BASE_URL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Site {
    scheme: String,
    hosts: Vec<String>,
    port: u16,
}

impl Site {
    /// The site of a `BASE_URL`. On loopback, every name of loopback counts.
    pub(crate) fn of(base: &Url) -> Self {
        let host = base.host_str().unwrap_or_default().to_ascii_lowercase();
        let hosts = if LOOPBACK.contains(&host.as_str()) {
            LOOPBACK.map(str::to_owned).to_vec()
        } else {
            vec![host]
        };
        Site {
            scheme: base.scheme().to_owned(),
            hosts,
            port: base.port_or_known_default().unwrap_or(443),
        }
    }

    /// Whether people reach it by HTTPS.
    pub(crate) fn is_https(&self) -> bool {
        self.scheme == "https"
    }

    /// Whether a request is for this site: its target, if it names a host, and its one `Host` header.
    pub(crate) fn is_asked(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let mut hosts = headers.get_all(HOST).iter();
        let host = hosts.next();
        if hosts.next().is_some() {
            return false;
        }
        let authority = uri.authority().map(|authority| authority.as_str());
        match (authority, host) {
            (None, None) => false,
            (authority, host) => {
                authority.is_none_or(|authority| self.is_own(authority))
                    && host.is_none_or(|host| host.to_str().is_ok_and(|host| self.is_own(host)))
            }
        }
    }

    /// Whether an `Origin` or the beginning of a `Referer` is this site.
    pub(crate) fn is_origin(&self, url: &str) -> bool {
        let Ok(url) = Url::parse(url) else {
            return false;
        };
        url.scheme() == self.scheme
            && url.port_or_known_default() == Some(self.port)
            && url
                .host_str()
                .is_some_and(|host| self.hosts.iter().any(|own| own == host))
    }

    fn is_own(&self, authority: &str) -> bool {
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()),
            _ => (authority, Some(if self.is_https() { 443 } else { 80 })),
        };
        port == Some(self.port) && self.hosts.iter().any(|own| host.eq_ignore_ascii_case(own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(base: &str, host: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().expect("a header"));
        Site::of(&base.parse().expect("a URL")).is_asked(&Uri::from_static("/"), &headers)
    }

    #[test]
    fn only_the_configured_name_is_answered() {
        let base = "https://intrex.example";
        for host in ["intrex.example", "INTREX.example", "intrex.example:443"] {
            assert!(asked(base, host), "{host}");
        }
        for host in [
            "evil.example",
            "intrex.example.evil.example",
            "intrex.example:80",
            "intrex.example:8443",
            "a@intrex.example",
            "intrex.example.",
            "",
            ":443",
            "localhost",
        ] {
            assert!(!asked(base, host), "{host}");
        }
    }

    #[test]
    fn on_loopback_every_name_of_loopback_is_answered_on_its_port() {
        for host in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080"] {
            assert!(asked("http://localhost:8080", host), "{host}");
            assert!(asked("http://127.0.0.1:8080", host), "{host}");
        }
        for host in ["localhost", "localhost:8081", "[::1]", "127.0.0.2:8080"] {
            assert!(!asked("http://localhost:8080", host), "{host}");
        }
    }

    #[test]
    fn a_target_that_names_a_host_must_name_this_one_too() {
        let site = Site::of(&"http://intrex.example".parse().expect("a URL"));
        let mut headers = HeaderMap::new();
        headers.insert(HOST, "intrex.example".parse().expect("a header"));
        assert!(site.is_asked(&Uri::from_static("http://intrex.example/x"), &headers));
        assert!(!site.is_asked(&Uri::from_static("http://evil.example/x"), &headers));
        headers.append(HOST, "intrex.example".parse().expect("a header"));
        assert!(
            !site.is_asked(&Uri::from_static("/"), &headers),
            "two Host headers"
        );
        assert!(
            !site.is_asked(&Uri::from_static("/"), &HeaderMap::new()),
            "none"
        );
    }

    #[test]
    fn an_origin_is_compared_as_a_whole() {
        let site = Site::of(&"https://intrex.example".parse().expect("a URL"));
        assert!(site.is_origin("https://intrex.example"));
        assert!(site.is_origin("https://intrex.example/sign-in?x=1"));
        for other in [
            "http://intrex.example",
            "https://intrex.example:8443",
            "https://intrex.example.evil.example",
            "https://evil.example/https://intrex.example",
            "null",
            "",
        ] {
            assert!(!site.is_origin(other), "{other}");
        }
    }
}
