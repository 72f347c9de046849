//! The signs of life of background work. Each loop says after its rounds that it is there, and whether the round went well:
//! work that is begun again and again and never succeeds is as dead as work that has stopped.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use crate::{app::App, db::Db, error::Result};

/// The longest that a loop which is well takes from one sign of life to the next: a round of the slowest, which waits for a mail
/// server, ends within it.
pub const INTERVAL: TimeDelta = TimeDelta::seconds(60);
/// Work that has not succeeded for two intervals stands still, and admins are told on every page.
pub const STILL_AFTER: TimeDelta = TimeDelta::seconds(120);
/// Kinds of background work that are read at most. There are a handful.
const MAX_HEARTBEATS: i64 = 100;

/// When a kind of background work last said that it is alive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Heartbeat {
    /// Which.
    pub worker: String,
    /// When it last ended a round, well or not.
    pub beat_at: DateTime<Utc>,
    /// When it last ended one well; null if it never has.
    pub succeeded_at: Option<DateTime<Utc>>,
    /// Since when every round has failed; null while they go well.
    pub failing_since: Option<DateTime<Utc>>,
}

/// How a kind of background work stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It has succeeded lately.
    Working,
    /// It is there, and has not succeeded lately.
    Failing,
    /// It has not been heard of lately.
    Silent,
}

impl Heartbeat {
    /// How it stands at an instant.
    pub fn standing(&self, now: DateTime<Utc>) -> Standing {
        let lately = now - STILL_AFTER;
        if self.beat_at < lately {
            Standing::Silent
        } else if self.succeeded_at.is_none_or(|at| at < lately) {
            Standing::Failing
        } else {
            Standing::Working
        }
    }
}

/// How a round ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Round {
    /// As it should.
    Well,
    /// With an error, which the log tells.
    Failed,
}

/// The last sign of life of every kind of background work.
pub async fn all(app: &App) -> Result<Vec<Heartbeat>> {
    let mut tx = app.db.system().await?;
    // Whoever judges them by the clock of this process judges by the one that they were written by.
    tx.now().await?;
    let beats = read(tx.conn()).await?;
    tx.commit().await?;
    Ok(beats)
}

/// The same in a transaction that is there. They are the installation's and no tenant's.
pub(crate) async fn read(conn: &mut PgConnection) -> Result<Vec<Heartbeat>> {
    Ok(sqlx::query_as!(
        Heartbeat,
        "select worker, beat_at, succeeded_at, failing_since from app.heartbeats order by worker limit $1",
        MAX_HEARTBEATS,
    )
    .fetch_all(conn)
    .await?)
}

/// Says that a kind of background work has ended a round.
pub(crate) async fn beat(db: &Db, worker: &'static str, round: Round) -> Result<()> {
    let mut tx = db.system().await?;
    let now = tx.now().await?;
    sqlx::query!(
        "insert into app.heartbeats (worker, beat_at, succeeded_at, failing_since)
         values ($1, $2, case when $3 then $2::timestamptz end, case when not $3 then $2::timestamptz end)
         on conflict (worker) do update
           set beat_at = excluded.beat_at, succeeded_at = coalesce(excluded.succeeded_at, heartbeats.succeeded_at),
               failing_since = case when not $3 then coalesce(heartbeats.failing_since, excluded.failing_since) end",
        worker,
        now,
        round == Round::Well,
    )
    .execute(tx.conn())
    .await?;
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_never_succeeds_is_not_working() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        let beat = |beat_at: i64, succeeded_at: Option<i64>| Heartbeat {
            worker: "jobs".to_owned(),
            beat_at: now - TimeDelta::seconds(beat_at),
            succeeded_at: succeeded_at.map(|ago| now - TimeDelta::seconds(ago)),
            failing_since: None,
        };
        for (beat, standing) in [
            (beat(0, Some(0)), Standing::Working),
            (beat(120, Some(120)), Standing::Working),
            (beat(121, Some(121)), Standing::Silent),
            (beat(5, Some(121)), Standing::Failing),
            (beat(5, None), Standing::Failing),
        ] {
            assert_eq!(beat.standing(now), standing, "{beat:?}");
        }
    }
}
