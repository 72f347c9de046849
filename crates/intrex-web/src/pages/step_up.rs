//! Stepping up: both factors again, before what is dangerous. Whoever comes here wanted another page, and is led there
//! afterwards.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use intrex_core::{
    catalogue::{Text, keys},
    error::FieldError,
    passkeys,
    permission::Permission,
    sessions::{self, Proof, StepUp},
};
use serde::Deserialize;

use super::{
    passkey::PasskeyView,
    recovery::{self, Asked, With},
    sign_in::{MAX_FORM_BYTES, Next, SecretField, start},
};
use crate::{
    WebState,
    answer::{Fault, FormView, Page, wait},
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
    /// What an authenticator has signed, in the place of a code.
    credential: String,
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
    passkey: PasskeyView,
}

/// `GET /step-up`
async fn show(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(mut tx): Reader,
    Query(next): Query<Next>,
    Query(with): Query<With>,
) -> Result<Response, Fault> {
    let ways = passkeys::reads::ways(&web.app, &mut tx).await?;
    let page = Page::of_reader(tx, &exchange, None, keys::STEP_UP).await?;
    let drawn = Drawn {
        page: &page,
        asked: with.asked(),
        next: &next,
        passkey: PasskeyView::at_step_up(&web, ways),
    };
    draw(drawn, StatusCode::OK, FormView::empty(), None)
}

/// `POST /step-up`
async fn submit(
    State(web): State<WebState>,
    exchange: Exchange,
    Query(next): Query<Next>,
    Query(with): Query<With>,
    form: Form<RawStepUp>,
) -> Result<Response, Fault> {
    let by_passkey = !form.input.credential.is_empty();
    let typed = &form.input;
    let (given, typed) = recovery::given(with.asked(), &typed.code, &typed.recovery_code);
    // Apps show the digits with a gap, and people type it.
    let digits: String = typed.split_whitespace().collect();
    let proof = match given {
        _ if by_passkey => Proof::Passkey(&form.input.credential),
        Asked::AppCode => Proof::Code(&digits),
        Asked::RecoveryCode => Proof::RecoveryCode(typed),
    };
    let password = form.input.password.0.clone();
    let outcome = sessions::step_up(&web.app, &form.actor, password, proof).await?;
    if let StepUp::Done(cookie) = &outcome {
        start(&exchange, cookie);
        return Ok(match by_passkey {
            true => see_other(next.destination()),
            false => see_other(&recovery::destination(given, &next)),
        });
    }
    let mut tx = web.app.db.read(&form.actor).await?;
    let ways = passkeys::reads::ways(&web.app, &mut tx).await?;
    tx.finish().await?;
    let page = Page::of_actor(&form.actor, &exchange, None, keys::STEP_UP);
    let drawn = Drawn {
        page: &page,
        asked: given,
        next: &next,
        passkey: PasskeyView::at_step_up(&web, ways),
    };
    match outcome {
        StepUp::Done(_) | StepUp::Refused => {
            let error = FieldError {
                field: "password".to_owned(),
                text: Text::new(keys::STEP_UP_REFUSED),
            };
            let form = FormView::empty().wrong(&[error], exchange.language());
            draw(drawn, StatusCode::UNPROCESSABLE_ENTITY, form, None)
        }
        StepUp::Wait { retry_after_sec } => {
            let text = wait::words(retry_after_sec);
            let (status, form) = (StatusCode::TOO_MANY_REQUESTS, FormView::empty());
            let response = draw(drawn, status, form, Some(text))?;
            Ok(wait::told(response, Some(retry_after_sec)))
        }
    }
}

/// What every drawing of the page shows.
struct Drawn<'a> {
    page: &'a Page,
    asked: Asked,
    next: &'a Next,
    passkey: PasskeyView,
}

fn draw(
    drawn: Drawn<'_>,
    status: StatusCode,
    form: FormView,
    notice: Option<Text>,
) -> Result<Response, Fault> {
    let page = drawn.page;
    page.show_as(
        status,
        &StepUpPage {
            form,
            notice: notice.map(|text| page.say(text)),
            asked: drawn.asked,
            next: drawn.asked.query(drawn.next),
            other: drawn.asked.other().query(drawn.next),
            passkey: drawn.passkey,
            page,
        },
    )
}
