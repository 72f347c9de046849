//! What somebody would rather not be told outside of Intrex, and whether it comes in a digest.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use intrex_core::{
    Error,
    catalogue::{Text, keys},
    digests::SENT_AT,
    permission::Permission,
    preferences::{self, Digest, Preferences, RawPreferences},
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
    digest_hint: String,
    digests: Vec<(&'static str, String)>,
    /// Whether single reminders may be left out for it, and the choice.
    instead: Option<[(&'static str, String); 2]>,
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
    let form = filled(&own);
    draw(&page, StatusCode::OK, form, own, saved)
}

fn filled(own: &Preferences) -> FormView {
    let opted_out = own.events.iter().filter(|choice| choice.opted_out);
    let opted_out = opted_out.map(|choice| ("opted_out", choice.event_type.as_str()));
    FormView::filled([
        ("digest", own.digest.as_str()),
        ("digest_instead", word(own.digest_instead)),
    ])
    .with(opted_out)
}

const fn word(flag: bool) -> &'static str {
    match flag {
        true => "true",
        false => "false",
    }
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
    let hint = Text::new(keys::DIGEST_HINT).with("time", SENT_AT.format("%H:%M").to_string());
    let digest_hint = words.say(&hint.with("zone", own.digest_time_zone));
    let digests = Digest::ALL.iter().map(|digest| {
        let key = match digest {
            Digest::None => keys::DIGEST_NONE,
            Digest::Daily => keys::DIGEST_DAILY,
            Digest::Weekly => keys::DIGEST_WEEKLY,
        };
        (digest.as_str(), words.t(key))
    });
    let instead = [(false, keys::DIGEST_AS_WELL), (true, keys::DIGEST_INSTEAD)];
    let instead = instead.map(|(flag, key)| (word(flag), words.t(key)));
    let events = optional.into_iter().map(|choice| Tick {
        value: choice.event_type.as_str(),
        words: event(choice.event_type, words),
        chosen: form.chosen("opted_out", choice.event_type.as_str()),
    });
    let always = always
        .into_iter()
        .map(|choice| event(choice.event_type, words));
    let template = PreferencesPage {
        events: events.collect(),
        always: always.collect(),
        digest_hint,
        digests: digests.collect(),
        instead: Some(instead).filter(|_| own.digest_instead_optional),
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
