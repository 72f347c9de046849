//! People: who signs in, in which role, for which branches. They come in by invitation alone: nobody ever knows or chooses
//! another's password.
//!
//! `email` addresses and their one canonical form · `model` what a person is · `input` what is typed · `rules` who may give
//! whom what · `password_policy` · `commands` what whoever manages them does · `removal` deleting somebody for good ·
//! `invitations` how somebody joins · `import` people of another system · `reads` who sees whom.

pub mod commands;
mod email;
pub mod import;
mod input;
pub mod invitations;
mod model;
pub(crate) mod password_policy;
pub(crate) mod queries;
pub mod reads;
pub mod removal;
mod rules;

pub use commands::{invite, reinvite, require_password_change, reset_mfa, unlock, update};
pub(crate) use commands::{lock_admins, take_access};
pub use email::canonical_email;
pub(crate) use email::{Email, MAX_EMAIL};
pub use input::{RawPerson, RawPersonUpdate};
pub use invitations::{AcceptOutcome, Accepted, Invitation, accept_invitation};
pub use model::{DisabledBy, Dormancy, Invited, Person, PersonFilter, PersonName, PersonStatus};
pub(crate) use queries::{hold, hold_assignable};
pub use removal::{Deleted, Leaving, RawDeletion, delete};
pub use rules::may_enable;
