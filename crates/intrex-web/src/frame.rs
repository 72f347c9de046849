//! The outermost layer: every request passes it first and every answer last, whoever made it. It checks the host, finds
//! the client's address, renders errors in the route's own form, and sets the headers.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{
        HeaderName, HeaderValue, Method, StatusCode,
        header::{SET_COOKIE, USER_AGENT},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use intrex_core::{Actor, sessions, tokens};
use secrecy::SecretString;
use tracing::Instrument as _;

use crate::{
    WebState,
    answer::{
        Fault,
        fault::{STEP_UP, Told},
        problem,
    },
    pages,
    request::{
        Exchange, address,
        cookies::{self, Theme},
        exchange::Arrived,
        guard::see_other,
        next,
    },
    routes::Kind,
};

/// Characters of `User-Agent` that are kept.
const MAX_USER_AGENT: usize = 300;

/// Everything around a request.
pub(crate) async fn frame(
    State(web): State<WebState>,
    mut request: Request,
    next: Next,
) -> Response {
    let exchange = begin(&web, &request);
    let method = request.method().clone();
    let asked = web.site().is_asked(request.uri(), request.headers());
    request.extensions_mut().insert(exchange.clone());
    let span = tracing::info_span!("request", id = %exchange.id());
    async move {
        let response = if asked {
            next.run(request).await
        } else {
            Fault::WrongHost.into_response()
        };
        conclude(&web, &exchange, &method, response).await
    }
    .instrument(span)
    .await
}

fn begin(web: &WebState, request: &Request) -> Exchange {
    let headers = request.headers();
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|peer| peer.0.ip());
    let client = peer.map(|peer| address::client(peer, headers, &web.options().trusted_proxies));
    let user_agent = headers
        .get(USER_AGENT)
        .and_then(|agent| agent.to_str().ok())
        .map(|agent| agent.chars().take(MAX_USER_AGENT).collect());
    let path = request.uri().path();
    // Until a route is found: programs below /api hear JSON, everybody else sees a page.
    let kind = if path.starts_with("/api/") {
        Kind::Api
    } else {
        Kind::Page
    };
    let path = request
        .uri()
        .path_and_query()
        .map_or(String::new(), |path| path.as_str().to_owned());
    let device = match cookies::find(headers, cookies::DEVICE) {
        cookies::Found::One(text) => Some(SecretString::from(text)),
        cookies::Found::Nothing | cookies::Found::Several => None,
    };
    let arrived = Arrived {
        client,
        user_agent,
        theme: Theme::of(headers),
        back: next::back(request.method(), &path, web.origin(), headers),
        path,
        device,
    };
    Exchange::new(web.clone(), kind, arrived)
}

/// The answer as it leaves.
async fn conclude(
    web: &WebState,
    exchange: &Exchange,
    method: &Method,
    mut response: Response,
) -> Response {
    if let Some(told) = response.extensions_mut().remove::<Arc<Told>>() {
        render(exchange, &mut response, &told);
    }
    let end = exchange.conclude();
    let headers = response.headers_mut();
    web.headers().apply(headers, exchange.nonce());
    for cookie in end.cookies {
        headers.append(SET_COOKIE, cookie);
    }
    let id = HeaderValue::try_from(exchange.id().to_string()).expect("a UUID is ASCII");
    headers.insert(HeaderName::from_static("x-request-id"), id);
    if let Some(timing) = end
        .timing
        .and_then(|timing| HeaderValue::try_from(timing).ok())
    {
        headers.insert(HeaderName::from_static("server-timing"), timing);
    }
    if let Some(actor) = end.touch {
        note_use(web, &actor).await;
    }
    if let Some(metrics) = web.metrics() {
        let route = end.route.unwrap_or("-");
        metrics.answered(method, route, response.status(), end.took);
    }
    // The path as declared: ids, queries and tokens stay out of the log. The client as LOG_IP_MODE has it.
    tracing::info!(
        %method,
        route = end.route.unwrap_or("-"),
        status = response.status().as_u16(),
        client = web.app.kept_address(exchange.client()),
        ms = u64::try_from(end.took.as_millis()).unwrap_or(u64::MAX),
        "answered"
    );
    response
}

/// Records that a credential was used. If that fails the answer is right all the same.
async fn note_use(web: &WebState, actor: &Actor) {
    let noted = match actor.session_id() {
        Some(_) => sessions::touch(&web.app, actor).await,
        None => tokens::touch(&web.app, actor).await,
    };
    if let Err(error) = noted {
        tracing::warn!(%error, "the use of a credential could not be noted");
    }
}

fn render(exchange: &Exchange, response: &mut Response, told: &Told) {
    match exchange.kind() {
        Kind::Api | Kind::Probe => {
            problem::write(response, told, exchange.id(), exchange.language())
        }
        Kind::Page | Kind::Asset if told.status == StatusCode::UNAUTHORIZED => {
            *response = see_other(&format!("/sign-in{}", next::query(told.next.as_deref())));
        }
        Kind::Page | Kind::Asset if told.slug == STEP_UP => {
            *response = see_other(&format!("/step-up{}", next::query(exchange.back())));
        }
        Kind::Page | Kind::Asset => pages::errors::write(response, told, exchange),
    }
}
