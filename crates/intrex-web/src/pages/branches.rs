//! Branches: the list, one branch, and the forms of a head office admin.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use chrono_tz::Tz;
use intrex_core::{
    Error,
    branches::{self, Branch, BranchFilter, BranchStatus, RawBranch},
    catalogue::{Text, keys},
    db::ReadTx,
    ids::BranchId,
    jurisdictions,
    permission::Permission,
};

use crate::{
    WebState,
    answer::{Fault, FormView, Page, Place},
    request::{Exchange, Form, List, Nothing, PathId, Reader, guard::see_other},
    routes::{Access, Routes},
};

const READ: Access = Access::Needs(Permission::BranchesRead);
const WRITE: Access = Access::Needs(Permission::BranchesWrite);

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .page("/branches", READ, list)
        .form("/branches", WRITE, create)
        .page("/branches/new", WRITE, new)
        .page("/branches/{id}", READ, show)
        .form("/branches/{id}", WRITE, update)
        .page("/branches/{id}/edit", WRITE, edit)
        .form("/branches/{id}/close", WRITE, close)
        .form("/branches/{id}/reopen", WRITE, reopen)
}

#[derive(Template)]
#[template(path = "branches/list.html")]
struct ListPage<'a> {
    page: &'a Page,
    branches: Vec<Branch>,
    filter: FormView,
    filtered: bool,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "branches/show.html")]
struct ShowPage<'a> {
    page: &'a Page,
    branch: Branch,
    local_time: String,
}

#[derive(Template)]
#[template(path = "branches/form.html")]
struct FormPage<'a> {
    page: &'a Page,
    form: FormView,
    action: String,
    back: String,
    save: String,
    places: Vec<(String, String)>,
}

/// `GET /branches`
async fn list(
    exchange: Exchange,
    Reader(mut tx): Reader,
    list: List<BranchFilter>,
) -> Result<Response, Fault> {
    let found = branches::reads::list(&mut tx, &list.filter, list.page.clone()).await?;
    let page = Page::of_reader(tx, &exchange, Place::Branches, keys::BRANCHES).await?;
    page.show(&ListPage {
        next: list.next_page("/branches", found.next_cursor.as_deref()),
        branches: found.items,
        filtered: !list.query.is_empty(),
        filter: FormView::typed(list.query.into()),
        page: &page,
    })
}

/// `GET /branches/{id}`
async fn show(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<BranchId>,
) -> Result<Response, Fault> {
    let branch = branches::reads::get(&mut tx, id).await?;
    let title = Text::new(keys::BRANCH_TITLE).with("name", branch.name.clone());
    let page = Page::of_reader(tx, &exchange, Place::Branches, title).await?;
    page.show(&ShowPage {
        local_time: local_time(&web, &branch),
        branch,
        page: &page,
    })
}

/// `GET /branches/new`
async fn new(exchange: Exchange, Reader(tx): Reader) -> Result<Response, Fault> {
    draw(tx, &exchange, StatusCode::OK, FormView::empty(), None).await
}

/// `POST /branches`
async fn create(
    State(web): State<WebState>,
    exchange: Exchange,
    form: Form<RawBranch>,
) -> Result<Response, Fault> {
    match branches::create(&web.app, &form.actor, &form.input).await {
        Ok(branch) => Ok(see_other(&format!("/branches/{}", branch.id))),
        Err(Error::Invalid(errors)) => {
            let tx = web.app.db.read(&form.actor).await?;
            let view = FormView::typed(form.typed).wrong(&errors, exchange.language());
            draw(tx, &exchange, StatusCode::UNPROCESSABLE_ENTITY, view, None).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /branches/{id}/edit`
async fn edit(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<BranchId>,
) -> Result<Response, Fault> {
    let branch = branches::reads::get(&mut tx, id).await?;
    draw(tx, &exchange, StatusCode::OK, filled(branch), Some(id)).await
}

/// `POST /branches/{id}`
async fn update(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<BranchId>,
    form: Form<RawBranch>,
) -> Result<Response, Fault> {
    match branches::update(&web.app, &form.actor, id, &form.input, None).await {
        Ok(branch) => Ok(see_other(&format!("/branches/{}", branch.id))),
        Err(Error::Invalid(errors)) => {
            let tx = web.app.db.read(&form.actor).await?;
            let view = FormView::typed(form.typed).wrong(&errors, exchange.language());
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            draw(tx, &exchange, status, view, Some(id)).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /branches/{id}/close`
async fn close(
    State(web): State<WebState>,
    PathId(id): PathId<BranchId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    branches::close(&web.app, &form.actor, id).await?;
    Ok(see_other(&format!("/branches/{id}")))
}

/// `POST /branches/{id}/reopen`
async fn reopen(
    State(web): State<WebState>,
    PathId(id): PathId<BranchId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    branches::reopen(&web.app, &form.actor, id).await?;
    Ok(see_other(&format!("/branches/{id}")))
}

async fn draw(
    mut tx: ReadTx,
    exchange: &Exchange,
    status: StatusCode,
    form: FormView,
    id: Option<BranchId>,
) -> Result<Response, Fault> {
    let (title, save) = match id {
        Some(_) => (keys::BRANCH_EDIT, keys::FORM_SAVE),
        None => (keys::BRANCH_NEW, keys::BRANCH_CREATE),
    };
    let known = jurisdictions::reads::all(&mut tx).await?;
    let page = Page::of_reader(tx, exchange, Place::Branches, title).await?;
    let nothing = (String::new(), page.t(keys::BRANCH_JURISDICTION_BY_NAME));
    let known = known.into_iter().map(|place| {
        (
            place.code.clone(),
            format!("{} ({})", place.name, place.code),
        )
    });
    let there = id.map_or("/branches".to_owned(), |id| format!("/branches/{id}"));
    page.show_as(
        status,
        &FormPage {
            form,
            action: there.clone(),
            back: there,
            save: page.t(save),
            places: std::iter::once(nothing).chain(known).collect(),
            page: &page,
        },
    )
}

fn filled(branch: Branch) -> FormView {
    FormView::filled([
        ("code", branch.code),
        ("name", branch.name),
        ("address", branch.address),
        ("city_corporation", branch.city_corporation),
        ("district", branch.district),
        ("region", branch.region),
        ("country", branch.country),
        ("jurisdiction", branch.jurisdiction.unwrap_or_default()),
        ("type", branch.kind),
        ("time_zone", branch.time_zone),
    ])
}

/// City, district, region and country, as far as they are known.
fn place(branch: &Branch) -> String {
    let parts = [
        &branch.city_corporation,
        &branch.district,
        &branch.region,
        &branch.country,
    ];
    let known: Vec<&str> = parts
        .into_iter()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    known.join(" · ")
}

/// The time of day at the branch.
fn local_time(web: &WebState, branch: &Branch) -> String {
    let zone = branch.time_zone.parse().unwrap_or(Tz::UTC);
    web.app
        .now()
        .with_timezone(&zone)
        .format("%H:%M")
        .to_string()
}
