//! The fields of each type, checked.

use super::{
    super::{
        config::{
            Config, EmailConfig, TelegramConfig, TlsMode, VARIABLES, WebhookConfig, WhatsappConfig,
        },
        model::ConnectorType,
    },
    RawConfig, fields,
};
use crate::{
    catalogue::{Text, keys},
    error::FieldErrors,
    outside::{http::Guard, smtp},
};

/// The longest address of a webhook, in characters.
const MAX_URL: usize = 2_000;
/// The longest name of a host, in characters (RFC 1035).
const MAX_HOST: usize = 253;
/// The longest of the other words, in characters.
const MAX_WORD: usize = 300;
/// The longest authority, in characters of PEM.
const MAX_CA: usize = 16_000;
/// Blanks of a template.
const MAX_VARIABLES: usize = 20;
/// Where Telegram answers.
const TELEGRAM: &str = "https://api.telegram.org";
/// Where WhatsApp answers.
const WHATSAPP: &str = "https://graph.facebook.com/v23.0";
/// The language of a template if none is named.
const LOCALE: &str = "en";

/// The names of a type's fields.
pub(super) fn fields_of(kind: ConnectorType) -> &'static [&'static str] {
    match kind {
        ConnectorType::Webhook => &["url", "headers"],
        ConnectorType::EmailSmtp => &["host", "port", "tls", "username", "from", "ca"],
        ConnectorType::TelegramBot => &["chat_id", "base_url"],
        ConnectorType::WhatsappBusiness => &[
            "phone_number_id",
            "to",
            "template",
            "locale",
            "variables",
            "business_account_id",
            "base_url",
        ],
    }
}

pub(super) fn config(
    kind: ConnectorType,
    raw: &RawConfig,
    guard: &Guard,
    errors: &mut FieldErrors,
) -> Option<Config> {
    match kind {
        ConnectorType::Webhook => webhook(raw, guard, errors).map(Config::Webhook),
        ConnectorType::EmailSmtp => email(raw, guard, errors).map(Config::EmailSmtp),
        ConnectorType::TelegramBot => telegram(raw, guard, errors).map(Config::TelegramBot),
        ConnectorType::WhatsappBusiness => {
            whatsapp(raw, guard, errors).map(Config::WhatsappBusiness)
        }
    }
}

fn webhook(raw: &RawConfig, guard: &Guard, e: &mut FieldErrors) -> Option<WebhookConfig> {
    let url = raw.url.line(e, "config.url", MAX_URL);
    let url = url.and_then(|url| e.take("config.url", fields::check_url(&url, guard)));
    let headers = fields::headers(&raw.headers, e);
    Some(WebhookConfig {
        url: url?,
        headers: headers?,
    })
}

fn email(raw: &RawConfig, guard: &Guard, e: &mut FieldErrors) -> Option<EmailConfig> {
    let modes = TlsMode::ALL.map(TlsMode::as_str).join(", ");
    let tls = raw.tls.one_of(e, "config.tls", &modes, TlsMode::parse);
    let tls = tls.map(|tls| tls.unwrap_or(TlsMode::StartTls));
    let port = raw.port.number(e, "config.port", 1, 65_535);
    let port = port.map(|port| {
        port.and_then(|port| u16::try_from(port).ok())
            .unwrap_or(match tls {
                Some(TlsMode::Implicit) => 465,
                Some(TlsMode::None) => 25,
                Some(TlsMode::StartTls) | None => 587,
            })
    });
    let host = raw.host.line(e, "config.host", MAX_HOST);
    let host = host.and_then(|host| {
        let guard = guard.for_ports(&smtp::SMTP_PORTS);
        e.take("config.host", fields::check_host(&host))
            .filter(|host| match port {
                Some(port) => match guard.server_looks_wrong(host, port) {
                    None => true,
                    Some(refusal) => {
                        let (field, text) = fields::of_server(refusal);
                        e.add(field, text);
                        false
                    }
                },
                None => true,
            })
    });
    let username = fields::optional(raw.username.optional_line(e, "config.username", MAX_WORD));
    let from = raw.from.line(e, "config.from", MAX_WORD);
    let from = from.and_then(|from| e.take("config.from", fields::check_sender(&from)));
    let ca = fields::optional(raw.ca.paragraphs(e, "config.ca", MAX_CA));
    if let Some(Some(pem)) = &ca
        && smtp::certificates(pem).is_none()
    {
        e.add("config.ca", keys::CONNECTOR_BAD_CA);
        return None;
    }
    // A password over a line that everybody on the way can read is none.
    if let (Some(TlsMode::None), Some(Some(_))) = (tls, &username) {
        e.add("config.tls", keys::CONNECTOR_PASSWORD_NEEDS_TLS);
        return None;
    }
    Some(EmailConfig {
        host: host?,
        port: port?,
        tls: tls?,
        username: username?,
        from: from?,
        ca: ca?,
    })
}

fn telegram(raw: &RawConfig, guard: &Guard, e: &mut FieldErrors) -> Option<TelegramConfig> {
    let chat = fields::number_or_line(&raw.chat_id, e, "config.chat_id");
    let chat = chat.and_then(|chat| e.take("config.chat_id", fields::check_chat(&chat)));
    let base_url = fields::base_url(&raw.base_url, TELEGRAM, guard, e);
    Some(TelegramConfig {
        chat_id: chat?,
        base_url: base_url?,
    })
}

fn whatsapp(raw: &RawConfig, guard: &Guard, e: &mut FieldErrors) -> Option<WhatsappConfig> {
    let number = fields::number_or_line(&raw.phone_number_id, e, "config.phone_number_id");
    let number = number.and_then(|id| e.take("config.phone_number_id", fields::check_digits(&id)));
    let to = fields::number_or_line(&raw.to, e, "config.to");
    let to = to.and_then(|to| e.take("config.to", fields::check_phone(&to)));
    let template = raw.template.line(e, "config.template", MAX_WORD);
    let template =
        template.and_then(|name| e.take("config.template", fields::check_template(&name)));
    let locale = fields::optional(raw.locale.optional_line(e, "config.locale", MAX_WORD));
    let locale = locale.and_then(|locale| {
        let locale = locale.unwrap_or_else(|| LOCALE.to_owned());
        e.take("config.locale", fields::check_locale(&locale))
    });
    let variables = raw.variables.list(e, "config.variables", MAX_VARIABLES);
    let variables = variables.and_then(|names| {
        let known = names.iter().all(|name| VARIABLES.contains(&name.as_str()));
        let choices = Text::new(keys::ERROR_FIELD_NOT_ONE_OF).with("choices", VARIABLES.join(", "));
        e.take(
            "config.variables",
            if known { Ok(names) } else { Err(choices) },
        )
    });
    let account = match raw.business_account_id.shown().is_empty() {
        true => Some(None),
        false => {
            let field = "config.business_account_id";
            let id = fields::number_or_line(&raw.business_account_id, e, field);
            id.and_then(|id| e.take(field, fields::check_digits(&id)))
                .map(Some)
        }
    };
    let base_url = fields::base_url(&raw.base_url, WHATSAPP, guard, e);
    Some(WhatsappConfig {
        phone_number_id: number?,
        to: to?,
        template: template?,
        locale: locale?,
        variables: variables?,
        business_account_id: account?,
        base_url: base_url?,
    })
}
