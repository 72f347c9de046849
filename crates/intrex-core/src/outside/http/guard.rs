//! The decision whether a host may be reached, and the connection to it. Both stand here so that nothing lies between
//! them: a connection is opened to addresses that were vetted, and to nothing else.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use ipnet::IpNet;
use tokio::net::{TcpSocket, TcpStream};

use super::{
    OutgoingError, OutgoingSettings, Own, PlainHttp, Refusal, Target, address, dns::Resolver,
    own::Reach, target::HostName,
};

/// The port of web servers without TLS.
const HTTP_PORT: u16 = 80;
/// Addresses of one host that are tried.
const MAX_TRIED: usize = 4;

/// Decides which hosts may be reached. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Guard {
    rules: Arc<Rules>,
    ports: Arc<[u16]>,
}

#[derive(Debug)]
struct Rules {
    private_nets: Vec<IpNet>,
    plain_http: PlainHttp,
    own: Own,
    resolver: Resolver,
}

/// Addresses that may be reached: what [`Guard::vet`] found, and all that [`Guard::open`] takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vetted {
    addresses: Vec<SocketAddr>,
    listed: bool,
}

impl Vetted {
    /// The addresses, in the order in which they are tried.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Whether all of them lie in networks that whoever runs the installation has listed.
    pub fn is_listed(&self) -> bool {
        self.listed
    }
}

impl Guard {
    pub(super) fn new(settings: OutgoingSettings) -> Self {
        let mut ports = settings.ports;
        if settings.plain_http == PlainHttp::Allowed {
            ports.push(HTTP_PORT);
        }
        Guard {
            rules: Arc::new(Rules {
                resolver: Resolver::new(settings.name_servers),
                private_nets: settings.private_nets,
                plain_http: settings.plain_http,
                own: settings.own,
            }),
            ports: ports.into(),
        }
    }

    /// The same rules for another protocol, whose servers listen on these ports.
    pub fn for_ports(&self, ports: &[u16]) -> Self {
        Guard {
            rules: self.rules.clone(),
            ports: ports.into(),
        }
    }

    /// Looks at a host that somebody typed: its name, its port, and every address behind it.
    ///
    /// # Errors
    /// [`OutgoingError::Refused`] if it must not be reached, [`OutgoingError::Dns`] if it can't be found.
    pub async fn vet(&self, host: &str, port: u16) -> Result<Vetted, OutgoingError> {
        self.vet_host(&HostName::parse(host)?, port).await
    }

    /// What is wrong with an address, as far as it can be told without asking anybody: for whoever types it. Nothing wrong
    /// here is no leave to connect; [`Guard::vet`] and the client decide that.
    pub fn looks_wrong(&self, target: &Target) -> Option<Refusal> {
        let rules = &*self.rules;
        let closed = rules.private_nets.is_empty();
        if !target.is_https() && closed && rules.plain_http == PlainHttp::Refused {
            return Some(Refusal::PlainHttp);
        }
        self.host_looks_wrong(target.host(), target.port())
    }

    /// The same of a host that is not a web server.
    pub fn server_looks_wrong(&self, host: &str, port: u16) -> Option<Refusal> {
        match HostName::parse(host) {
            Ok(host) => self.host_looks_wrong(&host, port),
            Err(refusal) => Some(refusal),
        }
    }

    fn host_looks_wrong(&self, host: &HostName, port: u16) -> Option<Refusal> {
        if !self.ports.contains(&port) && self.rules.private_nets.is_empty() {
            return Some(Refusal::Port);
        }
        match host {
            HostName::Address(ip) if !self.rules.may_be_reached(*ip) => Some(Refusal::NotPublic),
            HostName::Name(name) if self.rules.own.is_named(name, port) => Some(Refusal::Own),
            _ => None,
        }
    }

    pub(super) async fn vet_target(&self, target: &Target) -> Result<Vetted, OutgoingError> {
        let may_be_plain =
            self.rules.plain_http == PlainHttp::Allowed || !self.rules.private_nets.is_empty();
        if !target.is_https() && !may_be_plain {
            return Err(Refusal::PlainHttp.into());
        }
        let vetted = self.vet_host(target.host(), target.port()).await?;
        let plain = target.is_https() || vetted.listed;
        if !plain && self.rules.plain_http == PlainHttp::Refused {
            return Err(Refusal::PlainHttp.into());
        }
        Ok(vetted)
    }

    async fn vet_host(&self, host: &HostName, port: u16) -> Result<Vetted, OutgoingError> {
        let rules = &*self.rules;
        let port_is_for_this = self.ports.contains(&port);
        // Before anything is asked, where no address could change the answer.
        if port == 0 || (!port_is_for_this && rules.private_nets.is_empty()) {
            return Err(Refusal::Port.into());
        }
        let found = match host {
            HostName::Address(ip) => vec![*ip],
            HostName::Name(name) if rules.own.is_named(name, port) => {
                return Err(Refusal::Own.into());
            }
            HostName::Name(name) => rules.resolver.addresses(name).await?,
        };
        // One that is not public refuses them all: who mixes them hopes that the right one is taken.
        if !found.iter().all(|ip| rules.may_be_reached(*ip)) {
            return Err(Refusal::NotPublic.into());
        }
        if !port_is_for_this && !found.iter().all(|ip| rules.is_listed(*ip)) {
            return Err(Refusal::Port.into());
        }
        let mut addresses: Vec<SocketAddr> = found
            .into_iter()
            .map(|ip| SocketAddr::new(ip, port))
            .collect();
        addresses.sort_by_key(SocketAddr::is_ipv6);
        addresses.dedup();
        let listed = addresses
            .iter()
            .filter(|at| rules.is_listed(at.ip()))
            .count();
        let reach = match listed {
            0 => Reach::Public,
            _ => Reach::Listed,
        };
        rules.own.refuse(&addresses, reach).await?;
        Ok(Vetted {
            listed: listed == addresses.len(),
            addresses,
        })
    }

    /// Opens a connection to one of the addresses, each for its share of the time.
    ///
    /// # Errors
    /// [`OutgoingError::Connect`], or [`OutgoingError::TimedOut`] if none of them answered in time.
    pub async fn open(&self, to: &Vetted, within: Duration) -> Result<TcpStream, OutgoingError> {
        let tried = to.addresses.len().clamp(1, MAX_TRIED);
        // At most four: the conversion can't fail.
        let share = within / u32::try_from(tried).unwrap_or(1);
        let mut fault = OutgoingError::Connect;
        for address in to.addresses.iter().take(tried) {
            match tokio::time::timeout(share, connect(*address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => fault = error,
                Err(_) => fault = OutgoingError::TimedOut,
            }
        }
        Err(fault)
    }

    pub(super) async fn txt(&self, name: &str) -> Result<Vec<String>, OutgoingError> {
        match HostName::parse(name)? {
            HostName::Name(name) => self.rules.resolver.texts(&name).await,
            HostName::Address(_) => Err(Refusal::Host.into()),
        }
    }
}

impl Rules {
    fn may_be_reached(&self, ip: IpAddr) -> bool {
        address::is_public(ip) || self.is_listed(ip)
    }

    fn is_listed(&self, ip: IpAddr) -> bool {
        address::is_one_machine(ip) && self.private_nets.iter().any(|net| net.contains(&ip))
    }
}

/// To this very address, and no other answers.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that connects, to an address that was vetted"
)]
async fn connect(to: SocketAddr) -> Result<TcpStream, OutgoingError> {
    let socket = match to {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    };
    let stream = socket
        .map_err(|_| OutgoingError::Connect)?
        .connect(to)
        .await;
    let stream = stream.map_err(|_| OutgoingError::Connect)?;
    let peer = stream.peer_addr().map_err(|_| OutgoingError::Connect)?;
    if peer.ip() != to.ip() || peer.port() != to.port() {
        return Err(Refusal::NotPublic.into());
    }
    // A request is one small write; waiting for more of it only delays.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}
