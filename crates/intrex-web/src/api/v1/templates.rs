//! `/api/v1/templates`

use axum::{extract::State, response::Response};
use intrex_core::{
    ids::TemplateId,
    paging,
    permission::Permission,
    raw::Raw,
    templates::{self, RawTemplate, Template},
};
use serde::Deserialize;
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

const COLLECTION: &str = "/api/v1/templates";

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Access::Needs(Permission::TemplatesRead);
    let write = Access::Needs(Permission::TemplatesWrite);
    routes
        .api(Verb::Get, COLLECTION, read, list)
        .api(Verb::Post, COLLECTION, write, create)
        .api(Verb::Get, "/api/v1/templates/{id}", read, show)
        .api(Verb::Put, "/api/v1/templates/{id}", write, update)
        .api(Verb::Post, "/api/v1/templates/{id}/retire", write, retire)
}

#[derive(OpenApi)]
#[openapi(paths(list, create, show, update, retire))]
pub(super) struct Description;

/// What narrows a list of templates.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawFilter {
    active: Raw,
}

/// Templates by title.
#[utoipa::path(get, path = "/api/v1/templates", tag = "templates", params(
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200), ("cursor" = Option<String>, Query),
    ("active" = Option<bool>, Query, description = "whether new obligations can be made from it"),
), responses((status = 200, body = paging::Page<Template>)))]
async fn list(
    exchange: Exchange,
    Reader(mut tx): Reader,
    list: List<RawFilter>,
) -> Result<Response, Fault> {
    let active = templates::parse_active(&list.filter.active)?;
    let page = templates::reads::list(&mut tx, active, &list.page).await?;
    json::read(&exchange, tx, &page)
}

/// Writes a template of the organisation's own.
#[utoipa::path(post, path = "/api/v1/templates", tag = "templates", request_body = RawTemplate,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = Template), (status = 422, body = crate::answer::Problem)))]
async fn create(State(web): State<WebState>, sent: Json<RawTemplate>) -> Result<Response, Fault> {
    let made = templates::commands::create(&web.app, &sent.actor, &sent.input, None).await?;
    json::created(COLLECTION, &made, made.id, made.version)
}

/// One template.
#[utoipa::path(get, path = "/api/v1/templates/{id}", tag = "templates", params(("id" = TemplateId, Path)),
    responses((status = 200, body = Template), (status = 404, body = crate::answer::Problem)))]
async fn show(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<TemplateId>,
) -> Result<Response, Fault> {
    let found = templates::reads::get(&mut tx, id).await?;
    json::read_one(&exchange, tx, &found, found.id, found.version)
}

/// Writes a template in place of the old one; its code stays. Obligations that were made from it stay as they are.
#[utoipa::path(put, path = "/api/v1/templates/{id}", tag = "templates", request_body = RawTemplate,
    params(("id" = TemplateId, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = Template), (status = 412, body = crate::answer::Problem),
              (status = 422, body = crate::answer::Problem)))]
async fn update(
    State(web): State<WebState>,
    PathId(id): PathId<TemplateId>,
    seen: IfMatch,
    sent: Json<RawTemplate>,
) -> Result<Response, Fault> {
    let seen = seen.version_of(id)?;
    let changed = templates::commands::update(&web.app, &sent.actor, id, &sent.input, seen).await?;
    json::one(&changed, changed.id, changed.version)
}

/// Stops making obligations from a template.
#[utoipa::path(post, path = "/api/v1/templates/{id}/retire", tag = "templates", params(("id" = TemplateId, Path)),
    responses((status = 200, body = Template), (status = 404, body = crate::answer::Problem)))]
async fn retire(
    State(web): State<WebState>,
    PathId(id): PathId<TemplateId>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    let retired = templates::commands::retire(&web.app, &sent.actor, id).await?;
    json::one(&retired, retired.id, retired.version)
}
