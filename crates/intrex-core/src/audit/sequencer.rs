//! Gives every committed event its place in its chain: dense number, previous hash, hash. One sequencer works at a time,
//! as `intrex_system`; whoever commits an event never waits for it.
//!
//! Events are taken in the order of (epoch, transaction, position), and only those of transactions below the snapshot's
//! oldest running one: a transaction that commits late cannot have been passed by then, as it would be by a cursor on the
//! position alone. Events, leaves, heads and the cursor move in one transaction, so that a killed sequencer leaves nothing
//! half done. The lease keeps a second one waiting; its fence refuses the first one's work after it was taken over.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use intrex_audit::Head;
use sqlx::PgConnection;
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    app::App,
    error::{Error, Result},
    health::{self, Round},
    worker::{self, LONGEST_OUTAGE_RETRY},
};

/// How many events one transaction places.
pub const EVENTS_A_BATCH: i64 = 2_000;
/// How long an idle sequencer waits before it looks again.
const IDLE_INTERVAL: Duration = Duration::from_millis(50);
/// How long one waits that has just placed fewer than a batch: where events come all the time, a batch costs the same for
/// a few of them as for many, and whoever commits them pays for it. The first one after a pause has not waited for it.
const BUSY_INTERVAL: Duration = Duration::from_millis(200);
/// How long a sequencer that works may be silent before another one takes over.
const LEASE: TimeDelta = TimeDelta::seconds(30);
/// The wait after the first failure; doubled each time.
const FIRST_RETRY: Duration = Duration::from_millis(200);
/// The longest wait after a failure.
const LONGEST_RETRY: Duration = Duration::from_secs(10);
/// Its name among the heartbeats.
pub(crate) const WORKER: &str = "audit.sequencer";

/// Places one batch of events and gives the lease back. Answers how many were placed: 0 also while another one works.
pub async fn sequence_once(app: &App) -> Result<usize> {
    let mut sequencer = Sequencer::new(app);
    let placed = sequencer.batch().await?;
    sequencer.resign().await?;
    Ok(placed)
}

/// Sequences until `shutdown` turns true or its sender is gone. Failures are logged and tried again.
pub async fn run(app: &App, mut shutdown: watch::Receiver<bool>) {
    let mut sequencer = Sequencer::new(app);
    let mut retry = FIRST_RETRY;
    loop {
        let wait = match sequencer.round().await {
            Ok(placed) => {
                retry = FIRST_RETRY;
                match i64::try_from(placed) {
                    Ok(0) => IDLE_INTERVAL,
                    Ok(placed) if placed < EVENTS_A_BATCH => BUSY_INTERVAL,
                    _ => Duration::ZERO,
                }
            }
            Err(error) => {
                tracing::error!(%error, "the audit log's sequencer failed and tries again");
                let told = health::beat(&app.db, WORKER, Round::Failed).await;
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
        tokio::select! {
            biased;
            _ = shutdown.wait_for(|stop| *stop) => break,
            () = tokio::time::sleep(wait) => {}
        }
    }
    if let Err(error) = sequencer.resign().await {
        tracing::warn!(%error, "the audit log's sequencer could not give its lease back");
    }
}

/// One candidate for the lease.
#[derive(Debug)]
pub struct Sequencer {
    app: App,
    id: Uuid,
    leads: bool,
    last_beat: Option<DateTime<Utc>>,
}

impl Sequencer {
    /// A sequencer that holds no lease yet.
    pub fn new(app: &App) -> Self {
        Sequencer {
            app: app.clone(),
            id: app.chance.uuid(app.now()),
            leads: false,
            last_beat: None,
        }
    }

    /// Places one batch. Answers how many events were placed: 0 also while another one has the lease.
    pub async fn batch(&mut self) -> Result<usize> {
        let mut tx = self.app.db.system().await?;
        // Looking before claiming, so that an idle log is not written twenty times a second.
        if !anything_to_place(tx.conn()).await? {
            return Ok(0);
        }
        let now = tx.now().await?;
        let Some(claim) = claim(tx.conn(), self.id, now).await? else {
            self.leads = false;
            return Ok(0);
        };
        let staged = take(tx.conn(), &claim).await?;
        let Some(last) = staged.last() else {
            return Ok(0);
        };
        place(tx.conn(), &staged).await?;
        move_cursor(tx.conn(), self.id, &claim, last).await?;
        tx.commit().await?;
        self.leads = true;
        Ok(staged.len())
    }

    /// Gives the lease back, so that nobody has to wait for its end.
    pub async fn resign(&mut self) -> Result<()> {
        if std::mem::take(&mut self.leads) {
            let mut tx = self.app.db.system().await?;
            sqlx::query!(
                "update app.audit_cursor set holder = null, lease_until = null where holder = $1",
                self.id
            )
            .execute(tx.conn())
            .await?;
            tx.commit().await?;
        }
        Ok(())
    }

    async fn round(&mut self) -> Result<usize> {
        let placed = self.batch().await?;
        let now = self.app.now();
        if self
            .last_beat
            .is_none_or(|last| worker::a_beat_is_due(last, now))
        {
            health::beat(&self.app.db, WORKER, Round::Well).await?;
            self.last_beat = Some(now);
        }
        Ok(placed)
    }
}

/// Up to where the log is sequenced, and the lease under which this transaction goes on from there.
struct Claim {
    epoch: i32,
    xid: i64,
    pos: i64,
    fence: i64,
}

/// An event that has no place yet.
struct Staged {
    tenant_id: Uuid,
    id: Uuid,
    epoch: i32,
    xid: i64,
    pos: i64,
    entry: Vec<u8>,
}

async fn anything_to_place(conn: &mut PgConnection) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"select exists (
             select from app.audit_cursor c join app.audit_events e on e.epoch = c.epoch and (e.xid, e.pos) > (c.xid, c.pos)
             where e.xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint) as "found!""#
    )
    .fetch_one(conn)
    .await?;
    Ok(found)
}

/// Takes the lease or prolongs it, and locks the cursor until the end of the transaction. `None` while another one has it.
async fn claim(conn: &mut PgConnection, id: Uuid, now: DateTime<Utc>) -> Result<Option<Claim>> {
    let claim = sqlx::query_as!(
        Claim,
        "update app.audit_cursor
         set holder = $1, lease_until = $2, fence = fence + case when holder is not distinct from $1 then 0 else 1 end
         where holder is null or holder = $1 or lease_until is null or lease_until <= $3
         returning epoch, xid, pos, fence",
        id,
        now + LEASE,
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(claim)
}

async fn take(conn: &mut PgConnection, claim: &Claim) -> Result<Vec<Staged>> {
    let staged = sqlx::query_as!(
        Staged,
        "select tenant_id, id, epoch, xid, pos, entry from app.audit_events
         where epoch = $1 and (xid, pos) > ($2, $3) and xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
         order by xid, pos limit $4",
        claim.epoch,
        claim.xid,
        claim.pos,
        EVENTS_A_BATCH,
    )
    .fetch_all(conn)
    .await?;
    Ok(staged)
}

/// Writes the leaves of these events and the heads of their chains.
async fn place(conn: &mut PgConnection, staged: &[Staged]) -> Result<()> {
    let mut heads = heads_of(conn, staged).await?;
    let mut seq = Vec::with_capacity(staged.len());
    let mut prev_hash = Vec::with_capacity(staged.len());
    let mut hash = Vec::with_capacity(staged.len());
    for event in staged {
        let head = heads.entry(event.tenant_id).or_insert(Head::GENESIS);
        let link = head.next(event.tenant_id, &event.entry);
        *head = link.head();
        seq.push(i64::try_from(link.seq).map_err(Error::internal)?);
        prev_hash.push(link.prev_hash.to_vec());
        hash.push(link.hash.to_vec());
    }
    // A head that was set back by hand makes the number a second one: the key refuses it, and the log stands still until
    // somebody has looked. Nothing here goes on from what does not fit.
    sqlx::query!(
        "insert into app.audit_leaves (chain_key, tenant_id, seq, event_id, epoch, xid, pos, prev_hash, hash)
         select u.tenant_id, u.* from unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::integer[], $5::bigint[], $6::bigint[],
                                             $7::bytea[], $8::bytea[])
           as u (tenant_id, seq, event_id, epoch, xid, pos, prev_hash, hash)",
        &column(staged, |event| event.tenant_id),
        &seq,
        &column(staged, |event| event.id),
        &column(staged, |event| event.epoch),
        &column(staged, |event| event.xid),
        &column(staged, |event| event.pos),
        &prev_hash,
        &hash,
    )
    .execute(&mut *conn)
    .await?;
    save_heads(conn, &heads).await
}

fn column<T>(staged: &[Staged], value: impl Fn(&Staged) -> T) -> Vec<T> {
    staged.iter().map(value).collect()
}

async fn heads_of(conn: &mut PgConnection, staged: &[Staged]) -> Result<HashMap<Uuid, Head>> {
    let mut chains = column(staged, |event| event.tenant_id);
    chains.sort_unstable();
    chains.dedup();
    let rows = sqlx::query!(
        "select chain_key, seq, hash from app.audit_heads where chain_key = any($1)",
        &chains
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let head = Head {
                seq: u64::try_from(row.seq).map_err(Error::internal)?,
                hash: row
                    .hash
                    .try_into()
                    .map_err(|_| Error::internal("the head of a chain has no hash of 32 bytes"))?,
            };
            Ok((row.chain_key, head))
        })
        .collect()
}

async fn save_heads(conn: &mut PgConnection, heads: &HashMap<Uuid, Head>) -> Result<()> {
    let mut chains = Vec::with_capacity(heads.len());
    let mut seqs = Vec::with_capacity(heads.len());
    let mut hashes = Vec::with_capacity(heads.len());
    for (chain, head) in heads {
        chains.push(*chain);
        seqs.push(i64::try_from(head.seq).map_err(Error::internal)?);
        hashes.push(head.hash.to_vec());
    }
    sqlx::query!(
        "insert into app.audit_heads (tenant_id, chain_key, seq, hash)
         select u.chain_key, u.* from unnest($1::uuid[], $2::bigint[], $3::bytea[]) as u (chain_key, seq, hash)
         on conflict (chain_key) do update set seq = excluded.seq, hash = excluded.hash",
        &chains,
        &seqs,
        &hashes,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn move_cursor(
    conn: &mut PgConnection,
    id: Uuid,
    claim: &Claim,
    last: &Staged,
) -> Result<()> {
    let moved = sqlx::query!(
        "update app.audit_cursor set xid = $1, pos = $2 where holder = $3 and fence = $4",
        last.xid,
        last.pos,
        id,
        claim.fence,
    )
    .execute(conn)
    .await?
    .rows_affected();
    match moved {
        1 => Ok(()),
        _ => Err(Error::internal("the sequencer's lease was taken over")),
    }
}
