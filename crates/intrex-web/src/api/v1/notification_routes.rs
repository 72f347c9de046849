//! `/api/v1/notification-routes`: who is told of what, by which way, and what a route would have been for.

use axum::{extract::State, response::Response};
use intrex_core::{
    ids::RouteId,
    permission::Permission,
    routes::{self, Preview, RawRoute, Route as NotificationRoute},
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::{
    WebState,
    answer::{
        Fault,
        json::{self, IfMatch},
    },
    request::{Exchange, Json, Nothing, PathId, Reader},
    routes::{Access, Routes, Verb},
};

const COLLECTION: &str = "/api/v1/notification-routes";
const ONE: &str = "/api/v1/notification-routes/{id}";
const PREVIEW: &str = "/api/v1/notification-routes/preview";

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Access::Needs(Permission::RoutesRead);
    let manage = Access::Needs(Permission::RoutesManage);
    routes
        .api(Verb::Get, COLLECTION, read, list)
        .api(Verb::Post, COLLECTION, manage, create)
        .api(Verb::Post, PREVIEW, manage, preview)
        .api(Verb::Get, ONE, read, show)
        .api(Verb::Patch, ONE, manage, update)
        .api(Verb::Delete, ONE, manage, remove)
}

#[derive(OpenApi)]
#[openapi(paths(list, create, show, update, remove, preview))]
pub(super) struct Description;

/// Routes: an organisation has few, and all of them are here. Without any, the built-in one serves.
#[derive(Serialize, ToSchema)]
struct NotificationRoutes {
    items: Vec<NotificationRoute>,
    /// Always null.
    #[schema(value_type = Option<String>)]
    next_cursor: Option<&'static str>,
}

/// The organisation's routes, in the order in which they were made. All that match apply.
#[utoipa::path(get, path = "/api/v1/notification-routes", tag = "notification-routes",
    responses((status = 200, body = NotificationRoutes)))]
async fn list(exchange: Exchange, Reader(mut tx): Reader) -> Result<Response, Fault> {
    let all = NotificationRoutes {
        items: routes::reads::list(&mut tx).await?,
        next_cursor: None,
    };
    json::read(&exchange, tx, &all)
}

/// Makes a route. The first one takes the place of the built-in one.
#[utoipa::path(post, path = "/api/v1/notification-routes", tag = "notification-routes", request_body = RawRoute,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = NotificationRoute), (status = 409, body = crate::answer::Problem),
              (status = 422, body = crate::answer::Problem)))]
async fn create(State(web): State<WebState>, sent: Json<RawRoute>) -> Result<Response, Fault> {
    let route = routes::create(&web.app, &sent.actor, &sent.input).await?;
    json::created(COLLECTION, &route, route.id, route.version)
}

/// Looks back at the last thirty days with a route that is not there yet, or not so. Nothing is kept.
#[utoipa::path(post, path = "/api/v1/notification-routes/preview", tag = "notification-routes", request_body = RawRoute,
    responses((status = 200, body = Preview), (status = 422, body = crate::answer::Problem)))]
async fn preview(State(web): State<WebState>, sent: Json<RawRoute>) -> Result<Response, Fault> {
    json::ok(&routes::preview(&web.app, &sent.actor, &sent.input).await?)
}

/// One route.
#[utoipa::path(get, path = "/api/v1/notification-routes/{id}", tag = "notification-routes", params(("id" = RouteId, Path)),
    responses((status = 200, body = NotificationRoute), (status = 404, body = crate::answer::Problem)))]
async fn show(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<RouteId>,
) -> Result<Response, Fault> {
    let route = routes::reads::get(&mut tx, id).await?;
    json::read_one(&exchange, tx, &route, route.id, route.version)
}

/// Changes some of a route's fields; null empties one. Reminders that were planned and not sent are planned anew.
#[utoipa::path(patch, path = "/api/v1/notification-routes/{id}", tag = "notification-routes", request_body = RawRoute,
    params(("id" = RouteId, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = NotificationRoute), (status = 404, body = crate::answer::Problem),
              (status = 412, body = crate::answer::Problem), (status = 422, body = crate::answer::Problem)))]
async fn update(
    State(web): State<WebState>,
    PathId(id): PathId<RouteId>,
    seen: IfMatch,
    sent: Json<RawRoute>,
) -> Result<Response, Fault> {
    let seen = seen.version_of(id)?;
    let route = routes::update(&web.app, &sent.actor, id, &sent.input, seen).await?;
    json::one(&route, route.id, route.version)
}

/// Removes a route. After the last one the built-in one serves again.
#[utoipa::path(delete, path = "/api/v1/notification-routes/{id}", tag = "notification-routes",
    params(("id" = RouteId, Path)), responses((status = 204), (status = 404, body = crate::answer::Problem)))]
async fn remove(
    State(web): State<WebState>,
    PathId(id): PathId<RouteId>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    routes::remove(&web.app, &sent.actor, id).await?;
    Ok(json::done())
}
