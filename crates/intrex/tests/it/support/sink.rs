//! A program at the other end of the network, which speaks HTTP: it notes what it is sent and answers what a test says.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::{Notify, watch},
    task::JoinHandle,
};

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) method: String,
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Sent {
    /// The value of a header; empty if there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// Gives a header another value.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        let found = self.headers.iter_mut().find(|(known, _)| known == name);
        let (_, known) = found.expect("is sent");
        value.clone_into(known);
    }

    /// The body.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// The program. It ends with the test.
#[derive(Debug)]
pub(crate) struct Sink {
    port: u16,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    received: Mutex<Vec<Sent>>,
    count: watch::Sender<usize>,
    answers: Mutex<VecDeque<Reply>>,
    /// What else is answered, by what was sent.
    speaker: Mutex<Option<Speaker>>,
    held: AtomicUsize,
    released: Notify,
}

type Speaker = fn(&Sent) -> (u16, Value);

/// What is done with a request.
#[derive(Debug)]
enum Reply {
    Bytes(String),
    /// It is answered with 204 once the test says so.
    Held,
    /// It is taken, and the connection breaks.
    Reset,
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Sink {
    /// On a port of its own. What is not said otherwise is answered with 204.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("a port is free");
        let port = listener.local_addr().expect("has an address").port();
        let state = Arc::new(State {
            received: Mutex::default(),
            count: watch::Sender::new(0),
            answers: Mutex::default(),
            speaker: Mutex::default(),
            held: AtomicUsize::new(0),
            released: Notify::new(),
        });
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = shared.clone();
                // A client that goes away in the middle is one of the things that are tested.
                tokio::spawn(async move { attend(stream, &shared).await.ok() });
            }
        });
        Sink { port, state, task }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The next answers, one after the other: status, headers with `\r\n` behind each, body.
    pub(crate) fn answers(&self, answers: &[(u16, &str, &str)]) {
        let whole = answers.iter().map(|(status, headers, body)| {
            let length = body.len();
            format!("HTTP/1.1 {status} x\r\n{headers}content-length: {length}\r\n\r\n{body}")
        });
        let mut waiting = self.state.answers.lock().expect("no panic");
        waiting.extend(whole.map(Reply::Bytes));
    }

    /// The next answer, byte by byte.
    pub(crate) fn raw(&self, answer: String) {
        self.reply(Reply::Bytes(answer));
    }

    /// The next so many requests are answered when [`Sink::release`] is called.
    pub(crate) fn holds(&self, requests: usize) {
        for _ in 0..requests {
            self.reply(Reply::Held);
        }
    }

    /// How many requests wait for that.
    pub(crate) fn held(&self) -> usize {
        self.state.held.load(Ordering::SeqCst)
    }

    /// Whatever is not said otherwise, and what was held, is answered by what was sent.
    pub(crate) fn speaks(&self, speaker: Speaker) {
        *self.state.speaker.lock().expect("no panic") = Some(speaker);
    }

    /// Answers whatever is held.
    pub(crate) fn release(&self) {
        self.state.released.notify_waiters();
    }

    /// The next request is taken, and its connection reset.
    pub(crate) fn resets(&self) {
        self.reply(Reply::Reset);
    }

    /// From now on everything is answered with 204.
    pub(crate) fn forget_answers(&self) {
        self.state.answers.lock().expect("no panic").clear();
    }

    fn reply(&self, reply: Reply) {
        let mut waiting = self.state.answers.lock().expect("no panic");
        waiting.push_back(reply);
    }

    /// Waits until so many requests have arrived.
    pub(crate) async fn arrivals(&self, requests: usize) {
        let mut count = self.state.count.subscribe();
        let arrived = count.wait_for(|arrived| *arrived >= requests);
        tokio::time::timeout(std::time::Duration::from_secs(30), arrived)
            .await
            .expect("they arrive within half a minute")
            .expect("the sink is there");
    }

    /// The same with bodies of JSON.
    pub(crate) fn says(&self, answers: &[(u16, Value)]) {
        for (status, body) in answers {
            self.answers(&[(*status, "", &body.to_string())]);
        }
    }

    /// Every request that arrived.
    pub(crate) fn received(&self) -> Vec<Sent> {
        self.state.received.lock().expect("no panic").clone()
    }
}

async fn attend(stream: TcpStream, state: &State) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let headers = lines.iter().skip(1).filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_lowercase(), value.trim().to_owned()))
    });
    let mut first = lines[0].split(' ').map(str::to_owned);
    let mut sent = Sent {
        method: first.next().unwrap_or_default(),
        path: first.next().unwrap_or_default(),
        headers: headers.collect(),
        body: Vec::new(),
    };
    sent.body = vec![0; sent.header("content-length").parse().unwrap_or(0)];
    stream.read_exact(&mut sent.body).await?;
    let released = state.released.notified();
    tokio::pin!(released);
    released.as_mut().enable();
    let speaker = *state.speaker.lock().expect("no panic");
    let well = match speaker {
        None => "HTTP/1.1 204 x\r\n\r\n".to_owned(),
        Some(speaker) => {
            let (status, body) = speaker(&sent);
            let (body, length) = (body.to_string(), body.to_string().len());
            format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n\r\n{body}")
        }
    };
    state.received.lock().expect("no panic").push(sent);
    state.count.send_modify(|count| *count += 1);
    let reply = state.answers.lock().expect("no panic").pop_front();
    let answer = match reply {
        None => well,
        Some(Reply::Bytes(answer)) => answer,
        Some(Reply::Held) => {
            state.held.fetch_add(1, Ordering::SeqCst);
            released.await;
            state.held.fetch_sub(1, Ordering::SeqCst);
            well
        }
        Some(Reply::Reset) => {
            stream.get_ref().set_zero_linger()?;
            return Ok(());
        }
    };
    stream.get_mut().write_all(answer.as_bytes()).await
}
