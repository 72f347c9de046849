//! Which addresses are public. IPv4 is public unless a special range holds it; IPv6 is public only within the part that is
//! given out, and there too not in ranges that carry an IPv4 address, because behind those may stand any IPv4 address.
//! Sources: the IANA special-purpose address registries, RFC 6890 and what amended it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Ranges of IPv4 that are not public: (first address, bits).
const SPECIAL_V4: [(Ipv4Addr, u32); 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8), // this network; 0.0.0.0 connects to this machine
    (Ipv4Addr::new(10, 0, 0, 0), 8), // private
    (Ipv4Addr::new(100, 64, 0, 0), 10), // shared by carriers (RFC 6598)
    (Ipv4Addr::new(127, 0, 0, 0), 8), // loopback
    (Ipv4Addr::new(169, 254, 0, 0), 16), // link local, and the metadata of clouds
    (Ipv4Addr::new(172, 16, 0, 0), 12), // private
    (Ipv4Addr::new(192, 0, 0, 0), 24), // protocol assignments
    (Ipv4Addr::new(192, 0, 2, 0), 24), // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24), // 6to4 relays
    (Ipv4Addr::new(192, 168, 0, 0), 16), // private
    (Ipv4Addr::new(198, 18, 0, 0), 15), // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24), // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4), // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4), // reserved, and broadcast
    (Ipv4Addr::new(168, 63, 129, 16), 32), // a public number that means the host below, in Azure
];

/// Ranges of IPv6 within 2000::/3 that are not public: (first address, bits).
const SPECIAL_V6: [(Ipv6Addr, u32); 5] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments: Teredo, ORCHID, benchmarks
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4
    (Ipv6Addr::new(0x3ffe, 0, 0, 0, 0, 0, 0, 0), 16), // the former 6bone
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];
/// The part of IPv6 that is given out. Outside it lie ::, ::1, mapped and compatible IPv4, NAT64, discard, unique local,
/// link local, site local, segment routing and multicast.
const GIVEN_OUT_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Whether an address is public: reachable from everywhere, and the same machine for everybody.
pub(super) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !SPECIAL_V4.iter().any(|range| holds_v4(range, ip)),
        IpAddr::V6(ip) => {
            holds_v6(&GIVEN_OUT_V6, ip)
                && !SPECIAL_V6.iter().any(|range| holds_v6(range, ip))
                && !is_isatap(ip)
        }
    }
}

/// Whether an address can name one machine at all. What can't is refused even where a listed network holds it: the
/// unspecified address means this machine to the kernel, a mapped one is another spelling of IPv4, and the rest are many.
pub(super) fn is_one_machine(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !(ip.octets()[0] == 0 || ip.is_multicast() || ip.is_broadcast()),
        IpAddr::V6(ip) => {
            !(ip.is_unspecified() || ip.is_multicast() || ip.to_ipv4_mapped().is_some())
        }
    }
}

fn holds_v4((first, bits): &(Ipv4Addr, u32), ip: Ipv4Addr) -> bool {
    (ip.to_bits() ^ first.to_bits()) >> (Ipv4Addr::BITS - bits) == 0
}

fn holds_v6((first, bits): &(Ipv6Addr, u32), ip: Ipv6Addr) -> bool {
    (ip.to_bits() ^ first.to_bits()) >> (Ipv6Addr::BITS - bits) == 0
}

/// Carries an IPv4 address in its interface part (RFC 5214).
fn is_isatap(ip: Ipv6Addr) -> bool {
    let segments = ip.segments();
    segments[4] & 0xfdff == 0 && segments[5] == 0x5efe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect(text)
    }

    #[test]
    fn the_first_and_the_last_address_of_every_special_range_are_refused_and_their_neighbours_are_not()
     {
        for (first, last, before, after) in [
            ("0.0.0.0", "0.255.255.255", None, Some("1.0.0.0")),
            (
                "10.0.0.0",
                "10.255.255.255",
                Some("9.255.255.255"),
                Some("11.0.0.0"),
            ),
            (
                "100.64.0.0",
                "100.127.255.255",
                Some("100.63.255.255"),
                Some("100.128.0.0"),
            ),
            (
                "127.0.0.0",
                "127.255.255.255",
                Some("126.255.255.255"),
                Some("128.0.0.0"),
            ),
            (
                "169.254.0.0",
                "169.254.255.255",
                Some("169.253.255.255"),
                Some("169.255.0.0"),
            ),
            (
                "172.16.0.0",
                "172.31.255.255",
                Some("172.15.255.255"),
                Some("172.32.0.0"),
            ),
            (
                "192.0.0.0",
                "192.0.0.255",
                Some("191.255.255.255"),
                Some("192.0.1.0"),
            ),
            (
                "192.0.2.0",
                "192.0.2.255",
                Some("192.0.1.255"),
                Some("192.0.3.0"),
            ),
            (
                "192.88.99.0",
                "192.88.99.255",
                Some("192.88.98.255"),
                Some("192.88.100.0"),
            ),
            (
                "192.168.0.0",
                "192.168.255.255",
                Some("192.167.255.255"),
                Some("192.169.0.0"),
            ),
            (
                "198.18.0.0",
                "198.19.255.255",
                Some("198.17.255.255"),
                Some("198.20.0.0"),
            ),
            (
                "198.51.100.0",
                "198.51.100.255",
                Some("198.51.99.255"),
                Some("198.51.101.0"),
            ),
            (
                "203.0.113.0",
                "203.0.113.255",
                Some("203.0.112.255"),
                Some("203.0.114.0"),
            ),
            (
                "224.0.0.0",
                "255.255.255.255",
                Some("223.255.255.255"),
                None,
            ),
            (
                "168.63.129.16",
                "168.63.129.16",
                Some("168.63.129.15"),
                Some("168.63.129.17"),
            ),
            (
                "2001::",
                "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
                Some("2000:ffff::1"),
                Some("2001:200::"),
            ),
            (
                "2001:db8::",
                "2001:db8:ffff::1",
                Some("2001:db7:ffff::1"),
                Some("2001:db9::"),
            ),
            (
                "2002::",
                "2002:ffff::1",
                Some("2001:ffff::1"),
                Some("2003::"),
            ),
            ("3ffe::", "3ffe:ffff::1", Some("3ffd:ffff::1"), None),
            ("3fff::", "3fff:fff:ffff::1", None, Some("3fff:1000::")),
            (
                "4000::",
                "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                None,
                None,
            ),
            (
                "::",
                "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                None,
                Some("2000::"),
            ),
        ] {
            for refused in [first, last] {
                assert!(!is_public(ip(refused)), "{refused}");
            }
            for public in before.into_iter().chain(after) {
                assert!(is_public(ip(public)), "{public}");
            }
        }
    }

    #[test]
    fn no_spelling_of_an_inner_address_within_ipv6_is_public() {
        for refused in [
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::ffff:0:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::8.8.8.8",
            "64:ff9b:1::a00:1",
            "100::1",
            "2001:0:4136:e378:8000:63bf:80ff:fffe",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2a00:1450::5efe:a00:1",
            "2a00:1450::200:5efe:a00:1",
        ] {
            assert!(!is_public(ip(refused)), "{refused}");
        }
        for public in [
            "2606:4700:4700::1111",
            "2a00:1450:4001::200e",
            "2620:fe::fe",
        ] {
            assert!(is_public(ip(public)), "{public}");
        }
    }

    #[test]
    fn what_is_not_one_machine_cannot_be_listed() {
        for refused in [
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "ff02::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(!is_one_machine(ip(refused)), "{refused}");
        }
        for one in ["10.0.0.1", "127.0.0.1", "::1", "fd00::1"] {
            assert!(is_one_machine(ip(one)), "{one}");
        }
    }
}
