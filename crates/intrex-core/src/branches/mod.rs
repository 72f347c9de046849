//! Branches: the places that owe things, each with its own time zone, whose today decides what is due. A branch is closed,
//! not deleted: what it owed stays on the record.
//!
//! `model` what a branch is · `commands` create, update, close, reopen · `reads` the list, one, and names for choosing.

pub mod commands;
mod model;
mod queries;
pub mod reads;

pub use commands::{close, create, reopen, update};
pub use model::{Branch, BranchFilter, BranchName, BranchStatus, RawBranch};
pub(crate) use model::{BranchFacts, MAX_CODE, note_changes, settle};
