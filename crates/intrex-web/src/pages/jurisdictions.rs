//! Places: the list, one with its weekend and holidays, and the forms of a head office admin.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use intrex_core::{
    Actor, Error,
    catalogue::{Text, keys},
    db::ReadTx,
    error::Conflict,
    ids::JurisdictionId,
    jurisdictions::{
        self, Jurisdiction, JurisdictionFilter, JurisdictionKind, Listed, RawJurisdiction, WEEKDAYS,
    },
    permission::Permission,
};

use super::obligations::{Seen, version};
use crate::{
    WebState,
    answer::{Fault, FormView, Page, Place},
    request::{Exchange, Form, List, Nothing, PathId, Query, Reader, guard::see_other},
    routes::{Access, Routes},
    words::Words,
};

const READ: Access = Access::Needs(Permission::JurisdictionsRead);
const WRITE: Access = Access::Needs(Permission::JurisdictionsWrite);
const PATH: &str = "/jurisdictions";

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .page(PATH, READ, list)
        .form(PATH, WRITE, create)
        .page("/jurisdictions/new", WRITE, new)
        .page("/jurisdictions/{id}", READ, show)
        .form("/jurisdictions/{id}", WRITE, update)
        .page("/jurisdictions/{id}/edit", WRITE, edit)
        .form("/jurisdictions/{id}/remove", WRITE, remove)
}

struct Row {
    id: JurisdictionId,
    code: String,
    name: String,
    kind: String,
    weekend: String,
    /// How deep it lies below its country.
    depth: usize,
}

#[derive(Template)]
#[template(path = "jurisdictions/list.html")]
struct ListPage<'a> {
    page: &'a Page,
    rows: Vec<Row>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "jurisdictions/show.html")]
struct ShowPage<'a> {
    page: &'a Page,
    place: &'a Listed,
    kind: String,
    weekend: String,
    holidays: Vec<(String, String)>,
}

struct Day {
    value: &'static str,
    words: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "jurisdictions/form.html")]
struct FormPage<'a> {
    page: &'a Page,
    form: FormView,
    place: Option<&'a Listed>,
    action: String,
    back: String,
    stale: bool,
    kinds: Vec<(String, String)>,
    days: Vec<Day>,
}

/// `GET /jurisdictions`
async fn list(
    exchange: Exchange,
    Reader(mut tx): Reader,
    list: List<JurisdictionFilter>,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let found = jurisdictions::reads::list(&mut tx, &list.filter, &list.page).await?;
    let page = Page::of_reader(tx, &exchange, Place::Branches, keys::JURISDICTIONS).await?;
    let rows = found.items.into_iter().map(|place| Row {
        id: place.id,
        depth: place.code.matches('-').count(),
        kind: words.named("jurisdiction-kind", &place.kind),
        weekend: weekend(&place, words),
        code: place.code,
        name: place.name,
    });
    page.show(&ListPage {
        rows: rows.collect(),
        next: list.next_page(PATH, found.next_cursor.as_deref()),
        page: &page,
    })
}

/// `GET /jurisdictions/{id}`
async fn show(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<JurisdictionId>,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let found = jurisdictions::reads::get(&mut tx, id).await?;
    let title = Text::new(keys::JURISDICTION_TITLE).with("name", found.place.name.as_str());
    let page = Page::of_reader(tx, &exchange, Place::Branches, title).await?;
    let holidays = found.holidays.iter();
    page.show(&ShowPage {
        kind: words.named("jurisdiction-kind", &found.place.kind),
        weekend: weekend(&found.place, words),
        holidays: holidays
            .map(|(day, name)| (words.full_day(*day), name.clone()))
            .collect(),
        place: &found.place,
        page: &page,
    })
}

/// `GET /jurisdictions/new`
async fn new(exchange: Exchange, Reader(tx): Reader) -> Result<Response, Fault> {
    draw(tx, &exchange, StatusCode::OK, FormView::empty(), None).await
}

/// `POST /jurisdictions`
async fn create(
    State(web): State<WebState>,
    exchange: Exchange,
    form: Form<RawJurisdiction>,
) -> Result<Response, Fault> {
    match jurisdictions::commands::create(&web.app, &form.actor, &form.input).await {
        Ok(made) => Ok(see_other(&format!("{PATH}/{}", made.place.id))),
        Err(Error::Invalid(errors)) => {
            let tx = web.app.db.read(&form.actor).await?;
            let view = FormView::typed(form.typed).wrong(&errors, exchange.language());
            draw(tx, &exchange, StatusCode::UNPROCESSABLE_ENTITY, view, None).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /jurisdictions/{id}/edit`
async fn edit(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<JurisdictionId>,
) -> Result<Response, Fault> {
    let found = jurisdictions::reads::get(&mut tx, id).await?;
    let form = filled(&found);
    draw(tx, &exchange, StatusCode::OK, form, Some(found)).await
}

/// `POST /jurisdictions/{id}`
async fn update(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<JurisdictionId>,
    Query(seen): Query<Seen>,
    form: Form<RawJurisdiction>,
) -> Result<Response, Fault> {
    let seen = version(&seen)?;
    match jurisdictions::commands::update(&web.app, &form.actor, id, &form.input, seen).await {
        Ok(_) => Ok(see_other(&format!("{PATH}/{id}"))),
        Err(Error::Invalid(errors)) => {
            let view = FormView::typed(form.typed).wrong(&errors, exchange.language());
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            again(&web, &exchange, &form.actor, id, status, view).await
        }
        Err(Error::Conflict(Conflict::Stale)) => {
            let view = FormView::typed(form.typed);
            let status = StatusCode::PRECONDITION_FAILED;
            again(&web, &exchange, &form.actor, id, status, view).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /jurisdictions/{id}/remove`
async fn remove(
    State(web): State<WebState>,
    PathId(id): PathId<JurisdictionId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    jurisdictions::commands::remove(&web.app, &form.actor, id).await?;
    Ok(see_other(PATH))
}

async fn again(
    web: &WebState,
    exchange: &Exchange,
    actor: &Actor,
    id: JurisdictionId,
    status: StatusCode,
    view: FormView,
) -> Result<Response, Fault> {
    let mut tx = web.app.db.read(actor).await?;
    let found = jurisdictions::reads::get(&mut tx, id).await?;
    draw(tx, exchange, status, view, Some(found)).await
}

async fn draw(
    tx: ReadTx,
    exchange: &Exchange,
    status: StatusCode,
    form: FormView,
    found: Option<Jurisdiction>,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let (title, action, back) = match &found {
        None => (keys::JURISDICTION_NEW, PATH.to_owned(), PATH.to_owned()),
        Some(found) => (
            keys::JURISDICTION_EDIT,
            format!("{PATH}/{}?seen={}", found.place.id, found.place.version),
            format!("{PATH}/{}", found.place.id),
        ),
    };
    let page = Page::of_reader(tx, exchange, Place::Branches, title).await?;
    let kinds = JurisdictionKind::ALL.iter().map(|kind| {
        let word = kind.as_str();
        (word.to_owned(), words.named("jurisdiction-kind", word))
    });
    let days = WEEKDAYS.iter().map(|day| Day {
        value: day,
        words: day_words(day, words),
        chosen: form.chosen("weekend", day),
    });
    page.show_as(
        status,
        &FormPage {
            page: &page,
            place: found.as_ref().map(|found| &found.place),
            action,
            back,
            stale: status == StatusCode::PRECONDITION_FAILED,
            kinds: kinds.collect(),
            days: days.collect(),
            form,
        },
    )
}

/// A place's fields as its form has them.
fn filled(found: &Jurisdiction) -> FormView {
    let lines: Vec<String> = found
        .holidays
        .iter()
        .map(|(day, name)| format!("{day}: {name}"))
        .collect();
    let place = &found.place;
    let weekend = place.weekend.iter().flatten();
    FormView::filled([
        ("code", place.code.clone()),
        ("name", place.name.clone()),
        ("kind", place.kind.clone()),
        ("time_zone", place.time_zone.clone().unwrap_or_default()),
        ("holidays", lines.join("\n")),
    ])
    .with(weekend.map(|day| ("weekend", day.clone())))
}

fn weekend(place: &Listed, words: Words) -> String {
    match (&place.weekend, place.code.rsplit_once('-')) {
        (Some(days), _) => {
            let days: Vec<String> = days.iter().map(|day| day_words(day, words)).collect();
            words.list(&days)
        }
        (None, Some((parent, _))) => {
            words.say(&Text::new(keys::JURISDICTION_WEEKEND_INHERITED).with("place", parent))
        }
        (None, None) => words.t(keys::JURISDICTION_WEEKEND_NONE),
    }
}

fn day_words(day: &str, words: Words) -> String {
    let at = WEEKDAYS.iter().position(|one| *one == day);
    at.map_or_else(
        || day.to_owned(),
        |at| words.named("weekday", &(at + 1).to_string()),
    )
}
