//! The verifier of one chain. It reads events in order, needs constant memory, trusts nothing that storage says and names
//! the first event that is broken and how, in a sentence that an operator can act on. It repairs nothing.
//!
//! What it cannot see alone: a chain rewritten from some event to its end together with the head that it is compared with.
//! Only a head kept where the writer of the database cannot reach shows that.

use std::collections::{HashSet, VecDeque};
use std::fmt;

use uuid::Uuid;

use crate::chain::{Head, leaf_hash};
use crate::columns::StoredColumns;
use crate::entry::Entry;
use crate::error::EntryError;
use crate::limits::REPEAT_WINDOW_EVENTS;

/// One stored event, as it was read. The hashes are slices because storage may hold anything.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// The stored number.
    pub seq: u64,
    /// The stored hash of the event before.
    pub prev_hash: &'a [u8],
    /// The stored hash of this event.
    pub hash: &'a [u8],
    /// The event's id as stored with its number and hash; `None` where it is not stored there.
    pub event_id: Option<Uuid>,
    /// The stored bytes of the entry; `None` where number and hash are left and the entry is gone.
    pub entry: Option<&'a [u8]>,
    /// The columns beside it; `None` where there are none, as in an exported file.
    pub columns: Option<&'a StoredColumns>,
}

/// A chain without a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intact {
    /// How many events were read.
    pub count: u64,
    /// Where the chain ends. Kept elsewhere, it is what a later verification is compared with.
    pub head: Head,
}

/// The first fault of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The chain.
    pub chain_key: Uuid,
    /// The number of the first event that is not as it should be.
    pub seq: u64,
    /// That event's id as far as storage still tells it.
    pub event_id: Option<Uuid>,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with an event or with the end of a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Numbers are missing.
    #[error("it is missing: the next stored event has number {next}")]
    Missing {
        /// The number found instead.
        next: u64,
    },
    /// A number comes again, or too late.
    #[error("its number comes twice or out of order: number {expected} was expected here")]
    OutOfOrder {
        /// The number that was expected.
        expected: u64,
    },
    /// The stored previous hash is not the hash of the event before.
    #[error(
        "its previous hash is not the hash of the event before it: one of the two was replaced"
    )]
    PreviousHashDiffers,
    /// Number and hashes are there, the entry is not.
    #[error("its entry was removed: only its place in the chain is left")]
    EntryRemoved,
    /// The stored hash is not the hash of what is stored.
    #[error("its hash does not match its content: the entry or its hash was changed")]
    HashDiffers,
    /// The bytes were chained like this, but are no entry.
    #[error("its content was never a valid entry: {0}")]
    Entry(#[from] EntryError),
    /// The entry belongs to another tenant.
    #[error("it belongs to the chain {tenant}, not to this one")]
    OtherChain {
        /// The tenant named in the entry.
        tenant: Uuid,
    },
    /// A restore is followed by an event from before it.
    #[error("its epoch {found} is lower than the epoch {before} of the event before it")]
    EpochBackwards {
        /// The epoch before.
        before: u32,
        /// This event's epoch.
        found: u32,
    },
    /// The same event is chained twice.
    #[error("the same event was chained shortly before already")]
    Repeated,
    /// A column beside the entry was changed.
    #[error("the stored column {column} differs from the entry")]
    ColumnDiffers {
        /// The column.
        column: &'static str,
    },
    /// The head says that there were more events.
    #[error("it is missing at the end: the head says that the chain has {head} events")]
    TailMissing {
        /// The number in the head.
        head: u64,
    },
    /// The head says that there were fewer events.
    #[error(
        "it is not covered by the head, which ends at number {head}: the head was set back or the event added"
    )]
    HeadBehind {
        /// The number in the head.
        head: u64,
    },
    /// The head has the right number and another hash.
    #[error("the head has another hash: the end of the chain or the head was rewritten")]
    HeadHashDiffers,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "chain {}, event {}", self.chain_key, self.seq)?;
        if let Some(id) = self.event_id {
            write!(f, " ({id})")?;
        }
        write!(f, ": {}", self.fault)
    }
}

impl std::error::Error for Broken {}

/// Verifies a chain event by event, in the order of their numbers.
#[derive(Debug)]
pub struct ChainVerifier {
    chain_key: Uuid,
    count: u64,
    head: Head,
    epoch: u32,
    recent: VecDeque<Uuid>,
    recent_set: HashSet<Uuid>,
    broken: Option<Broken>,
}

impl ChainVerifier {
    /// From the first event.
    pub fn new(chain_key: Uuid) -> Self {
        Self::resume(chain_key, Head::GENESIS, 0)
    }

    /// From the event after `head`, which was verified before and kept safe; `epoch` is that of the event at `head`.
    pub fn resume(chain_key: Uuid, head: Head, epoch: u32) -> Self {
        Self {
            chain_key,
            count: 0,
            head,
            epoch,
            recent: VecDeque::new(),
            recent_set: HashSet::new(),
            broken: None,
        }
    }

    /// Checks the next event.
    ///
    /// # Errors
    /// The first fault. Once broken, every further call answers the same: what follows a broken event proves nothing.
    pub fn push(&mut self, record: Record<'_>) -> Result<(), Broken> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        let expected = self.head.seq + 1;
        match self.check(&record, expected) {
            Ok(entry) => {
                self.accept(&entry, record);
                Ok(())
            }
            Err(fault) => {
                // A missing event is the one that should be here; otherwise it is the one that is here.
                let (seq, event_id) = match fault {
                    Fault::Missing { .. } => (expected, None),
                    _ => (record.seq, event_id_of(&record, &fault)),
                };
                Err(self.fail(seq, event_id, fault))
            }
        }
    }

    /// Ends the verification. `head` is what storage, or better somebody outside it, says that the end should be.
    ///
    /// # Errors
    /// The first fault, of an event or of the end. Without a head a removed tail cannot be noticed.
    pub fn finish(mut self, head: Option<Head>) -> Result<Intact, Broken> {
        if let Some(broken) = self.broken {
            return Err(broken);
        }
        let end = self.head;
        match head {
            Some(head) if head.seq > end.seq => {
                Err(self.fail(end.seq + 1, None, Fault::TailMissing { head: head.seq }))
            }
            Some(head) if head.seq < end.seq => {
                Err(self.fail(head.seq + 1, None, Fault::HeadBehind { head: head.seq }))
            }
            Some(head) if head.hash != end.hash => {
                let last = self.recent.back().copied();
                Err(self.fail(end.seq, last, Fault::HeadHashDiffers))
            }
            _ => Ok(Intact {
                count: self.count,
                head: end,
            }),
        }
    }

    fn check(&self, record: &Record<'_>, expected: u64) -> Result<Entry, Fault> {
        if record.seq > expected {
            return Err(Fault::Missing { next: record.seq });
        }
        if record.seq < expected {
            return Err(Fault::OutOfOrder { expected });
        }
        if record.prev_hash != self.head.hash {
            return Err(Fault::PreviousHashDiffers);
        }
        let bytes = record.entry.ok_or(Fault::EntryRemoved)?;
        if record.hash != leaf_hash(self.chain_key, expected, &self.head.hash, bytes) {
            return Err(Fault::HashDiffers);
        }
        let entry = Entry::parse(bytes)?;
        if entry.tenant != self.chain_key {
            return Err(Fault::OtherChain {
                tenant: entry.tenant,
            });
        }
        if entry.epoch < self.epoch {
            return Err(Fault::EpochBackwards {
                before: self.epoch,
                found: entry.epoch,
            });
        }
        if self.recent_set.contains(&entry.id) {
            return Err(Fault::Repeated);
        }
        if record.event_id.is_some_and(|id| id != entry.id) {
            return Err(Fault::ColumnDiffers { column: "event_id" });
        }
        match record
            .columns
            .and_then(|columns| columns.difference(&entry))
        {
            Some(column) => Err(Fault::ColumnDiffers { column }),
            None => Ok(entry),
        }
    }

    fn accept(&mut self, entry: &Entry, record: Record<'_>) {
        let hash = record
            .hash
            .try_into()
            .expect("it was equal to a hash of 32 bytes");
        self.head = Head {
            seq: record.seq,
            hash,
        };
        self.count += 1;
        self.epoch = entry.epoch;
        if self.recent.len() == REPEAT_WINDOW_EVENTS
            && let Some(oldest) = self.recent.pop_front()
        {
            self.recent_set.remove(&oldest);
        }
        self.recent.push_back(entry.id);
        self.recent_set.insert(entry.id);
    }

    fn fail(&mut self, seq: u64, event_id: Option<Uuid>, fault: Fault) -> Broken {
        let broken = Broken {
            chain_key: self.chain_key,
            seq,
            event_id,
            fault,
        };
        self.broken = Some(broken.clone());
        broken
    }
}

/// The id by which an operator finds the event. Once the hash was right, the entry's own id is; before, nothing about the
/// entry is known to be true and what is stored beside it is the better hint.
fn event_id_of(record: &Record<'_>, fault: &Fault) -> Option<Uuid> {
    let stored = record
        .event_id
        .or(record.columns.map(|columns| columns.event_id));
    let in_entry = || Entry::parse(record.entry?).ok().map(|entry| entry.id);
    match fault {
        Fault::OutOfOrder { .. } | Fault::PreviousHashDiffers | Fault::HashDiffers => {
            stored.or_else(in_entry)
        }
        _ => in_entry().or(stored),
    }
}
