//! Deleting somebody: what hangs on them, who takes it over, and their address typed again.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use intrex_core::{
    Error,
    catalogue::{Text, keys},
    db::ReadTx,
    ids::PersonId,
    people::{self, Leaving, Person, RawDeletion},
};

use super::PATH;
use crate::{
    WebState,
    answer::{Fault, FormView, Page, Place},
    request::{Exchange, Form, PathId, Reader, guard::see_other},
};

#[derive(Template)]
#[template(path = "settings/people/delete.html")]
struct DeletePage<'a> {
    page: &'a Page,
    person: &'a Person,
    form: FormView,
    /// What hangs on them, a sentence each.
    hanging: Vec<String>,
    /// Whether there is something to hand over.
    has_work: bool,
    heirs: Vec<(String, String)>,
}

/// `GET /settings/people/{id}/delete`
pub(super) async fn ask(
    exchange: Exchange,
    Reader(tx): Reader,
    PathId(id): PathId<PersonId>,
) -> Result<Response, Fault> {
    draw(tx, &exchange, id, StatusCode::OK, FormView::empty()).await
}

/// `POST /settings/people/{id}/delete`
pub(super) async fn delete(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<PersonId>,
    form: Form<RawDeletion>,
) -> Result<Response, Fault> {
    match people::delete(&web.app, &form.actor, id, &form.input).await {
        Ok(_) => Ok(see_other(PATH)),
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
    let leaving: Leaving = people::removal::preview(&mut tx, id).await?;
    let names = people::reads::names(&mut tx).await?;
    let page = Page::of_reader(tx, exchange, Place::Settings, keys::PERSON_DELETE).await?;
    let nobody = (String::new(), page.t(keys::PERSON_HEIR_NOBODY));
    let heirs = names
        .into_iter()
        .filter(|name| name.id != id)
        .map(|name| (name.id.to_string(), name.name));
    let say = |key, n: i64| page.say(Text::new(key).with("n", n));
    page.show_as(
        status,
        &DeletePage {
            hanging: vec![
                say(keys::PERSON_LEAVES_OWNED, leaving.owned),
                say(keys::PERSON_LEAVES_DEPUTISED, leaving.deputised),
                say(keys::PERSON_LEAVES_SESSIONS, leaving.sessions),
                say(keys::PERSON_LEAVES_TOKENS, leaving.tokens),
            ],
            has_work: leaving.owned + leaving.deputised > 0,
            heirs: std::iter::once(nobody).chain(heirs).collect(),
            person: &leaving.person,
            form,
            page: &page,
        },
    )
}
