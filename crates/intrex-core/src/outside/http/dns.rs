//! Names, asked of the system's name servers (and looked for in its file of hosts) by a resolver of our own: the system's
//! knows no TXT records, tries search domains, and holds a thread for each question. Every name is asked for as it stands,
//! and nothing is remembered for long. What is found is vetted wherever it came from.

use std::{
    net::{IpAddr, SocketAddr},
    sync::OnceLock,
    time::Duration,
};

use hickory_resolver::{
    TokioResolver,
    config::{
        ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig,
        ResolverOpts,
    },
    net::{NetError, runtime::TokioRuntimeProvider},
    proto::rr::{Name, RData},
};

use super::{OutgoingError, Refusal};

/// How long one server may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// How long a name may take, with every server and repetition.
pub(super) const FOUND_WITHIN: Duration = Duration::from_secs(8);
/// How long an answer may be used again. A name that was just corrected should work at once.
const REMEMBERED_FOR: Duration = Duration::from_secs(10);
/// Addresses behind one name. More are no service, but a list of places to try.
const MAX_ADDRESSES: usize = 32;
/// Records of a proof's name that are read.
const MAX_TEXTS: usize = 64;

/// Asks name servers.
#[derive(Debug)]
pub(super) struct Resolver {
    /// The servers to ask instead of the system's.
    given: Option<Vec<SocketAddr>>,
    /// Made at the first question, because it reads the system's files: most commands ask nobody. `None` if this machine has
    /// no configuration of name servers: then there are no names.
    made: OnceLock<Option<TokioResolver>>,
}

impl Resolver {
    /// Asks these servers, or the system's.
    pub(super) fn new(given: Option<Vec<SocketAddr>>) -> Self {
        Resolver {
            given,
            made: OnceLock::new(),
        }
    }

    fn made(&self) -> Result<&TokioResolver, OutgoingError> {
        let made = self.made.get_or_init(|| {
            make(self.given.as_deref())
                .inspect_err(|error| tracing::warn!(%error, "names of hosts cannot be looked up"))
                .ok()
        });
        made.as_ref().ok_or(OutgoingError::Dns)
    }

    /// Every address of a name, of both kinds.
    pub(super) async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, OutgoingError> {
        let asked = self.made()?.lookup_ip(whole(name)?);
        let found = tokio::time::timeout(FOUND_WITHIN, asked)
            .await
            .map_err(|_| OutgoingError::Dns)?
            .map_err(|_| OutgoingError::Dns)?;
        let addresses: Vec<IpAddr> = found.iter().take(MAX_ADDRESSES + 1).collect();
        match addresses.len() {
            0 => Err(OutgoingError::Dns),
            1..=MAX_ADDRESSES => Ok(addresses),
            _ => Err(Refusal::Host.into()),
        }
    }

    /// The texts of a name. No name, or a name without texts, is no text.
    pub(super) async fn texts(&self, name: &str) -> Result<Vec<String>, OutgoingError> {
        let asked = tokio::time::timeout(FOUND_WITHIN, self.made()?.txt_lookup(whole(name)?));
        let found = match asked.await {
            Ok(Ok(found)) => found,
            Ok(Err(NetError::Dns(error))) if NetError::Dns(error.clone()).is_no_records_found() => {
                return Ok(Vec::new());
            }
            Ok(Err(_)) | Err(_) => return Err(OutgoingError::Dns),
        };
        let texts = found
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                RData::TXT(text) => {
                    Some(String::from_utf8_lossy(&text.txt_data.concat()).into_owned())
                }
                _ => None,
            });
        Ok(texts.take(MAX_TEXTS).collect())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one resolver of hosts that somebody typed"
)]
fn make(servers: Option<&[SocketAddr]>) -> Result<TokioResolver, NetError> {
    let (config, mut options, hosts) = match servers {
        Some(servers) => (given(servers), ResolverOpts::default(), ResolveHosts::Never),
        None => {
            let (config, options) = hickory_resolver::system_conf::read_system_conf()?;
            (config, options, ResolveHosts::Always)
        }
    };
    options.timeout = ANSWER_WITHIN;
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.use_hosts_file = hosts;
    options.positive_max_ttl = Some(REMEMBERED_FOR);
    options.negative_max_ttl = Some(Duration::ZERO);
    options.try_tcp_on_error = true;
    let provider = TokioRuntimeProvider::default();
    let mut builder = TokioResolver::builder_with_config(config, provider);
    *builder.options_mut() = options;
    builder.build()
}

/// Whole: no search domain is put behind it.
fn whole(name: &str) -> Result<Name, OutgoingError> {
    let mut name = Name::from_ascii(name).map_err(|_| Refusal::Host)?;
    name.set_fqdn(true);
    Ok(name)
}

fn given(servers: &[SocketAddr]) -> ResolverConfig {
    let servers = servers.iter().map(|server| {
        let connections =
            [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                connection.port = server.port();
                connection
            });
        NameServerConfig::new(server.ip(), true, connections.into())
    });
    ResolverConfig::from_name_servers(servers.collect())
}
