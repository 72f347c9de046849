//! What servers can answer: on real sockets, at their worst. Whatever they do, a request ends in time, holds little, and
//! goes nowhere else.

use std::time::{Duration, Instant};

use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use intrex_core::outside::http::{
    Limits, Outgoing, OutgoingError, OutgoingSettings, Own, Refusal, Target,
};
use tokio::net::TcpListener;

use super::{
    get, request,
    server::{Manner, Server},
    trap::Trap,
};

/// Short, for servers that never end.
const SHORT: Limits = Limits {
    connect: Duration::from_millis(300),
    total: Duration::from_millis(400),
    body_bytes: 16 * 1024,
};
/// What a request may take beyond its limit on a machine that is busy.
const GRACE: Duration = Duration::from_secs(1);

fn to_loopback() -> Outgoing {
    Outgoing::new(OutgoingSettings {
        private_nets: vec!["127.0.0.1/32".parse().expect("a network")],
        ..OutgoingSettings::default()
    })
}

async fn ask(server: &Server, limits: Limits) -> Result<Response<Vec<u8>>, OutgoingError> {
    let target = Target::parse(&server.url()).expect("an address");
    to_loopback().send(request(target.uri()), limits).await
}

#[tokio::test]
async fn a_request_arrives_as_it_was_given_and_the_answer_as_it_was_sent() {
    let answer = b"HTTP/1.1 201 Created\r\nset-cookie: a=b\r\ncontent-length: 5\r\n\r\nhello";
    let mut server = Server::answering(answer).await;
    let url = format!("http://127.0.0.1:{}/hook?a=1&b=%2F#part", server.port());
    let target = Target::parse(&url).expect("an address");
    let mut request = request(target.uri());
    *request.method_mut() = Method::POST;
    *request.body_mut() = b"{}".to_vec();
    let name = HeaderName::from_static("x-intrex-signature");
    request
        .headers_mut()
        .insert(name, HeaderValue::from_static("sha256=00"));
    let answer = to_loopback()
        .send(request, Limits::default())
        .await
        .expect("is answered");
    assert_eq!(answer.status(), StatusCode::CREATED);
    assert_eq!(answer.body(), b"hello");
    let head = server.next_request().await;
    let mut lines: Vec<&str> = head.trim_end().split("\r\n").collect();
    lines[1..].sort_unstable();
    let host = format!("host: 127.0.0.1:{}", server.port());
    assert_eq!(
        lines,
        [
            "POST /hook?a=1&b=%2F HTTP/1.1",
            "connection: close",
            "content-length: 2",
            &host,
            "x-intrex-signature: sha256=00",
        ]
    );
}

#[tokio::test]
async fn nothing_is_kept_from_one_request_to_the_next() {
    let answer = b"HTTP/1.1 200 OK\r\nset-cookie: a=b\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n";
    let mut server = Server::answering(answer).await;
    let outgoing = to_loopback();
    for _ in 0..3 {
        get(&outgoing, &server.url()).await.expect("is answered");
    }
    assert_eq!(server.connections(), 3, "a connection for each");
    for _ in 0..3 {
        let head = server.next_request().await;
        assert!(!head.to_lowercase().contains("cookie"), "{head}");
        assert!(!head.to_lowercase().contains("accept-encoding"), "{head}");
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let trap = Trap::set();
    for status in [301, 302, 303, 307, 308] {
        let answer = format!(
            "HTTP/1.1 {status} Elsewhere\r\nlocation: http://127.0.0.1:{}/\r\nrefresh: 0\r\ncontent-length: 0\r\n\r\n",
            trap.port()
        );
        let server = Server::answering(answer.as_bytes()).await;
        let answer = ask(&server, Limits::default()).await.expect("is answered");
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(server.connections(), 1);
    }
    trap.assert_untouched();
}

#[tokio::test]
async fn a_body_is_read_up_to_its_limit_however_it_is_sent() {
    let limit = SHORT.body_bytes;
    let fits = vec![b'x'; limit];
    let too_long = vec![b'x'; limit + 1];
    let announced = |body: &[u8]| {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body].concat()
    };
    let chunked = |body: &[u8]| {
        let head = format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n",
            body.len()
        );
        [head.as_bytes(), body, b"\r\n0\r\n\r\n"].concat()
    };
    let until_close = |body: &[u8]| [b"HTTP/1.0 200 OK\r\n\r\n", body].concat();
    for wrap in [
        &announced as &dyn Fn(&[u8]) -> Vec<u8>,
        &chunked,
        &until_close,
    ] {
        let server = Server::answering(&wrap(&fits)).await;
        let answer = ask(&server, Limits::default()).await.expect("fits");
        assert_eq!(answer.body().len(), limit);
        let server = Server::answering(&wrap(&too_long)).await;
        let refused = ask(&server, Limits::default()).await;
        assert_eq!(refused.err(), Some(OutgoingError::TooLarge));
    }
    // What is only announced is not waited for.
    let huge = Manner::Drips(
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n".to_vec(),
        b"x".to_vec(),
    );
    let server = Server::start(huge).await;
    assert_eq!(
        ask(&server, Limits::default()).await.err(),
        Some(OutgoingError::TooLarge)
    );
}

#[tokio::test]
async fn a_compressed_body_stays_compressed() {
    // 1 MB of zeros as gzip has it: a header, and a body that only counts.
    let bomb = [
        &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..],
        &[0xed, 0xc1, 1, 1],
        &[0; 1_000],
    ]
    .concat();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        bomb.len()
    );
    let server = Server::answering(&[head.as_bytes(), &bomb].concat()).await;
    let answer = ask(&server, Limits::default()).await.expect("is answered");
    assert_eq!(answer.body(), &bomb);
}

#[tokio::test]
async fn whatever_a_server_does_the_request_ends_in_time() {
    let ok = b"HTTP/1.1 200 OK\r\n";
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let slow = [OutgoingError::TimedOut];
    let long = [OutgoingError::TooLarge];
    let ended = [OutgoingError::Protocol];
    // An endless head or extension is refused by its length or by the time that it takes, whichever comes first.
    let either = [OutgoingError::Protocol, OutgoingError::TimedOut];
    let many_headers: Vec<u8> = (0..100_000)
        .flat_map(|n| format!("x-{n}: y\r\n").into_bytes())
        .collect();
    let cases: [(&str, Manner, &[OutgoingError]); 15] = [
        ("says nothing", Manner::Hangs, &slow),
        (
            "drips a status",
            Manner::Drips(vec![], b"HTTP/1.1 ".to_vec()),
            &either,
        ),
        (
            "drips headers",
            Manner::Drips(ok.to_vec(), b"x: y\r\n".to_vec()),
            &slow,
        ),
        (
            "drips a body",
            Manner::Drips(
                [&ok[..], b"content-length: 9000\r\n\r\n"].concat(),
                b"x".to_vec(),
            ),
            &slow,
        ),
        (
            "drips chunks",
            Manner::Drips(chunked.to_vec(), b"1\r\nx\r\n".to_vec()),
            &slow,
        ),
        (
            "never ends a body",
            Manner::Repeats([&ok[..], b"\r\n"].concat(), vec![b'x'; 4096]),
            &long,
        ),
        (
            "never ends chunks",
            Manner::Repeats(
                chunked.to_vec(),
                b"1000\r\n"
                    .iter()
                    .copied()
                    .chain([b'x'; 0x1000])
                    .chain(*b"\r\n")
                    .collect(),
            ),
            &long,
        ),
        (
            "never ends an extension",
            Manner::Repeats([&chunked[..], b"1;"].concat(), vec![b'e'; 4096]),
            &either,
        ),
        (
            "never ends trailers",
            Manner::Repeats([&chunked[..], b"0\r\n"].concat(), b"x: y\r\n".to_vec()),
            &either,
        ),
        (
            "never ends headers",
            Manner::Repeats(ok.to_vec(), b"x: y\r\n".repeat(100)),
            &ended,
        ),
        (
            "never ends one header",
            Manner::Repeats([&ok[..], b"x: "].concat(), vec![b'y'; 4096]),
            &ended,
        ),
        (
            "never gets beyond 1xx",
            Manner::Repeats(vec![], b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(50)),
            &slow,
        ),
        (
            "has 100,000 headers",
            Manner::Says([&ok[..], &many_headers, b"\r\n"].concat()),
            &ended,
        ),
        (
            "ends early",
            Manner::Says([&ok[..], b"content-length: 10\r\n\r\nhello"].concat()),
            &ended,
        ),
        (
            "does not speak HTTP",
            Manner::Says(b"220 mail.example ESMTP\r\n".to_vec()),
            &ended,
        ),
    ];
    for (what, manner, expected) in cases {
        let server = Server::start(manner).await;
        let begun = Instant::now();
        let fault = ask(&server, SHORT).await.expect_err(what);
        assert!(expected.contains(&fault), "a server that {what}: {fault:?}");
        assert!(
            begun.elapsed() < SHORT.total + GRACE,
            "a server that {what}: {:?}",
            begun.elapsed()
        );
    }
}

#[tokio::test]
async fn two_hundred_requests_to_a_server_that_hangs_are_all_free_in_time() {
    let server = Server::start(Manner::Hangs).await;
    let outgoing = to_loopback();
    let target = Target::parse(&server.url()).expect("an address");
    let begun = Instant::now();
    let requests: Vec<_> = (0..200)
        .map(|_| {
            let (outgoing, uri) = (outgoing.clone(), target.uri());
            tokio::spawn(async move { outgoing.send(request(uri), SHORT).await })
        })
        .collect();
    for sent in requests {
        let fault = sent
            .await
            .expect("does not panic")
            .expect_err("is not answered");
        assert_eq!(fault, OutgoingError::TimedOut);
    }
    assert!(
        begun.elapsed() < SHORT.total + GRACE,
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn headers_of_the_connection_are_not_the_requests_to_set() {
    let server = Server::answering(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let target = Target::parse(&server.url()).expect("an address");
    for name in [
        "host",
        "connection",
        "content-length",
        "transfer-encoding",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "proxy-authorization",
    ] {
        let mut request = request(target.uri());
        request
            .headers_mut()
            .insert(name, HeaderValue::from_static("x"));
        let refused = to_loopback().send(request, Limits::default()).await;
        assert_eq!(refused.err(), Some(Refusal::Header.into()), "{name}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_closed_port_is_told() {
    let free = TcpListener::bind(("127.0.0.1", 0))
        .await
        .expect("a port is free");
    let port = free.local_addr().expect("is bound").port();
    drop(free);
    let outgoing = to_loopback();
    let closed = get(&outgoing, &format!("https://127.0.0.1:{port}/")).await;
    assert_eq!(closed.err(), Some(OutgoingError::Connect));
}

#[tokio::test]
async fn the_product_and_its_database_are_refused_within_a_listed_network_too() {
    let (product, database) = (Trap::set(), Trap::set());
    let names = crate::support::NameServer::start().await;
    names.points("rebound.test", &["127.0.0.1"]);
    let outgoing = Outgoing::new(OutgoingSettings {
        private_nets: vec![
            "0.0.0.0/0".parse().expect("all"),
            "::/0".parse().expect("all"),
        ],
        own: Own {
            listeners: vec![([0, 0, 0, 0], product.port()).into()],
            names: vec![("intrex.test".into(), 8443)],
            databases: vec![("localhost".into(), database.port())],
        },
        name_servers: Some(vec![names.address()]),
        ..OutgoingSettings::default()
    });
    for port in [product.port(), database.port()] {
        for host in [
            "127.0.0.1",
            "127.1",
            "127.0.0.2",
            "[::1]",
            "localhost",
            "rebound.test",
        ] {
            let refused = get(&outgoing, &format!("http://{host}:{port}/")).await;
            assert_eq!(refused.err(), Some(Refusal::Own.into()), "{host}:{port}");
        }
        for host in ["0.0.0.0", "0", "[::]", "[::ffff:127.0.0.1]", "[::ffff:0:0]"] {
            let refused = get(&outgoing, &format!("http://{host}:{port}/")).await;
            assert_eq!(
                refused.err(),
                Some(Refusal::NotPublic.into()),
                "{host}:{port}"
            );
        }
    }
    let named = get(&outgoing, "https://INTREX.test.:8443/").await;
    assert_eq!(named.err(), Some(Refusal::Own.into()));
    product.assert_untouched();
    database.assert_untouched();
}
