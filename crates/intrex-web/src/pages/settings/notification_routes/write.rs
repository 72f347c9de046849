//! Making a route and changing one, with a look back at what it would have been for.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use chrono_tz::Tz;
use intrex_core::{
    Error,
    catalogue::keys,
    channels::EventType,
    error::FieldError,
    ids::RouteId,
    obligations::{
        model::Severity,
        schedule::{Weekdays, day_word},
    },
    raw::Raw,
    reminders::simulator::{self, RawSimulation, model::Foresight},
    routes::{self, Preview, RawRoute, Recipients, Route},
    tenants,
};
use serde::{Deserialize, Deserializer, de};
use uuid::Uuid;

use super::{
    super::super::simulator::Foreseen,
    PATH,
    sentence::{Names, at_least, event, weekday, who},
};
use crate::{
    WebState,
    answer::{Fault, FormView, Page, Place},
    request::{Exchange, Form, PathId, Reader, guard::see_other},
    words::Words,
};

/// A form's fields: `quiet.from` is a member of `quiet`.
#[derive(Debug)]
pub(super) struct Typed(RawRoute);

impl<'de> Deserialize<'de> for Typed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut raw = RawRoute::default();
        for (name, value) in serde_json::Map::deserialize(deserializer)? {
            let field = match name.as_str() {
                "name" => Some(&mut raw.name),
                "event_types" => Some(&mut raw.event_types),
                "min_severity" => Some(&mut raw.min_severity),
                "branch_id" => Some(&mut raw.branch_id),
                "connector_id" => Some(&mut raw.connector_id),
                "recipient" => Some(&mut raw.recipient),
                "person_id" => Some(&mut raw.person_id),
                "escalate_after_hours" => Some(&mut raw.escalate_after_hours),
                "escalate_to" => Some(&mut raw.escalate_to),
                "active" => Some(&mut raw.active),
                other => other
                    .strip_prefix("quiet.")
                    .and_then(|rest| raw.quiet.field_mut(rest)),
            };
            match field {
                Some(field) => *field = Raw::from(value),
                None => return Err(de::Error::unknown_field(&name, &["name"])),
            }
        }
        let blank = |raw: &Raw| raw.shown().trim().is_empty();
        if blank(&raw.quiet.from) && blank(&raw.quiet.to) {
            // Days are ticked for times, and there are none.
            raw.quiet.days = Raw::default();
        }
        Ok(Typed(raw))
    }
}

/// A box to tick.
struct Tick {
    value: &'static str,
    words: String,
    chosen: bool,
}

/// What a route would have been for, in words.
struct Seen {
    total: i64,
    first: Vec<SeenRow>,
    not_known: Option<String>,
}

struct SeenRow {
    event: String,
    what: String,
    link: Option<String>,
    when: String,
}

#[derive(Template)]
#[template(path = "settings/notification_routes/form.html")]
struct FormPage<'a> {
    page: &'a Page,
    form: FormView,
    /// The route that is changed.
    of: Option<RouteId>,
    events: Vec<Tick>,
    days: Vec<Tick>,
    severities: Vec<(&'static str, String)>,
    branches: Vec<(String, String)>,
    connectors: Vec<(String, String)>,
    recipients: Vec<(&'static str, String)>,
    people: Vec<(String, String)>,
    wider: Vec<(&'static str, String)>,
    states: Vec<(&'static str, String)>,
    seen: Option<Seen>,
    ahead: Option<Foreseen>,
}

/// What a look back and ahead found.
struct Looked {
    back: Preview,
    ahead: Foresight,
    zone: Tz,
}

/// `GET /settings/routes/new`
pub(super) async fn new(exchange: Exchange, Reader(mut tx): Reader) -> Result<Response, Fault> {
    let names = Names::read(&mut tx).await?;
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::ROUTE_NEW).await?;
    draw(&page, StatusCode::OK, FormView::empty(), None, names, None)
}

/// `POST /settings/routes`
pub(super) async fn create(
    State(web): State<WebState>,
    exchange: Exchange,
    form: Form<Typed>,
) -> Result<Response, Fault> {
    match routes::create(&web.app, &form.actor, &form.input.0).await {
        Ok(_) => Ok(see_other(PATH)),
        Err(Error::Invalid(errors)) => again(&web, &exchange, form, None, Err(errors)).await,
        Err(error) => Err(error.into()),
    }
}

/// `POST /settings/routes/preview`: the form again, with what the route would have been for.
pub(super) async fn preview(
    State(web): State<WebState>,
    exchange: Exchange,
    form: Form<Typed>,
) -> Result<Response, Fault> {
    look_back(&web, &exchange, form, None).await
}

/// `POST /settings/routes/{id}/preview`
pub(super) async fn preview_change(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<RouteId>,
    form: Form<Typed>,
) -> Result<Response, Fault> {
    look_back(&web, &exchange, form, Some(id)).await
}

async fn look_back(
    web: &WebState,
    exchange: &Exchange,
    form: Form<Typed>,
    of: Option<RouteId>,
) -> Result<Response, Fault> {
    let looked = looked(web, &form, of).await;
    match looked {
        Ok(looked) => again(web, exchange, form, of, Ok(looked)).await,
        Err(Error::Invalid(errors)) => again(web, exchange, form, of, Err(errors)).await,
        Err(error) => Err(error.into()),
    }
}

async fn looked(web: &WebState, form: &Form<Typed>, of: Option<RouteId>) -> Result<Looked, Error> {
    let back = routes::preview(&web.app, &form.actor, &form.input.0).await?;
    let change = RawSimulation {
        route_id: of.map(|id| id.to_string()).unwrap_or_default().into(),
        route: Some(form.input.0.clone()),
    };
    let ahead = simulator::ahead(&web.app, &form.actor, &change).await?;
    let mut tx = web.app.db.read(&form.actor).await?;
    let zone = tenants::reads::current(&mut tx).await?.time_zone;
    tx.finish().await?;
    Ok(Looked {
        back,
        ahead,
        zone: zone.parse().map_err(Error::internal)?,
    })
}

/// `GET /settings/routes/{id}`
pub(super) async fn edit(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<RouteId>,
) -> Result<Response, Fault> {
    let route = routes::reads::get(&mut tx, id).await?;
    let names = Names::read(&mut tx).await?;
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::ROUTE_CHANGE).await?;
    draw(&page, StatusCode::OK, filled(&route), Some(id), names, None)
}

/// `POST /settings/routes/{id}`
pub(super) async fn update(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<RouteId>,
    form: Form<Typed>,
) -> Result<Response, Fault> {
    match routes::update(&web.app, &form.actor, id, &form.input.0, None).await {
        Ok(_) => Ok(see_other(PATH)),
        Err(Error::Invalid(errors)) => again(&web, &exchange, form, Some(id), Err(errors)).await,
        Err(error) => Err(error.into()),
    }
}

/// The form as it was typed, with what is wrong, or with what was seen.
async fn again(
    web: &WebState,
    exchange: &Exchange,
    form: Form<Typed>,
    of: Option<RouteId>,
    seen: Result<Looked, Vec<FieldError>>,
) -> Result<Response, Fault> {
    let mut tx = web.app.db.read(&form.actor).await?;
    if let Some(id) = of {
        // One that is not there has no form.
        routes::reads::get(&mut tx, id).await?;
    }
    let names = Names::read(&mut tx).await?;
    let title = match of {
        Some(_) => keys::ROUTE_CHANGE,
        None => keys::ROUTE_NEW,
    };
    let page = Page::of_reader(tx, exchange, Place::Settings, title).await?;
    let view = FormView::typed(form.typed);
    match seen {
        Ok(seen) => draw(&page, StatusCode::OK, view, of, names, Some(seen)),
        Err(errors) => {
            let view = view.wrong(&errors, exchange.language());
            draw(
                &page,
                StatusCode::UNPROCESSABLE_ENTITY,
                view,
                of,
                names,
                None,
            )
        }
    }
}

fn filled(route: &Route) -> FormView {
    let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let clock = |time: Option<chrono::NaiveTime>| {
        time.map(|time| time.format("%H:%M").to_string())
            .unwrap_or_default()
    };
    let hours = route.escalate_after_hours.map(|hours| hours.to_string());
    let days = route.quiet.into_iter().flat_map(|quiet| {
        let days: Vec<_> = quiet.days.iter().map(day_word).collect();
        days.into_iter().map(|day| ("quiet.days", day))
    });
    let events = route
        .event_types
        .iter()
        .map(|one| ("event_types", one.as_str()));
    FormView::filled([
        ("name", route.name.clone()),
        ("min_severity", route.min_severity.as_str().to_owned()),
        ("branch_id", id(route.branch_id.map(|id| id.uuid()))),
        ("connector_id", id(route.connector_id.map(|id| id.uuid()))),
        ("recipient", route.recipient.as_str().to_owned()),
        ("person_id", id(route.person_id.map(|id| id.uuid()))),
        ("quiet.from", clock(route.quiet.map(|quiet| quiet.from))),
        ("quiet.to", clock(route.quiet.map(|quiet| quiet.to))),
        ("escalate_after_hours", hours.unwrap_or_default()),
        (
            "escalate_to",
            route.escalate_to.map_or("", Recipients::as_str).to_owned(),
        ),
        ("active", if route.active { "yes" } else { "no" }.to_owned()),
    ])
    .with(events)
    .with(days)
}

fn draw(
    page: &Page,
    status: StatusCode,
    form: FormView,
    of: Option<RouteId>,
    names: Names,
    looked: Option<Looked>,
) -> Result<Response, Fault> {
    let words = Words(page.exchange().language());
    let listed = |first: String, names: &[(Uuid, String)]| {
        let names = names
            .iter()
            .map(|(id, name)| (id.to_string(), name.clone()));
        std::iter::once((String::new(), first))
            .chain(names)
            .collect()
    };
    let events = EventType::routed().map(|one| Tick {
        value: one.as_str(),
        words: event(one, words),
        chosen: form.chosen("event_types", one.as_str()),
    });
    let days = Weekdays::ALL.iter().map(|day| Tick {
        value: day_word(day),
        words: weekday(day, words),
        chosen: form.chosen("quiet.days", day_word(day)),
    });
    let wider = Recipients::WIDER.map(|one| (one.as_str(), who(one, words)));
    let nobody = ("", page.t(keys::ROUTE_ESCALATES_TO_NOBODY));
    let template = FormPage {
        events: events.collect(),
        days: days.collect(),
        severities: Severity::ALL
            .map(|one| (one.as_str(), at_least(one, words)))
            .into(),
        branches: listed(page.t(keys::ROUTE_ALL_BRANCHES), &names.branches),
        connectors: listed(page.t(keys::ROUTE_OWN_MAIL), &names.connectors),
        recipients: Recipients::ALL
            .iter()
            .map(|one| (one.as_str(), who(*one, words)))
            .collect(),
        people: listed(page.t(keys::ROUTE_NO_PERSON), &names.people),
        wider: std::iter::once(nobody).chain(wider).collect(),
        states: vec![
            ("yes", page.t(keys::ROUTE_ACTIVE)),
            ("no", page.t(keys::ROUTE_INACTIVE)),
        ],
        ahead: looked
            .as_ref()
            .map(|looked| Foreseen::of(&looked.ahead, looked.zone, words)),
        seen: looked.map(|looked| told(looked.back, &names, words)),
        of,
        form,
        page,
    };
    page.show_as(status, &template)
}

fn told(seen: Preview, names: &Names, words: Words) -> Seen {
    let not_known: Vec<String> = seen.not_known.iter().map(|e| event(*e, words)).collect();
    let rows = seen.first.into_iter().map(|one| {
        let place = one.branch_id.and_then(|branch| {
            let mut all = names.branches.iter();
            all.find(|(id, _)| *id == branch.uuid())
                .map(|(_, name)| name.clone())
        });
        SeenRow {
            event: event(one.event_type, words),
            what: [one.title, place]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" · "),
            link: one.obligation_id.map(|id| format!("/obligations/{id}")),
            when: words.date(one.at.date_naive()),
        }
    });
    Seen {
        total: seen.total,
        first: rows.collect(),
        not_known: (!not_known.is_empty()).then(|| not_known.join(", ")),
    }
}
