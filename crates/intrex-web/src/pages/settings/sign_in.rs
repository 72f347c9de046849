//! How people of the organisation sign in: its own identity providers, the domains that lead to them, and whether they may.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use chrono_tz::Tz;
use intrex_core::{
    Actor, Error,
    catalogue::{Key, Text, keys},
    db::ReadTx,
    ids::{ProviderDomainId, ProviderId},
    oidc::{self, Provider, ProviderDomain, RawDomain, RawProvider},
    permission::Permission,
};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::super::sign_in::MAX_FORM_BYTES;
use crate::{
    WebState,
    answer::{Fault, FormView, Page, Place},
    request::{Exchange, Form, Nothing, PathId, Query, Reader, guard::see_other, next},
    routes::{Access, Kind, Route, Routes, Verb},
    words::Words,
};

const PATH: &str = "/settings/sign-in";
const NEW: &str = "/settings/sign-in/new";
const EDIT: &str = "/settings/sign-in/{id}/edit";
const REMOVE: &str = "/settings/sign-in/{id}/remove";
const MANAGE: Access = Access::Needs(Permission::OidcManage);

pub(super) fn routes(routes: Routes) -> Routes {
    let fresh = |verb, path| {
        Route::new(verb, Kind::Page, path, MANAGE)
            .fresh()
            .max_body(MAX_FORM_BYTES)
    };
    let post = |path| fresh(Verb::Post, path);
    // A button of the list: its command asks for the fresh factor, and stepping up leads back to the list.
    let button = |path| Route::new(Verb::Post, Kind::Page, path, MANAGE).max_body(MAX_FORM_BYTES);
    routes
        .page(PATH, MANAGE, list)
        .add(fresh(Verb::Get, NEW), new)
        .add(post(PATH), create)
        .add(fresh(Verb::Get, EDIT), edit)
        .add(post("/settings/sign-in/{id}"), update)
        .add(button("/settings/sign-in/{id}/enable"), enable)
        .add(button("/settings/sign-in/{id}/disable"), disable)
        .add(fresh(Verb::Get, REMOVE), confirm)
        .add(post(REMOVE), remove)
        .add(button("/settings/sign-in/{id}/domains"), add_domain)
        .add(button("/settings/sign-in/domains/{id}/prove"), prove_domain)
        .add(
            button("/settings/sign-in/domains/{id}/remove"),
            remove_domain,
        )
}

/// A provider as the page shows it.
struct Card {
    provider: Provider,
    domains: Vec<DomainRow>,
}

struct DomainRow {
    domain: ProviderDomain,
    /// When it was proven, in words.
    proven: Option<String>,
}

#[derive(Template)]
#[template(path = "settings/sign_in.html")]
struct ListPage<'a> {
    page: &'a Page,
    cards: Vec<Card>,
    notice: Option<String>,
    /// The provider whose form for a domain has something typed in it, and that form.
    typed: Option<(ProviderId, FormView)>,
    empty: FormView,
}

#[derive(Template)]
#[template(path = "settings/sign_in_form.html")]
struct FormPage<'a> {
    page: &'a Page,
    form: FormView,
    /// What is changed: its issuer, and since when it has its secret.
    of: Option<(ProviderId, String, String)>,
    redirect_uri: String,
}

#[derive(Template)]
#[template(path = "settings/sign_in_remove.html")]
struct RemovePage<'a> {
    page: &'a Page,
    provider: Provider,
}

/// A domain that was typed before stepping up. It is no secret, and goes there and back in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Kept {
    provider: Option<ProviderId>,
    domain: Option<String>,
}

impl Kept {
    /// The list, with what was typed, by way of stepping up.
    fn by_step_up(provider: ProviderId, typed: &str) -> Response {
        let kept = Serializer::new(String::new())
            .append_pair("provider", &provider.to_string())
            .append_pair("domain", typed)
            .finish();
        let whole = format!("{PATH}?{kept}");
        // What is too long for an address is no domain either.
        let back = next::checked(&whole).unwrap_or(PATH);
        see_other(&format!("/step-up{}", next::query(Some(back))))
    }
}

/// `GET /settings/sign-in`
async fn list(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(tx): Reader,
    Query(kept): Query<Kept>,
) -> Result<Response, Fault> {
    let typed = kept.provider.zip(kept.domain);
    let typed = typed.map(|(id, domain)| (id, FormView::filled([("domain", domain)])));
    draw(&web, &exchange, tx, StatusCode::OK, None, typed).await
}

/// `GET /settings/sign-in/new`
async fn new(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(tx): Reader,
) -> Result<Response, Fault> {
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::OIDC_NEW).await?;
    draw_form(&web, &page, StatusCode::OK, FormView::empty(), None)
}

/// `POST /settings/sign-in`
async fn create(
    State(web): State<WebState>,
    exchange: Exchange,
    form: Form<RawProvider>,
) -> Result<Response, Fault> {
    match oidc::configure(&web.app, &form.actor, &form.input).await {
        Ok(_) => Ok(see_other(PATH)),
        Err(Error::Invalid(errors)) => {
            let page = Page::of_actor(&form.actor, &exchange, Place::Settings, keys::OIDC_NEW);
            let view = FormView::typed(form.typed).wrong(&errors, exchange.language());
            draw_form(&web, &page, StatusCode::UNPROCESSABLE_ENTITY, view, None)
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /settings/sign-in/{id}/edit`
async fn edit(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<ProviderId>,
) -> Result<Response, Fault> {
    let provider = oidc::reads::get(&web.app, &mut tx, id).await?;
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::OIDC_CHANGE).await?;
    let form = FormView::filled([
        ("name", provider.name.clone()),
        ("client_id", provider.client_id.clone()),
    ]);
    draw_form(&web, &page, StatusCode::OK, form, Some(&provider))
}

/// `POST /settings/sign-in/{id}`
async fn update(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<ProviderId>,
    form: Form<RawProvider>,
) -> Result<Response, Fault> {
    match oidc::update(&web.app, &form.actor, id, &form.input, None).await {
        Ok(_) => Ok(see_other(PATH)),
        Err(Error::Invalid(errors)) => {
            let mut tx = web.app.db.read(&form.actor).await?;
            let provider = oidc::reads::get(&web.app, &mut tx, id).await?;
            let page = Page::of_reader(tx, &exchange, Place::Settings, keys::OIDC_CHANGE).await?;
            let view = FormView::typed(form.typed).wrong(&errors, exchange.language());
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            draw_form(&web, &page, status, view, Some(&provider))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /settings/sign-in/{id}/enable`
async fn enable(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<ProviderId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    let done = oidc::enable(&web.app, &form.actor, id).await;
    afterwards(&web, &exchange, &form.actor, done).await
}

/// `POST /settings/sign-in/{id}/disable`
async fn disable(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<ProviderId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    let done = oidc::disable(&web.app, &form.actor, id).await;
    afterwards(&web, &exchange, &form.actor, done).await
}

/// `GET /settings/sign-in/{id}/remove`: asks once more.
async fn confirm(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<ProviderId>,
) -> Result<Response, Fault> {
    let provider = oidc::reads::get(&web.app, &mut tx, id).await?;
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::OIDC_REMOVE_ONE).await?;
    page.show(&RemovePage {
        page: &page,
        provider,
    })
}

/// `POST /settings/sign-in/{id}/remove`
async fn remove(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<ProviderId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    let done = oidc::remove(&web.app, &form.actor, id).await;
    afterwards(&web, &exchange, &form.actor, done).await
}

/// `POST /settings/sign-in/{id}/domains`
async fn add_domain(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<ProviderId>,
    form: Form<RawDomain>,
) -> Result<Response, Fault> {
    match oidc::add_domain(&web.app, &form.actor, id, &form.input).await {
        Err(Error::Invalid(errors)) => {
            let view = FormView::typed(form.typed).wrong(&errors, exchange.language());
            let tx = web.app.db.read(&form.actor).await?;
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            draw(&web, &exchange, tx, status, None, Some((id, view))).await
        }
        Err(Error::StepUp) => Ok(Kept::by_step_up(id, &form.input.domain.shown())),
        done => afterwards(&web, &exchange, &form.actor, done).await,
    }
}

/// `POST /settings/sign-in/domains/{id}/prove`
async fn prove_domain(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<ProviderDomainId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    let done = oidc::prove_domain(&web.app, &form.actor, id).await;
    afterwards(&web, &exchange, &form.actor, done).await
}

/// `POST /settings/sign-in/domains/{id}/remove`
async fn remove_domain(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<ProviderDomainId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    let done = oidc::remove_domain(&web.app, &form.actor, id).await;
    afterwards(&web, &exchange, &form.actor, done).await
}

/// Back to the list; with the reason above it, where what was asked for cannot be.
async fn afterwards<T>(
    web: &WebState,
    exchange: &Exchange,
    actor: &Actor,
    done: intrex_core::Result<T>,
) -> Result<Response, Fault> {
    match done {
        Ok(_) => Ok(see_other(PATH)),
        Err(Error::Conflict(conflict)) => {
            let tx = web.app.db.read(actor).await?;
            let notice = Some(conflict.text());
            draw(web, exchange, tx, StatusCode::CONFLICT, notice, None).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn draw(
    web: &WebState,
    exchange: &Exchange,
    mut tx: ReadTx,
    status: StatusCode,
    notice: Option<Text>,
    typed: Option<(ProviderId, FormView)>,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let providers = oidc::reads::list(&web.app, &mut tx).await?;
    let page = Page::of_reader(tx, exchange, Place::Settings, keys::SETTINGS_SIGN_IN).await?;
    let row = |domain: &ProviderDomain| DomainRow {
        proven: domain
            .proven_at
            .map(|at| words.date(at.with_timezone(&Tz::UTC).date_naive())),
        domain: domain.clone(),
    };
    let cards = providers.into_iter().map(|provider| Card {
        domains: provider.domains.iter().map(row).collect(),
        provider,
    });
    let template = ListPage {
        cards: cards.collect(),
        notice: notice.map(|text| page.say(text)),
        typed,
        empty: FormView::empty(),
        page: &page,
    };
    page.show_as(status, &template)
}

fn draw_form(
    web: &WebState,
    page: &Page,
    status: StatusCode,
    form: FormView,
    of: Option<&Provider>,
) -> Result<Response, Fault> {
    let words = Words(page.exchange().language());
    let of = of.map(|provider| {
        let set = provider.client_secret.set_at.with_timezone(&Tz::UTC);
        let since = words.date(set.date_naive());
        (provider.id, provider.issuer.clone(), since)
    });
    let template = FormPage {
        page,
        form,
        of,
        redirect_uri: oidc::reads::callback(&web.app),
    };
    page.show_as(status, &template)
}

impl ListPage<'_> {
    fn domain_form(&self, id: &ProviderId) -> &FormView {
        match &self.typed {
            Some((typed, form)) if typed == id => form,
            _ => &self.empty,
        }
    }

    fn state(&self, provider: &Provider) -> Key {
        match provider.enabled {
            true => keys::OIDC_ENABLED,
            false => keys::OIDC_DISABLED,
        }
    }
}
