//! What the tests tell their stories with: a draft that is valid, and a chain as a database would store it.

use intrex_audit::{
    Actor, Broken, ChainVerifier, Entity, EntryDraft, Head, Header, Intact, Outcome, Record,
    StoredColumns, Timestamp,
};
use uuid::Uuid;

pub(crate) const ACME: Uuid = Uuid::from_u128(0x0198_a0c0_0000_7000_8000_0000_0000_ac3e);
pub(crate) const ALICE: Uuid = Uuid::from_u128(0x0198_a0c0_0000_7000_8000_0000_000a_11ce);
pub(crate) const DHAKA: Uuid = Uuid::from_u128(0x0198_a0c0_0000_7000_8000_0000_0000_b001);

/// Alice completes the `n`th obligation at Acme, `n` minutes after noon.
pub(crate) fn header(n: u16) -> Header {
    let noon = 1_773_057_600_000_000;
    Header {
        epoch: 1,
        tenant: ACME,
        id: event_id(n),
        recorded_at: Timestamp::from_unix_micros(noon + i64::from(n) * 60_000_000)
            .expect("in range"),
        actor: Actor::person(ALICE),
        category: "obligation".to_owned(),
        action: "obligation.completed".to_owned(),
        outcome: Outcome::Success,
        entity: Some(Entity::new("obligation", event_id(n + 1_000))),
        branch: Some(DHAKA),
        request_id: Some(format!("req-{n}")),
    }
}

pub(crate) fn event_id(n: u16) -> Uuid {
    Uuid::from_u128(0x0198_a0c1_0000_7abc_9def_0123_4567_0000 | u128::from(n))
}

pub(crate) fn draft(n: u16) -> EntryDraft {
    EntryDraft::new(header(n))
        .with_metadata("due_on", "2026-03-15")
        .with_metadata("days_early", n)
        .with_personal("note", "রসিদ জমা দেওয়া হয়েছে", salt(n))
}

/// Not random, but different for each `n`.
pub(crate) fn salt(n: u16) -> [u8; 32] {
    let mut salt = [0xa5; 32];
    salt[..2].copy_from_slice(&n.to_be_bytes());
    salt
}

/// One stored row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) seq: u64,
    pub(crate) prev_hash: Vec<u8>,
    pub(crate) hash: Vec<u8>,
    pub(crate) entry: Vec<u8>,
    pub(crate) columns: Option<StoredColumns>,
}

/// A chain as stored: its rows and its head row.
#[derive(Debug, Clone)]
pub(crate) struct StoredChain {
    pub(crate) key: Uuid,
    pub(crate) rows: Vec<Row>,
    pub(crate) head: Head,
}

impl StoredChain {
    pub(crate) fn empty(key: Uuid) -> Self {
        Self {
            key,
            rows: Vec::new(),
            head: Head::GENESIS,
        }
    }

    /// `count` events at Acme.
    pub(crate) fn of(count: u16) -> Self {
        let mut chain = Self::empty(ACME);
        (1..=count).for_each(|n| chain.append(draft(n)));
        chain
    }

    pub(crate) fn append(&mut self, draft: EntryDraft) {
        let sealed = draft.seal().expect("a valid draft");
        self.append_bytes(sealed.bytes, Some(sealed.columns));
    }

    pub(crate) fn append_bytes(&mut self, entry: Vec<u8>, columns: Option<StoredColumns>) {
        let link = self.head.next(self.key, &entry);
        self.head = link.head();
        let (prev_hash, hash) = (link.prev_hash.to_vec(), link.hash.to_vec());
        self.rows.push(Row {
            seq: link.seq,
            prev_hash,
            hash,
            entry,
            columns,
        });
    }

    /// What somebody does who can run the sequencer's code: all hashes computed anew from these rows.
    pub(crate) fn rechained(&self) -> Self {
        let mut chain = Self::empty(self.key);
        for row in &self.rows {
            chain.append_bytes(row.entry.clone(), row.columns.clone());
        }
        chain
    }

    pub(crate) fn verify(&self) -> Result<Intact, Broken> {
        self.verify_against(Some(self.head))
    }

    pub(crate) fn verify_against(&self, head: Option<Head>) -> Result<Intact, Broken> {
        let mut verifier = ChainVerifier::new(self.key);
        for row in &self.rows {
            verifier.push(row.record())?;
        }
        verifier.finish(head)
    }
}

impl Row {
    pub(crate) fn record(&self) -> Record<'_> {
        Record {
            seq: self.seq,
            prev_hash: &self.prev_hash,
            hash: &self.hash,
            event_id: None,
            entry: Some(&self.entry),
            columns: self.columns.as_ref(),
        }
    }
}
