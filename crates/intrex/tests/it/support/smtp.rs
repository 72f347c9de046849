//! A mail server for tests: a real socket, the few commands that a sender needs, and the ways in which a real one fails.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
};

use intrex_core::outside::mail::{MailSettings, Mailer, Plaintext};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};

/// What happens to one connection, which brings one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is taken.
    Accepted,
    /// The answer to this command is this code; `BODY` stands for the end of the message.
    Refused(&'static str, u16),
    /// It is taken, but the answer never comes.
    Unanswered,
    /// It is taken, but the answer waits for [`MailServer::release`].
    Held,
}

/// A message as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    /// With the headers; lines end as they came.
    pub(crate) data: String,
}

impl Received {
    /// The value of a header, unfolded.
    pub(crate) fn header(&self, name: &str) -> String {
        let head = self.data.split("\r\n\r\n").next().unwrap_or_default();
        let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let found = head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name)
                .then(|| value.trim().to_owned())
        });
        found.unwrap_or_else(|| panic!("no {name} in {head}"))
    }

    /// The subject in words.
    pub(crate) fn subject(&self) -> String {
        decoded(&self.header("Subject"))
    }
}

/// The server. It ends with the test.
#[derive(Debug)]
pub(crate) struct MailServer {
    port: u16,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct State {
    received: Mutex<Vec<Received>>,
    refused: Mutex<Vec<Received>>,
    fates: Mutex<VecDeque<Fate>>,
    connections: Mutex<usize>,
    /// Told whenever a message has arrived, whatever is answered.
    arrived: Notify,
    /// Told when a held answer may go out.
    released: Notify,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no test panics while it holds this")
}

impl MailServer {
    /// A server on a port of its own.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        let state = Arc::new(State::default());
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *locked(&shared.connections) += 1;
                let shared = shared.clone();
                // A client that goes away in the middle is one of the things that are tested.
                tokio::spawn(async move { talk(stream, &shared).await.ok() });
            }
        });
        MailServer { port, state, task }
    }

    /// The way to it.
    pub(crate) fn mailer(&self) -> Mailer {
        self.mailer_with("")
    }

    /// The same with something behind the address, such as `?tls=required`.
    pub(crate) fn mailer_with(&self, query: &str) -> Mailer {
        let url = format!("smtp://127.0.0.1:{}{query}", self.port).into();
        let from = "Intrex <reminders@intrex.example>";
        let settings = MailSettings::parse(&url, from, Plaintext::OnLoopback);
        Mailer::new(settings.expect("an address")).expect("a mailer")
    }

    /// What happens to the next messages, one after the other; later ones are accepted.
    pub(crate) fn next(&self, fates: &[Fate]) {
        locked(&self.state.fates).extend(fates);
    }

    /// Every message that arrived, answered or not.
    pub(crate) fn received(&self) -> Vec<Received> {
        locked(&self.state.received).clone()
    }

    /// Every message that was refused when all of it was there.
    pub(crate) fn refused(&self) -> Vec<Received> {
        locked(&self.state.refused).clone()
    }

    /// How many connections there were.
    pub(crate) fn connections(&self) -> usize {
        *locked(&self.state.connections)
    }

    /// Waits for the next message to arrive.
    pub(crate) async fn arrival(&self) {
        self.state.arrived.notified().await;
    }

    /// Lets a held answer go out.
    pub(crate) fn release(&self) {
        self.state.released.notify_one();
    }

    /// Closes the port for good.
    pub(crate) async fn close(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

async fn talk(stream: TcpStream, state: &State) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut message = Received {
        from: String::new(),
        to: Vec::new(),
        data: String::new(),
    };
    let next = locked(&state.fates).pop_front();
    let fate = next.unwrap_or(Fate::Accepted);
    say(&mut stream, "220 mail.test ESMTP").await?;
    while let Some(line) = line(&mut stream).await? {
        let command: String = line.chars().take(4).collect::<String>().to_uppercase();
        if let Fate::Refused(at, code) = fate
            && at == command
        {
            say(&mut stream, &format!("{code} refused")).await?;
            continue;
        }
        match command.as_str() {
            "EHLO" => say(&mut stream, "250-mail.test\r\n250 8BITMIME").await?,
            "MAIL" => {
                message.from = line;
                say(&mut stream, "250 ok").await?;
            }
            "RCPT" => {
                message.to.push(line);
                say(&mut stream, "250 ok").await?;
            }
            "DATA" => {
                say(&mut stream, "354 go on").await?;
                message.data = body(&mut stream).await?;
                if let Fate::Refused("BODY", code) = fate {
                    locked(&state.refused).push(message.clone());
                    say(&mut stream, &format!("{code} refused")).await?;
                    continue;
                }
                locked(&state.received).push(message.clone());
                state.arrived.notify_one();
                match fate {
                    Fate::Unanswered => std::future::pending::<()>().await,
                    Fate::Held => state.released.notified().await,
                    Fate::Accepted | Fate::Refused(..) => {}
                }
                say(&mut stream, "250 taken").await?;
            }
            "QUIT" => return say(&mut stream, "221 bye").await,
            _ => say(&mut stream, "502 what?").await?,
        }
    }
    Ok(())
}

async fn say(stream: &mut BufReader<TcpStream>, line: &str) -> std::io::Result<()> {
    stream
        .get_mut()
        .write_all(format!("{line}\r\n").as_bytes())
        .await
}

async fn line(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<String>> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await?;
    Ok((read > 0).then(|| line.trim_end().to_owned()))
}

/// Up to the lonely dot, with the doubled dots of the wire undone.
async fn body(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut body = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == ".\r\n" {
            return Ok(body);
        }
        body.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

/// Undoes `=?utf-8?b?…?=` of a header. Between two such words a space is none.
fn decoded(header: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let mut words = String::new();
    let mut after_encoded = true;
    for word in header.split(' ') {
        let inner = word
            .strip_prefix("=?utf-8?b?")
            .and_then(|rest| rest.strip_suffix("?="));
        if !(words.is_empty() || inner.is_some() && after_encoded) {
            words.push(' ');
        }
        match inner.map(|inner| STANDARD.decode(inner).expect("base64")) {
            Some(bytes) => words += &String::from_utf8(bytes).expect("UTF-8"),
            None => words += word,
        }
        after_encoded = inner.is_some();
    }
    words
}
