//! Webhooks: the notice as JSON, posted to an address of the organisation's, with two signatures over exactly those bytes.
//! `X-Intrex-Signature` is over the body alone and can be replayed for ever; the Standard Webhooks headers beside it say
//! which message it is and when it was sent.

use base64::{Engine as _, engine::general_purpose::STANDARD as B64};
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{
    HeaderName, HeaderValue, Method, Request, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT},
};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    exchange::{Answer, exchange_in},
    letter::Letter,
    outcome::{Attempt, Class, Outcome, Stage},
    retry_after,
};
use crate::{
    App,
    connectors::{Opened, SecretName, WebhookConfig},
    outside::http::{Lane, Target},
};

/// How a signing secret begins (Standard Webhooks).
const SECRET_PREFIX: &str = "whsec_";
/// Bytes of a signing secret.
pub(crate) const SECRET_BYTES: usize = 32;
/// Fewer are too few to sign with (Standard Webhooks), more are of no use.
const SECRET_LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;
/// The longest body: what receivers are told to make room for.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// Who sends.
const AGENT: &str = concat!("Intrex/", env!("CARGO_PKG_VERSION"));

/// The headers that say from whom a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// `X-Intrex-Signature`.
    pub intrex: String,
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`.
    pub timestamp: String,
    /// `webhook-signature`: one signature, or two while the secret changes.
    pub standard: String,
}

/// Signs a body: by the current secret, and by the next one too where there is one. None if a secret is not one.
pub fn sign(
    current: &SecretString,
    next: Option<&SecretString>,
    id: Uuid,
    at: DateTime<Utc>,
    body: &[u8],
) -> Option<Signed> {
    let key = key_of(current)?;
    let (id, timestamp) = (id.hyphenated().to_string(), at.timestamp().to_string());
    let head = format!("{id}.{timestamp}.");
    let standard = |key: &[u8]| format!("v1,{}", B64.encode(mac(key, &[head.as_bytes(), body])));
    let mut signatures = standard(&key);
    if let Some(next) = next {
        signatures = format!("{signatures} {}", standard(&key_of(next)?));
    }
    Some(Signed {
        intrex: format!("sha256={}", hex::encode(mac(&key, &[body]))),
        id,
        timestamp,
        standard: signatures,
    })
}

/// A new signing secret of these bytes.
pub(crate) fn secret_of(bytes: [u8; SECRET_BYTES]) -> SecretString {
    SecretString::from(format!("{SECRET_PREFIX}{}", B64.encode(bytes)))
}

/// Whether this is a signing secret.
pub(crate) fn is_secret(text: &SecretString) -> bool {
    key_of(text).is_some()
}

/// The bytes that a signing secret stands for.
fn key_of(secret: &SecretString) -> Option<Zeroizing<Vec<u8>>> {
    let encoded = secret.expose_secret().strip_prefix(SECRET_PREFIX)?;
    let key = Zeroizing::new(B64.decode(encoded).ok()?);
    SECRET_LENGTHS.contains(&key.len()).then_some(key)
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

pub(super) async fn send(
    app: &App,
    by: &Opened,
    config: &WebhookConfig,
    letter: &Letter,
) -> Attempt {
    match request(by, config, letter, app.now()) {
        // It carries its id: a receiver knows it again.
        Some(request) => exchange_in(app, Some(Lane::of(by.id.uuid())), request, &by.redaction())
            .await
            .into_attempt(|answer| outcome(answer, app.now())),
        // What was checked when it was typed, or is longer than anything that we write: nothing of it has left.
        None => Attempt {
            outcome: Outcome::Never {
                class: Class::Content,
            },
            code: None,
            answer: String::new(),
            took: std::time::Duration::ZERO,
            stages: vec![Stage::failed(
                "compose",
                std::time::Duration::ZERO,
                Class::Content.as_str().to_owned(),
            )],
        },
    }
}

fn request(
    by: &Opened,
    config: &WebhookConfig,
    letter: &Letter,
    now: DateTime<Utc>,
) -> Option<Request<Vec<u8>>> {
    let body = serde_json::to_vec(&letter.notice).ok()?;
    if body.len() > MAX_BODY_BYTES {
        return None;
    }
    let secret = by.secret(SecretName::SigningSecret)?;
    let signed = sign(secret, by.next_signing_secret(), letter.id, now, &body)?;
    let uri = Target::parse(&config.url).ok()?.uri();
    let mut request = Request::new(body);
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    for (name, value) in &config.headers {
        headers.insert(
            HeaderName::try_from(name).ok()?,
            HeaderValue::try_from(value).ok()?,
        );
    }
    if let Some(value) = by.secret(SecretName::Authorization) {
        let mut value = HeaderValue::try_from(value.expose_secret()).ok()?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    for (name, value) in [
        ("x-intrex-signature", signed.intrex),
        ("webhook-id", signed.id),
        ("webhook-timestamp", signed.timestamp),
        ("webhook-signature", signed.standard),
    ] {
        headers.insert(name, HeaderValue::try_from(value).ok()?);
    }
    Some(request)
}

/// What an answer means. A no of today may be a yes of tomorrow, when somebody has looked at their server; 410 alone says
/// that there will be nobody any more.
fn outcome(answer: &Answer, now: DateTime<Utc>) -> Outcome {
    let status = answer.status;
    if status.is_success() {
        return Outcome::Delivered { receipt: None };
    }
    let class = match status {
        StatusCode::GONE => return Outcome::Gone,
        StatusCode::TOO_MANY_REQUESTS => Class::RateLimited,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Class::Credentials,
        status if status.is_redirection() => Class::Redirect,
        status if status.is_server_error() => Class::ServerFault,
        _ => Class::Refused,
    };
    let asks = matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    );
    let after = asks
        .then(|| retry_after::of(&answer.headers, now))
        .flatten();
    Outcome::Again { after, class }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::HeaderMap;

    use super::*;
    use crate::channels::{EventType, schema};

    /// The example of the Standard Webhooks specification.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn answered(status: u16, headers: &[(&'static str, &'static str)]) -> Outcome {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_static(value));
        }
        let answer = Answer {
            status: StatusCode::from_u16(status).expect("a status"),
            headers: map,
            text: String::new(),
        };
        outcome(&answer, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn signatures_are_those_of_the_specification() {
        let at = DateTime::from_timestamp(1_614_265_330, 0).expect("an instant");
        let body = br#"{"test": 2432232314}"#;
        let signed = sign(&SECRET.into(), None, Uuid::nil(), at, body).expect("signs");
        // Computed by another program (Python's `hmac`) over the same bytes.
        assert_eq!(signed.id, "00000000-0000-0000-0000-000000000000");
        assert_eq!(signed.timestamp, "1614265330");
        assert_eq!(signed.intrex, INTREX);
        assert_eq!(signed.standard, STANDARD);
        let other = secret_of([7; SECRET_BYTES]);
        let both = sign(&SECRET.into(), Some(&other), Uuid::nil(), at, body).expect("signs");
        assert_eq!(both.intrex, INTREX, "the old one until it is promoted");
        assert_eq!(both.standard.split(' ').count(), 2);
        assert!(both.standard.starts_with(STANDARD));
    }
    const INTREX: &str = "sha256=e2cb4f5251572539d458bfb8a7adb533b08801e6a794467e06f771debbb0818b";
    const STANDARD: &str = "v1,Y5/uRWupLQOPxe4D5mBYrd9dRGhY+xtWrnxDwy59WDE=";

    #[test]
    fn the_page_for_receivers_shows_an_event_as_it_is_sent_and_names_every_other() {
        let page = include_str!("../../../../docs/webhooks.md");
        let block = |language: &str| {
            let rest = page.split_once(&format!("\n```{language}\n"));
            let block = rest.and_then(|(_, rest)| rest.split_once("\n```"));
            block.expect("a block of the page").0
        };
        let notice = schema::example(EventType::ObligationDue);
        let body = serde_json::to_string(&notice).expect("JSON");
        assert_eq!(block("json"), body);
        let at = DateTime::from_timestamp(1_795_402_805, 0).expect("an instant");
        let signed = sign(&block("").into(), None, notice.id, at, body.as_bytes());
        let signed = signed.expect("a secret");
        let headers = format!(
            "webhook-id: {}\nwebhook-timestamp: {}\nwebhook-signature: {}\nx-intrex-signature: {}",
            signed.id, signed.timestamp, signed.standard, signed.intrex
        );
        assert_eq!(block("http"), headers);
        for event in EventType::ALL.iter().copied() {
            let file = schema::file_name(event);
            let file_stem = file.trim_end_matches(".json");
            let row = format!(
                "| `{event}` | [{file_stem}](webhooks/{file}) | {} |",
                event.description()
            );
            assert!(page.contains(&row), "docs/webhooks.md lacks the row {row}");
        }
        let room = format!("never longer than {} KiB", MAX_BODY_BYTES / 1024);
        assert!(page.contains(&room));
    }

    #[test]
    fn a_signing_secret_is_24_bytes_at_least() {
        assert!(is_secret(&SECRET.into()));
        assert!(is_secret(&secret_of([0; SECRET_BYTES])));
        for wrong in [
            "",
            "whsec_",
            "whsec_AAAA",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_!!!!",
        ] {
            assert!(!is_secret(&wrong.into()), "{wrong}");
        }
    }

    #[test]
    fn a_yes_is_a_yes_and_everything_else_but_gone_is_tried_again() {
        for status in [200, 201, 202, 204, 299] {
            assert!(answered(status, &[]).is_delivered(), "{status}");
        }
        assert_eq!(answered(410, &[]), Outcome::Gone);
        for status in [301, 302, 307, 400, 401, 404, 408, 422, 500, 502, 504] {
            let after = answered(status, &[("retry-after", "7")]);
            assert!(
                matches!(after, Outcome::Again { after: None, .. }),
                "{status}"
            );
        }
        // In seconds, as a date, in the past, without end, and as nobody can understand.
        for (asked, granted) in [
            ("7", Some(7)),
            ("0", Some(0)),
            ("Thu, 01 Jan 1970 00:02:00 GMT", Some(120)),
            ("Wed, 31 Dec 1969 23:00:00 GMT", Some(0)),
            ("Fri, 01 Jan 2100 00:00:00 GMT", Some(86_400)),
            ("99999999999999999999", Some(86_400)),
            ("soon", None),
            ("-7", None),
            ("", None),
        ] {
            let expected = granted.map(Duration::from_secs);
            for status in [429, 503] {
                let answer = answered(status, &[("retry-after", asked)]);
                assert!(
                    matches!(answer, Outcome::Again { after, .. } if after == expected),
                    "{status} {asked}: {answer:?}"
                );
            }
        }
    }
}
