//! One's own passkeys: the list, a new one that the browser makes, another name, and an end to each.

use askama::Template;
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono_tz::Tz;
use intrex_core::{
    Actor, Error,
    catalogue::keys,
    ids::PasskeyId,
    passkeys::{self, Passkey, RawName, RawRegistration},
    permission::Permission,
};

use super::super::{passkey::address, sign_in::MAX_FORM_BYTES};
use crate::{
    WebState,
    answer::{Fault, FormView, Page, Place},
    request::{Exchange, Form, Nothing, PathId, Reader, guard::see_other},
    routes::{Access, Kind, PASSKEY_PAGE as NEW, Route, Routes, Verb},
    words::Words,
};

const PATH: &str = "/settings/passkeys";
const REMOVE: &str = "/settings/passkeys/{id}/remove";
const OWN: Access = Access::Needs(Permission::SessionsOwn);

pub(super) fn routes(routes: Routes) -> Routes {
    let fresh = |verb, path| Route::new(verb, Kind::Page, path, OWN).fresh();
    routes
        .page(PATH, OWN, list)
        .add(fresh(Verb::Get, NEW), new)
        .add(fresh(Verb::Post, PATH).max_body(MAX_FORM_BYTES), create)
        .add(fresh(Verb::Post, NEW), options)
        .page("/settings/passkeys/{id}/edit", OWN, edit)
        .form("/settings/passkeys/{id}", OWN, rename)
        .add(fresh(Verb::Get, REMOVE), confirm)
        .add(fresh(Verb::Post, REMOVE), remove)
}

/// One passkey as the page shows it.
struct Row {
    id: PasskeyId,
    name: String,
    added: String,
    last_used: String,
    /// The host that it was made for, if it is another one.
    other_host: Option<String>,
}

#[derive(Template)]
#[template(path = "settings/passkeys.html")]
struct ListPage<'a> {
    page: &'a Page,
    rows: Vec<Row>,
    /// The host that they are made for; none where they cannot be used.
    host: Option<&'a str>,
    code_is_enough: bool,
}

#[derive(Template)]
#[template(path = "settings/passkey_new.html")]
struct NewPage<'a> {
    page: &'a Page,
    form: FormView,
    is_due: bool,
    address: String,
}

#[derive(Template)]
#[template(path = "settings/passkey_edit.html")]
struct EditPage<'a> {
    page: &'a Page,
    form: FormView,
    id: PasskeyId,
}

#[derive(Template)]
#[template(path = "settings/passkey_remove.html")]
struct RemovePage<'a> {
    page: &'a Page,
    passkey: Passkey,
}

/// `GET /settings/passkeys`
async fn list(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(mut tx): Reader,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let found = passkeys::reads::list(&mut tx).await?;
    let ways = passkeys::reads::ways(&web.app, &mut tx).await?;
    let host = passkeys::reads::host(&web.app);
    let now = tx.now();
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::SETTINGS_PASSKEYS).await?;
    let row = |passkey: Passkey| Row {
        id: passkey.id,
        name: passkey.name,
        added: words.date(passkey.created_at.with_timezone(&Tz::UTC).date_naive()),
        last_used: match passkey.last_used_at {
            Some(at) => words.ago(at, now),
            None => page.t(keys::PASSKEY_NEVER_USED),
        },
        other_host: (host != Some(passkey.rp_id.as_str())).then_some(passkey.rp_id),
    };
    page.show(&ListPage {
        rows: found.into_iter().map(row).collect(),
        host,
        code_is_enough: ways.code,
        page: &page,
    })
}

/// `GET /settings/passkeys/new`
async fn new(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(mut tx): Reader,
) -> Result<Response, Fault> {
    passkeys::reads::may_add(&web.app, &mut tx).await?;
    let is_due = passkeys::reads::is_due(&web.app, &mut tx).await?;
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::PASSKEY_NEW).await?;
    draw_new(&web, &page, StatusCode::OK, FormView::empty(), is_due)
}

/// `POST /settings/passkeys/new`: what the browser is to make.
async fn options(State(web): State<WebState>, form: Form<Nothing>) -> Result<Response, Fault> {
    Ok(Json(passkeys::begin(&web.app, &form.actor).await?).into_response())
}

/// `POST /settings/passkeys`: what the browser has made.
async fn create(
    State(web): State<WebState>,
    exchange: Exchange,
    form: Form<RawRegistration>,
) -> Result<Response, Fault> {
    match passkeys::register(&web.app, &form.actor, &form.input).await {
        Ok(_) => Ok(see_other(PATH)),
        Err(Error::Invalid(errors)) => {
            let mut tx = web.app.db.read(&form.actor).await?;
            let is_due = passkeys::reads::is_due(&web.app, &mut tx).await?;
            let page = Page::of_reader(tx, &exchange, Place::Settings, keys::PASSKEY_NEW).await?;
            let view = FormView::typed(form.typed).wrong(&errors, exchange.language());
            draw_new(&web, &page, StatusCode::UNPROCESSABLE_ENTITY, view, is_due)
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /settings/passkeys/{id}/edit`
async fn edit(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<PasskeyId>,
) -> Result<Response, Fault> {
    let passkey = passkeys::reads::find(&mut tx, id).await?;
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::PASSKEY_RENAME).await?;
    let form = FormView::filled([("name", passkey.name)]);
    page.show(&EditPage {
        page: &page,
        form,
        id,
    })
}

/// `POST /settings/passkeys/{id}`
async fn rename(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<PasskeyId>,
    form: Form<RawName>,
) -> Result<Response, Fault> {
    match passkeys::rename(&web.app, &form.actor, id, &form.input).await {
        Ok(_) => Ok(see_other(PATH)),
        Err(Error::Invalid(errors)) => {
            // Only the owner is shown the form again.
            own(&web, &form.actor, id).await?;
            let title = keys::PASSKEY_RENAME;
            let page = Page::of_actor(&form.actor, &exchange, Place::Settings, title);
            let form = FormView::typed(form.typed).wrong(&errors, exchange.language());
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            let edit = EditPage {
                page: &page,
                form,
                id,
            };
            page.show_as(status, &edit)
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /settings/passkeys/{id}/remove`: asks once more, after both factors.
async fn confirm(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<PasskeyId>,
) -> Result<Response, Fault> {
    let passkey = passkeys::reads::find(&mut tx, id).await?;
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::PASSKEY_REMOVE_ONE).await?;
    page.show(&RemovePage {
        page: &page,
        passkey,
    })
}

/// `POST /settings/passkeys/{id}/remove`
async fn remove(
    State(web): State<WebState>,
    PathId(id): PathId<PasskeyId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    passkeys::remove(&web.app, &form.actor, id).await?;
    Ok(see_other(PATH))
}

async fn own(web: &WebState, actor: &Actor, id: PasskeyId) -> Result<(), Fault> {
    let mut tx = web.app.db.read(actor).await?;
    passkeys::reads::find(&mut tx, id).await?;
    Ok(tx.finish().await?)
}

fn draw_new(
    web: &WebState,
    page: &Page,
    status: StatusCode,
    form: FormView,
    is_due: bool,
) -> Result<Response, Fault> {
    page.show_as(
        status,
        &NewPage {
            page,
            form,
            is_due,
            address: address(web),
        },
    )
}
