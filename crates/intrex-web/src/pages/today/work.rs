//! An operator: one list of the own tasks by due date, made for a phone and one thumb.

use askama::Template;
use axum::response::Response;
use intrex_core::{
    catalogue::{Text, keys},
    db::ReadTx,
    obligations::filter::{Filter, StatusFilter},
    reports,
};

use super::{Done, rows};
use crate::{
    answer::{Fault, Page, Place},
    pages::obligations::Row,
    request::Exchange,
    words::Words,
};

/// Tasks that are shown; the list has the rest.
const SHOWN_TASKS: u32 = 50;

#[derive(Template)]
#[template(path = "today/work.html")]
struct WorkPage<'a> {
    page: &'a Page,
    lede: String,
    late: bool,
    done: Option<Done>,
    tasks: Vec<Row>,
    /// How many there are that are not shown.
    more: i64,
}

pub(super) async fn show(
    mut tx: ReadTx,
    exchange: &Exchange,
    words: Words,
    done: Option<Done>,
) -> Result<Response, Fault> {
    let totals = reports::reads::overview(&mut tx).await?.totals;
    let open = Filter {
        status: Some(StatusFilter::Open),
        ..Filter::default()
    };
    let tasks = rows(&mut tx, open, SHOWN_TASKS, words).await?;
    let lede = Text::new(keys::TODAY_WORK_LEDE)
        .with("overdue", totals.overdue)
        .with("week", totals.due_this_week);
    let page = Page::of_reader(tx, exchange, Place::Today, keys::TODAY_MY_WORK).await?;
    let shown = i64::try_from(tasks.len()).unwrap_or(i64::MAX);
    page.show(&WorkPage {
        page: &page,
        lede: words.say(&lede),
        late: totals.overdue > 0,
        done,
        more: (totals.open - shown).max(0),
        tasks,
    })
}
