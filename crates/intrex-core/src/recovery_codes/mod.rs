//! Recovery codes: ten codes on paper, each of which stands in once for the second factor. They are shown once, when they are
//! made; afterwards only their hashes are there.
//!
//! `model` what a code is · `commands` making them · `redeem` giving one · `reads` how many are left · `queries` all SQL.
//! Signing in and stepping up with one are in `sessions`.

mod commands;
mod model;
mod queries;
pub mod reads;
mod redeem;

pub use commands::{Issued, issue};
pub use model::{CODE_LETTERS, RecoveryCodes, is_one};
pub(crate) use queries::{remove, remove_where_not_allowed};
pub(crate) use redeem::{Tried, look_up, use_up};
