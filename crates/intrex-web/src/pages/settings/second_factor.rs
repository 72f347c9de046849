//! One's second factor: another authenticator app, and recovery codes. What is shown once is shown in the answer to the form
//! that made it, and by no other page.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use intrex_core::{
    Actor, Error,
    accounts::authenticator::{self, Replaced},
    catalogue::{Text, keys},
    permission::Permission,
    recovery_codes::{self, RecoveryCodes},
    tenants,
};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::super::{
    account::Drawing,
    mfa::groups,
    qr,
    sign_in::{MAX_FORM_BYTES, Next, start},
};
use crate::{
    WebState,
    answer::{Fault, FormView, Page, Place, wait},
    request::{Exchange, Form, Nothing, Query, Reader, guard::see_other},
    routes::{Access, Kind, Route, Routes, Verb},
    words::Words,
};

const PATH: &str = "/settings/second-factor";
const APP: &str = "/settings/second-factor/app";
const CODES: &str = "/settings/second-factor/recovery-codes";

pub(super) fn routes(routes: Routes) -> Routes {
    let own = Access::Needs(Permission::SessionsOwn);
    let fresh = |verb, path| {
        Route::new(verb, Kind::Page, path, own)
            .max_body(MAX_FORM_BYTES)
            .fresh()
    };
    routes
        .page(PATH, own, show)
        .add(fresh(Verb::Get, APP), show_app)
        .add(fresh(Verb::Post, APP), submit_app)
        .add(fresh(Verb::Get, CODES), offer)
        .add(fresh(Verb::Post, CODES), issue)
}

/// The page that offers recovery codes, on the way to another.
pub(in crate::pages) fn offer_recovery_codes(next: &str) -> String {
    let query = Serializer::new(String::new())
        .append_pair("next", next)
        .finish();
    format!("{CODES}?{query}")
}

/// What a page says that was come to from elsewhere.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct After {
    /// A recovery code was used.
    used: Option<String>,
    /// Another app was set up.
    replaced: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawCode {
    code: String,
}

#[derive(Template)]
#[template(path = "settings/second_factor.html")]
struct ShowPage<'a> {
    page: &'a Page,
    since: Option<String>,
    codes: RecoveryCodes,
    made: Option<String>,
    used: Option<String>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "settings/authenticator.html")]
struct AppPage<'a> {
    page: &'a Page,
    form: FormView,
    notice: Option<(&'static str, &'static str, String)>,
    qr: qr::Drawing,
    groups: Vec<String>,
}

#[derive(Template)]
#[template(path = "settings/recovery_codes.html")]
struct OfferPage<'a> {
    page: &'a Page,
    codes: RecoveryCodes,
    replaced: bool,
    next: String,
    later: String,
}

#[derive(Template)]
#[template(path = "settings/recovery_codes_made.html")]
struct MadePage<'a> {
    page: &'a Page,
    codes: Vec<&'a str>,
    me: String,
    next: String,
}

/// `GET /settings/second-factor`
async fn show(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(mut tx): Reader,
    Query(next): Query<Next>,
    Query(after): Query<After>,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let since = authenticator::since(&mut tx).await?;
    let codes = recovery_codes::reads::standing(&web.app, &mut tx).await?;
    let tenant = tenants::reads::current(&mut tx).await?;
    let zone: Tz = tenant.time_zone.parse().map_err(Error::internal)?;
    let title = keys::SETTINGS_SECOND_FACTOR;
    let page = Page::of_reader(tx, &exchange, Place::Settings, title).await?;
    let day = |at: DateTime<Utc>| words.date(at.with_timezone(&zone).date_naive());
    page.show(&ShowPage {
        since: since.map(day),
        made: codes.made_at.map(day),
        used: after
            .used
            .map(|_| words.count(keys::RECOVERY_CODE_USED, codes.left)),
        next: next.next.is_some().then(|| next.destination().to_owned()),
        codes,
        page: &page,
    })
}

/// `GET /settings/second-factor/app`: a secret for another app, shown until a code confirms it.
async fn show_app(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(tx): Reader,
) -> Result<Response, Fault> {
    let actor = tx.actor().clone();
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::AUTHENTICATOR_NEW).await?;
    draw_app(&web, &page, &actor, Drawing::new(StatusCode::OK)).await
}

/// `POST /settings/second-factor/app`: confirms it.
async fn submit_app(
    State(web): State<WebState>,
    exchange: Exchange,
    form: Form<RawCode>,
) -> Result<Response, Fault> {
    let actor = &form.actor;
    let drawing = match authenticator::confirm(&web.app, actor, &form.input.code).await {
        Ok(Replaced::Done(cookie)) => {
            start(&exchange, &cookie);
            return Ok(see_other(&format!("{CODES}?replaced=yes")));
        }
        Ok(Replaced::Wait { retry_after_sec }) => Drawing::wait(retry_after_sec),
        Err(Error::Invalid(errors)) => Drawing {
            form: FormView::empty().wrong(&errors, exchange.language()),
            ..Drawing::new(StatusCode::UNPROCESSABLE_ENTITY)
        },
        Err(error) => return Err(error.into()),
    };
    let page = Page::of_actor(actor, &exchange, Place::Settings, keys::AUTHENTICATOR_NEW);
    draw_app(&web, &page, actor, drawing).await
}

async fn draw_app(
    web: &WebState,
    page: &Page,
    actor: &Actor,
    drawing: Drawing,
) -> Result<Response, Fault> {
    let enrolment = authenticator::begin(&web.app, actor).await?;
    let template = AppPage {
        page,
        form: drawing.form,
        notice: drawing.notice.map(|notice| notice.said(page)),
        qr: qr::draw(enrolment.otpauth_url.expose_secret())?,
        groups: groups(enrolment.secret_base32.expose_secret()),
    };
    let response = page.show_as(drawing.status, &template)?;
    Ok(wait::told(response, drawing.retry_after_sec))
}

/// `GET /settings/second-factor/recovery-codes`
async fn offer(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(mut tx): Reader,
    Query(next): Query<Next>,
    Query(after): Query<After>,
) -> Result<Response, Fault> {
    let codes = recovery_codes::reads::standing(&web.app, &mut tx).await?;
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::RECOVERY_CODES).await?;
    if !codes.allowed && next.next.is_some() {
        // There is nothing to offer on the way.
        return Ok(see_other(next.destination()));
    }
    page.show(&OfferPage {
        page: &page,
        codes,
        replaced: after.replaced.is_some(),
        next: next.query(),
        later: onwards(&next),
    })
}

/// `POST /settings/second-factor/recovery-codes`: shows them here, once.
async fn issue(
    State(web): State<WebState>,
    exchange: Exchange,
    Query(next): Query<Next>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    let issued = recovery_codes::issue(&web.app, &form.actor).await?;
    let page = Page::of_actor(
        &form.actor,
        &exchange,
        Place::Settings,
        keys::RECOVERY_CODES_MADE,
    );
    let me = page.me().map(|me| {
        let text = Text::new(keys::RECOVERY_CODES_OF).with("email", me.email.clone());
        page.say(text.with("count", issued.codes.len()))
    });
    page.show(&MadePage {
        codes: issued
            .codes
            .iter()
            .map(|code| code.expose_secret())
            .collect(),
        me: me.unwrap_or_default(),
        next: onwards(&next),
        page: &page,
    })
}

/// Where somebody goes from here: on their way, or to where they stand.
fn onwards(next: &Next) -> String {
    match next.next {
        Some(_) => next.destination().to_owned(),
        None => PATH.to_owned(),
    }
}
