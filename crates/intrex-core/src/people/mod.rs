//! People: who signs in, in which role, for which branches. They come in by invitation alone: nobody ever knows or chooses
//! another's password.
//!
//! `email` addresses and their one canonical form · `model` what a person is, and the rules of roles · `password_policy` ·
//! `commands` what an admin does · `invitations` how somebody joins · `reads` who sees whom.

pub mod commands;
mod email;
pub mod invitations;
mod model;
mod password_policy;
pub(crate) mod queries;
pub mod reads;

pub use commands::{invite, reinvite, reset_mfa, unlock, update};
pub(crate) use email::MAX_EMAIL;
pub use email::canonical_email;
pub use invitations::{AcceptOutcome, Accepted, Invitation, accept_invitation};
pub use model::{
    Invited, Person, PersonFilter, PersonName, PersonStatus, RawPerson, RawPersonUpdate,
};
