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
    request::{Exchange, Typed, exchange::SentForm},
};

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    page: &'a Page,
    icon: &'static str,
    status: String,
    detail: String,
    errors: Vec<(String, String)>,
    /// Where to ask for the same page once more.
    again: Option<&'a str>,
    /// The form that could not be worked on.
    sent: Option<SentForm>,
}

impl ErrorPage<'_> {
    /// The token to send the form again with. None where a part of it is never sent back, such as a password.
    fn resent(&self) -> Option<(&str, &Typed)> {
        let sent = self.sent.as_ref().filter(|sent| sent.whole)?;
        Some((sent.token.as_deref()?, &sent.typed))
    }

    /// What was typed into it, as far as a person can read it.
    fn typed(&self) -> impl Iterator<Item = &(String, String)> {
        let pairs = self.sent.iter().flat_map(|sent| &sent.typed.0);
        pairs.filter(|(name, text)| {
            !text.is_empty() && (!name.ends_with("_id") || name == "external_id")
        })
    }
}

/// The error's page on an answer that has everything else.
pub(crate) fn write(response: &mut Response, told: &Told, exchange: &Exchange) {
    let page = Page::of_nobody(exchange, told.title);
    let language = exchange.language();
    // The fault is ours: what the person asked for was fine, and nobody shall have to type it twice.
    let passing = told.status.is_server_error();
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
        again: exchange.path_to_read().filter(|_| passing),
        sent: exchange.take_form().filter(|_| passing),
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
