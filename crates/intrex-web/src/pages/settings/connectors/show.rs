//! One connector: what it is told, how it does, and what was seen when somebody looked whether it works.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use intrex_core::{
    Actor, Error,
    catalogue::{Key, Text, keys},
    channels::StageState,
    connectors::{self, Connector, ConnectorType, DisabledReason, Examination, Health, Status},
    ids::ConnectorId,
    permission::Permission,
};

use super::{icon, status_tag, type_words};
use crate::{
    WebState,
    answer::{Fault, Page, Place},
    request::{Exchange, Form, Nothing, PathId, Reader, guard::see_other},
    words::Words,
};

/// A stage as the page shows it.
struct StageRow {
    /// Kind, icon and words of what became of it.
    state: (&'static str, &'static str, String),
    name: String,
    detail: Option<String>,
    ms: i64,
}

/// A secret as the page shows it.
struct SecretRow {
    name: String,
    set: String,
    next: Option<String>,
}

/// What was seen.
struct Seen {
    ok: bool,
    stages: Vec<StageRow>,
}

#[derive(Template)]
#[template(path = "settings/connectors/show.html")]
struct ShowPage<'a> {
    page: &'a Page,
    connector: Connector,
    icon: &'static str,
    kind: String,
    leads_to: String,
    status: (&'static str, &'static str, String),
    secrets: Vec<SecretRow>,
    verified: String,
    worked: String,
    failed: Option<(String, String)>,
    /// Since when it fails, until when it is left alone, why it is disabled.
    standing: Vec<(String, String)>,
    seen: Option<Seen>,
    notice: Option<String>,
}

impl ShowPage<'_> {
    /// Whether another signing secret stands beside the present one.
    fn waits_for_promotion(&self) -> bool {
        self.secrets.iter().any(|secret| secret.next.is_some())
    }
}

/// `GET /settings/connectors/{id}`
pub(super) async fn show(
    exchange: Exchange,
    Reader(mut tx): Reader,
    PathId(id): PathId<ConnectorId>,
) -> Result<Response, Fault> {
    let connector = connectors::reads::get(&mut tx, id).await?;
    let now = tx.now();
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::CONNECTOR_DETAILS).await?;
    draw(&page, connector, now, StatusCode::OK, None, None)
}

/// `POST /settings/connectors/{id}/verify`
pub(super) async fn verify(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<ConnectorId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    let done = connectors::verify(&web.app, &form.actor, id).await;
    looked(&web, &exchange, &form.actor, id, done).await
}

/// `POST /settings/connectors/{id}/test`
pub(super) async fn test(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<ConnectorId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    let done = connectors::test(&web.app, &form.actor, id).await;
    looked(&web, &exchange, &form.actor, id, done).await
}

/// `POST /settings/connectors/{id}/disable`
pub(super) async fn disable(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<ConnectorId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    let done = connectors::disable(&web.app, &form.actor, id).await;
    afterwards(&web, &exchange, &form.actor, id, done).await
}

/// `POST /settings/connectors/{id}/enable`
pub(super) async fn enable(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<ConnectorId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    let done = connectors::enable(&web.app, &form.actor, id).await;
    afterwards(&web, &exchange, &form.actor, id, done).await
}

/// `POST /settings/connectors/{id}/promote`
pub(super) async fn promote(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<ConnectorId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    let done = connectors::promote(&web.app, &form.actor, id).await;
    afterwards(&web, &exchange, &form.actor, id, done).await
}

/// What was seen; or why nobody looked.
async fn looked(
    web: &WebState,
    exchange: &Exchange,
    actor: &Actor,
    id: ConnectorId,
    done: intrex_core::Result<Examination>,
) -> Result<Response, Fault> {
    let (status, notice) = match done {
        Ok(Examination::Done(seen)) => {
            let title = keys::CONNECTOR_DETAILS;
            let page = Page::of_actor(actor, exchange, Place::Settings, title);
            let rows = seen.stages.into_iter().map(|stage| StageRow {
                state: state_tag(&page, stage.state),
                name: Key::find(&format!("stage-{}", stage.stage))
                    .map_or_else(|| stage.stage.to_owned(), |key| page.t(key)),
                detail: stage.detail,
                ms: i64::try_from(stage.ms).unwrap_or(i64::MAX),
            });
            let shown = Seen {
                ok: seen.ok,
                stages: rows.collect(),
            };
            let now = web.app.now();
            return draw(
                &page,
                seen.connector,
                now,
                StatusCode::OK,
                Some(shown),
                None,
            );
        }
        Ok(Examination::TooSoon { retry_after_sec }) => (
            StatusCode::TOO_MANY_REQUESTS,
            Text::new(keys::CONNECTOR_TOO_SOON).with("seconds", retry_after_sec),
        ),
        Err(Error::Conflict(conflict)) => (StatusCode::CONFLICT, conflict.text()),
        Err(error) => return Err(error.into()),
    };
    with_notice(web, exchange, actor, id, status, notice).await
}

/// Back to the connector; with the reason above it, where what was asked for cannot be.
async fn afterwards(
    web: &WebState,
    exchange: &Exchange,
    actor: &Actor,
    id: ConnectorId,
    done: intrex_core::Result<Connector>,
) -> Result<Response, Fault> {
    match done {
        Ok(_) => Ok(see_other(&format!("{}/{id}", super::PATH))),
        Err(Error::Conflict(conflict)) => {
            let notice = conflict.text();
            with_notice(web, exchange, actor, id, StatusCode::CONFLICT, notice).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn with_notice(
    web: &WebState,
    exchange: &Exchange,
    actor: &Actor,
    id: ConnectorId,
    status: StatusCode,
    notice: Text,
) -> Result<Response, Fault> {
    let mut tx = web.app.db.read(actor).await?;
    let connector = connectors::reads::get(&mut tx, id).await?;
    let page = Page::of_reader(tx, exchange, Place::Settings, keys::CONNECTOR_DETAILS).await?;
    let notice = Some(page.say(notice));
    draw(&page, connector, web.app.now(), status, None, notice)
}

fn state_tag(page: &Page, state: StageState) -> (&'static str, &'static str, String) {
    let (kind, icon, key) = match state {
        StageState::Ok => ("ok", "check", keys::CONNECTOR_STAGE_OK),
        StageState::Failed => ("over", "alert", keys::CONNECTOR_STAGE_FAILED),
        StageState::Skipped => ("mute", "more", keys::CONNECTOR_STAGE_SKIPPED),
    };
    (kind, icon, page.t(key))
}

fn draw(
    page: &Page,
    connector: Connector,
    now: DateTime<Utc>,
    status: StatusCode,
    seen: Option<Seen>,
    notice: Option<String>,
) -> Result<Response, Fault> {
    let words = Words(page.exchange().language());
    let date = |at: DateTime<Utc>| words.date(at.date_naive());
    let ago = |at: Option<DateTime<Utc>>| match at {
        Some(at) => words.ago(at, now),
        None => page.t(keys::CONNECTOR_NEVER),
    };
    let secrets = connector.secrets.iter().map(|(name, secret)| SecretRow {
        name: page.label(&format!("secrets.{name}")),
        set: page.t1(
            keys::CONNECTOR_SECRET_SET,
            "date",
            date(secret.set_at).as_str(),
        ),
        next: secret
            .next_set_at
            .map(|at| page.t1(keys::CONNECTOR_SECRET_NEXT, "date", date(at).as_str())),
    });
    let (kind, icon_name, key) = status_tag(connector.status);
    let health = &connector.health;
    let template = ShowPage {
        icon: icon(connector.kind),
        kind: page.t(type_words(connector.kind)),
        leads_to: connector.config.leads_to(),
        status: (kind, icon_name, page.t(key)),
        secrets: secrets.collect(),
        verified: ago(connector.last_verified_at),
        worked: ago(health.last_success_at),
        failed: health.last_failure_at.map(|at| {
            let why = health.last_error.clone().unwrap_or_default();
            (words.ago(at, now), why)
        }),
        standing: standing(page, health, now),
        connector,
        seen,
        notice,
        page,
    };
    page.show_as(status, &template)
}

/// What whoever sends by it has counted.
fn standing(page: &Page, health: &Health, now: DateTime<Utc>) -> Vec<(String, String)> {
    let words = Words(page.exchange().language());
    let mut standing = Vec::new();
    if let Some(since) = health.failing_since {
        let ago = words.ago(since, now);
        let many = Text::new(keys::CONNECTOR_FAILURES)
            .with("n", i64::from(health.failures))
            .with("ago", ago.as_str());
        standing.push((page.t(keys::CONNECTOR_FAILING_SINCE), page.say(many)));
    }
    if let Some(until) = health.parked_until.filter(|until| *until > now) {
        let minutes = (until - now).num_minutes() + 1;
        let words = page.t1(keys::CONNECTOR_PARKED_FOR, "minutes", minutes);
        standing.push((page.t(keys::CONNECTOR_PARKED), words));
    }
    if let Some(reason) = health.disabled_reason {
        let key = match reason {
            DisabledReason::ByHand => keys::CONNECTOR_DISABLED_BY_HAND,
            DisabledReason::Gone => keys::CONNECTOR_DISABLED_GONE,
            DisabledReason::Failing => keys::CONNECTOR_DISABLED_FAILING,
        };
        standing.push((page.t(keys::CONNECTOR_DISABLED_WHY), page.t(key)));
    }
    standing
}
