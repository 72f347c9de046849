//! The fields of each type as a form shows them, and a form's fields as the raw struct that programs send.

use intrex_core::{
    catalogue::keys,
    connectors::{Connector, ConnectorType, RawConnector, TlsMode, VARIABLES},
    raw::Raw,
};
use serde::{
    Deserialize,
    de::{self, Deserializer},
};
use serde_json::Value;

use crate::answer::{FormView, Page};

/// How a field is typed.
pub(super) enum Kind {
    Line,
    Secret,
    Paragraphs,
    Choice(Vec<(&'static str, String)>),
}

/// One field.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) words: String,
    pub(super) hint: String,
    pub(super) kind: Kind,
    pub(super) max: usize,
    pub(super) required: bool,
}

/// The settings of a type.
pub(super) fn settings(page: &Page, kind: ConnectorType) -> Vec<Field> {
    let line = |name, hint: Option<String>, max| Field {
        name,
        words: page.label(name),
        hint: hint.unwrap_or_default(),
        kind: Kind::Line,
        max,
        required: true,
    };
    let optional = |field: Field| Field {
        required: false,
        ..field
    };
    let long = |field: Field| Field {
        kind: Kind::Paragraphs,
        ..optional(field)
    };
    let hint = |key| Some(page.t(key));
    let base_url = || {
        optional(line(
            "config.base_url",
            hint(keys::CONNECTOR_BASE_URL_HINT),
            300,
        ))
    };
    match kind {
        ConnectorType::Webhook => vec![
            line("config.url", hint(keys::CONNECTOR_URL_HINT), 2_000),
            long(line(
                "config.headers",
                hint(keys::CONNECTOR_HEADERS_HINT),
                20_000,
            )),
        ],
        ConnectorType::EmailSmtp => vec![
            line("config.host", None, 253),
            Field {
                kind: Kind::Choice(vec![
                    (
                        TlsMode::StartTls.as_str(),
                        page.t(keys::CONNECTOR_TLS_STARTTLS),
                    ),
                    (
                        TlsMode::Implicit.as_str(),
                        page.t(keys::CONNECTOR_TLS_IMPLICIT),
                    ),
                    (TlsMode::None.as_str(), page.t(keys::CONNECTOR_TLS_NONE)),
                ]),
                ..line("config.tls", None, 20)
            },
            optional(line("config.port", hint(keys::CONNECTOR_PORT_HINT), 5)),
            line("config.from", hint(keys::CONNECTOR_FROM_HINT), 300),
            optional(line("config.username", None, 300)),
            long(line("config.ca", hint(keys::CONNECTOR_CA_HINT), 16_000)),
        ],
        ConnectorType::TelegramBot => vec![
            line("config.chat_id", hint(keys::CONNECTOR_CHAT_HINT), 40),
            base_url(),
        ],
        ConnectorType::WhatsappBusiness => {
            let names = VARIABLES.join(", ");
            let names = page.t1(keys::CONNECTOR_VARIABLES_HINT, "names", names.as_str());
            vec![
                line("config.phone_number_id", None, 30),
                line("config.to", hint(keys::CONNECTOR_TO_HINT), 30),
                line("config.template", None, 300),
                optional(line("config.locale", None, 10)),
                optional(line("config.variables", Some(names), 300)),
                optional(line(
                    "config.business_account_id",
                    hint(keys::CONNECTOR_ACCOUNT_HINT),
                    30,
                )),
                base_url(),
            ]
        }
    }
}

/// The secrets of a type. What is there `since` a date may be left empty.
pub(super) fn secrets(
    page: &Page,
    kind: ConnectorType,
    since: &dyn Fn(&str) -> Option<String>,
) -> Vec<Field> {
    let names: &[(&'static str, bool, usize)] = match kind {
        ConnectorType::Webhook => &[
            ("secrets.signing_secret", false, 100),
            ("secrets.authorization", false, 500),
        ],
        ConnectorType::EmailSmtp => &[("secrets.password", false, 500)],
        ConnectorType::TelegramBot => &[("secrets.token", true, 130)],
        ConnectorType::WhatsappBusiness => &[("secrets.access_token", true, 1_000)],
    };
    let fields = names.iter().map(|(name, required, max)| {
        let since = since(name);
        let hint = match (&since, *name) {
            (Some(date), _) => page.t1(keys::CONNECTOR_SECRET_KEPT, "date", date.as_str()),
            (None, "secrets.signing_secret") => page.t(keys::CONNECTOR_SIGNING_HINT),
            (None, _) => page.t(keys::CONNECTOR_SECRET_HINT),
        };
        Field {
            name,
            words: page.label(name),
            hint,
            kind: Kind::Secret,
            max: *max,
            required: *required && since.is_none(),
        }
    });
    fields.collect()
}

/// What is in the form of a connector that is there.
pub(super) fn filled(page: &Page, connector: &Connector) -> FormView {
    let stored = serde_json::to_value(&connector.config).unwrap_or(Value::Null);
    let shown = |name: &str| {
        let name = name.strip_prefix("config.").unwrap_or(name);
        match &stored[name] {
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| format!("{name}: {}", value.as_str().unwrap_or_default()))
                .collect::<Vec<_>>()
                .join("\n"),
            other => Raw::from(other.clone()).shown(),
        }
    };
    let config = settings(page, connector.kind);
    let config = config.iter().map(|field| (field.name, shown(field.name)));
    FormView::filled([("name", connector.name.clone())]).with(config)
}

/// A form's fields: `config.url` is a member of `config`.
#[derive(Debug)]
pub(super) struct Typed(pub(super) RawConnector);

impl<'de> Deserialize<'de> for Typed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut raw = RawConnector::default();
        for (name, value) in serde_json::Map::deserialize(deserializer)? {
            let field = match name.split_once('.') {
                None if name == "type" => Some(&mut raw.kind),
                None if name == "name" => Some(&mut raw.name),
                Some(("config", rest)) => raw.config.field_mut(rest),
                Some(("secrets", rest)) => raw.secrets.field_mut(rest),
                _ => None,
            };
            match field {
                Some(field) => *field = Raw::from(value),
                None => return Err(de::Error::unknown_field(&name, &["type", "name"])),
            }
        }
        Ok(Typed(raw))
    }
}
