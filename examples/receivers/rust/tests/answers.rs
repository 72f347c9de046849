//! What the receiver says to a stranger. What it says to the product is tested with the product.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Command, Stdio},
};

#[test]
fn who_signs_nothing_is_refused() {
    let store = concat!(env!("CARGO_TARGET_TMPDIR"), "/strangers");
    let mut receiver = Command::new(env!("CARGO_BIN_EXE_webhook-receiver"))
        .env("WEBHOOK_SECRETS", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        .env("PORT", "0")
        .env("STORE", store)
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut line = String::new();
    let mut out = BufReader::new(receiver.stdout.take().expect("prints"));
    out.read_line(&mut line).expect("prints where it is");
    let port: u16 = line
        .rsplit(' ')
        .next()
        .and_then(|port| port.trim().parse().ok())
        .expect("a port");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("listens");
    let request = "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
    stream.write_all(request.as_bytes()).expect("takes it");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answers");
    receiver.kill().expect("ends");
    receiver.wait().expect("has ended");
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let kept = std::fs::read_dir(store).expect("the store").count();
    assert_eq!(kept, 0);
}
