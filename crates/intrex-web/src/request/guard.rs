//! What stands in front of every handler and keeps what its route declared: body size and time, who asks, whether they may,
//! and whether the request is a forgery. A handler finds the outcome in its extractors; one that takes none still ran
//! behind all of this.

use axum::{
    body::Body,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{AUTHORIZATION, CONTENT_LENGTH, LOCATION},
        request::Parts,
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use http_body_util::Limited;
use intrex_core::{
    db::ReadTx,
    permission::Permission,
    sessions::{self, FullSession, Session, Stage},
    tokens,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    Exchange, cookies,
    exchange::{Proof, Standing, Who},
    form, next, origin,
};
use crate::{
    answer::Fault,
    routes::{
        Access, Forgery, Freshness, Kind, PASSKEY_PAGE, PASSWORD_PAGE, Route, opens_without_passkey,
    },
};

/// The header by which scripts of ours show that they are ours.
pub(crate) const CSRF_HEADER: &str = "x-csrf-token";

/// Keeps what the route declared.
pub(crate) async fn keep(State(route): State<Route>, request: Request, next: Next) -> Response {
    let Some(exchange) = request.extensions().get::<Exchange>().cloned() else {
        return Fault::internal("a request came around the frame").into_response();
    };
    exchange.is_for(&route);
    let (parts, body) = request.into_parts();
    let work = async {
        let body = limited(&parts.headers, body, route.max_body)?;
        if let Err(fault) = admit(&exchange, &route, &parts).await {
            if fault.is_passing() && route.kind == Kind::Page && route.verb.is_unsafe() {
                form::keep(&exchange, &parts.headers, body).await;
            }
            return Err(fault);
        }
        Ok::<_, Fault>(next.run(Request::from_parts(parts, body)).await)
    };
    let response = match tokio::time::timeout(route.max_time, work).await {
        Ok(Ok(response)) => response,
        Ok(Err(fault)) => fault.into_response(),
        Err(_) => Fault::TooSlow.into_response(),
    };
    // A transaction that no handler took goes back now: what is noted after the answer waits for a connection, and must not
    // wait for this one.
    drop(exchange.take_standing());
    response
}

/// Refuses a body that says it is too large, and stops one that turns out to be.
fn limited(headers: &HeaderMap, body: Body, max: usize) -> Result<Body, Fault> {
    let said = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if said.is_some_and(|said| said > max as u64) {
        return Err(Fault::TooLarge);
    }
    Ok(Body::new(Limited::new(body, max)))
}

/// Finds out who asks, and whether they may.
async fn admit(exchange: &Exchange, route: &Route, request: &Parts) -> Result<(), Fault> {
    let headers = &request.headers;
    let changes = route.verb.is_unsafe();
    match route.access {
        Access::Public => {
            if changes && route.forgery == Forgery::Checked {
                // The form's own field is checked against the browser's seed when the form is read.
                from_own_page(exchange, headers)?;
            }
            Ok(())
        }
        Access::Provisional | Access::AnySession => match session(exchange, request).await? {
            Session::Provisional(begun) => {
                let sid = begun.sid_for_csrf.clone();
                let proof = prove(exchange, route, headers, Credential::Session(sid))?;
                exchange.stands(Standing::Begun(Box::new(begun), proof));
                Ok(())
            }
            Session::Full(tx, full) if route.access == Access::AnySession => {
                let credential = used(exchange, &tx, full);
                enter(exchange, route, headers, *tx, credential).await
            }
            Session::Full(..) => Err(Fault::Elsewhere(next::HOME.to_owned())),
            Session::None => Err(Fault::Unauthenticated(next_of(request))),
        },
        Access::Needs(permission) => {
            let (tx, credential) = authenticated(exchange, route, request).await?;
            allowed(exchange, &tx, permission)?;
            if route.freshness == Freshness::Fresh {
                tx.actor().must_be_fresh(tx.now())?;
            }
            enter(exchange, route, headers, tx, credential).await
        }
    }
}

/// How somebody who is signed in has shown it.
enum Credential {
    /// An API token, which no browser sends by itself.
    Bearer,
    /// The cookie; forms are bound to this session.
    Session(SecretString),
}

/// Who is signed in: by bearer token where the API is asked with one, by cookie otherwise.
async fn authenticated(
    exchange: &Exchange,
    route: &Route,
    request: &Parts,
) -> Result<(ReadTx, Credential), Fault> {
    let app = &exchange.web().app;
    if route.kind == Kind::Api
        && let Some(header) = request.headers.get(AUTHORIZATION)
    {
        let text = bearer(header).ok_or(Fault::Unauthenticated(None))?;
        let tx = tokens::authenticate(app, text, exchange.origin())
            .await?
            .ok_or(Fault::Unauthenticated(None))?;
        if tx.actor().touch_due() {
            exchange.touch(tx.actor().clone());
        }
        return Ok((tx, Credential::Bearer));
    }
    match session(exchange, request).await? {
        // Programs hear 403, because such an actor may do nothing; people are shown the page on which they can.
        Session::Full(_, full)
            if full.must_change_password
                && route.kind == Kind::Page
                && route.path != PASSWORD_PAGE =>
        {
            Err(Fault::Elsewhere(PASSWORD_PAGE.to_owned()))
        }
        Session::Full(_, full)
            if full.must_add_passkey
                && !full.must_change_password
                && route.kind == Kind::Page
                && !opens_without_passkey(route.path) =>
        {
            Err(Fault::Elsewhere(PASSKEY_PAGE.to_owned()))
        }
        Session::Full(tx, full) => {
            let credential = used(exchange, &tx, full);
            Ok((*tx, credential))
        }
        Session::Provisional(begun) if route.kind == Kind::Page => {
            let next = next::query(next_of(request).as_deref());
            Err(Fault::Elsewhere(match begun.stage {
                Stage::MfaSetup => format!("/mfa/setup{next}"),
                _ => format!("/mfa{next}"),
            }))
        }
        Session::Provisional(_) | Session::None => Err(Fault::Unauthenticated(next_of(request))),
    }
}

/// Notes what follows from a session's use: the cookie to renew, the use to record, the name that pages show.
fn used(exchange: &Exchange, tx: &ReadTx, full: FullSession) -> Credential {
    if let Some(refresh) = &full.refresh {
        exchange.set_cookie(cookies::set_session(
            refresh.value.expose_secret(),
            refresh.max_age_sec,
        ));
    }
    if full.touch_due {
        exchange.touch(tx.actor().clone());
    }
    exchange.is_by(Who {
        name: full.person_name,
        email: full.email,
        tenant: full.tenant_name,
        leaving: full.leaving,
    });
    Credential::Session(full.sid_for_csrf)
}

/// The token of `Authorization: Bearer …`; none for any other scheme.
fn bearer(header: &HeaderValue) -> Option<&str> {
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

async fn session(exchange: &Exchange, request: &Parts) -> Result<Session, Fault> {
    match cookies::find(&request.headers, cookies::SESSION) {
        cookies::Found::Nothing => Ok(Session::None),
        cookies::Found::Several => Err(Fault::AmbiguousCookie),
        cookies::Found::One(cookie) => {
            let app = &exchange.web().app;
            Ok(sessions::authenticate(app, cookie, exchange.origin()).await?)
        }
    }
}

fn allowed(exchange: &Exchange, tx: &ReadTx, permission: Permission) -> Result<(), Fault> {
    let allowed = tx.may(permission);
    if allowed.is_err() {
        tracing::info!(request = %exchange.id(), permission = permission.as_str(), "forbidden");
    }
    Ok(allowed.map(drop)?)
}

/// Lets somebody in: with the open transaction to read, with the actor to change something.
async fn enter(
    exchange: &Exchange,
    route: &Route,
    headers: &HeaderMap,
    tx: ReadTx,
    credential: Credential,
) -> Result<(), Fault> {
    let proof = prove(exchange, route, headers, credential)?;
    if route.verb.is_unsafe() {
        let actor = tx.actor().clone();
        // Before the body arrives: somebody who sends slowly must not hold a connection of the database.
        tx.finish().await?;
        exchange.stands(Standing::Acting(Box::new(actor), proof));
    } else {
        exchange.stands(Standing::Reading(Box::new(tx)));
    }
    Ok(())
}

/// Binds the answer's forms to the session, and finds out whether a request that changes something is a forgery, as far as
/// its headers can tell. A wrong `X-CSRF-Token` is refused at once; without one, the form's field must prove it.
fn prove(
    exchange: &Exchange,
    route: &Route,
    headers: &HeaderMap,
    credential: Credential,
) -> Result<Proof, Fault> {
    let Credential::Session(sid) = credential else {
        return Ok(Proof::Given);
    };
    exchange.bind_forms(sid);
    if !route.verb.is_unsafe() {
        return Ok(Proof::InForm);
    }
    from_own_page(exchange, headers)?;
    match headers.get(CSRF_HEADER).map(HeaderValue::to_str) {
        None => Ok(Proof::InForm),
        Some(Ok(token)) if exchange.csrf_holds(token) => Ok(Proof::Given),
        Some(_) => Err(Fault::Forged),
    }
}

fn from_own_page(exchange: &Exchange, headers: &HeaderMap) -> Result<(), Fault> {
    if origin::is_ours(exchange.web().site(), headers) {
        Ok(())
    } else {
        Err(Fault::CrossSite)
    }
}

/// Where the person wanted to go: pages that are read only; a form's answer cannot be asked for again.
fn next_of(request: &Parts) -> Option<String> {
    let path = request.uri.path_and_query()?.as_str();
    (request.method == Method::GET)
        .then(|| next::checked(path).map(str::to_owned))
        .flatten()
}

/// A redirect of ours: `303 See Other`.
pub(crate) fn see_other(path: &str) -> Response {
    let location =
        HeaderValue::try_from(path).unwrap_or_else(|_| HeaderValue::from_static(next::HOME));
    (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response()
}
