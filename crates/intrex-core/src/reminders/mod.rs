//! The reminder ledger: what is said about an obligation, to whom and when, planned ahead and settled once.
//!
//! `model` channels and reasons · `directory` who is told · `planner` writes the coming weeks into the ledger ·
//! `judgement` what becomes of what is due · `wishes` who wants it otherwise · `budget` how much is one message, and how many an
//! hour · `message` the words ·
//! `examination` asks the ledger · `sender` settles what is due · `carried` the part that a delivery carries · `queries` all SQL · `reads` what an
//! item's page shows · `simulator` a look ahead.

mod budget;
pub(crate) mod carried;
mod directory;
mod examination;
mod judgement;
mod message;
pub mod model;
pub(crate) mod planner;
pub(crate) mod queries;
pub mod reads;
pub mod sender;
pub mod simulator;
pub(crate) mod wishes;

pub(crate) use directory::{Directory, Named};
pub(crate) use message::Words;
pub use model::{BUILT_IN_ROUTE, Channel, Reason};
