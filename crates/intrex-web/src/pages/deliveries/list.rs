//! The list of deliveries, narrowed by state, way and day.

use askama::Template;
use axum::{http::StatusCode, response::Response};
use chrono_tz::Tz;
use intrex_core::{
    Error,
    catalogue::keys,
    connectors,
    db::ReadTx,
    deliveries::{self, DeliverySummary, RawDeliveryFilter},
    paging::Page as Items,
    permission::Permission,
    tenants,
};

use super::{PATH, about, reason, recipient, state_tag, way};
use crate::{
    answer::{Fault, FormView, Page, Place},
    request::{Exchange, List, Reader, Typed},
    words::{Tag, Words},
};

/// A delivery as the list shows it.
struct Row {
    href: String,
    about: String,
    to: String,
    way: String,
    state: Tag,
    why: Option<String>,
    when: String,
    instant: String,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "deliveries/list.html")]
struct ListPage<'a> {
    page: &'a Page,
    rows: Vec<Row>,
    form: FormView,
    states: Vec<(String, String)>,
    connectors: Vec<(String, String)>,
    filtered: bool,
    zone: String,
    next: Option<String>,
}

/// `GET /messages/deliveries`
pub(super) async fn list(
    exchange: Exchange,
    Reader(mut tx): Reader,
    list: List<RawDeliveryFilter>,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let tenant = tenants::reads::current(&mut tx).await?;
    let zone: Tz = tenant.time_zone.parse().map_err(Error::internal)?;
    let (found, wrong) = match found(&mut tx, &list, zone).await {
        Ok(found) => (found, Vec::new()),
        Err(Error::Invalid(errors)) => {
            let nothing = Items {
                items: Vec::new(),
                next_cursor: None,
            };
            (nothing, errors)
        }
        Err(error) => return Err(error.into()),
    };
    let connectors = connector_choices(&mut tx, words).await?;
    let page = Page::of_reader(tx, &exchange, Place::Messages, keys::DELIVERIES_TITLE).await?;
    let status = match wrong.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    page.show_as(
        status,
        &ListPage {
            next: list.next_page(PATH, found.next_cursor.as_deref()),
            rows: found
                .items
                .into_iter()
                .map(|delivery| row(&delivery, zone, words))
                .collect(),
            form: FormView::typed(Typed::from(list.query.clone()))
                .wrong(&wrong, exchange.language()),
            states: state_choices(words),
            connectors,
            filtered: !list.query.is_empty(),
            zone: zone.name().to_owned(),
            page: &page,
        },
    )
}

async fn found(
    tx: &mut ReadTx,
    list: &List<RawDeliveryFilter>,
    zone: Tz,
) -> Result<Items<DeliverySummary>, Error> {
    let filter = list.filter.parse(zone)?;
    deliveries::reads::list(tx, &filter, &list.page).await
}

fn state_choices(words: Words) -> Vec<(String, String)> {
    let any = (String::new(), words.t(keys::DELIVERY_ANY));
    let states = deliveries::State::ALL.iter().map(|state| {
        let tag = state_tag(*state, words);
        (state.as_str().to_owned(), tag.words)
    });
    std::iter::once(any).chain(states).collect()
}

/// The connectors to choose from; none for somebody who does not see them.
pub(super) async fn connector_choices(
    tx: &mut ReadTx,
    words: Words,
) -> Result<Vec<(String, String)>, Error> {
    if !tx.actor().can(Permission::ConnectorsRead) {
        return Ok(Vec::new());
    }
    let any = (String::new(), words.t(keys::DELIVERY_ANY));
    let all = connectors::reads::list(tx).await?;
    let named = all
        .into_iter()
        .map(|connector| (connector.id.to_string(), connector.name));
    Ok(std::iter::once(any).chain(named).collect())
}

fn row(delivery: &DeliverySummary, zone: Tz, words: Words) -> Row {
    Row {
        href: format!("{PATH}/{}", delivery.id),
        about: about(delivery, words),
        to: recipient(delivery, words),
        way: way(delivery, words),
        state: state_tag(delivery.state, words),
        why: reason(delivery, words),
        when: words.moment(delivery.created_at, zone),
        instant: delivery.created_at.to_rfc3339(),
        next: delivery.next_attempt_at.map(|at| words.moment(at, zone)),
    }
}
