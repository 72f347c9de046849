//! `/api/v1/account/identities`: one's own linked sign-ins. Linking one is a matter between a browser and a provider.

use axum::{extract::State, response::Response};
use intrex_core::{
    ids::IdentityId,
    oidc::{self, Identity},
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

pub(super) fn routes(routes: Routes) -> Routes {
    let own = Access::Needs(Permission::SessionsOwn);
    let one = "/api/v1/account/identities/{id}";
    routes
        .api(Verb::Get, "/api/v1/account/identities", own, list)
        .add(
            Route::new(Verb::Delete, Kind::Api, one, own).fresh(),
            unlink,
        )
}

#[derive(OpenApi)]
#[openapi(paths(list, unlink))]
pub(super) struct Description;

/// Linked sign-ins: a person has few, and all of them are here.
#[derive(Serialize, ToSchema)]
struct Identities {
    items: Vec<Identity>,
    /// Always null.
    #[schema(value_type = Option<String>)]
    next_cursor: Option<&'static str>,
}

/// One's own linked sign-ins, by provider.
#[utoipa::path(get, path = "/api/v1/account/identities", tag = "oidc", responses((status = 200, body = Identities)))]
async fn list(exchange: Exchange, Reader(mut tx): Reader) -> Result<Response, Fault> {
    let all = Identities {
        items: oidc::reads::identities(&mut tx).await?,
        next_cursor: None,
    };
    json::read(&exchange, tx, &all)
}

/// Unlinks one: the provider speaks for this person no more. Needs a fresh second factor.
#[utoipa::path(delete, path = "/api/v1/account/identities/{id}", tag = "oidc", params(("id" = IdentityId, Path)),
    responses((status = 204), (status = 403, body = crate::answer::Problem), (status = 404, body = crate::answer::Problem)))]
async fn unlink(
    State(web): State<WebState>,
    PathId(id): PathId<IdentityId>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    oidc::unlink(&web.app, &sent.actor, id).await?;
    Ok(json::done())
}
