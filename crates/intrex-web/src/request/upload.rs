//! A file that a program sends as the body itself: read as a stream, never as a whole.

use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Request},
    http::HeaderMap,
};
use intrex_core::Actor;

use super::{
    Exchange,
    exchange::{Proof, Standing},
};
use crate::{WebState, answer::Fault};

/// A stream from somebody who is signed in and may do this. Its length is limited by the route; what reads it must tell a
/// body that was cut from one that ended ([`Upload::fault`]).
#[derive(Debug)]
pub struct Upload {
    /// Who sends it.
    pub actor: Actor,
    /// What the sender says about it.
    pub headers: HeaderMap,
    /// The stream.
    pub body: Body,
}

impl Upload {
    /// What the caller hears when the stream broke off.
    pub fn fault(error: &axum::Error) -> Fault {
        if super::form::is_too_long(error) {
            Fault::TooLarge
        } else {
            Fault::Malformed(super::fields::malformed("the connection ended early"))
        }
    }
}

impl FromRequest<WebState> for Upload {
    type Rejection = Fault;

    async fn from_request(request: Request, web: &WebState) -> Result<Self, Fault> {
        let (mut parts, body) = request.into_parts();
        let exchange = Exchange::from_request_parts(&mut parts, web).await?;
        match exchange.take_standing() {
            Standing::Acting(actor, Proof::Given) => Ok(Upload {
                actor: *actor,
                headers: parts.headers,
                body,
            }),
            Standing::Acting(_, Proof::InForm) => Err(Fault::Forged),
            _ => Err(Fault::internal("an upload on a route that lets nobody act")),
        }
    }
}
