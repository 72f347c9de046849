//! Carries deliveries out. It is a pool and not a round: whatever ends makes room for the next, so that one that hangs holds up
//! nobody but itself. A claim is a short transaction across tenants; what an attempt needs is read in one of its tenant; then it
//! is sent with no transaction and no connection held; then it is told how it ended, in batches, as far as the claims still
//! hold. A worker that is killed anywhere loses nothing: its claims end with their lease, and only what was in flight goes out
//! again, under the same id.
//!
//! `preparation` from a claim to a letter · `attempt` one attempt · `recording` how attempts ended

mod attempt;
mod preparation;
mod recording;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use chrono::TimeDelta;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::{self, JoinSet},
    time::Instant,
};

use self::{
    attempt::{Ended, attempt},
    preparation::{Parcel, prepare},
    recording::record,
};
use super::queries::{self, Room};
use crate::{
    App,
    error::{Error, Result},
    ids::TenantId,
    outbox::{self, Claim},
    outside::{http, mail, smtp},
    reminders::Channel,
};

/// The name of this work in the audit log.
const JOB: &str = "deliveries.send";
/// How long a claim holds.
const LEASE: Duration = Duration::from_secs(60);
/// How long after its claim an attempt may be begun. With the time that it may take, its outcome is written before the lease
/// ends.
const BEGIN_WITHIN: Duration = Duration::from_secs(10);
/// How long an outcome may wait to be written.
const WRITE_WITHIN: Duration = Duration::from_secs(10);
const fn fits(attempt: Duration) -> bool {
    BEGIN_WITHIN.as_secs() + attempt.as_secs() + WRITE_WITHIN.as_secs() < LEASE.as_secs()
}
const _: () = assert!(fits(mail::SEND_TIMEOUT) && fits(smtp::TOTAL_TIMEOUT));
// What is followed to another chat is two requests.
const _: () = assert!(
    fits(http::TOTAL_TIMEOUT) && fits(Duration::from_secs(2 * http::TOTAL_TIMEOUT.as_secs()))
);
/// Deliveries that are claimed and whose outcome is not written, in all.
const AT_ONCE: usize = 600;
/// Of one tenant.
const A_TENANT: i64 = 32;
/// Over one connector.
const A_CONNECTOR: i64 = queries::A_WAY;
/// To the installation's own mail server, of all tenants together.
const OWN_MAIL: i64 = 16;
/// That one claim takes.
const A_CLAIM: usize = 256;
/// Connections to the database for preparing and recording; the claim has one more.
const CONNECTIONS: usize = 3;
/// How long what makes room is gathered before the next claim, and outcomes of a tenant before they are written: a statement
/// for many costs hardly more than one for a few.
const GATHER: Duration = Duration::from_millis(10);
/// Outcomes of a tenant that are not gathered any longer.
const ENOUGH: usize = 32;
/// How long after a claim that found nothing the next one is made at the latest.
const IDLE: Duration = Duration::from_millis(100);
/// How often claims whose lease has ended are looked for.
const LAPSED: Duration = Duration::from_secs(1);
/// How long after an outcome could not be written it is tried again.
const RECORD_AGAIN: Duration = Duration::from_millis(500);

/// Something that has happened in the pool.
enum Happened {
    /// Deliveries were claimed at an instant, or not; when the next one falls due if there was none.
    Claimed(Instant, Result<Found>),
    /// A tenant's claims were read.
    Prepared(TenantId, Result<Vec<Parcel>>),
    /// An attempt has ended, or was not begun.
    Ended(Box<Ended>),
    /// A tenant's outcomes have been gathered for long enough.
    Gathered,
    /// A tenant's outcomes were written; which were not, and why.
    Recorded(TenantId, Vec<Ended>, Result<()>),
}

/// What a claim has found.
struct Found {
    claims: Vec<Claim>,
    /// Until when it is not worth looking again, if nothing makes room meanwhile.
    idle_for: Duration,
}

/// A tenant's claims, and when they were made.
struct Claimed {
    tenant: TenantId,
    held: Vec<(Claim, OwnedSemaphorePermit)>,
    at: Instant,
}

/// A tenant's outcomes that are to be written.
struct Outcomes {
    /// Since when the first of them waits.
    since: Instant,
    all: Vec<Ended>,
}

/// What is on its way.
struct Pool {
    app: App,
    tasks: JoinSet<Happened>,
    room: Arc<Semaphore>,
    connections: Arc<Semaphore>,
    /// Waits for a connection.
    claimed: VecDeque<Claimed>,
    /// Waits for more of its tenant, for a connection, and until its tenant's last outcomes are written.
    ended: BTreeMap<TenantId, Outcomes>,
    recording: HashMap<task::Id, TenantId>,
    /// Nothing is written before.
    record_at: Option<Instant>,
    released_at: Option<Instant>,
    claiming: Option<task::Id>,
    next_claim: Instant,
}

/// Sends what is due until nothing is at this instant. Answers how many deliveries were claimed.
pub async fn send_due(app: &App) -> Result<usize> {
    let mut pool = Pool::new(app);
    let mut claimed = 0;
    // What happens while a claim is made may have made room that it did not see.
    let (mut look, mut missed) = (true, false);
    loop {
        if look {
            pool.claim();
        }
        let Some(happened) = pool.tasks.join_next().await else {
            return Ok(claimed);
        };
        if let Ok(Happened::Claimed(_, Ok(found))) = &happened {
            claimed += found.claims.len();
            look = missed || !found.claims.is_empty();
            missed = false;
        } else {
            look = true;
            missed = pool.claiming.is_some();
        }
        pool.handle(happened)?;
    }
}

/// Sends what is due until `shutdown` turns true or its sender is gone; then what is on its way ends. `round` hears of every
/// claim, whether it went well.
pub(crate) async fn run<F: Future<Output = ()>>(
    app: &App,
    mut shutdown: watch::Receiver<bool>,
    round: impl Fn(Result<()>) -> F,
) {
    let mut pool = Pool::new(app);
    loop {
        let wake_at = pool.wake_at();
        tokio::select! {
            biased;
            () = stopped(&mut shutdown) => break,
            Some(happened) = pool.tasks.join_next() => {
                let looked = match &happened {
                    Ok(Happened::Claimed(_, Ok(_))) => Some(true),
                    Ok(Happened::Claimed(_, Err(_))) => Some(false),
                    _ => None,
                };
                let handled = pool.handle(happened);
                if let Err(error) = &handled {
                    tracing::error!(%error, "deliveries could not be claimed, or what became of them not be written yet");
                }
                match looked {
                    Some(true) => round(Ok(())).await,
                    Some(false) => round(handled).await,
                    None => {}
                }
            }
            () = tokio::time::sleep_until(wake_at) => {
                pool.go_on();
                if pool.next_claim <= Instant::now() {
                    pool.claim();
                }
            }
        }
    }
    pool.finish().await;
}

async fn stopped(shutdown: &mut watch::Receiver<bool>) {
    // Whose sender is gone is to stop too.
    let _ = shutdown.wait_for(|stop| *stop).await;
}

impl Pool {
    fn new(app: &App) -> Self {
        Pool {
            app: app.clone(),
            tasks: JoinSet::new(),
            room: Arc::new(Semaphore::new(AT_ONCE)),
            connections: Arc::new(Semaphore::new(CONNECTIONS)),
            claimed: VecDeque::new(),
            ended: BTreeMap::new(),
            recording: HashMap::new(),
            record_at: None,
            released_at: None,
            claiming: None,
            next_claim: Instant::now(),
        }
    }

    /// Begins to claim as much as there is room for, unless that is going on.
    fn claim(&mut self) {
        let at = Instant::now();
        self.next_claim = at + IDLE;
        let limit = self.room.available_permits().min(A_CLAIM);
        if self.claiming.is_some() || limit == 0 {
            return;
        }
        let lapsed = self.released_at.is_none_or(|last| last + LAPSED <= at);
        if lapsed {
            self.released_at = Some(at);
        }
        let app = self.app.clone();
        let claiming = async move { Happened::Claimed(at, claim(&app, limit, lapsed).await) };
        self.claiming = Some(self.tasks.spawn(claiming).id());
    }

    /// Takes what was claimed.
    fn take(&mut self, claims: Vec<Claim>, at: Instant) -> Result<()> {
        for (tenant, claims) in outbox::by_tenant(claims) {
            let mut held = Vec::with_capacity(claims.len());
            for claim in claims {
                let place = self.room.clone().try_acquire_owned();
                held.push((claim, place.map_err(Error::internal)?));
            }
            self.claimed.push_back(Claimed { tenant, held, at });
        }
        Ok(())
    }

    /// Outcomes are written together with those that follow soon: a statement for many costs hardly more than one for a few.
    fn gather(&mut self, tenant: TenantId, ended: impl IntoIterator<Item = Ended>) {
        let tasks = &mut self.tasks;
        let of_tenant = self.ended.entry(tenant).or_insert_with(|| {
            tasks.spawn(async {
                tokio::time::sleep(GATHER).await;
                Happened::Gathered
            });
            Outcomes {
                since: Instant::now(),
                all: Vec::new(),
            }
        });
        of_tenant.all.extend(ended);
    }

    /// Something has made room: it is claimed for soon.
    fn claim_soon(&mut self) {
        self.next_claim = self.next_claim.min(Instant::now() + GATHER);
    }

    /// Goes on with what has happened. An error means that outcomes could not be written; they are kept, and tried again.
    fn handle(
        &mut self,
        happened: std::result::Result<Happened, tokio::task::JoinError>,
    ) -> Result<()> {
        let mut failed = Ok(());
        match happened {
            Ok(Happened::Claimed(at, found)) => {
                self.claiming = None;
                match found {
                    Ok(Found { claims, idle_for }) => {
                        self.next_claim = Instant::now() + idle_for;
                        failed = self.take(claims, at);
                    }
                    Err(error) => failed = Err(error),
                }
            }
            Ok(Happened::Prepared(_, Ok(parcels))) => {
                self.claim_soon();
                for parcel in parcels {
                    let (app, connections) = (self.app.clone(), self.connections.clone());
                    self.tasks.spawn(async move {
                        Happened::Ended(Box::new(attempt(&app, parcel, &connections).await))
                    });
                }
            }
            // The others are not held up: these claims end with their lease.
            Ok(Happened::Prepared(tenant, Err(error))) => {
                tracing::error!(%error, %tenant, "deliveries could not be prepared");
            }
            Ok(Happened::Ended(ended)) => {
                self.gather(ended.claim.tenant, [*ended]);
            }
            Ok(Happened::Gathered) => {}
            Ok(Happened::Recorded(tenant, kept, result)) => {
                self.claim_soon();
                self.recording.retain(|_, recorded| *recorded != tenant);
                if let Err(error) = result {
                    self.record_at = Some(Instant::now() + RECORD_AGAIN);
                    self.gather(tenant, kept);
                    failed = Err(error);
                }
            }
            // Its claims end with their lease.
            Err(error) => {
                tracing::error!(%error, "a delivery's task broke off");
                self.recording.remove(&error.id());
                self.claiming = self.claiming.filter(|id| *id != error.id());
            }
        }
        self.go_on();
        failed
    }

    /// Begins as much writing and preparing as there are connections for. Writing comes first: it makes room.
    fn go_on(&mut self) {
        while let Ok(connection) = self.connections.clone().try_acquire_owned() {
            if let Some((tenant, ended)) = self.next_to_record() {
                let app = self.app.clone();
                let task = self.tasks.spawn(async move {
                    let (kept, result) = record(&app, tenant, ended).await;
                    drop(connection);
                    Happened::Recorded(tenant, kept, result)
                });
                self.recording.insert(task.id(), tenant);
            } else if let Some(Claimed { tenant, held, at }) = self.claimed.pop_front() {
                let app = self.app.clone();
                self.tasks.spawn(async move {
                    let prepared = prepare(&app, tenant, held, at).await;
                    drop(connection);
                    Happened::Prepared(tenant, prepared)
                });
            } else {
                return;
            }
        }
    }

    /// The tenant with the most that has ended, of those who are full or have waited for long enough, and whose last outcomes
    /// are written: all of it together.
    fn next_to_record(&mut self) -> Option<(TenantId, Vec<Ended>)> {
        let now = Instant::now();
        if self.record_at.is_some_and(|at| at > now) {
            return None;
        }
        let ready = |(tenant, outcomes): &(&TenantId, &Outcomes)| {
            let gathered = outcomes.all.len() >= ENOUGH || outcomes.since + GATHER <= now;
            gathered && self.recording.values().all(|one| one != *tenant)
        };
        let ready = self.ended.iter().filter(ready);
        let tenant = *ready.max_by_key(|(_, outcomes)| outcomes.all.len())?.0;
        let outcomes = self.ended.remove(&tenant)?;
        Some((tenant, outcomes.all))
    }

    fn wake_at(&self) -> Instant {
        match self.record_at.filter(|_| !self.ended.is_empty()) {
            Some(at) => self.next_claim.min(at.max(Instant::now())),
            None => self.next_claim,
        }
    }

    /// Lets what is on its way end, and writes it; what cannot be written then is tried once more.
    async fn finish(mut self) {
        // What was not begun is another worker's when its lease ends.
        self.claimed.clear();
        for last in [false, true] {
            while let Some(happened) = self.tasks.join_next().await {
                if let Err(error) = self.handle(happened) {
                    tracing::error!(%error, "what became of deliveries could not be written");
                }
            }
            if last || self.ended.is_empty() {
                return;
            }
            tokio::time::sleep(RECORD_AGAIN).await;
            self.record_at = None;
            self.go_on();
        }
    }
}

/// Claims what is due, up to a limit, across tenants.
async fn claim(app: &App, limit: usize, lapsed: bool) -> Result<Found> {
    let mut tx = app.db.system().await?;
    let now = tx.now().await?;
    let after = |duration| now + TimeDelta::from_std(duration).unwrap_or_default();
    if lapsed {
        queries::release_lapsed(tx.conn(), now).await?;
    }
    let room = Room {
        limit: i64::try_from(limit).unwrap_or(i64::MAX),
        a_tenant: A_TENANT,
        a_connector: A_CONNECTOR,
        own_mail: OWN_MAIL,
    };
    let own_mail = Channel::Email.connector();
    let claims = queries::claim(tx.conn(), now, after(LEASE), own_mail, room).await?;
    let idle_for = match claims.is_empty() {
        true => match queries::next_due(tx.conn(), now, after(IDLE)).await? {
            Some(at) => (at - now).to_std().unwrap_or_default().clamp(GATHER, IDLE),
            None => IDLE,
        },
        false => GATHER,
    };
    tx.commit().await?;
    Ok(Found { claims, idle_for })
}

/// Waits for one of the connections that this work may have at once.
async fn connected(connections: Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    // It is never closed.
    connections.acquire_owned().await.ok()
}
