//! Another signing secret beside a webhook's present one.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use intrex_core::{
    Error,
    catalogue::keys,
    connectors::{self, Connector, RawRotation},
    ids::ConnectorId,
};
use secrecy::ExposeSecret as _;

use super::{PATH, write::MadePage};
use crate::{
    WebState,
    answer::{Fault, FormView, Page, Place},
    request::{Exchange, Form, PathId, Reader, guard::see_other},
};

#[derive(Template)]
#[template(path = "settings/connectors/rotate.html")]
struct RotatePage<'a> {
    page: &'a Page,
    form: FormView,
    connector: Connector,
}

/// `GET /settings/connectors/{id}/rotate`
pub(super) async fn form(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<ConnectorId>,
) -> Result<Response, Fault> {
    let connector = connectors::reads::get(&mut tx, id).await?;
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::CONNECTOR_ROTATE).await?;
    page.show(&RotatePage {
        form: FormView::empty(),
        connector,
        page: &page,
    })
}

/// `POST /settings/connectors/{id}/rotate`
pub(super) async fn rotate(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<ConnectorId>,
    form: Form<RawRotation>,
) -> Result<Response, Fault> {
    match connectors::rotate(&web.app, &form.actor, id, &form.input).await {
        Ok(made) => {
            let Some(secret) = made.signing_secret else {
                return Ok(see_other(&format!("{PATH}/{id}")));
            };
            let title = keys::CONNECTOR_SECRET_MADE;
            let page = Page::of_actor(&form.actor, &exchange, Place::Settings, title);
            page.show(&MadePage {
                page: &page,
                connector: &made.connector,
                secret: secret.expose_secret(),
            })
        }
        Err(Error::Invalid(errors)) => {
            let mut tx = web.app.db.read(&form.actor).await?;
            let connector = connectors::reads::get(&mut tx, id).await?;
            let title = keys::CONNECTOR_ROTATE;
            let page = Page::of_reader(tx, &exchange, Place::Settings, title).await?;
            let view = FormView::typed(form.typed).wrong(&errors, exchange.language());
            page.show_as(
                StatusCode::UNPROCESSABLE_ENTITY,
                &RotatePage {
                    form: view,
                    connector,
                    page: &page,
                },
            )
        }
        Err(error) => Err(error.into()),
    }
}
