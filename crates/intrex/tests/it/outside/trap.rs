//! A listener on every address of this machine that nobody must reach.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

/// The listener: on both kinds of addresses, on one port.
#[derive(Debug)]
pub(super) struct Trap {
    listeners: Vec<TcpListener>,
    port: u16,
}

impl Trap {
    pub(super) fn set() -> Self {
        loop {
            let v4 = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a port is free");
            let port = v4.local_addr().expect("is bound").port();
            // The same port may be taken there, or the machine has no IPv6 at all.
            match TcpListener::bind((Ipv6Addr::LOCALHOST, port)) {
                Ok(v6) => {
                    return Trap {
                        listeners: vec![v4, v6],
                        port,
                    };
                }
                Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {}
                Err(_) => {
                    return Trap {
                        listeners: vec![v4],
                        port,
                    };
                }
            }
        }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Nobody came: connections are accepted in the order in which they were made, and the first one is this test's own.
    #[expect(
        clippy::disallowed_methods,
        reason = "the test itself, which is the first to reach the listener"
    )]
    pub(super) fn assert_untouched(&self) {
        for listener in &self.listeners {
            let at = listener.local_addr().expect("is bound");
            let at = match at {
                SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)),
                SocketAddr::V6(_) => at,
            };
            let own = std::net::TcpStream::connect(at).expect("the listener is there");
            let (_, first) = listener.accept().expect("accepts");
            assert_eq!(
                first,
                own.local_addr().expect("is connected"),
                "somebody was here before"
            );
        }
    }
}
