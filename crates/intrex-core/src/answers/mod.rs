//! What people answer to reminders: *I have it in hand*, and *not now*. Either is an answer of one person about one item: it
//! ends or moves the reminders of that person that say no more than what was answered, and nobody else's.
//!
//! `model` what an answer is · `apply` what it does to a plan, pure · `input` what is typed · `locked` the items under lock ·
//! `acknowledging`, `snoozing` what is done to one item · `commands` what a person can do · `links` answering from a letter ·
//! `queries` all SQL · `reads` what an item's page shows.

mod acknowledging;
mod apply;
pub mod commands;
pub mod input;
pub mod links;
mod locked;
pub mod model;
mod queries;
pub mod reads;
mod snoozing;

pub use apply::apply;
pub use input::{RawAcknowledgement, RawSelection, RawSnooze};
pub use links::{Link, LinkOf, link_for};
pub(crate) use links::{clear, keep as keep_links};
pub use model::{Acknowledged, Acknowledgement, Answered, Answers, Snooze, Snoozed, Via};
pub(crate) use queries::of_items;
