//! Answers of which the beginning is enough: whoever only wants to know what became of a request.

use std::time::{Duration, Instant};

use http::StatusCode;
use intrex_core::outside::http::{
    Attempt, Limits, Outgoing, OutgoingError, OutgoingSettings, Step, Target,
};

use super::{
    request,
    server::{Manner, Server},
};

async fn attempted(manner: Manner) -> Attempt {
    let server = Server::start(manner).await;
    let target = Target::parse(&server.url()).expect("an address");
    let outgoing = Outgoing::new(OutgoingSettings {
        private_nets: vec!["127.0.0.1/32".parse().expect("a network")],
        ..OutgoingSettings::default()
    });
    outgoing
        .attempt(request(target.uri()), Limits::default())
        .await
}

#[tokio::test]
async fn an_answer_whose_head_has_come_is_one_whatever_its_body_does() {
    let head = |more: &str| format!("HTTP/1.1 200 OK\r\n{more}\r\n").into_bytes();
    let broken = [head("content-length: 10\r\n"), b"abc".to_vec()].concat();
    let limit = Limits::default().body_bytes;
    for (manner, expected) in [
        (Manner::Says(broken), 3..=3),
        (
            Manner::Repeats(head(""), b"xxxxxxxx".to_vec()),
            limit..=limit,
        ),
        (Manner::Drips(head(""), b"x".to_vec()), 1..=limit),
    ] {
        let told = format!("{manner:?}");
        let begun = Instant::now();
        let attempt = attempted(manner).await;
        assert!(begun.elapsed() < Duration::from_secs(5), "{told}");
        let answer = attempt.outcome.expect("is answered");
        assert_eq!(answer.status(), StatusCode::OK, "{told}");
        let length = answer.body().len();
        assert!(expected.contains(&length), "{told}: {length}");
        let steps: Vec<_> = attempt.steps.into_iter().map(|(step, _)| step).collect();
        assert_eq!(steps, [Step::Address, Step::Connect, Step::Answer]);
    }
}

#[tokio::test]
async fn an_answer_without_a_head_is_none() {
    let many = (0..100_000).map(|n| format!("x-{n}: 1\r\n"));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", many.collect::<String>());
    for said in [
        b"HTTP/1.1 200".to_vec(),
        b"220 mail.example ESMTP\r\n".to_vec(),
        many.into_bytes(),
    ] {
        let attempt = attempted(Manner::Says(said)).await;
        assert_eq!(attempt.outcome.err(), Some(OutgoingError::Protocol));
    }
    let old = b"HTTP/1.0 204 No Content\r\n\r\n".to_vec();
    let answer = attempted(Manner::Says(old)).await.outcome;
    assert_eq!(
        answer.expect("is answered").status(),
        StatusCode::NO_CONTENT
    );
}
