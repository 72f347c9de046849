//! Obligation templates: a rule as an authority wrote it, from which obligations are made. They come from a pack or from
//! the tenant itself.

pub mod commands;
mod input;
mod model;
pub(crate) mod queries;
pub mod reads;

pub use input::{RawTemplate, parse_active};
pub use model::{Definition, Template};
