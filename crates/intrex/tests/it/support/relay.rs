//! A mail server of an organisation's own: with and without STARTTLS, TLS from the first byte, and a password, and with a
//! fault wherever a test wants one.

use std::sync::{Arc, Mutex};

use base64::{Engine as _, engine::general_purpose::STANDARD as B64};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// How a relay encrypts.
#[derive(Clone)]
pub(crate) enum Encryption {
    None,
    StartTls(Arc<ServerConfig>),
    Implicit(Arc<ServerConfig>),
}

/// Where a relay is at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It answers this command with this line. `GREETING` and `BODY` are commands here.
    Says(&'static str, String),
    /// It never answers this command.
    Silent(&'static str),
    /// It answers this command without an end.
    Endless(&'static str),
    /// Somebody on the way says this right behind its yes to STARTTLS, in the clear.
    Injected(&'static str),
}

/// The server. It ends with the test.
pub(crate) struct Relay {
    pub(crate) port: u16,
    state: Arc<State>,
    task: JoinHandle<()>,
}

struct State {
    encryption: Encryption,
    login: Option<(String, String)>,
    fault: Mutex<Option<Fault>>,
    commands: Mutex<Vec<String>>,
    messages: Mutex<Vec<String>>,
    /// Told when a command is met that is never answered.
    silent: Notify,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Relay {
    /// A server on a port of its own.
    pub(crate) async fn start(encryption: Encryption, login: Option<(&str, &str)>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("a port is free");
        let port = listener.local_addr().expect("has an address").port();
        let state = Arc::new(State {
            encryption,
            login: login.map(|(user, password)| (user.to_owned(), password.to_owned())),
            fault: Mutex::default(),
            commands: Mutex::default(),
            messages: Mutex::default(),
            silent: Notify::new(),
        });
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = shared.clone();
                // A client that goes away in the middle is one of the things that are tested.
                tokio::spawn(async move { accept(stream, &shared).await.ok() });
            }
        });
        Relay { port, state, task }
    }

    /// Is at fault from now on, or no more.
    pub(crate) fn fails(&self, fault: Option<Fault>) {
        *self.state.fault.lock().expect("no panic") = fault;
    }

    /// Every command, without what proves anything.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.state.commands.lock().expect("no panic").clone()
    }

    /// Waits until it has come to a command that it never answers.
    pub(crate) async fn falls_silent(&self) {
        self.state.silent.notified().await;
    }

    /// Every message that was taken.
    pub(crate) fn messages(&self) -> Vec<String> {
        self.state.messages.lock().expect("no panic").clone()
    }
}

impl State {
    fn fault(&self) -> Option<Fault> {
        self.fault.lock().expect("no panic").clone()
    }
}

async fn accept(stream: TcpStream, state: &State) -> std::io::Result<()> {
    match state.encryption.clone() {
        Encryption::Implicit(config) => {
            let stream = TlsAcceptor::from(config).accept(stream).await?;
            let mut talk = Talk::of(stream, state);
            talk.greet().await?;
            talk.go_on(false).await.map(drop)
        }
        Encryption::None => {
            let mut talk = Talk::of(stream, state);
            talk.greet().await?;
            talk.go_on(false).await.map(drop)
        }
        Encryption::StartTls(config) => {
            let mut talk = Talk::of(stream, state);
            talk.greet().await?;
            if !talk.go_on(true).await? {
                return Ok(());
            }
            let stream = talk.stream.into_inner();
            let stream = TlsAcceptor::from(config).accept(stream).await?;
            Talk::of(stream, state).go_on(false).await.map(drop)
        }
    }
}

struct Talk<'a, S> {
    stream: BufReader<S>,
    state: &'a State,
    known: bool,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Talk<'a, S> {
    fn of(stream: S, state: &'a State) -> Self {
        Talk {
            stream: BufReader::new(stream),
            state,
            known: false,
        }
    }

    async fn greet(&mut self) -> std::io::Result<()> {
        self.answer("GREETING", "220 relay.test ESMTP").await
    }

    /// Until the end, or until STARTTLS where it is offered; whether it was that.
    async fn go_on(&mut self, offers_starttls: bool) -> std::io::Result<bool> {
        while let Some(line) = self.line().await? {
            let command: String = line.chars().take(4).collect::<String>().to_uppercase();
            let told = match command.as_str() {
                "AUTH" => line.split(' ').take(2).collect::<Vec<_>>().join(" "),
                _ => line.clone(),
            };
            self.state.commands.lock().expect("no panic").push(told);
            match command.as_str() {
                "EHLO" => {
                    let mut offers = vec!["relay.test"];
                    if offers_starttls {
                        offers.push("STARTTLS");
                    } else if self.state.login.is_some() {
                        offers.push("AUTH PLAIN LOGIN");
                    }
                    offers.push("8BITMIME");
                    let last = offers.len() - 1;
                    let lines = offers.iter().enumerate().map(|(at, offer)| {
                        let between = if at == last { ' ' } else { '-' };
                        format!("250{between}{offer}")
                    });
                    let lines = lines.collect::<Vec<_>>().join("\r\n");
                    self.answer("EHLO", &lines).await?;
                }
                "STAR" if offers_starttls => {
                    let yes = match self.state.fault() {
                        Some(Fault::Injected(more)) => format!("220 go on\r\n{more}"),
                        _ => "220 go on".to_owned(),
                    };
                    self.answer("STARTTLS", &yes).await?;
                    let refused = matches!(self.state.fault(), Some(Fault::Says("STARTTLS", _)));
                    if !refused {
                        return Ok(true);
                    }
                }
                "AUTH" => {
                    let given = line.rsplit(' ').next().unwrap_or_default();
                    let proof = self
                        .state
                        .login
                        .as_ref()
                        .map(|(user, password)| B64.encode(format!("\0{user}\0{password}")));
                    self.known = proof.as_deref() == Some(given);
                    let yes = match self.known {
                        true => "235 welcome",
                        false => "535 5.7.8 wrong",
                    };
                    self.answer("AUTH", yes).await?;
                }
                "MAIL" if self.state.login.is_some() && !self.known => {
                    self.answer("MAIL", "530 5.7.0 sign in first").await?;
                }
                "MAIL" | "RCPT" | "RSET" => self.answer(&command, "250 ok").await?,
                "DATA" => {
                    self.answer("DATA", "354 go on").await?;
                    if !matches!(self.state.fault(), Some(Fault::Says("DATA", _))) {
                        let message = self.body().await?;
                        let refused = matches!(self.state.fault(), Some(Fault::Says("BODY", _)));
                        if !refused {
                            self.state.messages.lock().expect("no panic").push(message);
                        }
                        self.answer("BODY", "250 2.0.0 taken as 4711").await?;
                    }
                }
                "QUIT" => {
                    self.say("221 bye").await?;
                    return Ok(false);
                }
                _ => self.say("502 what?").await?,
            }
        }
        Ok(false)
    }

    async fn answer(&mut self, command: &str, line: &str) -> std::io::Result<()> {
        match self.state.fault() {
            Some(Fault::Says(at, instead)) if at == command => self.say(&instead).await,
            Some(Fault::Silent(at)) if at == command => {
                self.state.silent.notify_one();
                std::future::pending().await
            }
            Some(Fault::Endless(at)) if at == command => {
                let piece = [b'x'; 4096];
                loop {
                    self.stream.get_mut().write_all(&piece).await?;
                }
            }
            _ => self.say(line).await,
        }
    }

    async fn say(&mut self, line: &str) -> std::io::Result<()> {
        let stream = self.stream.get_mut();
        stream.write_all(format!("{line}\r\n").as_bytes()).await?;
        stream.flush().await
    }

    async fn line(&mut self) -> std::io::Result<Option<String>> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).await?;
        Ok((read > 0).then(|| line.trim_end().to_owned()))
    }

    async fn body(&mut self) -> std::io::Result<String> {
        let mut body = String::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            if line == ".\r\n" {
                return Ok(body);
            }
            body.push_str(line.strip_prefix('.').unwrap_or(&line));
        }
    }
}
