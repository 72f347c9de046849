//! `/api/v1/notifications`: the caller's own inbox.

use axum::{extract::State, response::Response};
use intrex_core::{
    Error,
    error::FieldErrors,
    ids::NotificationId,
    notifications::{self, Inbox, Notification},
    paging,
    permission::Permission,
    raw::Raw,
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
    routes
        .api(Verb::Get, "/api/v1/notifications", read, list)
        .api(Verb::Get, "/api/v1/notifications/{id}", read, show)
        .api(Verb::Post, "/api/v1/notifications/{id}/read", read, mark)
}

#[derive(OpenApi)]
#[openapi(paths(list, show, mark))]
pub(super) struct Description;

/// What narrows the inbox.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawInbox {
    unread: Raw,
}

impl RawInbox {
    fn parse(&self) -> Result<Inbox, Error> {
        let mut errors = FieldErrors::new();
        let inbox = self
            .unread
            .one_of(&mut errors, "unread", "true, false", |text| match text {
                "true" => Some(Inbox::Unread),
                "false" => Some(Inbox::All),
                _ => None,
            });
        errors.finish()?;
        Ok(inbox.flatten().unwrap_or_default())
    }
}

/// The caller's inbox, the latest message first.
#[utoipa::path(get, path = "/api/v1/notifications", tag = "notifications", params(
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200), ("cursor" = Option<String>, Query),
    ("unread" = Option<bool>, Query, description = "`true` for what was not read alone"),
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
