//! The inbox: what a person was told inside Intrex. It belongs to the person alone; nobody else sees or changes it.
//!
//! `model` a message · `queries` all SQL · `commands` marking as read · `reads` the list and the number beside the bell.

pub mod commands;
pub mod model;
pub(crate) mod queries;
pub mod reads;

pub(crate) use commands::find_own;
pub use model::{Inbox, Notification};
