//! Forms. The only way to a form's fields goes through the check of its token, and the only way to act for somebody who
//! came with a cookie goes through here or through [`super::Json`] and [`super::Upload`]: a handler cannot forget it.

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, header::CONTENT_TYPE},
};
use http_body_util::{BodyExt as _, LengthLimitError};
use intrex_core::{Actor, sessions::Provisional};
use serde::de::DeserializeOwned;

use super::{
    Exchange, Typed,
    exchange::{Proof, SentForm, Standing},
    fields, origin,
};
use crate::{WebState, answer::Fault};

/// The hidden field that carries the token.
pub(crate) const CSRF_FIELD: &str = "csrf_token";
/// Fields that are never shown again. (The page of the second factor shows nothing again: its `code` is a one-time code,
/// while a branch's or a template's is what somebody typed.)
const NEVER_SHOWN_AGAIN: [&str; 3] = ["password", "old_password", "credential"];

/// A form that somebody who is signed in has sent, and that is theirs.
#[derive(Debug)]
pub struct Form<T> {
    /// Who sent it.
    pub actor: Actor,
    /// Its fields.
    pub input: T,
    /// What was typed, to be shown again.
    pub typed: Typed,
}

/// A form of somebody whose second factor is missing.
#[derive(Debug)]
pub struct BegunForm<T> {
    /// Who sent it.
    pub begun: Provisional,
    /// Its fields.
    pub input: T,
}

/// A form of a session with or without the second factor: signing out is open to both.
#[derive(Debug)]
pub enum AnyForm<T> {
    /// Signed in.
    Full {
        /// Who sent it.
        actor: Actor,
        /// Its fields.
        input: T,
    },
    /// The second factor is missing.
    Begun {
        /// Who sent it.
        begun: Provisional,
        /// Its fields.
        input: T,
    },
}

/// A form of somebody who is nobody yet.
#[derive(Debug)]
pub enum Anonymous<T> {
    /// It was opened here a short time ago.
    Fresh(T),
    /// It was open for too long, or never opened here: nothing is done with it but showing it again.
    Expired(Typed),
}

impl<T: DeserializeOwned> FromRequest<WebState> for Form<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, web: &WebState) -> Result<Self, Fault> {
        let (exchange, sent) = Sent::read(request, web).await?;
        match exchange.take_standing() {
            Standing::Acting(actor, proof) => {
                sent.must_prove(&exchange, proof)?;
                Ok(Form {
                    actor: *actor,
                    input: sent.decode()?,
                    typed: sent.typed,
                })
            }
            _ => Err(Fault::internal("a form on a route that lets nobody act")),
        }
    }
}

impl<T: DeserializeOwned> FromRequest<WebState> for BegunForm<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, web: &WebState) -> Result<Self, Fault> {
        let (exchange, sent) = Sent::read(request, web).await?;
        match exchange.take_standing() {
            Standing::Begun(begun, proof) => {
                sent.must_prove(&exchange, proof)?;
                Ok(BegunForm {
                    begun: *begun,
                    input: sent.decode()?,
                })
            }
            _ => Err(Fault::internal(
                "a form on a route without a provisional session",
            )),
        }
    }
}

impl<T: DeserializeOwned> FromRequest<WebState> for AnyForm<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, web: &WebState) -> Result<Self, Fault> {
        let (exchange, sent) = Sent::read(request, web).await?;
        match exchange.take_standing() {
            Standing::Acting(actor, proof) => {
                sent.must_prove(&exchange, proof)?;
                let input = sent.decode()?;
                Ok(AnyForm::Full {
                    actor: *actor,
                    input,
                })
            }
            Standing::Begun(begun, proof) => {
                sent.must_prove(&exchange, proof)?;
                let input = sent.decode()?;
                Ok(AnyForm::Begun {
                    begun: *begun,
                    input,
                })
            }
            _ => Err(Fault::internal("a form on a route without a session")),
        }
    }
}

impl<T: DeserializeOwned> FromRequest<WebState> for Anonymous<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, web: &WebState) -> Result<Self, Fault> {
        let (exchange, sent) = Sent::read(request, web).await?;
        if sent.must_prove(&exchange, Proof::InForm).is_err() {
            return Ok(Anonymous::Expired(sent.typed));
        }
        Ok(Anonymous::Fresh(sent.decode()?))
    }
}

/// A form as it arrived.
struct Sent {
    token: Option<String>,
    pairs: Vec<(String, String)>,
    typed: Typed,
}

/// Keeps a form that cannot be worked on, because nobody can tell whose it is while the database is away. Only one that a
/// page of ours has sent: nobody else shall put words on a page of this site.
pub(crate) async fn keep(exchange: &Exchange, headers: &HeaderMap, body: Body) {
    if origin::is_ours(exchange.web().site(), headers) {
        // What cannot be read is answered in the same way, without the form.
        let _ = Sent::of(exchange, headers, body).await;
    }
}

impl Sent {
    async fn read(request: Request, web: &WebState) -> Result<(Exchange, Self), Fault> {
        let (mut parts, body) = request.into_parts();
        let exchange = Exchange::from_request_parts(&mut parts, web).await?;
        let sent = Self::of(&exchange, &parts.headers, body).await?;
        Ok((exchange, sent))
    }

    async fn of(exchange: &Exchange, headers: &HeaderMap, body: Body) -> Result<Self, Fault> {
        if !is_type(headers, "application/x-www-form-urlencoded") {
            return Err(Fault::WrongType);
        }
        let bytes = read_body(body).await?;
        let mut pairs = fields::pairs(&bytes)
            .ok_or_else(|| Fault::Malformed(fields::malformed("it is not UTF-8")))?;
        let tokens = pairs.iter().filter(|(name, _)| name == CSRF_FIELD).count();
        let token = pairs
            .iter()
            .position(|(name, _)| name == CSRF_FIELD)
            .filter(|_| tokens == 1)
            .map(|at| pairs.remove(at).1);
        let shown = pairs
            .iter()
            .filter(|(name, _)| !NEVER_SHOWN_AGAIN.contains(&name.as_str()))
            .cloned();
        let typed = Typed(shown.collect());
        exchange.keep_form(SentForm {
            token: token.clone(),
            typed: typed.clone(),
            whole: typed.0.len() == pairs.len(),
        });
        Ok(Sent {
            token,
            pairs,
            typed,
        })
    }

    fn must_prove(&self, exchange: &Exchange, proof: Proof) -> Result<(), Fault> {
        let proven = proof == Proof::Given
            || self
                .token
                .as_deref()
                .is_some_and(|token| exchange.csrf_holds(token));
        proven.then_some(()).ok_or(Fault::Forged)
    }

    fn decode<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        Ok(fields::decode(fields::of_pairs(&self.pairs))?)
    }
}

/// The whole body; the guard has limited its length.
pub(crate) async fn read_body(body: Body) -> Result<Bytes, Fault> {
    match body.collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if is_too_long(&error) => Err(Fault::TooLarge),
        Err(_) => Err(Fault::Malformed(fields::malformed(
            "the connection ended early",
        ))),
    }
}

/// Whether a body was cut because it is longer than its route takes.
pub(crate) fn is_too_long(error: &axum::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Whether the body is said to be of this type; parameters do not matter.
pub(crate) fn is_type(headers: &HeaderMap, wanted: &str) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case(wanted))
}
