//! `/api/v1/sessions`: where one is signed in; and for admins, where others are.

use axum::{extract::State, response::Response};
use intrex_core::{
    ids::{PersonId, SessionId},
    permission::Permission,
    sessions::{self, OwnSession},
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::{
    WebState,
    answer::{Fault, json},
    request::{Exchange, Json, Nothing, PathId, Reader},
    routes::{Access, Routes, Verb},
};

pub(super) fn routes(routes: Routes) -> Routes {
    let own = Access::Needs(Permission::SessionsOwn);
    let others = Access::Needs(Permission::SessionsManage);
    let of_person = "/api/v1/users/{id}/sessions";
    routes
        .api(Verb::Get, "/api/v1/sessions", own, list)
        .api(Verb::Delete, "/api/v1/sessions/{id}", own, revoke)
        .api(
            Verb::Post,
            "/api/v1/sessions/revoke-others",
            own,
            revoke_others,
        )
        .api(Verb::Get, of_person, others, list_of)
        .api(Verb::Delete, of_person, others, revoke_all_of)
}

#[derive(OpenApi)]
#[openapi(paths(list, revoke, revoke_others, list_of, revoke_all_of))]
pub(super) struct Description;

/// Sessions: a person has few, and all of them are here.
#[derive(Serialize, ToSchema)]
struct Sessions {
    items: Vec<OwnSession>,
    /// Always null.
    #[schema(value_type = Option<String>)]
    next_cursor: Option<&'static str>,
}

/// What was ended.
#[derive(Serialize, ToSchema)]
struct Ended {
    /// How many sessions.
    ended: usize,
}

impl Sessions {
    fn of(items: Vec<OwnSession>) -> Self {
        Sessions {
            items,
            next_cursor: None,
        }
    }
}

/// One's own sessions, the last used first.
#[utoipa::path(get, path = "/api/v1/sessions", tag = "sessions", responses((status = 200, body = Sessions)))]
async fn list(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(mut tx): Reader,
) -> Result<Response, Fault> {
    let found = sessions::reads::list(&web.app, &mut tx).await?;
    json::read(&exchange, tx, &Sessions::of(found))
}

/// Ends a session: one of one's own, or of anybody in the organisation for a head office admin.
#[utoipa::path(delete, path = "/api/v1/sessions/{id}", tag = "sessions", params(("id" = SessionId, Path)),
    responses((status = 204), (status = 404, body = crate::answer::Problem)))]
async fn revoke(
    State(web): State<WebState>,
    PathId(id): PathId<SessionId>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    sessions::revoke(&web.app, &sent.actor, id).await?;
    Ok(json::done())
}

/// Ends all of one's own sessions but this one, and forgets their devices. Not for API tokens, which are in none.
#[utoipa::path(post, path = "/api/v1/sessions/revoke-others", tag = "sessions",
    responses((status = 200, body = Ended), (status = 403, body = crate::answer::Problem)))]
async fn revoke_others(
    State(web): State<WebState>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    let ended = sessions::revoke_others(&web.app, &sent.actor).await?;
    json::ok(&Ended { ended })
}

/// Where somebody is signed in.
#[utoipa::path(get, path = "/api/v1/users/{id}/sessions", tag = "sessions", params(("id" = PersonId, Path)),
    responses((status = 200, body = Sessions), (status = 404, body = crate::answer::Problem)))]
async fn list_of(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<PersonId>,
) -> Result<Response, Fault> {
    let found = sessions::reads::list_of(&web.app, &mut tx, id).await?;
    json::read(&exchange, tx, &Sessions::of(found))
}

/// Signs somebody out everywhere, and forgets their devices.
#[utoipa::path(delete, path = "/api/v1/users/{id}/sessions", tag = "sessions", params(("id" = PersonId, Path)),
    responses((status = 200, body = Ended), (status = 404, body = crate::answer::Problem)))]
async fn revoke_all_of(
    State(web): State<WebState>,
    PathId(id): PathId<PersonId>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    let ended = sessions::revoke_all_of(&web.app, &sent.actor, id).await?;
    json::ok(&Ended { ended })
}
