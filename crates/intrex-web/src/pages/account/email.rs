//! Asking for another e-mail address. It changes when both addresses have agreed.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use intrex_core::{
    Error,
    accounts::email::{self, Asked},
    catalogue::keys,
    permission::Permission,
    raw::Raw,
};
use serde::Deserialize;

use super::{
    super::sign_in::{MAX_FORM_BYTES, SecretField},
    Drawing, Notice,
};
use crate::{
    WebState,
    answer::{Fault, FormView, Page, Place, wait},
    request::{Exchange, Form, Query, Reader, guard::see_other},
    routes::{Access, Kind, Route, Routes, Verb},
};

const PATH: &str = "/settings/email";

pub(super) fn routes(routes: Routes) -> Routes {
    let access = Access::Needs(Permission::AccountOwn);
    routes.page(PATH, access, show).add(
        Route::new(Verb::Post, Kind::Page, PATH, access).max_body(MAX_FORM_BYTES),
        submit,
    )
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawEmail {
    email: Raw,
    old_password: SecretField,
}

/// What a page says that was come to from its own form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct After {
    asked: Option<String>,
}

#[derive(Template)]
#[template(path = "account/email.html")]
struct EmailPage<'a> {
    page: &'a Page,
    form: FormView,
    notice: Option<(&'static str, &'static str, String)>,
    present: String,
    sends_mail: bool,
}

/// `GET /settings/email`
async fn show(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(tx): Reader,
    Query(after): Query<After>,
) -> Result<Response, Fault> {
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::EMAIL_PAGE).await?;
    let drawing = Drawing::new(StatusCode::OK);
    let drawing = match after.asked {
        Some(_) => drawing.saying(Notice::good(keys::EMAIL_ASKED)),
        None => drawing,
    };
    draw(&web, &page, drawing)
}

/// `POST /settings/email`
async fn submit(
    State(web): State<WebState>,
    exchange: Exchange,
    form: Form<RawEmail>,
) -> Result<Response, Fault> {
    let password = form.input.old_password.0;
    let asked = email::ask(&web.app, &form.actor, &form.input.email, password).await;
    let drawing = match asked {
        Ok(Asked::Noted) => return Ok(see_other(&format!("{PATH}?asked=yes"))),
        Ok(Asked::Wait { retry_after_sec }) => Drawing {
            form: FormView::typed(form.typed),
            ..Drawing::wait(retry_after_sec)
        },
        Err(Error::Invalid(errors)) => Drawing {
            form: FormView::typed(form.typed).wrong(&errors, exchange.language()),
            ..Drawing::new(StatusCode::UNPROCESSABLE_ENTITY)
        },
        Err(error) => return Err(error.into()),
    };
    let page = Page::of_actor(&form.actor, &exchange, Place::Settings, keys::EMAIL_PAGE);
    draw(&web, &page, drawing)
}

fn draw(web: &WebState, page: &Page, drawing: Drawing) -> Result<Response, Fault> {
    let template = EmailPage {
        page,
        form: drawing.form,
        notice: drawing.notice.map(|notice| notice.said(page)),
        present: page.me().map(|me| me.email.clone()).unwrap_or_default(),
        sends_mail: web.app.mailer.is_some(),
    };
    let response = page.show_as(drawing.status, &template)?;
    Ok(wait::told(response, drawing.retry_after_sec))
}
