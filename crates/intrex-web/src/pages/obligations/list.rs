//! The list. Every filter stands in the address, so that a number anywhere can link to the items behind it, and a list can
//! be kept as a bookmark.

use std::collections::HashMap;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use intrex_core::{
    Error,
    branches::{self, BranchName},
    catalogue::{Key, Text, keys},
    db::ReadTx,
    error::FieldError,
    ids::{ObligationId, PersonId},
    obligations::{
        filter::{Filter, RawFilter},
        model::{CATEGORIES, Obligation, Severity},
        reads,
        schedule::civil_today,
    },
    paging::{Page as Items, PageRequest},
    people::{self, PersonName},
    permission::Permission,
    raw::Raw,
    security_events,
};

use crate::{
    WebState,
    answer::{Fault, FormView, Page, Place},
    request::{Exchange, List, Reader, Typed},
    words::{self, Words},
};

const PATH: &str = "/obligations";
/// The status of the list that nobody has narrowed: work comes first, and what is settled is one click away.
const OPEN: &str = "open";
/// Every status, in the address of this page alone: the API says it by leaving the parameter out.
const ALL: &str = "all";
/// Lists of what is settled begin with what was due last.
const SETTLED: [&str; 2] = ["completed", "waived"];

/// One row of a list of obligations.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) id: ObligationId,
    pub(crate) title: String,
    pub(crate) reference: String,
    pub(crate) state: words::Tag,
    pub(crate) due_on: String,
    pub(crate) branch: String,
    pub(crate) category: String,
    pub(crate) severity: words::Severity,
    pub(crate) owner: Option<String>,
    /// For the form that marks it as done.
    pub(crate) version: i32,
}

impl Row {
    pub(crate) fn of(
        item: Obligation,
        names: &HashMap<PersonId, String>,
        words: Words,
        now: DateTime<Utc>,
    ) -> Self {
        let zone: Tz = item.time_zone.parse().unwrap_or_default();
        let today = civil_today(now, zone);
        Row {
            id: item.id,
            state: words.state(&item, today),
            due_on: words.day(item.due_on),
            category: words.category(&item.category),
            severity: words.severity(&item.severity),
            owner: item.owner_id.and_then(|id| names.get(&id).cloned()),
            version: item.version,
            title: item.title,
            reference: item.reference,
            branch: item.branch_name,
        }
    }

    /// Rows with the names of their owners.
    pub(crate) async fn all(
        tx: &mut ReadTx,
        items: Vec<Obligation>,
        words: Words,
    ) -> Result<Vec<Self>, Error> {
        let names = reads::people_of(tx, &items).await?;
        let now = tx.now();
        Ok(items
            .into_iter()
            .map(|item| Row::of(item, &names, words, now))
            .collect())
    }
}

/// A link that narrows the list by one status.
#[derive(Debug)]
struct Segment {
    href: String,
    icon: Option<&'static str>,
    words: String,
    current: bool,
}

/// A filter in force, with the address of the list without it.
#[derive(Debug)]
struct Chip {
    words: String,
    without: String,
}

#[derive(Template)]
#[template(path = "obligations/list.html")]
struct ListPage<'a> {
    page: &'a Page,
    rows: Vec<Row>,
    segments: Vec<Segment>,
    chips: Vec<Chip>,
    form: FormView,
    branches: Vec<(String, String)>,
    categories: Vec<(String, String)>,
    severities: Vec<(String, String)>,
    owners: Vec<(String, String)>,
    /// The list in the other order.
    sort: String,
    latest_first: bool,
    /// The list without its filters, of the same status.
    cleared: String,
    /// The same list of every status, unless it is that.
    of_all: Option<String>,
    empty: Empty,
    first: Option<String>,
    next: Option<String>,
}

/// Why a list is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Empty {
    /// There is nothing at all.
    Nothing,
    /// There is something, and all of it is settled.
    AllSettled,
    /// The filters let nothing through.
    Filtered,
}

/// `GET /obligations`
pub(super) async fn show(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(mut tx): Reader,
    list: List<RawFilter>,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let query = &list.query;
    let status = value(query, "status").unwrap_or(OPEN).to_owned();
    let latest_first = match value(query, "sort") {
        Some(sort) => sort == "-due_on",
        None => SETTLED.contains(&&*status),
    };
    let (found, wrong) = match found(&mut tx, &list, latest_first).await {
        Ok(found) => (found, Vec::new()),
        Err(Error::Invalid(errors)) => (nothing(), errors),
        Err(error) => return Err(error.into()),
    };
    let next = list.next_page(PATH, found.next_cursor.as_deref());
    let rows = Row::all(&mut tx, found.items, words).await?;
    let plain = query.is_empty() && !list.page.is_later();
    let empty = match plain && rows.is_empty() {
        true => why_empty(&mut tx).await?,
        false => Empty::Filtered,
    };
    let choices = Choices::read(&mut tx).await?;
    let actor = tx.actor().clone();
    let page = Page::of_reader(tx, &exchange, Place::Obligations, keys::OBLIGATIONS).await?;
    security_events::note_bulk_read(&web.app, &actor, rows.len(), list.page.is_later()).await?;
    let answer = match wrong.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let kept = |name: &str| name == "status" || name == "sort";
    let chips = query
        .iter()
        .filter(|(name, _)| !kept(name))
        .map(|(name, value)| Chip {
            words: words.chip(name, value, &choices),
            without: address(query, name, None),
        })
        .collect();
    let narrowed: Vec<_> = query
        .iter()
        .filter(|(name, _)| kept(name))
        .cloned()
        .collect();
    page.show_as(
        answer,
        &ListPage {
            page: &page,
            rows,
            segments: segments(words, query, &status),
            chips,
            form: form(query, &wrong, &exchange),
            branches: choices.branches(words),
            categories: categories(words, keys::OBLIGATIONS_ANY, value(query, "category")),
            severities: severities(words, Some(keys::OBLIGATIONS_ANY)),
            owners: choices.owners(words),
            sort: address(
                query,
                "sort",
                Some(if latest_first { "due_on" } else { "-due_on" }),
            ),
            latest_first,
            cleared: address(&narrowed, "", None),
            of_all: (status != ALL).then(|| address(query, "status", Some(ALL))),
            empty,
            first: list.page.is_later().then(|| address(query, "", None)),
            next,
        },
    )
}

/// The items: where the address says nothing of a status or an order, this page has its own.
async fn found(
    tx: &mut ReadTx,
    list: &List<RawFilter>,
    latest_first: bool,
) -> Result<Items<Obligation>, Error> {
    let mut raw = list.filter.clone();
    match value(&list.query, "status") {
        None => raw.status = OPEN.into(),
        Some(ALL) => raw.status = Raw::default(),
        Some(_) => {}
    }
    if latest_first {
        raw.sort = "-due_on".into();
    }
    reads::list(tx, &raw.parse()?, &list.page).await
}

async fn why_empty(tx: &mut ReadTx) -> Result<Empty, Error> {
    let anything = reads::list(tx, &Filter::default(), &PageRequest::default()).await?;
    Ok(match anything.items.is_empty() {
        true => Empty::Nothing,
        false => Empty::AllSettled,
    })
}

fn nothing() -> Items<Obligation> {
    Items {
        items: Vec::new(),
        next_cursor: None,
    }
}

fn form(query: &[(String, String)], wrong: &[FieldError], exchange: &Exchange) -> FormView {
    FormView::typed(Typed::from(query.to_vec())).wrong(wrong, exchange.language())
}

fn value<'q>(query: &'q [(String, String)], name: &str) -> Option<&'q str> {
    query
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

/// The address of the list with one parameter set or left out; it begins with its first page.
pub(super) fn address(query: &[(String, String)], name: &str, value: Option<&str>) -> String {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(query.iter().filter(|(known, _)| known != name));
    if let Some(value) = value {
        text.append_pair(name, value);
    }
    let text = text.finish();
    if text.is_empty() {
        PATH.to_owned()
    } else {
        format!("{PATH}?{text}")
    }
}

fn segments(words: Words, query: &[(String, String)], now: &str) -> Vec<Segment> {
    let segment = |status: &str, icon, key: Key| Segment {
        href: address(query, "status", Some(status)),
        icon,
        words: words.t(key),
        current: now == status,
    };
    vec![
        segment(OPEN, None, keys::OBLIGATIONS_OPEN),
        segment("overdue", Some("alert"), keys::OBLIGATIONS_OVERDUE),
        segment("due_today", Some("clock"), keys::OBLIGATIONS_DUE_TODAY),
        segment("upcoming", None, keys::OBLIGATIONS_UPCOMING),
        segment("completed", Some("check"), keys::OBLIGATIONS_COMPLETED),
        segment("waived", None, keys::OBLIGATIONS_WAIVED),
        segment(ALL, None, keys::OBLIGATIONS_ALL),
    ]
}

/// What filters and forms let people choose from.
#[derive(Debug, Default)]
pub(super) struct Choices {
    branches: Vec<BranchName>,
    people: Vec<PersonName>,
}

impl Choices {
    /// What the reader may choose from: an operator sees nobody's name here.
    pub(super) async fn read(tx: &mut ReadTx) -> Result<Self, Error> {
        Ok(Choices {
            branches: branches::reads::all(tx).await?,
            people: match tx.actor().can(Permission::PeopleRead) {
                true => people::reads::names(tx).await?,
                false => Vec::new(),
            },
        })
    }

    /// The branches in reach, to pick one; of several none is picked for anybody.
    pub(super) fn branches_to_pick(&self, words: Words) -> Vec<(String, String)> {
        let first = (String::new(), words.t(keys::OBLIGATION_PICK_BRANCH));
        (self.branches.len() != 1)
            .then_some(first)
            .into_iter()
            .chain(self.named_branches())
            .collect()
    }

    fn named_branches(&self) -> impl Iterator<Item = (String, String)> {
        self.branches
            .iter()
            .map(|branch| (branch.id.to_string(), branch.name.clone()))
    }

    /// The people in sight, with a first choice.
    pub(super) fn people_or(&self, first: String) -> Vec<(String, String)> {
        let people = self
            .people
            .iter()
            .map(|person| (person.id.to_string(), person.name.clone()));
        std::iter::once((String::new(), first))
            .chain(people)
            .collect()
    }

    fn branches(&self, words: Words) -> Vec<(String, String)> {
        let any = (String::new(), words.t(keys::OBLIGATIONS_ANY));
        std::iter::once(any).chain(self.named_branches()).collect()
    }

    fn owners(&self, words: Words) -> Vec<(String, String)> {
        if self.people.is_empty() {
            return Vec::new();
        }
        let mut owners = self.people_or(words.t(keys::OBLIGATIONS_ANYONE));
        owners.insert(1, ("none".to_owned(), words.t(keys::OBLIGATION_NOBODY)));
        owners
    }
}

/// The product's categories, with a first choice, and the one that is chosen if it is the organisation's own.
fn categories(words: Words, first: Key, chosen: Option<&str>) -> Vec<(String, String)> {
    let own = chosen.filter(|name| !CATEGORIES.contains(name));
    std::iter::once((String::new(), words.t(first)))
        .chain(
            CATEGORIES
                .into_iter()
                .chain(own)
                .map(|name| (name.to_owned(), words.category(name))),
        )
        .collect()
}

/// The severities, with a first choice if one is given.
pub(crate) fn severities(words: Words, first: Option<Key>) -> Vec<(String, String)> {
    let first = first.map(|key| (String::new(), words.t(key)));
    let all = Severity::ALL.map(|severity| {
        let name = severity.as_str();
        (name.to_owned(), words.named("severity", name))
    });
    first.into_iter().chain(all).collect()
}

impl Words {
    /// A filter in force: what it is about, and its value.
    fn chip(self, name: &str, value: &str, choices: &Choices) -> String {
        let day = |value: &str| match value.parse() {
            Ok(date) => self.date(date),
            Err(_) => value.to_owned(),
        };
        let branch = || {
            let known = choices.branches.iter().find(|b| b.id.to_string() == value);
            known.map_or_else(|| value.to_owned(), |branch| branch.name.clone())
        };
        let owner = || {
            let known = choices.people.iter().find(|p| p.id.to_string() == value);
            known.map_or_else(|| value.to_owned(), |person| person.name.clone())
        };
        let (key, shown) = match name {
            "branch_id" => (keys::CHIP_BRANCH, branch()),
            "category" => (keys::CHIP_CATEGORY, self.category(value)),
            "severity" => (keys::CHIP_SEVERITY, self.named("severity", value)),
            "owner_id" if value == "none" => (keys::CHIP_OWNER, self.t(keys::OBLIGATION_NOBODY)),
            "owner_id" => (keys::CHIP_OWNER, owner()),
            "template_id" => return self.t(keys::CHIP_TEMPLATE),
            "due_from" => (keys::CHIP_DUE_FROM, day(value)),
            "due_to" => (keys::CHIP_DUE_TO, day(value)),
            _ => (keys::CHIP_WORDS, value.to_owned()),
        };
        self.say(&Text::new(key).with("value", shown))
    }
}
