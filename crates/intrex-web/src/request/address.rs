//! Where a request comes from. `X-Forwarded-For` is what anybody may write; it counts only as far as trusted proxies
//! wrote it: from the right, up to the first address that is not one of them.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// Hops of `X-Forwarded-For` that are looked at; a longer list is cut, not walked.
const MAX_HOPS: usize = 32;

/// The client's address: the peer's, or what the trusted proxies in front say.
pub(crate) fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
    let mut client = peer.to_canonical();
    if !is_trusted(&client) {
        return client;
    }
    let lines: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|line| line.to_str().ok())
        .collect();
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
    for hop in hops.take(MAX_HOPS) {
        // A hop that cannot be read was not written by a proxy of ours: the last good one is where we stop.
        let Some(ip) = parse(hop.trim()) else { break };
        client = ip;
        if !is_trusted(&ip) {
            break;
        }
    }
    client
}

/// An address, with or without a port or brackets.
fn parse(hop: &str) -> Option<IpAddr> {
    hop.parse::<IpAddr>()
        .ok()
        .or_else(|| hop.parse::<SocketAddr>().ok().map(|s| s.ip()))
        .or_else(|| hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok())
        .map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().expect("a header"));
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|n| n.parse().expect("a net")).collect();
        client(peer.parse().expect("an address"), &headers, &trusted).to_string()
    }

    #[test]
    fn nobody_but_a_trusted_proxy_is_believed() {
        assert_eq!(from("203.0.113.7", &["198.51.100.1"], &[]), "203.0.113.7");
        assert_eq!(
            from("203.0.113.7", &["198.51.100.1"], &["10.0.0.0/8"]),
            "203.0.113.7"
        );
    }

    #[test]
    fn the_rightmost_untrusted_address_is_the_client() {
        let net = &["10.0.0.0/8"];
        assert_eq!(
            from("10.0.0.1", &["1.2.3.4, 198.51.100.1"], net),
            "198.51.100.1"
        );
        assert_eq!(
            from("10.0.0.1", &["1.2.3.4, 198.51.100.1, 10.0.0.2"], net),
            "198.51.100.1"
        );
        assert_eq!(
            from("10.0.0.1", &["1.2.3.4", "198.51.100.1"], net),
            "198.51.100.1"
        );
        assert_eq!(
            from("10.0.0.1", &["198.51.100.1:4711"], net),
            "198.51.100.1"
        );
        assert_eq!(
            from("10.0.0.1", &["[2001:db8::1]:4711"], net),
            "2001:db8::1"
        );
    }

    #[test]
    fn what_cannot_be_read_ends_the_walk() {
        let net = &["10.0.0.0/8"];
        assert_eq!(
            from("10.0.0.1", &["198.51.100.1, unknown"], net),
            "10.0.0.1"
        );
        assert_eq!(
            from("10.0.0.1", &["198.51.100.1, unknown, 10.0.0.2"], net),
            "10.0.0.2"
        );
        assert_eq!(from("10.0.0.1", &[], net), "10.0.0.1");
    }

    #[test]
    fn a_mapped_address_is_the_address_that_it_maps() {
        assert_eq!(
            from("::ffff:10.0.0.1", &["198.51.100.1"], &["10.0.0.0/8"]),
            "198.51.100.1"
        );
    }
}
