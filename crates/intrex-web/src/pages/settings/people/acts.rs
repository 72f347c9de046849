//! What is done by one button: nothing is typed, and it leads back to the person. An invitation's link is shown once.

use askama::Template;
use axum::{extract::State, response::Response};
use intrex_core::{
    Actor, Error,
    catalogue::keys,
    ids::{PersonId, SessionId},
    people::{self, Invited, Person, RawPersonUpdate},
    raw::Raw,
    sessions,
};
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use super::{PATH, at};
use crate::{
    WebState,
    answer::{Fault, Page, Place},
    request::{Exchange, Form, Nothing, PathId, guard::see_other},
};

#[derive(Template)]
#[template(path = "settings/people/invited.html")]
struct InvitedPage<'a> {
    page: &'a Page,
    person: &'a Person,
    link: String,
    is_mailed: bool,
}

/// The link, shown once.
pub(super) fn invited(
    web: &WebState,
    actor: &Actor,
    exchange: &Exchange,
    invited: &Invited,
) -> Result<Response, Fault> {
    let page = Page::of_actor(actor, exchange, Place::Settings, keys::PERSON_INVITED_TITLE);
    page.show(&InvitedPage {
        link: format!(
            "{}/invitation/{}",
            web.origin(),
            invited.token.expose_secret()
        ),
        is_mailed: invited.is_mailed,
        person: &invited.person,
        page: &page,
    })
}

/// `POST /settings/people/{id}/reinvite`
pub(super) async fn reinvite(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<PersonId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    let again = people::reinvite(&web.app, &form.actor, id).await?;
    invited(&web, &form.actor, &exchange, &again)
}

/// `POST /settings/people/{id}/disable`
pub(super) async fn disable(
    State(web): State<WebState>,
    PathId(id): PathId<PersonId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    become_(&web, &form.actor, id, "disabled").await
}

/// `POST /settings/people/{id}/enable`
pub(super) async fn enable(
    State(web): State<WebState>,
    PathId(id): PathId<PersonId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    become_(&web, &form.actor, id, "active").await
}

async fn become_(
    web: &WebState,
    actor: &Actor,
    id: PersonId,
    status: &str,
) -> Result<Response, Fault> {
    let raw = RawPersonUpdate {
        status: status.into(),
        ..RawPersonUpdate::default()
    };
    people::update(&web.app, actor, id, &raw, None).await?;
    Ok(see_other(&at(id)))
}

/// `POST /settings/people/{id}/require-password-change`
pub(super) async fn require_password_change(
    State(web): State<WebState>,
    PathId(id): PathId<PersonId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    people::require_password_change(&web.app, &form.actor, id).await?;
    Ok(see_other(&at(id)))
}

/// `POST /settings/people/{id}/unlock`
pub(super) async fn unlock(
    State(web): State<WebState>,
    PathId(id): PathId<PersonId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    people::unlock(&web.app, &form.actor, id).await?;
    Ok(see_other(&at(id)))
}

/// `POST /settings/people/{id}/end-sessions`
pub(super) async fn end_sessions(
    State(web): State<WebState>,
    PathId(id): PathId<PersonId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    sessions::revoke_all_of(&web.app, &form.actor, id).await?;
    Ok(see_other(&at(id)))
}

/// Which one.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawSession {
    session_id: Raw,
}

/// `POST /settings/people/{id}/end-session`
pub(super) async fn end_session(
    State(web): State<WebState>,
    PathId(id): PathId<PersonId>,
    form: Form<RawSession>,
) -> Result<Response, Fault> {
    let mut errors = intrex_core::error::FieldErrors::new();
    let session = form
        .input
        .session_id
        .id::<SessionId>(&mut errors, "session_id");
    // The person's own, and no other: what ended in the meantime is as it should be.
    let mut tx = web.app.db.read(&form.actor).await?;
    let theirs = sessions::reads::list_of(&web.app, &mut tx, id).await?;
    tx.finish().await?;
    errors.finish()?;
    let session = session
        .flatten()
        .filter(|id| theirs.iter().any(|session| session.id == *id));
    if let Some(session) = session {
        match sessions::revoke(&web.app, &form.actor, session).await {
            Ok(()) | Err(Error::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(see_other(&at(id)))
}
