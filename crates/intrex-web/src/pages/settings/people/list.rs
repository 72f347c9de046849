//! The list.

use askama::Template;
use axum::{extract::State, response::Response};
use intrex_core::{
    catalogue::keys,
    ids::PersonId,
    people::{self, PersonFilter, PersonStatus},
    permission::{Permission, Role},
    security_events, tenants,
};

use super::{NEW, PATH, branch_names, branches_of, status_tag};
use crate::{
    WebState,
    answer::{Fault, FormView, Page, Place},
    request::{Exchange, List, Reader},
    words::{Tag, Words},
};

/// One person as the list shows them.
struct Row {
    id: PersonId,
    name: String,
    email: String,
    role: String,
    branches: String,
    status: Tag,
    has_factor: Option<bool>,
    last_sign_in: String,
}

/// A choice that narrows the list.
struct Select {
    name: &'static str,
    words: String,
    /// Value and words.
    choices: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "settings/people/list.html")]
struct ListPage<'a> {
    page: &'a Page,
    rows: Vec<Row>,
    filter: FormView,
    filtered: bool,
    /// What the list is narrowed by.
    selects: [Select; 3],
    next: Option<String>,
    dormant: String,
}

/// `GET /settings/people`
pub(super) async fn list(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(mut tx): Reader,
    list: List<PersonFilter>,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let found = people::reads::list(&mut tx, &list.filter, &list.page).await?;
    let branches = branches_of(&mut tx).await?;
    let tenant = tenants::reads::current(&mut tx).await?;
    let (now, actor) = (tx.now(), tx.actor().clone());
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::SETTINGS_PEOPLE).await?;
    let (read, is_later) = (found.items.len(), list.page.is_later());
    security_events::note_bulk_read(&web.app, &actor, read, is_later).await?;
    let any = |key| std::iter::once((String::new(), page.t(key)));
    let role = |role: Role| (role.as_str().to_owned(), page.role(role));
    let roles = any(keys::PEOPLE_ANY_ROLE)
        .chain(Role::ALL.map(role))
        .collect();
    let status = |status: PersonStatus| {
        let name = status.as_str();
        (name.to_owned(), words.named("person", name))
    };
    let statuses = any(keys::PEOPLE_ANY_STATUS)
        .chain(PersonStatus::ALL.map(status))
        .collect();
    let at = branches
        .iter()
        .map(|branch| (branch.id.to_string(), branch.name.clone()));
    let at = any(keys::PEOPLE_ANY_BRANCH).chain(at).collect();
    let rows = found.items.iter().map(|person| Row {
        id: person.id,
        name: person.name.clone(),
        email: person.email.clone(),
        role: page.role(person.role),
        branches: branch_names(&page, person, &branches),
        status: status_tag(&page, person),
        has_factor: person.mfa_enrolled,
        last_sign_in: match person.last_sign_in_at {
            Some(then) => words.ago(then, now),
            None if person.mfa_enrolled.is_none() => String::new(),
            None => page.t(keys::PERSON_NEVER_SIGNED_IN),
        },
    });
    let select = |name, words, choices| Select {
        name,
        words: page.t(words),
        choices,
    };
    page.show(&ListPage {
        rows: rows.collect(),
        next: list.next_page(PATH, found.next_cursor.as_deref()),
        filtered: !list.query.is_empty(),
        selects: [
            select("role", keys::FIELD_ROLE, roles),
            select("branch_id", keys::FIELD_BRANCH_ID, at),
            select("status", keys::FIELD_STATUS, statuses),
        ],
        dormant: words.count(keys::PEOPLE_DORMANT, tenant.dormant_after_days.into()),
        filter: FormView::typed(list.query.into()),
        page: &page,
    })
}
