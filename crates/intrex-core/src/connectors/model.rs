//! What a connector is, and what is shown of it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::config::Config;
use crate::{ids::ConnectorId, words::words};

/// Connectors of one organisation.
pub(super) const MAX_CONNECTORS: i64 = 50;
/// The longest name, in characters.
pub(super) const MAX_NAME: usize = 100;
/// How long a former signing secret is still used after another was set beside it.
pub(super) const OVERLAP: TimeDelta = TimeDelta::hours(24);
/// How long looks at one connector are counted together.
pub(super) const PROBE_WINDOW: TimeDelta = TimeDelta::minutes(1);
/// Looks at one connector within that time.
pub(super) const MAX_PROBES: i16 = 6;

words! {
    /// To whom a connector leads.
    ConnectorType {
        /// A mail server.
        EmailSmtp = "email_smtp",
        /// A chat of Telegram.
        TelegramBot = "telegram_bot",
        /// A number of WhatsApp.
        WhatsappBusiness = "whatsapp_business",
        /// A program.
        Webhook = "webhook",
    }
}

words! {
    /// How a connector is.
    Status {
        /// Nobody has looked yet whether it works as it is now. Nothing is sent by it.
        PendingVerification = "pending_verification",
        /// It works.
        Active = "active",
        /// It has worked, and does not at present. It is tried.
        Error = "error",
        /// Nothing is sent by it.
        Disabled = "disabled",
    }
}

words! {
    /// Why a connector is disabled.
    DisabledReason {
        /// Somebody wanted it so.
        ByHand = "by_hand",
        /// The other side has said that there is nobody any more.
        Gone = "gone",
        /// It has failed for too long.
        Failing = "failing",
    }
}

impl Status {
    /// Whether messages are sent by it.
    pub fn sends(self) -> bool {
        matches!(self, Status::Active | Status::Error)
    }
}

/// A connector.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Connector {
    /// Its id.
    pub id: ConnectorId,
    /// To whom it leads. For good.
    #[serde(rename = "type")]
    pub kind: ConnectorType,
    /// What the organisation calls it.
    pub name: String,
    /// How it is.
    pub status: Status,
    /// What it was told, by its type.
    pub config: Config,
    /// What it proves itself with, by name. Written, and never read.
    pub secrets: BTreeMap<String, SecretState>,
    /// When it was last seen to work by looking.
    pub last_verified_at: Option<DateTime<Utc>>,
    /// How it does.
    pub health: Health,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
    /// Goes up with every change.
    #[serde(skip)]
    pub version: i32,
}

/// A secret that is kept and not shown.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SecretState {
    /// Whether there is one: always.
    pub set: bool,
    /// Since when.
    pub set_at: DateTime<Utc>,
    /// Since when another one stands beside it, to take its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_set_at: Option<DateTime<Utc>>,
}

/// How a connector does.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct Health {
    /// When it last worked.
    pub last_success_at: Option<DateTime<Utc>>,
    /// When it last did not.
    pub last_failure_at: Option<DateTime<Utc>>,
    /// Since when it has not worked; null while it does.
    pub failing_since: Option<DateTime<Utc>>,
    /// How often in a row it has not worked.
    pub failures: i32,
    /// Why not, as a word.
    pub last_error: Option<String>,
    /// Until when nothing is tried.
    pub parked_until: Option<DateTime<Utc>>,
    /// Why it is disabled.
    pub disabled_reason: Option<DisabledReason>,
}
