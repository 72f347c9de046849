//! Access reviews: what an organisation owes to itself. At the beginning it is written down who has which role, branches,
//! second factor and last sign-in; then each person is decided on by somebody else; what is revoked is gone at once; and the
//! result stays, with the events that tell of it. Beside them, accounts that nobody uses are found, told of, and disabled if
//! the organisation wants that.
//!
//! A review is a row of its own and no obligation: it belongs to no branch, and it is not done by a tick but by its rows
//! (docs/decisions/0017).
//!
//! `model` a review, its rows and its dates · `input` what is typed · `queries` all SQL · `commands` begin, decide, finish ·
//! `reads` the list, one, the open one · `export` the result as a table · `upkeep` what happens by itself · `dormancy` accounts
//! that nobody uses.

pub mod commands;
mod dormancy;
mod export;
mod input;
mod model;
mod queries;
pub mod reads;
pub mod upkeep;

pub use commands::{Started, decide, finish, start};
pub use export::export;
pub use input::RawDecision;
pub use model::{AccessReview, Decision, ReviewRow, WholeReview};
pub(crate) use queries::{close_rows_of, note_enabled};
