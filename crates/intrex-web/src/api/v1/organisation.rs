//! `/api/v1/organisation`: the caller's own.

use axum::{extract::State, response::Response};
use intrex_core::{
    permission::Permission,
    tenants::{
        self, RawTenantUpdate, Tenant,
        deletion::{self, Pending, RawTenantDeletion, When, reads::Outlook},
    },
};
use utoipa::OpenApi;

use crate::{
    WebState,
    answer::{
        Fault,
        json::{self, IfMatch},
    },
    request::{Exchange, Json, Nothing, Reader},
    routes::{Access, Kind, Route, Routes, Verb},
};

const PATH: &str = "/api/v1/organisation";
const DELETION: &str = "/api/v1/organisation/deletion";

pub(super) fn routes(routes: Routes) -> Routes {
    let write = Access::Needs(Permission::TenantSettings);
    let delete = Access::Needs(Permission::TenantDelete);
    routes
        .api(Verb::Get, PATH, Access::Needs(Permission::TenantRead), show)
        .add(
            Route::new(Verb::Patch, Kind::Api, PATH, write).fresh(),
            update,
        )
        .api(Verb::Get, DELETION, delete, outlook)
        .add(
            Route::new(Verb::Post, Kind::Api, DELETION, delete).fresh(),
            request_deletion,
        )
        .add(
            Route::new(Verb::Delete, Kind::Api, DELETION, delete).fresh(),
            cancel_deletion,
        )
}

#[derive(OpenApi)]
#[openapi(paths(show, update, outlook, request_deletion, cancel_deletion))]
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

/// Whether the organisation is to be deleted, and what would go.
#[utoipa::path(get, path = "/api/v1/organisation/deletion", tag = "organisation", responses((status = 200, body = Outlook)))]
async fn outlook(exchange: Exchange, Reader(mut tx): Reader) -> Result<Response, Fault> {
    let outlook = deletion::reads::outlook(&mut tx).await?;
    json::read(&exchange, tx, &outlook)
}

/// Asks that the organisation be deleted for good, a week from now. Needs a fresh second factor; not for API tokens.
#[utoipa::path(post, path = "/api/v1/organisation/deletion", tag = "organisation", request_body = RawTenantDeletion,
    responses((status = 200, body = Pending), (status = 403, body = crate::answer::Problem),
              (status = 409, body = crate::answer::Problem), (status = 422, body = crate::answer::Problem)))]
async fn request_deletion(
    State(web): State<WebState>,
    sent: Json<RawTenantDeletion>,
) -> Result<Response, Fault> {
    let pending = deletion::request(&web.app, &sent.actor, &sent.input, When::AfterGrace).await?;
    json::ok(&pending)
}

/// Cancels that, until it has begun; where it was not asked for, nothing happens. Needs a fresh second factor; not for API tokens.
#[utoipa::path(delete, path = "/api/v1/organisation/deletion", tag = "organisation",
    responses((status = 200, body = Tenant), (status = 403, body = crate::answer::Problem),
              (status = 409, body = crate::answer::Problem)))]
async fn cancel_deletion(
    State(web): State<WebState>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    let tenant = deletion::cancel(&web.app, &sent.actor).await?;
    json::one(&tenant, tenant.id, tenant.version)
}
