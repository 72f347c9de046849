//! Sessions beyond signing in: stepping up, known devices, the list and its ends, what becomes of a session when a right is
//! taken away, limits, and what is forged.

mod counters;
mod devices;
mod factor_waits;
mod forged;
mod limits;
mod list;
pub(crate) mod methods;
mod neighbours;
mod rights;
mod step_up;
