//! Sessions: how somebody proves who they are, in two steps, and how each request shows it again. The cookie only names a
//! row; the row, the person and the organisation decide on every request, so that nothing about rights goes stale.
//!
//! `password_ok → mfa_setup | mfa_verify → full`: without the second factor a session is provisional and good for nothing
//! else.
//!
//! `model` the types · `cookie` the signed text · `counters` failures and locks · `sign_in` the password · `second_factor`
//! the code · `authenticate` each request · `commands` sign out, revoke · `renewal` a new name, and an end to the others ·
//! `reads` one's own sessions.

mod authenticate;
pub mod commands;
mod cookie;
pub(crate) mod counters;
mod model;
pub(crate) mod queries;
pub mod reads;
mod renewal;
mod second_factor;
mod sign_in;

pub use authenticate::{authenticate, touch};
pub use commands::{abandon, revoke, sign_out};
pub use counters::forget_old_failures;
pub(crate) use model::seconds_until;
pub use model::{
    Enrolment, FullSession, OwnSession, Provisional, Session, SessionCookie, SignIn, Stage,
    Started, Verification,
};
pub(crate) use renewal::{end_all, end_others, renew_alone};
pub use second_factor::{begin_enrolment, confirm_enrolment, demo_code, verify_code};
pub use sign_in::sign_in;
pub(crate) use sign_in::{canonical_typed, find_by_email};
