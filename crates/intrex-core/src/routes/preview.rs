//! What a route would have been for in the last thirty days: reminders as the ledger has them, what happened to items and
//! connectors as the audit log has it, and security events. Nothing is written, and nothing sealed is opened. What is not
//! recorded where it can be counted is said to be not known.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    RawRoute, commands,
    input::Facts,
    model::{Happening, is_for},
    queries::matching,
};
use crate::{
    Actor, App,
    channels::EventType,
    error::Result,
    ids::{BranchId, ObligationId},
    obligations::model::Severity,
    permission::Permission,
};

/// How far back is looked, in days.
const DAYS: u16 = 30;
/// How many are shown.
pub(super) const SHOWN: i64 = 20;

/// What a route would have been for.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = RoutePreview)]
pub struct Preview {
    /// How far back was looked, in days.
    pub days: u16,
    /// How many events it would have matched.
    pub total: i64,
    /// The latest twenty of them.
    pub first: Vec<Match>,
    /// Events of the route that are not recorded where they could be counted.
    pub not_known: Vec<EventType>,
}

/// One event that would have matched.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = RouteMatch)]
pub struct Match {
    /// When it happened, or was told.
    pub at: DateTime<Utc>,
    /// What it was.
    pub event_type: EventType,
    /// How severe the item is today, or the security event; null if nobody can say.
    pub severity: Option<Severity>,
    /// Where.
    pub branch_id: Option<BranchId>,
    /// The item, if it is about one.
    pub obligation_id: Option<ObligationId>,
    /// What that is called.
    pub title: Option<String>,
}

/// Looks back with a route that is not there yet, or not so.
pub async fn preview(app: &App, actor: &Actor, raw: &RawRoute) -> Result<Preview> {
    actor.may(Permission::RoutesManage)?;
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let now = tx.now();
    let facts = commands::checked(tx.conn(), tenant, raw, None).await?;
    let since = now
        .checked_sub_signed(TimeDelta::days(i64::from(DAYS)))
        .unwrap_or(now);
    let asked = matching::Asked::of(&facts, since);
    let mut total = 0;
    let mut first = Vec::new();
    for found in [
        matching::reminders(tx.conn(), tenant, &asked).await?,
        matching::recorded(tx.conn(), tenant, &asked).await?,
        matching::security_events(tx.conn(), tenant, &asked).await?,
    ] {
        total += found.total;
        first.extend(found.latest);
    }
    tx.commit_unaudited("looking back writes nothing").await?;
    first.sort_by_key(|one| std::cmp::Reverse(one.at));
    first.truncate(usize::try_from(SHOWN).unwrap_or(usize::MAX));
    debug_assert!(first.iter().all(|one| of_route(&facts, one)));
    Ok(Preview {
        days: DAYS,
        total,
        first,
        not_known: facts
            .event_types
            .into_iter()
            .filter(|one| not_known(*one))
            .collect(),
    })
}

/// Whether the one rule of routes says the same as the statements that count.
fn of_route(facts: &Facts, one: &Match) -> bool {
    let happening = Happening {
        event_type: one.event_type,
        severity: one.severity,
        branch: one.branch_id,
    };
    is_for(
        &facts.event_types,
        facts.min_severity,
        facts.branch_id,
        &happening,
    )
}

/// What leaves no record that could be counted: a digest is made of other messages.
const fn not_known(event_type: EventType) -> bool {
    matches!(event_type, EventType::Digest)
}
