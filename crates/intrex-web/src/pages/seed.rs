//! What the forms of nobody are bound to: a random value in a cookie of ten minutes, replaced by the session at sign-in.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};

use crate::{
    WebState,
    answer::Fault,
    request::{Exchange, cookies},
};

/// Random bytes of a seed.
const SEED_BYTES: usize = 32;

/// A page for nobody whose forms are bound to a seed: the one that the browser has, for ten more minutes, or a new one.
#[derive(Debug)]
pub(crate) struct Seeded(pub(crate) Exchange);

impl FromRequestParts<WebState> for Seeded {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, web: &WebState) -> Result<Self, Fault> {
        let exchange = Exchange::from_request_parts(parts, web).await?;
        plant(&exchange, &parts.headers);
        Ok(Seeded(exchange))
    }
}

fn plant(exchange: &Exchange, headers: &HeaderMap) {
    let seed = match cookies::find(headers, cookies::PRE) {
        cookies::Found::One(seed) if is_seed(seed) => seed.to_owned(),
        _ => B64.encode(exchange.web().app.chance.bytes::<SEED_BYTES>()),
    };
    exchange.set_cookie(cookies::set_pre(&seed));
    exchange.bind_forms(seed.into());
}

fn is_seed(text: &str) -> bool {
    B64.decode(text)
        .is_ok_and(|bytes| bytes.len() == SEED_BYTES)
}
