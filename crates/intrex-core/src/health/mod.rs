//! Whether background work goes on: a product that promises to remind must notice when it does not. Every loop leaves a sign of
//! life; who stands still is shown on a page, in a banner, in the metrics, and by a ping that stops.
//!
//! `heartbeat` the signs of life · `work` each kind of work with what waits for it · `ping` the word to a watcher outside

mod heartbeat;
pub mod ping;
mod work;

pub use heartbeat::{Heartbeat, INTERVAL, STILL_AFTER, Standing, all};
pub(crate) use heartbeat::{Round, beat};
pub use work::{Work, installation, nothing_stands_still, of_organisation, standing_still};
