//! Routes: who is told of what, by which way, as an organisation sets it up. All that match apply. Until there is one, the
//! built-in route serves: whoever has an item in hand is told by mail, and head office and the managers when it is late.
//!
//! `model` what a route is and what it is for · `input` what is typed · `queries` all SQL · `commands` what admins do ·
//! `reads` what is shown · `active` what the planner asks for · `follow` what happens, told as it happens · `preview` what a route
//! would have been for

mod active;
mod commands;
mod follow;
mod input;
mod model;
mod preview;
mod queries;
pub mod reads;

pub(crate) use active::{Routes, as_if, quiet, routes};
pub use commands::{create, remove, update};
pub(crate) use follow::{Noted, follow, follow_security, recorded};
pub use input::{RawQuiet, RawRoute};
pub use model::{Happening, Recipients, Route};
pub use preview::{Match, Preview, preview};
pub(crate) use queries::names_using;
