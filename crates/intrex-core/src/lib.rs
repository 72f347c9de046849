//! What Intrex does: the rules of obligations, the reminder ledger, tenant safety and the audit log, with all of its SQL
//! and background work. No HTTP server and no pages: those are in `intrex-web`, and call the same commands as the
//! command line and the worker.
//!
//! The ground: [`app`] (what every command gets), [`actor`] (who acts), [`permission`] (who may do what), [`db`] (the only
//! place that begins or commits), [`audit`], [`vault`] (keys), [`error`], [`ids`], [`clock`], [`text`], [`catalogue`],
//! [`paging`], [`idempotency`], [`network`] (addresses of clients).
//!
//! The slices: [`tenants`], [`branches`], [`people`], [`accounts`], [`account_mail`],
//! [`sessions`], [`recovery_codes`], [`passkeys`], [`tokens`], [`security_events`], [`access_reviews`], [`deliveries`], [`digests`], [`connectors`] with
//! [`channels`]; [`key_rotation`] seals anew
//! what a previous key has sealed.

pub mod access_reviews;
pub mod account_mail;
pub mod accounts;
pub mod actor;
pub mod answers;
pub mod app;
pub mod audit;
pub mod branches;
pub mod catalogue;
pub mod channels;
pub mod clock;
pub mod connectors;
pub mod csp_reports;
mod csv;
pub mod db;
pub mod deliveries;
pub mod digests;
pub mod error;
pub mod health;
pub mod idempotency;
pub mod ids;
pub mod imports;
pub mod jobs;
mod json;
pub mod jurisdictions;
pub mod key_rotation;
pub mod network;
pub mod notifications;
pub mod obligations;
pub mod oidc;
mod outbox;
pub mod outside;
pub mod packs;
pub mod paging;
pub mod passkeys;
pub mod people;
pub mod permission;
pub mod preferences;
pub mod raw;
pub mod recovery_codes;
pub mod reminders;
pub mod reports;
pub mod routes;
pub mod security_events;
pub mod sessions;
pub mod templates;
pub mod tenants;
pub mod text;
pub mod tokens;
pub mod vault;
mod words;
pub mod worker;

pub use actor::Actor;
pub use app::App;
pub use error::{Error, Result};
