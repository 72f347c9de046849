//! Receivers at their worst: whatever one does with an event, the look ends in time, holds little, and says what it was.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use intrex_core::connectors::Status;
use serde_json::json;

use super::{Scene, told, why};
use crate::outside::server::{Manner, Server};

/// The way out's own limit for a request, and what a busy machine may add.
const IN_TIME: Duration = Duration::from_secs(16);

const OK: &[u8] = b"HTTP/1.1 200 OK\r\n";
const TAKEN: &str = "address ok, connect ok, answer ok";
const NOT_TAKEN: &str = "address ok, connect ok, answer failed";

fn says(parts: &[&[u8]]) -> Manner {
    Manner::Says(parts.concat())
}

#[tokio::test]
async fn whatever_a_receiver_does_with_an_event_the_look_ends_and_says_what_it_was() {
    let scene = Scene::begin().await;
    let many: Vec<u8> = (0..100_000)
        .flat_map(|n| format!("x-{n}: y\r\n").into_bytes())
        .collect();
    // A megabyte of zeros, as gzip has it.
    let bomb = [
        &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xed, 0xc1, 1, 1][..],
        &[0; 1_000],
    ]
    .concat();
    let zipped = b"content-encoding: gzip\r\ncontent-length: 1014\r\n\r\n";
    let gone = b"HTTP/1.1 410 Gone\r\n\r\n".to_vec();
    let limited = |after: &str| {
        let head =
            format!("HTTP/1.1 429 Slow\r\nretry-after: {after}\r\ncontent-length: 0\r\n\r\n");
        Manner::Says(head.into_bytes())
    };
    let moved = b"HTTP/1.1 301 Moved\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    let broken = b"HTTP/1.1 500 Oh\r\ncontent-encoding: gzip\r\ncontent-length: 1014\r\n\r\n";
    let cases = [
        // A yes is a yes, whatever becomes of its body: what has arrived has arrived.
        (
            "answers by HTTP/1.0",
            says(&[b"HTTP/1.0 200 OK\r\n\r\nok"]),
            "",
        ),
        (
            "never ends its yes",
            Manner::Repeats([OK, b"\r\n"].concat(), vec![b'x'; 4096]),
            "",
        ),
        (
            "drips its yes",
            Manner::Drips([OK, b"\r\n"].concat(), b"x".to_vec()),
            "",
        ),
        (
            "breaks off its yes",
            says(&[OK, b"content-length: 10\r\n\r\nabc"]),
            "",
        ),
        ("says yes with a bomb", says(&[OK, zipped, &bomb]), ""),
        (
            "says 410 without end",
            Manner::Repeats(gone, vec![b'x'; 4096]),
            "gone: HTTP 410",
        ),
        ("says 301", says(&[moved]), "redirected: HTTP 301"),
        ("wants 7 seconds", limited("7"), "rate_limited: HTTP 429"),
        (
            "wants a day that has passed",
            limited("Thu, 01 Jan 1970 00:00:00 GMT"),
            "rate_limited: HTTP 429",
        ),
        (
            "wants for ever",
            limited("99999999999999999999"),
            "rate_limited: HTTP 429",
        ),
        ("wants it soon", limited("soon"), "rate_limited: HTTP 429"),
        (
            "says no with a bomb",
            says(&[broken, &bomb]),
            "server_error: HTTP 500",
        ),
        (
            "tears down once it has the event",
            Manner::Resets(Vec::new()),
            "protocol_error",
        ),
        (
            "tears down in its first line",
            Manner::Resets(b"HTTP/1.1 2".to_vec()),
            "protocol_error",
        ),
        ("closes without a word", says(&[]), "protocol_error"),
        (
            "has 100,000 headers",
            says(&[OK, &many, b"\r\n"]),
            "protocol_error",
        ),
        (
            "never ends a header",
            Manner::Repeats([OK, b"x: "].concat(), vec![b'y'; 4096]),
            "protocol_error",
        ),
        (
            "speaks something else",
            says(&[b"220 mail.example ESMTP\r\n"]),
            "protocol_error",
        ),
    ];
    for (what, manner, expected) in cases {
        let server = Server::start(manner).await;
        let body = json!({ "type": "webhook", "name": what, "config": { "url": server.url() } });
        let id = scene.made(body).await.connector.id;
        let begun = Instant::now();
        let seen = scene.verified(id).await;
        assert!(begun.elapsed() < IN_TIME, "{what}: {:?}", begun.elapsed());
        assert_eq!(server.connections(), 1, "{what}: an event is sent once");
        let why = why(&seen);
        assert!(why.len() < 400, "{what}: {why}");
        let word = expected
            .split(": HTTP")
            .next()
            .filter(|word| !word.is_empty());
        let (way, status) = match word {
            None => (TAKEN, Status::Active),
            // It has never worked, and still waits for that.
            Some(_) => (NOT_TAKEN, Status::PendingVerification),
        };
        assert_eq!(told(&seen), way, "{what}: {why}");
        assert_eq!(
            seen.connector.health.last_error.as_deref(),
            word,
            "{what}: {why}"
        );
        assert!(
            !expected.contains("HTTP") || why.starts_with(expected),
            "{what}: {why}"
        );
        assert_eq!(seen.connector.status, status, "{what}");
        scene.app.app.clock.advance(TimeDelta::seconds(1));
    }
    scene.app.finish().await;
}
