//! Single fields of connectors, checked: what is sent later is checked here, so that a message never fails over it.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue};
use lettre::message::Mailbox;
use secrecy::{ExposeSecret as _, SecretString};

use super::super::opened::SecretName;
use crate::{
    catalogue::{Text, keys},
    channels::webhook,
    error::FieldErrors,
    outside::http::{Guard, Refusal, Target},
    raw::Raw,
};

type Checked<T> = Result<T, Text>;

/// Headers of a webhook.
const MAX_HEADERS: usize = 20;
/// The longest value of a header, in characters.
const MAX_HEADER_VALUE: usize = 1_000;
/// The longest short word, in characters.
const MAX_WORD: usize = 100;
/// The longest address of an API, in characters.
const MAX_BASE_URL: usize = 300;
/// Headers that are ours to set, or the connection's.
const NOT_TO_SET: [&str; 15] = [
    "host",
    "connection",
    "content-length",
    "content-type",
    "content-encoding",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "keep-alive",
    "proxy-connection",
    "x-intrex-signature",
    "forwarded",
    "user-agent",
];
/// Beginnings of such names.
const NOT_TO_SET_PREFIXES: [&str; 3] = ["webhook-", "x-intrex-", "x-forwarded-"];
/// Headers whose values are secrets: what is told here is shown to whoever may see connectors.
const SECRET_HEADERS: [&str; 8] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "x-api-key",
    "api-key",
    "apikey",
    "x-auth-token",
    "x-access-token",
];

/// The address of a web server, as far as it can be told without asking anybody.
pub(super) fn check_url(typed: &str, guard: &Guard) -> Checked<String> {
    let target = Target::parse(typed).map_err(of_url)?;
    match guard.looks_wrong(&target) {
        None => Ok(target.as_str().to_owned()),
        Some(refusal) => Err(of_url(refusal)),
    }
}

fn of_url(refusal: Refusal) -> Text {
    Text::new(match refusal {
        Refusal::Url | Refusal::Host | Refusal::Header => keys::CONNECTOR_URL_NOT_AN_ADDRESS,
        Refusal::UserInfo => keys::CONNECTOR_URL_WITH_USER,
        Refusal::PlainHttp => keys::CONNECTOR_URL_WITHOUT_TLS,
        Refusal::Port => keys::CONNECTOR_PORT_NOT_ALLOWED,
        Refusal::NotPublic | Refusal::Own => keys::CONNECTOR_HOST_NOT_PUBLIC,
    })
}

/// What is wrong with a server, and in which field.
pub(super) fn of_server(refusal: Refusal) -> (&'static str, Text) {
    match refusal {
        Refusal::Port => ("config.port", keys::CONNECTOR_PORT_NOT_ALLOWED.into()),
        Refusal::NotPublic | Refusal::Own => {
            ("config.host", keys::CONNECTOR_HOST_NOT_PUBLIC.into())
        }
        _ => ("config.host", keys::CONNECTOR_HOST_NOT_A_HOST.into()),
    }
}

/// Where an API is, if it is not where everybody's is.
pub(super) fn base_url(
    raw: &Raw,
    usual: &str,
    guard: &Guard,
    e: &mut FieldErrors,
) -> Option<String> {
    let field = "config.base_url";
    let typed = raw.optional_line(e, field, MAX_BASE_URL)?;
    if typed.is_empty() {
        return Some(usual.to_owned());
    }
    let bare = !typed.contains(['?', '#']);
    let checked = match bare {
        true => check_url(&typed, guard),
        false => Err(keys::CONNECTOR_URL_NOT_AN_ADDRESS.into()),
    };
    let url = e.take(field, checked)?;
    Some(url.trim_end_matches('/').to_owned())
}

/// A host in one spelling: what is compared with a certificate is what was typed.
pub(super) fn check_host(typed: &str) -> Checked<String> {
    let host = typed.trim_end_matches('.').to_ascii_lowercase();
    let bare = host.trim_matches(['[', ']']).to_owned();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    match !bare.is_empty() && bare.chars().all(plain) {
        true => Ok(bare),
        false => Err(keys::CONNECTOR_HOST_NOT_A_HOST.into()),
    }
}

/// One sender, as a mail says it.
pub(super) fn check_sender(typed: &str) -> Checked<String> {
    let sender: Result<Mailbox, _> = typed.parse();
    match sender {
        Ok(sender) => Ok(sender.to_string()),
        Err(_) => Err(keys::CONNECTOR_BAD_SENDER.into()),
    }
}

/// Headers by name: an object of a program, or a line each in a form.
pub(super) fn headers(raw: &Raw, e: &mut FieldErrors) -> Option<BTreeMap<String, String>> {
    let field = "config.headers";
    let mut headers = BTreeMap::new();
    for (name, value) in raw.pairs(e, field, MAX_HEADERS)? {
        match check_header(&name, &value) {
            Ok(name) => {
                headers.insert(name, value.trim().to_owned());
            }
            Err(text) => {
                e.add(
                    field,
                    text.with("header", name.chars().take(60).collect::<String>()),
                );
                return None;
            }
        }
    }
    Some(headers)
}

fn check_header(name: &str, value: &str) -> Checked<String> {
    let fault = |key| Err(Text::new(key));
    let Ok(parsed) = HeaderName::try_from(name.trim()) else {
        return fault(keys::CONNECTOR_BAD_HEADER);
    };
    let value = value.trim();
    let visible = value.chars().all(|c| matches!(c, ' '..='~'));
    if !visible || value.len() > MAX_HEADER_VALUE || HeaderValue::try_from(value).is_err() {
        return fault(keys::CONNECTOR_BAD_HEADER);
    }
    let name = parsed.as_str();
    if SECRET_HEADERS.contains(&name) {
        return fault(keys::CONNECTOR_SECRET_HEADER);
    }
    let prefixed = NOT_TO_SET_PREFIXES.iter().any(|p| name.starts_with(p));
    if prefixed || NOT_TO_SET.contains(&name) {
        return fault(keys::CONNECTOR_HEADER_NOT_TO_SET);
    }
    Ok(name.to_owned())
}

/// A chat of Telegram.
pub(super) fn check_chat(typed: &str) -> Checked<String> {
    let digits = |text: &str| {
        (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let name = |text: &str| {
        (4..=32).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let good = match typed.strip_prefix('@') {
        Some(rest) => name(rest),
        None => digits(typed.strip_prefix('-').unwrap_or(typed)),
    };
    match good {
        true => Ok(typed.to_owned()),
        false => Err(keys::CONNECTOR_BAD_CHAT.into()),
    }
}

pub(super) fn check_digits(typed: &str) -> Checked<String> {
    match (1..=30).contains(&typed.len()) && typed.bytes().all(|b| b.is_ascii_digit()) {
        true => Ok(typed.to_owned()),
        false => Err(keys::CONNECTOR_NOT_AN_ID.into()),
    }
}

/// A number with its country, in digits (E.164).
pub(super) fn check_phone(typed: &str) -> Checked<String> {
    let digits: String = typed
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '+' | '(' | ')'))
        .collect();
    let whole = (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    match whole && !digits.starts_with('0') {
        true => Ok(digits),
        false => Err(keys::CONNECTOR_BAD_PHONE.into()),
    }
}

pub(super) fn check_template(typed: &str) -> Checked<String> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    match typed.bytes().all(plain) {
        true => Ok(typed.to_owned()),
        false => Err(keys::CONNECTOR_BAD_TEMPLATE.into()),
    }
}

pub(super) fn check_locale(typed: &str) -> Checked<String> {
    let plain = |b: u8| b.is_ascii_alphabetic() || b == b'_';
    match (2..=10).contains(&typed.len()) && typed.bytes().all(plain) {
        true => Ok(typed.to_owned()),
        false => Err(keys::CONNECTOR_BAD_LOCALE.into()),
    }
}

/// A word that programs may send as a number.
pub(super) fn number_or_line(raw: &Raw, e: &mut FieldErrors, field: &str) -> Option<String> {
    match raw.whole_number() {
        Some(number) => Some(number),
        None => raw.line(e, field, MAX_WORD),
    }
}

/// An empty line is none.
pub(super) fn optional(line: Option<String>) -> Option<Option<String>> {
    line.map(|line| Some(line).filter(|line| !line.is_empty()))
}

/// What is sent as a part of an address or of a header has its form.
pub(super) fn check_secret(name: SecretName, secret: &SecretString) -> Checked<()> {
    let text = secret.expose_secret();
    let visible = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    match name {
        SecretName::SigningSecret if !webhook::is_secret(secret) => {
            Err(keys::CONNECTOR_BAD_SIGNING_SECRET.into())
        }
        SecretName::Token if !is_bot_token(text) => Err(keys::CONNECTOR_BAD_TOKEN.into()),
        SecretName::Authorization | SecretName::AccessToken if !visible => {
            Err(keys::CONNECTOR_BAD_SECRET.into())
        }
        _ => Ok(()),
    }
}

/// The token of a bot: it becomes a part of a path.
fn is_bot_token(text: &str) -> bool {
    let Some((id, key)) = text.split_once(':') else {
        return false;
    };
    let key_byte = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    (1..=20).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_digit())
        && (20..=100).contains(&key.len())
        && key.bytes().all(key_byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_are_ours_or_secret_are_refused() {
        for name in [
            "Host",
            "content-length",
            "X-Intrex-Signature",
            "Webhook-Id",
            "X-Forwarded-For",
            "Authorization",
            "Cookie",
            "X-Api-Key",
            "no name",
            "",
        ] {
            assert!(check_header(name, "x").is_err(), "{name}");
        }
        assert_eq!(check_header("X-Team", "ops"), Ok("x-team".into()));
        for value in ["a\r\nb: c", "a\0b", "é", "\u{7f}"] {
            assert!(check_header("X-Team", value).is_err(), "{value:?}");
        }
    }

    #[test]
    fn what_becomes_part_of_a_path_has_its_form() {
        let key = "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";
        assert!(is_bot_token(&format!("123456:{key}")));
        for wrong in ["", "123456", "123456:short", "a:b", "123/../456:x"] {
            assert!(!is_bot_token(wrong), "{wrong}");
        }
        assert!(!is_bot_token(&format!("1:{key}/../..")));
        for (typed, good) in [
            ("-1001234567890", true),
            ("42", true),
            ("@channel", true),
            ("@a", false),
            ("--4", false),
            ("", false),
            ("4?x=1", false),
        ] {
            assert_eq!(check_chat(typed).is_ok(), good, "{typed}");
        }
    }

    #[test]
    fn a_phone_number_has_its_country() {
        let good = Ok("8801712345678".to_owned());
        assert_eq!(check_phone("+880 1712-345678"), good);
        for wrong in ["01712345678", "123", "abc", ""] {
            assert!(check_phone(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_host_and_a_sender_are_one() {
        assert_eq!(
            check_host("Mail.Example.com."),
            Ok("mail.example.com".into())
        );
        assert_eq!(check_host("[2001:db8::1]"), Ok("2001:db8::1".into()));
        assert!(check_host("mail.example.com/x").is_err());
        assert!(check_sender("Intrex <a@example.com>").is_ok());
        for wrong in ["", "nobody", "a@example.com, b@example.com"] {
            assert!(check_sender(wrong).is_err(), "{wrong}");
        }
    }
}
