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

use super::{
    recovery::{self, Asked, With},
    sign_in::{MAX_FORM_BYTES, Next, SecretField, minutes, start},
};
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
    recovery_code: String,
}

#[derive(Template)]
#[template(path = "sign_in/step_up.html")]
struct StepUpPage<'a> {
    page: &'a Page,
    form: FormView,
    notice: Option<String>,
    asked: Asked,
    next: String,
    other: String,
}

/// `GET /step-up`
async fn show(
    exchange: Exchange,
    Reader(tx): Reader,
    Query(next): Query<Next>,
    Query(with): Query<With>,
) -> Result<Response, Fault> {
    let page = Page::of_reader(tx, &exchange, None, keys::STEP_UP).await?;
    let asked = (with.asked(), &next);
    draw(&page, asked, StatusCode::OK, FormView::empty(), None)
}

/// `POST /step-up`
async fn submit(
    State(web): State<WebState>,
    exchange: Exchange,
    Query(next): Query<Next>,
    Query(with): Query<With>,
    form: Form<RawStepUp>,
) -> Result<Response, Fault> {
    let typed = &form.input;
    let (given, typed) = recovery::given(with.asked(), &typed.code, &typed.recovery_code);
    // Apps show the digits with a gap, and people type it.
    let digits: String = typed.split_whitespace().collect();
    let proof = match given {
        Asked::AppCode => Proof::Code(&digits),
        Asked::RecoveryCode => Proof::RecoveryCode(typed),
    };
    let password = form.input.password.0.clone();
    let outcome = sessions::step_up(&web.app, &form.actor, password, proof).await?;
    let asked = (given, &next);
    let page = Page::of_actor(&form.actor, &exchange, None, keys::STEP_UP);
    match outcome {
        StepUp::Done(cookie) => {
            start(&exchange, &cookie);
            Ok(see_other(&recovery::destination(given, &next)))
        }
        StepUp::Refused => {
            let error = FieldError {
                field: "password".to_owned(),
                text: Text::new(keys::STEP_UP_REFUSED),
            };
            let form = FormView::empty().wrong(&[error], exchange.language());
            draw(&page, asked, StatusCode::UNPROCESSABLE_ENTITY, form, None)
        }
        StepUp::Wait { retry_after_sec } => {
            let text = Text::new(keys::SIGN_IN_WAIT).with("minutes", minutes(retry_after_sec));
            let (status, form) = (StatusCode::TOO_MANY_REQUESTS, FormView::empty());
            let mut response = draw(&page, asked, status, form, Some(text))?;
            let wait = HeaderValue::from(retry_after_sec);
            response.headers_mut().insert(RETRY_AFTER, wait);
            Ok(response)
        }
    }
}

fn draw(
    page: &Page,
    (asked, next): (Asked, &Next),
    status: StatusCode,
    form: FormView,
    notice: Option<Text>,
) -> Result<Response, Fault> {
    page.show_as(
        status,
        &StepUpPage {
            form,
            notice: notice.map(|text| page.say(text)),
            asked,
            next: asked.query(next),
            other: asked.other().query(next),
            page,
        },
    )
}
