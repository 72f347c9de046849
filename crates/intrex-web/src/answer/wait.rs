//! Too many tries: how long to wait, said to people in words and to programs in the answer's head.

use axum::{
    http::{HeaderValue, header::RETRY_AFTER},
    response::Response,
};
use intrex_core::catalogue::{Text, keys};

/// What a page says to whoever has to wait: whole minutes, rounded up.
pub(crate) fn words(seconds: i64) -> Text {
    Text::new(keys::SIGN_IN_WAIT).with("minutes", (seconds + 59) / 60)
}

/// The answer, with the seconds to wait where there are any.
pub(crate) fn told(mut response: Response, seconds: Option<i64>) -> Response {
    if let Some(seconds) = seconds {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
