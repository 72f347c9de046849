//! The audit log as a page: what happened, by whom, with each event's number and hash, and the check of the whole chain.
//! Reading it is itself told by an event.

mod event;

use std::time::Duration;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use chrono_tz::Tz;
use intrex_core::{
    Error,
    audit::{
        self, RawAuditFilter,
        reads::{AuditEntity, AuditEvent},
        verify::{self, Verdict},
    },
    catalogue::{Text, keys},
    db::ReadTx,
    error::FieldError,
    paging::Page as Items,
    permission::Permission,
    reports, security_events, tenants,
};

use crate::{
    WebState,
    answer::{Fault, FormView, Page, Place},
    request::{Exchange, Form, List, Nothing, Reader, Typed},
    routes::{Access, Kind, Route, Routes, Verb},
    words::{Tag, Words},
};

const PATH: &str = "/audit";
/// How long checking a whole log may take.
const MAX_VERIFY_TIME: Duration = Duration::from_secs(600);
/// Hex digits of a hash that are shown at its begin.
const SHOWN_HASH_DIGITS: usize = 12;

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Access::Needs(Permission::AuditRead);
    let check = Access::Needs(Permission::AuditVerify);
    let routes = routes.page(PATH, read, list).add(
        Route::new(Verb::Post, Kind::Page, "/audit/verify", check).max_time(MAX_VERIFY_TIME),
        verify,
    );
    event::routes(routes)
}

/// One event as the page shows it.
#[derive(Debug)]
struct Row {
    number: String,
    address: String,
    action: String,
    summary: String,
    href: Option<String>,
    when: String,
    instant: String,
    actor: String,
    outcome: Tag,
    hash: String,
    whole_hash: String,
}

/// What a check of the chain has found.
#[derive(Debug)]
struct Found {
    kind: &'static str,
    words: String,
    detail: String,
}

#[derive(Template)]
#[template(path = "audit/list.html")]
struct ListPage<'a> {
    page: &'a Page,
    rows: Vec<Row>,
    lede: Option<String>,
    found: Option<Found>,
    form: FormView,
    actions: Vec<(String, String)>,
    filtered: bool,
    zone: String,
    first: Option<String>,
    next: Option<String>,
}

/// `GET /audit`
async fn list(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(tx): Reader,
    list: List<RawAuditFilter>,
) -> Result<Response, Fault> {
    let actor = tx.actor().clone();
    let (response, rows) = draw(tx, &exchange, &list, None).await?;
    security_events::note_bulk_read(&web.app, &actor, rows, list.page.is_later()).await?;
    audit::reads::record_reading(&web.app, &actor, "page").await?;
    Ok(response)
}

/// `POST /audit/verify`
async fn verify(
    State(web): State<WebState>,
    exchange: Exchange,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let verdict = verify::verify(&web.app, &form.actor).await?;
    let tx = web.app.db.read(&form.actor).await?;
    let found = Some(found(&verdict, words));
    let (response, _) = draw(tx, &exchange, &List::first(), found).await?;
    Ok(response)
}

async fn draw(
    mut tx: ReadTx,
    exchange: &Exchange,
    list: &List<RawAuditFilter>,
    found: Option<Found>,
) -> Result<(Response, usize), Fault> {
    let words = Words(exchange.language());
    let tenant = tenants::reads::current(&mut tx).await?;
    let zone: Tz = tenant.time_zone.parse().map_err(Error::internal)?;
    let (events, wrong) = match events(&mut tx, list, zone).await {
        Ok(events) => (events, Vec::new()),
        Err(Error::Invalid(errors)) => (nothing(), errors),
        Err(error) => return Err(error.into()),
    };
    let lede = match tx.actor().can(Permission::AuditVerify) {
        true => {
            let pulse = reports::reads::pulse(&mut tx).await?;
            Some(words.count(keys::AUDIT_LEDE, pulse.events))
        }
        false => None,
    };
    let page = Page::of_reader(tx, exchange, Place::Audit, keys::NAV_AUDIT).await?;
    let status = match wrong.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let rows = events.items.len();
    let response = page.show_as(
        status,
        &ListPage {
            page: &page,
            next: list.next_page(PATH, events.next_cursor.as_deref()),
            rows: events
                .items
                .into_iter()
                .map(|event| row(event, zone, words))
                .collect(),
            lede,
            found,
            form: form(&list.query, &wrong, exchange),
            actions: actions(words),
            filtered: !list.query.is_empty(),
            zone: zone.name().to_owned(),
            first: list.page.is_later().then(|| list.address(PATH)),
        },
    )?;
    Ok((response, rows))
}

async fn events(
    tx: &mut ReadTx,
    list: &List<RawAuditFilter>,
    zone: Tz,
) -> Result<Items<AuditEvent>, Error> {
    let filter = list.filter.parse(zone)?;
    audit::reads::list(tx, &filter, &list.page).await
}

fn nothing() -> Items<AuditEvent> {
    Items {
        items: Vec::new(),
        next_cursor: None,
    }
}

fn form(query: &[(String, String)], wrong: &[FieldError], exchange: &Exchange) -> FormView {
    FormView::typed(Typed::from(query.to_vec())).wrong(wrong, exchange.language())
}

fn row(event: AuditEvent, zone: Tz, words: Words) -> Row {
    let whole_hash = event.hash.unwrap_or_default();
    let tag = |kind, icon, key| Tag {
        kind,
        icon,
        words: words.t(key),
    };
    Row {
        address: event::address(event.id),
        number: event.seq.map_or_else(String::new, |seq| seq.to_string()),
        action: words.action(&event.action),
        summary: event.summary.unwrap_or_default(),
        href: event.entity.as_ref().and_then(address_of),
        when: words.moment_with_seconds(event.recorded_at, zone),
        instant: event.recorded_at.to_rfc3339(),
        actor: words.actor(&event.actor),
        outcome: match event.outcome.as_str() {
            "success" => tag("ok", "check", keys::OUTCOME_SUCCESS),
            "denied" => tag("over", "stop", keys::OUTCOME_DENIED),
            _ => tag("over", "alert", keys::OUTCOME_FAILURE),
        },
        hash: match whole_hash.get(..SHOWN_HASH_DIGITS) {
            Some(begin) => format!("{begin}…"),
            None => String::new(),
        },
        whole_hash,
    }
}

/// Where the thing can be seen that an event is about.
fn address_of(entity: &AuditEntity) -> Option<String> {
    let folder = match entity.kind.as_str() {
        "obligation" => "obligations",
        "branch" => "branches",
        "template" => "templates",
        _ => return None,
    };
    Some(format!("/{folder}/{}", entity.id))
}

/// The actions that have words, to choose from.
fn actions(words: Words) -> Vec<(String, String)> {
    let any = (String::new(), words.t(keys::AUDIT_ANYTHING));
    let mut known: Vec<(String, String)> = words
        .keys_under("action-")
        .map(|(name, said)| (name.replace('-', "."), said))
        .collect();
    known.sort_by(|a, b| a.1.cmp(&b.1));
    std::iter::once(any).chain(known).collect()
}

fn found(verdict: &Verdict, words: Words) -> Found {
    match verdict {
        Verdict::Intact(intact) => Found {
            kind: "ok",
            words: words.count(
                keys::AUDIT_INTACT,
                i64::try_from(intact.events).unwrap_or(i64::MAX),
            ),
            detail: hex::encode(intact.head.hash),
        },
        Verdict::Broken(broken) => Found {
            kind: "over",
            words: match broken.seq {
                Some(seq) => {
                    let text = Text::new(keys::AUDIT_BROKEN_AT).with("seq", seq.to_string());
                    words.say(&text)
                }
                None => words.t(keys::AUDIT_BROKEN),
            },
            detail: broken.fault.to_string(),
        },
    }
}
