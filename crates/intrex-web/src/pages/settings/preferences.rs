//! What somebody would rather not be told outside of Intrex.

use askama::Template;
use axum::{extract::State, response::Response};
use intrex_core::{
    catalogue::keys,
    permission::Permission,
    preferences::{self, RawPreferences},
};
use serde::Deserialize;

use super::{super::sign_in::MAX_FORM_BYTES, notification_routes::event};
use crate::{
    WebState,
    answer::{Fault, Page, Place},
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
    let words = Words(exchange.language());
    let own = preferences::reads::own(&mut tx).await?;
    let title = keys::SETTINGS_NOTIFICATIONS;
    let page = Page::of_reader(tx, &exchange, Place::Settings, title).await?;
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
    page.show(&PreferencesPage {
        events: events.collect(),
        always: always.collect(),
        saved: shown.saved.is_some(),
        page: &page,
    })
}

/// `POST /settings/notifications`
async fn set(State(web): State<WebState>, form: Form<RawPreferences>) -> Result<Response, Fault> {
    preferences::set(&web.app, &form.actor, &form.input).await?;
    Ok(see_other("/settings/notifications?saved=yes"))
}
