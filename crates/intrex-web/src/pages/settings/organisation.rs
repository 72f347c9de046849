//! The organisation itself: its name, the zone of its head office, its usual lead days, how long sessions last, and who may
//! hold recovery codes.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use intrex_core::{
    Error,
    catalogue::{Text, keys},
    channels::EventType,
    permission::{Permission, Role},
    preferences,
    tenants::{self, AdminFactor, NOBODY, RawTenantUpdate, SessionLimits, Tenant},
};

use super::organisation_deletion;
use crate::{
    WebState,
    answer::{Fault, FormView, Page, Place},
    request::{Exchange, Form, Reader, guard::see_other},
    routes::{Access, Kind, Route, Routes, Verb},
    words::Words,
};

/// The details.
pub(super) const PATH: &str = "/settings/organisation";
const ROLES: &str = "recovery_code_roles";
const OPT_OUTS: &str = "opt_outs";
const EDIT: &str = "/settings/organisation/edit";

pub(super) fn routes(routes: Routes) -> Routes {
    let write = Access::Needs(Permission::TenantSettings);
    routes
        .page(PATH, Access::Needs(Permission::TenantRead), show)
        .add(Route::new(Verb::Get, Kind::Page, EDIT, write).fresh(), edit)
        .add(
            Route::new(Verb::Post, Kind::Page, PATH, write).fresh(),
            update,
        )
}

#[derive(Template)]
#[template(path = "settings/organisation.html")]
struct ShowPage<'a> {
    page: &'a Page,
    tenant: Tenant,
    lead_days: String,
    is_aal2: bool,
    recovery_roles: String,
    admin_factor: String,
    opt_outs: String,
}

#[derive(Template)]
#[template(path = "settings/organisation_form.html")]
struct FormPage<'a> {
    page: &'a Page,
    form: FormView,
    presets: Vec<(&'static str, String)>,
    roles: Vec<Tick>,
    nobody: &'static str,
    suspends: Vec<(&'static str, String)>,
    factors: Vec<(&'static str, String)>,
    opt_outs: Vec<Tick>,
}

/// A role, or an event, to tick.
struct Tick {
    name: &'static str,
    words: String,
    chosen: bool,
}

/// `GET /settings/organisation`
async fn show(exchange: Exchange, Reader(mut tx): Reader) -> Result<Response, Fault> {
    let tenant = tenants::reads::current(&mut tx).await?;
    let title = keys::SETTINGS_ORGANISATION;
    let page = Page::of_reader(tx, &exchange, Place::Settings, title).await?;
    page.show(&ShowPage {
        lead_days: days(&tenant.lead_days),
        is_aal2: tenant.session_absolute_hours <= SessionLimits::AAL2.absolute_hours
            && tenant.session_idle_minutes <= SessionLimits::AAL2.idle_minutes,
        recovery_roles: roles(&page, &tenant),
        admin_factor: factor(&page, tenant.admin_second_factor),
        opt_outs: opt_outs(&page, &tenant),
        tenant,
        page: &page,
    })
}

/// `GET /settings/organisation/edit`
async fn edit(exchange: Exchange, Reader(mut tx): Reader) -> Result<Response, Fault> {
    let tenant = tenants::reads::current(&mut tx).await?;
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::ORGANISATION_EDIT).await?;
    let form = FormView::filled([
        ("name", tenant.name),
        ("time_zone", tenant.time_zone),
        ("lead_days", days(&tenant.lead_days)),
        (
            "session_absolute_hours",
            tenant.session_absolute_hours.to_string(),
        ),
        (
            "session_idle_minutes",
            tenant.session_idle_minutes.to_string(),
        ),
        ("dormant_after_days", tenant.dormant_after_days.to_string()),
        (
            "suspend_dormant",
            if tenant.suspend_dormant { "yes" } else { "no" }.to_owned(),
        ),
        (
            "access_review_months",
            tenant.access_review_months.to_string(),
        ),
        (
            "acknowledged_again_days",
            tenant.acknowledged_again_days.to_string(),
        ),
        ("messages_an_hour", tenant.messages_an_hour.to_string()),
        (
            "admin_second_factor",
            tenant.admin_second_factor.as_str().to_owned(),
        ),
    ]);
    let form = form.with(tenant.recovery_code_roles.iter().map(|role| (ROLES, role)));
    let form = form.with(tenant.opt_outs.iter().map(|event| (OPT_OUTS, event)));
    draw(&page, StatusCode::OK, form)
}

/// `POST /settings/organisation`
async fn update(
    State(web): State<WebState>,
    exchange: Exchange,
    form: Form<RawTenantUpdate>,
) -> Result<Response, Fault> {
    match tenants::update(&web.app, &form.actor, &form.input, None).await {
        Ok(_) => Ok(see_other(PATH)),
        Err(Error::Invalid(errors)) => {
            let title = keys::ORGANISATION_EDIT;
            let page = Page::of_actor(&form.actor, &exchange, Place::Settings, title);
            let view = FormView::typed(form.typed).wrong(&errors, exchange.language());
            draw(&page, StatusCode::UNPROCESSABLE_ENTITY, view)
        }
        Err(error) => Err(error.into()),
    }
}

fn draw(page: &Page, status: StatusCode, form: FormView) -> Result<Response, Fault> {
    let preset = |key, limits: SessionLimits| {
        let text = Text::new(key).with("hours", i64::from(limits.absolute_hours));
        page.say(text.with("minutes", i64::from(limits.idle_minutes)))
    };
    let presets = vec![
        ("", page.t(keys::ORGANISATION_LIMITS_AS_TYPED)),
        (
            "aal2",
            preset(keys::ORGANISATION_LIMITS_AAL2, SessionLimits::AAL2),
        ),
        (
            "longest",
            preset(keys::ORGANISATION_LIMITS_LONGEST, SessionLimits::LONGEST),
        ),
    ];
    let roles = Role::ALL.map(|role| Tick {
        name: role.as_str(),
        words: page.role(role),
        chosen: form.chosen(ROLES, role.as_str()),
    });
    let events = EventType::routed().filter(|event| preferences::can_be_let(*event));
    let events = events.map(|event| Tick {
        name: event.as_str(),
        words: super::notification_routes::event(event, Words(page.exchange().language())),
        chosen: form.chosen(OPT_OUTS, event.as_str()),
    });
    let opt_outs = events.collect();
    let factors = [AdminFactor::Any, AdminFactor::Passkey]
        .map(|choice| (choice.as_str(), factor(page, choice)))
        .to_vec();
    page.show_as(
        status,
        &FormPage {
            page,
            form,
            presets,
            roles: roles.into(),
            nobody: NOBODY,
            suspends: vec![
                ("no", page.t(keys::ORGANISATION_DORMANT_STAY)),
                ("yes", page.t(keys::ORGANISATION_DORMANT_SUSPENDED)),
            ],
            factors,
            opt_outs,
        },
    )
}

/// The roles that may hold recovery codes, in words.
fn roles(page: &Page, tenant: &Tenant) -> String {
    let words: Vec<String> = Role::ALL
        .into_iter()
        .filter(|role| {
            let allowed = &tenant.recovery_code_roles;
            allowed.iter().any(|name| name == role.as_str())
        })
        .map(|role| page.role(role))
        .collect();
    match words.is_empty() {
        true => page.t(keys::ORGANISATION_RECOVERY_NOBODY),
        false => words.join(", "),
    }
}

/// What people may opt out of, in words.
fn opt_outs(page: &Page, tenant: &Tenant) -> String {
    let words = Words(page.exchange().language());
    let events = tenant
        .opt_outs
        .iter()
        .filter_map(|name| EventType::parse(name));
    let events: Vec<String> = events
        .map(|event| super::notification_routes::event(event, words))
        .collect();
    match events.is_empty() {
        true => page.t(keys::ORGANISATION_OPT_OUTS_NOTHING),
        false => events.join(", "),
    }
}

fn factor(page: &Page, factor: AdminFactor) -> String {
    page.t(match factor {
        AdminFactor::Any => keys::ORGANISATION_ADMIN_FACTOR_ANY,
        AdminFactor::Passkey => keys::ORGANISATION_ADMIN_FACTOR_PASSKEY,
    })
}

fn days(days: &[i16]) -> String {
    let days: Vec<String> = days.iter().map(ToString::to_string).collect();
    days.join(", ")
}
