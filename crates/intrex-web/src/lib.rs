//! How people and programs reach Intrex: pages and JSON over HTTP. No SQL: handlers call the commands and reads of
//! `intrex-core`, and differ from the command line and the worker only in where the actor comes from and how the answer
//! is shown.
//!
//! A request passes [`frame`] (host, headers, errors) and the guard of its route ([`request`]), then a handler below
//! [`pages`] or [`api`], one file a noun. [`routes`] is the list of them all; [`answer`] is what goes out.

pub mod answer;
pub mod api;
mod assets;
mod frame;
pub mod pages;
mod probes;
pub mod request;
pub mod routes;
mod state;
mod words;

use std::any::Any;

use axum::{
    Router,
    middleware::from_fn_with_state,
    response::{IntoResponse as _, Response},
};
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};

pub use answer::Fault;
pub use api::openapi;
pub use routes::{RouteInfo, Routes};
pub use state::{DemoPerson, Options, Readiness, WebState};

/// The whole web side as one service.
pub fn router(state: WebState) -> Router {
    let (router, _) = all_routes().finish();
    router
        .method_not_allowed_fallback(async || Fault::WrongMethod)
        .fallback(async || Fault::NOT_FOUND)
        // Only what is the same for everybody: a page that holds a token and repeats what was typed must not be
        // compressed, its length would tell the token (BREACH).
        .layer(CompressionLayer::new().compress_when(is_static))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(state.clone(), frame::frame))
        .with_state(state)
}

/// Every route: method, path, what it needs.
pub fn routes() -> Vec<RouteInfo> {
    all_routes().finish().1
}

fn all_routes() -> Routes {
    Routes::new()
        .with(probes::routes)
        .with(pages::routes)
        .with(api::routes)
}

fn is_static(
    _: axum::http::StatusCode,
    _: axum::http::Version,
    headers: &axum::http::HeaderMap,
    _: &axum::http::Extensions,
) -> bool {
    headers
        .get(axum::http::header::CACHE_CONTROL)
        .is_some_and(|value| value.as_bytes().ends_with(b"immutable"))
}

/// A panic is our fault like any other; what it said stands in the log, written by the panic hook.
fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    Fault::internal("a handler panicked").into_response()
}
