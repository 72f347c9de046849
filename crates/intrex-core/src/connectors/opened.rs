//! What a sender needs of a connector: what it is told and its secrets, out of the database in one go, so that nothing is
//! held while a message is on its way.

use std::{collections::HashMap, fmt};

use secrecy::SecretString;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{config::Config, model::OVERLAP, queries, secrets};
use crate::{
    channels::Redaction,
    db::{Inner, WriteTx},
    error::{Error, Result},
    ids::{ConnectorId, TenantId},
    permission::Permission,
};

use super::model::{ConnectorType, Status};

/// What connectors prove themselves with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SecretName {
    /// A webhook signs with it.
    SigningSecret,
    /// A webhook's header of this name.
    Authorization,
    /// Of the user of a mail server.
    Password,
    /// Of a bot of Telegram.
    Token,
    /// Of WhatsApp.
    AccessToken,
}

impl SecretName {
    /// All of them.
    pub const ALL: [SecretName; 5] = [
        SecretName::SigningSecret,
        SecretName::Authorization,
        SecretName::Password,
        SecretName::Token,
        SecretName::AccessToken,
    ];

    /// As stored and shown to programs.
    pub fn as_str(self) -> &'static str {
        match self {
            SecretName::SigningSecret => "signing_secret",
            SecretName::Authorization => "authorization",
            SecretName::Password => "password",
            SecretName::Token => "token",
            SecretName::AccessToken => "access_token",
        }
    }

    /// The one of this name.
    pub(super) fn parse(text: &str) -> Option<Self> {
        SecretName::ALL
            .into_iter()
            .find(|name| name.as_str() == text)
    }

    /// Of which type of connector it is.
    pub(super) fn kind(self) -> ConnectorType {
        match self {
            SecretName::SigningSecret | SecretName::Authorization => ConnectorType::Webhook,
            SecretName::Password => ConnectorType::EmailSmtp,
            SecretName::Token => ConnectorType::TelegramBot,
            SecretName::AccessToken => ConnectorType::WhatsappBusiness,
        }
    }

    /// The longest one, in characters.
    pub(super) fn max_chars(self) -> usize {
        match self {
            SecretName::SigningSecret => 100,
            SecretName::Token => 130,
            SecretName::Authorization | SecretName::Password => 500,
            SecretName::AccessToken => 1_000,
        }
    }
}

/// A connector, ready to send.
#[derive(Clone)]
pub struct Opened {
    /// Its id.
    pub id: ConnectorId,
    /// Whose it is.
    pub tenant: TenantId,
    /// What the organisation calls it.
    pub name: String,
    /// How it is: `status.sends()` says whether messages go by it.
    pub status: Status,
    /// What it was when it was read: an outcome is recorded for the connector that was used.
    pub version: i32,
    config: Config,
    secrets: Vec<(SecretName, SecretString)>,
    next_signing_secret: Option<SecretString>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("id", &self.id)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl Opened {
    /// What it is told.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The same way, to the chat that the present one has become.
    pub(crate) fn moved_to(&self, chat_id: &str) -> Self {
        let mut moved = self.clone();
        if let Config::TelegramBot(config) = &mut moved.config {
            chat_id.clone_into(&mut config.chat_id);
        }
        moved
    }

    pub(crate) fn secret(&self, name: SecretName) -> Option<&SecretString> {
        let found = self.secrets.iter().find(|(known, _)| *known == name);
        found.map(|(_, secret)| secret)
    }

    /// The signing secret that takes the place of the present one.
    pub(crate) fn next_signing_secret(&self) -> Option<&SecretString> {
        self.next_signing_secret.as_ref()
    }

    /// Keeps its secrets out of what the other side says.
    pub(crate) fn redaction(&self) -> Redaction {
        let all = self.secrets.iter().map(|(_, secret)| secret);
        Redaction::of(all.chain(&self.next_signing_secret))
    }
}

/// Opens connectors for sending. What is not there, or was removed, is left out. The caller ends the transaction before it
/// sends.
pub async fn opened(tx: &mut WriteTx, ids: &[ConnectorId]) -> Result<HashMap<ConnectorId, Opened>> {
    tx.actor().may(Permission::ConnectorsUpkeep)?;
    let (conn, actor, inner) = tx.parts();
    open_all(conn, inner, actor.tenant(), ids).await
}

pub(super) async fn open(
    conn: &mut PgConnection,
    inner: &Inner,
    tenant: TenantId,
    id: ConnectorId,
) -> Result<Opened> {
    let mut opened = open_all(conn, inner, tenant, &[id]).await?;
    opened.remove(&id).ok_or(Error::NotFound)
}

async fn open_all(
    conn: &mut PgConnection,
    inner: &Inner,
    tenant: TenantId,
    ids: &[ConnectorId],
) -> Result<HashMap<ConnectorId, Opened>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let mut all = HashMap::new();
    for row in queries::to_open(&mut *conn, tenant, &ids).await? {
        let opened = Opened {
            id: row.id,
            tenant,
            name: row.name,
            status: row.status,
            version: row.version,
            config: row.config,
            secrets: Vec::new(),
            next_signing_secret: None,
        };
        all.insert(row.id, opened);
    }
    let now = inner.clock.now();
    // The current ones come first.
    for row in queries::sealed(&mut *conn, tenant, &ids).await? {
        let Some(opened) = all.get_mut(&row.connector) else {
            continue;
        };
        let id = row.connector;
        let secret = secrets::open(conn, inner, tenant, id, row.name, &row.sealed).await?;
        if !row.next {
            opened.secrets.push((row.name, secret));
        } else if row.set_at + OVERLAP > now {
            opened.next_signing_secret = Some(secret);
        } else {
            // Its time has come, whether or not anybody has written that down yet.
            opened.secrets.retain(|(name, _)| *name != row.name);
            opened.secrets.push((row.name, secret));
        }
    }
    Ok(all)
}
