//! `/api/v1/security-events` and `/api/v1/security-thresholds`.

use axum::{extract::State, response::Response};
use intrex_core::{
    ids::SecurityEventId,
    paging,
    permission::Permission,
    security_events::{self, RawSecurityFilter, RawThresholds, SecurityEvent, Thresholds},
};
use utoipa::OpenApi;

use crate::{
    WebState,
    answer::{
        Fault,
        json::{self, IfMatch},
    },
    request::{Exchange, Json, List, Nothing, PathId, Reader},
    routes::{Access, Kind, Route, Routes, Verb},
};

const THRESHOLDS: &str = "/api/v1/security-thresholds";

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Access::Needs(Permission::SecurityRead);
    let write = Access::Needs(Permission::SecurityWrite);
    let acknowledged = "/api/v1/security-events/{id}/acknowledge";
    routes
        .api(Verb::Get, "/api/v1/security-events", read, list)
        .api(Verb::Get, "/api/v1/security-events/{id}", read, show)
        .api(Verb::Post, acknowledged, write, acknowledge)
        .api(Verb::Get, THRESHOLDS, read, thresholds)
        .add(
            Route::new(Verb::Patch, Kind::Api, THRESHOLDS, write).fresh(),
            set_thresholds,
        )
}

#[derive(OpenApi)]
#[openapi(paths(list, show, acknowledge, thresholds, set_thresholds))]
pub(super) struct Description;

/// What somebody should look at, what was seen first latest on top.
#[utoipa::path(get, path = "/api/v1/security-events", tag = "security", params(
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200), ("cursor" = Option<String>, Query),
    ("code" = Option<String>, Query, description = "such as `LOGIN_SPRAY`"),
    ("severity" = Option<String>, Query, description = "`low`, `medium` or `high`"),
    ("open" = Option<bool>, Query, description = "`true` for what nobody has acknowledged alone"),
), responses((status = 200, body = paging::Page<SecurityEvent>), (status = 422, body = crate::answer::Problem)))]
async fn list(
    exchange: Exchange,
    Reader(mut tx): Reader,
    list: List<RawSecurityFilter>,
) -> Result<Response, Fault> {
    let filter = list.filter.parse()?;
    let page = security_events::reads::list(&mut tx, &filter, &list.page).await?;
    json::read(&exchange, tx, &page)
}

/// One security event.
#[utoipa::path(get, path = "/api/v1/security-events/{id}", tag = "security", params(("id" = SecurityEventId, Path)),
    responses((status = 200, body = SecurityEvent), (status = 404, body = crate::answer::Problem)))]
async fn show(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<SecurityEventId>,
) -> Result<Response, Fault> {
    let event = security_events::reads::get(&mut tx, id).await?;
    json::read(&exchange, tx, &event)
}

/// Says that somebody has looked at it. Saying it again changes nothing. A person does so, signed in: with an API token the answer is
/// 403 `session-required`.
#[utoipa::path(post, path = "/api/v1/security-events/{id}/acknowledge", tag = "security",
    params(("id" = SecurityEventId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = SecurityEvent), (status = 403, body = crate::answer::Problem),
              (status = 404, body = crate::answer::Problem)))]
async fn acknowledge(
    State(web): State<WebState>,
    PathId(id): PathId<SecurityEventId>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    let event = security_events::acknowledge(&web.app, &sent.actor, id).await?;
    json::ok(&event)
}

/// From when on the rules speak.
#[utoipa::path(get, path = "/api/v1/security-thresholds", tag = "security", responses((status = 200, body = Thresholds)))]
async fn thresholds(exchange: Exchange, Reader(mut tx): Reader) -> Result<Response, Fault> {
    let tenant = tx.actor().tenant();
    let found = security_events::reads::thresholds(&mut tx).await?;
    json::read_one(&exchange, tx, &found, tenant, found.version)
}

/// Changes from when on the rules speak. Needs a fresh second factor.
#[utoipa::path(patch, path = "/api/v1/security-thresholds", tag = "security", request_body = RawThresholds,
    params(("If-Match" = Option<String>, Header)),
    responses((status = 200, body = Thresholds), (status = 403, body = crate::answer::Problem),
              (status = 412, body = crate::answer::Problem)))]
async fn set_thresholds(
    State(web): State<WebState>,
    seen: IfMatch,
    sent: Json<RawThresholds>,
) -> Result<Response, Fault> {
    let tenant = sent.actor.tenant();
    let seen = seen.version_of(tenant)?;
    let set = security_events::set_thresholds(&web.app, &sent.actor, &sent.input, seen).await?;
    json::one(&set, tenant, set.version)
}
