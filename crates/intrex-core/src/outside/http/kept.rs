//! Connections that wait a little for the next request. A lane owns them: what one lane has opened serves that lane alone, and
//! only for an address that the guard has just found again behind the name. So a kept connection saves the greeting and the
//! encryption and nothing of the decision whether the host may be reached.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use http_body_util::Full;
use hyper::{body::Bytes, client::conn::http1::SendRequest};
use tokio::{task::JoinHandle, time::Instant};
use uuid::Uuid;

use super::Vetted;

/// How long a connection waits for the next request. Servers wait about as long, the common ones longer.
const IDLE: Duration = Duration::from_secs(5);
/// How old a connection becomes: certificates and routes change.
const AGE: Duration = Duration::from_secs(60);
/// Connections that wait in one lane.
const A_LANE: usize = 8;
/// Connections that wait in all.
const IN_ALL: usize = 256;

/// Whose connections they are, such as a connector. Its requests have to be of the kind that the other side knows again: one
/// whose connection ends before there is an answer is sent once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lane(Uuid);

impl Lane {
    /// The lane of what has this id.
    pub const fn of(id: Uuid) -> Self {
        Lane(id)
    }
}

/// What a connection was opened for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Purpose {
    pub(super) lane: Lane,
    /// Scheme, name and port.
    pub(super) origin: String,
}

/// An open connection. It is closed when this is dropped, whatever it was about to do.
pub(super) struct Connection {
    pub(super) requests: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
    peer: SocketAddr,
    opened: Instant,
    idle_since: Instant,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Connection {
    pub(super) fn new(
        requests: SendRequest<Full<Bytes>>,
        driver: JoinHandle<()>,
        peer: SocketAddr,
    ) -> Self {
        let opened = Instant::now();
        Connection {
            requests,
            driver,
            peer,
            opened,
            idle_since: opened,
        }
    }

    fn may_wait(&self) -> bool {
        !self.driver.is_finished()
            && self.idle_since.elapsed() < IDLE
            && self.opened.elapsed() < AGE
    }

    fn serves(&self, vetted: &Vetted) -> bool {
        self.may_wait() && self.requests.is_ready() && vetted.addresses().contains(&self.peer)
    }
}

/// The connections that wait.
#[derive(Clone, Default)]
pub(super) struct Kept(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    lanes: HashMap<Purpose, Vec<Connection>>,
    /// Somebody closes what has waited for too long.
    swept: bool,
}

impl Kept {
    /// A connection of this lane that leads to an address which was vetted just now. What can serve nobody is closed.
    pub(super) fn take(&self, purpose: &Purpose, vetted: &Vetted) -> Option<Connection> {
        let mut waiting = lock(&self.0);
        let lane = waiting.lanes.get_mut(purpose)?;
        lane.retain(|connection| connection.serves(vetted));
        let taken = lane.pop();
        if lane.is_empty() {
            waiting.lanes.remove(purpose);
        }
        taken
    }

    /// Keeps a connection whose answer was read whole.
    pub(super) fn put(&self, purpose: Purpose, mut connection: Connection) {
        connection.idle_since = Instant::now();
        let mut waiting = lock(&self.0);
        let room = waiting.lanes.values().map(Vec::len).sum::<usize>() < IN_ALL;
        let lane = waiting.lanes.entry(purpose).or_default();
        if room && lane.len() < A_LANE {
            lane.push(connection);
        }
        if !std::mem::replace(&mut waiting.swept, true) {
            tokio::spawn(sweep(Arc::downgrade(&self.0)));
        }
    }
}

/// Closes what has waited for too long, as long as anything waits.
async fn sweep(waiting: Weak<Mutex<Waiting>>) {
    loop {
        tokio::time::sleep(IDLE / 4).await;
        let Some(waiting) = waiting.upgrade() else {
            return;
        };
        let mut waiting = lock(&waiting);
        waiting.lanes.retain(|_, lane| {
            lane.retain(Connection::may_wait);
            !lane.is_empty()
        });
        if waiting.lanes.is_empty() {
            waiting.swept = false;
            return;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Nothing in here can leave it half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
