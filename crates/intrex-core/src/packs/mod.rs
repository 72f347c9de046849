//! Packs: what the authorities of a country ask for, as files that people can read, correct and send back (`packs/`, with their
//! schema). They are part of the program, so that an installation without a network has them, and each is read whole or not
//! at all.
//!
//! `model` what a pack is · `shelf` those that there are

mod model;
mod shelf;
#[cfg(test)]
mod tests;

pub use model::{Pack, Place, PlaceKind, Rule};
pub use shelf::{all, find};
