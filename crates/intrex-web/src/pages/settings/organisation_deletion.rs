//! Deleting the organisation: what would go, its name typed again, a reason; and cancelling that until it happens.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use chrono_tz::Tz;
use intrex_core::{
    Error,
    catalogue::{Text, keys},
    db::ReadTx,
    permission::Permission,
    tenants::{
        self,
        deletion::{self, GRACE, Pending, RawTenantDeletion, When},
    },
};

use super::organisation;
use crate::{
    WebState,
    answer::{Fault, FormView, Page, Place},
    request::{Exchange, Form, Nothing, Reader, guard::see_other},
    routes::{Access, Kind, Route, Routes, Verb},
    words::Words,
};

/// Where it is asked for and cancelled.
pub(crate) const PATH: &str = "/settings/organisation/delete";
/// Where the form that cancels is sent.
const CANCEL: &str = "/settings/organisation/delete/cancel";

pub(super) fn routes(routes: Routes) -> Routes {
    let delete = Access::Needs(Permission::TenantDelete);
    routes
        .add(Route::new(Verb::Get, Kind::Page, PATH, delete).fresh(), ask)
        .add(
            Route::new(Verb::Post, Kind::Page, PATH, delete).fresh(),
            request,
        )
        // The command asks for a fresh factor; the page with the form has asked before.
        .form(CANCEL, delete, cancel)
}

#[derive(Template)]
#[template(path = "settings/organisation_delete.html")]
struct DeletePage<'a> {
    page: &'a Page,
    form: FormView,
    /// The organisation's name.
    tenant: String,
    days: i64,
    /// What would go, a sentence each.
    going: Vec<String>,
    /// That it waits: when it happens, and who asked.
    waiting: Option<(String, String)>,
}

/// `GET /settings/organisation/delete`
async fn ask(exchange: Exchange, Reader(tx): Reader) -> Result<Response, Fault> {
    draw(tx, &exchange, StatusCode::OK, FormView::empty()).await
}

/// `POST /settings/organisation/delete`
async fn request(
    State(web): State<WebState>,
    exchange: Exchange,
    form: Form<RawTenantDeletion>,
) -> Result<Response, Fault> {
    match deletion::request(&web.app, &form.actor, &form.input, When::AfterGrace).await {
        Ok(_) => Ok(see_other(PATH)),
        Err(Error::Invalid(errors)) => {
            let tx = web.app.db.read(&form.actor).await?;
            let view = FormView::typed(form.typed).wrong(&errors, exchange.language());
            draw(tx, &exchange, StatusCode::UNPROCESSABLE_ENTITY, view).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /settings/organisation/delete/cancel`
async fn cancel(State(web): State<WebState>, form: Form<Nothing>) -> Result<Response, Fault> {
    deletion::cancel(&web.app, &form.actor).await?;
    Ok(see_other(organisation::PATH))
}

async fn draw(
    mut tx: ReadTx,
    exchange: &Exchange,
    status: StatusCode,
    form: FormView,
) -> Result<Response, Fault> {
    let outlook = deletion::reads::outlook(&mut tx).await?;
    let tenant = tenants::reads::current(&mut tx).await?;
    let page = Page::of_reader(tx, exchange, Place::Settings, keys::DELETION).await?;
    let zone = tenant.time_zone.parse().unwrap_or(Tz::UTC);
    let say = |key, n: i64| page.say(Text::new(key).with("n", n));
    let waiting = outlook
        .pending
        .as_ref()
        .map(|pending| waiting(&page, pending, outlook.requested_by_name.as_deref(), zone));
    page.show_as(
        status,
        &DeletePage {
            going: vec![
                say(keys::DELETION_BRANCHES, outlook.branches),
                say(keys::DELETION_OBLIGATIONS, outlook.obligations),
                say(keys::DELETION_PEOPLE, outlook.people),
                page.t(keys::DELETION_REST),
            ],
            waiting,
            days: GRACE.num_days(),
            tenant: tenant.name,
            form,
            page: &page,
        },
    )
}

/// When it happens, and who has asked for it.
fn waiting(page: &Page, pending: &Pending, name: Option<&str>, zone: Tz) -> (String, String) {
    let words = Words(page.exchange().language());
    let due = words.moment_in_zone(pending.due_at, zone);
    let asked = words.moment_in_zone(pending.requested_at, zone);
    let by = match name {
        Some(name) => Text::new(keys::DELETION_ASKED).with("name", name),
        None => Text::new(keys::DELETION_ASKED_BY_OPERATOR),
    };
    (
        page.t1(keys::DELETION_WAITS, "when", due),
        page.say(by.with("when", asked)),
    )
}
