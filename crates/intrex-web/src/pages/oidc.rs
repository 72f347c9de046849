//! Signing in by an organisation's own identity provider: the address that shows which one, the way there, and the way back.
//! A form of ours may not lead to another site, through redirects either (`form-action`); so the browser goes on from a page.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::REFRESH},
    response::Response,
};
use intrex_core::{
    Actor,
    catalogue::{Text, keys},
    ids::ProviderId,
    oidc::{self, Arrival, Begun, Departure, Returned, Routed},
    sessions::{self, Session},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::{
    seed::Seeded,
    settings::IDENTITIES,
    sign_in::{EXPIRED, MAX_FORM_BYTES, Next, on_to, start},
};
use crate::{
    WebState,
    answer::{Fault, FormView, Page, wait},
    request::{Anonymous, Exchange, PathId, Query, cookies, guard::see_other},
    routes::{Access, Kind, Route, Routes, Verb},
};

const PATH: &str = "/sign-in/organisation";
const SITE_OF_LINK: HeaderName = HeaderName::from_static("sec-fetch-site");

pub(super) fn routes(routes: Routes) -> Routes {
    let submitted =
        Route::new(Verb::Post, Kind::Page, PATH, Access::Public).max_body(MAX_FORM_BYTES);
    routes
        .page(PATH, Access::Public, show)
        .add(submitted, submit)
        .page("/sign-in/oidc/{id}", Access::Public, leave)
        .page("/sign-in/oidc/callback", Access::Public, come_back)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawAddress {
    email: String,
}

/// That something came to nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct After {
    refused: Option<String>,
}

/// A provider's answer, as it stands in the address. What else is there is ignored, as the standard asks.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawArrival {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

#[derive(Template)]
#[template(path = "sign_in/organisation.html")]
struct OrganisationPage<'a> {
    page: &'a Page,
    form: FormView,
    notice: Option<String>,
    next: String,
}

#[derive(Template)]
#[template(path = "sign_in/leaving.html")]
struct LeavingPage<'a> {
    page: &'a Page,
    url: &'a str,
    host: &'a str,
}

/// `GET /sign-in/organisation`
async fn show(
    Seeded(exchange): Seeded,
    Query(next): Query<Next>,
    Query(after): Query<After>,
) -> Result<Response, Fault> {
    let refused = after
        .refused
        .map(|_| keys::SIGN_IN_ORGANISATION_REFUSED.into());
    draw(&exchange, &next, FormView::empty(), StatusCode::OK, refused)
}

/// `POST /sign-in/organisation`: tells of domains, and nothing of accounts.
async fn submit(
    State(web): State<WebState>,
    Seeded(exchange): Seeded,
    Query(next): Query<Next>,
    form: Anonymous<RawAddress>,
) -> Result<Response, Fault> {
    let raw = match form {
        Anonymous::Fresh(raw) => raw,
        Anonymous::Expired(typed) => {
            let form = FormView::typed(typed);
            let notice = Some(EXPIRED.into());
            return draw(&exchange, &next, form, StatusCode::FORBIDDEN, notice);
        }
    };
    match oidc::route(&web.app, &exchange.origin(), &raw.email).await? {
        Routed::Provider(id) => Ok(see_other(&format!("/sign-in/oidc/{id}{}", next.query()))),
        Routed::Nowhere => {
            let form = FormView::filled([("email", raw.email)]);
            let notice = Some(keys::SIGN_IN_ORGANISATION_NONE.into());
            draw(&exchange, &next, form, StatusCode::OK, notice)
        }
        Routed::Wait { retry_after_sec } => wait(&exchange, &next, retry_after_sec),
    }
}

/// `GET /sign-in/oidc/{id}`: on to the provider.
async fn leave(
    State(web): State<WebState>,
    Seeded(exchange): Seeded,
    PathId(id): PathId<ProviderId>,
    Query(next): Query<Next>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let wanted = match next.query().is_empty() {
        true => None,
        false => Some(next.destination()),
    };
    match oidc::begin(&web.app, &exchange.origin(), id, wanted).await? {
        Begun::Departure(departure) => {
            // A link on somebody else's page does not send anybody on: it takes a click of theirs.
            let ours = headers
                .get(SITE_OF_LINK)
                .is_none_or(|site| site == "same-origin" || site == "none");
            let onward = if ours {
                Onward::AtOnce
            } else {
                Onward::ByClick
            };
            send_on(&exchange, &departure, onward)
        }
        Begun::Nowhere => {
            let notice = Some(keys::SIGN_IN_ORGANISATION_NONE.into());
            draw(&exchange, &next, FormView::empty(), StatusCode::OK, notice)
        }
        Begun::Wait { retry_after_sec } => wait(&exchange, &next, retry_after_sec),
    }
}

/// `GET /sign-in/oidc/callback`: back from the provider.
async fn come_back(
    State(web): State<WebState>,
    exchange: Exchange,
    Query(raw): Query<RawArrival>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let arrival = Arrival {
        state: raw.state,
        code: raw.code.map(SecretString::from),
        error: raw.error,
        iss: raw.iss,
    };
    let cookie = match cookies::find(&headers, cookies::OIDC) {
        cookies::Found::One(cookie) => Some(cookie),
        cookies::Found::Nothing | cookies::Found::Several => None,
    };
    let signed_in = signed_in(&web, &exchange, &headers).await?;
    let request = exchange.origin();
    let returned = oidc::arrive(&web.app, &request, cookie, &arrival, signed_in.as_ref()).await?;
    let to = match returned {
        Returned::Started { started, next } => {
            start(&exchange, &started.cookie);
            on_to(started.stage, &Next { next })
        }
        Returned::Linked => format!("{IDENTITIES}?linked=yes"),
        Returned::NotLinked => format!("{IDENTITIES}?linked=no"),
        Returned::Refused => format!("{PATH}?refused=yes"),
    };
    exchange.set_cookie(cookies::clear_oidc());
    // Away from this address at once: it holds a code.
    Ok(see_other(&to))
}

/// Who is signed in in this browser, if somebody is: what was begun in a session ends in it.
async fn signed_in(
    web: &WebState,
    exchange: &Exchange,
    headers: &HeaderMap,
) -> Result<Option<Actor>, Fault> {
    let cookies::Found::One(cookie) = cookies::find(headers, cookies::SESSION) else {
        return Ok(None);
    };
    match sessions::authenticate(&web.app, cookie, exchange.origin()).await? {
        Session::Full(tx, _) => {
            let actor = tx.actor().clone();
            tx.finish().await?;
            Ok(Some(actor))
        }
        Session::Provisional(_) | Session::None => Ok(None),
    }
}

/// How the browser goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Onward {
    /// By itself.
    AtOnce,
    /// When the person says so.
    ByClick,
}

/// The page from which a browser goes on to a provider.
pub(super) fn send_on(
    exchange: &Exchange,
    departure: &Departure,
    onward: Onward,
) -> Result<Response, Fault> {
    exchange.set_cookie(cookies::set_oidc(
        departure.cookie.expose_secret(),
        departure.max_age_sec,
    ));
    let page = Page::of_nobody(exchange, keys::OIDC_LEAVING);
    let url = departure.url.as_str();
    let mut response = page.show(&LeavingPage {
        page: &page,
        url,
        host: departure.url.host_str().unwrap_or_default(),
    })?;
    if onward == Onward::AtOnce {
        let refresh = HeaderValue::try_from(format!("0;url={url}"))
            .map_err(|_| Fault::internal("a provider's address does not fit into a header"))?;
        response.headers_mut().insert(REFRESH, refresh);
    }
    Ok(response)
}

fn wait(exchange: &Exchange, next: &Next, seconds: i64) -> Result<Response, Fault> {
    let status = StatusCode::TOO_MANY_REQUESTS;
    let notice = Some(wait::words(seconds));
    let response = draw(exchange, next, FormView::empty(), status, notice)?;
    Ok(wait::told(response, Some(seconds)))
}

fn draw(
    exchange: &Exchange,
    next: &Next,
    form: FormView,
    status: StatusCode,
    notice: Option<Text>,
) -> Result<Response, Fault> {
    let page = Page::of_nobody(exchange, keys::SIGN_IN_ORGANISATION);
    let template = OrganisationPage {
        form,
        notice: notice.map(|text| page.say(text)),
        next: next.query(),
        page: &page,
    };
    page.show_as(status, &template)
}
