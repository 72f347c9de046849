//! What is typed about connectors: one raw struct for forms and programs, whose fields each have their own name
//! (`config.url`, `secrets.token`) wherever something is wrong with them.

mod channels;
mod fields;

use std::fmt;

use secrecy::SecretString;
use serde::{
    Deserialize,
    de::{self, Deserializer},
};
use utoipa::ToSchema;

use super::{
    config::Config,
    model::{Connector, ConnectorType, MAX_NAME},
    opened::SecretName,
};
use crate::{
    catalogue::keys,
    channels::webhook,
    error::{self, Error, FieldErrors},
    outside::http::Guard,
    raw::Raw,
};

/// What is typed to make or to change a connector. A change leaves out what stays.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RawConnector {
    /// `email_smtp`, `telegram_bot`, `whatsapp_business` or `webhook`. Required at first, and not to be changed.
    #[serde(rename = "type", default)]
    #[schema(value_type = Option<ConnectorType>)]
    pub kind: Raw,
    /// What the organisation calls it. Required.
    #[serde(default)]
    #[schema(value_type = String, max_length = 100)]
    pub name: Raw,
    /// What it is told: the fields of its type.
    #[serde(default)]
    pub config: RawConfig,
    /// What it proves itself with: the secrets of its type. Those that are left out stay.
    #[serde(default)]
    pub secrets: RawSecrets,
}

macro_rules! raw {
    ($(#[$doc:meta])* $name:ident { $($(#[$what:meta])* $field:ident: $type:ty),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Default, ToSchema)]
        pub struct $name {
            $($(#[$what])* #[schema(value_type = Option<$type>)] pub $field: Raw),+
        }

        impl $name {
            const NAMES: &'static [&'static str] = &[$(stringify!($field)),+];

            /// Every field with its name.
            pub fn fields(&self) -> [(&'static str, &Raw); [$(stringify!($field)),+].len()] {
                [$((stringify!($field), &self.$field)),+]
            }

            /// The field of this name.
            pub fn field_mut(&mut self, name: &str) -> Option<&mut Raw> {
                match name {
                    $(stringify!($field) => Some(&mut self.$field),)+
                    _ => None,
                }
            }
        }
    };
}

raw! {
    /// What connectors are told, of every type.
    RawConfig {
        /// webhook: where events are posted.
        url: String,
        /// webhook: headers that go with them, by name; none of them secret.
        headers: std::collections::BTreeMap<String, String>,
        /// email_smtp: name or address of the server.
        host: String,
        /// email_smtp: its port; 587 for `starttls`, 465 for `implicit`, 25 for `none` if it is left out.
        port: u16,
        /// email_smtp: `starttls` (also if it is left out), `implicit` or `none`.
        tls: String,
        /// email_smtp: who we are there; nobody if it is left out.
        username: String,
        /// email_smtp: as whom mail is sent.
        from: String,
        /// email_smtp: a private authority, as PEM.
        ca: String,
        /// telegram_bot: the chat.
        chat_id: String,
        /// telegram_bot, whatsapp_business: where the API is.
        base_url: String,
        /// whatsapp_business: the number that sends.
        phone_number_id: String,
        /// whatsapp_business: who gets it.
        to: String,
        /// whatsapp_business: the approved template.
        template: String,
        /// whatsapp_business: its language.
        locale: String,
        /// whatsapp_business: what its blanks are filled with.
        variables: Vec<String>,
        /// whatsapp_business: the account that the template belongs to.
        business_account_id: String,
    }
}

raw! {
    /// What connectors prove themselves with, of every type.
    RawSecrets {
        /// webhook: `whsec_` and 24 to 64 bytes in Base64; made and shown once if it is left out at first.
        signing_secret: String,
        /// webhook: the header `Authorization`.
        authorization: String,
        /// email_smtp: the password.
        password: String,
        /// telegram_bot: the token of the bot.
        token: String,
        /// whatsapp_business: the access token.
        access_token: String,
    }
}

/// Members by name, of an object and of nothing else: a derived one would take a list as well, in the order of the fields.
macro_rules! members {
    ($name:ident) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut fields = $name::default();
                for (name, value) in serde_json::Map::deserialize(deserializer)? {
                    match fields.field_mut(&name) {
                        Some(field) => *field = Raw::from(value),
                        None => return Err(de::Error::unknown_field(&name, $name::NAMES)),
                    }
                }
                Ok(fields)
            }
        }
    };
}

members!(RawConfig);
members!(RawSecrets);

impl fmt::Debug for RawConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RawConfig(…)")
    }
}

impl fmt::Debug for RawSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RawSecrets(…)")
    }
}

/// What is typed to set another signing secret beside the present one.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawRotation {
    /// `whsec_` and 24 to 64 bytes in Base64; made and shown once if it is left out.
    #[schema(value_type = Option<String>)]
    pub signing_secret: Raw,
}

/// A connector, checked.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) name: String,
    pub(super) config: Config,
    /// Those that were given.
    pub(super) secrets: Vec<(SecretName, SecretString)>,
}

impl RawConnector {
    /// A new connector.
    pub(super) fn parse(&self, guard: &Guard) -> error::Result<Facts> {
        let mut errors = FieldErrors::new();
        let choices = ConnectorType::ALL.iter().map(|kind| kind.as_str());
        let choices = choices.collect::<Vec<_>>().join(", ");
        let kind = self
            .kind
            .one_of(&mut errors, "type", &choices, ConnectorType::parse);
        if kind == Some(None) {
            errors.add("type", keys::ERROR_FIELD_REQUIRED);
        }
        let name = self.name.line(&mut errors, "name", MAX_NAME);
        let Some(Some(kind)) = kind else {
            return Err(errors.into());
        };
        let config = self.config(kind, &self.config, guard, &mut errors);
        let secrets = self.secrets(kind, &mut errors);
        if let Some(config) = &config {
            for needed in needed(config) {
                // One that was typed wrong has been told already.
                if self.secrets.of(needed).shown().trim().is_empty() {
                    let field = format!("secrets.{}", needed.as_str());
                    errors.add(field, keys::ERROR_FIELD_REQUIRED);
                }
            }
        }
        finished(errors, name, config, secrets)
    }

    /// A change of one.
    pub(super) fn parse_change(&self, of: &Connector, guard: &Guard) -> error::Result<Facts> {
        let mut errors = FieldErrors::new();
        let e = &mut errors;
        let kind = of.kind;
        if self.kind.is_given()
            && self.kind.words().ok().flatten().as_deref() != Some(kind.as_str())
        {
            e.add("type", keys::CONNECTOR_TYPE_IS_FOR_GOOD);
        }
        let name = match self.name.is_given() {
            true => self.name.line(e, "name", MAX_NAME),
            false => Some(of.name.clone()),
        };
        let merged = self.config.over(&of.config)?;
        let config = self.config(kind, &merged, guard, e);
        let secrets = self.secrets(kind, e);
        if let Some(config) = &config {
            for needed in needed(config) {
                let typed = !self.secrets.of(needed).shown().trim().is_empty();
                if !typed && !of.secrets.contains_key(needed.as_str()) {
                    let field = format!("secrets.{}", needed.as_str());
                    e.add(field, keys::ERROR_FIELD_REQUIRED);
                }
            }
        }
        finished(errors, name, config, secrets)
    }

    fn config(
        &self,
        kind: ConnectorType,
        raw: &RawConfig,
        guard: &Guard,
        errors: &mut FieldErrors,
    ) -> Option<Config> {
        let own = channels::fields_of(kind);
        for (name, raw) in raw.fields() {
            if raw.is_given() && !own.contains(&name) && !raw.shown().is_empty() {
                let text = keys::CONNECTOR_FIELD_OF_ANOTHER_TYPE;
                errors.add(format!("config.{name}"), text);
            }
        }
        channels::config(kind, raw, guard, errors)
    }

    fn secrets(
        &self,
        kind: ConnectorType,
        errors: &mut FieldErrors,
    ) -> Vec<(SecretName, SecretString)> {
        let mut given = Vec::new();
        for name in SecretName::ALL {
            let raw = self.secrets.of(name);
            let field = format!("secrets.{}", name.as_str());
            if name.kind() != kind {
                if raw.is_given() && !raw.shown().is_empty() {
                    errors.add(field, keys::CONNECTOR_FIELD_OF_ANOTHER_TYPE);
                }
                continue;
            }
            let Some(line) = raw.optional_line(errors, &field, name.max_chars()) else {
                continue;
            };
            if line.is_empty() {
                continue;
            }
            let secret = SecretString::from(line);
            match fields::check_secret(name, &secret) {
                Ok(()) => given.push((name, secret)),
                Err(text) => errors.add(field, text),
            }
        }
        given
    }
}

impl RawSecrets {
    fn of(&self, name: SecretName) -> &Raw {
        match name {
            SecretName::SigningSecret => &self.signing_secret,
            SecretName::Authorization => &self.authorization,
            SecretName::Password => &self.password,
            SecretName::Token => &self.token,
            SecretName::AccessToken => &self.access_token,
        }
    }
}

impl RawConfig {
    /// What is there already, with what was given in its place.
    fn over(&self, present: &Config) -> error::Result<RawConfig> {
        let mut merged = RawConfig::default();
        let stored = present.stored()?;
        for (name, value) in stored.as_object().into_iter().flatten() {
            if let Some(field) = merged.field_mut(name)
                && !value.is_null()
            {
                *field = Raw::from(value.clone());
            }
        }
        for (name, raw) in self.fields() {
            if raw.is_given()
                && let Some(field) = merged.field_mut(name)
            {
                *field = raw.clone();
            }
        }
        Ok(merged)
    }
}

impl RawRotation {
    /// The secret that was given, if one was.
    pub(super) fn parse(&self) -> error::Result<Option<SecretString>> {
        let mut errors = FieldErrors::new();
        let field = SecretName::SigningSecret.as_str();
        let max = SecretName::SigningSecret.max_chars();
        let line = self.signing_secret.optional_line(&mut errors, field, max);
        errors.finish()?;
        let secret = line.filter(|line| !line.is_empty()).map(SecretString::from);
        match secret {
            Some(secret) if !webhook::is_secret(&secret) => {
                Err(Error::invalid(field, keys::CONNECTOR_BAD_SIGNING_SECRET))
            }
            secret => Ok(secret),
        }
    }
}

/// What a connector cannot do without. The signing secret of a webhook is made where it is not given.
fn needed(config: &Config) -> Vec<SecretName> {
    match config {
        Config::Webhook(_) => Vec::new(),
        Config::EmailSmtp(config) if config.username.is_some() => vec![SecretName::Password],
        Config::EmailSmtp(_) => Vec::new(),
        Config::TelegramBot(_) => vec![SecretName::Token],
        Config::WhatsappBusiness(_) => vec![SecretName::AccessToken],
    }
}

fn finished(
    errors: FieldErrors,
    name: Option<String>,
    config: Option<Config>,
    secrets: Vec<(SecretName, SecretString)>,
) -> error::Result<Facts> {
    match (name, config) {
        (Some(name), Some(config)) if errors.is_empty() => Ok(Facts {
            name,
            config,
            secrets,
        }),
        _ => Err(errors.into()),
    }
}
