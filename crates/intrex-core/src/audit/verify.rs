//! Checks a tenant's chain as the database holds it: every hash, every column beside the hashed bytes, the order in which
//! events were placed, the personal values that can still be opened, the head, and that nothing was slipped in behind the
//! sequencer. It names the first fault and repairs nothing.
//!
//! What it cannot see: tail and head cut off together, and a chain rewritten from some event to its end. Checkpoints kept
//! outside the database are for that.

use std::fmt;

use intrex_audit::{ChainVerifier, Entry, Head, Record, StoredColumns};
use sqlx::PgConnection;
use uuid::Uuid;

use super::disclosures::{Keys, Opened, Sealed};
use crate::{
    actor::Actor,
    app::App,
    error::{Error, Result},
    ids::TenantId,
    permission::{Permission, Reach},
};

/// How many events one statement reads.
const EVENTS_A_BATCH: i64 = 2_000;
/// How many tenants are listed by one statement.
const CHAINS_A_BATCH: i64 = 1_000;

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing wrong.
    Intact(Verified),
    /// The first fault.
    Broken(Broken),
}

/// A chain without a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// The chain: its tenant's id, nil for the platform's.
    pub chain_key: Uuid,
    /// How many events were checked.
    pub events: u64,
    /// Where the chain ends. Kept elsewhere, it is what a later verification can be compared with.
    pub head: Head,
}

/// The first fault of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The chain.
    pub chain_key: Uuid,
    /// The number of the first event that is not as it should be, if it has one.
    pub seq: Option<u64>,
    /// That event's id as far as the database still tells it.
    pub event_id: Option<Uuid>,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The chain itself is broken.
    #[error(transparent)]
    Chain(#[from] intrex_audit::Fault),
    /// A number that is no number of a chain.
    #[error("its number {0} is none that a chain can have")]
    Number(i64),
    /// It was placed after an event that was committed later.
    #[error("it stands behind an event that has a later position: the order was changed")]
    OrderDiffers,
    /// An event without a place, where the sequencer has passed or never comes.
    #[error(
        "it has no place in the chain: it was inserted behind the sequencer, or its place was removed"
    )]
    NeverPlaced,
    /// What is sealed beside it is not what it committed to. Values whose key was erased are not looked into.
    #[error("the personal values kept with it were changed")]
    ValuesDiffer,
    /// The head row is gone.
    #[error("the row of the chain's head was removed")]
    HeadRemoved,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "chain {}", self.chain_key)?;
        if let Some(seq) = self.seq {
            write!(f, ", event {seq}")?;
        }
        if let Some(id) = self.event_id {
            write!(f, " ({id})")?;
        }
        write!(f, ": {}", self.fault)
    }
}

impl std::error::Error for Broken {}

impl From<intrex_audit::Broken> for Broken {
    fn from(broken: intrex_audit::Broken) -> Self {
        Broken {
            chain_key: broken.chain_key,
            seq: Some(broken.seq),
            event_id: broken.event_id,
            fault: broken.fault.into(),
        }
    }
}

/// Verifies the chain of the actor's tenant, in one snapshot of the database.
pub async fn verify(app: &App, actor: &Actor) -> Result<Verdict> {
    if actor.may(Permission::AuditVerify)? != Reach::Tenant {
        return Err(Error::Forbidden);
    }
    let mut tx = app.db.read_snapshot(actor).await?;
    // A statement's limit is made for pages; this reads a whole log.
    sqlx::query!("set local statement_timeout = '10min'")
        .execute(tx.conn())
        .await?;
    let vault = tx.inner().vault.clone();
    let mut keys = Keys::new(&vault.keys.connector, actor.tenant());
    let verdict = check(tx.conn(), actor.tenant().uuid(), &mut keys).await?;
    tx.finish().await?;
    Ok(match verdict {
        Ok(verified) => Verdict::Intact(verified),
        Err(broken) => {
            tracing::error!(%broken, "the audit log is broken");
            Verdict::Broken(broken)
        }
    })
}

/// Verifies the chain of every tenant and the platform's.
pub async fn verify_all(app: &App) -> Result<Vec<Verdict>> {
    let mut verdicts = vec![verify_as_worker(app, TenantId::PLATFORM).await?];
    let mut after = Uuid::nil();
    loop {
        let chains = chains_after(app, after).await?;
        let Some(last) = chains.last() else {
            return Ok(verdicts);
        };
        after = *last;
        for chain in chains {
            verdicts.push(verify_as_worker(app, chain.into()).await?);
        }
    }
}

async fn verify_as_worker(app: &App, tenant: TenantId) -> Result<Verdict> {
    verify(app, &Actor::worker(tenant, "audit.verify")).await
}

/// Tenants, and those of whom only the log is left.
async fn chains_after(app: &App, after: Uuid) -> Result<Vec<Uuid>> {
    let mut tx = app.db.system().await?;
    let chains = sqlx::query_scalar!(
        r#"select id as "id!" from (select id from app.tenants union select chain_key from app.audit_heads) chains
           where id > $1 order by id limit $2"#,
        after,
        CHAINS_A_BATCH,
    )
    .fetch_all(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(chains)
}

type Checked<T> = Result<std::result::Result<T, Broken>>;

async fn check(conn: &mut PgConnection, chain_key: Uuid, keys: &mut Keys<'_>) -> Checked<Verified> {
    let mut chain = Chain::new(chain_key);
    loop {
        let rows = batch(conn, chain_key, chain.read_to).await?;
        let last = rows.len() < usize::try_from(EVENTS_A_BATCH).map_err(Error::internal)?;
        keys.load(conn, rows.iter().filter_map(Row::sealed)).await?;
        for row in rows {
            if let Err(broken) = chain.push(row, keys) {
                return Ok(Err(broken));
            }
        }
        if last {
            break;
        }
    }
    let head = match head(conn, chain_key).await? {
        Err(broken) => return Ok(Err(broken)),
        Ok(head) => head,
    };
    let verified = match chain.finish(head) {
        Err(broken) => return Ok(Err(broken)),
        Ok(verified) => verified,
    };
    Ok(match never_placed(conn).await? {
        Some(event_id) => Err(Broken {
            chain_key,
            seq: None,
            event_id: Some(event_id),
            fault: Fault::NeverPlaced,
        }),
        None => Ok(verified),
    })
}

/// A chain as far as it has been read.
struct Chain {
    verifier: ChainVerifier,
    chain_key: Uuid,
    read_to: i64,
    position: (i32, i64, i64),
}

/// One leaf, and the event at its position, if it is there.
struct Row {
    seq: i64,
    prev_hash: Vec<u8>,
    hash: Vec<u8>,
    event_id: Uuid,
    epoch: i32,
    xid: i64,
    pos: i64,
    id: Option<Uuid>,
    tenant_id: Option<Uuid>,
    partition_key: Option<i32>,
    recorded_at: Option<chrono::DateTime<chrono::Utc>>,
    branch_id: Option<Uuid>,
    actor_id: Option<Uuid>,
    category: Option<String>,
    action: Option<String>,
    outcome: Option<String>,
    entity_type: Option<String>,
    entity_id: Option<String>,
    entry: Option<Vec<u8>>,
    data_key_ids: Option<Vec<Uuid>>,
    sealed: Option<Vec<String>>,
}

impl Chain {
    fn new(chain_key: Uuid) -> Self {
        Chain {
            verifier: ChainVerifier::new(chain_key),
            chain_key,
            read_to: i64::MIN,
            position: (0, 0, 0),
        }
    }

    fn push(&mut self, row: Row, keys: &Keys) -> std::result::Result<(), Broken> {
        self.read_to = row.seq;
        let broken = |seq, fault| Broken {
            chain_key: self.chain_key,
            seq,
            event_id: Some(row.event_id),
            fault,
        };
        let Ok(seq) = u64::try_from(row.seq) else {
            return Err(broken(None, Fault::Number(row.seq)));
        };
        let position = (row.epoch, row.xid, row.pos);
        let in_order = position > self.position;
        let columns = row.columns();
        self.verifier.push(Record {
            seq,
            prev_hash: &row.prev_hash,
            hash: &row.hash,
            event_id: Some(row.event_id),
            entry: row.entry.as_deref(),
            columns: columns.as_ref(),
        })?;
        if !in_order {
            return Err(broken(Some(seq), Fault::OrderDiffers));
        }
        if !row.values_are_genuine(keys) {
            return Err(broken(Some(seq), Fault::ValuesDiffer));
        }
        self.position = position;
        Ok(())
    }

    fn finish(self, head: Option<Head>) -> std::result::Result<Verified, Broken> {
        let chain_key = self.chain_key;
        let intact = self.verifier.finish(head)?;
        if head.is_none() && intact.count > 0 {
            return Err(Broken {
                chain_key,
                seq: Some(intact.head.seq),
                event_id: None,
                fault: Fault::HeadRemoved,
            });
        }
        Ok(Verified {
            chain_key,
            events: intact.count,
            head: intact.head,
        })
    }
}

impl Row {
    fn sealed(&self) -> Option<Sealed<'_>> {
        Some(Sealed {
            event: self.id?,
            keys: self.data_key_ids.as_deref()?,
            values: self.sealed.as_deref()?,
        })
    }

    fn values_are_genuine(&self, keys: &Keys) -> bool {
        let Some(sealed) = self.sealed().filter(|sealed| !sealed.is_empty()) else {
            return true;
        };
        let Some(entry) = self
            .entry
            .as_deref()
            .and_then(|entry| Entry::parse(entry).ok())
        else {
            return false;
        };
        keys.open(sealed).iter().all(|opened| match opened {
            Opened::Values(values) => values.iter().all(|value| value.is_genuine(&entry)),
            Opened::Closed => true,
            Opened::Altered => false,
        })
    }

    /// What stands beside the entry. A number that a column cannot have becomes one that no entry has.
    fn columns(&self) -> Option<StoredColumns> {
        Some(StoredColumns {
            event_id: self.id?,
            tenant_id: self.tenant_id?,
            epoch: u32::try_from(self.epoch).unwrap_or(u32::MAX),
            partition_key: u32::try_from(self.partition_key?).unwrap_or(u32::MAX),
            recorded_at: self.recorded_at?.timestamp_micros(),
            branch_id: self.branch_id,
            actor_id: self.actor_id,
            category: self.category.clone()?,
            action: self.action.clone()?,
            outcome: self.outcome.clone()?,
            entity_type: self.entity_type.clone(),
            entity_id: self.entity_id.clone(),
        })
    }
}

/// The next leaves with their events. An event is found at the position that its leaf names, so that one whose position
/// was changed counts as removed.
async fn batch(conn: &mut PgConnection, chain_key: Uuid, after: i64) -> Result<Vec<Row>> {
    let rows = sqlx::query_as!(
        Row,
        r#"with leaves as materialized (
             select seq, prev_hash, hash, event_id, epoch, xid, pos from app.audit_leaves
             where chain_key = $1 and seq > $2 order by seq limit $3)
           select l.seq, l.prev_hash, l.hash, l.event_id, l.epoch, l.xid, l.pos,
                  e.id as "id?", e.tenant_id as "tenant_id?", e.partition_key as "partition_key?",
                  e.recorded_at as "recorded_at?", e.branch_id as "branch_id?", e.actor_id as "actor_id?",
                  e.category as "category?", e.action as "action?", e.outcome as "outcome?",
                  e.entity_type as "entity_type?", e.entity_id as "entity_id?", e.entry as "entry?",
                  e.data_key_ids as "data_key_ids?", e.sealed as "sealed?"
           from leaves l left join app.audit_events e on e.epoch = l.epoch and e.xid = l.xid and e.pos = l.pos
           order by l.seq"#,
        chain_key,
        after,
        EVENTS_A_BATCH,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

async fn head(conn: &mut PgConnection, chain_key: Uuid) -> Checked<Option<Head>> {
    let row = sqlx::query!(
        "select seq, hash from app.audit_heads where chain_key = $1",
        chain_key
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(Ok(None)) };
    Ok(match (u64::try_from(row.seq), row.hash.try_into()) {
        (Ok(seq), Ok(hash)) => Ok(Some(Head { seq, hash })),
        _ => Err(Broken {
            chain_key,
            seq: None,
            event_id: None,
            fault: Fault::Number(row.seq),
        }),
    })
}

/// An event of the tenant that no leaf names, although the sequencer has passed its position or can never come there.
/// Events that only wait for the sequencer are not meant.
///
/// The leaf is asked for by a scalar sub-query, which stays an index look-up an event. The planner makes a join of `not
/// exists`, and a connection keeps the join that it chose for the first chain: the one for a chain of no events took
/// minutes for a chain of fifty thousand.
async fn never_placed(conn: &mut PgConnection) -> Result<Option<Uuid>> {
    let event = sqlx::query_scalar!(
        "select e.id from app.audit_events e cross join app.audit_cursor c
         where (e.epoch <> c.epoch or (e.xid, e.pos) <= (c.xid, c.pos)
                or e.xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint)
           and (select l.seq from app.audit_leaves l where l.tenant_id = e.tenant_id and l.event_id = e.id) is null
         order by e.epoch, e.xid, e.pos limit 1"
    )
    .fetch_optional(conn)
    .await?;
    Ok(event)
}
