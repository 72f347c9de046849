//! `/api/v1/obligations/{id}/answers`: who has an obligation in hand, and who has put it off; and saying so oneself.

use axum::{extract::State, response::Response};
use intrex_core::{
    answers::{self, Acknowledgement, RawAcknowledgement, RawSnooze, Snooze, reads::ItemAnswers},
    ids::ObligationId,
    permission::Permission,
};
use utoipa::OpenApi;

use crate::{
    WebState,
    answer::{Fault, json},
    request::{Exchange, Json, PathId, Reader},
    routes::{Access, Routes, Verb},
};

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Access::Needs(Permission::ObligationsRead);
    let answer = Access::Needs(Permission::RemindersAnswer);
    routes
        .api(Verb::Get, "/api/v1/obligations/{id}/answers", read, show)
        .api(
            Verb::Post,
            "/api/v1/obligations/{id}/acknowledge",
            answer,
            acknowledge,
        )
        .api(
            Verb::Post,
            "/api/v1/obligations/{id}/snooze",
            answer,
            snooze,
        )
}

#[derive(OpenApi)]
#[openapi(paths(show, acknowledge, snooze))]
pub(super) struct Description;

/// Who has an obligation in hand, the latest word first, and who has put it off beyond now.
#[utoipa::path(get, path = "/api/v1/obligations/{id}/answers", tag = "obligations", params(("id" = ObligationId, Path)),
    responses((status = 200, body = ItemAnswers), (status = 404, body = crate::answer::Problem)))]
async fn show(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<ObligationId>,
) -> Result<Response, Fault> {
    let said = answers::reads::of_item(&mut tx, id).await?;
    json::read(&exchange, tx, &said)
}

/// Acknowledges an obligation as far as it has come: the caller has it in hand. Doing so again changes nothing until it comes
/// back.
#[utoipa::path(post, path = "/api/v1/obligations/{id}/acknowledge", tag = "obligations",
    params(("id" = ObligationId, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = RawAcknowledgement,
    responses((status = 200, body = Acknowledgement), (status = 404, body = crate::answer::Problem),
              (status = 409, description = "it is not open any more", body = crate::answer::Problem),
              (status = 422, body = crate::answer::Problem)))]
async fn acknowledge(
    State(web): State<WebState>,
    PathId(id): PathId<ObligationId>,
    sent: Json<RawAcknowledgement>,
) -> Result<Response, Fault> {
    let said = answers::commands::acknowledge_item(&web.app, &sent.actor, id, &sent.input).await?;
    json::ok(&said)
}

/// Puts an obligation off for the caller: their reminders of it come together at that time. Escalations do not wait.
#[utoipa::path(post, path = "/api/v1/obligations/{id}/snooze", tag = "obligations",
    params(("id" = ObligationId, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = RawSnooze,
    responses((status = 200, body = Snooze), (status = 404, body = crate::answer::Problem),
              (status = 409, description = "it is not open any more", body = crate::answer::Problem),
              (status = 422, body = crate::answer::Problem)))]
async fn snooze(
    State(web): State<WebState>,
    PathId(id): PathId<ObligationId>,
    sent: Json<RawSnooze>,
) -> Result<Response, Fault> {
    let snooze = answers::commands::snooze_item(&web.app, &sent.actor, id, &sent.input).await?;
    json::ok(&snooze)
}
