//! Connectors: the ways to somebody outside that an organisation owns. What they prove themselves with is written and never
//! read; what changes where messages go asks for a fresh second factor.
//!
//! `model` what a connector is and is shown as · `config` what each type is told · `input` what is typed · `secrets` what is
//! sealed · `queries` all SQL · `commands` what admins do · `rotation` another signing secret · `doctor` looking whether it
//! works · `opened` what a sender needs · `health` what a sender records ·
//! `breaker` when a failing one is left alone · `reads` what is shown

mod breaker;
mod commands;
mod config;
mod doctor;
pub mod health;
mod input;
mod model;
mod opened;
mod queries;
pub mod reads;
mod rotation;
mod secrets;

pub use commands::{Made, create, disable, enable, remove, update};
pub use config::{
    Config, EmailConfig, TelegramConfig, TlsMode, VARIABLES, WebhookConfig, WhatsappConfig,
};
pub use doctor::{Examination, Examined, test, verify};
pub use input::{RawConfig, RawConnector, RawRotation, RawSecrets};
pub use model::{Connector, ConnectorType, DisabledReason, Health, SecretState, Status};
pub use opened::{Opened, SecretName, opened};
pub(crate) use queries::{hold, types};
pub(crate) use rotation::promote_overdue;
pub use rotation::{promote, rotate};
