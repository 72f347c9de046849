//! What the product itself listens on and where its database is. Nobody's message goes there, not even where a listed
//! network holds it: the database would take a request for a stranger's first words, and a message to ourselves is a loop.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use super::{OutgoingError, Refusal};

/// The installation's own addresses.
#[derive(Debug, Clone, Default)]
pub struct Own {
    /// What the product listens on.
    pub listeners: Vec<SocketAddr>,
    /// Where people reach it: names and ports.
    pub names: Vec<(String, u16)>,
    /// Hosts and ports of the databases that are reached by a network.
    pub databases: Vec<(String, u16)>,
}

impl Own {
    /// Whether people reach the product under this name.
    pub(super) fn is_named(&self, name: &str, port: u16) -> bool {
        self.names.iter().any(|(own, own_port)| {
            *own_port == port && own.trim_end_matches('.').eq_ignore_ascii_case(name)
        })
    }

    /// Refuses addresses of the product or of its database. On this machine a port is one of ours or is not; a database on
    /// another machine has that machine for itself.
    pub(super) async fn refuse(
        &self,
        addresses: &[SocketAddr],
        reach: Reach,
    ) -> Result<(), OutgoingError> {
        let mut databases = Vec::new();
        for (host, port) in &self.databases {
            // A database with a public address has nothing to lose on the ports of others.
            if reach == Reach::Public && addresses.iter().all(|at| at.port() != *port) {
                continue;
            }
            databases.extend(find(host, *port).await?);
        }
        let on_another = |at: &SocketAddr| {
            databases
                .iter()
                .any(|own| own.ip() == at.ip() && !is_this_machine(at.ip()))
        };
        let on_this = |at: &SocketAddr| {
            let mut own = self.listeners.iter().chain(&databases);
            own.any(|own| {
                own.port() == at.port() && (own.ip() == at.ip() || is_this_machine(at.ip()))
            })
        };
        match addresses.iter().any(|at| on_another(at) || on_this(at)) {
            true => Err(Refusal::Own.into()),
            false => Ok(()),
        }
    }
}

/// Where vetted addresses lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// All of them are public.
    Public,
    /// One of them at least is inside a listed network.
    Listed,
}

/// Where the database is, asked in the same way as by the connection to it. A database that can't be found might be
/// anywhere, so then nothing is reached.
#[expect(
    clippy::disallowed_methods,
    reason = "the database's own name, of which nothing is connected"
)]
async fn find(host: &str, port: u16) -> Result<Vec<SocketAddr>, OutgoingError> {
    let host = host.trim_matches(['[', ']']);
    let found = tokio::net::lookup_host((host, port)).await;
    Ok(found
        .map_err(|_| OutgoingError::Dns)?
        .map(|at| SocketAddr::new(at.ip().to_canonical(), at.port()))
        .collect())
}

/// Whether an address is one of this machine's: only those can be bound. Nothing is sent.
fn is_this_machine(ip: IpAddr) -> bool {
    UdpSocket::bind((ip, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Vec<SocketAddr> {
        vec![text.parse().expect(text)]
    }

    #[tokio::test]
    async fn a_listener_on_every_address_is_refused_on_each_of_this_machine() {
        let own = Own {
            listeners: at("0.0.0.0:8443"),
            ..Own::default()
        };
        for refused in ["127.0.0.1:8443", "127.0.0.2:8443", "[::1]:8443"] {
            assert_eq!(
                own.refuse(&at(refused), Reach::Listed).await,
                Err(Refusal::Own.into()),
                "{refused}"
            );
        }
        own.refuse(&at("127.0.0.1:8444"), Reach::Listed)
            .await
            .expect("another port");
        own.refuse(&at("10.1.2.3:8443"), Reach::Listed)
            .await
            .expect("another machine");
    }

    #[tokio::test]
    async fn a_database_is_refused_by_port_here_and_whole_elsewhere() {
        let own = Own {
            databases: vec![("localhost".into(), 5432), ("10.9.8.7".into(), 5432)],
            ..Own::default()
        };
        for refused in ["127.0.0.1:5432", "10.9.8.7:5432", "10.9.8.7:6432"] {
            assert_eq!(
                own.refuse(&at(refused), Reach::Listed).await,
                Err(Refusal::Own.into()),
                "{refused}"
            );
        }
        own.refuse(&at("127.0.0.1:25"), Reach::Listed)
            .await
            .expect("another port");
        own.refuse(&at("10.9.8.8:5432"), Reach::Listed)
            .await
            .expect("another machine");
    }

    #[tokio::test]
    async fn a_database_that_cannot_be_found_might_be_anywhere_inside() {
        let own = Own {
            databases: vec![("no such host".into(), 5432)],
            ..Own::default()
        };
        let inside = own.refuse(&at("10.1.2.3:443"), Reach::Listed).await;
        assert_eq!(inside, Err(OutgoingError::Dns));
        let public = own.refuse(&at("8.8.8.8:443"), Reach::Public).await;
        assert_eq!(public, Ok(()));
    }

    #[test]
    fn the_own_name_is_known_in_every_spelling() {
        let own = Own {
            names: vec![("Intrex.example".into(), 443)],
            ..Own::default()
        };
        assert!(own.is_named("intrex.example", 443));
        assert!(!own.is_named("intrex.example", 8443));
        assert!(!own.is_named("other.example", 443));
    }
}
