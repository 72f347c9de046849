//! The ways to somebody outside, one file each: what a message looks like on its way, and what an answer means. Nothing here
//! knows the database; what is sent leaves by `outside`, and nobody holds a transaction meanwhile.
//!
//! `event_type` the list of what is told · `facts` what is said of each kind of thing · `letter` what is to be said · `schema`
//! the same as JSON Schema, for receivers · `outcome` what became of it · `email`, `telegram`, `whatsapp`, `webhook` the channels ·
//! `exchange` one request over HTTP · `retry_after` when a server wants to be asked again · `redact` keeps secrets out of
//! what servers say

pub(crate) mod email;
mod event_type;
mod exchange;
mod facts;
mod letter;
mod outcome;
mod redact;
mod retry_after;
pub mod schema;
pub(crate) mod telegram;
pub mod webhook;
pub(crate) mod whatsapp;

pub use event_type::EventType;
pub use facts::{
    ConnectorFacts, DeliveryFacts, DigestFacts, Facts, ObligationFacts, SecurityEventFacts, Subject,
};
pub use letter::{Addressee, Letter, NOTICE_VERSION, Notice, NoticeBranch, NoticeEntity, Timing};
pub use outcome::{Attempt, Class, Outcome, Stage, StageState};
pub(crate) use redact::Redaction;

use crate::{
    App,
    connectors::{Config, Opened},
};

/// Sends one message by a connector. It holds no transaction and no connection to the database, and neither may its caller.
pub async fn send(app: &App, by: &Opened, letter: &Letter) -> Attempt {
    match by.config() {
        Config::Webhook(config) => webhook::send(app, by, config, letter).await,
        Config::EmailSmtp(config) => email::send(app, by, config, letter).await,
        Config::TelegramBot(config) => telegram::send(app, by, config, letter).await,
        Config::WhatsappBusiness(config) => whatsapp::send(app, by, config, letter).await,
    }
}

/// Looks, stage by stage, whether messages would arrive. Nobody gets one, but for a webhook, which gets an event that says so.
pub(crate) async fn verify(app: &App, by: &Opened, letter: &Letter) -> Attempt {
    match by.config() {
        Config::Webhook(config) => webhook::send(app, by, config, letter).await,
        Config::EmailSmtp(config) => email::verify(app, by, config, letter).await,
        Config::TelegramBot(config) => telegram::verify(app, by, config).await,
        Config::WhatsappBusiness(config) => whatsapp::verify(app, by, config).await,
    }
}
