//! API tokens: a program acting for a person, with at most what that person may do, for a limited time. The text is shown
//! once; the database has its hash.
//!
//! `model` what a token is · `commands` create, revoke · `authenticate` each request · `reads` the list ·
//! `networks` where a token counts.

mod authenticate;
pub mod commands;
mod model;
mod networks;
mod queries;
pub mod reads;

pub use authenticate::{authenticate, touch};
pub use commands::{create, revoke};
pub use model::{NewToken, RawToken, Token};
pub(crate) use queries::revoke_all_of;
