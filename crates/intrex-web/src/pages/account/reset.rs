//! Setting another password by the link of a mail. The token stands in the address, so that the page tells it to nobody.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use intrex_core::{
    Error,
    accounts::reset::{self, Open, Outcome},
    catalogue::keys,
};
use serde::Deserialize;

use super::{
    super::{
        invitation::secret,
        seed::Seeded,
        sign_in::{EXPIRED, MAX_FORM_BYTES, SecretField},
    },
    Drawing, Notice,
};
use crate::{
    WebState,
    answer::{Fault, FormView, Page},
    request::{Anonymous, Exchange, guard::see_other},
    routes::{Access, Kind, Route, Routes, Verb},
};

const PATH: &str = "/reset-password/{token}";

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(PATH, Access::Public, show).add(
        Route::new(Verb::Post, Kind::Page, PATH, Access::Public).max_body(MAX_FORM_BYTES),
        submit,
    )
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawPassword {
    password: SecretField,
}

#[derive(Template)]
#[template(path = "account/reset.html")]
struct ResetPage<'a> {
    page: &'a Page,
    form: FormView,
    notice: Option<(&'static str, &'static str, String)>,
    open: Open,
    min: usize,
}

#[derive(Template)]
#[template(path = "account/reset_gone.html")]
struct GonePage<'a> {
    page: &'a Page,
}

/// `GET /reset-password/{token}`
async fn show(
    State(web): State<WebState>,
    Seeded(exchange): Seeded,
    Path(token): Path<String>,
) -> Result<Response, Fault> {
    draw(&web, &exchange, &token, Drawing::new(StatusCode::OK)).await
}

/// `POST /reset-password/{token}`
async fn submit(
    State(web): State<WebState>,
    Seeded(exchange): Seeded,
    Path(token): Path<String>,
    form: Anonymous<RawPassword>,
) -> Result<Response, Fault> {
    let Anonymous::Fresh(raw) = form else {
        let drawing = Drawing::new(StatusCode::FORBIDDEN).saying(Notice::bad(EXPIRED));
        return draw(&web, &exchange, &token, drawing).await;
    };
    match reset::finish(&web.app, exchange.origin(), &token, raw.password.0).await {
        Ok(Outcome::Gone) => gone(&exchange),
        // Both factors are asked for: the link stands in for neither.
        Ok(Outcome::Done) => Ok(secret(see_other("/sign-in"))),
        Err(Error::Invalid(errors)) => {
            let drawing = Drawing {
                form: FormView::empty().wrong(&errors, exchange.language()),
                ..Drawing::new(StatusCode::UNPROCESSABLE_ENTITY)
            };
            draw(&web, &exchange, &token, drawing).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn draw(
    web: &WebState,
    exchange: &Exchange,
    token: &str,
    drawing: Drawing,
) -> Result<Response, Fault> {
    let Some(open) = reset::find(&web.app, exchange.origin(), token).await? else {
        return gone(exchange);
    };
    let page = Page::of_nobody(exchange, keys::RESET);
    let template = ResetPage {
        form: drawing.form,
        notice: drawing.notice.map(|notice| notice.said(&page)),
        min: open.min_password,
        open,
        page: &page,
    };
    Ok(secret(page.show_as(drawing.status, &template)?))
}

fn gone(exchange: &Exchange) -> Result<Response, Fault> {
    let page = Page::of_nobody(exchange, keys::RESET_GONE);
    let template = GonePage { page: &page };
    Ok(secret(page.show_as(StatusCode::NOT_FOUND, &template)?))
}
