//! One's own account, as its owner and as those who want it meet it: mail, resets, changes, imports.

mod email;
mod import;
mod outbox;
mod password;
pub(crate) mod post;
mod reset;
