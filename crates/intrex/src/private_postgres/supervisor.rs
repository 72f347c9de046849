//! Keeps the server running for as long as the program does. One thread starts the server, watches it, starts it again
//! and stops it, because the kernel ties the server's life to the thread that started it; a thread of a pool may end
//! at any time.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::lock::OwnerLock;
use super::server::{Plan, Server};

/// How often the server is looked at: how late its death may be noticed.
const WATCH_INTERVAL: Duration = Duration::from_millis(100);

/// How often a program that is attached looks whether the owner has gone.
const STAND_BY_INTERVAL: Duration = Duration::from_millis(250);

/// The wait before the first restart, doubled each time.
const FIRST_RESTART_DELAY: Duration = Duration::from_millis(100);

/// The longest wait between two restarts.
const LONGEST_RESTART_DELAY: Duration = Duration::from_secs(30);

/// A server that ran this long was well: the next restart is quick again.
const HEALTHY_AFTER: Duration = Duration::from_secs(60);

/// The thread that looks after the server.
#[derive(Debug)]
pub(super) struct Supervisor {
    /// Nothing is ever sent: dropping it is the order to stop, so the order arrives even when we are unwinding.
    running: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    owner: Arc<AtomicBool>,
}

impl Supervisor {
    /// Starts the server; returns when it is ready.
    pub(super) fn start(plan: Plan, lock: OwnerLock) -> Result<Self> {
        let (ready, is_ready) = sync_channel(1);
        let supervisor = Self::spawn(true, move |stop, _| {
            supervise(&plan, &stop, lock, Some(&ready))
        })?;
        is_ready.recv().context("the supervising thread ended")??;
        Ok(supervisor)
    }

    /// Leaves the server to another process, and takes it over should that process end.
    pub(super) fn stand_by(plan: Plan, data_dir: PathBuf) -> Result<Self> {
        Self::spawn(false, move |stop, owner| {
            while !stop.ordered_within(STAND_BY_INTERVAL) {
                match OwnerLock::try_take(&data_dir) {
                    Ok(None) => {}
                    Ok(Some(lock)) => {
                        tracing::info!(
                            "the process that ran the private PostgreSQL has ended; taking it over"
                        );
                        owner.store(true, Ordering::Relaxed);
                        return supervise(&plan, &stop, lock, None);
                    }
                    Err(error) => tracing::error!(
                        error = format!("{error:#}"),
                        "cannot watch the private PostgreSQL"
                    ),
                }
            }
        })
    }

    fn spawn(
        owner: bool,
        work: impl FnOnce(StopOrder, &AtomicBool) + Send + 'static,
    ) -> Result<Self> {
        let (running, stop) = channel();
        let owner = Arc::new(AtomicBool::new(owner));
        let owner_of_thread = Arc::clone(&owner);
        let thread = std::thread::Builder::new()
            .name("private-postgres".to_owned())
            .spawn(move || work(StopOrder(stop), &owner_of_thread))
            .context("cannot start the supervising thread")?;
        Ok(Self {
            running: Some(running),
            thread: Some(thread),
            owner,
        })
    }

    pub(super) fn owns_the_server(&self) -> bool {
        self.owner.load(Ordering::Relaxed)
    }

    /// Stops the server if it is ours; returns when it has gone. A second call does nothing.
    pub(super) fn stop(&mut self) {
        drop(self.running.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that supervises PostgreSQL panicked");
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The other end of [`Supervisor::running`].
struct StopOrder(Receiver<()>);

impl StopOrder {
    /// Waits for the order, at most this long.
    fn ordered_within(&self, limit: Duration) -> bool {
        !matches!(self.0.recv_timeout(limit), Err(RecvTimeoutError::Timeout))
    }

    fn ordered(&self) -> bool {
        self.ordered_within(Duration::ZERO)
    }
}

/// Runs the server until the order to stop. A first start that somebody waits for is tried once; every other one is
/// repeated for as long as it takes. The lock is given back when the server has gone.
fn supervise(
    plan: &Plan,
    stop: &StopOrder,
    _lock: OwnerLock,
    first_start: Option<&SyncSender<Result<()>>>,
) {
    let mut delay = FIRST_RESTART_DELAY;
    let mut waiting = first_start;
    loop {
        let started = Instant::now();
        match (Server::start(plan, || stop.ordered()), waiting.take()) {
            (Ok(None), _) => return,
            (Ok(Some(mut server)), waiting) => {
                // Nobody listens any more if the program gave up waiting; the order to stop then follows.
                if let Some(waiting) = waiting {
                    let _ = waiting.send(Ok(()));
                } else {
                    tracing::info!("private PostgreSQL is ready again");
                }
                if watch(&mut server, stop) == Watched::Stopped {
                    return;
                }
            }
            (Err(error), Some(waiting)) => {
                let _ = waiting.send(Err(error));
                return;
            }
            (Err(error), None) => tracing::error!(
                error = format!("{error:#}"),
                "private PostgreSQL did not start"
            ),
        }
        if started.elapsed() >= HEALTHY_AFTER {
            delay = FIRST_RESTART_DELAY;
        }
        if stop.ordered_within(delay) {
            return;
        }
        delay = (delay * 2).min(LONGEST_RESTART_DELAY);
    }
}

#[derive(PartialEq, Eq)]
enum Watched {
    /// By our order.
    Stopped,
    /// By itself or by somebody else.
    Died,
}

fn watch(server: &mut Server, stop: &StopOrder) -> Watched {
    while !stop.ordered_within(WATCH_INTERVAL) {
        match server.ended() {
            Ok(None) => server.log().keep_bounded(),
            Ok(Some(status)) => {
                tracing::error!(%status, log = server.log().tail(), "private PostgreSQL died; starting it again");
                return Watched::Died;
            }
            Err(error) => tracing::error!(%error, "cannot watch the private PostgreSQL"),
        }
    }
    server.stop();
    Watched::Stopped
}
