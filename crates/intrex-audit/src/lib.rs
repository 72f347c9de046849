//! The format of Intrex's tamper-evident audit log, and the verifier of one chain of it. It lives in a crate of its own,
//! without I/O, clock, randomness or database, so that an auditor can read all of it in an afternoon and so that the
//! program that writes the log and the program that checks it share exactly these lines and nothing else.
//!
//! Reading order: [`Entry`] (what one event says) · [`EntryDraft`] (how it is written) · [`commitment`] (how personal
//! values stay out of it) · [`leaf_hash`] (how events are chained) · [`ChainVerifier`] (how the chain is checked).
//! `docs/audit-format.md` describes the same for somebody who writes another implementation.

mod canonical;
mod chain;
mod columns;
mod commitment;
mod draft;
mod entry;
mod error;
pub mod limits;
mod names;
mod time;
mod verifier;

pub use chain::{GENESIS_HASH, Hash, Head, Link, PLATFORM_CHAIN, leaf_hash};
pub use columns::StoredColumns;
pub use commitment::{Commitment, SALT_BYTES, commitment, verify_disclosure};
pub use draft::{Disclosure, EntryDraft, Header, Sealed};
pub use entry::{Actor, ActorKind, Entity, Entry, Outcome, VERSION};
pub use error::EntryError;
pub use time::Timestamp;
pub use verifier::{Broken, ChainVerifier, Fault, Intact, Record};
