//! What a branch owes to somebody by a date. This slice is the reference for the others: CONTRIBUTING.md walks through it.
//!
//! `due_date`, `recurrence`, `schedule` the pure rules of dates · `model` what an obligation is · `input` what people send ·
//! `queries` and `listing` all SQL · `commands` what can be done to one · `locking` the order in
//! which an item and its people are locked · `telling` what the log hears of it · `handover` what becomes of them when somebody is
//! deleted · `reads` what pages and the API show · `filter` what lists can be narrowed by.

pub mod commands;
pub mod due_date;
pub mod filter;
pub(crate) mod handover;
pub mod input;
mod listing;
mod locking;
pub mod model;
pub(crate) mod queries;
pub mod reads;
pub mod recurrence;
pub mod schedule;
pub(crate) mod telling;
