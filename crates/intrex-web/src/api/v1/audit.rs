//! `/api/v1/audit/events`. Reading the log is itself told by an event.

use axum::{extract::State, response::Response};
use chrono_tz::Tz;
use intrex_core::{
    audit::{self, RawAuditFilter, reads::AuditEvent},
    paging,
    permission::Permission,
    security_events,
};
use utoipa::OpenApi;

use crate::{
    WebState,
    answer::{Fault, json},
    request::{Exchange, List, Reader},
    routes::{Access, Routes, Verb},
};

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Access::Needs(Permission::AuditRead);
    routes.api(Verb::Get, "/api/v1/audit/events", read, list)
}

#[derive(OpenApi)]
#[openapi(paths(list))]
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
