//! Preferences: what somebody would rather not be told outside of Intrex, and whether it comes in a digest. It counts as far as their organisation lets it, and
//! never for what is critical, late or a danger; the inbox has every reminder anyway.
//!
//! `model` what can be opted out of · `input` what is typed · `queries` all SQL · `commands`, `reads` one's own, and what the
//! judge of reminders asks

mod commands;
mod input;
mod model;
mod queries;
pub mod reads;

pub use commands::set;
pub use input::RawPreferences;
pub(crate) use input::opt_outs;
pub use model::{Choice, Digest, OptOuts, Preferences, can_be_let};
