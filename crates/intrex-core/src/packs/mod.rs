//! Packs: what the authorities of a country ask for, as files that people can read, correct and send back (`packs/`, with their
//! schema). They are part of the program, so that an installation without a network has them, and each is read whole or not
//! at all.
//!
//! `model` what a pack is · `shelf` those that there are · `compare` a rule beside an organisation's template · `commands` taking
//! one over · `reads` what is shown of them

pub mod commands;
mod compare;
mod input;
mod model;
mod queries;
pub mod reads;
mod shelf;
#[cfg(test)]
mod tests;

pub use input::RawApply;
pub use model::{FieldChange, Pack, PackLook, PackSummary, Place, Rule, RuleLook, RuleState};
pub use shelf::{all, find};
