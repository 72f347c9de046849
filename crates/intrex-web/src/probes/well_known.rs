//! The API's description, and where to report a weakness (RFC 9116).

use std::sync::LazyLock;

use axum::{
    extract::State,
    http::{HeaderValue, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use chrono::{SecondsFormat, TimeDelta};

use crate::WebState;

/// How long `security.txt` says that it holds: it is made anew for each request, but copies are kept.
const HOLDS_FOR: TimeDelta = TimeDelta::days(90);

static OPENAPI: LazyLock<String> = LazyLock::new(|| {
    crate::openapi()
        .to_json()
        .expect("a description made of texts")
});

/// `GET /openapi.json`
pub(super) async fn openapi() -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(CONTENT_TYPE, json)], OPENAPI.as_str()).into_response()
}

/// `GET /.well-known/security.txt`
pub(super) async fn security(State(web): State<WebState>) -> Response {
    let base = &web.app.settings.base_url;
    let contact = web.options().security_contact.clone();
    let contact = contact
        .unwrap_or_else(|| format!("mailto:security@{}", base.host_str().unwrap_or("localhost")));
    let expires = (web.app.now() + HOLDS_FOR).to_rfc3339_opts(SecondsFormat::Secs, true);
    let text = format!(
        "Contact: {contact}\nExpires: {expires}\nPreferred-Languages: en\nCanonical: {}/.well-known/security.txt\n",
        web.origin()
    );
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    ([(CONTENT_TYPE, plain)], text).into_response()
}
