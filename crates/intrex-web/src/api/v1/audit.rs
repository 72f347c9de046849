//! `/api/v1/audit/events`. Reading the log is itself told by an event.

use axum::{extract::State, response::Response};
use chrono_tz::Tz;
use intrex_core::{
    audit::{self, RawAuditFilter, Revealed, reads::AuditEvent},
    ids::EventId,
    obligations::input::RawReason,
    paging,
    permission::Permission,
    security_events,
};
use utoipa::OpenApi;

use crate::{
    WebState,
    answer::{Fault, json},
    request::{Exchange, Json, List, PathId, Reader},
    routes::{Access, Kind, Route, Routes, Verb},
};

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Access::Needs(Permission::AuditRead);
    let reveal_route = Route::new(
        Verb::Post,
        Kind::Api,
        "/api/v1/audit/events/{id}/reveal",
        Access::Needs(Permission::AuditReveal),
    );
    routes
        .api(Verb::Get, "/api/v1/audit/events", read, list)
        .api(Verb::Get, "/api/v1/audit/events/{id}", read, get)
        .add(reveal_route.fresh(), reveal)
}

#[derive(OpenApi)]
#[openapi(paths(list, get, reveal))]
pub(super) struct Description;

/// The audit log, the newest event first; a branch manager sees the events of the own branches.
#[utoipa::path(get, path = "/api/v1/audit/events", tag = "audit", params(
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200), ("cursor" = Option<String>, Query),
    ("action" = Option<String>, Query, description = "such as `obligation.completed`"),
    ("entity_id" = Option<uuid::Uuid>, Query), ("actor_id" = Option<uuid::Uuid>, Query),
    ("from" = Option<String>, Query, description = "recorded at or after: RFC 3339, or a day in UTC"),
    ("to" = Option<String>, Query, description = "recorded before this instant, or until the end of this day in UTC"),
), responses((status = 200, body = paging::Page<AuditEvent>), (status = 422, body = crate::answer::Problem)))]
async fn list(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(mut tx): Reader,
    list: List<RawAuditFilter>,
) -> Result<Response, Fault> {
    let filter = list.filter.parse(Tz::UTC)?;
    let page = audit::reads::list(&mut tx, &filter, &list.page).await?;
    let actor = tx.actor().clone();
    let rows = page.items.len();
    let response = json::read(&exchange, tx, &page)?;
    security_events::note_bulk_read(&web.app, &actor, rows, list.page.is_later()).await?;
    audit::reads::record_reading(&web.app, &actor, "api").await?;
    Ok(response)
}

/// One event of the log.
#[utoipa::path(get, path = "/api/v1/audit/events/{id}", tag = "audit", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = AuditEvent), (status = 404, body = crate::answer::Problem)))]
async fn get(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<EventId>,
) -> Result<Response, Fault> {
    let event = audit::reads::get(&mut tx, id).await?;
    let actor = tx.actor().clone();
    let response = json::read(&exchange, tx, &event)?;
    audit::reads::record_reading(&web.app, &actor, "api").await?;
    Ok(response)
}

/// Shows the address and the device that an event keeps back. The reason is kept with an event of its own.
#[utoipa::path(post, path = "/api/v1/audit/events/{id}/reveal", tag = "audit", params(("id" = uuid::Uuid, Path)),
    request_body = RawReason, responses((status = 200, body = Revealed), (status = 403, body = crate::answer::Problem),
    (status = 404, body = crate::answer::Problem), (status = 422, body = crate::answer::Problem)))]
async fn reveal(
    State(web): State<WebState>,
    PathId(id): PathId<EventId>,
    sent: Json<RawReason>,
) -> Result<Response, Fault> {
    let revealed = audit::reveal(&web.app, &sent.actor, id, &sent.input).await?;
    json::ok(&revealed)
}
