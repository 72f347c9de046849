//! Organisations: each is a world of its own, made and suspended by the operator of the installation at the command line,
//! never by anybody inside.
//!
//! `model` what an organisation is · `commands` create, suspend, resume · `reads` the reader's own, and the operator's list.

pub mod commands;
mod model;
mod queries;
pub mod reads;

pub use commands::{create, resume, suspend};
pub use model::{RawTenant, Tenant, TenantRow, TenantStatus};
pub use reads::list;
