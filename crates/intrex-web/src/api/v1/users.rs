//! `/api/v1/users`: people, by invitation.

use axum::{extract::State, response::Response};
use intrex_core::{
    ids::PersonId,
    paging,
    people::{
        self, Deleted, Invited, Leaving, Person, PersonFilter, RawDeletion, RawPerson,
        RawPersonUpdate,
    },
    permission::Permission,
    raw::Raw,
    security_events,
};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use crate::{
    WebState,
    answer::{
        Fault,
        json::{self, IfMatch},
    },
    request::{Exchange, Json, List, Nothing, PathId, Reader},
    routes::{Access, Kind, Route, Routes, Verb},
};

const COLLECTION: &str = "/api/v1/users";

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Access::Needs(Permission::PeopleRead);
    let write = Access::Needs(Permission::PeopleWrite);
    let credentials = Access::Needs(Permission::PeopleCredentials);
    let delete = Access::Needs(Permission::PeopleDelete);
    routes
        .api(Verb::Get, COLLECTION, read, list)
        .api(Verb::Post, COLLECTION, write, invite)
        .api(Verb::Get, "/api/v1/users/{id}", read, show)
        .api(Verb::Patch, "/api/v1/users/{id}", write, update)
        .api(Verb::Post, "/api/v1/users/{id}/reinvite", write, reinvite)
        .api(
            Verb::Post,
            "/api/v1/users/{id}/require-password-change",
            credentials,
            require_password_change,
        )
        .add(
            Route::new(
                Verb::Post,
                Kind::Api,
                "/api/v1/users/{id}/reset-mfa",
                credentials,
            )
            .fresh(),
            reset_mfa,
        )
        .add(
            Route::new(
                Verb::Post,
                Kind::Api,
                "/api/v1/users/{id}/unlock",
                credentials,
            )
            .fresh(),
            unlock,
        )
        .api(Verb::Get, "/api/v1/users/{id}/deletion", delete, leaving)
        .add(
            Route::new(Verb::Delete, Kind::Api, "/api/v1/users/{id}", delete).fresh(),
            remove,
        )
}

#[derive(OpenApi)]
#[openapi(paths(
    list,
    invite,
    show,
    update,
    reinvite,
    require_password_change,
    reset_mfa,
    unlock,
    leaving,
    remove
))]
pub(super) struct Description;

/// Somebody who was invited, with the link by which they set their password: shown here once.
#[derive(Serialize, ToSchema)]
struct Invitee {
    #[serde(flatten)]
    person: Person,
    /// The link; it counts once. Null where it goes by mail: whoever follows it has the address then. A repeated request with
    /// an `Idempotency-Key` does not show it again.
    invitation_url: Option<String>,
    /// Whether the link goes to them by mail.
    invitation_mailed: bool,
}

/// Why a second factor is taken away.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct RawMfaReset {
    /// At most 500 characters. Required; stands in the audit log.
    #[schema(value_type = String, max_length = 500)]
    reason: Raw,
}

/// People in the caller's reach, by name.
#[utoipa::path(get, path = "/api/v1/users", tag = "users", params(
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200),
    ("cursor" = Option<String>, Query),
    ("role" = Option<String>, Query), ("status" = Option<String>, Query), ("branch_id" = Option<uuid::Uuid>, Query),
    ("dormant" = Option<bool>, Query, description = "Who has not signed in for as long as the organisation has set, or who has."),
    ("q" = Option<String>, Query, description = "Part of the name or of the address."),
), responses((status = 200, body = paging::Page<Person>)))]
async fn list(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(mut tx): Reader,
    list: List<PersonFilter>,
) -> Result<Response, Fault> {
    let page = people::reads::list(&mut tx, &list.filter, &list.page).await?;
    let (actor, rows) = (tx.actor().clone(), page.items.len());
    let response = json::read(&exchange, tx, &page)?;
    security_events::note_bulk_read(&web.app, &actor, rows, list.page.is_later()).await?;
    Ok(response)
}

/// Invites somebody. A branch manager invites to the own branches, in a role up to the own one. Inviting a head office admin needs a fresh second factor.
#[utoipa::path(post, path = "/api/v1/users", tag = "users", request_body = RawPerson,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = Invitee), (status = 422, body = crate::answer::Problem),
              (status = 429, body = crate::answer::Problem)))]
async fn invite(State(web): State<WebState>, sent: Json<RawPerson>) -> Result<Response, Fault> {
    let invited = people::invite(&web.app, &sent.actor, &sent.input).await?;
    let (id, version) = (invited.person.id, invited.person.version);
    json::created(COLLECTION, &shown(&web, invited), id, version)
}

/// One person.
#[utoipa::path(get, path = "/api/v1/users/{id}", tag = "users", params(("id" = PersonId, Path)),
    responses((status = 200, body = Person), (status = 404, body = crate::answer::Problem)))]
async fn show(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<PersonId>,
) -> Result<Response, Fault> {
    let person = people::reads::get(&mut tx, id).await?;
    json::read_one(&exchange, tx, &person, person.id, person.version)
}

/// Changes a person's name, role, branches, or whether they can sign in. Another role needs a fresh second factor.
#[utoipa::path(patch, path = "/api/v1/users/{id}", tag = "users", request_body = RawPersonUpdate,
    params(("id" = PersonId, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = Person), (status = 412, body = crate::answer::Problem)))]
async fn update(
    State(web): State<WebState>,
    PathId(id): PathId<PersonId>,
    seen: IfMatch,
    sent: Json<RawPersonUpdate>,
) -> Result<Response, Fault> {
    let seen = seen.version_of(id)?;
    let person = people::update(&web.app, &sent.actor, id, &sent.input, seen).await?;
    json::one(&person, person.id, person.version)
}

/// Makes a new invitation for somebody who has not joined yet.
#[utoipa::path(post, path = "/api/v1/users/{id}/reinvite", tag = "users", params(("id" = PersonId, Path)),
    responses((status = 200, body = Invitee), (status = 429, body = crate::answer::Problem), (status = 409, body = crate::answer::Problem)))]
async fn reinvite(
    State(web): State<WebState>,
    PathId(id): PathId<PersonId>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    let invited = people::reinvite(&web.app, &sent.actor, id).await?;
    let version = invited.person.version;
    json::one(&shown(&web, invited), id, version)
}

/// Requires somebody to set another password before anything else opens to them.
#[utoipa::path(post, path = "/api/v1/users/{id}/require-password-change", tag = "users", params(("id" = PersonId, Path)),
    responses((status = 200, body = Person), (status = 409, body = crate::answer::Problem)))]
async fn require_password_change(
    State(web): State<WebState>,
    PathId(id): PathId<PersonId>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    let person = people::require_password_change(&web.app, &sent.actor, id).await?;
    json::one(&person, person.id, person.version)
}

/// Takes a lost second factor away. Needs a fresh one of one's own; not for API tokens.
#[utoipa::path(post, path = "/api/v1/users/{id}/reset-mfa", tag = "users", params(("id" = PersonId, Path)),
    request_body = RawMfaReset, responses((status = 200, body = Person), (status = 409, body = crate::answer::Problem)))]
async fn reset_mfa(
    State(web): State<WebState>,
    PathId(id): PathId<PersonId>,
    sent: Json<RawMfaReset>,
) -> Result<Response, Fault> {
    let person = people::reset_mfa(&web.app, &sent.actor, id, &sent.input.reason).await?;
    json::one(&person, person.id, person.version)
}

/// Ends a lock after too many failed sign-ins.
#[utoipa::path(post, path = "/api/v1/users/{id}/unlock", tag = "users", params(("id" = PersonId, Path)),
    responses((status = 200, body = Person), (status = 404, body = crate::answer::Problem)))]
async fn unlock(
    State(web): State<WebState>,
    PathId(id): PathId<PersonId>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    let person = people::unlock(&web.app, &sent.actor, id).await?;
    json::one(&person, person.id, person.version)
}

/// What somebody's deletion would touch.
#[utoipa::path(get, path = "/api/v1/users/{id}/deletion", tag = "users", params(("id" = PersonId, Path)),
    responses((status = 200, body = Leaving), (status = 404, body = crate::answer::Problem)))]
async fn leaving(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<PersonId>,
) -> Result<Response, Fault> {
    let leaving = people::removal::preview(&mut tx, id).await?;
    json::read(&exchange, tx, &leaving)
}

/// Deletes somebody for good: history keeps their id and nothing else. Needs a fresh second factor; not for API tokens.
#[utoipa::path(delete, path = "/api/v1/users/{id}", tag = "users", params(("id" = PersonId, Path)),
    request_body = RawDeletion, responses((status = 200, body = Deleted), (status = 404, body = crate::answer::Problem),
    (status = 409, body = crate::answer::Problem), (status = 422, body = crate::answer::Problem)))]
async fn remove(
    State(web): State<WebState>,
    PathId(id): PathId<PersonId>,
    sent: Json<RawDeletion>,
) -> Result<Response, Fault> {
    let deleted = people::delete(&web.app, &sent.actor, id, &sent.input).await?;
    json::ok(&deleted)
}

fn shown(web: &WebState, invited: Invited) -> Invitee {
    let link = || {
        format!(
            "{}/invitation/{}",
            web.origin(),
            invited.token.expose_secret()
        )
    };
    Invitee {
        invitation_url: (!invited.is_mailed).then(link),
        invitation_mailed: invited.is_mailed,
        person: invited.person,
    }
}
