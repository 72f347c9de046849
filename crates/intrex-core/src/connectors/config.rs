//! What each type of connector is told, checked. None of it is secret; it is stored and shown as it is here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::model::ConnectorType;
use crate::error::{Error, Result};

/// The blanks of a WhatsApp template that can be filled, by name.
pub const VARIABLES: [&str; 11] = [
    "subject",
    "text",
    "title",
    "reference",
    "status",
    "branch",
    "severity",
    "due_on",
    "days_remaining",
    "url",
    "type",
];

/// What a connector is told.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Config {
    /// Of a webhook.
    Webhook(WebhookConfig),
    /// Of a mail server.
    EmailSmtp(EmailConfig),
    /// Of a chat of Telegram.
    TelegramBot(TelegramConfig),
    /// Of a number of WhatsApp.
    WhatsappBusiness(WhatsappConfig),
}

/// What a webhook is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// Where events are posted.
    pub url: String,
    /// Headers that go with them. Not for what is secret.
    pub headers: BTreeMap<String, String>,
}

/// What a mail server is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailConfig {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: TlsMode,
    /// Who we are there; nobody if null.
    pub username: Option<String>,
    /// As whom mail is sent, such as `Intrex <reminders@example.com>`.
    pub from: String,
    /// The authority to trust in the place of the machine's, as PEM.
    pub ca: Option<String>,
}

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum TlsMode {
    /// From the first byte.
    #[serde(rename = "implicit")]
    Implicit,
    /// Before anything is said; a server that does not offer it gets nothing.
    #[serde(rename = "starttls")]
    StartTls,
    /// Not at all, and then no password either.
    #[serde(rename = "none")]
    None,
}

impl TlsMode {
    /// All of them.
    pub const ALL: [TlsMode; 3] = [TlsMode::StartTls, TlsMode::Implicit, TlsMode::None];

    /// As stored and shown to programs.
    pub fn as_str(self) -> &'static str {
        match self {
            TlsMode::Implicit => "implicit",
            TlsMode::StartTls => "starttls",
            TlsMode::None => "none",
        }
    }

    /// The one of this name.
    pub fn parse(text: &str) -> Option<Self> {
        TlsMode::ALL.into_iter().find(|mode| mode.as_str() == text)
    }
}

/// What a chat of Telegram is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TelegramConfig {
    /// The chat: a number, or the `@name` of a channel.
    pub chat_id: String,
    /// Where the Bot API is.
    pub base_url: String,
}

/// What a number of WhatsApp is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WhatsappConfig {
    /// The number that sends.
    pub phone_number_id: String,
    /// Who gets it: a number with its country, in digits.
    pub to: String,
    /// The approved template.
    pub template: String,
    /// Its language.
    pub locale: String,
    /// What its blanks are filled with, in their order.
    pub variables: Vec<String>,
    /// The account that the template belongs to: with it the state of the template can be looked at.
    pub business_account_id: Option<String>,
    /// Where the Cloud API is, with its version.
    pub base_url: String,
}

impl Config {
    /// Its type.
    pub fn kind(&self) -> ConnectorType {
        match self {
            Config::Webhook(_) => ConnectorType::Webhook,
            Config::EmailSmtp(_) => ConnectorType::EmailSmtp,
            Config::TelegramBot(_) => ConnectorType::TelegramBot,
            Config::WhatsappBusiness(_) => ConnectorType::WhatsappBusiness,
        }
    }

    /// To whom it leads, in a short line that tells nothing that could be used: the host, and not the path, which some
    /// services make a secret of.
    pub fn leads_to(&self) -> String {
        let host = |url: &str| {
            let url = url::Url::parse(url).ok();
            let host = url.as_ref().and_then(|url| url.host_str());
            let port = url.as_ref().and_then(url::Url::port);
            match (host, port) {
                (Some(host), Some(port)) => format!("{host}:{port}"),
                (host, _) => host.unwrap_or_default().to_owned(),
            }
        };
        match self {
            Config::Webhook(config) => host(&config.url),
            Config::EmailSmtp(config) => format!("{}:{}", config.host, config.port),
            Config::TelegramBot(config) => {
                format!("{} ({})", config.chat_id, host(&config.base_url))
            }
            Config::WhatsappBusiness(config) => {
                format!("{} ({})", config.to, host(&config.base_url))
            }
        }
    }

    /// Whether it is a mail server to which nobody is named: then there is no password either.
    pub(super) fn has_no_login(&self) -> bool {
        matches!(self, Config::EmailSmtp(config) if config.username.is_none())
    }

    pub(super) fn stored(&self) -> Result<Value> {
        serde_json::to_value(self).map_err(Error::internal)
    }

    pub(super) fn read(kind: ConnectorType, stored: Value) -> Result<Self> {
        let read = match kind {
            ConnectorType::Webhook => serde_json::from_value(stored).map(Config::Webhook),
            ConnectorType::EmailSmtp => serde_json::from_value(stored).map(Config::EmailSmtp),
            ConnectorType::TelegramBot => serde_json::from_value(stored).map(Config::TelegramBot),
            ConnectorType::WhatsappBusiness => {
                serde_json::from_value(stored).map(Config::WhatsappBusiness)
            }
        };
        read.map_err(Error::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_back_by_its_type_and_by_no_other() {
        let config = Config::TelegramBot(TelegramConfig {
            chat_id: "-100".into(),
            base_url: "https://api.telegram.org".into(),
        });
        let stored = config.stored().expect("is stored");
        assert_eq!(
            Config::read(ConnectorType::TelegramBot, stored.clone()).expect("is read"),
            config
        );
        assert!(Config::read(ConnectorType::Webhook, stored).is_err());
    }

    #[test]
    fn a_short_line_of_a_webhook_has_no_path() {
        let config = Config::Webhook(WebhookConfig {
            url: "https://hooks.example:8443/services/T0/secret?key=1".into(),
            headers: BTreeMap::new(),
        });
        assert_eq!(config.leads_to(), "hooks.example:8443");
    }
}
