//! A bound on what one network may send without credentials, in memory: a bucket of tokens for each network, and a bound
//! on the buckets themselves. It protects this process; what protects accounts is counted in the database.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::Mutex,
};

use chrono::{DateTime, Utc};

/// Networks that are remembered. When there are more, the fullest buckets (those least used) are forgotten.
const MAX_BUCKETS: usize = 4096;
/// Bits of an IPv6 address that name a network: what one customer gets.
const IPV6_NETWORK_BITS: u32 = 64;

/// One bucket for each network.
#[derive(Debug)]
pub(crate) struct Buckets {
    size: f64,
    per_second: f64,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: DateTime<Utc>,
}

impl Buckets {
    /// For browsers' reports: 20 at once, then one every 6 seconds.
    pub(crate) fn for_reports() -> Self {
        Buckets {
            size: 20.0,
            per_second: 1.0 / 6.0,
            buckets: Mutex::default(),
        }
    }

    /// For links of letters: 60 at once, then one a second. A whole office may stand behind one address.
    pub(crate) fn for_links() -> Self {
        Buckets {
            size: 60.0,
            per_second: 1.0,
            buckets: Mutex::default(),
        }
    }

    /// Takes a token of this address's network, if there is one. Without an address all share one bucket.
    pub(crate) fn take(&self, client: Option<IpAddr>, now: DateTime<Utc>) -> bool {
        let mut buckets = self
            .buckets
            .lock()
            .unwrap_or_else(|broken| broken.into_inner());
        let network = client.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), network);
        if buckets.len() >= MAX_BUCKETS && !buckets.contains_key(&network) {
            self.forget(&mut buckets, now);
        }
        let full = Bucket {
            tokens: self.size,
            at: now,
        };
        let bucket = buckets.entry(network).or_insert(full);
        bucket.tokens = self.level(bucket, now);
        bucket.at = now;
        let allowed = bucket.tokens >= 1.0;
        if allowed {
            bucket.tokens -= 1.0;
        }
        allowed
    }

    fn level(&self, bucket: &Bucket, now: DateTime<Utc>) -> f64 {
        let passed = (now - bucket.at).as_seconds_f64().max(0.0);
        (bucket.tokens + passed * self.per_second).min(self.size)
    }

    /// Makes room: the fuller half goes, so that whoever floods is remembered longest.
    fn forget(&self, buckets: &mut HashMap<IpAddr, Bucket>, now: DateTime<Utc>) {
        let mut levels: Vec<f64> = buckets.values().map(|b| self.level(b, now)).collect();
        let middle = levels.len() / 2;
        let (_, median, _) = levels.select_nth_unstable_by(middle, f64::total_cmp);
        let median = *median;
        let mut to_go = middle;
        buckets.retain(|_, bucket| {
            let goes = to_go > 0 && self.level(bucket, now) >= median;
            to_go -= usize::from(goes);
            !goes
        });
    }
}

fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(
            ip.to_bits() & !((1 << (128 - IPV6_NETWORK_BITS)) - 1),
        )),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn ip(text: &str) -> Option<IpAddr> {
        text.parse().ok()
    }

    #[test]
    fn a_network_is_stopped_and_let_through_again_later() {
        let buckets = Buckets::for_reports();
        let now = DateTime::UNIX_EPOCH;
        for _ in 0..20 {
            assert!(buckets.take(ip("2001:db8::1"), now));
        }
        assert!(!buckets.take(ip("2001:db8::2"), now), "the same network");
        assert!(buckets.take(ip("2001:db8:0:1::1"), now), "another network");
        assert!(!buckets.take(ip("2001:db8::1"), now + TimeDelta::seconds(5)));
        assert!(buckets.take(ip("2001:db8::1"), now + TimeDelta::seconds(7)));
    }

    #[test]
    fn a_flood_of_addresses_does_not_fill_the_memory_or_free_who_floods() {
        let buckets = Buckets::for_reports();
        let now = DateTime::UNIX_EPOCH;
        while buckets.take(ip("203.0.113.7"), now) {}
        for n in 0..20_000u32 {
            buckets.take(Some(IpAddr::V4((0x0a00_0000 + n).into())), now);
        }
        assert!(buckets.buckets.lock().expect("no panic").len() <= MAX_BUCKETS);
        assert!(!buckets.take(ip("203.0.113.7"), now));
    }
}
