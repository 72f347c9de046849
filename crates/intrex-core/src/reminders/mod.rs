//! The reminder ledger: what is said about an obligation, to whom and when, planned ahead and settled once.
//!
//! `model` channels, reasons and waits · `directory` who is told · `planner` writes the coming weeks into the ledger ·
//! `judgement` what becomes of what is due · `message` the words · `sender` sends · `queries` all SQL · `reads` what an
//! item's page shows.

mod directory;
mod judgement;
mod message;
pub mod model;
pub(crate) mod planner;
pub(crate) mod queries;
pub mod reads;
pub mod sender;

pub use model::{BUILT_IN_ROUTE, Channel, Reason};
