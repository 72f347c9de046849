//! Sessions: how somebody proves who they are, in two steps, and how each request shows it again. The cookie only names a
//! row; the row, the person and the organisation decide on every request, so that nothing about rights goes stale.
//!
//! `password_ok → mfa_setup | mfa_verify → full`: without the second factor a session is provisional and good for nothing
//! else.
//!
//! `model` the types · `methods` what was shown · `cookie` the signed text · `counters` failures and locks · `sign_in` the password · `provider` an
//! identity provider in its place · `second_factor` the code · `attempts` wrong ones · `recovery` a recovery code in its
//! place · `passkey` what stands beside both · `devices` those that a person is
//! known by · `step_up` both factors again · `authenticate` each request · `commands` sign out, revoke · `reads` one's own
//! sessions, and for admins those of others.

pub(crate) mod attempts;
mod authenticate;
pub mod commands;
mod cookie;
pub(crate) mod counters;
pub(crate) mod devices;
mod methods;
mod model;
mod passkey;
mod provider;
pub(crate) mod queries;
pub mod reads;
mod recovery;
pub(crate) mod second_factor;
mod sign_in;
mod step_up;
mod user_agent;

pub use authenticate::{authenticate, touch};
pub(crate) use commands::end_others;
pub use commands::{abandon, revoke, revoke_all_of, revoke_of, revoke_others, sign_out};
pub use counters::forget_old_failures;
pub(crate) use model::seconds_until;
pub use model::{
    DeviceCookie, Enrolment, FullSession, Leaving, OwnSession, Provisional, Session, SessionCookie,
    SignIn, Stage, Started, Verification,
};
pub use passkey::{ask_passkey, verify_passkey, ways};
pub(crate) use provider::{ByProvider, sign_in_by_provider};
pub(crate) use queries::forget_wrong;
pub use recovery::verify_recovery_code;
pub use second_factor::{begin_enrolment, confirm_enrolment, demo_code, verify_code};
pub use sign_in::sign_in;
pub(crate) use sign_in::{canonical_typed, find_by_email};
pub(crate) use step_up::{Factor, renew};
pub use step_up::{Proof, StepUp, ask_passkey_again, step_up};
pub(crate) use user_agent::is_same_agent;
