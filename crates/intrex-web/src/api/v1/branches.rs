//! `/api/v1/branches`

use axum::{extract::State, response::Response};
use intrex_core::{
    branches::{self, Branch, BranchFilter, RawBranch},
    ids::BranchId,
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

const COLLECTION: &str = "/api/v1/branches";

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Access::Needs(Permission::BranchesRead);
    let write = Access::Needs(Permission::BranchesWrite);
    routes
        .api(Verb::Get, COLLECTION, read, list)
        .api(Verb::Post, COLLECTION, write, create)
        .api(Verb::Get, "/api/v1/branches/{id}", read, show)
        .api(Verb::Patch, "/api/v1/branches/{id}", write, update)
        .api(Verb::Post, "/api/v1/branches/{id}/close", write, close)
        .api(Verb::Post, "/api/v1/branches/{id}/reopen", write, reopen)
}

#[derive(OpenApi)]
#[openapi(paths(list, create, show, update, close, reopen))]
pub(super) struct Description;

/// Branches in the caller's reach, by code.
#[utoipa::path(get, path = "/api/v1/branches", tag = "branches", params(
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200),
    ("cursor" = Option<String>, Query),
    ("status" = Option<String>, Query, description = "`active` or `closed`"),
    ("jurisdiction" = Option<String>, Query, description = "in this place or one of its parts, by its code"),
    ("region" = Option<String>, Query), ("country" = Option<String>, Query), ("type" = Option<String>, Query),
    ("q" = Option<String>, Query, description = "part of the code or the name"),
), responses((status = 200, body = paging::Page<Branch>)))]
async fn list(
    exchange: Exchange,
    Reader(mut tx): Reader,
    list: List<BranchFilter>,
) -> Result<Response, Fault> {
    let page = branches::reads::list(&mut tx, &list.filter, list.page).await?;
    json::read(&exchange, tx, &page)
}

/// Enters a branch.
#[utoipa::path(post, path = "/api/v1/branches", tag = "branches", request_body = RawBranch,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = Branch), (status = 422, body = crate::answer::Problem)))]
async fn create(State(web): State<WebState>, sent: Json<RawBranch>) -> Result<Response, Fault> {
    let branch = branches::create(&web.app, &sent.actor, &sent.input).await?;
    json::created(COLLECTION, &branch, branch.id, branch.version)
}

/// One branch.
#[utoipa::path(get, path = "/api/v1/branches/{id}", tag = "branches", params(("id" = BranchId, Path)),
    responses((status = 200, body = Branch), (status = 404, body = crate::answer::Problem)))]
async fn show(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<BranchId>,
) -> Result<Response, Fault> {
    let branch = branches::reads::get(&mut tx, id).await?;
    json::read_one(&exchange, tx, &branch, branch.id, branch.version)
}

/// Changes some of a branch's fields.
#[utoipa::path(patch, path = "/api/v1/branches/{id}", tag = "branches", request_body = RawBranch,
    params(("id" = BranchId, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = Branch), (status = 412, body = crate::answer::Problem)))]
async fn update(
    State(web): State<WebState>,
    PathId(id): PathId<BranchId>,
    seen: IfMatch,
    sent: Json<RawBranch>,
) -> Result<Response, Fault> {
    let seen = seen.version_of(id)?;
    let branch = branches::update(&web.app, &sent.actor, id, &sent.input, seen).await?;
    json::one(&branch, branch.id, branch.version)
}

/// Notes that a branch is no longer run.
#[utoipa::path(post, path = "/api/v1/branches/{id}/close", tag = "branches", params(("id" = BranchId, Path)),
    responses((status = 200, body = Branch), (status = 409, body = crate::answer::Problem)))]
async fn close(
    State(web): State<WebState>,
    PathId(id): PathId<BranchId>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    let branch = branches::close(&web.app, &sent.actor, id).await?;
    json::one(&branch, branch.id, branch.version)
}

/// Notes that a branch is run again.
#[utoipa::path(post, path = "/api/v1/branches/{id}/reopen", tag = "branches", params(("id" = BranchId, Path)),
    responses((status = 200, body = Branch), (status = 409, body = crate::answer::Problem)))]
async fn reopen(
    State(web): State<WebState>,
    PathId(id): PathId<BranchId>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    let branch = branches::reopen(&web.app, &sent.actor, id).await?;
    json::one(&branch, branch.id, branch.version)
}
