//! A name server for tests, on a real socket: what it answers is said by the test, and may change with every question.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use tokio::{net::UdpSocket, task::JoinHandle};

/// One record of an answer.
#[derive(Debug, Clone)]
pub(crate) enum Record {
    /// An address, of either kind.
    Address(IpAddr),
    /// Another name, whose addresses follow in the same answer.
    Alias(&'static str),
    /// A text, in the pieces in which it is sent.
    Text(&'static [&'static str]),
}

/// What a question for a name is answered with.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// These records, of those the kind that was asked for.
    Records(Vec<Record>),
    /// The server can't say.
    Failure,
    /// Nothing at all.
    Silence,
}

const TYPE_A: u16 = 1;
const TYPE_CNAME: u16 = 5;
const TYPE_TXT: u16 = 16;
const TYPE_AAAA: u16 = 28;
const NO_SUCH_NAME: u16 = 3;
const SERVER_FAILURE: u16 = 2;

/// The server. It ends with the test.
#[derive(Debug)]
pub(crate) struct NameServer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct State {
    /// The answers to come; the last one stays.
    answers: HashMap<(String, u16), Vec<Answer>>,
    asked: Vec<(String, u16)>,
}

impl NameServer {
    /// A server that knows no name.
    pub(crate) async fn start() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port is free");
        let address = socket.local_addr().expect("is bound");
        let state = Arc::<Mutex<State>>::default();
        let task = tokio::spawn(serve(socket, state.clone()));
        NameServer {
            address,
            state,
            task,
        }
    }

    /// For `OutgoingSettings::name_servers`.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// These addresses stand behind a name; `alias>address` goes by another name.
    pub(crate) fn points(&self, name: &str, addresses: &[&str]) {
        let records = addresses
            .iter()
            .map(|address| match address.strip_prefix("alias:") {
                Some(alias) => Record::Alias(Box::leak(alias.to_owned().into_boxed_str())),
                None => Record::Address(address.parse().expect("an address")),
            });
        self.answers(name, Answer::Records(records.collect()));
    }

    /// The answer to the next question for a name, and to those after it until another one is given and asked for.
    pub(crate) fn answers(&self, name: &str, answer: Answer) {
        let mut state = self
            .state
            .lock()
            .expect("no test panics while it holds this");
        for kind in [TYPE_A, TYPE_AAAA, TYPE_TXT] {
            let answers = state.answers.entry((name.to_owned(), kind)).or_default();
            answers.push(answer.clone());
        }
    }

    /// The answer to every question for a name from now on, whatever was to come.
    pub(crate) fn answers_now(&self, name: &str, answer: Answer) {
        let forgotten = |state: &mut State| state.answers.retain(|(known, _), _| known != name);
        forgotten(
            &mut self
                .state
                .lock()
                .expect("no test panics while it holds this"),
        );
        self.answers(name, answer);
    }

    /// How often the addresses of a name were asked for.
    pub(crate) fn questions(&self, name: &str) -> usize {
        let state = self
            .state
            .lock()
            .expect("no test panics while it holds this");
        let asked = state.asked.iter();
        asked
            .filter(|(asked, kind)| asked == name && *kind == TYPE_A)
            .count()
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(socket: UdpSocket, state: Arc<Mutex<State>>) {
    let mut packet = [0; 1500];
    while let Ok((length, from)) = socket.recv_from(&mut packet).await {
        let reply = answer(&packet[..length], &state);
        if let Some(reply) = reply {
            let _ = socket.send_to(&reply, from).await;
        }
    }
}

fn answer(packet: &[u8], state: &Mutex<State>) -> Option<Vec<u8>> {
    let (name, after_name) = read_name(packet)?;
    let kind = u16::from_be_bytes([*packet.get(after_name)?, *packet.get(after_name + 1)?]);
    let question = packet.get(12..after_name + 4)?;
    let mut state = state.lock().expect("no test panics while it holds this");
    state.asked.push((name.clone(), kind));
    let found = state
        .answers
        .get_mut(&(name, kind))
        .map(|answers| match answers.len() {
            0 | 1 => answers.first().cloned(),
            _ => Some(answers.remove(0)),
        });
    let (code, records) = match found.flatten() {
        Some(Answer::Records(records)) => (0, records),
        Some(Answer::Failure) => (SERVER_FAILURE, Vec::new()),
        Some(Answer::Silence) => return None,
        None => (NO_SUCH_NAME, Vec::new()),
    };
    let mut owner = vec![0xc0, 0x0c];
    let mut body = Vec::new();
    let mut count: u16 = 0;
    for record in &records {
        let (of_kind, data) = match record {
            Record::Alias(alias) => (TYPE_CNAME, written(alias)),
            Record::Address(IpAddr::V4(ip)) => (TYPE_A, ip.octets().to_vec()),
            Record::Address(IpAddr::V6(ip)) => (TYPE_AAAA, ip.octets().to_vec()),
            Record::Text(pieces) => (
                TYPE_TXT,
                pieces.iter().flat_map(|piece| counted(piece)).collect(),
            ),
        };
        if of_kind != kind && of_kind != TYPE_CNAME {
            continue;
        }
        body.extend(&owner);
        body.extend(of_kind.to_be_bytes());
        // Class IN, to be asked for again at once.
        body.extend([0, 1, 0, 0, 0, 0]);
        body.extend(u16::try_from(data.len()).expect("short").to_be_bytes());
        body.extend(&data);
        count += 1;
        if of_kind == TYPE_CNAME {
            owner = data;
        }
    }
    let mut reply = packet.get(..2)?.to_vec();
    reply.extend((0x8580 | code).to_be_bytes());
    reply.extend([0, 1]);
    reply.extend(count.to_be_bytes());
    reply.extend([0, 0, 0, 0]);
    reply.extend(question);
    reply.extend(body);
    Some(reply)
}

/// The name in the question, and where it ends.
fn read_name(packet: &[u8]) -> Option<(String, usize)> {
    let (mut at, mut labels) = (12, Vec::new());
    loop {
        let length = usize::from(*packet.get(at)?);
        if length == 0 {
            return Some((labels.join("."), at + 1));
        }
        let label = packet.get(at + 1..=at + length)?;
        labels.push(String::from_utf8_lossy(label).to_lowercase());
        at += length + 1;
    }
}

fn written(name: &str) -> Vec<u8> {
    name.split('.').flat_map(counted).chain([0]).collect()
}

fn counted(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).expect("short");
    [&[length], text.as_bytes()].concat()
}
