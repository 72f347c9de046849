//! The background work of an installation: placing audit events in their chains, running jobs, settling reminders,
//! carrying out deliveries, sending mail about accounts. Each has a loop of its own, says every few seconds that it is alive, and goes on after a failure:
//! the database being away for a minute is no reason to stop. Beside them a watcher outside is called while all go on.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::{sync::watch, task::JoinSet};

use crate::{
    App, account_mail,
    audit::sequencer,
    deliveries,
    error::{Error, Result},
    health::{self, Round},
    jobs,
    reminders::sender,
};

/// How long a loop that found nothing waits before it looks again.
const IDLE_INTERVAL: Duration = Duration::from_secs(1);
/// The wait after the first failure; doubled each time.
const FIRST_RETRY: Duration = Duration::from_millis(500);
/// The longest wait after a failure.
const LONGEST_RETRY: Duration = Duration::from_secs(30);
/// The longest wait while the database is away: work goes on within seconds of its return.
pub(crate) const LONGEST_OUTAGE_RETRY: Duration = Duration::from_secs(2);
/// How often a loop says that it is alive, at most.
const HEARTBEAT_INTERVAL: TimeDelta = TimeDelta::seconds(10);
/// Rounds of [`run_once`] at most: work that makes more work for ever is a fault.
const MAX_ROUNDS: usize = 100_000;

/// The wait after the `attempts`-th failure: `first`, twice as long each time, at most `longest`.
pub(crate) fn doubled(first: TimeDelta, longest: TimeDelta, attempts: i32) -> TimeDelta {
    // 2^16 times any first wait is longer than the longest of them, and far from overflowing.
    let doublings = attempts.saturating_sub(1).clamp(0, 16).unsigned_abs();
    (first * 2_i32.pow(doublings)).min(longest)
}

/// The names of the loops among the heartbeats.
pub const WORKERS: [&str; 5] = [JOBS, SENDER, DELIVERIES, ACCOUNT_MAIL, sequencer::WORKER];
pub(crate) const JOBS: &str = "jobs";
pub(crate) const SENDER: &str = "reminders.sender";
pub(crate) const DELIVERIES: &str = "deliveries.sender";
pub(crate) const ACCOUNT_MAIL: &str = "account_mail.sender";

/// Works until `shutdown` turns true or its sender is gone, then ends after the round that is going on.
pub async fn run(app: &App, shutdown: watch::Receiver<bool>) {
    let mut loops = JoinSet::new();
    for part in [
        Part::Sequencer,
        Part::Jobs,
        Part::Sender,
        Part::Deliveries,
        Part::AccountMail,
    ] {
        let (app, shutdown) = (app.clone(), shutdown.clone());
        loops.spawn(async move { supervise(part, app, shutdown).await });
    }
    if let Some(watcher) = app.watcher.clone() {
        let app = app.clone();
        loops.spawn(async move { health::ping::run(&app, &watcher, shutdown).await });
    }
    while loops.join_next().await.is_some() {}
}

/// Runs jobs and sends what is due until nothing is at this instant.
pub async fn run_once(app: &App) -> Result<()> {
    jobs::ensure_platform_jobs(app).await?;
    for _ in 0..MAX_ROUNDS {
        let done = jobs::run_due(app).await?
            + sender::send_due(app).await?
            + deliveries::sender::send_due(app).await?
            + account_mail::sender::send_due(app).await?;
        if done == 0 {
            return Ok(());
        }
    }
    Err(Error::internal("background work does not come to an end"))
}

#[derive(Debug, Clone, Copy)]
enum Part {
    Sequencer,
    Jobs,
    Sender,
    Deliveries,
    AccountMail,
}

impl Part {
    /// Its name among the heartbeats.
    fn name(self) -> &'static str {
        match self {
            Part::Sequencer => sequencer::WORKER,
            Part::Jobs => JOBS,
            Part::Sender => SENDER,
            Part::Deliveries => DELIVERIES,
            Part::AccountMail => ACCOUNT_MAIL,
        }
    }
}

/// Begins a part again if it breaks off: a fault in one round must not end all later ones.
async fn supervise(part: Part, app: App, mut shutdown: watch::Receiver<bool>) {
    loop {
        let (own_app, own_shutdown) = (app.clone(), shutdown.clone());
        let ended = match part {
            Part::Sequencer => {
                tokio::spawn(async move { sequencer::run(&own_app, own_shutdown).await }).await
            }
            Part::Deliveries => {
                tokio::spawn(async move { carry_out(&own_app, own_shutdown).await }).await
            }
            Part::Jobs | Part::Sender | Part::AccountMail => {
                tokio::spawn(async move { rounds(part, &own_app, own_shutdown).await }).await
            }
        };
        let Err(error) = ended else { return };
        tracing::error!(%error, ?part, "background work broke off and begins again");
        if waited(&mut shutdown, LONGEST_RETRY).await.is_break() {
            return;
        }
    }
}

async fn rounds(part: Part, app: &App, mut shutdown: watch::Receiver<bool>) {
    let mut retry = FIRST_RETRY;
    let mut last_beat = None;
    loop {
        let wait = match round(part, app, &mut last_beat).await {
            Ok(0) => {
                retry = FIRST_RETRY;
                IDLE_INTERVAL
            }
            Ok(_) => {
                retry = FIRST_RETRY;
                Duration::ZERO
            }
            Err(error) => {
                tracing::error!(%error, ?part, "background work failed and is tried again");
                // While the database is away this fails as well, and the silence tells the same.
                let told = health::beat(&app.db, part.name(), Round::Failed).await;
                tracing::debug!(told = told.is_ok(), "the failure of a round is noted");
                let longest = if error.is_passing() {
                    LONGEST_OUTAGE_RETRY
                } else {
                    LONGEST_RETRY
                };
                let wait = retry.min(longest);
                retry = (retry * 2).min(longest);
                wait
            }
        };
        if waited(&mut shutdown, wait).await.is_break() {
            return;
        }
    }
}

async fn round(part: Part, app: &App, last_beat: &mut Option<DateTime<Utc>>) -> Result<usize> {
    let done = match part {
        Part::Sender => sender::send_due(app).await?,
        Part::AccountMail => account_mail::sender::send_due(app).await?,
        Part::Jobs | Part::Sequencer | Part::Deliveries => {
            if last_beat.is_none() {
                jobs::ensure_platform_jobs(app).await?;
            }
            jobs::run_due(app).await?
        }
    };
    let now = app.now();
    if last_beat.is_none_or(|last| a_beat_is_due(last, now)) {
        health::beat(&app.db, part.name(), Round::Well).await?;
        *last_beat = Some(now);
    }
    Ok(done)
}

/// A clock that is set back must not silence whoever goes by it.
pub(crate) fn a_beat_is_due(last: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    (now - last).abs() >= HEARTBEAT_INTERVAL
}

/// Deliveries are no rounds: their pool is filled as it empties, and says now and then that it is alive.
async fn carry_out(app: &App, shutdown: watch::Receiver<bool>) {
    let last_beat = Mutex::new(None);
    let told = |round: Result<()>| {
        let now = app.now();
        let how = match round {
            Ok(()) => Round::Well,
            Err(error) => {
                tracing::error!(%error, "deliveries could not be claimed and are tried again");
                Round::Failed
            }
        };
        let due = {
            let mut last = last_beat.lock().unwrap_or_else(PoisonError::into_inner);
            let due = last.is_none_or(|last| a_beat_is_due(last, now));
            if due || how == Round::Failed {
                *last = Some(now).filter(|_| how == Round::Well);
            }
            due || how == Round::Failed
        };
        async move {
            if due && let Err(error) = health::beat(&app.db, DELIVERIES, how).await {
                tracing::debug!(%error, "a sign of life could not be left");
            }
        }
    };
    deliveries::sender::run(app, shutdown, told).await;
}

async fn waited(shutdown: &mut watch::Receiver<bool>, wait: Duration) -> std::ops::ControlFlow<()> {
    tokio::select! {
        biased;
        _ = shutdown.wait_for(|stop| *stop) => std::ops::ControlFlow::Break(()),
        () = tokio::time::sleep(wait) => std::ops::ControlFlow::Continue(()),
    }
}
