//! The end of a route.

use askama::Template;
use axum::{extract::State, response::Response};
use intrex_core::{
    catalogue::keys,
    ids::RouteId,
    routes::{self, Route},
};

use super::{
    PATH,
    sentence::{Names, sentence},
};
use crate::{
    WebState,
    answer::{Fault, Page, Place},
    request::{Exchange, Form, Nothing, PathId, Reader, guard::see_other},
    words::Words,
};

#[derive(Template)]
#[template(path = "settings/notification_routes/remove.html")]
struct RemovePage<'a> {
    page: &'a Page,
    route: Route,
    sentence: String,
}

/// `GET /settings/routes/{id}/remove`: asks once more.
pub(super) async fn confirm(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<RouteId>,
) -> Result<Response, Fault> {
    let route = routes::reads::get(&mut tx, id).await?;
    let names = Names::read(&mut tx).await?;
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::ROUTE_REMOVE_ONE).await?;
    page.show(&RemovePage {
        sentence: sentence(&route, &names, Words(exchange.language())),
        page: &page,
        route,
    })
}

/// `POST /settings/routes/{id}/remove`
pub(super) async fn remove(
    State(web): State<WebState>,
    PathId(id): PathId<RouteId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    routes::remove(&web.app, &form.actor, id).await?;
    Ok(see_other(PATH))
}
