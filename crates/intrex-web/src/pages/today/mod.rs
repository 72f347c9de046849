//! Where people land, in three forms: head office sees the whole, a branch manager the own branches, an operator the own
//! tasks. Each number links to the list that has as many rows.
//!
//! `head_office` · `branch` · `work` the three forms · `figures` numbers with their links · `ahead` the coming days.

mod ahead;
mod branch;
mod figures;
mod head_office;
mod work;

use axum::response::{IntoResponse as _, Response};
use chrono::{Days, NaiveDate};
use intrex_core::{
    Error,
    catalogue::{Text, keys},
    db::ReadTx,
    ids::ObligationId,
    obligations::{
        filter::{Filter, StatusFilter},
        reads,
    },
    paging::PageRequest,
    permission::{Permission, Role},
    raw::Raw,
    reports::model::WEEK_DAYS,
};
use serde::Deserialize;

use super::obligations::Row;
use crate::{
    answer::Fault,
    request::{Exchange, Query, Reader, guard::see_other, next},
    routes::{Access, Routes},
    words::Words,
};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .page("/", Access::Public, async || {
            see_other(next::HOME).into_response()
        })
        .page("/today", Access::Needs(Permission::ObligationsRead), show)
}

/// What the address can say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawToday {
    /// The item that was just marked as done here.
    done: Raw,
}

/// What was just marked as done.
#[derive(Debug)]
struct Done {
    href: String,
    words: String,
    next: Option<String>,
}

/// `GET /today`
async fn show(
    exchange: Exchange,
    Reader(mut tx): Reader,
    Query(asked): Query<RawToday>,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let done = done(&mut tx, &asked, words).await?;
    match tx.actor().role() {
        Some(Role::HeadOfficeAdmin) => head_office::show(tx, &exchange, words).await,
        Some(Role::BranchManager) => branch::show(tx, &exchange, words).await,
        _ => work::show(tx, &exchange, words, done).await,
    }
}

/// What the address says was done, if that is so and the reader sees it.
async fn done(tx: &mut ReadTx, asked: &RawToday, words: Words) -> Result<Option<Done>, Error> {
    let Ok(id) = asked.done.shown().parse::<ObligationId>() else {
        return Ok(None);
    };
    let item = match reads::get(tx, id).await {
        Ok(item) if item.completion.is_some() => item,
        Ok(_) | Err(Error::NotFound) => return Ok(None),
        Err(error) => return Err(error),
    };
    let next = reads::successor(tx, id).await?.map(|next| {
        let text = Text::new(keys::OBLIGATION_NEXT_WILL_BE).with("date", words.day(next.due_on));
        words.say(&text)
    });
    let text = Text::new(keys::TODAY_DONE).with("title", item.title);
    Ok(Some(Done {
        href: format!("/obligations/{id}"),
        words: words.say(&text),
        next,
    }))
}

/// The first rows of a list.
async fn rows(
    tx: &mut ReadTx,
    filter: Filter,
    limit: u32,
    words: Words,
) -> Result<Vec<Row>, Error> {
    let page = reads::list(tx, &filter, &PageRequest::first(limit)).await?;
    Row::all(tx, page.items, words).await
}

/// Open items that are due from one day to another.
fn due_between(from: NaiveDate, to: NaiveDate) -> Filter {
    Filter {
        status: Some(StatusFilter::Open),
        due_from: Some(from),
        due_to: Some(to),
        ..Filter::default()
    }
}

/// The last day of the week that begins on a day.
fn week_from(day: NaiveDate) -> NaiveDate {
    let days = u64::try_from(WEEK_DAYS - 1).unwrap_or(0);
    day.checked_add_days(Days::new(days)).unwrap_or(day)
}
