//! The end of a connector.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use intrex_core::{
    Error,
    catalogue::keys,
    connectors::{self, Connector},
    ids::ConnectorId,
};

use super::PATH;
use crate::{
    WebState,
    answer::{Fault, Page, Place},
    request::{Exchange, Form, Nothing, PathId, Reader, guard::see_other},
};

#[derive(Template)]
#[template(path = "settings/connectors/remove.html")]
struct RemovePage<'a> {
    page: &'a Page,
    connector: Connector,
    notice: Option<String>,
}

/// `GET /settings/connectors/{id}/remove`: asks once more.
pub(super) async fn confirm(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<ConnectorId>,
) -> Result<Response, Fault> {
    let connector = connectors::reads::get(&mut tx, id).await?;
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::CONNECTOR_REMOVE_ONE).await?;
    page.show(&RemovePage {
        page: &page,
        connector,
        notice: None,
    })
}

/// `POST /settings/connectors/{id}/remove`
pub(super) async fn remove(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<ConnectorId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    match connectors::remove(&web.app, &form.actor, id).await {
        Ok(()) => Ok(see_other(PATH)),
        Err(Error::Conflict(conflict)) => {
            let mut tx = web.app.db.read(&form.actor).await?;
            let connector = connectors::reads::get(&mut tx, id).await?;
            let title = keys::CONNECTOR_REMOVE_ONE;
            let page = Page::of_reader(tx, &exchange, Place::Settings, title).await?;
            let notice = Some(page.say(conflict.text()));
            page.show_as(
                StatusCode::CONFLICT,
                &RemovePage {
                    page: &page,
                    connector,
                    notice,
                },
            )
        }
        Err(error) => Err(error.into()),
    }
}
