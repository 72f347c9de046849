//! One request of a channel over HTTP: sent by the guarded way out, told stage by stage, its answer kept without secrets.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header::CONTENT_TYPE};
use serde_json::Value;

use super::{
    outcome::{Attempt, Class, MAX_ANSWER_BYTES, Outcome, on_the_way},
    redact::Redaction,
};
use crate::{
    App,
    outside::http::{Lane, Limits, OutgoingError, Step, Target},
};

/// Characters of an answer that a stage shows.
const MAX_SHOWN: usize = 300;
/// Every step of a request, as stages are called.
const STAGES: [Step; 4] = [Step::Address, Step::Connect, Step::Encrypt, Step::Answer];

/// What became of a request.
pub(super) struct Exchanged {
    pub(super) answer: Result<Answer, OutgoingError>,
    steps: Vec<(Step, Duration)>,
    encrypted: bool,
}

/// An answer, without secrets.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    /// The body as JSON; null if it is not.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }
}

/// A request for an API that speaks JSON.
pub(super) fn json_request(method: Method, url: &str, body: Option<&Value>) -> Request<Vec<u8>> {
    let bytes = body.map(|body| body.to_string().into_bytes());
    let mut request = Request::new(bytes.unwrap_or_default());
    *request.method_mut() = method;
    // An address that is none is refused on the way out.
    if let Ok(target) = Target::parse(url) {
        *request.uri_mut() = target.uri();
    }
    if body.is_some() {
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(CONTENT_TYPE, json);
    }
    request
}

/// Sends a request on a connection of its own. None of its text may hold a secret that `redaction` does not know.
pub(super) async fn exchange(
    app: &App,
    request: Request<Vec<u8>>,
    redaction: &Redaction,
) -> Exchanged {
    exchange_in(app, None, request, redaction).await
}

/// The same on a connection that is kept for the next request of its lane, if it has one: where the other side knows a request
/// again.
pub(super) async fn exchange_in(
    app: &App,
    lane: Option<Lane>,
    request: Request<Vec<u8>>,
    redaction: &Redaction,
) -> Exchanged {
    let encrypted = request.uri().scheme_str() != Some("http");
    let limits = Limits::default();
    let attempt = app.outgoing.attempt_in(lane, request, limits).await;
    let answer = attempt.outcome.map(|response| {
        let (head, body) = response.into_parts();
        let text = redaction.apply(&String::from_utf8_lossy(&body));
        Answer {
            status: head.status,
            headers: head.headers,
            text: cut(&text, MAX_ANSWER_BYTES).to_owned(),
        }
    });
    Exchanged {
        answer,
        steps: attempt.steps,
        encrypted,
    }
}

impl Exchanged {
    /// The attempt that it was: what `outcome` makes of an answer, or that there was none.
    pub(super) fn into_attempt(self, outcome: impl FnOnce(&Answer) -> Outcome) -> Attempt {
        let took = self.steps.iter().map(|(_, took)| *took).sum();
        let (outcome, code, answer) = match &self.answer {
            Ok(answer) => (outcome(answer), Some(answer.status.as_u16()), &*answer.text),
            Err(error) => (failed(*error), None, ""),
        };
        let fault = (!outcome.is_delivered()).then(|| self.fault(&outcome));
        let begun: Vec<_> = self
            .steps
            .iter()
            .map(|(step, took)| (step.as_str(), *took))
            .collect();
        let all: Vec<_> = STAGES
            .into_iter()
            .filter(|step| self.encrypted || *step != Step::Encrypt)
            .map(Step::as_str)
            .collect();
        Attempt {
            stages: on_the_way(&all, &begun, fault),
            answer: answer.to_owned(),
            outcome,
            code,
            took,
        }
    }

    /// What a stage says of an answer that is no yes.
    fn fault(&self, outcome: &Outcome) -> String {
        match &self.answer {
            Ok(answer) => {
                let reason = outcome.reason().unwrap_or_default();
                let said = shown(&answer.text);
                let status = answer.status.as_u16();
                match said.is_empty() {
                    true => format!("{reason}: HTTP {status}"),
                    false => format!("{reason}: HTTP {status}: {said}"),
                }
            }
            Err(error) => error.to_string(),
        }
    }
}

/// A request that had no answer.
pub(super) fn failed(error: OutgoingError) -> Outcome {
    Outcome::Again {
        after: None,
        class: Class::of_outside(error),
    }
}

/// A short line of a text.
pub(super) fn shown(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_SHOWN)
        .collect();
    line.trim().to_owned()
}

/// The beginning of a text, of whole characters.
pub(super) fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}
