//! Making a connector, type first, and changing one. A signing secret that was made is shown here, once.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use intrex_core::{
    Error,
    catalogue::{Key, keys},
    connectors::{self, Connector, ConnectorType},
    ids::ConnectorId,
};
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use super::{
    PATH,
    fields::{self, Field, Kind, Typed},
    icon, type_words,
};
use crate::{
    WebState,
    answer::{Fault, FormView, Page, Place},
    request::{Exchange, Form, PathId, Query, Reader, guard::see_other},
    words::Words,
};

/// Which type of connector to make; none yet, and the page asks.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wanted {
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// A type to choose.
struct Choice {
    kind: ConnectorType,
    icon: &'static str,
    words: String,
    about: String,
}

#[derive(Template)]
#[template(path = "settings/connectors/new.html")]
struct NewPage<'a> {
    page: &'a Page,
    choices: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "settings/connectors/form.html")]
struct FormPage<'a> {
    page: &'a Page,
    form: FormView,
    kind: ConnectorType,
    words: String,
    /// The connector that is changed.
    of: Option<ConnectorId>,
    settings: Vec<Field>,
    secrets: Vec<Field>,
}

#[derive(Template)]
#[template(path = "settings/connectors/made.html")]
pub(super) struct MadePage<'a> {
    pub(super) page: &'a Page,
    pub(super) connector: &'a Connector,
    pub(super) secret: &'a str,
}

/// `GET /settings/connectors/new`
pub(super) async fn new(
    exchange: Exchange,
    Reader(tx): Reader,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Fault> {
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::CONNECTOR_NEW).await?;
    match wanted.kind.as_deref().map(ConnectorType::parse) {
        Some(Some(kind)) => draw(&page, StatusCode::OK, FormView::empty(), kind, None),
        Some(None) => Err(Fault::NOT_FOUND),
        None => choose(&page, StatusCode::OK),
    }
}

fn choose(page: &Page, status: StatusCode) -> Result<Response, Fault> {
    let choices = ConnectorType::ALL.iter().map(|kind| Choice {
        kind: *kind,
        icon: icon(*kind),
        words: page.t(type_words(*kind)),
        about: page.t(about(*kind)),
    });
    page.show_as(
        status,
        &NewPage {
            choices: choices.collect(),
            page,
        },
    )
}

fn about(kind: ConnectorType) -> Key {
    match kind {
        ConnectorType::EmailSmtp => keys::CONNECTOR_ABOUT_EMAIL_SMTP,
        ConnectorType::TelegramBot => keys::CONNECTOR_ABOUT_TELEGRAM_BOT,
        ConnectorType::WhatsappBusiness => keys::CONNECTOR_ABOUT_WHATSAPP_BUSINESS,
        ConnectorType::Webhook => keys::CONNECTOR_ABOUT_WEBHOOK,
    }
}

/// `POST /settings/connectors`
pub(super) async fn create(
    State(web): State<WebState>,
    exchange: Exchange,
    form: Form<Typed>,
) -> Result<Response, Fault> {
    let Typed(raw) = form.input;
    match connectors::create(&web.app, &form.actor, &raw).await {
        Ok(made) => {
            let Some(secret) = made.signing_secret else {
                return Ok(see_other(&format!("{PATH}/{}", made.connector.id)));
            };
            let title = keys::CONNECTOR_SECRET_MADE;
            let page = Page::of_actor(&form.actor, &exchange, Place::Settings, title);
            page.show(&MadePage {
                page: &page,
                connector: &made.connector,
                secret: secret.expose_secret(),
            })
        }
        Err(Error::Invalid(errors)) => {
            let title = keys::CONNECTOR_NEW;
            let page = Page::of_actor(&form.actor, &exchange, Place::Settings, title);
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            match ConnectorType::parse(&raw.kind.shown()) {
                Some(kind) => {
                    let view = FormView::typed(form.typed).wrong(&errors, exchange.language());
                    draw(&page, status, view, kind, None)
                }
                None => choose(&page, status),
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /settings/connectors/{id}/edit`
pub(super) async fn edit(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<ConnectorId>,
) -> Result<Response, Fault> {
    let connector = connectors::reads::get(&mut tx, id).await?;
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::CONNECTOR_CHANGE).await?;
    let form = fields::filled(&page, &connector);
    let kind = connector.kind;
    draw(&page, StatusCode::OK, form, kind, Some(&connector))
}

/// `POST /settings/connectors/{id}`
pub(super) async fn update(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<ConnectorId>,
    form: Form<Typed>,
) -> Result<Response, Fault> {
    let Typed(raw) = form.input;
    match connectors::update(&web.app, &form.actor, id, &raw, None).await {
        Ok(_) => Ok(see_other(&format!("{PATH}/{id}"))),
        Err(Error::Invalid(errors)) => {
            let mut tx = web.app.db.read(&form.actor).await?;
            let connector = connectors::reads::get(&mut tx, id).await?;
            let title = keys::CONNECTOR_CHANGE;
            let page = Page::of_reader(tx, &exchange, Place::Settings, title).await?;
            let view = FormView::typed(form.typed).wrong(&errors, exchange.language());
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            let kind = connector.kind;
            draw(&page, status, view, kind, Some(&connector))
        }
        Err(error) => Err(error.into()),
    }
}

fn draw(
    page: &Page,
    status: StatusCode,
    form: FormView,
    kind: ConnectorType,
    of: Option<&Connector>,
) -> Result<Response, Fault> {
    let words = Words(page.exchange().language());
    let since = |name: &str| {
        let secret = of?.secrets.get(name.strip_prefix("secrets.")?)?;
        Some(words.date(secret.set_at.date_naive()))
    };
    let template = FormPage {
        settings: fields::settings(page, kind),
        secrets: fields::secrets(page, kind, &since),
        words: page.t(type_words(kind)),
        of: of.map(|connector| connector.id),
        kind,
        form,
        page,
    };
    page.show_as(status, &template)
}
