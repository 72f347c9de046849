//! Deleting an organisation, for good. It is asked for under a fresh second factor with the name typed, by its own head office or by
//! the operator of the installation; a week later, unless somebody has cancelled it, nobody gets in any more and its rows are
//! removed, a batch at a time. Its audit log stays and verifies, and the keys of what was personal in it are erased.
//!
//! `model` what is typed, and what stands in the organisation's row · `commands` ask and cancel · `run` the worker's part · `rows`
//! what is removed, in which order · `queries` the organisation's row.

mod commands;
mod model;
mod queries;
pub mod reads;
mod rows;
mod run;

pub(super) use commands::withdraw_own;
pub use commands::{cancel, request};
pub use model::{GRACE, Pending, RawTenantDeletion, SETTLES_FOR, When};
pub(crate) use run::run;
