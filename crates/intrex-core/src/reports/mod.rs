//! What somebody who answers for many branches sees at a glance: counts by branch and category, the days ahead, and whether
//! the background work is alive. Every count here is one that a filtered list of obligations shows again, row by row.
//!
//! `model` what is counted, and what comes first · `queries` all SQL · `reads` what pages and programs are shown.

pub mod model;
mod queries;
pub mod reads;

pub use model::{Cell, Day, Line, Overview, Pulse, Totals};
