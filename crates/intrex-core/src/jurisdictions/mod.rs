//! Places: countries and their parts. Rules hold in them, branches are in them, and their weekends and holidays decide on which
//! days an office is open. A place's code says what it is part of: `BD-C-DNCC` is in `BD-C`, which is in `BD`.
//!
//! `model` what a place is, and which one a branch is in · `input` what people send · `commands` create, change, remove · `reads` the
//! list and one with its holidays

pub mod commands;
mod input;
mod model;
pub(crate) mod queries;
pub mod reads;

pub use input::{RawJurisdiction, WEEKDAYS};
pub use model::{Jurisdiction, JurisdictionFilter, JurisdictionKind, Listed};
pub(crate) use model::{Places, is_within};
