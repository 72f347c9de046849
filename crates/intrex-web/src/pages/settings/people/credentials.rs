//! Taking somebody's second factor away, with a reason.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use intrex_core::{
    Error,
    catalogue::keys,
    db::ReadTx,
    ids::PersonId,
    people::{self, Person},
    raw::Raw,
};
use serde::Deserialize;

use super::{PATH, at};
use crate::{
    WebState,
    answer::{Fault, FormView, Page, Place},
    request::{Exchange, Form, PathId, Reader, guard::see_other},
};

/// Why.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawMfaReset {
    reason: Raw,
}

#[derive(Template)]
#[template(path = "settings/people/reset_mfa.html")]
struct ResetPage<'a> {
    page: &'a Page,
    person: &'a Person,
    form: FormView,
}

/// `GET /settings/people/{id}/reset-mfa`
pub(super) async fn ask(
    exchange: Exchange,
    Reader(tx): Reader,
    PathId(id): PathId<PersonId>,
) -> Result<Response, Fault> {
    draw(tx, &exchange, id, StatusCode::OK, FormView::empty()).await
}

/// `POST /settings/people/{id}/reset-mfa`
pub(super) async fn reset(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<PersonId>,
    form: Form<RawMfaReset>,
) -> Result<Response, Fault> {
    match people::reset_mfa(&web.app, &form.actor, id, &form.input.reason).await {
        Ok(_) => Ok(see_other(&at(id))),
        Err(Error::Invalid(errors)) => {
            let tx = web.app.db.read(&form.actor).await?;
            let view = FormView::typed(form.typed).wrong(&errors, exchange.language());
            draw(tx, &exchange, id, StatusCode::UNPROCESSABLE_ENTITY, view).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn draw(
    mut tx: ReadTx,
    exchange: &Exchange,
    id: PersonId,
    status: StatusCode,
    form: FormView,
) -> Result<Response, Fault> {
    let person = people::reads::get(&mut tx, id).await?;
    let page = Page::of_reader(tx, exchange, Place::Settings, keys::PERSON_RESET_MFA).await?;
    page.show_as(
        status,
        &ResetPage {
            person: &person,
            form,
            page: &page,
        },
    )
}
