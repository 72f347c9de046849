//! Head office: what is late, which branches need help, what is coming, and whether the machinery runs.

use askama::Template;
use axum::response::Response;
use chrono::{Days, NaiveDate, Utc};
use intrex_core::{
    access_reviews::{self, AccessReview},
    catalogue::{Text, keys},
    db::ReadTx,
    obligations::filter::{Filter, StatusFilter},
    reports::{self, Cell, Line, Overview, Pulse, model::SOON_DAYS},
};

use super::{
    ahead::Ahead,
    figures::{Figure, due_href, figures},
    rows,
};
use crate::{
    answer::{Fault, Page, Place},
    pages::{
        obligations::Row,
        settings::{access_reviews::summary, health::last_success},
    },
    request::Exchange,
    words::{Tag, Words},
};

/// The worst items that are shown.
const SHOWN_ITEMS: u32 = 6;
/// The worst branches that are shown.
const SHOWN_BRANCHES: usize = 12;
/// Categories that have a column; the others are in the branch's list.
const SHOWN_CATEGORIES: usize = 6;

/// The branches by category, as head office and managers of several branches see them.
#[derive(Debug)]
pub(super) struct Grid {
    pub(super) columns: Vec<String>,
    pub(super) lines: Vec<GridLine>,
    pub(super) shown: String,
}

/// One branch.
#[derive(Debug)]
pub(super) struct GridLine {
    pub(super) href: String,
    pub(super) name: String,
    pub(super) place: String,
    pub(super) cells: Vec<GridCell>,
}

/// One branch and category.
#[derive(Debug)]
pub(super) struct GridCell {
    /// `o` for overdue, `d` for due, `k` for in order.
    pub(super) class: &'static str,
    pub(super) icon: Option<&'static str>,
    pub(super) column: String,
    pub(super) words: String,
    pub(super) href: Option<String>,
}

impl Grid {
    pub(super) fn of(overview: &Overview, words: Words) -> Self {
        let columns = columns(&overview.branches);
        let shown = overview
            .branches
            .iter()
            .filter(|line| line.open > 0)
            .take(SHOWN_BRANCHES);
        let lines: Vec<GridLine> = shown.map(|line| grid_line(line, &columns, words)).collect();
        let text = Text::new(keys::TODAY_GRID_SHOWN)
            .with("shown", lines.len())
            .with("n", overview.branches.len());
        Grid {
            shown: words.say(&text),
            columns: columns.iter().map(|name| words.category(name)).collect(),
            lines,
        }
    }
}

/// The categories in which most is late, then those in which most is open.
fn columns(lines: &[Line]) -> Vec<String> {
    let mut sums: std::collections::BTreeMap<&str, (i64, i64)> = std::collections::BTreeMap::new();
    for cell in lines.iter().flat_map(|line| &line.cells) {
        let sum = sums.entry(&cell.category).or_default();
        sum.0 += cell.overdue;
        sum.1 += cell.open;
    }
    let mut names: Vec<(&str, (i64, i64))> = sums.into_iter().collect();
    names.sort_by_key(|(_, sum)| std::cmp::Reverse(*sum));
    names
        .into_iter()
        .take(SHOWN_CATEGORIES)
        .map(|(name, _)| name.to_owned())
        .collect()
}

fn grid_line(line: &Line, columns: &[String], words: Words) -> GridLine {
    let cells = columns.iter().map(|category| {
        let cell = line.cells.iter().find(|cell| cell.category == *category);
        grid_cell(line, category, cell, words)
    });
    GridLine {
        href: format!("/obligations?status=open&branch_id={}", line.branch_id),
        name: line.name.clone(),
        place: line.city_corporation.clone(),
        cells: cells.collect(),
    }
}

fn grid_cell(line: &Line, category: &str, cell: Option<&Cell>, words: Words) -> GridCell {
    let also = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("branch_id", &line.branch_id.to_string())
        .append_pair("category", category)
        .finish();
    let (class, icon, said, href) = match cell {
        None => ("k", None, words.t(keys::TODAY_CELL_NOTHING), None),
        Some(cell) if cell.overdue > 0 => (
            "o",
            Some("alert"),
            words.count(keys::TODAY_CELL_OVERDUE, cell.overdue),
            Some(format!("/obligations?status=overdue&{also}")),
        ),
        Some(cell) if cell.due_soon > 0 => (
            "d",
            Some("clock"),
            words.count(keys::TODAY_CELL_DUE, cell.due_soon),
            Some(due_href(&format!("&{also}"), line.today, soon(line.today))),
        ),
        Some(_) => (
            "k",
            None,
            words.t(keys::TODAY_CELL_IN_ORDER),
            Some(format!("/obligations?status=open&{also}")),
        ),
    };
    GridCell {
        class,
        icon,
        column: words.category(category),
        words: said,
        href,
    }
}

fn soon(today: NaiveDate) -> NaiveDate {
    let days = u64::try_from(SOON_DAYS).unwrap_or(0);
    today.checked_add_days(Days::new(days)).unwrap_or(today)
}

/// One sign of life.
#[derive(Debug)]
struct Sign {
    name: String,
    tag: Tag,
}

#[derive(Template)]
#[template(path = "today/head_office.html")]
struct HeadOfficePage<'a> {
    page: &'a Page,
    figures: Vec<Figure>,
    late: Vec<Row>,
    no_branches: bool,
    grid: Grid,
    ahead: Ahead,
    signs: Vec<Sign>,
    /// The open access review: its address, and how far it has come.
    review: Option<(String, Tag)>,
}

pub(super) async fn show(
    mut tx: ReadTx,
    exchange: &Exchange,
    words: Words,
) -> Result<Response, Fault> {
    let overview = reports::reads::overview(&mut tx).await?;
    let late = Filter {
        status: Some(StatusFilter::Overdue),
        ..Filter::default()
    };
    let late = rows(&mut tx, late, SHOWN_ITEMS, words).await?;
    let pulse = reports::reads::pulse(&mut tx).await?;
    let review = access_reviews::reads::open(&mut tx).await?;
    let now = tx.now();
    let title = Text::new(keys::TODAY_TITLE).with("date", words.full_day(overview.today));
    let page = Page::of_reader(tx, exchange, Place::Today, title).await?;
    page.show(&HeadOfficePage {
        figures: figures(words, &overview.totals, overview.today),
        late,
        no_branches: overview.branches.is_empty(),
        grid: Grid::of(&overview, words),
        ahead: Ahead::of(&overview.days, words),
        signs: signs(&pulse, now, words),
        review: review.map(|review| open_review(&review, overview.today, words)),
        page: &page,
    })
}

/// What head office owes to itself.
fn open_review(review: &AccessReview, today: NaiveDate, words: Words) -> (String, Tag) {
    let late = review.due_on < today;
    let text = Text::new(keys::ACCESS_REVIEW_DUE).with("date", words.day(review.due_on));
    let tag = Tag {
        kind: if late { "over" } else { "due" },
        icon: if late { "alert" } else { "clock" },
        words: format!("{} · {}", words.say(&text), summary(words, review)),
    };
    (format!("/settings/access-reviews/{}", review.id), tag)
}

fn signs(pulse: &Pulse, now: chrono::DateTime<Utc>, words: Words) -> Vec<Sign> {
    let mut signs: Vec<Sign> = pulse
        .work
        .iter()
        .map(|work| Sign {
            name: words.named("worker", &work.worker.replace('.', "-")),
            tag: last_success(work, now, words),
        })
        .collect();
    let waiting: i64 = pulse.work.iter().map(|work| work.waiting).sum();
    let tag = |kind, icon, words| Tag { kind, icon, words };
    signs.push(Sign {
        name: words.t(keys::TODAY_WAITING),
        tag: match waiting {
            0 => tag("ok", "check", words.t(keys::TODAY_WAITING_NONE)),
            waiting => tag("due", "clock", waiting.to_string()),
        },
    });
    let events = Text::new(keys::TODAY_CHAIN_EVENTS)
        .with("n", pulse.events)
        .with(
            "head",
            pulse
                .head
                .as_deref()
                .map_or("", |head| &head[..8.min(head.len())]),
        );
    signs.push(Sign {
        name: words.t(keys::TODAY_CHAIN),
        tag: tag("mute", "shield", words.say(&events)),
    });
    signs
}
