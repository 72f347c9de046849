//! `/api/v1/oidc`: the organisation's own identity providers and the domains that lead to them. Everything that changes
//! something asks for a fresh second factor, and so for a session: whoever decides which provider is believed decides who
//! gets in.

use axum::{extract::State, response::Response};
use intrex_core::{
    ids::{ProviderDomainId, ProviderId},
    oidc::{self, Provider, RawDomain, RawProvider},
    permission::Permission,
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
    routes::{Access, Kind, Route, Routes, Verb},
};

const COLLECTION: &str = "/api/v1/oidc/providers";
const ONE: &str = "/api/v1/oidc/providers/{id}";
const DOMAIN: &str = "/api/v1/oidc/domains/{id}";

pub(super) fn routes(routes: Routes) -> Routes {
    let manage = Access::Needs(Permission::OidcManage);
    let fresh = |verb, path| Route::new(verb, Kind::Api, path, manage).fresh();
    routes
        .api(Verb::Get, COLLECTION, manage, list)
        .add(fresh(Verb::Post, COLLECTION), configure)
        .api(Verb::Get, ONE, manage, show)
        .add(fresh(Verb::Patch, ONE), update)
        .add(fresh(Verb::Delete, ONE), remove)
        .add(
            fresh(Verb::Post, "/api/v1/oidc/providers/{id}/enable"),
            enable,
        )
        .add(
            fresh(Verb::Post, "/api/v1/oidc/providers/{id}/disable"),
            disable,
        )
        .add(
            fresh(Verb::Post, "/api/v1/oidc/providers/{id}/domains"),
            add_domain,
        )
        .add(
            fresh(Verb::Post, "/api/v1/oidc/domains/{id}/prove"),
            prove_domain,
        )
        .add(fresh(Verb::Delete, DOMAIN), remove_domain)
}

#[derive(OpenApi)]
#[openapi(paths(
    list,
    configure,
    show,
    update,
    remove,
    enable,
    disable,
    add_domain,
    prove_domain,
    remove_domain
))]
pub(super) struct Description;

/// Providers: an organisation has few, and all of them are here.
#[derive(Serialize, ToSchema)]
struct Providers {
    items: Vec<Provider>,
    /// Always null.
    #[schema(value_type = Option<String>)]
    next_cursor: Option<&'static str>,
}

/// The organisation's identity providers, by name. A client secret is never among what is read.
#[utoipa::path(get, path = "/api/v1/oidc/providers", tag = "oidc", responses((status = 200, body = Providers)))]
async fn list(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(mut tx): Reader,
) -> Result<Response, Fault> {
    let all = Providers {
        items: oidc::reads::list(&web.app, &mut tx).await?,
        next_cursor: None,
    };
    json::read(&exchange, tx, &all)
}

/// Configures a provider. Needs a fresh second factor.
#[utoipa::path(post, path = "/api/v1/oidc/providers", tag = "oidc", request_body = RawProvider,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = Provider), (status = 403, body = crate::answer::Problem),
              (status = 422, body = crate::answer::Problem)))]
async fn configure(
    State(web): State<WebState>,
    sent: Json<RawProvider>,
) -> Result<Response, Fault> {
    let provider = oidc::configure(&web.app, &sent.actor, &sent.input).await?;
    json::created(COLLECTION, &provider, provider.id, provider.version)
}

/// One provider.
#[utoipa::path(get, path = "/api/v1/oidc/providers/{id}", tag = "oidc", params(("id" = ProviderId, Path)),
    responses((status = 200, body = Provider), (status = 404, body = crate::answer::Problem)))]
async fn show(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<ProviderId>,
) -> Result<Response, Fault> {
    let provider = oidc::reads::get(&web.app, &mut tx, id).await?;
    json::read_one(&exchange, tx, &provider, provider.id, provider.version)
}

/// Changes some of a provider's fields. Needs a fresh second factor. The issuer is for good.
#[utoipa::path(patch, path = "/api/v1/oidc/providers/{id}", tag = "oidc", request_body = RawProvider,
    params(("id" = ProviderId, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = Provider), (status = 404, body = crate::answer::Problem),
              (status = 412, body = crate::answer::Problem), (status = 422, body = crate::answer::Problem)))]
async fn update(
    State(web): State<WebState>,
    PathId(id): PathId<ProviderId>,
    seen: IfMatch,
    sent: Json<RawProvider>,
) -> Result<Response, Fault> {
    let seen = seen.version_of(id)?;
    let provider = oidc::update(&web.app, &sent.actor, id, &sent.input, seen).await?;
    json::one(&provider, provider.id, provider.version)
}

/// Removes a disabled provider, its domains, and what people have linked. Needs a fresh second factor.
#[utoipa::path(delete, path = "/api/v1/oidc/providers/{id}", tag = "oidc", params(("id" = ProviderId, Path)),
    responses((status = 204), (status = 404, body = crate::answer::Problem), (status = 409, body = crate::answer::Problem)))]
async fn remove(
    State(web): State<WebState>,
    PathId(id): PathId<ProviderId>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    oidc::remove(&web.app, &sent.actor, id).await?;
    Ok(json::done())
}

/// Lets people sign in by a provider that answers and has a proven domain. Needs a fresh second factor.
#[utoipa::path(post, path = "/api/v1/oidc/providers/{id}/enable", tag = "oidc", params(("id" = ProviderId, Path)),
    responses((status = 200, body = Provider), (status = 404, body = crate::answer::Problem),
              (status = 409, body = crate::answer::Problem)))]
async fn enable(
    State(web): State<WebState>,
    PathId(id): PathId<ProviderId>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    let provider = oidc::enable(&web.app, &sent.actor, id).await?;
    json::one(&provider, provider.id, provider.version)
}

/// Stops sign-ins by a provider at once. Needs a fresh second factor.
#[utoipa::path(post, path = "/api/v1/oidc/providers/{id}/disable", tag = "oidc", params(("id" = ProviderId, Path)),
    responses((status = 200, body = Provider), (status = 404, body = crate::answer::Problem),
              (status = 409, body = crate::answer::Problem)))]
async fn disable(
    State(web): State<WebState>,
    PathId(id): PathId<ProviderId>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    let provider = oidc::disable(&web.app, &sent.actor, id).await?;
    json::one(&provider, provider.id, provider.version)
}

/// Adds a domain, with the TXT record that will prove it. Needs a fresh second factor.
#[utoipa::path(post, path = "/api/v1/oidc/providers/{id}/domains", tag = "oidc", params(("id" = ProviderId, Path)),
    request_body = RawDomain, responses((status = 200, body = Provider), (status = 404, body = crate::answer::Problem),
              (status = 409, body = crate::answer::Problem), (status = 422, body = crate::answer::Problem)))]
async fn add_domain(
    State(web): State<WebState>,
    PathId(id): PathId<ProviderId>,
    sent: Json<RawDomain>,
) -> Result<Response, Fault> {
    let provider = oidc::add_domain(&web.app, &sent.actor, id, &sent.input).await?;
    json::one(&provider, provider.id, provider.version)
}

/// Looks for the TXT record of a domain. Needs a fresh second factor.
#[utoipa::path(post, path = "/api/v1/oidc/domains/{id}/prove", tag = "oidc", params(("id" = ProviderDomainId, Path)),
    responses((status = 200, body = Provider), (status = 404, body = crate::answer::Problem),
              (status = 409, body = crate::answer::Problem)))]
async fn prove_domain(
    State(web): State<WebState>,
    PathId(id): PathId<ProviderDomainId>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    let provider = oidc::prove_domain(&web.app, &sent.actor, id).await?;
    json::one(&provider, provider.id, provider.version)
}

/// Removes a domain. Needs a fresh second factor. The last proven one of a provider by which people sign in stays.
#[utoipa::path(delete, path = "/api/v1/oidc/domains/{id}", tag = "oidc", params(("id" = ProviderDomainId, Path)),
    responses((status = 204), (status = 404, body = crate::answer::Problem), (status = 409, body = crate::answer::Problem)))]
async fn remove_domain(
    State(web): State<WebState>,
    PathId(id): PathId<ProviderDomainId>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    oidc::remove_domain(&web.app, &sent.actor, id).await?;
    Ok(json::done())
}
