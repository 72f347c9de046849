//! `/api/v1/notification-preferences`: what the caller would rather not be told outside of Intrex, and whether it comes in a digest.

use axum::{extract::State, response::Response};
use intrex_core::{
    permission::Permission,
    preferences::{self, Preferences, RawPreferences},
};
use utoipa::OpenApi;

use crate::{
    WebState,
    answer::{Fault, json},
    request::{Exchange, Json, Reader},
    routes::{Access, Routes, Verb},
};

const PATH: &str = "/api/v1/notification-preferences";

pub(super) fn routes(routes: Routes) -> Routes {
    let own = Access::Needs(Permission::PreferencesOwn);
    routes
        .api(Verb::Get, PATH, own, show)
        .api(Verb::Put, PATH, own, set)
}

#[derive(OpenApi)]
#[openapi(paths(show, set))]
pub(super) struct Description;

/// Every event that can be routed, whether the organisation lets its people opt out of it, and whether the caller has; and how
/// often the caller gets a digest.
#[utoipa::path(get, path = "/api/v1/notification-preferences", tag = "notification-preferences",
    responses((status = 200, body = Preferences)))]
async fn show(exchange: Exchange, Reader(mut tx): Reader) -> Result<Response, Fault> {
    let own = preferences::reads::own(&mut tx).await?;
    json::read(&exchange, tx, &own)
}

/// Opts out of these events and of no others, and asks for a digest or for none; what is left out stays as it is. What is critical is
/// told all the same, and the inbox has every reminder.
#[utoipa::path(put, path = "/api/v1/notification-preferences", tag = "notification-preferences",
    request_body = RawPreferences,
    responses((status = 200, body = Preferences), (status = 422, body = crate::answer::Problem)))]
async fn set(State(web): State<WebState>, sent: Json<RawPreferences>) -> Result<Response, Fault> {
    json::ok(&preferences::set(&web.app, &sent.actor, &sent.input).await?)
}
