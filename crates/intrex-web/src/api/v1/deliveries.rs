//! `/api/v1/deliveries`: what was sent to whom, over what, and what became of it; dead letters are sent again here.

use axum::{extract::State, response::Response};
use chrono_tz::Tz;
use intrex_core::{
    deliveries::{self, Delivery, DeliverySummary, RawDeliveryFilter, RawReplay, Replayed},
    ids::DeliveryId,
    paging,
    permission::Permission,
};
use utoipa::OpenApi;

use crate::{
    WebState,
    answer::{Fault, json},
    request::{Exchange, Json, List, Nothing, PathId, Reader},
    routes::{Access, Routes, Verb},
};

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Access::Needs(Permission::DeliveriesRead);
    let manage = Access::Needs(Permission::DeliveriesManage);
    routes
        .api(Verb::Get, "/api/v1/deliveries", read, list)
        .api(Verb::Post, "/api/v1/deliveries/replay", manage, replay)
        .api(Verb::Get, "/api/v1/deliveries/{id}", read, show)
        .api(Verb::Post, "/api/v1/deliveries/{id}/retry", manage, retry)
}

#[derive(OpenApi)]
#[openapi(paths(list, replay, show, retry))]
pub(super) struct Description;

/// Deliveries, the latest first; a branch manager sees those of the own branches.
#[utoipa::path(get, path = "/api/v1/deliveries", tag = "deliveries", params(
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200), ("cursor" = Option<String>, Query),
    ("state" = Option<String>, Query, description = "`waiting`, `sending`, `delivered`, `dead` or `cancelled`"),
    ("connector" = Option<uuid::Uuid>, Query), ("route" = Option<uuid::Uuid>, Query),
    ("from" = Option<String>, Query, description = "made at or after: RFC 3339, or a day in UTC"),
    ("to" = Option<String>, Query, description = "made before this instant, or until the end of this day in UTC"),
), responses((status = 200, body = paging::Page<DeliverySummary>), (status = 422, body = crate::answer::Problem)))]
async fn list(
    exchange: Exchange,
    Reader(mut tx): Reader,
    list: List<RawDeliveryFilter>,
) -> Result<Response, Fault> {
    let filter = list.filter.parse(Tz::UTC)?;
    let page = deliveries::reads::list(&mut tx, &filter, &list.page).await?;
    json::read(&exchange, tx, &page)
}

/// One delivery with its attempts.
#[utoipa::path(get, path = "/api/v1/deliveries/{id}", tag = "deliveries", params(("id" = DeliveryId, Path)),
    responses((status = 200, body = Delivery), (status = 404, body = crate::answer::Problem)))]
async fn show(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<DeliveryId>,
) -> Result<Response, Fault> {
    let delivery = deliveries::reads::get(&mut tx, id).await?;
    json::read(&exchange, tx, &delivery)
}

/// Sends a dead letter again, under the same id.
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/retry", tag = "deliveries", params(("id" = DeliveryId, Path)),
    responses((status = 200, body = Delivery), (status = 404, body = crate::answer::Problem),
              (status = 409, body = crate::answer::Problem)))]
async fn retry(
    State(web): State<WebState>,
    PathId(id): PathId<DeliveryId>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    json::ok(&deliveries::retry(&web.app, &sent.actor, id).await?)
}

/// Sends the dead letters of a range again, each under its id; with `dry_run` they are counted. Days are days of the
/// organisation's zone.
#[utoipa::path(post, path = "/api/v1/deliveries/replay", tag = "deliveries", request_body = RawReplay,
    responses((status = 200, body = Replayed), (status = 422, body = crate::answer::Problem)))]
async fn replay(State(web): State<WebState>, sent: Json<RawReplay>) -> Result<Response, Fault> {
    json::ok(&deliveries::replay(&web.app, &sent.actor, &sent.input).await?)
}
