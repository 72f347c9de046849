//! `/api/v1/packs`: the packs that come with the program, and taking one over.

use axum::{extract::State, response::Response};
use intrex_core::{
    packs::{self, PackLook, PackSummary, RawApply},
    permission::Permission,
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::{
    WebState,
    answer::{Fault, json},
    request::{Exchange, Json, Reader},
    routes::{Access, Routes, Verb},
};

const COLLECTION: &str = "/api/v1/packs";

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .api(
            Verb::Get,
            COLLECTION,
            Access::Needs(Permission::TemplatesRead),
            list,
        )
        .api(
            Verb::Post,
            COLLECTION,
            Access::Needs(Permission::TemplatesWrite),
            apply,
        )
}

#[derive(OpenApi)]
#[openapi(paths(list, apply))]
pub(super) struct Description;

/// The packs that there are.
#[derive(Debug, Serialize, ToSchema)]
struct Packs {
    /// By name.
    items: Vec<PackSummary>,
}

/// The packs that come with the program, and which version of each the organisation has taken over last.
#[utoipa::path(get, path = "/api/v1/packs", tag = "packs", responses((status = 200, body = Packs)))]
async fn list(exchange: Exchange, Reader(mut tx): Reader) -> Result<Response, Fault> {
    let items = packs::reads::list(&mut tx).await?;
    json::read(&exchange, tx, &Packs { items })
}

/// Takes a pack over: its rules become templates of the organisation. What the organisation has changed stays, unless
/// `overwrite` names its code; what the pack has no more is retired. A dry run says what would change, and changes nothing.
#[utoipa::path(post, path = "/api/v1/packs", tag = "packs", request_body = RawApply,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = PackLook), (status = 422, body = crate::answer::Problem)))]
async fn apply(State(web): State<WebState>, sent: Json<RawApply>) -> Result<Response, Fault> {
    json::ok(&packs::commands::apply(&web.app, &sent.actor, &sent.input).await?)
}
