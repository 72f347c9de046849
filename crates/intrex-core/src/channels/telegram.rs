//! Telegram: a text to one chat by the Bot API. The token is a part of the address, so no address of a request is ever
//! told; a group that has become a supergroup has another id, which the answer names.

use http::{Method, StatusCode};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{
    exchange::{Answer, cut, exchange, json_request},
    letter::Letter,
    outcome::{Attempt, Class, Outcome, Stage},
    retry_after,
};
use crate::{
    App,
    connectors::{Opened, SecretName, TelegramConfig},
};

/// Characters of a message at most (Bot API, sendMessage).
const MAX_TEXT_CHARS: usize = 4_096;
/// Stages after the request itself.
const TOKEN: &str = "token";
const CHAT: &str = "chat";

pub(super) async fn send(
    app: &App,
    by: &Opened,
    config: &TelegramConfig,
    letter: &Letter,
) -> Attempt {
    let text: String = format!("{}\n\n{}", letter.subject, letter.text)
        .chars()
        .take(MAX_TEXT_CHARS)
        .collect();
    // No parse_mode: what somebody typed is words, and never a link or a mention.
    let body = json!({
        "chat_id": config.chat_id, "text": text, "link_preview_options": { "is_disabled": true },
    });
    ask(app, by, config, "sendMessage", &body).await
}

/// Whether the token is one, and whether its bot sees the chat. Nobody gets a message.
pub(super) async fn verify(app: &App, by: &Opened, config: &TelegramConfig) -> Attempt {
    let mut attempt = ask(app, by, config, "getMe", &json!({})).await;
    if !attempt.outcome.is_delivered() {
        attempt
            .stages
            .extend([TOKEN, CHAT].map(|stage| Stage::skipped(stage, None)));
        return attempt;
    }
    let name = said(&attempt.answer, "username").map(|name| format!("@{name}"));
    let token = Stage::passed(TOKEN, attempt.took, name);
    let chat = ask(
        app,
        by,
        config,
        "getChat",
        &json!({ "chat_id": config.chat_id }),
    )
    .await;
    let last = match chat.outcome.is_delivered() {
        true => Stage::passed(CHAT, chat.took, said(&chat.answer, "title")),
        false => Stage::failed(CHAT, chat.took, detail(&chat)),
    };
    let mut stages = attempt.stages;
    stages.extend([token, last]);
    Attempt { stages, ..chat }
}

fn detail(attempt: &Attempt) -> String {
    let failed = attempt.stages.iter().rev().find_map(|s| s.detail.clone());
    failed.unwrap_or_else(|| attempt.outcome.reason().unwrap_or_default().to_owned())
}

fn said(answer: &str, name: &str) -> Option<String> {
    let answer: Value = serde_json::from_str(answer).ok()?;
    Some(cut(answer["result"][name].as_str()?, 200).to_owned())
}

async fn ask(
    app: &App,
    by: &Opened,
    config: &TelegramConfig,
    method: &str,
    body: &Value,
) -> Attempt {
    let token = by.secret(SecretName::Token);
    let url = format!(
        "{}/bot{}/{method}",
        config.base_url.trim_end_matches('/'),
        token.map(|token| token.expose_secret()).unwrap_or_default(),
    );
    let request = json_request(Method::POST, &url, Some(body));
    let sent = exchange(app, request, &by.redaction()).await;
    sent.into_attempt(|answer| outcome(answer, app.now()))
}

/// What an answer means. (Bot API, "Making requests": `ok`, `error_code`, `description`, `parameters`.)
fn outcome(answer: &Answer, now: chrono::DateTime<chrono::Utc>) -> Outcome {
    let said = answer.json();
    if answer.status.is_success() && said["ok"] == true {
        let receipt = said["result"]["message_id"].as_i64();
        return Outcome::Delivered {
            receipt: receipt.map(|id| id.to_string()),
        };
    }
    let parameters = &said["parameters"];
    if let Some(chat) = parameters["migrate_to_chat_id"].as_i64() {
        return Outcome::Moved {
            chat_id: chat.to_string(),
        };
    }
    let again = |class| Outcome::Again { after: None, class };
    match answer.status {
        StatusCode::TOO_MANY_REQUESTS => Outcome::Again {
            after: match parameters["retry_after"].as_u64() {
                Some(seconds) => Some(retry_after::seconds(seconds)),
                None => retry_after::of(&answer.headers, now),
            },
            class: Class::RateLimited,
        },
        // A token that is none has no methods: 404 as well as 401.
        StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND => again(Class::Credentials),
        // The bot was blocked, or thrown out of the group.
        StatusCode::FORBIDDEN => Outcome::Never {
            class: Class::Recipient,
        },
        StatusCode::BAD_REQUEST => {
            let description = said["description"].as_str().unwrap_or_default();
            let about_the_chat = description.to_ascii_lowercase().contains("chat not found");
            Outcome::Never {
                class: match about_the_chat {
                    true => Class::Recipient,
                    false => Class::Content,
                },
            }
        }
        status if status.is_redirection() => again(Class::Redirect),
        status if status.is_server_error() => again(Class::ServerFault),
        // A yes without "ok" is not Telegram.
        status if status.is_success() => again(Class::Protocol),
        _ => again(Class::Refused),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::DateTime;
    use http::HeaderMap;

    use super::*;

    fn answered(status: u16, said: Value) -> Outcome {
        let answer = Answer {
            status: StatusCode::from_u16(status).expect("a status"),
            headers: HeaderMap::new(),
            text: said.to_string(),
        };
        outcome(&answer, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn answers_mean_what_the_bot_api_says() {
        let no = |code: u16, text: &str, parameters: Value| {
            answered(
                code,
                json!({ "ok": false, "error_code": code, "description": text, "parameters": parameters }),
            )
        };
        let never = |class| Outcome::Never { class };
        let again = |class| Outcome::Again { after: None, class };
        assert_eq!(
            answered(200, json!({ "ok": true, "result": { "message_id": 7 } })),
            Outcome::Delivered {
                receipt: Some("7".into())
            }
        );
        let moved = "Bad Request: group chat was upgraded to a supergroup chat";
        assert_eq!(
            no(
                400,
                moved,
                json!({ "migrate_to_chat_id": -1001234567890_i64 })
            ),
            Outcome::Moved {
                chat_id: "-1001234567890".into()
            }
        );
        assert_eq!(
            no(429, "Too Many Requests", json!({ "retry_after": 17 })),
            Outcome::Again {
                after: Some(Duration::from_secs(17)),
                class: Class::RateLimited
            }
        );
        let blocked = "Forbidden: bot was blocked by the user";
        for (code, text, expected) in [
            (401, "Unauthorized", again(Class::Credentials)),
            (404, "Not Found", again(Class::Credentials)),
            (403, blocked, never(Class::Recipient)),
            (400, "Bad Request: chat not found", never(Class::Recipient)),
            (
                400,
                "Bad Request: message is too long",
                never(Class::Content),
            ),
            (502, "Bad Gateway", again(Class::ServerFault)),
            (200, "", again(Class::Protocol)),
        ] {
            assert_eq!(no(code, text, json!({})), expected, "{text}");
        }
    }
}
