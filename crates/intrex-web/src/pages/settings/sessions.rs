//! Where one is signed in: the list, and an end to each.

use askama::Template;
use axum::{extract::State, response::Response};
use chrono_tz::Tz;
use intrex_core::{
    Error,
    catalogue::{Text, keys},
    ids::SessionId,
    permission::Permission,
    sessions::{self, OwnSession},
    tenants,
};

use crate::{
    WebState,
    answer::{Fault, Page, Place},
    request::{Exchange, Form, Nothing, PathId, Reader, guard::see_other},
    routes::{Access, Routes},
    words::Words,
};

const PATH: &str = "/settings/sessions";

pub(super) fn routes(routes: Routes) -> Routes {
    let own = Access::Needs(Permission::SessionsOwn);
    routes
        .page(PATH, own, list)
        .form("/settings/sessions/{id}/revoke", own, revoke)
        .form("/settings/sessions/revoke-others", own, revoke_others)
}

/// One session as the page shows it.
struct Row {
    id: SessionId,
    device: String,
    current: bool,
    address: String,
    began: String,
    last_seen: String,
    last_seen_at: String,
    ends: String,
}

#[derive(Template)]
#[template(path = "settings/sessions.html")]
struct ListPage<'a> {
    page: &'a Page,
    rows: Vec<Row>,
    others: bool,
    lede: String,
}

/// `GET /settings/sessions`
async fn list(
    State(web): State<WebState>,
    exchange: Exchange,
    Reader(mut tx): Reader,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let found = sessions::reads::list(&web.app, &mut tx).await?;
    let tenant = tenants::reads::current(&mut tx).await?;
    let zone: Tz = tenant.time_zone.parse().map_err(Error::internal)?;
    let now = tx.now();
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::SETTINGS_SESSIONS).await?;
    page.show(&ListPage {
        others: found.iter().any(|session| !session.current),
        lede: lede(words, tenant.session_idle_minutes.into()),
        rows: found
            .into_iter()
            .map(|session| Row {
                id: session.id,
                device: device(&page, &session),
                current: session.current,
                began: words.moment_in_zone(session.created_at, zone),
                last_seen: words.ago(session.last_seen_at, now),
                last_seen_at: session.last_seen_at.to_rfc3339(),
                ends: words.moment_in_zone(session.expires_at, zone),
                address: match session.ip.is_empty() {
                    true => page.t(keys::SESSION_ADDRESS_UNKNOWN),
                    false => session.ip,
                },
            })
            .collect(),
        page: &page,
    })
}

/// `POST /settings/sessions/{id}/revoke`
async fn revoke(
    State(web): State<WebState>,
    PathId(id): PathId<SessionId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    sessions::revoke(&web.app, &form.actor, id).await?;
    // One's own: the next page is the one for signing in.
    Ok(see_other(PATH))
}

/// `POST /settings/sessions/revoke-others`
async fn revoke_others(
    State(web): State<WebState>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    sessions::revoke_others(&web.app, &form.actor).await?;
    Ok(see_other(PATH))
}

/// When a session ends that is not used: in hours where they are whole ones.
fn lede(words: Words, minutes: i64) -> String {
    match minutes % 60 {
        0 => words.count(keys::SESSIONS_LEDE_HOURS, minutes / 60),
        _ => words.count(keys::SESSIONS_LEDE_MINUTES, minutes),
    }
}

/// `Firefox on Linux`, as far as it is known.
pub(super) fn device(page: &Page, session: &OwnSession) -> String {
    match (session.browser, session.system) {
        (Some(browser), Some(system)) => {
            let text = Text::new(keys::SESSION_DEVICE);
            page.say(text.with("browser", browser).with("system", system))
        }
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => page.t(keys::SESSION_DEVICE_UNKNOWN),
    }
}
