//! Security events: what somebody should look at. The audit log tells everything that happened; this is the little of it that
//! may mean an attack, coalesced so that a flood is one row that counts, with the rules that look at more than one event.
//!
//! Nobody has to remember to call this slice: [`follow`] reads the audit events of every transaction on their way to the log,
//! so that a security event is kept exactly when its audit event is. `docs/decisions/0018-security-events.md` says why.
//!
//! `model` what there is · `follow` from the log to security events · `rules` bursts, sprays, bulk reading · `places` where
//! people sign in and sessions are used · `telling` the admins' inboxes · `commands` acknowledging, thresholds · `reads` lists ·
//! `input` what is sent · `queries` all SQL.

pub mod commands;
mod follow;
mod input;
pub mod model;
mod places;
mod queries;
pub mod reads;
mod rules;
pub(crate) mod telling;

pub use commands::{acknowledge, set_thresholds};
pub(crate) use follow::follow;
pub use input::{RawSecurityFilter, RawThresholds};
pub use model::{Code, SecurityEvent, SecurityFilter, Severity, Thresholds};
pub(crate) use places::{
    AGENTS_TOLD_EVERY, MOVES_TOLD_EVERY, NetworkKey, network_key, session_moved, signed_in_from,
};
pub(crate) use queries::{remove_old_events, remove_old_networks, remove_old_tallies};
pub(crate) use rules::note_on_platform;
pub use rules::{note_bulk_read, note_export};

use chrono::TimeDelta;

/// How long a security event is kept after it was seen last.
pub(crate) const EVENTS_KEPT_FOR: TimeDelta = TimeDelta::days(365);
/// How long tallies are kept: longer than any window that can be set.
pub(crate) const TALLIES_KEPT_FOR: TimeDelta = TimeDelta::hours(25);
/// How long a network is known after a person's last sign-in from it.
pub(crate) const NETWORKS_KEPT_FOR: TimeDelta = TimeDelta::days(180);
