//! One person: what is known of them, what can be done, and where they are signed in.

use askama::Template;
use axum::{extract::State, response::Response};
use chrono_tz::Tz;
use intrex_core::{
    Error,
    catalogue::{Text, keys},
    ids::{PersonId, SessionId},
    people::{self, Person, PersonStatus},
    permission::Permission,
    sessions, tenants,
};

use super::{PATH, at, branch_names, branches_of, status_tag};
use crate::{
    WebState,
    answer::{Fault, Page, Place},
    pages::settings::sessions::device,
    request::{Exchange, PathId, Reader},
    words::{Tag, Words},
};

/// Where somebody is signed in.
struct Row {
    id: SessionId,
    device: String,
    address: String,
    last_seen: String,
    last_seen_at: String,
}

#[derive(Template)]
#[template(path = "settings/people/show.html")]
struct ShowPage<'a> {
    page: &'a Page,
    person: &'a Person,
    /// Its own address.
    here: String,
    role: String,
    branches: String,
    status: Tag,
    last_sign_in: String,
    since: String,
    /// Whether the reader may change them.
    managed: bool,
    /// Whether the reader may let them in again, if they are disabled.
    may_enable: bool,
    /// Whether it is the reader.
    own: bool,
    sessions: Option<Vec<Row>>,
}

/// `GET /settings/people/{id}`
pub(super) async fn show(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<PersonId>,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let person = people::reads::get(&mut tx, id).await?;
    let managed = people::reads::is_managed(&mut tx, id).await?;
    let found = match tx.actor().can(Permission::SessionsManage) {
        true => Some(sessions::reads::list_of(&web.app, &mut tx, id).await?),
        false => None,
    };
    let branches = branches_of(&mut tx).await?;
    let tenant = tenants::reads::current(&mut tx).await?;
    let zone: Tz = tenant.time_zone.parse().map_err(Error::internal)?;
    let now = tx.now();
    let own = tx.actor().person_id() == Some(id);
    let may_enable = people::may_enable(tx.actor(), &person);
    let title = Text::new(keys::PERSON_TITLE).with("name", person.name.as_str());
    let page = Page::of_reader(tx, &exchange, Place::Settings, title).await?;
    let sessions = found.map(|found| {
        found
            .into_iter()
            .map(|session| Row {
                id: session.id,
                device: device(&page, &session),
                last_seen: words.ago(session.last_seen_at, now),
                last_seen_at: session.last_seen_at.to_rfc3339(),
                address: match session.ip.is_empty() {
                    true => page.t(keys::SESSION_ADDRESS_UNKNOWN),
                    false => session.ip,
                },
            })
            .collect()
    });
    page.show(&ShowPage {
        role: page.role(person.role),
        branches: branch_names(&page, &person, &branches),
        status: status_tag(&page, &person),
        last_sign_in: match person.last_sign_in_at {
            Some(then) => words.moment_in_zone(then, zone),
            None => page.t(keys::PERSON_NEVER_SIGNED_IN),
        },
        since: words.moment_in_zone(person.created_at, zone),
        managed,
        may_enable,
        own,
        sessions,
        here: at(id),
        person: &person,
        page: &page,
    })
}
