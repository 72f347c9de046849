//! `/api/v1/organisation`: the caller's own.

use axum::{extract::State, response::Response};
use intrex_core::{
    permission::Permission,
    tenants::{self, RawTenantUpdate, Tenant},
};
use utoipa::OpenApi;

use crate::{
    WebState,
    answer::{
        Fault,
        json::{self, IfMatch},
    },
    request::{Exchange, Json, Reader},
    routes::{Access, Kind, Route, Routes, Verb},
};

const PATH: &str = "/api/v1/organisation";

pub(super) fn routes(routes: Routes) -> Routes {
    let write = Access::Needs(Permission::TenantSettings);
    routes
        .api(Verb::Get, PATH, Access::Needs(Permission::TenantRead), show)
        .add(
            Route::new(Verb::Patch, Kind::Api, PATH, write).fresh(),
            update,
        )
}

#[derive(OpenApi)]
#[openapi(paths(show, update))]
pub(super) struct Description;

/// The caller's organisation.
#[utoipa::path(get, path = "/api/v1/organisation", tag = "organisation", responses((status = 200, body = Tenant)))]
async fn show(exchange: Exchange, Reader(mut tx): Reader) -> Result<Response, Fault> {
    let tenant = tenants::reads::current(&mut tx).await?;
    json::read_one(&exchange, tx, &tenant, tenant.id, tenant.version)
}

/// Changes its name, zone, usual lead days and session limits. Needs a fresh second factor.
#[utoipa::path(patch, path = "/api/v1/organisation", tag = "organisation", request_body = RawTenantUpdate,
    params(("If-Match" = Option<String>, Header)),
    responses((status = 200, body = Tenant), (status = 403, body = crate::answer::Problem),
              (status = 412, body = crate::answer::Problem)))]
async fn update(
    State(web): State<WebState>,
    seen: IfMatch,
    sent: Json<RawTenantUpdate>,
) -> Result<Response, Fault> {
    let seen = seen.version_of(sent.actor.tenant())?;
    let tenant = tenants::update(&web.app, &sent.actor, &sent.input, seen).await?;
    json::one(&tenant, tenant.id, tenant.version)
}
