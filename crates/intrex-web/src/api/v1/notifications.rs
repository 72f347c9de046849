//! `/api/v1/notifications`: the caller's own inbox.

use axum::{extract::State, response::Response};
use intrex_core::{
    Error,
    answers::{self, Answered, RawAcknowledgement, RawSelection, RawSnooze},
    error::FieldErrors,
    ids::NotificationId,
    notifications::{self, Inbox, Notification},
    paging,
    permission::Permission,
    raw::Raw,
    reminders::simulator::{self, RawSimulation, model::Foresight},
};
use serde::Deserialize;
use utoipa::OpenApi;

use crate::{
    WebState,
    answer::{Fault, json},
    request::{Exchange, Json, List, Nothing, PathId, Reader},
    routes::{Access, Routes, Verb},
};

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Access::Needs(Permission::NotificationsRead);
    let answer = Access::Needs(Permission::RemindersAnswer);
    let manage = Access::Needs(Permission::RoutesManage);
    routes
        .api(
            Verb::Post,
            "/api/v1/notifications/simulate",
            manage,
            simulate,
        )
        .api(Verb::Get, "/api/v1/notifications", read, list)
        .api(Verb::Get, "/api/v1/notifications/{id}", read, show)
        .api(Verb::Post, "/api/v1/notifications/{id}/read", read, mark)
        .api(
            Verb::Post,
            "/api/v1/notifications/acknowledge",
            answer,
            acknowledge_selected,
        )
        .api(
            Verb::Post,
            "/api/v1/notifications/{id}/acknowledge",
            answer,
            acknowledge,
        )
        .api(
            Verb::Post,
            "/api/v1/notifications/{id}/snooze",
            answer,
            snooze,
        )
}

#[derive(OpenApi)]
#[openapi(paths(list, show, mark, acknowledge, acknowledge_selected, snooze, simulate))]
pub(super) struct Description;

/// Looks ahead: every message of the next thirty days as it goes out if nobody does anything, and what a route that is made,
/// changed or removed would add and take away. Nothing is kept, and nothing is sent.
#[utoipa::path(post, path = "/api/v1/notifications/simulate", tag = "notifications", request_body = RawSimulation,
    responses((status = 200, body = Foresight), (status = 409, body = crate::answer::Problem),
              (status = 422, body = crate::answer::Problem)))]
async fn simulate(
    State(web): State<WebState>,
    sent: Json<RawSimulation>,
) -> Result<Response, Fault> {
    json::ok(&simulator::ahead(&web.app, &sent.actor, &sent.input).await?)
}

/// What narrows the inbox.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawInbox {
    unread: Raw,
    to_acknowledge: Raw,
}

impl RawInbox {
    fn parse(&self) -> Result<Inbox, Error> {
        let mut errors = FieldErrors::new();
        let flag = |text: &str| match text {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        };
        let choices = "true, false";
        let unread = self.unread.one_of(&mut errors, "unread", choices, flag);
        let waiting = self
            .to_acknowledge
            .one_of(&mut errors, "to_acknowledge", choices, flag);
        errors.finish()?;
        Ok(match (waiting.flatten(), unread.flatten()) {
            (Some(true), _) => Inbox::ToAcknowledge,
            (_, Some(true)) => Inbox::Unread,
            _ => Inbox::All,
        })
    }
}

/// The caller's inbox, the latest message first.
#[utoipa::path(get, path = "/api/v1/notifications", tag = "notifications", params(
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200), ("cursor" = Option<String>, Query),
    ("unread" = Option<bool>, Query, description = "`true` for what was not read alone"),
    ("to_acknowledge" = Option<bool>, Query,
     description = "`true` for what is about an open obligation and was not acknowledged; `unread` is not asked then"),
), responses((status = 200, body = paging::Page<Notification>)))]
async fn list(
    exchange: Exchange,
    Reader(mut tx): Reader,
    list: List<RawInbox>,
) -> Result<Response, Fault> {
    let page = notifications::reads::list(&mut tx, list.filter.parse()?, &list.page).await?;
    json::read(&exchange, tx, &page)
}

/// One message of the caller's inbox.
#[utoipa::path(get, path = "/api/v1/notifications/{id}", tag = "notifications", params(("id" = NotificationId, Path)),
    responses((status = 200, body = Notification), (status = 404, body = crate::answer::Problem)))]
async fn show(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<NotificationId>,
) -> Result<Response, Fault> {
    let message = notifications::reads::get(&mut tx, id).await?;
    json::read(&exchange, tx, &message)
}

/// Marks a message as read. Marking it again changes nothing.
#[utoipa::path(post, path = "/api/v1/notifications/{id}/read", tag = "notifications",
    params(("id" = NotificationId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = Notification), (status = 404, body = crate::answer::Problem)))]
async fn mark(
    State(web): State<WebState>,
    PathId(id): PathId<NotificationId>,
    sent: Json<Nothing>,
) -> Result<Response, Fault> {
    let message = notifications::commands::mark_read(&web.app, &sent.actor, id).await?;
    json::ok(&message)
}

/// Acknowledges a message: the caller has its obligation in hand, and is reminded of it no more than it goes beyond what the
/// message says. Doing so again changes nothing.
#[utoipa::path(post, path = "/api/v1/notifications/{id}/acknowledge", tag = "notifications",
    params(("id" = NotificationId, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = RawAcknowledgement,
    responses((status = 200, body = Notification), (status = 404, body = crate::answer::Problem),
              (status = 409, description = "the obligation is not open any more, or the message is about none", body = crate::answer::Problem),
              (status = 422, body = crate::answer::Problem)))]
async fn acknowledge(
    State(web): State<WebState>,
    PathId(id): PathId<NotificationId>,
    sent: Json<RawAcknowledgement>,
) -> Result<Response, Fault> {
    let message = answers::commands::acknowledge(&web.app, &sent.actor, id, &sent.input).await?;
    json::ok(&message)
}

/// Acknowledges several messages, all or none: one that is not in the caller's inbox makes it a 404, which does not tell
/// which. Obligations that were settled meanwhile are passed over.
#[utoipa::path(post, path = "/api/v1/notifications/acknowledge", tag = "notifications",
    params(("Idempotency-Key" = Option<String>, Header)), request_body = RawSelection,
    responses((status = 200, body = Answered), (status = 404, body = crate::answer::Problem),
              (status = 409, description = "one of the messages is about no obligation", body = crate::answer::Problem),
              (status = 422, body = crate::answer::Problem)))]
async fn acknowledge_selected(
    State(web): State<WebState>,
    sent: Json<RawSelection>,
) -> Result<Response, Fault> {
    let answered =
        answers::commands::acknowledge_selected(&web.app, &sent.actor, &sent.input).await?;
    json::ok(&answered)
}

/// Puts the obligation of a message off for the caller: its reminders come together at that time. Escalations do not wait.
#[utoipa::path(post, path = "/api/v1/notifications/{id}/snooze", tag = "notifications",
    params(("id" = NotificationId, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = RawSnooze,
    responses((status = 200, body = Notification), (status = 404, body = crate::answer::Problem),
              (status = 409, description = "the obligation is not open any more, or the message is about none", body = crate::answer::Problem),
              (status = 422, body = crate::answer::Problem)))]
async fn snooze(
    State(web): State<WebState>,
    PathId(id): PathId<NotificationId>,
    sent: Json<RawSnooze>,
) -> Result<Response, Fault> {
    let message = answers::commands::snooze(&web.app, &sent.actor, id, &sent.input).await?;
    json::ok(&message)
}
