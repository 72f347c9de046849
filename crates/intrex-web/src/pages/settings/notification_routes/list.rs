//! All routes of the organisation, each as a sentence; and what serves where there is none.

use askama::Template;
use axum::response::Response;
use intrex_core::{
    catalogue::keys,
    permission::Permission,
    routes::{self, Route},
};

use super::sentence::{Names, sentence};
use crate::{
    answer::{Fault, Page, Place},
    request::{Exchange, Reader},
    words::Words,
};

struct Row {
    route: Route,
    sentence: String,
}

#[derive(Template)]
#[template(path = "settings/notification_routes/list.html")]
struct ListPage<'a> {
    page: &'a Page,
    rows: Vec<Row>,
    all_off: bool,
}

/// `GET /settings/routes`
pub(super) async fn list(exchange: Exchange, Reader(mut tx): Reader) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let all = routes::reads::list(&mut tx).await?;
    let names = Names::read(&mut tx).await?;
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::SETTINGS_ROUTES).await?;
    let rows: Vec<Row> = all
        .into_iter()
        .map(|route| Row {
            sentence: sentence(&route, &names, words),
            route,
        })
        .collect();
    page.show(&ListPage {
        all_off: !rows.is_empty() && rows.iter().all(|row| !row.route.active),
        rows,
        page: &page,
    })
}
