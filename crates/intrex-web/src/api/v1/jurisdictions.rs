//! `/api/v1/jurisdictions`

use axum::{extract::State, response::Response};
use intrex_core::{
    ids::JurisdictionId,
    jurisdictions::{self, Jurisdiction, JurisdictionFilter, Listed, RawJurisdiction},
    paging,
    permission::Permission,
};
use utoipa::OpenApi;

use crate::{
    WebState,
    answer::{
        Fault,
        json::{self, IfMatch},
    },
    request::{Exchange, Json, List, Nothing, PathId, Reader},
    routes::{Access, Routes, Verb},
};

const COLLECTION: &str = "/api/v1/jurisdictions";
const ONE: &str = "/api/v1/jurisdictions/{id}";

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Access::Needs(Permission::JurisdictionsRead);
    let write = Access::Needs(Permission::JurisdictionsWrite);
    routes
        .api(Verb::Get, COLLECTION, read, list)
        .api(Verb::Post, COLLECTION, write, create)
        .api(Verb::Get, ONE, read, show)
        .api(Verb::Patch, ONE, write, update)
        .api(Verb::Delete, ONE, write, remove)
}

#[derive(OpenApi)]
#[openapi(paths(list, create, show, update, remove))]
pub(super) struct Description;

/// Places by code, so that parts follow what they are part of.
#[utoipa::path(get, path = "/api/v1/jurisdictions", tag = "jurisdictions", params(
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200), ("cursor" = Option<String>, Query),
    ("within" = Option<String>, Query, description = "this place and all of its parts, by its code"),
), responses((status = 200, body = paging::Page<Listed>)))]
async fn list(
    exchange: Exchange,
    Reader(mut tx): Reader,
    list: List<JurisdictionFilter>,
) -> Result<Response, Fault> {
    let page = jurisdictions::reads::list(&mut tx, &list.filter, &list.page).await?;
    json::read(&exchange, tx, &page)
}

/// Enters a place.
#[utoipa::path(post, path = "/api/v1/jurisdictions", tag = "jurisdictions", request_body = RawJurisdiction,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = Jurisdiction), (status = 422, body = crate::answer::Problem)))]
async fn create(
    State(web): State<WebState>,
    sent: Json<RawJurisdiction>,
) -> Result<Response, Fault> {
    let made = jurisdictions::commands::create(&web.app, &sent.actor, &sent.input).await?;
    json::created(COLLECTION, &made, made.place.id, made.place.version)
}

/// One place, with its holidays.
#[utoipa::path(get, path = "/api/v1/jurisdictions/{id}", tag = "jurisdictions", params(("id" = JurisdictionId, Path)),
    responses((status = 200, body = Jurisdiction), (status = 404, body = crate::answer::Problem)))]
async fn show(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<JurisdictionId>,
) -> Result<Response, Fault> {
    let found = jurisdictions::reads::get(&mut tx, id).await?;
    json::read_one(&exchange, tx, &found, found.place.id, found.place.version)
}

/// Changes some of a place's fields. Due dates that stand already stay.
#[utoipa::path(patch, path = "/api/v1/jurisdictions/{id}", tag = "jurisdictions", request_body = RawJurisdiction,
    params(("id" = JurisdictionId, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = Jurisdiction), (status = 412, body = crate::answer::Problem),
              (status = 422, body = crate::answer::Problem)))]
async fn update(
    State(web): State<WebState>,
    PathId(id): PathId<JurisdictionId>,
    seen: IfMatch,
    sent: Json<RawJurisdiction>,
) -> Result<Response, Fault> {
    let seen = seen.version_of(id)?;
    let changed =
        jurisdictions::commands::update(&web.app, &sent.actor, id, &sent.input, seen).await?;
    json::one(&changed, changed.place.id, changed.place.version)
}

/// Removes a place that has neither parts nor branches.
#[utoipa::path(delete, path = "/api/v1/jurisdictions/{id}", tag = "jurisdictions", params(("id" = JurisdictionId, Path)),
    responses((status = 204), (status = 404, body = crate::answer::Problem), (status = 409, body = crate::answer::Problem)))]
async fn remove(
    State(web): State<WebState>,
    PathId(id): PathId<JurisdictionId>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    jurisdictions::commands::remove(&web.app, &sent.actor, id).await?;
    Ok(json::done())
}
