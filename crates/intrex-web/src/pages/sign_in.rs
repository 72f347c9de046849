//! The first factor, and the people that a demo installation offers. What is answered does not tell whether there is such
//! an account.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use intrex_core::{
    Error,
    catalogue::{Key, Text, keys},
    sessions::{self, SessionCookie, SignIn, Stage, Verification},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::seed::Seeded;
use crate::{
    DemoPerson, WebState,
    answer::{Fault, FormView, Page, page::initials, wait},
    request::{Anonymous, Exchange, Query, cookies, guard::see_other, next},
    routes::{Access, Kind, Route, Routes, Verb},
};

/// The largest form of the sign-in pages, in bytes.
pub(super) const MAX_FORM_BYTES: usize = 16 * 1024;

pub(super) fn routes(routes: Routes) -> Routes {
    let form =
        |path| Route::new(Verb::Post, Kind::Page, path, Access::Public).max_body(MAX_FORM_BYTES);
    routes
        .page("/sign-in", Access::Public, show)
        .add(form("/sign-in"), submit)
        .add(form("/demo/sign-in"), submit_demo)
}

/// Where to go afterwards, as it stands in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Next {
    pub(super) next: Option<String>,
}

impl Next {
    /// The query that carries it on.
    pub(super) fn query(&self) -> String {
        next::query(self.next.as_deref())
    }

    /// The page to go to.
    pub(super) fn destination(&self) -> &str {
        self.next
            .as_deref()
            .and_then(next::checked)
            .unwrap_or(next::HOME)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawSignIn {
    email: String,
    password: SecretField,
}

/// A password as it was typed.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct SecretField(#[serde(deserialize_with = "secret")] pub(super) SecretString);

fn secret<'de, D: serde::Deserializer<'de>>(from: D) -> Result<SecretString, D::Error> {
    String::deserialize(from).map(SecretString::from)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawDemo {
    email: String,
}

#[derive(Template)]
#[template(path = "sign_in/sign_in.html")]
struct SignInPage<'a> {
    page: &'a Page,
    form: FormView,
    notice: Option<String>,
    next: String,
    demo: Vec<DemoTenant>,
}

struct DemoTenant {
    name: String,
    people: Vec<DemoEntry>,
}

struct DemoEntry {
    name: String,
    initials: String,
    email: String,
    about: String,
    code: Option<String>,
}

/// `GET /sign-in`
async fn show(
    State(web): State<WebState>,
    Seeded(exchange): Seeded,
    Query(next): Query<Next>,
) -> Result<Response, Fault> {
    draw(
        &web,
        &exchange,
        &next,
        FormView::empty(),
        StatusCode::OK,
        None,
    )
    .await
}

/// `POST /sign-in`
async fn submit(
    State(web): State<WebState>,
    Seeded(exchange): Seeded,
    Query(next): Query<Next>,
    form: Anonymous<RawSignIn>,
) -> Result<Response, Fault> {
    let raw = match form {
        Anonymous::Fresh(raw) => raw,
        Anonymous::Expired(typed) => {
            let form = FormView::typed(typed);
            let notice = Some(keys::SIGN_IN_EXPIRED.into());
            return draw(&web, &exchange, &next, form, StatusCode::FORBIDDEN, notice).await;
        }
    };
    let outcome =
        sessions::sign_in(&web.app, exchange.origin(), &raw.email, raw.password.0).await?;
    let (status, notice, seconds) = match outcome {
        SignIn::Started(started) => {
            start(&exchange, &started.cookie);
            return Ok(see_other(&on_to(started.stage, &next)));
        }
        SignIn::Refused => (
            StatusCode::UNAUTHORIZED,
            Text::new(keys::SIGN_IN_REFUSED),
            None,
        ),
        SignIn::Wait { retry_after_sec } => (
            StatusCode::TOO_MANY_REQUESTS,
            wait::words(retry_after_sec),
            Some(retry_after_sec),
        ),
    };
    let form = FormView::filled([("email", raw.email)]);
    let response = draw(&web, &exchange, &next, form, status, Some(notice)).await?;
    Ok(wait::told(response, seconds))
}

/// `POST /demo/sign-in`: both factors of a person whom the demo installation offers.
async fn submit_demo(
    State(web): State<WebState>,
    Seeded(exchange): Seeded,
    Query(next): Query<Next>,
    form: Anonymous<RawDemo>,
) -> Result<Response, Fault> {
    let people = web.options().demo.as_deref().ok_or(Fault::NOT_FOUND)?;
    let Anonymous::Fresh(raw) = form else {
        let notice = Some(keys::SIGN_IN_EXPIRED.into());
        return draw(
            &web,
            &exchange,
            &next,
            FormView::empty(),
            StatusCode::FORBIDDEN,
            notice,
        )
        .await;
    };
    let person = people
        .iter()
        .find(|person| person.email == raw.email)
        .ok_or_else(|| Error::invalid("email", keys::ERROR_FIELD_UNKNOWN_REFERENCE))?;
    let app = &web.app;
    let begun = match sessions::sign_in(
        app,
        exchange.origin(),
        &person.email,
        person.password.clone(),
    )
    .await?
    {
        SignIn::Started(started) => started,
        SignIn::Wait { retry_after_sec } => return Err(Fault::TooMany(retry_after_sec)),
        // Disabled, or with another password than the one that was listed.
        SignIn::Refused => {
            let notice = Some(keys::SIGN_IN_REFUSED.into());
            let (form, status) = (FormView::empty(), StatusCode::UNAUTHORIZED);
            return draw(&web, &exchange, &next, form, status, notice).await;
        }
    };
    start(&exchange, &begun.cookie);
    if begun.stage != Stage::MfaVerify {
        return Ok(see_other(&on_to(begun.stage, &next)));
    }
    let session =
        sessions::authenticate(app, begun.cookie.value.expose_secret(), exchange.origin()).await?;
    let sessions::Session::Provisional(provisional) = session else {
        return Err(Fault::internal("a session that has just begun is gone"));
    };
    let code = sessions::demo_code(app, person.tenant, person.person).await?;
    match sessions::verify_code(app, &provisional, &code).await? {
        Verification::Full(cookie) => {
            start(&exchange, &cookie);
            Ok(see_other(next.destination()))
        }
        // Somebody was faster with the same code: the second page has the next one.
        _ => Ok(see_other(&on_to(Stage::MfaVerify, &next))),
    }
}

/// Hands the browser its session; the seed of the anonymous forms is done with.
pub(super) fn start(exchange: &Exchange, cookie: &SessionCookie) {
    exchange.forget_cookies();
    exchange.set_cookie(cookies::set_session(
        cookie.value.expose_secret(),
        cookie.max_age_sec,
    ));
    exchange.set_cookie(cookies::clear_pre());
    if let Some(device) = &cookie.device {
        let value = device.value.expose_secret();
        exchange.set_cookie(cookies::set_device(value, device.max_age_sec));
    }
}

pub(super) fn on_to(stage: Stage, next: &Next) -> String {
    match stage {
        Stage::MfaSetup => format!("/mfa/setup{}", next.query()),
        Stage::MfaVerify => format!("/mfa{}", next.query()),
        Stage::Full => next.destination().to_owned(),
    }
}

async fn draw(
    web: &WebState,
    exchange: &Exchange,
    next: &Next,
    form: FormView,
    status: StatusCode,
    notice: Option<Text>,
) -> Result<Response, Fault> {
    let page = Page::of_nobody(exchange, keys::SIGN_IN);
    let template = SignInPage {
        form,
        notice: notice.map(|text| page.say(text)),
        next: next.query(),
        demo: demo(web, &page).await?,
        page: &page,
    };
    page.show_as(status, &template)
}

/// The people that a demo installation offers, by organisation.
async fn demo(web: &WebState, page: &Page) -> Result<Vec<DemoTenant>, Fault> {
    let mut tenants: Vec<DemoTenant> = Vec::new();
    for person in web.options().demo.iter().flatten() {
        let entry = DemoEntry {
            name: person.name.clone(),
            initials: initials(&person.name),
            email: person.email.clone(),
            about: about(person, page),
            // Nobody's who was deleted, or whose second factor was taken away.
            code: match sessions::demo_code(&web.app, person.tenant, person.person).await {
                Err(Error::NotFound) => None,
                code => Some(code?),
            },
        };
        match tenants
            .iter_mut()
            .find(|tenant| tenant.name == person.tenant_name)
        {
            Some(tenant) => tenant.people.push(entry),
            None => tenants.push(DemoTenant {
                name: person.tenant_name.clone(),
                people: vec![entry],
            }),
        }
    }
    Ok(tenants)
}

fn about(person: &DemoPerson, page: &Page) -> String {
    let role = page.role(person.role);
    if person.branches.is_empty() {
        role
    } else {
        format!("{role} · {}", person.branches.join(", "))
    }
}

/// What a form of a few minutes' life says when its time is over.
pub(super) const EXPIRED: Key = keys::SIGN_IN_EXPIRED;
