//! One chain as its rows are read: leaves with their events, each compared with what the one before says.

use intrex_audit::{ChainVerifier, Entry, Head, Record, StoredColumns};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Broken, Checked, EVENTS_A_BATCH, Fault, Verified};
use crate::{
    audit::disclosures::{Gone, Keys, Sealed},
    error::Result,
};

/// A chain as far as it has been read.
pub(super) struct Chain {
    verifier: ChainVerifier,
    chain_key: Uuid,
    pub(super) read_to: i64,
    position: (i32, i64, i64),
}

/// One leaf, and the event at its position, if it is there.
pub(super) struct Row {
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
    pub(super) fn new(chain_key: Uuid) -> Self {
        Chain {
            verifier: ChainVerifier::new(chain_key),
            chain_key,
            read_to: i64::MIN,
            position: (0, 0, 0),
        }
    }

    pub(super) fn push(&mut self, row: Row, keys: &Keys) -> std::result::Result<(), Broken> {
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
        if let Some(fault) = row.fault_of_values(keys) {
            return Err(broken(Some(seq), fault));
        }
        self.position = position;
        Ok(())
    }

    pub(super) fn finish(self, head: Option<Head>) -> std::result::Result<Verified, Broken> {
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
    pub(super) fn sealed(&self) -> Option<Sealed<'_>> {
        Some(Sealed {
            event: self.id?,
            keys: self.data_key_ids.as_deref()?,
            values: self.sealed.as_deref()?,
        })
    }

    /// What is wrong with the personal values of an entry that is as it was.
    fn fault_of_values(&self, keys: &Keys) -> Option<Fault> {
        let sealed = self.sealed()?;
        let Ok(entry) = Entry::parse(self.entry.as_deref()?) else {
            return Some(Fault::ValuesDiffer);
        };
        match keys.disclose(&entry, sealed).gone? {
            Gone::Erased => None,
            Gone::Taken => Some(Fault::KeyTaken),
            Gone::Altered => Some(Fault::ValuesDiffer),
            Gone::Removed => Some(Fault::ValuesRemoved),
        }
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
pub(super) async fn batch(
    conn: &mut PgConnection,
    chain_key: Uuid,
    after: i64,
) -> Result<Vec<Row>> {
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

pub(super) async fn head(conn: &mut PgConnection, chain_key: Uuid) -> Checked<Option<Head>> {
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
pub(super) async fn never_placed(conn: &mut PgConnection) -> Result<Option<Uuid>> {
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
