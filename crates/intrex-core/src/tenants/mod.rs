//! Organisations: each is a world of its own, made and suspended by the operator of the installation at the command line,
//! never by anybody inside. Its name, zone and limits are its head office's to change, and so is whether it stays.
//!
//! `model` what an organisation is · `input` what is typed · `commands` create, change, suspend, resume · `reads` the reader's own, and the operator's list ·
//! `deletion` how one is deleted for good · `export` what it takes along.

pub mod commands;
pub mod deletion;
mod export;
mod input;
mod model;
mod queries;
pub mod reads;

pub use commands::{create, resume, suspend, update};
pub use export::{Lines, Part, export};
pub use input::{NOBODY, RawTenant, RawTenantUpdate};
pub use model::{AdminFactor, SessionLimits, Tenant, TenantRow, TenantStatus};
pub(crate) use reads::in_force;
pub use reads::list;
