//! Which reminders come in a digest and not singly. It is no promise but a fact: the last digest has named the obligation with its
//! date, or the next one comes before that date has passed and will. Everything else is told singly, so that nobody who
//! wishes fewer mails hears of something too late.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    agenda::{self, Group, Open},
    model::{Kind, Wisher},
    queries::{self, Who},
    ways,
};
use crate::{error::Result, ids::TenantId, routes};

/// The digest of somebody who wishes it in the place of single reminders.
#[derive(Debug, Clone)]
pub(crate) struct Instead {
    kind: Kind,
    zone: Tz,
    last_on: Option<NaiveDate>,
    /// What the last one names, with the day on which it is due.
    named: HashSet<(Uuid, NaiveDate)>,
}

impl Instead {
    /// As if a digest had named this, on a day.
    pub(crate) fn had(&mut self, on: NaiveDate, named: HashSet<(Uuid, NaiveDate)>) {
        self.last_on = Some(on);
        self.named = named;
    }

    /// Whether a digest tells of this, and in time.
    pub(crate) fn tells_of(&self, open: &Open, now: DateTime<Utc>) -> bool {
        let latest = agenda::latest(self.kind, self.zone, now).on;
        let is_current = self.last_on.is_some_and(|last| last >= latest);
        if is_current && self.named.contains(&(open.item, open.due_on)) {
            return true;
        }
        let next = agenda::next(self.kind, self.zone, now);
        // Who moved to a zone of an earlier day has had that day's.
        let comes = self.last_on.is_none_or(|last| last < next.on);
        let group = agenda::group(self.kind, open, next.at);
        comes && matches!(group, Some(Group::Today | Group::Coming))
    }
}

/// Those of some people who wish a digest in the place of single reminders, and whose digest has a way to go.
pub(crate) async fn of(
    conn: &mut PgConnection,
    tenant: TenantId,
    people: &[Uuid],
    own_mail: bool,
) -> Result<HashMap<Uuid, Instead>> {
    let mut wishers = queries::wishers(conn, tenant, Who::Of(people)).await?;
    wishers.retain(|one| one.wish.instead);
    if wishers.is_empty() {
        return Ok(HashMap::new());
    }
    if !own_mail {
        let routes = routes::routes(conn, tenant).await?.active;
        let by = |one: &Wisher| ways::route(&routes, one).and_then(|route| route.connector_id);
        wishers.retain(|one| by(one).is_some());
    }
    let ids: Vec<Uuid> = wishers.iter().map(|one| one.person.uuid()).collect();
    let last = queries::last(conn, tenant, &ids).await?;
    let mut named: HashMap<Uuid, HashSet<(Uuid, NaiveDate)>> = last
        .into_iter()
        .map(|row| (row.person, row.items.into_iter().zip(row.due_on).collect()))
        .collect();
    let instead = wishers.into_iter().map(|one| {
        let id = one.person.uuid();
        let instead = Instead {
            kind: one.wish.kind,
            zone: one.zone,
            last_on: one.last_on,
            named: named.remove(&id).unwrap_or_default(),
        };
        (id, instead)
    });
    Ok(instead.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn open(due_on: &str) -> Open {
        Open {
            item: Uuid::from_u128(1),
            due_on: day(due_on),
            zone: Tz::Asia__Dhaka,
            from: None,
        }
    }

    fn instead(kind: Kind, last_on: Option<&str>, named: &[&str]) -> Instead {
        let item = Uuid::from_u128(1);
        Instead {
            kind,
            zone: Tz::Asia__Dhaka,
            last_on: last_on.map(day),
            named: named.iter().map(|due_on| (item, day(due_on))).collect(),
        }
    }

    /// At nine in Dhaka, when single reminders go out, on Wednesday the 25th of November.
    fn tells(digest: &Instead, due_on: &str) -> bool {
        let now = "2026-11-25T03:00:00Z".parse().expect("an instant");
        digest.tells_of(&open(due_on), now)
    }

    #[test]
    fn what_the_next_digest_names_in_time_is_told_by_it() {
        let daily = instead(Kind::Daily, Some("2026-11-25"), &[]);
        assert!(!tells(&daily, "2026-11-25"), "the next one is too late");
        assert!(tells(&daily, "2026-11-26"));
        assert!(tells(&daily, "2026-12-03"));
        assert!(!tells(&daily, "2026-12-04"), "it does not look that far");
        let weekly = instead(Kind::Weekly, Some("2026-11-23"), &[]);
        assert!(!tells(&weekly, "2026-11-29"));
        assert!(tells(&weekly, "2026-11-30"));
        assert!(tells(&weekly, "2026-12-30"));
        assert!(!tells(&weekly, "2026-12-31"));
    }

    #[test]
    fn what_the_last_digest_has_named_was_told_by_it() {
        let due = ["2026-11-25", "2026-11-27"];
        let daily = |last| instead(Kind::Daily, Some(last), &due);
        assert!(tells(&daily("2026-11-25"), "2026-11-25"));
        assert!(
            !tells(&daily("2026-11-24"), "2026-11-25"),
            "one was left out"
        );
        let weekly = |last| instead(Kind::Weekly, Some(last), &due);
        assert!(tells(&weekly("2026-11-23"), "2026-11-27"));
        assert!(!tells(&weekly("2026-11-16"), "2026-11-27"));
        // It was moved since.
        assert!(!tells(&weekly("2026-11-23"), "2026-11-26"));
        assert!(!tells(&instead(Kind::Weekly, None, &[]), "2026-11-27"));
    }
}
