//! Connections that are kept for the next request of their lane, and when they are not.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use http::StatusCode;
use intrex_core::outside::http::{
    Attempt, Lane, Limits, Outgoing, OutgoingError, OutgoingSettings, Refusal, Target,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};
use uuid::Uuid;

use super::request;
use crate::support::NameServer;

const EMPTY: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";
const ONE: Lane = lane(1);
const OTHER: Lane = lane(2);

const fn lane(number: u128) -> Lane {
    Lane::of(Uuid::from_u128(number))
}

/// A server that goes on answering on the same connection.
struct Patient {
    port: u16,
    heard: Arc<Heard>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Heard {
    connections: AtomicUsize,
    requests: AtomicUsize,
    closed: Notify,
    /// What it says next; the last one stays.
    answers: Mutex<VecDeque<Says>>,
}

/// What it says, and whether it then hangs up without a word.
#[derive(Clone, Copy)]
struct Says(&'static [u8], After);

#[derive(Clone, Copy, PartialEq)]
enum After {
    Waits,
    HangsUp,
}

impl Patient {
    async fn saying(answers: &[Says]) -> Self {
        let listener = TcpListener::bind(("0.0.0.0", 0)).await.expect("a port");
        let port = listener.local_addr().expect("is bound").port();
        let heard = Arc::new(Heard {
            answers: Mutex::new(answers.iter().copied().collect()),
            ..Heard::default()
        });
        let all = heard.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                all.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(attend(stream, all.clone()));
            }
        });
        Patient { port, heard, task }
    }

    fn url(&self, host: &str) -> String {
        format!("http://{host}:{}/", self.port)
    }

    fn counts(&self) -> (usize, usize) {
        let heard = &self.heard;
        (
            heard.connections.load(Ordering::SeqCst),
            heard.requests.load(Ordering::SeqCst),
        )
    }
}

impl Drop for Patient {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn attend(mut stream: TcpStream, heard: Arc<Heard>) {
    let mut head = Vec::new();
    while let Ok(byte) = stream.read_u8().await {
        head.push(byte);
        if !head.ends_with(b"\r\n\r\n") {
            continue;
        }
        head.clear();
        heard.requests.fetch_add(1, Ordering::SeqCst);
        let says = {
            let mut answers = heard.answers.lock().expect("nobody panics here");
            let next = *answers.front().expect("has an answer");
            if answers.len() > 1 {
                answers.pop_front();
            }
            next
        };
        let _ = stream.write_all(says.0).await;
        if says.1 == After::HangsUp {
            return;
        }
    }
    heard.closed.notify_one();
}

fn outgoing(names: Option<&NameServer>) -> Outgoing {
    Outgoing::new(OutgoingSettings {
        private_nets: vec!["127.0.0.0/8".parse().expect("a network")],
        name_servers: names.map(|names| vec![names.address()]),
        ..OutgoingSettings::default()
    })
}

async fn ask(outgoing: &Outgoing, lane: Lane, url: &str) -> Attempt {
    let target = Target::parse(url).expect("an address");
    let request = request(target.uri());
    outgoing
        .attempt_in(Some(lane), request, Limits::default())
        .await
}

async fn answered(outgoing: &Outgoing, lane: Lane, url: &str) {
    let attempt = ask(outgoing, lane, url).await;
    let answer = attempt.outcome.expect("is answered");
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_lane_has_its_connection_and_nobody_elses() {
    let server = Patient::saying(&[Says(EMPTY, After::Waits)]).await;
    let (outgoing, url) = (outgoing(None), server.url("127.0.0.1"));
    for _ in 0..20 {
        answered(&outgoing, ONE, &url).await;
    }
    assert_eq!(server.counts(), (1, 20));
    answered(&outgoing, OTHER, &url).await;
    assert_eq!(server.counts(), (2, 21), "another lane, another connection");
    answered(&outgoing, ONE, &server.url("127.0.0.2")).await;
    assert_eq!(server.counts(), (3, 22), "another host as well");
}

#[tokio::test]
async fn a_kept_connection_serves_only_where_the_name_still_leads() {
    let (names, server) = (
        NameServer::start().await,
        Patient::saying(&[Says(EMPTY, After::Waits)]).await,
    );
    for address in ["127.0.0.1", "127.0.0.1", "127.0.0.2", "192.0.2.1"] {
        names.points("moving.test", &[address]);
    }
    let (outgoing, url) = (outgoing(Some(&names)), server.url("moving.test"));
    answered(&outgoing, ONE, &url).await;
    answered(&outgoing, ONE, &url).await;
    assert_eq!(server.counts(), (1, 2));
    answered(&outgoing, ONE, &url).await;
    assert_eq!(server.counts(), (2, 3), "it leads to another address now");
    let refused = ask(&outgoing, ONE, &url).await.outcome;
    assert_eq!(
        refused.err(),
        Some(OutgoingError::Refused(Refusal::NotPublic)),
        "an address that must not be reached, whatever is kept"
    );
    assert_eq!(server.counts(), (2, 3));
}

#[tokio::test]
async fn a_connection_that_ends_is_not_asked_again_and_no_request_is_lost_or_doubled() {
    let farewell: &[u8] = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
    let long: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\nand more that nobody has asked for";
    for (what, says) in [
        ("hangs up", Says(EMPTY, After::HangsUp)),
        ("says that it closes", Says(farewell, After::Waits)),
        ("says too much", Says(long, After::Waits)),
    ] {
        let server = Patient::saying(&[says]).await;
        let (outgoing, url) = (outgoing(None), server.url("127.0.0.1"));
        for number in 1..=5 {
            answered(&outgoing, ONE, &url).await;
            assert_eq!(server.counts(), (number, number), "a server that {what}");
        }
    }
}

#[tokio::test]
async fn a_request_that_meets_the_end_of_a_kept_connection_is_sent_once_more() {
    let server = Patient::saying(&[
        Says(EMPTY, After::Waits),
        Says(b"", After::HangsUp),
        Says(EMPTY, After::Waits),
    ])
    .await;
    let (outgoing, url) = (outgoing(None), server.url("127.0.0.1"));
    answered(&outgoing, ONE, &url).await;
    answered(&outgoing, ONE, &url).await;
    assert_eq!(server.counts(), (2, 3));
}

#[tokio::test]
async fn a_connection_of_its_own_that_ends_without_an_answer_is_a_fault() {
    let server = Patient::saying(&[Says(b"", After::HangsUp), Says(EMPTY, After::Waits)]).await;
    let fault = ask(&outgoing(None), ONE, &server.url("127.0.0.1")).await;
    assert_eq!(fault.outcome.err(), Some(OutgoingError::Protocol));
    assert_eq!(server.counts(), (1, 1));
}

#[tokio::test]
async fn an_answer_that_was_not_read_to_its_end_keeps_no_connection() {
    let large: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n";
    let head = Box::leak([large, &[b'a'; 100_000]].concat().into_boxed_slice());
    let server = Patient::saying(&[Says(head, After::Waits)]).await;
    let (outgoing, url) = (outgoing(None), server.url("127.0.0.1"));
    for number in 1..=3 {
        let attempt = ask(&outgoing, ONE, &url).await;
        attempt.outcome.expect("its beginning is an answer");
        assert_eq!(server.counts(), (number, number));
    }
}

#[tokio::test]
async fn a_connection_that_nobody_asks_for_is_closed() {
    let server = Patient::saying(&[Says(EMPTY, After::Waits)]).await;
    let outgoing = outgoing(None);
    answered(&outgoing, ONE, &server.url("127.0.0.1")).await;
    // The server hears of it: this ends only when it does.
    server.heard.closed.notified().await;
}
