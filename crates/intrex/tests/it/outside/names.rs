//! What name servers can say, asked over a real socket.

use intrex_core::outside::http::{
    Limits, Outgoing, OutgoingError, OutgoingSettings, PlainHttp, Refusal, Target,
};
use std::time::{Duration, Instant};

use super::{get, request, server::Server, trap::Trap};
use crate::support::{Answer, NameServer, Record};

const NOT_PUBLIC: OutgoingError = OutgoingError::Refused(Refusal::NotPublic);

/// The strictest settings but for plain HTTP, and a port where something listens.
fn public_only(names: &NameServer, port: u16) -> Outgoing {
    Outgoing::new(OutgoingSettings {
        plain_http: PlainHttp::Allowed,
        ports: vec![port],
        name_servers: Some(vec![names.address()]),
        ..OutgoingSettings::default()
    })
}

/// The same, and one address of this machine is listed.
fn with_listed(names: &NameServer, port: u16, listed: &str) -> Outgoing {
    Outgoing::new(OutgoingSettings {
        private_nets: vec![listed.parse().expect("a network")],
        ports: vec![port],
        name_servers: Some(vec![names.address()]),
        ..OutgoingSettings::default()
    })
}

#[tokio::test]
async fn one_inner_address_behind_a_name_refuses_them_all() {
    let (names, trap) = (NameServer::start().await, Trap::set());
    let outgoing = public_only(&names, trap.port());
    for (name, addresses) in [
        ("loopback.test", &["127.0.0.1"][..]),
        ("loopback6.test", &["::1"]),
        ("mixed.test", &["8.8.8.8", "127.0.0.1"]),
        ("mixed-first.test", &["10.0.0.1", "8.8.8.8"]),
        ("mixed6.test", &["8.8.8.8", "::1"]),
        ("mapped.test", &["8.8.8.8", "::ffff:127.0.0.1"]),
        ("mapped-public.test", &["::ffff:8.8.8.8"]),
        ("nat64.test", &["64:ff9b::7f00:1"]),
        ("sixtofour.test", &["2002:7f00:1::"]),
        ("alias.test", &["alias:inner.test", "127.0.0.1"]),
        ("alias6.test", &["8.8.4.4", "alias:inner.test", "fd00::1"]),
        (
            "chain.test",
            &["alias:b.test", "alias:c.test", "169.254.169.254"],
        ),
        ("zero.test", &["0.0.0.0"]),
        ("metadata.test", &["169.254.169.254"]),
        ("broadcast.test", &["255.255.255.255"]),
    ] {
        names.points(name, addresses);
        let url = format!("http://{name}:{}/", trap.port());
        assert_eq!(get(&outgoing, &url).await.err(), Some(NOT_PUBLIC), "{name}");
        assert!(names.questions(name) > 0, "{name} was asked for");
    }
    trap.assert_untouched();
}

#[tokio::test]
async fn public_addresses_are_vetted_and_sorted_for_the_connection() {
    let names = NameServer::start().await;
    let outgoing = public_only(&names, 443);
    names.points("both.test", &["2606:4700:4700::1111", "8.8.8.8", "8.8.4.4"]);
    let vetted = outgoing
        .guard()
        .vet("Both.TEST.", 443)
        .await
        .expect("is public");
    let found: Vec<String> = vetted.addresses().iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        ["8.8.8.8:443", "8.8.4.4:443", "[2606:4700:4700::1111]:443"]
    );
    assert!(!vetted.is_listed());
    let refused = outgoing.guard().vet("both.test", 8443).await;
    assert_eq!(refused, Err(Refusal::Port.into()));
    let smtp = outgoing.guard().for_ports(&[25, 465, 587]);
    smtp.vet("both.test", 587).await.expect("a port of mail");
    assert_eq!(smtp.vet("both.test", 443).await, Err(Refusal::Port.into()));
}

#[tokio::test]
async fn a_name_is_asked_for_once_and_the_connection_goes_to_what_was_vetted() {
    let names = NameServer::start().await;
    let server = Server::answering(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await;
    let outgoing = with_listed(&names, server.port(), "127.0.0.1/32");
    // The second answer is another address of this machine, where the same server would answer.
    names.points("rebind.test", &["127.0.0.1"]);
    names.points("rebind.test", &["127.0.0.2"]);
    let url = format!("http://rebind.test:{}/", server.port());
    let answer = get(&outgoing, &url).await.expect("the first address");
    assert_eq!(answer.body(), b"hi");
    assert_eq!(
        names.questions("rebind.test"),
        1,
        "one question for one request"
    );
    assert_eq!(
        get(&outgoing, &url).await.err(),
        Some(NOT_PUBLIC),
        "the second address"
    );
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn names_that_lead_nowhere_are_not_found_in_good_time() {
    let names = NameServer::start().await;
    let outgoing = public_only(&names, 443);
    names.answers("failing.test", Answer::Failure);
    names.answers("empty.test", Answer::Records(Vec::new()));
    names.answers("silent.test", Answer::Silence);
    for name in ["unknown.test", "failing.test", "empty.test"] {
        let found = outgoing.guard().vet(name, 443).await;
        assert_eq!(found, Err(OutgoingError::Dns), "{name}");
    }
    let target = Target::parse("https://silent.test/").expect("an address");
    let limits = Limits {
        total: Duration::from_millis(200),
        ..Limits::default()
    };
    let begun = Instant::now();
    let silent = outgoing.send(request(target.uri()), limits).await;
    assert_eq!(silent.err(), Some(OutgoingError::TimedOut));
    assert!(begun.elapsed() < limits.total + Duration::from_secs(1));
}

#[tokio::test]
async fn a_name_with_a_hundred_addresses_is_no_service() {
    let names = NameServer::start().await;
    let outgoing = public_only(&names, 443);
    let many: Vec<String> = (1..=40).map(|n| format!("8.8.8.{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    names.points("many.test", &many);
    let refused = outgoing.guard().vet("many.test", 443).await;
    assert_eq!(refused, Err(Refusal::Host.into()));
}

#[tokio::test]
async fn the_texts_of_a_name_prove_a_domain() {
    let names = NameServer::start().await;
    let outgoing = public_only(&names, 443);
    let texts = vec![
        Record::Text(&["v=spf1 -all"]),
        Record::Text(&["intrex-verify=", "0123456789abcdef"]),
    ];
    names.answers("_intrex.example.test", Answer::Records(texts));
    names.answers("bare.test", Answer::Records(Vec::new()));
    names.answers("failing.test", Answer::Failure);
    let mut found = outgoing
        .txt("_intrex.Example.test.")
        .await
        .expect("has texts");
    found.sort();
    assert_eq!(found, ["intrex-verify=0123456789abcdef", "v=spf1 -all"]);
    assert_eq!(outgoing.txt("bare.test").await, Ok(Vec::new()));
    assert_eq!(outgoing.txt("unknown.test").await, Ok(Vec::new()));
    assert_eq!(outgoing.txt("failing.test").await, Err(OutgoingError::Dns));
    for not_a_name in [
        "127.0.0.1",
        "[::1]",
        "",
        "a b.test",
        "http://x.test",
        "-.t*st",
    ] {
        let refused = outgoing.txt(not_a_name).await;
        assert_eq!(refused, Err(Refusal::Host.into()), "{not_a_name}");
    }
}
