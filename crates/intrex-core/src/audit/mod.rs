//! The audit log: what is committed is told by an event, inserted in the same transaction without a lock, and given its
//! place in the tenant's chain right after. The bytes are `intrex-audit`'s; here they meet the database.
//!
//! `event` what a command says · `disclosures` its personal values · `stage` the insert · `sequencer` the chain · `verify` the
//! check of a chain as it is stored · `input` how the log is narrowed · `reads` what pages show · `reveal` what they keep back.

mod disclosures;
mod event;
mod input;
pub mod reads;
mod reveal;
pub mod sequencer;
mod stage;
pub mod verify;

pub use event::Event;
pub use input::RawAuditFilter;
pub(crate) use input::{End, moment};
pub use reveal::{FieldState, Revealed, reveal};
pub(crate) use stage::stage;
