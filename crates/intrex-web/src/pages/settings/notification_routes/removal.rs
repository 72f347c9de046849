//! The end of a route, with what will be told without it.

use askama::Template;
use axum::{extract::State, response::Response};
use intrex_core::{
    Error,
    catalogue::keys,
    ids::RouteId,
    reminders::simulator::{self, RawSimulation},
    routes::{self, Route},
    tenants,
};

use super::{
    super::super::simulator::Foreseen,
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
    ahead: Foreseen,
}

/// `GET /settings/routes/{id}/remove`: asks once more, and says which messages of the next thirty days come and go with it.
pub(super) async fn confirm(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<RouteId>,
) -> Result<Response, Fault> {
    let route = routes::reads::get(&mut tx, id).await?;
    let names = Names::read(&mut tx).await?;
    let actor = tx.actor().clone();
    let zone = tenants::reads::current(&mut tx).await?.time_zone;
    let zone = zone.parse().map_err(Error::internal)?;
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::ROUTE_REMOVE_ONE).await?;
    let without = RawSimulation {
        route_id: id.to_string().into(),
        route: None,
    };
    let look = simulator::ahead(&web.app, &actor, &without).await?;
    let words = Words(exchange.language());
    page.show(&RemovePage {
        sentence: sentence(&route, &names, words),
        ahead: Foreseen::of(&look, zone, words),
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
