//! What comes: for whoever runs the installation, and for a simulation of the coming weeks. Nothing is sent and nothing is kept.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    agenda::{Calendar, Counts, MAX_DAYS},
    listing,
    model::{Kind, Wish, Wisher},
    queries::{self, Who},
};
use crate::{
    db::ReadTx,
    error::Result,
    ids::{PersonId, TenantId},
    permission::Permission,
    routes,
};

/// People whose digests one look names at most.
const MAX_PEOPLE: i64 = 1_000;

/// A digest that comes, unless something is done until then.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComingView {
    /// Who gets it.
    pub person_id: PersonId,
    /// Their name.
    pub person_name: String,
    /// `daily` or `weekly`.
    pub kind: Kind,
    /// The day, in their zone.
    pub falls_on: NaiveDate,
    /// The instant.
    pub at: DateTime<Utc>,
    /// By which clock.
    pub time_zone: String,
    /// Whether single reminders are left out for it, as far as the organisation lets that.
    pub instead: bool,
    /// What is in it.
    #[serde(flatten)]
    pub counts: Counts,
}

/// Who wishes a digest and can sign in; the first [`MAX_PEOPLE`].
pub async fn wishers(tx: &mut ReadTx) -> Result<Vec<Wisher>> {
    tx.may(Permission::RoutesRead)?;
    let tenant = tx.actor().tenant();
    queries::wishers(tx.conn(), tenant, Who::Page(Uuid::nil(), MAX_PEOPLE)).await
}

/// The digests of the coming days, the earliest first, if everything stays open that is.
pub async fn coming(tx: &mut ReadTx, days: i64) -> Result<Vec<ComingView>> {
    let wishers = wishers(tx).await?;
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let days = days.clamp(0, MAX_DAYS);
    let mut calendars: HashMap<Uuid, Calendar> = wishers
        .iter()
        .map(|one| (one.person.uuid(), Calendar::new(one, now, days)))
        .collect();
    let people: Vec<&Wisher> = wishers.iter().collect();
    let kinds = wishers.iter().map(|one| one.wish.kind);
    let until = listing::horizon(now, kinds) + chrono::TimeDelta::days(days);
    let routes = routes::routes(tx.conn(), tenant).await?;
    listing::pass_by(
        tx.conn(),
        tenant,
        &routes,
        &people,
        until,
        |person, open| {
            if let Some(calendar) = calendars.get_mut(&person) {
                calendar.add(open, None);
            }
        },
    )
    .await?;
    let ids: Vec<Uuid> = calendars.keys().copied().collect();
    let mut names = queries::names(tx.conn(), tenant, &ids).await?;
    let mut coming = Vec::new();
    for one in wishers {
        let id = one.person.uuid();
        let name = names.remove(&id).unwrap_or_default();
        let calendar = calendars.remove(&id).into_iter();
        coming.extend(calendar.flat_map(Calendar::coming).map(|falls| ComingView {
            person_id: one.person,
            person_name: name.clone(),
            kind: falls.kind,
            falls_on: falls.falls.on,
            at: falls.falls.at,
            time_zone: one.zone.name().to_owned(),
            instead: one.wish.instead,
            counts: falls.counts,
        }));
    }
    coming.sort_by_key(|one| (one.at, one.person_id));
    Ok(coming)
}

/// What somebody wishes, if they wish any.
pub(crate) async fn wish_of(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
) -> Result<Option<Wish>> {
    queries::wish_of(conn, tenant, person).await
}

/// By which clock somebody lives.
pub(crate) async fn zone_of(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
) -> Result<Tz> {
    queries::zone_of_person(conn, tenant, person).await
}
