//! Stepping up: both factors again, before what is dangerous. Whoever comes here wanted another page, and is led there
//! afterwards.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::Response,
};
use intrex_core::{
    catalogue::{Text, keys},
    error::FieldError,
    permission::Permission,
    sessions::{self, Proof, StepUp},
};
use serde::Deserialize;

use super::sign_in::{MAX_FORM_BYTES, Next, SecretField, minutes, start};
use crate::{
    WebState,
    answer::{Fault, FormView, Page},
    request::{Exchange, Form, Query, Reader, guard::see_other},
    routes::{Access, Kind, Route, Routes, Verb},
};

const OWN: Access = Access::Needs(Permission::SessionsOwn);

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page("/step-up", OWN, show).add(
        Route::new(Verb::Post, Kind::Page, "/step-up", OWN).max_body(MAX_FORM_BYTES),
        submit,
    )
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawStepUp {
    password: SecretField,
    code: String,
}

#[derive(Template)]
#[template(path = "sign_in/step_up.html")]
struct StepUpPage<'a> {
    page: &'a Page,
    form: FormView,
    notice: Option<String>,
    next: String,
}

/// `GET /step-up`
async fn show(
    exchange: Exchange,
    Reader(tx): Reader,
    Query(next): Query<Next>,
) -> Result<Response, Fault> {
    let page = Page::of_reader(tx, &exchange, None, keys::STEP_UP).await?;
    draw(&page, &next, StatusCode::OK, FormView::empty(), None)
}

/// `POST /step-up`
async fn submit(
    State(web): State<WebState>,
    exchange: Exchange,
    Query(next): Query<Next>,
    form: Form<RawStepUp>,
) -> Result<Response, Fault> {
    // Apps show the digits with a gap, and people type it.
    let code: String = form.input.code.split_whitespace().collect();
    let password = form.input.password.0;
    let outcome = sessions::step_up(&web.app, &form.actor, password, Proof::Code(&code)).await?;
    let page = Page::of_actor(&form.actor, &exchange, None, keys::STEP_UP);
    match outcome {
        StepUp::Done(cookie) => {
            start(&exchange, &cookie);
            Ok(see_other(next.destination()))
        }
        StepUp::Refused => {
            let error = FieldError {
                field: "password".to_owned(),
                text: Text::new(keys::STEP_UP_REFUSED),
            };
            let form = FormView::empty().wrong(&[error], exchange.language());
            draw(&page, &next, StatusCode::UNPROCESSABLE_ENTITY, form, None)
        }
        StepUp::Wait { retry_after_sec } => {
            let text = Text::new(keys::SIGN_IN_WAIT).with("minutes", minutes(retry_after_sec));
            let (status, form) = (StatusCode::TOO_MANY_REQUESTS, FormView::empty());
            let mut response = draw(&page, &next, status, form, Some(text))?;
            let wait = HeaderValue::from(retry_after_sec);
            response.headers_mut().insert(RETRY_AFTER, wait);
            Ok(response)
        }
    }
}

fn draw(
    page: &Page,
    next: &Next,
    status: StatusCode,
    form: FormView,
    notice: Option<Text>,
) -> Result<Response, Fault> {
    page.show_as(
        status,
        &StepUpPage {
            form,
            notice: notice.map(|text| page.say(text)),
            next: next.query(),
            page,
        },
    )
}
