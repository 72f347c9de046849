//! `/api/v1/connectors`: the ways to somebody outside. What changes where messages go, or what they prove themselves with,
//! asks for a fresh second factor, and so for a session; looking whether one works, and stopping it, do not.

use axum::{extract::State, response::Response};
use intrex_core::{
    connectors::{self, Connector, Examination, Examined, Made, RawConnector, RawRotation},
    ids::ConnectorId,
    permission::Permission,
};
use secrecy::ExposeSecret as _;
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

const COLLECTION: &str = "/api/v1/connectors";
const ONE: &str = "/api/v1/connectors/{id}";

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Access::Needs(Permission::ConnectorsRead);
    let manage = Access::Needs(Permission::ConnectorsManage);
    let fresh = |verb, path| Route::new(verb, Kind::Api, path, manage).fresh();
    routes
        .api(Verb::Get, COLLECTION, read, list)
        .add(fresh(Verb::Post, COLLECTION), create)
        .api(Verb::Get, ONE, read, show)
        .add(fresh(Verb::Patch, ONE), update)
        .add(fresh(Verb::Delete, ONE), remove)
        .api(Verb::Post, "/api/v1/connectors/{id}/verify", manage, verify)
        .api(Verb::Post, "/api/v1/connectors/{id}/test", manage, test)
        .api(
            Verb::Post,
            "/api/v1/connectors/{id}/disable",
            manage,
            disable,
        )
        .add(fresh(Verb::Post, "/api/v1/connectors/{id}/enable"), enable)
        .add(fresh(Verb::Post, "/api/v1/connectors/{id}/rotate"), rotate)
        .add(
            fresh(Verb::Post, "/api/v1/connectors/{id}/promote"),
            promote,
        )
}

#[derive(OpenApi)]
#[openapi(paths(
    list, create, show, update, remove, verify, test, disable, enable, rotate, promote
))]
pub(super) struct Description;

/// Connectors: an organisation has few, and all of them are here.
#[derive(Serialize, ToSchema)]
struct Connectors {
    items: Vec<Connector>,
    /// Always null.
    #[schema(value_type = Option<String>)]
    next_cursor: Option<&'static str>,
}

/// A connector with the signing secret that was made for it.
#[derive(Serialize, ToSchema)]
struct WithSecret {
    #[serde(flatten)]
    connector: Connector,
    /// Made here because none was given, and not shown again: a repeated request with an `Idempotency-Key` does not have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    signing_secret: Option<String>,
}

impl WithSecret {
    fn of(made: Made) -> Self {
        WithSecret {
            connector: made.connector,
            signing_secret: made
                .signing_secret
                .map(|secret| secret.expose_secret().to_owned()),
        }
    }
}

/// The organisation's connectors, by name. A secret is never among what is read.
#[utoipa::path(get, path = "/api/v1/connectors", tag = "connectors", responses((status = 200, body = Connectors)))]
async fn list(exchange: Exchange, Reader(mut tx): Reader) -> Result<Response, Fault> {
    let all = Connectors {
        items: connectors::reads::list(&mut tx).await?,
        next_cursor: None,
    };
    json::read(&exchange, tx, &all)
}

/// Makes a connector. Needs a fresh second factor.
#[utoipa::path(post, path = "/api/v1/connectors", tag = "connectors", request_body = RawConnector,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = WithSecret), (status = 403, body = crate::answer::Problem),
              (status = 409, body = crate::answer::Problem), (status = 422, body = crate::answer::Problem)))]
async fn create(State(web): State<WebState>, sent: Json<RawConnector>) -> Result<Response, Fault> {
    let made = connectors::create(&web.app, &sent.actor, &sent.input).await?;
    let (id, version) = (made.connector.id, made.connector.version);
    json::created(COLLECTION, &WithSecret::of(made), id, version)
}

/// One connector.
#[utoipa::path(get, path = "/api/v1/connectors/{id}", tag = "connectors", params(("id" = ConnectorId, Path)),
    responses((status = 200, body = Connector), (status = 404, body = crate::answer::Problem)))]
async fn show(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<ConnectorId>,
) -> Result<Response, Fault> {
    let connector = connectors::reads::get(&mut tx, id).await?;
    json::read_one(&exchange, tx, &connector, connector.id, connector.version)
}

/// Changes some of a connector's fields and secrets. Needs a fresh second factor. One that leads elsewhere than before waits
/// until it was verified.
#[utoipa::path(patch, path = "/api/v1/connectors/{id}", tag = "connectors", request_body = RawConnector,
    params(("id" = ConnectorId, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = Connector), (status = 404, body = crate::answer::Problem),
              (status = 412, body = crate::answer::Problem), (status = 422, body = crate::answer::Problem)))]
async fn update(
    State(web): State<WebState>,
    PathId(id): PathId<ConnectorId>,
    seen: IfMatch,
    sent: Json<RawConnector>,
) -> Result<Response, Fault> {
    let seen = seen.version_of(id)?;
    let connector = connectors::update(&web.app, &sent.actor, id, &sent.input, seen).await?;
    json::one(&connector, connector.id, connector.version)
}

/// Removes a disabled connector and its secrets. Needs a fresh second factor.
#[utoipa::path(delete, path = "/api/v1/connectors/{id}", tag = "connectors", params(("id" = ConnectorId, Path)),
    responses((status = 204), (status = 404, body = crate::answer::Problem), (status = 409, body = crate::answer::Problem)))]
async fn remove(
    State(web): State<WebState>,
    PathId(id): PathId<ConnectorId>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    connectors::remove(&web.app, &sent.actor, id).await?;
    Ok(json::done())
}

/// Looks, stage by stage, whether messages would arrive. Nobody gets one; a webhook gets an event `connector.verify`.
#[utoipa::path(post, path = "/api/v1/connectors/{id}/verify", tag = "connectors", params(("id" = ConnectorId, Path)),
    responses((status = 200, body = Examined), (status = 404, body = crate::answer::Problem),
              (status = 429, body = crate::answer::Problem)))]
async fn verify(
    State(web): State<WebState>,
    PathId(id): PathId<ConnectorId>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    examined(connectors::verify(&web.app, &sent.actor, id).await?)
}

/// Sends a message that says that it is a test: mail to whoever asks, anything else to whom the connector leads.
#[utoipa::path(post, path = "/api/v1/connectors/{id}/test", tag = "connectors", params(("id" = ConnectorId, Path)),
    responses((status = 200, body = Examined), (status = 404, body = crate::answer::Problem),
              (status = 409, body = crate::answer::Problem), (status = 429, body = crate::answer::Problem)))]
async fn test(
    State(web): State<WebState>,
    PathId(id): PathId<ConnectorId>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    examined(connectors::test(&web.app, &sent.actor, id).await?)
}

fn examined(examination: Examination) -> Result<Response, Fault> {
    match examination {
        Examination::Done(seen) => json::ok(&*seen),
        Examination::TooSoon { retry_after_sec } => Err(Fault::TooMany(retry_after_sec)),
    }
}

/// Stops sending by a connector, from this moment on.
#[utoipa::path(post, path = "/api/v1/connectors/{id}/disable", tag = "connectors", params(("id" = ConnectorId, Path)),
    responses((status = 200, body = Connector), (status = 404, body = crate::answer::Problem),
              (status = 409, body = crate::answer::Problem)))]
async fn disable(
    State(web): State<WebState>,
    PathId(id): PathId<ConnectorId>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    let connector = connectors::disable(&web.app, &sent.actor, id).await?;
    json::one(&connector, connector.id, connector.version)
}

/// Lets a disabled connector go on. Needs a fresh second factor.
#[utoipa::path(post, path = "/api/v1/connectors/{id}/enable", tag = "connectors", params(("id" = ConnectorId, Path)),
    responses((status = 200, body = Connector), (status = 404, body = crate::answer::Problem),
              (status = 409, body = crate::answer::Problem)))]
async fn enable(
    State(web): State<WebState>,
    PathId(id): PathId<ConnectorId>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    let connector = connectors::enable(&web.app, &sent.actor, id).await?;
    json::one(&connector, connector.id, connector.version)
}

/// Sets another signing secret beside a webhook's present one: both sign until it is promoted, or for 24 hours. Needs a fresh
/// second factor.
#[utoipa::path(post, path = "/api/v1/connectors/{id}/rotate", tag = "connectors", params(("id" = ConnectorId, Path)),
    request_body = RawRotation, responses((status = 200, body = WithSecret), (status = 404, body = crate::answer::Problem),
              (status = 409, body = crate::answer::Problem), (status = 422, body = crate::answer::Problem)))]
async fn rotate(
    State(web): State<WebState>,
    PathId(id): PathId<ConnectorId>,
    sent: Json<RawRotation>,
) -> Result<Response, Fault> {
    let made = connectors::rotate(&web.app, &sent.actor, id, &sent.input).await?;
    let version = made.connector.version;
    json::one(&WithSecret::of(made), id, version)
}

/// The other signing secret takes the present one's place now. Needs a fresh second factor.
#[utoipa::path(post, path = "/api/v1/connectors/{id}/promote", tag = "connectors", params(("id" = ConnectorId, Path)),
    responses((status = 200, body = Connector), (status = 404, body = crate::answer::Problem),
              (status = 409, body = crate::answer::Problem)))]
async fn promote(
    State(web): State<WebState>,
    PathId(id): PathId<ConnectorId>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    let connector = connectors::promote(&web.app, &sent.actor, id).await?;
    json::one(&connector, connector.id, connector.version)
}
