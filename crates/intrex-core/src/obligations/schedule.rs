//! What an obligation's date means today and when somebody is reminded of it, in civil time. Everything here is a function of
//! facts and of a given now, so that the planner, the page that says what comes next, and a simulation of the coming weeks
//! cannot differ.

mod civil;
mod error;
mod plan;
mod quiet;
mod status;
mod threshold;

pub use civil::{REMINDER_TIME, civil_today, instant};
pub use error::ScheduleError;
pub use plan::{
    Coalesced, DueSlot, Hears, ItemFacts, PlannedSlot, Recipient, Superseded, coalesce,
    fingerprint, plan,
};
pub use quiet::{Quiet, Weekdays, day_word};
pub use status::{Status, StatusBounds, StoredState, bounds, derive};
pub use threshold::{
    DEFAULT_LEAD_DAYS, GraceDays, LeadDays, MAX_GRACE_DAYS, MAX_LEAD_COUNT, MAX_LEAD_DAYS,
    Threshold,
};
