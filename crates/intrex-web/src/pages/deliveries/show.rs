//! One delivery, with its attempts as they followed each other.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use chrono_tz::Tz;
use intrex_core::{
    Error,
    catalogue::keys,
    db::ReadTx,
    deliveries::{self, Delivery, DeliveryAttempt, State as How},
    ids::DeliveryId,
    permission::Permission,
    tenants,
};

use super::{PATH, about, reason, recipient, state_tag, way};
use crate::{
    WebState,
    answer::{Fault, Page, Place},
    request::{Exchange, Form, Nothing, PathId, Reader, guard::see_other},
    words::{Tag, Words},
};

/// An attempt as the page shows it.
struct Attempt {
    n: i32,
    icon: &'static str,
    outcome: Tag,
    code: Option<i16>,
    when: String,
    instant: String,
    took_ms: i64,
    answer: Option<String>,
    failed: Option<String>,
}

#[derive(Template)]
#[template(path = "deliveries/show.html")]
struct ShowPage<'a> {
    page: &'a Page,
    id: DeliveryId,
    about: String,
    event_words: String,
    event_type: String,
    to: String,
    way: String,
    state: Tag,
    why: Option<String>,
    made: String,
    settled: Option<String>,
    next: Option<String>,
    receipt: Option<String>,
    links: Vec<(String, String)>,
    attempts: Vec<Attempt>,
    can_retry: bool,
    notice: Option<String>,
}

/// `GET /messages/deliveries/{id}`
pub(super) async fn show(
    exchange: Exchange,
    Reader(tx): Reader,
    PathId(id): PathId<DeliveryId>,
) -> Result<Response, Fault> {
    draw(tx, &exchange, id, StatusCode::OK, None).await
}

/// `POST /messages/deliveries/{id}/retry`
pub(super) async fn retry(
    State(web): State<WebState>,
    exchange: Exchange,
    PathId(id): PathId<DeliveryId>,
    form: Form<Nothing>,
) -> Result<Response, Fault> {
    match deliveries::retry(&web.app, &form.actor, id).await {
        Ok(_) => Ok(see_other(&format!("{PATH}/{id}"))),
        Err(Error::Conflict(conflict)) => {
            let tx = web.app.db.read(&form.actor).await?;
            let notice = conflict.text().to(exchange.language());
            draw(tx, &exchange, id, StatusCode::CONFLICT, Some(notice)).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn draw(
    mut tx: ReadTx,
    exchange: &Exchange,
    id: DeliveryId,
    status: StatusCode,
    notice: Option<String>,
) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let Delivery {
        summary,
        receipt,
        told,
        tries,
    } = deliveries::reads::get(&mut tx, id).await?;
    let tenant = tenants::reads::current(&mut tx).await?;
    let zone: Tz = tenant.time_zone.parse().map_err(Error::internal)?;
    let page = Page::of_reader(tx, exchange, Place::Messages, keys::DELIVERY_TITLE).await?;
    let links = told.into_iter().map(|notice| {
        let title = notice.entity.more.get("title");
        let title = title.and_then(|title| title.as_str()).unwrap_or_default();
        let obligation = notice.entity.kind == "obligation";
        let href = obligation.then(|| format!("/obligations/{}", notice.entity.id));
        (href.unwrap_or_default(), title.to_owned())
    });
    page.show_as(
        status,
        &ShowPage {
            about: about(&summary, words),
            to: recipient(&summary, words),
            way: way(&summary, words),
            state: state_tag(summary.state, words),
            why: reason(&summary, words),
            made: words.moment(summary.created_at, zone),
            settled: summary.settled_at.map(|at| words.moment(at, zone)),
            next: summary.next_attempt_at.map(|at| words.moment(at, zone)),
            can_retry: summary.state == How::Dead,
            event_words: words.named("event", &summary.event_type.replace('.', "-")),
            event_type: summary.event_type,
            links: links.collect(),
            attempts: tries
                .into_iter()
                .map(|attempt| shown(attempt, zone, words))
                .collect(),
            receipt,
            notice,
            id,
            page: &page,
        },
    )
}

fn shown(attempt: DeliveryAttempt, zone: Tz, words: Words) -> Attempt {
    let (kind, icon) = match attempt.class {
        None => ("ok", "check"),
        Some(_) => ("over", "alert"),
    };
    let failed = attempt.stages.as_array().and_then(|stages| {
        let stage = stages.iter().find(|stage| stage["state"] == "failed")?;
        let name = stage["stage"].as_str()?;
        Some(match stage["detail"].as_str() {
            Some(detail) => format!("{name}: {detail}"),
            None => name.to_owned(),
        })
    });
    Attempt {
        n: attempt.n,
        icon,
        outcome: Tag {
            kind,
            icon,
            words: match attempt.class {
                None => words.t(keys::DELIVERY_ATTEMPT_OK),
                Some(class) => class,
            },
        },
        code: attempt.code,
        when: words.moment_with_seconds(attempt.at, zone),
        instant: attempt.at.to_rfc3339(),
        took_ms: i64::from(attempt.took_ms),
        answer: attempt.answer.filter(|answer| !answer.is_empty()),
        failed,
    }
}
