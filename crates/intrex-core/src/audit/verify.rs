//! Checks a tenant's chain as the database holds it: every hash, every column beside the hashed bytes, the order in which
//! events were placed, the personal values that can still be opened, the head, and that nothing was slipped in behind the
//! sequencer. It names the first fault and repairs nothing.
//!
//! What it cannot see: tail and head cut off together, and a chain rewritten from some event to its end. Checkpoints kept
//! outside the database are for that.

mod chain;

use std::fmt;

use intrex_audit::Head;
use sqlx::PgConnection;
use uuid::Uuid;

use chain::{Chain, Row, batch, head, never_placed};

use super::disclosures::Keys;
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
    /// What is sealed beside it is not what it committed to, or a key to it is not what was wrapped. Values whose key was
    /// erased are not looked into.
    #[error(
        "the personal values kept with it, or a key to them, were changed; if nothing was, CONNECTOR_ENC_KEY is not the key that wrapped theirs"
    )]
    ValuesDiffer,
    /// It has committed to values that are not beside it, and it names no key that was erased.
    #[error("personal values kept with it were removed")]
    ValuesRemoved,
    /// A key to values kept with it was erased, and whom the key belongs to is still there.
    #[error(
        "a key to the personal values kept with it was erased although its person or organisation was not deleted"
    )]
    KeyTaken,
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
