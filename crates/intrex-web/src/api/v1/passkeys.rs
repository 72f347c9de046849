//! `/api/v1/passkeys`: one's own. Adding one is a matter between a page, its browser and an authenticator.

use axum::{extract::State, response::Response};
use intrex_core::{
    ids::PasskeyId,
    passkeys::{self, Passkey, RawName},
    permission::Permission,
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::{
    WebState,
    answer::{Fault, json},
    request::{Exchange, Json, Nothing, PathId, Reader},
    routes::{Access, Kind, Route, Routes, Verb},
};

const ONE: &str = "/api/v1/passkeys/{id}";

pub(super) fn routes(routes: Routes) -> Routes {
    let own = Access::Needs(Permission::SessionsOwn);
    routes
        .api(Verb::Get, "/api/v1/passkeys", own, list)
        .api(Verb::Patch, ONE, own, rename)
        .add(
            Route::new(Verb::Delete, Kind::Api, ONE, own).fresh(),
            remove,
        )
}

#[derive(OpenApi)]
#[openapi(paths(list, rename, remove))]
pub(super) struct Description;

/// Passkeys: a person has few, and all of them are here.
#[derive(Serialize, ToSchema)]
struct Passkeys {
    items: Vec<Passkey>,
    /// Always null.
    #[schema(value_type = Option<String>)]
    next_cursor: Option<&'static str>,
}

/// One's own passkeys, the oldest first.
#[utoipa::path(get, path = "/api/v1/passkeys", tag = "passkeys", responses((status = 200, body = Passkeys)))]
async fn list(exchange: Exchange, Reader(mut tx): Reader) -> Result<Response, Fault> {
    let items = passkeys::reads::list(&mut tx).await?;
    let all = Passkeys {
        items,
        next_cursor: None,
    };
    json::read(&exchange, tx, &all)
}

/// Gives one another name. Not for API tokens.
#[utoipa::path(patch, path = "/api/v1/passkeys/{id}", tag = "passkeys", params(("id" = PasskeyId, Path)), request_body = RawName,
    responses((status = 200, body = Passkey), (status = 403, body = crate::answer::Problem),
              (status = 404, body = crate::answer::Problem)))]
async fn rename(
    State(web): State<WebState>,
    PathId(id): PathId<PasskeyId>,
    sent: Json<RawName>,
) -> Result<Response, Fault> {
    let passkey = passkeys::rename(&web.app, &sent.actor, id, &sent.input).await?;
    json::ok(&passkey)
}

/// Removes one. Needs a fresh second factor. Refused for the last one of a head office admin whose organisation asks for one.
#[utoipa::path(delete, path = "/api/v1/passkeys/{id}", tag = "passkeys", params(("id" = PasskeyId, Path)),
    responses((status = 204), (status = 403, body = crate::answer::Problem), (status = 404, body = crate::answer::Problem),
              (status = 409, body = crate::answer::Problem)))]
async fn remove(
    State(web): State<WebState>,
    PathId(id): PathId<PasskeyId>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    passkeys::remove(&web.app, &sent.actor, id).await?;
    Ok(json::done())
}
