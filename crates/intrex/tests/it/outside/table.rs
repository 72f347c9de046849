//! Every spelling that is known to have led a program inside, with what must become of it. `{p}` is the port of a listener
//! on every address of this machine, which is an allowed port here; so only the guard stands between.

use http::Uri;
use intrex_core::outside::http::{
    Limits, Outgoing, OutgoingError, OutgoingSettings, PlainHttp, Refusal, Target,
};

use super::{get, request, trap::Trap};
use crate::support::NameServer;

/// Not a case fewer.
const CASES: usize = 200;

/// Hosts that are read as an address which is not public. They stand in `http://HOST:{p}/`.
#[rustfmt::skip]
const NOT_PUBLIC: &[&str] = &[
    // loopback, as it is
    "127.0.0.1", "127.0.0.2", "127.1.2.3", "127.255.255.254", "localhost", "LOCALHOST", "localhost.", "a.localhost",
    // shortened
    "127.1", "127.0.1", "127.0.0.1.", "127.1.",
    // as one number
    "2130706433", "2130706433.", "0x7f000001", "0X7F000001", "0x7f.1", "0x7f.0x0.0x0.0x1", "017700000001", "0177.1",
    "0177.0.0.1", "0177.0.0.01", "00000177.0.0.1", "0x0000007f.0.0.1", "127.0x1", "127.0.0x0.1", "127.0.01",
    // in other digits and dots
    "１２７.０.０.１", "127。0。0。1", "127．0．0．1", "127｡0｡0｡1", "①②⑦.⓪.⓪.①", "𝟏𝟐𝟕.𝟎.𝟎.𝟏", "𝟙𝟚𝟟.𝟘.𝟘.𝟙", "ʟocalhost.localhost",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "ｌｏｃａｌｈｏｓｔ", "loc\u{ad}alhost", "0ｘ7f.1",
    // percent-encoded
    "127%2e0%2e0%2e1", "%31%32%37.0.0.1", "%6c%6f%63alhost", "127.0.0.%31", "%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1",
    "0%787f.1",
    // this machine by no address
    "0.0.0.0", "0", "0.", "0x0", "00", "0.0", "0.1.2.3", "0x",
    // private and link local
    "10.0.0.1", "10.255.255.255", "0xa000001", "167772161", "012.0.0.1", "10.1", "172.16.0.1", "172.31.255.255",
    "172.20.1", "2886729729", "192.168.0.1", "192.168.1", "3232235521", "0xc0a80001", "169.254.0.1",
    "169.254.169.254", "169.254.43518", "2852039166", "0xa9fea9fe", "0xa9.0xfe.0xa9.0xfe", "0251.0376.0251.0376",
    // shared, assigned, documentation, benchmarks, relays
    "100.64.0.1", "100.127.255.254", "100.100.100.200", "168.63.129.16", "192.0.0.1", "192.0.0.192", "192.0.2.1",
    "192.88.99.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1",
    // many, reserved, all
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "254.1.2.3", "255.255.255.255", "4294967295", "0xffffffff",
    "037777777777",
    // IPv6: itself, and none
    "[::1]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]", "[::0:1]", "[0::1]", "[::0.0.0.1]",
    "[::]", "[0::0]", "[::0.0.0.0]",
    // IPv6: IPv4 inside
    "[::ffff:127.0.0.1]", "[::FFFF:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:0001]", "[::ffff:0.0.0.0]",
    "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]", "[::ffff:8.8.8.8]", "[::127.0.0.1]", "[::7f00:1]",
    "[::169.254.169.254]", "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]",
    "[64:ff9b::a9fe:a9fe]", "[64:ff9b::8.8.8.8]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2002:7f00:1::1]",
    "[2002:a9fe:a9fe::]", "[2002:0808:0808::1]", "[2001:0:7f00:1::]", "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
    "[2001::1]", "[2001:db8:1:1:0:5efe:127.0.0.1]", "[2a00:1450:4001:1:0:5efe:127.0.0.1]",
    "[2a00:1450:4001:1:200:5efe:10.0.0.1]", "[fe80::5efe:127.0.0.1]",
    // IPv6: special ranges
    "[fe80::1]", "[febf::1]", "[fec0::1]", "[feff::1]", "[fc00::1]", "[fd00::1]", "[fd00:ec2::254]", "[fdff:ffff::1]",
    "[ff02::1]", "[ff0e::1]", "[100::1]", "[2001:2::1]", "[2001:10::1]", "[2001:20::1]", "[2001:db8::1]", "[3fff::1]",
    "[3ffe::1]", "[5f00::1]", "[4000::1]", "[200::1]", "[1::1]",
    // what name servers say
    "inner.test", "inner6.test", "mixed.test", "alias.test", "INNER.test", "inner.test.", "inn%65r.test",
    "ｉnner.test",
];

/// Hosts that are not read as a host at all.
#[rustfmt::skip]
const UNREADABLE: &[&str] = &[
    "", ".", "..", "127.0.0.1..", "127..0.0.1", ".127.0.0.1", "256.256.256.256", "127.0.0.256", "127.0.0.1.5",
    "1.2.3.4.5", "4294967296", "0x100000000", "040000000000", "08.8.8.8", "0x7g.1.1.1", "127.0.0.1%00",
    "127.0.0.1%20", "127.0.0.1%0d%0a", "local%00host", "127.0.0.1%2f", "127.0.0.1%5c", "127.0.0.1%23",
    "127.0.0.1%3a80", "%5b::1%5d", "[::1", "::1]", "[]", "[:::1]", "[::1%25lo]", "[::1%lo]", "[fe80::1%25eth0]",
    "[fe80::1%251]", "[127.0.0.1]", "[::127.0.0.256]", "[::ffff:127.1]", "[::ffff:0x7f.0.0.1]", "[v1.127.0.0.1]",
    "[1:2:3:4:5:6:7:8:9]", "[localhost]", "a b.test", "a_b c", "*.test", "inner.test;x", "in'ner.test", "inner,test",
    "xn--a", "inner..test", "-a.t^st", "127.0.0.1\u{0}", "inner\t.test", "inner\n.test", "in\u{200b}ner .test",
];

/// Hosts that look like numbers and are names: asked for, and unknown.
const UNKNOWN: &[&str] = &[
    "127.0.0.0x1g",
    "1e3",
    "127-0-0-1",
    "0x7f000001.test",
    "unknown.test",
];

/// Whole addresses, with the only answer that is right.
const WHOLE: &[(&str, Refusal)] = &[
    // a user before the host
    ("http://8.8.8.8@127.0.0.1:{p}/", Refusal::UserInfo),
    ("http://example.com:80@127.0.0.1:{p}/", Refusal::UserInfo),
    ("http://:pass@127.0.0.1:{p}/", Refusal::UserInfo),
    ("http://user@inner.test:{p}/", Refusal::UserInfo),
    ("http://127.0.0.1%2f@8.8.8.8:{p}/", Refusal::UserInfo),
    ("http://127.0.0.1:{p}%2f@8.8.8.8/", Refusal::UserInfo),
    ("http://8.8.8.8%40x@127.0.0.1:{p}/", Refusal::UserInfo),
    ("http://a@b@127.0.0.1:{p}/", Refusal::UserInfo),
    // slashes as browsers read them
    ("http:127.0.0.1:{p}/", Refusal::NotPublic),
    ("http:/127.0.0.1:{p}/", Refusal::NotPublic),
    ("http:///127.0.0.1:{p}/", Refusal::NotPublic),
    ("http:\\\\127.0.0.1:{p}\\", Refusal::NotPublic),
    ("http://127.0.0.1:{p}\\@8.8.8.8/", Refusal::NotPublic),
    ("http://127.0.0.1:{p}#@8.8.8.8/", Refusal::NotPublic),
    ("http://127.0.0.1:{p}?@8.8.8.8/", Refusal::NotPublic),
    ("http://127.0.0.1:{p};@8.8.8.8/", Refusal::UserInfo),
    ("HTTP://127.0.0.1:{p}/", Refusal::NotPublic),
    ("http://127.0.0.1:0{p}/", Refusal::NotPublic),
    // what a parser drops silently
    (" http://127.0.0.1:{p}/", Refusal::Url),
    ("http://127.0.0.1:{p}/ ", Refusal::Url),
    ("ht\ttp://127.0.0.1:{p}/", Refusal::Url),
    ("http://127.0.\n0.1:{p}/", Refusal::Url),
    ("http://127.0.0.1:{p}/\r\nHost: x", Refusal::Url),
    ("\u{feff}http://127.0.0.1:{p}/", Refusal::Url),
    // other schemes
    ("//127.0.0.1:{p}/", Refusal::Url),
    ("127.0.0.1:{p}", Refusal::Url),
    ("/etc/passwd", Refusal::Url),
    ("file:///etc/passwd", Refusal::Url),
    ("file://127.0.0.1/etc/passwd", Refusal::Url),
    ("ftp://127.0.0.1:{p}/", Refusal::Url),
    ("gopher://127.0.0.1:{p}/_x", Refusal::Url),
    ("dict://127.0.0.1:{p}/", Refusal::Url),
    ("ws://127.0.0.1:{p}/", Refusal::Url),
    ("unix:///run/postgresql", Refusal::Url),
    ("data:text/plain,x", Refusal::Url),
    ("javascript:alert(1)", Refusal::Url),
    ("jar:http://127.0.0.1:{p}/!/", Refusal::Url),
    ("blob:http://127.0.0.1:{p}/", Refusal::Url),
    ("view-source:http://127.0.0.1:{p}/", Refusal::Url),
    ("http+unix://%2frun/", Refusal::Url),
    // ports
    ("http://127.0.0.1:0/", Refusal::Port),
    ("http://8.8.8.8:0/", Refusal::Port),
    ("http://8.8.8.8:22/", Refusal::Port),
    ("http://8.8.8.8:25/", Refusal::Port),
    ("https://8.8.8.8:5432/", Refusal::Port),
    ("https://8.8.8.8:6379/", Refusal::Port),
    ("https://[2606:4700:4700::1111]:8443/", Refusal::Port),
    ("http://8.8.8.8:65536/", Refusal::Url),
    ("http://8.8.8.8:-1/", Refusal::Url),
    ("http://8.8.8.8:80x/", Refusal::Url),
    ("http://8.8.8.8:%38%30/", Refusal::Url),
];

/// Hosts that are public. Nothing is sent to them: they are only looked at.
#[rustfmt::skip]
const PUBLIC: &[&str] = &[
    "8.8.8.8", "8.8.8.8.", "134744072", "0x08080808", "010.010.010.010", "８.８.８.８", "1.0.0.0", "9.255.255.255",
    "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "100.63.255.255", "100.128.0.0", "223.255.255.255",
    "[2606:4700:4700::1111]", "2606:4700:4700::1111", "[2620:FE::FE]", "outer.test", "OUTER.test.", "ｏuter.test",
];

#[tokio::test]
async fn no_spelling_of_an_inner_address_is_connected_to() {
    let (trap, names) = (Trap::set(), NameServer::start().await);
    names.points("inner.test", &["127.0.0.1"]);
    names.points("inner6.test", &["::1"]);
    names.points("mixed.test", &["8.8.8.8", "127.0.0.1"]);
    names.points("alias.test", &["alias:inner.test", "127.0.0.1"]);
    names.points("outer.test", &["8.8.8.8", "2606:4700:4700::1111"]);
    let outgoing = Outgoing::new(OutgoingSettings {
        plain_http: PlainHttp::Allowed,
        ports: vec![trap.port()],
        name_servers: Some(vec![names.address()]),
        ..OutgoingSettings::default()
    });
    let port = trap.port().to_string();
    let mut wrong = Vec::new();
    let mut check = |text: &str, found: Result<(), OutgoingError>, right: bool| {
        if !right {
            wrong.push(format!("{text:?}: {found:?}"));
        }
    };

    for host in NOT_PUBLIC {
        let text = format!("http://{host}:{port}/");
        let found = get(&outgoing, &text).await.map(|_| ());
        check(&text, found, found == Err(Refusal::NotPublic.into()));
        let found = outgoing.guard().vet(host, trap.port()).await.map(|_| ());
        check(host, found, found == Err(Refusal::NotPublic.into()));
    }
    for host in UNREADABLE {
        let text = format!("http://{host}:{port}/");
        let found = get(&outgoing, &text).await.map(|_| ());
        let refused = [Refusal::Url, Refusal::Host].map(|refusal| Err(refusal.into()));
        check(&text, found, refused.contains(&found));
        let found = outgoing.guard().vet(host, trap.port()).await.map(|_| ());
        check(host, found, found == Err(Refusal::Host.into()));
    }
    for host in UNKNOWN {
        let text = format!("http://{host}:{port}/");
        let found = get(&outgoing, &text).await.map(|_| ());
        check(&text, found, found == Err(OutgoingError::Dns));
    }
    for (text, refusal) in WHOLE {
        let text = text.replace("{p}", &port);
        let found = get(&outgoing, &text).await.map(|_| ());
        check(&text, found, found == Err((*refusal).into()));
        // Who does not read the address first, but lets another parser do it, is no better off.
        if let Ok(uri) = text.parse::<Uri>() {
            let found = outgoing.send(request(uri), Limits::default()).await;
            let found = found.map(|_| ());
            check(
                &text,
                found,
                matches!(found, Err(OutgoingError::Refused(_))),
            );
        }
    }
    for host in PUBLIC {
        let found = outgoing.guard().vet(host, trap.port()).await.map(|_| ());
        check(host, found, found.is_ok());
        if !host.contains(':') || host.starts_with('[') {
            let text = format!("https://{host}:{port}/");
            let found = Target::parse(&text)
                .map(|_| ())
                .map_err(OutgoingError::from);
            check(&text, found, found.is_ok());
        }
    }

    assert_eq!(wrong, Vec::<String>::new());
    trap.assert_untouched();
    let cases = NOT_PUBLIC.len() + UNREADABLE.len() + UNKNOWN.len() + WHOLE.len() + PUBLIC.len();
    assert!(cases >= CASES, "{cases} cases");
}

#[tokio::test]
async fn plain_http_is_for_installations_that_allow_it_and_for_listed_networks() {
    let strict = Outgoing::default();
    let plain = get(&strict, "http://8.8.8.8/").await;
    assert_eq!(plain.err(), Some(Refusal::PlainHttp.into()));
    // A listed network opens plain HTTP to itself and to nobody else.
    let listed = Outgoing::new(OutgoingSettings {
        private_nets: vec!["127.0.0.1/32".parse().expect("a network")],
        ports: vec![443, 80],
        ..OutgoingSettings::default()
    });
    let public = get(&listed, "http://8.8.8.8/").await;
    assert_eq!(public.err(), Some(Refusal::PlainHttp.into()));
    let another = get(&listed, "http://127.0.0.2/").await;
    assert_eq!(another.err(), Some(Refusal::NotPublic.into()));
    let port = get(&listed, "https://8.8.8.8:8443/").await;
    assert_eq!(port.err(), Some(Refusal::Port.into()));
    let server = super::server::Server::answering(b"HTTP/1.1 204 No Content\r\n\r\n").await;
    let inner = get(&listed, &format!("http://127.0.0.1:{}/", server.port())).await;
    assert_eq!(inner.expect("is listed").status().as_u16(), 204);
}

#[test]
fn what_is_told_of_a_fault_names_no_address() {
    for (fault, sentence) in [
        (
            OutgoingError::Refused(Refusal::NotPublic),
            "the address is refused: it does not lead to a public address",
        ),
        (
            OutgoingError::Refused(Refusal::Own),
            "the address is refused: it leads back to this installation",
        ),
        (
            OutgoingError::Connect,
            "the host did not accept a connection",
        ),
    ] {
        assert_eq!(fault.to_string(), sentence);
    }
}
