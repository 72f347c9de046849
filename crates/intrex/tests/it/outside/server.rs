//! A server at its worst, on a real socket.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
};

/// What a server does once it has a request's head.
#[derive(Debug, Clone)]
pub(crate) enum Manner {
    /// Says this and closes.
    Says(Vec<u8>),
    /// Says the first part once, and the second for ever.
    Repeats(Vec<u8>, Vec<u8>),
    /// Says the first part once, and one byte of the second each millisecond, for ever.
    Drips(Vec<u8>, Vec<u8>),
    /// Says nothing and holds the connection.
    Hangs,
    /// Says this and tears the connection down.
    Resets(Vec<u8>),
}

/// A server on loopback. It ends with the test.
#[derive(Debug)]
pub(crate) struct Server {
    port: u16,
    connections: Arc<AtomicUsize>,
    requests: mpsc::UnboundedReceiver<String>,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn answering(answer: &[u8]) -> Self {
        Server::start(Manner::Says(answer.to_vec())).await
    }

    pub(crate) async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind(("0.0.0.0", 0))
            .await
            .expect("a port is free");
        let port = listener.local_addr().expect("is bound").port();
        let connections = Arc::<AtomicUsize>::default();
        let (heads, requests) = mpsc::unbounded_channel();
        let counted = connections.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(attend(stream, manner.clone(), heads.clone()));
            }
        });
        Server {
            port,
            connections,
            requests,
            task,
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The head of the next request that arrived.
    pub(crate) async fn next_request(&mut self) -> String {
        self.requests.recv().await.expect("the server is there")
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn attend(mut stream: TcpStream, manner: Manner, heads: mpsc::UnboundedSender<String>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    // What nobody has read tears the connection down when it is closed.
    let mut body = vec![0; announced(&head)];
    if stream.read_exact(&mut body).await.is_err() {
        return;
    }
    let _ = heads.send(head);
    match manner {
        Manner::Says(answer) => {
            let _ = stream.write_all(&answer).await;
        }
        Manner::Repeats(first, again) => {
            let mut more = stream.write_all(&first).await;
            while more.is_ok() {
                more = stream.write_all(&again).await;
            }
        }
        Manner::Drips(first, again) => {
            let mut pace = tokio::time::interval(Duration::from_millis(1));
            let mut more = stream.write_all(&first).await;
            for byte in again.iter().cycle() {
                if more.is_err() {
                    break;
                }
                pace.tick().await;
                more = stream.write_all(&[*byte]).await;
            }
        }
        Manner::Hangs => {
            let _ = stream.read_u8().await;
        }
        Manner::Resets(answer) => {
            let _ = stream.write_all(&answer).await;
            let _ = stream.set_zero_linger();
        }
    }
}

/// How long a request's body is.
fn announced(head: &str) -> usize {
    let mut lengths = head.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse().expect("a length"))
    });
    lengths.next().unwrap_or(0)
}
