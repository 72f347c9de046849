//! What comes in: who asks, from where, whether it is a forgery, and what was sent.
//!
//! `exchange` the request at hand · `guard` what stands in front of every handler · `reader` and `form`, `json`, `upload`
//! what handlers take · `fields` decoding with the wrong field named · `address`, `host`, `origin`, `cookies`, `next` the
//! pure parts.

pub(crate) mod address;
pub(crate) mod cookies;
pub(crate) mod exchange;
pub(crate) mod fields;
pub(crate) mod form;
pub(crate) mod guard;
pub(crate) mod host;
pub(crate) mod json;
pub(crate) mod next;
pub(crate) mod origin;
pub(crate) mod reader;
pub(crate) mod upload;

pub use exchange::Exchange;
pub use fields::{Nothing, Typed};
pub use form::{Anonymous, AnyForm, BegunForm, Form};
pub use json::Json;
pub use reader::{Begun, List, PathId, Query, Reader};
pub use upload::Upload;
