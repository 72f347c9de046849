//! Whether background work goes on: each kind with its last success and what waits for it in this organisation, and how many
//! messages were given up.

use askama::Template;
use axum::response::Response;
use chrono::{DateTime, Utc};
use intrex_core::{
    catalogue::{Text, keys},
    deliveries,
    health::{self, Standing, Work},
    permission::Permission,
};

use crate::{
    answer::{Fault, Page, Place},
    request::{Exchange, Reader},
    routes::{Access, Routes},
    words::{Tag, Words},
};

pub(crate) const PATH: &str = "/settings/health";

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(PATH, Access::Needs(Permission::HealthRead), show)
}

/// One kind of work as the page shows it.
struct Row {
    name: String,
    means: String,
    standing: Tag,
    succeeded: Tag,
    waiting: String,
    since: String,
}

#[derive(Template)]
#[template(path = "settings/health.html")]
struct HealthPage<'a> {
    page: &'a Page,
    rows: Vec<Row>,
    still: bool,
    /// Messages that were given up.
    dead: i64,
}

/// `GET /settings/health`
async fn show(exchange: Exchange, Reader(mut tx): Reader) -> Result<Response, Fault> {
    let words = Words(exchange.language());
    let work = health::of_organisation(&mut tx).await?;
    let dead = deliveries::reads::dead(&mut tx).await?;
    let now = tx.now();
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::SETTINGS_HEALTH).await?;
    page.show(&HealthPage {
        still: work.iter().any(|work| work.standing != Standing::Working),
        rows: work.iter().map(|work| row(work, now, words)).collect(),
        dead,
        page: &page,
    })
}

fn row(work: &Work, now: DateTime<Utc>, words: Words) -> Row {
    let (kind, icon, key) = match work.standing {
        Standing::Working => ("ok", "check", keys::HEALTH_WORKING),
        Standing::Failing => ("over", "alert", keys::HEALTH_FAILING),
        Standing::Silent => ("over", "alert", keys::HEALTH_SILENT),
    };
    let name = work.worker.replace('.', "-");
    Row {
        name: words.named("worker", &name),
        means: words.named("worker-means", &name),
        standing: Tag {
            kind,
            icon,
            words: words.t(key),
        },
        succeeded: last_success(work, now, words),
        waiting: match work.waiting {
            0 => words.t(keys::TODAY_WAITING_NONE),
            waiting => waiting.to_string(),
        },
        since: work.due_since.map_or_else(String::new, |since| {
            let ago = words.ago(since, now);
            words.say(&Text::new(keys::HEALTH_SINCE).with("ago", ago))
        }),
    }
}

/// When a kind of work last succeeded, red where that is too long ago.
pub(crate) fn last_success(work: &Work, now: DateTime<Utc>, words: Words) -> Tag {
    let succeeded = work.heartbeat.as_ref().and_then(|beat| beat.succeeded_at);
    let (kind, icon) = match work.standing {
        Standing::Working => ("ok", "check"),
        Standing::Failing | Standing::Silent => ("over", "alert"),
    };
    Tag {
        kind,
        icon,
        words: succeeded.map_or_else(
            || words.t(keys::TODAY_WORKER_NEVER),
            |at| words.ago(at, now),
        ),
    }
}
