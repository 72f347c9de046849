//! How the installation is reached. Plain HTTP is for the loopback interface of a developer's machine, or for the last step
//! behind a proxy that was named; everything else is HTTPS.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use ipnet::IpNet;
use url::Url;

use super::{Environment, Faults, Purpose, Stage, values};

/// Where it listens when nothing is said.
const DEFAULT_BIND: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
/// Where it is reached when nothing is said.
const DEFAULT_BASE_URL: &str = "http://localhost:8080";

/// How the installation is reached.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// Where people reach it.
    pub base_url: Url,
    /// Whether that was said, or follows the port.
    pub base_url_given: bool,
    /// Where it listens.
    pub bind: SocketAddr,
    /// The certificate and key of built-in HTTPS.
    pub tls: Option<TlsFiles>,
    /// Proxies that are believed about the client's address and scheme.
    pub trusted_proxies: Vec<IpNet>,
}

/// The files of built-in HTTPS, in PEM.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate, then its chain.
    pub cert: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Reads it. `None` means that a fault was noted.
pub(super) fn read(
    environment: &Environment,
    purpose: Purpose,
    stage: Option<Stage>,
    faults: &mut Faults,
) -> Option<HttpConfig> {
    let bind = faults.take(bind(environment));
    let base_url_given = environment.get("BASE_URL").is_some();
    let base_url = faults.take(base_url(environment, bind));
    let trusted_proxies = faults.take(values::networks(environment, "TRUSTED_PROXIES"));
    let tls = faults.take(tls(environment));
    let config = HttpConfig {
        base_url: base_url?,
        base_url_given,
        bind: bind?,
        tls: tls?,
        trusted_proxies: trusted_proxies?,
    };
    let refused = match purpose {
        Purpose::Migrate => None,
        Purpose::Operate => config.is_not_for(stage?),
        Purpose::Demo if !config.bind.ip().is_loopback() => Some(NOT_LOOPBACK.to_owned()),
        Purpose::Serve | Purpose::Demo => config
            .is_not_for(stage?)
            .or_else(|| config.cannot_be_served(stage == Some(Stage::Production))),
    };
    match refused {
        Some(fault) => {
            faults.add(fault);
            None
        }
        None => Some(config),
    }
}

/// Why a demonstration does not listen elsewhere.
pub(crate) const NOT_LOOPBACK: &str = "BIND must be a loopback address (127.0.0.1:8080) for a demonstration: its \
                                       sign-in page tells everybody how to sign in";

impl HttpConfig {
    /// What is wrong with the address for whoever follows links to it.
    fn is_not_for(&self, stage: Stage) -> Option<String> {
        (stage == Stage::Production && self.base_url.scheme() != "https").then(|| {
            "BASE_URL must be given and begin with https:// in production: links, cookies and HSTS follow it".to_owned()
        })
    }

    /// What is wrong with how it is served.
    fn cannot_be_served(&self, production: bool) -> Option<String> {
        let https = self.base_url.scheme() == "https";
        if self.tls.is_some() {
            return (!https)
                .then(|| "TLS_CERT is given, so BASE_URL must begin with https://".to_owned());
        }
        if https && !self.trusted_proxies.is_empty() {
            return None;
        }
        if production || https {
            return Some(
                "nobody would serve HTTPS: give TLS_CERT and TLS_KEY, or name in TRUSTED_PROXIES the addresses of the \
                 proxy that does (127.0.0.1 for one on this machine)"
                    .to_owned(),
            );
        }
        (!self.bind.ip().is_loopback()).then(|| {
            "BIND is not a loopback address, and plain HTTP is served on loopback alone: give TLS_CERT and TLS_KEY, or \
             BASE_URL with https:// and TRUSTED_PROXIES"
                .to_owned()
        })
    }
}

fn bind(environment: &Environment) -> Result<SocketAddr, String> {
    let Some(text) = environment.get("BIND") else {
        return Ok(DEFAULT_BIND);
    };
    let numeric = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    numeric.parse().map_err(|_| {
        "BIND must be an address and a port, such as 127.0.0.1:8080 or [::1]:8080".to_owned()
    })
}

fn base_url(environment: &Environment, bind: Option<SocketAddr>) -> Result<Url, String> {
    let Some(text) = environment.get("BASE_URL") else {
        let mut url = Url::parse(DEFAULT_BASE_URL).map_err(|error| error.to_string())?;
        if let Some(bind) = bind {
            // A port is always possible here: the scheme is http and the host is localhost.
            let _ = url.set_port(Some(bind.port()));
        }
        return Ok(url);
    };
    let url = values::url("BASE_URL", text, &["https", "http"])?;
    let bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !bare || url.host_str().is_none() {
        return Err(
            "BASE_URL must be scheme, host and perhaps a port, nothing more: https://intrex.example"
                .to_owned(),
        );
    }
    Ok(url)
}

fn tls(environment: &Environment) -> Result<Option<TlsFiles>, String> {
    match (environment.get("TLS_CERT"), environment.get("TLS_KEY")) {
        (None, None) => Ok(None),
        (Some(cert), Some(key)) => {
            for (name, path) in [("TLS_CERT", cert), ("TLS_KEY", key)] {
                std::fs::File::open(path)
                    .map_err(|error| format!("{name}: cannot read {path}: {error}"))?;
            }
            Ok(Some(TlsFiles {
                cert: cert.into(),
                key: key.into(),
            }))
        }
        (Some(_), None) => Err("TLS_KEY is missing: TLS_CERT is given".to_owned()),
        (None, Some(_)) => Err("TLS_CERT is missing: TLS_KEY is given".to_owned()),
    }
}
