//! Routes: who is told of what, by which way, as an organisation sets it up. All that match apply. Until there is one, the
//! built-in route serves: whoever has an item in hand is told by mail, and head office and the managers when it is late.
//!
//! `model` what a route is and what it is for · `active` what the planner asks for

mod active;
mod model;

pub(crate) use active::{Routes, routes};
pub use model::{Happening, Recipients, Route};
