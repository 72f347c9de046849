//! `/api/v1/obligations`

use axum::{extract::State, response::Response};
use intrex_core::{
    audit::{self, reads::AuditEvent},
    ids::ObligationId,
    obligations::{
        commands,
        filter::RawFilter,
        input::{RawCompletion, RawObligation, RawReason, RawReschedule},
        model::{Obligation, Settled},
        reads,
    },
    paging,
    permission::Permission,
    reminders::{
        self,
        reads::{ComingView, SlotView},
    },
    security_events,
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::{
    WebState,
    answer::{
        Fault,
        json::{self, IfMatch},
    },
    request::{Exchange, Json, List, PathId, Reader},
    routes::{Access, Routes, Verb},
};

const COLLECTION: &str = "/api/v1/obligations";
/// What one item of a list takes, in bytes: the buffer for the answer is made once.
const BYTES_AN_ITEM: usize = 1_000;

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Access::Needs(Permission::ObligationsRead);
    let create_new = Access::Needs(Permission::ObligationsCreate);
    let change = Access::Needs(Permission::ObligationsUpdate);
    routes
        .api(Verb::Get, COLLECTION, read, list)
        .api(Verb::Post, COLLECTION, create_new, create)
        .api(Verb::Get, "/api/v1/obligations/{id}", read, show)
        .api(Verb::Patch, "/api/v1/obligations/{id}", change, update)
        .api(
            Verb::Post,
            "/api/v1/obligations/{id}/complete",
            Access::Needs(Permission::ObligationsComplete),
            complete,
        )
        .api(
            Verb::Post,
            "/api/v1/obligations/{id}/waive",
            Access::Needs(Permission::ObligationsWaive),
            waive,
        )
        .api(
            Verb::Post,
            "/api/v1/obligations/{id}/reopen",
            change,
            reopen,
        )
        .api(
            Verb::Post,
            "/api/v1/obligations/{id}/reschedule",
            change,
            reschedule,
        )
        .api(
            Verb::Get,
            "/api/v1/obligations/{id}/timeline",
            read,
            timeline,
        )
}

#[derive(OpenApi)]
#[openapi(paths(
    list, create, show, update, complete, waive, reopen, reschedule, timeline
))]
pub(super) struct Description;

/// What happened to an obligation, what was said about it, and what comes next.
#[derive(Serialize, ToSchema)]
struct Timeline {
    /// Its events, the newest first.
    events: Vec<AuditEvent>,
    /// Its reminders as they stand in the ledger, the earliest first: sent, planned, or why not.
    reminders: Vec<SlotView>,
    /// The reminders that are not in the ledger yet, the earliest first.
    coming: Vec<ComingView>,
}

/// Obligations in the caller's reach, by due date.
#[utoipa::path(get, path = "/api/v1/obligations", tag = "obligations", params(
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200),
    ("cursor" = Option<String>, Query),
    ("branch_id" = Option<uuid::Uuid>, Query),
    ("status" = Option<String>, Query,
        description = "`upcoming`, `due_today`, `overdue`, `completed`, `waived`, or `open` for the first three"),
    ("category" = Option<String>, Query), ("severity" = Option<String>, Query),
    ("owner_id" = Option<String>, Query, description = "a person's id, or `none` for what nobody owns"),
    ("template_id" = Option<uuid::Uuid>, Query),
    ("due_from" = Option<chrono::NaiveDate>, Query, description = "due on this date or later"),
    ("due_to" = Option<chrono::NaiveDate>, Query, description = "due on this date or earlier"),
    ("q" = Option<String>, Query, description = "words in title or reference"),
    ("sort" = Option<String>, Query, description = "`due_on` or `-due_on`"),
), responses((status = 200, body = paging::Page<Obligation>), (status = 422, body = crate::answer::Problem)))]
async fn list(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(mut tx): Reader,
    list: List<RawFilter>,
) -> Result<Response, Fault> {
    let page = reads::list(&mut tx, &list.filter.parse()?, &list.page).await?;
    let (actor, rows) = (tx.actor().clone(), page.items.len());
    let response = json::read_page(&exchange, tx, &page, BYTES_AN_ITEM)?;
    security_events::note_bulk_read(&web.app, &actor, rows, list.page.is_later()).await?;
    Ok(response)
}

/// Writes down what a branch owes, by hand or from a template.
#[utoipa::path(post, path = "/api/v1/obligations", tag = "obligations", request_body = RawObligation,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = Obligation), (status = 422, body = crate::answer::Problem)))]
async fn create(State(web): State<WebState>, sent: Json<RawObligation>) -> Result<Response, Fault> {
    let made = commands::create(&web.app, &sent.actor, &sent.input).await?;
    json::created(COLLECTION, &made, made.id, made.version)
}

/// One obligation.
#[utoipa::path(get, path = "/api/v1/obligations/{id}", tag = "obligations", params(("id" = ObligationId, Path)),
    responses((status = 200, body = Obligation), (status = 404, body = crate::answer::Problem)))]
async fn show(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<ObligationId>,
) -> Result<Response, Fault> {
    let item = reads::get(&mut tx, id).await?;
    json::read_one(&exchange, tx, &item, item.id, item.version)
}

/// Changes some fields of an open obligation. Its date is changed by rescheduling, with a reason.
#[utoipa::path(patch, path = "/api/v1/obligations/{id}", tag = "obligations", request_body = RawObligation,
    params(("id" = ObligationId, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = Obligation), (status = 409, body = crate::answer::Problem),
              (status = 412, body = crate::answer::Problem), (status = 422, body = crate::answer::Problem)))]
async fn update(
    State(web): State<WebState>,
    PathId(id): PathId<ObligationId>,
    seen: IfMatch,
    sent: Json<RawObligation>,
) -> Result<Response, Fault> {
    let seen = seen.version_of(id)?;
    let item = commands::update(&web.app, &sent.actor, id, &sent.input, seen).await?;
    json::one(&item, item.id, item.version)
}

/// Marks an obligation as completed; answers it and the next of its series.
#[utoipa::path(post, path = "/api/v1/obligations/{id}/complete", tag = "obligations", request_body = RawCompletion,
    params(("id" = ObligationId, Path), ("If-Match" = Option<String>, Header), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = Settled), (status = 409, body = crate::answer::Problem),
              (status = 422, body = crate::answer::Problem)))]
async fn complete(
    State(web): State<WebState>,
    PathId(id): PathId<ObligationId>,
    seen: IfMatch,
    sent: Json<RawCompletion>,
) -> Result<Response, Fault> {
    let seen = seen.version_of(id)?;
    let settled = commands::complete(&web.app, &sent.actor, id, &sent.input, seen).await?;
    json::one(&settled, settled.item.id, settled.item.version)
}

/// Waives an obligation with a reason; answers it and the next of its series.
#[utoipa::path(post, path = "/api/v1/obligations/{id}/waive", tag = "obligations", request_body = RawReason,
    params(("id" = ObligationId, Path), ("If-Match" = Option<String>, Header), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = Settled), (status = 409, body = crate::answer::Problem),
              (status = 422, body = crate::answer::Problem)))]
async fn waive(
    State(web): State<WebState>,
    PathId(id): PathId<ObligationId>,
    seen: IfMatch,
    sent: Json<RawReason>,
) -> Result<Response, Fault> {
    let seen = seen.version_of(id)?;
    let settled = commands::waive(&web.app, &sent.actor, id, &sent.input, seen).await?;
    json::one(&settled, settled.item.id, settled.item.version)
}

/// Opens again what was completed or waived, with a reason.
#[utoipa::path(post, path = "/api/v1/obligations/{id}/reopen", tag = "obligations", request_body = RawReason,
    params(("id" = ObligationId, Path), ("If-Match" = Option<String>, Header), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = Obligation), (status = 409, body = crate::answer::Problem),
              (status = 422, body = crate::answer::Problem)))]
async fn reopen(
    State(web): State<WebState>,
    PathId(id): PathId<ObligationId>,
    seen: IfMatch,
    sent: Json<RawReason>,
) -> Result<Response, Fault> {
    let seen = seen.version_of(id)?;
    let item = commands::reopen(&web.app, &sent.actor, id, &sent.input, seen).await?;
    json::one(&item, item.id, item.version)
}

/// Moves this one item to another date, with a reason. The dates of its series stay.
#[utoipa::path(post, path = "/api/v1/obligations/{id}/reschedule", tag = "obligations", request_body = RawReschedule,
    params(("id" = ObligationId, Path), ("If-Match" = Option<String>, Header), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = Obligation), (status = 409, body = crate::answer::Problem),
              (status = 422, body = crate::answer::Problem)))]
async fn reschedule(
    State(web): State<WebState>,
    PathId(id): PathId<ObligationId>,
    seen: IfMatch,
    sent: Json<RawReschedule>,
) -> Result<Response, Fault> {
    let seen = seen.version_of(id)?;
    let item = commands::reschedule(&web.app, &sent.actor, id, &sent.input, seen).await?;
    json::one(&item, item.id, item.version)
}

/// What happened to an obligation, and what comes next.
#[utoipa::path(get, path = "/api/v1/obligations/{id}/timeline", tag = "obligations", params(("id" = ObligationId, Path)),
    responses((status = 200, body = Timeline), (status = 404, body = crate::answer::Problem)))]
async fn timeline(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<ObligationId>,
) -> Result<Response, Fault> {
    let timeline = Timeline {
        events: audit::reads::timeline(&mut tx, id).await?,
        reminders: reminders::reads::ledger(&mut tx, id).await?,
        coming: reminders::reads::coming(&mut tx, id).await?,
    };
    json::read(&exchange, tx, &timeline)
}
