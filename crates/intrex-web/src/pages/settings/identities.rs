//! One's own linked sign-ins: which identity providers of the organisation speak for the reader, one more, and one less.

use askama::Template;
use axum::{extract::State, response::Response};
use chrono_tz::Tz;
use intrex_core::{
    catalogue::keys,
    ids::{IdentityId, ProviderId},
    oidc::{self, Identity, ProviderName},
    permission::Permission,
};
use serde::Deserialize;

use super::super::oidc::{Onward, send_on};
use crate::{
    WebState,
    answer::{Fault, Page, Place},
    request::{Exchange, Form, Nothing, PathId, Query, Reader, guard::see_other},
    routes::{Access, Kind, Route, Routes, Verb},
    words::Words,
};

/// The list.
pub(in crate::pages) const PATH: &str = "/settings/identities";
const LINK: &str = "/settings/identities/{id}/link";
const UNLINK: &str = "/settings/identities/{id}/unlink";
const OWN: Access = Access::Needs(Permission::SessionsOwn);

pub(super) fn routes(routes: Routes) -> Routes {
    let fresh = |verb, path| Route::new(verb, Kind::Page, path, OWN).fresh();
    routes
        .page(PATH, OWN, list)
        .add(fresh(Verb::Get, LINK), confirm_link)
        .add(fresh(Verb::Post, LINK), link)
        .add(fresh(Verb::Get, UNLINK), confirm_unlink)
        .add(fresh(Verb::Post, UNLINK), unlink)
}

/// What became of the way to a provider.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct After {
    linked: Option<String>,
}

/// One identity as the page shows it.
struct Row {
    id: IdentityId,
    name: String,
    enabled: bool,
    linked: String,
    last_used: String,
}

#[derive(Template)]
#[template(path = "settings/identities.html")]
struct ListPage<'a> {
    page: &'a Page,
    rows: Vec<Row>,
    linkable: Vec<ProviderName>,
    /// Whether the last try to link came to something, right after it.
    linked: Option<bool>,
}

#[derive(Template)]
#[template(path = "settings/identity_act.html")]
struct ActPage<'a> {
    page: &'a Page,
    name: String,
    detail: String,
    act: String,
    action: String,
    is_removal: bool,
}

/// `GET /settings/identities`
async fn list(
    exchange: Exchange,
    Reader(mut tx): Reader,
    Query(after): Query<After>,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let own = oidc::reads::identities(&mut tx).await?;
    let linkable = oidc::reads::linkable(&mut tx).await?;
    let now = tx.now();
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::SETTINGS_IDENTITIES).await?;
    let row = |identity: Identity| Row {
        id: identity.id,
        name: identity.provider_name,
        enabled: identity.provider_enabled,
        linked: words.date(identity.linked_at.with_timezone(&Tz::UTC).date_naive()),
        last_used: match identity.last_used_at {
            Some(at) => words.ago(at, now),
            None => page.t(keys::IDENTITY_NEVER_USED),
        },
    };
    page.show(&ListPage {
        rows: own.into_iter().map(row).collect(),
        linkable,
        linked: after.linked.map(|word| word == "yes"),
        page: &page,
    })
}

/// `GET /settings/identities/{id}/link`
async fn confirm_link(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<ProviderId>,
) -> Result<Response, Fault> {
    let linkable = oidc::reads::linkable(&mut tx).await?;
    let found = linkable.into_iter().find(|provider| provider.id == id);
    let provider = found.ok_or(Fault::NOT_FOUND)?;
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::SETTINGS_IDENTITIES).await?;
    page.show(&ActPage {
        detail: page.t(keys::IDENTITIES_LEDE),
        act: page.t1(keys::IDENTITY_LINK, "name", provider.name.as_str()),
        action: format!("{PATH}/{id}/link"),
        name: provider.name,
        is_removal: false,
        page: &page,
    })
}

/// `POST /settings/identities/{id}/link`: on to the provider.
async fn link(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<ProviderId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    let departure = oidc::begin_linking(&web.app, &form.actor, id).await?;
    send_on(&exchange, &departure, Onward::AtOnce)
}

/// `GET /settings/identities/{id}/unlink`
async fn confirm_unlink(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<IdentityId>,
) -> Result<Response, Fault> {
    let own = oidc::reads::identities(&mut tx).await?;
    let found = own.into_iter().find(|identity| identity.id == id);
    let identity = found.ok_or(Fault::NOT_FOUND)?;
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::IDENTITY_UNLINK_ONE).await?;
    page.show(&ActPage {
        detail: page.t(keys::IDENTITY_UNLINK_DETAIL),
        act: page.t(keys::IDENTITY_UNLINK),
        action: format!("{PATH}/{id}/unlink"),
        name: identity.provider_name,
        is_removal: true,
        page: &page,
    })
}

/// `POST /settings/identities/{id}/unlink`
async fn unlink(
    State(web): State<WebState>,
    PathId(id): PathId<IdentityId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    oidc::unlink(&web.app, &form.actor, id).await?;
    Ok(see_other(PATH))
}
