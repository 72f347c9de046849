//! `/api/v1/tokens`: one's own API tokens. Made in a session, never by a token.

use axum::{extract::State, http::StatusCode, response::Response};
use intrex_core::{
    ids::TokenId,
    paging,
    permission::Permission,
    tokens::{self, RawToken, Token},
};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::{
    WebState,
    answer::{Fault, json},
    request::{Exchange, Json, List, Nothing, PathId, Reader},
    routes::{Access, Kind, Route, Routes, Verb},
};

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Access::Needs(Permission::TokensRead);
    let write = Access::Needs(Permission::TokensWrite);
    routes
        .api(Verb::Get, "/api/v1/tokens", read, list)
        .add(
            Route::new(Verb::Post, Kind::Api, "/api/v1/tokens", write).fresh(),
            create,
        )
        .api(Verb::Delete, "/api/v1/tokens/{id}", write, revoke)
}

#[derive(OpenApi)]
#[openapi(paths(list, create, revoke))]
pub(super) struct Description;

/// A new token, with its text: shown here once.
#[derive(Serialize, ToSchema)]
struct Minted {
    #[serde(flatten)]
    token: Token,
    /// `itx_…`, for `Authorization: Bearer`. A repeated request with an `Idempotency-Key` does not show it again.
    text: String,
}

/// One's own tokens.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens", params(
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200), ("cursor" = Option<String>, Query),
), responses((status = 200, body = paging::Page<Token>)))]
async fn list(
    exchange: Exchange,
    Reader(mut tx): Reader,
    list: List<Nothing>,
) -> Result<Response, Fault> {
    let page = tokens::reads::list(&mut tx, &list.page).await?;
    json::read(&exchange, tx, &page)
}

/// Makes a token. Needs a fresh second factor; a token makes none.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens", request_body = RawToken,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = Minted), (status = 403, body = crate::answer::Problem), (status = 422, body = crate::answer::Problem)))]
async fn create(State(web): State<WebState>, sent: Json<RawToken>) -> Result<Response, Fault> {
    let made = tokens::create(&web.app, &sent.actor, &sent.input).await?;
    let mut response = json::ok(&Minted {
        token: made.token,
        text: made.text.expose_secret().to_owned(),
    })?;
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

/// Ends a token at once.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "tokens", params(("id" = TokenId, Path)),
    responses((status = 204), (status = 404, body = crate::answer::Problem)))]
async fn revoke(
    State(web): State<WebState>,
    PathId(id): PathId<TokenId>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    tokens::revoke(&web.app, &sent.actor, id).await?;
    Ok(json::done())
}
