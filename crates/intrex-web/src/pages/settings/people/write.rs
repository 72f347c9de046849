//! Inviting somebody, and changing their name, role and branches. Both forms ask for a fresh second factor before they are
//! opened, because a role may be given in them.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use intrex_core::{
    Actor, Error,
    catalogue::{Text, keys},
    db::ReadTx,
    error::{Conflict, FieldError},
    ids::PersonId,
    people::{self, Person, RawPerson, RawPersonUpdate},
    permission::{Permission, Reach, Role},
};

use super::{PATH, acts, at, branches_of};
use crate::{
    WebState,
    answer::{Fault, FormView, Page, Place},
    pages::obligations::{Seen, version},
    request::{Exchange, Form, PathId, Query, Reader, guard::see_other},
};

/// A branch to choose.
struct Choice {
    id: String,
    name: String,
    code: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "settings/people/form.html")]
struct FormPage<'a> {
    page: &'a Page,
    form: FormView,
    person: Option<&'a Person>,
    action: String,
    back: String,
    /// Whether it is the one who fills it in, who does not change the own role and branches.
    own: bool,
    stale: bool,
    roles: Vec<(String, String)>,
    branches: Vec<Choice>,
}

/// `GET /settings/people/new`
pub(super) async fn new(exchange: Exchange, Reader(tx): Reader) -> Result<Response, Fault> {
    let form = FormView::filled([("role", Role::Operator.as_str())]);
    draw(tx, &exchange, StatusCode::OK, form, None).await
}

/// `POST /settings/people`
pub(super) async fn invite(
    State(web): State<WebState>,
    exchange: Exchange,
    form: Form<RawPerson>,
) -> Result<Response, Fault> {
    match people::invite(&web.app, &form.actor, &form.input).await {
        Ok(invited) => acts::invited(&web, &form.actor, &exchange, &invited),
        Err(Error::Invalid(errors)) => {
            let tx = web.app.db.read(&form.actor).await?;
            let view = FormView::typed(form.typed).wrong(&errors, exchange.language());
            draw(tx, &exchange, StatusCode::UNPROCESSABLE_ENTITY, view, None).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /settings/people/{id}/edit`
pub(super) async fn edit(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<PersonId>,
) -> Result<Response, Fault> {
    let person = managed(&mut tx, id).await?;
    let mut fields = vec![
        ("name", person.name.clone()),
        ("role", person.role.as_str().to_owned()),
    ];
    fields.extend(
        person
            .branch_ids
            .iter()
            .map(|id| ("branch_ids", id.to_string())),
    );
    let form = FormView::filled(fields);
    draw(tx, &exchange, StatusCode::OK, form, Some(person)).await
}

/// `POST /settings/people/{id}`
pub(super) async fn update(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<PersonId>,
    Query(seen): Query<Seen>,
    form: Form<RawPersonUpdate>,
) -> Result<Response, Fault> {
    let seen = version(&seen)?;
    let refused = match people::update(&web.app, &form.actor, id, &form.input, seen).await {
        Ok(_) => return Ok(see_other(&at(id))),
        Err(Error::Invalid(errors)) => (StatusCode::UNPROCESSABLE_ENTITY, errors),
        Err(Error::Conflict(Conflict::Stale)) => (StatusCode::PRECONDITION_FAILED, Vec::new()),
        // What the state of things does not allow is told at the role, where it can be put right.
        Err(Error::Conflict(conflict)) => {
            let error = FieldError {
                field: "role".to_owned(),
                text: conflict.text(),
            };
            (StatusCode::CONFLICT, vec![error])
        }
        Err(error) => return Err(error.into()),
    };
    let view = FormView::typed(form.typed).wrong(&refused.1, exchange.language());
    again(&web, &exchange, &form.actor, id, refused.0, view).await
}

async fn again(
    web: &WebState,
    exchange: &Exchange,
    actor: &Actor,
    id: PersonId,
    status: StatusCode,
    view: FormView,
) -> Result<Response, Fault> {
    let mut tx = web.app.db.read(actor).await?;
    let person = managed(&mut tx, id).await?;
    draw(tx, exchange, status, view, Some(person)).await
}

async fn managed(tx: &mut ReadTx, id: PersonId) -> Result<Person, Fault> {
    let person = people::reads::get(tx, id).await?;
    match people::reads::is_managed(tx, id).await? {
        true => Ok(person),
        false => Err(Error::Forbidden.into()),
    }
}

async fn draw(
    mut tx: ReadTx,
    exchange: &Exchange,
    status: StatusCode,
    form: FormView,
    person: Option<Person>,
) -> Result<Response, Fault> {
    let branches = branches_of(&mut tx).await?;
    // Nobody gives a role beyond the own one.
    let gives_all = tx.actor().reach(Permission::PeopleWrite) == Reach::Tenant;
    let own = person
        .as_ref()
        .is_some_and(|person| tx.actor().person_id() == Some(person.id));
    let (title, action, back) = match &person {
        None => (
            Text::new(keys::PERSON_NEW),
            PATH.to_owned(),
            PATH.to_owned(),
        ),
        Some(person) => (
            Text::new(keys::PERSON_EDIT).with("name", person.name.as_str()),
            format!("{PATH}/{}?seen={}", person.id, person.version),
            at(person.id),
        ),
    };
    let page = Page::of_reader(tx, exchange, Place::Settings, title).await?;
    let roles = Role::ALL
        .into_iter()
        .filter(|role| gives_all || *role != Role::HeadOfficeAdmin)
        .map(|role| (role.as_str().to_owned(), page.role(role)));
    // A branch that was closed is no longer chosen, and stays chosen until somebody takes it away.
    let closed: Vec<Choice> = person
        .iter()
        .flat_map(|person| &person.branch_ids)
        .filter(|id| branches.iter().all(|branch| branch.id != **id))
        .map(|id| Choice {
            chosen: form.chosen("branch_ids", &id.to_string()),
            id: id.to_string(),
            name: page.t(keys::PERSON_CLOSED_BRANCH),
            code: String::new(),
        })
        .collect();
    let branches = branches
        .into_iter()
        .map(|branch| Choice {
            chosen: form.chosen("branch_ids", &branch.id.to_string()),
            id: branch.id.to_string(),
            name: branch.name,
            code: branch.code,
        })
        .chain(closed);
    page.show_as(
        status,
        &FormPage {
            roles: roles.collect(),
            branches: branches.collect(),
            stale: status == StatusCode::PRECONDITION_FAILED,
            action,
            back,
            own,
            person: person.as_ref(),
            form,
            page: &page,
        },
    )
}
