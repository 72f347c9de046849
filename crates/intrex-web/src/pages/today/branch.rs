//! A branch manager: what is late, what this week brings, and what nobody has taken on.

use askama::Template;
use axum::response::Response;
use chrono_tz::Tz;
use intrex_core::{
    Error, branches,
    catalogue::{Text, keys},
    db::ReadTx,
    obligations::{
        filter::{Filter, Owner, StatusFilter},
        schedule::civil_today,
    },
    permission::Permission,
    reports,
};

use super::{
    due_between,
    figures::{Figure, due_href, figures},
    head_office::Grid,
    rows, week_from,
};
use crate::{
    answer::{Fault, Page, Place},
    pages::obligations::Row,
    request::Exchange,
    words::{Words, place_of},
};

/// Rows of one part of the page.
const SHOWN_ITEMS: u32 = 10;

#[derive(Template)]
#[template(path = "today/branch.html")]
struct BranchPage<'a> {
    page: &'a Page,
    here: String,
    figures: Vec<Figure>,
    late: Vec<Row>,
    week: Vec<Row>,
    week_href: String,
    unowned: Vec<Row>,
    /// Of several branches.
    grid: Option<Grid>,
}

pub(super) async fn show(
    mut tx: ReadTx,
    exchange: &Exchange,
    words: Words,
) -> Result<Response, Fault> {
    let overview = reports::reads::overview(&mut tx).await?;
    let own = branches::reads::all(&mut tx).await?;
    // With one branch, today is the branch's; several may disagree, then head office's day stands for all of them.
    let only = match own.as_slice() {
        [only] => Some(only),
        _ => None,
    };
    let zone: Option<Tz> = only
        .map(|branch| branch.time_zone.parse().map_err(Error::internal))
        .transpose()?;
    let today = zone.map_or(overview.today, |zone| civil_today(tx.now(), zone));
    let here = match zone {
        Some(zone) => {
            let local = tx.now().with_timezone(&zone);
            let text = Text::new(keys::TODAY_HERE)
                .with("date", words.full_day(today))
                .with("time", local.format("%H:%M").to_string())
                .with("place", place_of(zone));
            words.say(&text)
        }
        None => words.full_day(today),
    };
    let late = Filter {
        status: Some(StatusFilter::Overdue),
        ..Filter::default()
    };
    let unowned = Filter {
        status: Some(StatusFilter::Open),
        owner_id: Some(Owner::Nobody),
        ..Filter::default()
    };
    let late = rows(&mut tx, late, SHOWN_ITEMS, words).await?;
    let week = rows(
        &mut tx,
        due_between(today, week_from(today)),
        SHOWN_ITEMS,
        words,
    )
    .await?;
    let unowned = rows(&mut tx, unowned, SHOWN_ITEMS, words).await?;
    let title = match only {
        Some(branch) => Text::new(keys::BRANCH_TITLE).with("name", branch.name.as_str()),
        None => keys::TODAY_MY_BRANCHES.into(),
    };
    let page = Page::of_reader(tx, exchange, Place::Today, title).await?;
    page.show(&BranchPage {
        page: &page,
        here,
        figures: figures(words, &overview.totals, overview.today),
        late,
        week,
        week_href: due_href("", today, week_from(today)),
        unowned,
        grid: (own.len() > 1).then(|| Grid::of(&overview, words)),
    })
}
