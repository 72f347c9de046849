//! One's own API tokens: the list, a new one whose text is shown once, and an end to each.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use chrono_tz::Tz;
use intrex_core::{
    Error,
    catalogue::keys,
    ids::TokenId,
    permission::Permission,
    tenants,
    tokens::{self, RawToken, Token},
};
use secrecy::ExposeSecret as _;

use crate::{
    WebState,
    answer::{Fault, FormView, Page, Place},
    request::{Exchange, Form, List, Nothing, PathId, Reader, guard::see_other},
    routes::{Access, Kind, Route, Routes, Verb},
    words::Words,
};

const PATH: &str = "/settings/tokens";

pub(super) fn routes(routes: Routes) -> Routes {
    let write = Access::Needs(Permission::TokensWrite);
    let new = Route::new(Verb::Get, Kind::Page, "/settings/tokens/new", write);
    let make = Route::new(Verb::Post, Kind::Page, PATH, write);
    routes
        .page(PATH, Access::Needs(Permission::TokensRead), list)
        .add(new.fresh(), form)
        .add(make.fresh(), create)
        .form("/settings/tokens/{id}/revoke", write, revoke)
}

/// One token as the page shows it.
struct Row {
    id: TokenId,
    name: String,
    scopes: String,
    networks: String,
    state: TokenState,
    until: String,
    last_used: String,
}

/// Whether a token counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TokenState {
    Counts,
    Expired,
    Revoked,
}

#[derive(Template)]
#[template(path = "settings/tokens.html")]
struct ListPage<'a> {
    page: &'a Page,
    rows: Vec<Row>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "settings/token_form.html")]
struct FormPage<'a> {
    page: &'a Page,
    form: FormView,
    scopes: Vec<Scope>,
}

/// A permission to choose.
struct Scope {
    name: &'static str,
    about: &'static str,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "settings/token_made.html")]
struct MadePage<'a> {
    page: &'a Page,
    token: Token,
    text: &'a str,
    until: String,
}

/// `GET /settings/tokens`
async fn list(
    exchange: Exchange,
    Reader(mut tx): Reader,
    list: List<Nothing>,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let found = tokens::reads::list(&mut tx, &list.page).await?;
    let tenant = tenants::reads::current(&mut tx).await?;
    let zone: Tz = tenant.time_zone.parse().map_err(Error::internal)?;
    let now = tx.now();
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::SETTINGS_TOKENS).await?;
    let next = list.next_page(PATH, found.next_cursor.as_deref());
    let rows = found.items.into_iter().map(|token| Row {
        id: token.id,
        scopes: token.scopes.join(", "),
        networks: match token.networks.is_empty() {
            true => page.t(keys::TOKEN_ANYWHERE),
            false => token.networks.join(", "),
        },
        state: match (token.revoked_at, token.expires_at > now) {
            (Some(_), _) => TokenState::Revoked,
            (None, true) => TokenState::Counts,
            (None, false) => TokenState::Expired,
        },
        until: words.date(token.expires_at.with_timezone(&zone).date_naive()),
        last_used: match token.last_used_at {
            Some(at) => words.ago(at, now),
            None => page.t(keys::TOKEN_NEVER_USED),
        },
        name: token.name,
    });
    page.show(&ListPage {
        rows: rows.collect(),
        next,
        page: &page,
    })
}

/// `GET /settings/tokens/new`
async fn form(exchange: Exchange, Reader(tx): Reader) -> Result<Response, Fault> {
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::TOKEN_NEW).await?;
    let form = FormView::filled([("expires_in_days", "90")]);
    draw(&page, StatusCode::OK, form)
}

/// `POST /settings/tokens`: shows the text here, once.
async fn create(
    State(web): State<WebState>,
    exchange: Exchange,
    form: Form<RawToken>,
) -> Result<Response, Fault> {
    let made = match tokens::create(&web.app, &form.actor, &form.input).await {
        Ok(made) => made,
        Err(Error::Invalid(errors)) => {
            let title = keys::TOKEN_NEW;
            let page = Page::of_actor(&form.actor, &exchange, Place::Settings, title);
            let view = FormView::typed(form.typed).wrong(&errors, exchange.language());
            return draw(&page, StatusCode::UNPROCESSABLE_ENTITY, view);
        }
        Err(error) => return Err(error.into()),
    };
    let page = Page::of_actor(&form.actor, &exchange, Place::Settings, keys::TOKEN_MADE);
    let words = Words(exchange.language());
    page.show(&MadePage {
        until: words.date(made.token.expires_at.date_naive()),
        token: made.token,
        text: made.text.expose_secret(),
        page: &page,
    })
}

/// `POST /settings/tokens/{id}/revoke`
async fn revoke(
    State(web): State<WebState>,
    PathId(id): PathId<TokenId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    tokens::revoke(&web.app, &form.actor, id).await?;
    Ok(see_other(PATH))
}

/// The form, with the permissions of the person's role: nobody gives away what they have not.
fn draw(page: &Page, status: StatusCode, form: FormView) -> Result<Response, Fault> {
    let scopes = Permission::ALL
        .iter()
        .filter(|permission| page.can(**permission))
        .map(|permission| Scope {
            name: permission.as_str(),
            about: permission.description(),
            chosen: form.chosen("scopes", permission.as_str()),
        });
    page.show_as(
        status,
        &FormPage {
            scopes: scopes.collect(),
            form,
            page,
        },
    )
}
