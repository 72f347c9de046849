//! `/api/v1/health`: whether background work goes on.

use axum::response::Response;
use intrex_core::{
    health::{self, Work},
    permission::Permission,
};
use utoipa::OpenApi;

use crate::{
    answer::{Fault, json},
    request::{Exchange, Reader},
    routes::{Access, Routes, Verb},
};

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Access::Needs(Permission::HealthRead);
    routes.api(Verb::Get, "/api/v1/health", read, show)
}

#[derive(OpenApi)]
#[openapi(paths(show))]
pub(super) struct Description;

/// Each kind of background work: how it stands, when it last succeeded, and what waits for it in the caller's organisation.
#[utoipa::path(get, path = "/api/v1/health", tag = "health", responses((status = 200, body = [Work])))]
async fn show(exchange: Exchange, Reader(mut tx): Reader) -> Result<Response, Fault> {
    let work = health::of_organisation(&mut tx).await?;
    json::read(&exchange, tx, &work)
}
