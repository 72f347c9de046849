//! The audit log: dense chains, and every kind of tampering found.

mod append_only;
mod page;
mod reading;
mod revealing;
mod sequencer;
mod tampering;
mod values;
