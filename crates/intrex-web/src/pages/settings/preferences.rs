//! What somebody would rather not be told outside of Intrex.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use intrex_core::{
    Error,
    catalogue::keys,
    permission::Permission,
    preferences::{self, Preferences, RawPreferences},
};
use serde::Deserialize;

use super::{super::sign_in::MAX_FORM_BYTES, notification_routes::event};
use crate::{
    WebState,
    answer::{Fault, FormView, Page, Place},
    request::{Exchange, Form, Query, Reader, guard::see_other},
    routes::{Access, Kind, Route, Routes, Verb},
    words::Words,
};

pub(super) const PATH: &str = "/settings/notifications";
const OWN: Access = Access::Needs(Permission::PreferencesOwn);

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(PATH, OWN, show).add(
        Route::new(Verb::Post, Kind::Page, PATH, OWN).max_body(MAX_FORM_BYTES),
        set,
    )
}

/// A box to tick.
struct Tick {
    value: &'static str,
    words: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "settings/preferences.html")]
struct PreferencesPage<'a> {
    page: &'a Page,
    events: Vec<Tick>,
    /// What is told whatever somebody would rather.
    always: Vec<String>,
    form: FormView,
    saved: bool,
}

/// Whether it was changed just now.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Shown {
    saved: Option<String>,
}

/// `GET /settings/notifications`
async fn show(
    exchange: Exchange,
    Reader(mut tx): Reader,
    Query(shown): Query<Shown>,
) -> Result<Response, Fault> {
    let saved = shown.saved.is_some();
    let own = preferences::reads::own(&mut tx).await?;
    let title = keys::SETTINGS_NOTIFICATIONS;
    let page = Page::of_reader(tx, &exchange, Place::Settings, title).await?;
    draw(&page, StatusCode::OK, FormView::empty(), own, saved)
}

fn draw(
    page: &Page,
    status: StatusCode,
    form: FormView,
    own: Preferences,
    saved: bool,
) -> Result<Response, Fault> {
    let words = Words(page.exchange().language());
    let (optional, always): (Vec<_>, Vec<_>) =
        own.events.into_iter().partition(|choice| choice.optional);
    let events = optional.into_iter().map(|choice| Tick {
        value: choice.event_type.as_str(),
        words: event(choice.event_type, words),
        chosen: choice.opted_out,
    });
    let always = always
        .into_iter()
        .map(|choice| event(choice.event_type, words));
    let template = PreferencesPage {
        events: events.collect(),
        always: always.collect(),
        saved,
        form,
        page,
    };
    page.show_as(status, &template)
}

/// `POST /settings/notifications`
async fn set(
    State(web): State<WebState>,
    exchange: Exchange,
    form: Form<RawPreferences>,
) -> Result<Response, Fault> {
    match preferences::set(&web.app, &form.actor, &form.input).await {
        Ok(_) => Ok(see_other("/settings/notifications?saved=yes")),
        Err(Error::Invalid(errors)) => {
            let mut tx = web.app.db.read(&form.actor).await?;
            let own = preferences::reads::own(&mut tx).await?;
            let title = keys::SETTINGS_NOTIFICATIONS;
            let page = Page::of_reader(tx, &exchange, Place::Settings, title).await?;
            let view = FormView::typed(form.typed).wrong(&errors, exchange.language());
            draw(&page, StatusCode::UNPROCESSABLE_ENTITY, view, own, false)
        }
        Err(error) => Err(error.into()),
    }
}
