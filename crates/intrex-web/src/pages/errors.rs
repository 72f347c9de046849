//! An error as a page. It needs no database: it must look right when that is what is missing.

use askama::Template;
use axum::{
    body::Body,
    http::{HeaderValue, header::CONTENT_TYPE},
    response::Response,
};
use intrex_core::catalogue::keys;

use crate::{
    answer::{Page, fault::Told},
    request::Exchange,
};

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    page: &'a Page,
    icon: &'static str,
    status: String,
    detail: String,
    errors: Vec<(String, String)>,
}

/// The error's page on an answer that has everything else.
pub(crate) fn write(response: &mut Response, told: &Told, exchange: &Exchange) {
    let page = Page::of_nobody(exchange, told.title);
    let language = exchange.language();
    let errors = told
        .errors
        .iter()
        .map(|error| (error.field.clone(), error.text.to(language)))
        .collect();
    let html = ErrorPage {
        page: &page,
        icon: told.icon,
        status: told.status.to_string(),
        detail: told.detail.to(language),
        errors,
    }
    .render();
    let (media_type, body) = match html {
        Ok(html) => ("text/html; charset=utf-8", html),
        Err(_) => ("text/plain; charset=utf-8", told.status.to_string()),
    };
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    *response.body_mut() = Body::from(body);
}
