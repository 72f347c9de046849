//! Where people sign in, and where a session is used. There is no map here: a network is the first 24 bits of an IPv4 address or
//! the first 64 of an IPv6 one, kept as a keyed hash, and "impossible" means there and back within minutes. Networks of the
//! two families are not compared, because devices change between them all day.

use std::net::IpAddr;

use chrono::TimeDelta;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{
    Code, Thresholds,
    follow::{Noted, Subject, record},
    queries::{self, SessionPlace},
};
use crate::{
    actor::Request,
    audit::Event,
    db::{Inner, WriteTx},
    error::Result,
    ids::{PersonId, SessionId},
    network::network_of,
    sessions::is_same_agent,
    vault::{Key, Vault},
};

/// A network: 4 or 6, and 16 bytes of a keyed hash.
pub(crate) type NetworkKey = [u8; 17];
/// Hex digits of a network's name.
const TAG_DIGITS: usize = 16;
/// A session's network is looked at so often at most: more changes within this time are one.
pub(crate) const MOVES_TOLD_EVERY: TimeDelta = TimeDelta::minutes(1);
/// Another browser in a session is told so often.
pub(crate) const AGENTS_TOLD_EVERY: TimeDelta = TimeDelta::hours(1);

/// The network of an address, under the current key.
pub(crate) fn network_key(vault: &Vault, ip: Option<IpAddr>) -> Option<NetworkKey> {
    ip.map(|ip| keyed(vault.auth().current(), ip))
}

/// A name for the network, which only tells whether two are the same.
pub(super) fn network_tag(inner: &Inner, ip: Option<IpAddr>) -> String {
    match network_key(&inner.vault, ip) {
        Some(network) => {
            let mut tag = hex::encode(&network[1..]);
            tag.truncate(TAG_DIGITS);
            tag
        }
        None => "unknown".to_owned(),
    }
}

fn keyed(key: &Key, ip: IpAddr) -> NetworkKey {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.bytes()).expect("HMAC takes a key of any length");
    mac.update(b"intrex/known-network/v1\0");
    mac.update(network_of(Some(ip)).as_bytes());
    let hash = mac.finalize().into_bytes();
    let mut network = [0; 17];
    network[0] = if ip.to_canonical().is_ipv4() { 4 } else { 6 };
    network[1..].copy_from_slice(&hash[..16]);
    network
}

/// What the network of a whole sign-in tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SignedInFrom {
    /// The person has not signed in from it before.
    pub(crate) is_new: bool,
    /// They were here, then elsewhere, and are here again, within minutes.
    pub(crate) alternates: bool,
}

/// Remembers the network of a whole sign-in, in one round trip. Under every key of the ring, so that a new key makes nobody's
/// network a new one.
pub(crate) async fn signed_in_from(
    tx: &mut WriteTx,
    person: PersonId,
    request: &Request,
) -> Result<SignedInFrom> {
    let Some(ip) = request.ip else {
        return Ok(SignedInFrom::default());
    };
    let now = tx.now();
    let (conn, actor, inner) = tx.parts();
    let ring = inner.vault.auth();
    let current = keyed(ring.current(), ip);
    let same: Vec<Vec<u8>> = ring.all().map(|key| keyed(key, ip).to_vec()).collect();
    let seen = queries::note_network(conn, actor.tenant(), person, &current, &same, now).await?;
    let minutes = seen
        .alternating_minutes
        .unwrap_or(Thresholds::default().alternating_minutes);
    let since = now - TimeDelta::minutes(minutes.into());
    Ok(SignedInFrom {
        is_new: seen.here_before.is_none(),
        alternates: match (seen.here_before, seen.elsewhere) {
            (Some(here), Some(elsewhere)) => here < elsewhere && here >= since,
            _ => false,
        },
    })
}

/// Looks at where and by what a session is used now, and notes a change. Answers what is to be told in the log.
pub(crate) async fn session_moved(
    tx: &mut WriteTx,
    session: SessionId,
    person: PersonId,
) -> Result<Vec<Event>> {
    let now = tx.now();
    let (conn, actor, inner) = tx.parts();
    let tenant = actor.tenant();
    let request = actor.request();
    let Some(place) = queries::place_of(conn, tenant, session).await? else {
        return Ok(Vec::new());
    };
    let mut events = Vec::new();
    if !is_elsewhere(inner, &place, request) {
        return Ok(events);
    }
    // The person before the session, as whoever renews it: nobody waits in a circle.
    queries::hold_person(conn, tenant, person).await?;
    let about = |action| {
        Event::new("security", action)
            .on("session", session)
            .about(person)
    };
    if let Some(here) = network_key(&inner.vault, request.ip)
        && place.network.as_deref() != Some(&here[..])
    {
        let minutes = queries::thresholds(conn, tenant).await?.unwrap_or_default();
        let since = now - TimeDelta::minutes(minutes.alternating_minutes.into());
        let told_before = now - MOVES_TOLD_EVERY;
        let moved = queries::move_session(conn, tenant, session, &here, now, told_before).await?;
        // The first network that is known of a session is no other one.
        if let Some(moved) = moved.filter(|_| place.network.is_some()) {
            let noted = Noted {
                code: Code::SessionNetworkChanged,
                subject: Subject::Person(person),
                person: Some(person),
            };
            record(conn, inner, actor, &noted).await?;
            if moved.is_back && moved.moved_before.is_some_and(|at| at >= since) {
                events.push(about("IMPOSSIBLE_SEQUENCE").with("of", "session"));
            }
        }
    }
    if !is_same_agent(&place.user_agent, request)
        && queries::tell_agent(conn, tenant, session, now, now - AGENTS_TOLD_EVERY).await?
    {
        events.push(about("session.agent_changed"));
    }
    Ok(events)
}

fn is_elsewhere(inner: &Inner, place: &SessionPlace, request: &Request) -> bool {
    let here = network_key(&inner.vault, request.ip);
    here.is_some_and(|here| place.network.as_deref() != Some(&here[..]))
        || !is_same_agent(&place.user_agent, request)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Chance;

    #[test]
    fn neighbours_share_a_network_and_families_are_told_apart() {
        let key = Key::from_bytes(Chance.bytes::<32>().to_vec()).expect("random");
        let of = |ip: &str| keyed(&key, ip.parse().expect("an address"));
        assert_eq!(of("203.0.113.7"), of("203.0.113.200"));
        assert_eq!(of("203.0.113.7"), of("::ffff:203.0.113.7"));
        assert_ne!(of("203.0.113.7"), of("203.0.114.7"));
        assert_eq!((of("203.0.113.7")[0], of("2001:db8::1")[0]), (4, 6));
    }
}
