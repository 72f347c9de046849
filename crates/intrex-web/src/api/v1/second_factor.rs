//! `/api/v1/second-factor`: one's own, and recovery codes that stand in for it. Another authenticator app is set up on its
//! page, because the session gets another name by it, as by another password.

use axum::{extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use intrex_core::{
    accounts::authenticator,
    permission::Permission,
    recovery_codes::{self, RecoveryCodes},
};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::{
    WebState,
    answer::{Fault, json},
    request::{Exchange, Json, Nothing, Reader},
    routes::{Access, Kind, Route, Routes, Verb},
};

const PATH: &str = "/api/v1/second-factor";
const CODES: &str = "/api/v1/second-factor/recovery-codes";

pub(super) fn routes(routes: Routes) -> Routes {
    let own = Access::Needs(Permission::SessionsOwn);
    routes
        .api(Verb::Get, PATH, own, show)
        .add(Route::new(Verb::Post, Kind::Api, CODES, own).fresh(), issue)
}

#[derive(OpenApi)]
#[openapi(paths(show, issue))]
pub(super) struct Description;

/// One's second factor.
#[derive(Serialize, ToSchema)]
struct SecondFactor {
    /// Since when the authenticator app counts.
    authenticator_since: Option<DateTime<Utc>>,
    /// What stands in for it.
    recovery_codes: RecoveryCodes,
}

/// Recovery codes that were just made: shown here once.
#[derive(Serialize, ToSchema)]
struct Codes {
    /// Each counts once. A repeated request with an `Idempotency-Key` does not show them again.
    codes: Vec<String>,
}

/// Since when one's authenticator app counts, and how many recovery codes are left.
#[utoipa::path(get, path = "/api/v1/second-factor", tag = "second factor", responses((status = 200, body = SecondFactor)))]
async fn show(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(mut tx): Reader,
) -> Result<Response, Fault> {
    let shown = SecondFactor {
        authenticator_since: authenticator::since(&mut tx).await?,
        recovery_codes: recovery_codes::reads::standing(&web.app, &mut tx).await?,
    };
    json::read(&exchange, tx, &shown)
}

/// Makes recovery codes; the older ones count no more. Needs a fresh second factor; not for API tokens.
#[utoipa::path(post, path = "/api/v1/second-factor/recovery-codes", tag = "second factor",
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = Codes), (status = 403, body = crate::answer::Problem), (status = 409, body = crate::answer::Problem)))]
async fn issue(State(web): State<WebState>, sent: Json<Nothing>) -> Result<Response, Fault> {
    let issued = recovery_codes::issue(&web.app, &sent.actor).await?;
    let codes = issued.codes.iter();
    let mut response = json::ok(&Codes {
        codes: codes.map(|code| code.expose_secret().to_owned()).collect(),
    })?;
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}
