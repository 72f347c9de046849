//! One event in full, and what it keeps back: shown here to a head office admin who says why, and nowhere else.

use std::collections::BTreeMap;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use chrono_tz::Tz;
use intrex_core::{
    Error,
    audit::{self, FieldState, Revealed, reads::AuditEvent},
    catalogue::{Text, keys},
    ids::EventId,
    obligations::input::RawReason,
    permission::Permission,
    tenants,
};

use super::{PATH, Row, row};
use crate::{
    WebState,
    answer::{Fault, FormView, Page, Place},
    request::{Exchange, Form, PathId, Reader},
    routes::{Access, Kind, Route, Routes, Verb},
    words::Words,
};

pub(super) fn routes(routes: Routes) -> Routes {
    let reveal = |verb| {
        let access = Access::Needs(Permission::AuditReveal);
        Route::new(verb, Kind::Page, "/audit/{id}/reveal", access).fresh()
    };
    routes
        .page("/audit/{id}", Access::Needs(Permission::AuditRead), show)
        .add(reveal(Verb::Get), ask)
        .add(reveal(Verb::Post), answer)
}

/// A name and what stands under it; none where it was erased.
type Named = (String, Option<String>);

#[derive(Template)]
#[template(path = "audit/event.html")]
struct EventPage<'a> {
    page: &'a Page,
    id: EventId,
    row: Row,
    fields: Vec<Named>,
    metadata: Vec<(String, String)>,
    withheld: Vec<String>,
    prev_hash: Option<String>,
    zone: String,
}

#[derive(Template)]
#[template(path = "audit/reveal.html")]
struct RevealPage<'a> {
    page: &'a Page,
    id: EventId,
    form: FormView,
    revealed: Option<Vec<Shown>>,
}

/// A name and what stands under it, or why nothing does.
type Shown = (String, Result<String, String>);

/// `GET /audit/{id}`
async fn show(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<EventId>,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let event = audit::reads::get(&mut tx, id).await?;
    let actor = tx.actor().clone();
    let tenant = tenants::reads::current(&mut tx).await?;
    let zone: Tz = tenant.time_zone.parse().map_err(Error::internal)?;
    let title = words.action(&event.action);
    let title = Text::new(keys::AUDIT_EVENT_TITLE).with("action", title);
    let page = Page::of_reader(tx, &exchange, Place::Audit, title).await?;
    let response = draw(&page, event, zone, words)?;
    audit::reads::record_reading(&web.app, &actor, "page").await?;
    Ok(response)
}

fn draw(page: &Page, event: AuditEvent, zone: Tz, words: Words) -> Result<Response, Fault> {
    let metadata = event.metadata.iter().map(|(name, value)| {
        let value = match value.as_str() {
            Some(text) => text.to_owned(),
            None => value.to_string(),
        };
        (name.clone(), value)
    });
    page.show(&EventPage {
        id: event.id,
        fields: named(event.fields.clone(), words),
        metadata: metadata.collect(),
        withheld: event
            .withheld
            .iter()
            .map(|name| words.named("audit-field", name))
            .collect(),
        prev_hash: event.prev_hash.clone(),
        zone: zone.name().to_owned(),
        row: row(event, zone, words),
        page,
    })
}

fn named(fields: BTreeMap<String, Option<String>>, words: Words) -> Vec<Named> {
    let named = |(name, value): (String, _)| (words.named("audit-field", &name), value);
    fields.into_iter().map(named).collect()
}

fn shown(revealed: Revealed, words: Words) -> Vec<Shown> {
    let states = revealed.states;
    let shown = |(name, value): (String, Option<String>)| {
        let why = match states.get(&name) {
            Some(FieldState::Altered) => keys::AUDIT_ALTERED,
            _ => keys::AUDIT_ERASED,
        };
        let value = value.ok_or_else(|| words.t(why));
        (words.named("audit-field", &name), value)
    };
    revealed.fields.into_iter().map(shown).collect()
}

/// `GET /audit/{id}/reveal`
async fn ask(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<EventId>,
) -> Result<Response, Fault> {
    audit::reads::get(&mut tx, id).await?;
    let page = Page::of_reader(tx, &exchange, Place::Audit, keys::AUDIT_REVEAL).await?;
    page.show(&RevealPage {
        page: &page,
        id,
        form: FormView::empty(),
        revealed: None,
    })
}

/// `POST /audit/{id}/reveal`: shows it here, and keeps it nowhere.
async fn answer(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<EventId>,
    form: Form<RawReason>,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let page = Page::of_actor(&form.actor, &exchange, Place::Audit, keys::AUDIT_REVEAL);
    let (status, form, revealed) = match audit::reveal(&web.app, &form.actor, id, &form.input).await
    {
        Ok(revealed) => {
            let values = shown(revealed, words);
            (StatusCode::OK, FormView::empty(), Some(values))
        }
        Err(Error::Invalid(errors)) => {
            let view = FormView::typed(form.typed).wrong(&errors, exchange.language());
            (StatusCode::UNPROCESSABLE_ENTITY, view, None)
        }
        Err(error) => return Err(error.into()),
    };
    page.show_as(
        status,
        &RevealPage {
            page: &page,
            id,
            form,
            revealed,
        },
    )
}

/// Where an event is shown in full.
pub(super) fn address(id: EventId) -> String {
    format!("{PATH}/{id}")
}
