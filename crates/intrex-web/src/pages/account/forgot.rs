//! Asking for a link to set another password. What is answered is the same for every address, whoever has it.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use intrex_core::{
    accounts::reset::{self, Requested},
    catalogue::keys,
};
use serde::Deserialize;

use super::{
    super::{
        seed::Seeded,
        sign_in::{EXPIRED, MAX_FORM_BYTES},
    },
    Drawing, Notice,
};
use crate::{
    WebState,
    answer::{Fault, FormView, Page, wait},
    request::{Anonymous, Exchange},
    routes::{Access, Kind, Route, Routes, Verb},
};

const PATH: &str = "/forgot-password";

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(PATH, Access::Public, show).add(
        Route::new(Verb::Post, Kind::Page, PATH, Access::Public).max_body(MAX_FORM_BYTES),
        submit,
    )
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawAddress {
    email: String,
}

#[derive(Template)]
#[template(path = "account/forgot.html")]
struct ForgotPage<'a> {
    page: &'a Page,
    form: FormView,
    notice: Option<(&'static str, &'static str, String)>,
    /// Whether a link can be sent at all.
    sends_mail: bool,
    /// Whether it was asked for just now.
    asked: bool,
}

/// `GET /forgot-password`
async fn show(State(web): State<WebState>, Seeded(exchange): Seeded) -> Result<Response, Fault> {
    draw(&web, &exchange, Drawing::new(StatusCode::OK), false)
}

/// `POST /forgot-password`
async fn submit(
    State(web): State<WebState>,
    Seeded(exchange): Seeded,
    form: Anonymous<RawAddress>,
) -> Result<Response, Fault> {
    let raw = match form {
        Anonymous::Fresh(raw) => raw,
        Anonymous::Expired(typed) => {
            let drawing = Drawing {
                form: FormView::typed(typed),
                ..Drawing::new(StatusCode::FORBIDDEN).saying(Notice::bad(EXPIRED))
            };
            return draw(&web, &exchange, drawing, false);
        }
    };
    match reset::request(&web.app, exchange.origin(), &raw.email).await? {
        Requested::Noted => {
            let said = Notice::good(keys::FORGOT_NOTED);
            let drawing = Drawing::new(StatusCode::OK).saying(said);
            draw(&web, &exchange, drawing, true)
        }
        Requested::NoMail => draw(&web, &exchange, Drawing::new(StatusCode::OK), false),
        Requested::Wait { retry_after_sec } => {
            draw(&web, &exchange, Drawing::wait(retry_after_sec), false)
        }
    }
}

fn draw(
    web: &WebState,
    exchange: &Exchange,
    drawing: Drawing,
    asked: bool,
) -> Result<Response, Fault> {
    let page = Page::of_nobody(exchange, keys::FORGOT);
    let template = ForgotPage {
        form: drawing.form,
        notice: drawing.notice.map(|notice| notice.said(&page)),
        sends_mail: web.app.mailer.is_some(),
        asked,
        page: &page,
    };
    let response = page.show_as(drawing.status, &template)?;
    Ok(wait::told(response, drawing.retry_after_sec))
}
