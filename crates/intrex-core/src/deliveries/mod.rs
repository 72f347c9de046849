//! Deliveries: every message that goes out to one recipient over one way, from the transaction that caused it to the receipt.
//! The ledger and the routes decide whether, when and whom; here it is carried out, tried again, and told of.
//!
//! `model` what a delivery is · `stage` into the outbox · `rules` what an attempt means · `sender` the worker's part ·
//! `words` what people read · `input` what is sent · `queries` all SQL · `commands` again · `reads` what is shown

mod commands;
mod input;
mod model;
mod queries;
pub mod reads;
mod rules;
pub mod sender;
mod stage;
mod words;

pub use commands::{Replayed, replay, retry};
pub use input::{RawDeliveryFilter, RawReplay};
pub use model::{
    Delivery, DeliveryAttempt, DeliveryFilter, DeliverySummary, Reason, State, WaitsFor,
};
pub(crate) use queries::{forget_answers_to, remove_old_attempts};
pub use rules::RETRY_AFTER;
pub(crate) use stage::stage_all;
pub use stage::{MAX_NOTICES, Staged, stage};

use chrono::TimeDelta;

/// How long attempts are kept.
pub(crate) const ATTEMPTS_KEPT_FOR: TimeDelta = TimeDelta::days(90);
