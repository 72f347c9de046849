//! WhatsApp by the Cloud API. A message that a business begins is a template that Meta has approved, with words for its
//! blanks; nothing else may be sent outside the 24 hours after the recipient has written, so that nothing else is sent.

use http::{HeaderValue, Method, StatusCode, header::AUTHORIZATION};
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
    connectors::{Opened, SecretName, WhatsappConfig},
};

/// Characters of a template's blank at most.
const MAX_WORD_CHARS: usize = 1_000;
/// What stands in a blank for which there is nothing: an empty one is refused.
const NOTHING: &str = "–";
/// Stages after the request itself.
const NUMBER: &str = "number";
const TEMPLATE: &str = "template";

pub(super) async fn send(
    app: &App,
    by: &Opened,
    config: &WhatsappConfig,
    letter: &Letter,
) -> Attempt {
    let words: Vec<Value> = config
        .variables
        .iter()
        .map(|name| json!({ "type": "text", "text": word(letter, name) }))
        .collect();
    let mut template = json!({ "name": config.template, "language": { "code": config.locale } });
    if !words.is_empty() {
        template["components"] = json!([{ "type": "body", "parameters": words }]);
    }
    let body = json!({
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": config.to,
        "type": "template", "template": template,
    });
    let path = format!("{}/messages", config.phone_number_id);
    ask(app, by, config, Method::POST, &path, Some(&body)).await
}

/// A word for a blank: one line, because line ends and rows of spaces are refused.
fn word(letter: &Letter, name: &str) -> String {
    let found = match name {
        "subject" => Some(letter.subject.clone()),
        "text" => Some(letter.text.clone()),
        name => letter.notice.word(name),
    };
    let line = found.unwrap_or_default();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.is_empty() {
        true => NOTHING.to_owned(),
        false => line.chars().take(MAX_WORD_CHARS).collect(),
    }
}

/// Whether the token opens the number, and whether the template can be sent. Nobody gets a message.
pub(super) async fn verify(app: &App, by: &Opened, config: &WhatsappConfig) -> Attempt {
    let path = format!(
        "{}?fields=display_phone_number,verified_name",
        config.phone_number_id
    );
    let mut attempt = ask(app, by, config, Method::GET, &path, None).await;
    if !attempt.outcome.is_delivered() {
        attempt
            .stages
            .extend([NUMBER, TEMPLATE].map(|stage| Stage::skipped(stage, None)));
        return attempt;
    }
    let answer: Value = serde_json::from_str(&attempt.answer).unwrap_or(Value::Null);
    let number = answer["display_phone_number"].as_str();
    let number = number.map(|number| cut(number, 100).to_owned());
    let mut stages = std::mem::take(&mut attempt.stages);
    stages.push(Stage::passed(NUMBER, attempt.took, number));
    let Some(account) = &config.business_account_id else {
        let why = "needs business_account_id";
        stages.push(Stage::skipped(TEMPLATE, Some(why)));
        return Attempt { stages, ..attempt };
    };
    let path = format!(
        "{account}/message_templates?fields=name,status,language&name={}",
        config.template
    );
    let mut found = ask(app, by, config, Method::GET, &path, None).await;
    let stage = match &found.outcome {
        Outcome::Delivered { .. } => match state_of(&found.answer, config) {
            Some(state) if state == "APPROVED" => Stage::passed(TEMPLATE, found.took, Some(state)),
            state => {
                let class = match state.as_deref() {
                    Some("PAUSED") => Class::TemplatePaused,
                    _ => Class::Template,
                };
                found.outcome = Outcome::Again { after: None, class };
                let state = state.unwrap_or_else(|| "not there in this language".to_owned());
                let detail = format!("{}: {state}", class.as_str());
                Stage::failed(TEMPLATE, found.took, detail)
            }
        },
        other => {
            let why = found.stages.iter().rev().find_map(|s| s.detail.clone());
            let reason = other.reason().unwrap_or_default().to_owned();
            Stage::failed(TEMPLATE, found.took, why.unwrap_or(reason))
        }
    };
    stages.push(stage);
    Attempt { stages, ..found }
}

/// The state of the template in its language.
fn state_of(answer: &str, config: &WhatsappConfig) -> Option<String> {
    let answer: Value = serde_json::from_str(answer).ok()?;
    let template = answer["data"].as_array()?.iter().find(|one| {
        one["name"].as_str() == Some(&config.template)
            && one["language"].as_str() == Some(&config.locale)
    })?;
    Some(cut(template["status"].as_str()?, 50).to_owned())
}

async fn ask(
    app: &App,
    by: &Opened,
    config: &WhatsappConfig,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Attempt {
    let url = format!("{}/{path}", config.base_url.trim_end_matches('/'));
    let mut request = json_request(method, &url, body);
    if let Some(token) = by.secret(SecretName::AccessToken)
        && let Ok(mut value) = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()))
    {
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    let sent = exchange(app, request, &by.redaction()).await;
    sent.into_attempt(|answer| outcome(answer, app.now()))
}

/// What an answer means. (Cloud API, "Error codes".)
fn outcome(answer: &Answer, now: chrono::DateTime<chrono::Utc>) -> Outcome {
    let said = answer.json();
    if answer.status.is_success() && said["error"].is_null() && said.is_object() {
        let receipt = said["messages"][0]["id"].as_str();
        return Outcome::Delivered {
            receipt: receipt.map(|id| cut(id, 300).to_owned()),
        };
    }
    let again = |class| Outcome::Again { after: None, class };
    let never = |class| Outcome::Never { class };
    let later = |class| Outcome::Again {
        after: retry_after::of(&answer.headers, now),
        class,
    };
    match said["error"]["code"].as_i64() {
        // The token, or what it may do; the account is locked.
        Some(0 | 3 | 10 | 190 | 200..=299 | 368 | 131005 | 131031) => again(Class::Credentials),
        // Too many calls, too many messages, too many to this one.
        Some(4 | 80007 | 130429 | 131048 | 131056 | 133016) => later(Class::RateLimited),
        // More than 24 hours since the recipient has written.
        Some(131047) => never(Class::Window),
        // It can't be delivered, to ourselves, not on the list of a test number, or by the recipient's choice.
        Some(131026 | 131021 | 131030 | 131045 | 131049 | 131050 | 133010) => {
            never(Class::Recipient)
        }
        Some(132015) => again(Class::TemplatePaused),
        Some(132000..=132016 | 132068 | 132069) => never(Class::Template),
        Some(1 | 2 | 131000 | 131016 | 131057 | 133000..=133015) => again(Class::ServerFault),
        Some(100 | 131008 | 131009 | 131051) => never(Class::Content),
        _ => match answer.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => again(Class::Credentials),
            StatusCode::TOO_MANY_REQUESTS => later(Class::RateLimited),
            status if status.is_redirection() => again(Class::Redirect),
            status if status.is_server_error() => later(Class::ServerFault),
            // A yes that is not JSON is not the Cloud API.
            status if status.is_success() => again(Class::Protocol),
            _ => again(Class::Refused),
        },
    }
}

#[cfg(test)]
mod tests {
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
    fn answers_mean_what_the_cloud_api_says() {
        let never = |class| Outcome::Never { class };
        let again = |class| Outcome::Again { after: None, class };
        let yes = json!({ "messaging_product": "whatsapp", "messages": [{ "id": "wamid.X" }] });
        assert_eq!(
            answered(200, yes),
            Outcome::Delivered {
                receipt: Some("wamid.X".into())
            }
        );
        for (status, code, expected) in [
            (401, 190, again(Class::Credentials)),
            (400, 131047, never(Class::Window)),
            (400, 131026, never(Class::Recipient)),
            (429, 130429, again(Class::RateLimited)),
            (400, 131056, again(Class::RateLimited)),
            (404, 132001, never(Class::Template)),
            (400, 132000, never(Class::Template)),
            (400, 132015, again(Class::TemplatePaused)),
            (400, 132016, never(Class::Template)),
            (500, 131000, again(Class::ServerFault)),
            (400, 100, never(Class::Content)),
            (400, 987654, again(Class::Refused)),
            (503, 987654, again(Class::ServerFault)),
        ] {
            let said = json!({ "error": { "code": code, "message": "no" } });
            assert_eq!(answered(status, said), expected, "{code}");
        }
        assert_eq!(answered(200, json!("<html>")), again(Class::Protocol));
    }
}
