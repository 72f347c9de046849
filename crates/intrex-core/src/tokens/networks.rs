//! Where a token counts: networks in CIDR notation, or anywhere.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::{
    catalogue::{Text, keys},
    error::FieldErrors,
    raw::Raw,
};

/// Networks of one token at most.
const MAX_NETWORKS: usize = 20;

/// Networks as they were typed; a bare address is a network of one. `None` means that a fault was noted. Left out is anywhere; a
/// list with nothing in it is not: whoever computes where a token is used and finds nowhere has not asked for everywhere.
pub(super) fn parse(raw: &Raw, errors: &mut FieldErrors) -> Option<Vec<String>> {
    if raw.lists_nothing() {
        errors.add("networks", keys::TOKEN_NETWORKS_EMPTY);
        return None;
    }
    let words = raw.list(errors, "networks", MAX_NETWORKS)?;
    let mut networks = Vec::with_capacity(words.len());
    for word in words {
        let Some(network) = network(&word) else {
            let text = Text::new(keys::TOKEN_NETWORK_UNKNOWN).with("network", word);
            errors.add("networks", text);
            return None;
        };
        let network = network.trunc().to_string();
        if !networks.contains(&network) {
            networks.push(network);
        }
    }
    Some(networks)
}

/// Whether a token of these networks counts for a caller. With networks, a caller without an address is nowhere.
pub(super) fn allow(networks: &[String], ip: Option<IpAddr>) -> bool {
    networks.is_empty()
        || ip.is_some_and(|ip| {
            let ip = ip.to_canonical();
            networks
                .iter()
                .any(|network| network.parse::<IpNet>().is_ok_and(|net| net.contains(&ip)))
        })
}

fn network(word: &str) -> Option<IpNet> {
    match word.parse::<IpNet>() {
        // Callers are compared in the spelling of version 4; a network of mapped addresses would match nobody.
        Ok(IpNet::V6(network)) if network.addr().to_ipv4_mapped().is_some() => None,
        Ok(network) => Some(network),
        Err(_) => Some(IpNet::from(word.parse::<IpAddr>().ok()?.to_canonical())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(typed: &str) -> Option<Vec<String>> {
        parse(&Raw::from(typed), &mut FieldErrors::new())
    }

    #[test]
    fn networks_are_kept_in_one_spelling() {
        assert_eq!(
            parsed("203.0.113.9/24, 198.51.100.7; 2001:DB8::1/32, 203.0.113.0/24"),
            Some(vec![
                "203.0.113.0/24".to_owned(),
                "198.51.100.7/32".to_owned(),
                "2001:db8::/32".to_owned(),
            ])
        );
        assert_eq!(parsed(""), Some(Vec::new()));
        for nothing in [
            "[]",
            r#"[""]"#,
            r#"["", " "]"#,
            "[null]",
            r#"",""#,
            r#"" ; ,""#,
        ] {
            let raw: Raw = serde_json::from_str(nothing).expect("decodes");
            assert_eq!(parse(&raw, &mut FieldErrors::new()), None, "{nothing}");
        }
        for wrong in [
            "203.0.113.9/33",
            "300.0.0.1",
            "example.org",
            "10.0.0.0/8/8",
            "0/0",
            "::ffff:127.0.0.0/104",
        ] {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
        let many: Vec<String> = (0..21).map(|n| format!("10.0.{n}.0/24")).collect();
        assert_eq!(parsed(&many.join(",")), None);
    }

    #[test]
    fn a_token_counts_within_its_networks_only() {
        let networks = ["203.0.113.0/24".to_owned(), "2001:db8::/32".to_owned()];
        let at = |ip: &str| allow(&networks, Some(ip.parse().expect("an address")));
        assert!(at("203.0.113.255") && at("::ffff:203.0.113.7") && at("2001:db8:1::1"));
        assert!(!at("203.0.114.0") && !at("2001:db9::1") && !at("127.0.0.1"));
        assert!(!allow(&networks, None));
        assert!(allow(&[], None));
        assert!(!allow(
            &["unreadable".to_owned()],
            Some([127, 0, 0, 1].into())
        ));
    }
}
