//! What goes out: pages, JSON, errors, and the headers that every answer carries.
//!
//! `fault` everything that can go wrong · `problem` an error for programs · `page` what every page has · `navigation` the places
//! that it leads to · `form` fields as a page shows them · `json` answers of the API · `headers` the set on every answer ·
//! `wait` how long to wait.

pub(crate) mod csv;
pub(crate) mod fault;
pub(crate) mod form;
pub(crate) mod headers;
pub mod json;
mod navigation;
pub(crate) mod page;
pub(crate) mod problem;
pub(crate) mod wait;

pub use fault::Fault;
pub use form::FormView;
pub use navigation::Place;
pub use page::{Me, Page};
pub(crate) use problem::PROBLEM;
pub use problem::Problem;
