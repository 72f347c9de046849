//! The digests of the coming days as a look ahead needs them: when somebody's fall, and what each names if everything stays open.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    agenda::{self, Counts, Falls, Open},
    listing,
    model::{Kind, MAX_LINES, Wisher},
    queries::{self, Who},
    ways,
};
use crate::{
    error::Result,
    ids::{ConnectorId, TenantId},
    routes::Routes,
};

/// Somebody's digests.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) person: Uuid,
    pub(crate) kind: Kind,
    /// None is the installation's own mail.
    pub(crate) connector: Option<ConnectorId>,
    /// When they fall, the earliest first.
    pub(crate) falls: Vec<Falls>,
    /// The earliest due date first.
    open: Vec<Open>,
}

impl Reader {
    /// What a digest has to tell at an instant, and what it names.
    pub(crate) fn tells(&self, at: DateTime<Utc>) -> (Counts, HashSet<(Uuid, NaiveDate)>) {
        let mut counts = Counts::default();
        let mut named = HashSet::new();
        for open in &self.open {
            let Some(group) = agenda::group(self.kind, open, at) else {
                continue;
            };
            counts.add(group);
            if named.len() < MAX_LINES {
                named.insert((open.item, open.due_on));
            }
        }
        (counts, named)
    }
}

/// The digests of everybody who wishes one, by some routes.
pub(crate) async fn readers(
    conn: &mut PgConnection,
    tenant: TenantId,
    routes: &Routes,
    now: DateTime<Utc>,
    days: i64,
) -> Result<Vec<Reader>> {
    let wishers = queries::wishers(conn, tenant, Who::Page(Uuid::nil(), i64::MAX)).await?;
    if wishers.is_empty() {
        return Ok(Vec::new());
    }
    let people: Vec<&Wisher> = wishers.iter().collect();
    let kinds = wishers.iter().map(|one| one.wish.kind);
    let until = listing::horizon(now, kinds) + chrono::TimeDelta::days(days);
    let mut open: HashMap<Uuid, Vec<Open>> = HashMap::new();
    listing::pass_by(conn, tenant, routes, &people, until, |person, one| {
        open.entry(person).or_default().push(*one);
    })
    .await?;
    let readers = wishers.iter().map(|one| Reader {
        person: one.person.uuid(),
        kind: one.wish.kind,
        connector: ways::route(&routes.active, one).and_then(|route| route.connector_id),
        falls: agenda::falls_ahead(one, now, days),
        open: open.remove(&one.person.uuid()).unwrap_or_default(),
    });
    Ok(readers.collect())
}
