//! `/api/v1/dashboard/summary`, `/api/v1/reports/overdue` and `/api/v1/reports/upcoming`: the numbers of the first page, and
//! the lists behind them.

use axum::{extract::State, response::Response};
use intrex_core::{
    obligations::{
        filter::{Filter, StatusFilter},
        model::Obligation,
        reads,
    },
    paging,
    permission::Permission,
    reports::{self, Overview},
    security_events,
};
use utoipa::OpenApi;

use crate::{
    WebState,
    answer::{Fault, json},
    request::{Exchange, List, Nothing, Reader},
    routes::{Access, Routes, Verb},
};

/// What one item of a list takes, in bytes.
const BYTES_AN_ITEM: usize = 1_000;

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Access::Needs(Permission::ObligationsRead);
    routes
        .api(Verb::Get, "/api/v1/dashboard/summary", read, summary)
        .api(Verb::Get, "/api/v1/reports/overdue", read, overdue)
        .api(Verb::Get, "/api/v1/reports/upcoming", read, upcoming)
}

#[derive(OpenApi)]
#[openapi(paths(summary, overdue, upcoming))]
pub(super) struct Description;

/// What is open in the caller's reach, counted: by branch and category, and by day for the coming 30 days.
#[utoipa::path(get, path = "/api/v1/dashboard/summary", tag = "reports",
    responses((status = 200, body = Overview)))]
async fn summary(exchange: Exchange, Reader(mut tx): Reader) -> Result<Response, Fault> {
    let overview = reports::reads::overview(&mut tx).await?;
    json::read(&exchange, tx, &overview)
}

/// What is late, the longest first.
#[utoipa::path(get, path = "/api/v1/reports/overdue", tag = "reports", params(
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200), ("cursor" = Option<String>, Query),
), responses((status = 200, body = paging::Page<Obligation>)))]
async fn overdue(
    State(web): State<WebState>,
    exchange: Exchange,
    reader: Reader,
    list: List<Nothing>,
) -> Result<Response, Fault> {
    with_status(&web, exchange, reader, list, StatusFilter::Overdue).await
}

/// What is still to come, the nearest first.
#[utoipa::path(get, path = "/api/v1/reports/upcoming", tag = "reports", params(
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200), ("cursor" = Option<String>, Query),
), responses((status = 200, body = paging::Page<Obligation>)))]
async fn upcoming(
    State(web): State<WebState>,
    exchange: Exchange,
    reader: Reader,
    list: List<Nothing>,
) -> Result<Response, Fault> {
    with_status(&web, exchange, reader, list, StatusFilter::Upcoming).await
}

async fn with_status(
    web: &WebState,
    exchange: Exchange,
    Reader(mut tx): Reader,
    list: List<Nothing>,
    status: StatusFilter,
) -> Result<Response, Fault> {
    let filter = Filter {
        status: Some(status),
        ..Filter::default()
    };
    let page = reads::list(&mut tx, &filter, &list.page).await?;
    let (actor, rows) = (tx.actor().clone(), page.items.len());
    let response = json::read_page(&exchange, tx, &page, BYTES_AN_ITEM)?;
    security_events::note_bulk_read(&web.app, &actor, rows, list.page.is_later()).await?;
    Ok(response)
}
