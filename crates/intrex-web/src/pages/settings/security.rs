//! Security events: what somebody should look at, each in words with what it means and what to do, and from when on the
//! rules speak.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use chrono_tz::Tz;
use intrex_core::{
    Error,
    catalogue::{Text, keys},
    error::FieldError,
    ids::SecurityEventId,
    paging::Page as Items,
    permission::Permission,
    security_events::{
        self, Code, RawSecurityFilter, RawThresholds, SecurityEvent, Severity, Thresholds,
    },
    tenants,
};

use crate::{
    WebState,
    answer::{Fault, FormView, Page, Place},
    request::{Exchange, Form, List, Nothing, PathId, Reader, Typed, guard::see_other},
    routes::{Access, Kind, Route, Routes, Verb},
    words::{Tag, Words},
};

pub(super) const PATH: &str = "/settings/security";
const THRESHOLDS: &str = "/settings/security/thresholds";

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Access::Needs(Permission::SecurityRead);
    let write = Access::Needs(Permission::SecurityWrite);
    routes
        .page(PATH, read, list)
        .add(
            Route::new(Verb::Get, Kind::Page, THRESHOLDS, write).fresh(),
            edit,
        )
        .add(
            Route::new(Verb::Post, Kind::Page, THRESHOLDS, write).fresh(),
            update,
        )
        .page("/settings/security/events/{id}", read, show)
        .form(
            "/settings/security/events/{id}/acknowledge",
            write,
            acknowledge,
        )
}

/// One event as the pages show it.
struct Row {
    id: SecurityEventId,
    what: String,
    about: String,
    severity: Tag,
    last: String,
    instant: String,
    acknowledged: bool,
}

#[derive(Template)]
#[template(path = "settings/security.html")]
struct ListPage<'a> {
    page: &'a Page,
    rows: Vec<Row>,
    form: FormView,
    codes: Vec<(String, String)>,
    severities: Vec<(String, String)>,
    filtered: bool,
    first: Option<String>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "settings/security_event.html")]
struct EventPage<'a> {
    page: &'a Page,
    row: Row,
    code: String,
    means: String,
    to_do: String,
    count: i64,
    began: String,
    address: String,
    acknowledged: Option<String>,
}

#[derive(Template)]
#[template(path = "settings/security_thresholds.html")]
struct ThresholdsPage<'a> {
    page: &'a Page,
    form: FormView,
    fields: Vec<Field>,
}

/// A threshold to type.
struct Field {
    name: &'static str,
    words: String,
    hint: String,
}

/// `GET /settings/security`
async fn list(
    exchange: Exchange,
    Reader(mut tx): Reader,
    list: List<RawSecurityFilter>,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let tenant = tenants::reads::current(&mut tx).await?;
    let zone: Tz = tenant.time_zone.parse().map_err(Error::internal)?;
    let (found, wrong) = match list.filter.parse() {
        Ok(filter) => {
            let found = security_events::reads::list(&mut tx, &filter, &list.page).await?;
            (found, Vec::new())
        }
        Err(Error::Invalid(wrong)) => (nothing(), wrong),
        Err(error) => return Err(error.into()),
    };
    let status = match wrong.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::SETTINGS_SECURITY).await?;
    page.show_as(
        status,
        &ListPage {
            next: list.next_page(PATH, found.next_cursor.as_deref()),
            first: list.page.is_later().then(|| list.address(PATH)),
            rows: found
                .items
                .iter()
                .map(|event| row(event, zone, words))
                .collect(),
            form: form(&list.query, &wrong, &exchange),
            codes: codes(words),
            severities: severities(words),
            filtered: !list.query.is_empty(),
            page: &page,
        },
    )
}

/// `GET /settings/security/events/{id}`
async fn show(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<SecurityEventId>,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let event = security_events::reads::get(&mut tx, id).await?;
    let tenant = tenants::reads::current(&mut tx).await?;
    let zone: Tz = tenant.time_zone.parse().map_err(Error::internal)?;
    let title = Text::new(keys::SECURITY_EVENT).with("what", what(&event, words));
    let page = Page::of_reader(tx, &exchange, Place::Settings, title).await?;
    page.show(&EventPage {
        row: row(&event, zone, words),
        means: words.named("security-event", &format!("{}-means", event.code)),
        to_do: words.named("security-event", &format!("{}-do", event.code)),
        count: event.count,
        began: words.moment_with_seconds(event.first_seen_at, zone),
        acknowledged: event.acknowledged_at.map(|at| words.moment(at, zone)),
        address: match event.address.is_empty() {
            true => words.t(keys::SESSION_ADDRESS_UNKNOWN),
            false => event.address,
        },
        code: event.code,
        page: &page,
    })
}

/// `POST /settings/security/events/{id}/acknowledge`
async fn acknowledge(
    State(web): State<WebState>,
    PathId(id): PathId<SecurityEventId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    security_events::acknowledge(&web.app, &form.actor, id).await?;
    Ok(see_other(&format!("{PATH}?open=true")))
}

/// `GET /settings/security/thresholds`
async fn edit(exchange: Exchange, Reader(mut tx): Reader) -> Result<Response, Fault> {
    let now = security_events::reads::thresholds(&mut tx).await?;
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::SECURITY_THRESHOLDS).await?;
    let values = Thresholds::names().zip(now.values());
    let form = FormView::filled(values.map(|(name, value)| (name, value.to_string())));
    draw(&page, StatusCode::OK, form)
}

/// `POST /settings/security/thresholds`
async fn update(
    State(web): State<WebState>,
    exchange: Exchange,
    form: Form<RawThresholds>,
) -> Result<Response, Fault> {
    match security_events::set_thresholds(&web.app, &form.actor, &form.input, None).await {
        Ok(_) => Ok(see_other(PATH)),
        Err(Error::Invalid(errors)) => {
            let title = keys::SECURITY_THRESHOLDS;
            let page = Page::of_actor(&form.actor, &exchange, Place::Settings, title);
            let view = FormView::typed(form.typed).wrong(&errors, exchange.language());
            draw(&page, StatusCode::UNPROCESSABLE_ENTITY, view)
        }
        Err(error) => Err(error.into()),
    }
}

fn draw(page: &Page, status: StatusCode, form: FormView) -> Result<Response, Fault> {
    let words = Words(page.exchange().language());
    let usual = Thresholds::names().zip(Thresholds::default().values());
    let fields = usual.map(|(name, usual)| Field {
        name,
        words: page.label(name),
        hint: words.count(keys::SECURITY_USUAL, usual.into()),
    });
    let fields = fields.collect();
    page.show_as(status, &ThresholdsPage { page, form, fields })
}

fn nothing() -> Items<SecurityEvent> {
    Items {
        items: Vec::new(),
        next_cursor: None,
    }
}

fn form(query: &[(String, String)], wrong: &[FieldError], exchange: &Exchange) -> FormView {
    FormView::typed(Typed::from(query.to_vec())).wrong(wrong, exchange.language())
}

fn row(event: &SecurityEvent, zone: Tz, words: Words) -> Row {
    Row {
        id: event.id,
        what: what(event, words),
        about: about(event, words),
        severity: severity(event.severity, words),
        last: words.moment(event.last_seen_at, zone),
        instant: event.last_seen_at.to_rfc3339(),
        acknowledged: event.acknowledged_at.is_some(),
    }
}

fn what(event: &SecurityEvent, words: Words) -> String {
    words.named("security-event", &event.code)
}

/// Whom it concerns, and how often it was seen.
fn about(event: &SecurityEvent, words: Words) -> String {
    let whom = match (&event.person_name, event.subject.split_once(':')) {
        (Some(name), _) => name.clone(),
        (None, Some((kind @ ("network" | "account" | "token"), tag))) => {
            let text = Text::new(keys::SECURITY_SUBJECT).with("tag", tag);
            words.say(&text.with("kind", kind))
        }
        (None, _) => words.t(keys::SECURITY_EVERYBODY),
    };
    let text = Text::new(keys::SECURITY_ABOUT).with("whom", whom);
    words.say(&text.with("n", event.count))
}

fn severity(severity: Severity, words: Words) -> Tag {
    let (kind, icon) = match severity {
        Severity::Low => ("mute", "info"),
        Severity::Medium => ("due", "alert"),
        Severity::High => ("over", "alert"),
    };
    Tag {
        kind,
        icon,
        words: words.named("severity", severity.as_str()),
    }
}

fn codes(words: Words) -> Vec<(String, String)> {
    let any = (String::new(), words.t(keys::SECURITY_ANYTHING));
    let known = Code::ALL.iter().map(|code| {
        let name = code.as_str().to_owned();
        let said = words.named("security-event", &name);
        (name, said)
    });
    std::iter::once(any).chain(known).collect()
}

fn severities(words: Words) -> Vec<(String, String)> {
    let any = (String::new(), words.t(keys::SECURITY_ANY_SEVERITY));
    let known = Severity::ALL.map(|severity| {
        let name = severity.as_str().to_owned();
        let said = words.named("severity", &name);
        (name, said)
    });
    std::iter::once(any).chain(known).collect()
}
