//! All connectors of the organisation.

use askama::Template;
use axum::response::Response;
use intrex_core::{
    catalogue::keys,
    connectors::{self, Connector},
    permission::Permission,
};

use super::{icon, status_tag, type_words};
use crate::{
    answer::{Fault, Page, Place},
    request::{Exchange, Reader},
    words::Words,
};

/// A connector as the list shows it.
struct Row {
    connector: Connector,
    icon: &'static str,
    kind: String,
    leads_to: String,
    /// Kind, icon and words of its state.
    status: (&'static str, &'static str, String),
    worked: String,
}

#[derive(Template)]
#[template(path = "settings/connectors/list.html")]
struct ListPage<'a> {
    page: &'a Page,
    rows: Vec<Row>,
}

/// `GET /settings/connectors`
pub(super) async fn list(exchange: Exchange, Reader(mut tx): Reader) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let all = connectors::reads::list(&mut tx).await?;
    let now = tx.now();
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::SETTINGS_CONNECTORS).await?;
    let rows = all.into_iter().map(|connector| {
        let (kind, icon_name, key) = status_tag(connector.status);
        Row {
            icon: icon(connector.kind),
            kind: page.t(type_words(connector.kind)),
            leads_to: connector.config.leads_to(),
            status: (kind, icon_name, page.t(key)),
            worked: match connector.health.last_success_at {
                Some(at) => words.ago(at, now),
                None => page.t(keys::CONNECTOR_NEVER),
            },
            connector,
        }
    });
    page.show(&ListPage {
        rows: rows.collect(),
        page: &page,
    })
}
