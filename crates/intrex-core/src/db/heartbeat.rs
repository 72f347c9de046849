//! When each kind of background work last finished a round: what `/readyz` and `intrex doctor` look at.

use chrono::{DateTime, Utc};

use super::Db;
use crate::{app::App, error::Result};

/// When a kind of background work last said that it is alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heartbeat {
    /// Which.
    pub worker: String,
    /// When.
    pub beat_at: DateTime<Utc>,
}

/// The last sign of life of every kind of background work.
pub async fn all(app: &App) -> Result<Vec<Heartbeat>> {
    let mut tx = app.db.system().await?;
    let beats = sqlx::query_as!(
        Heartbeat,
        "select worker, beat_at from app.heartbeats order by worker limit 100"
    )
    .fetch_all(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(beats)
}

/// Says that a kind of background work is alive.
pub(crate) async fn beat(
    db: &Db,
    worker: &'static str,
    now: DateTime<Utc>,
    detail: &str,
) -> Result<()> {
    let mut tx = db.system().await?;
    sqlx::query!(
        "insert into app.heartbeats (worker, beat_at, detail) values ($1, $2, $3)
         on conflict (worker) do update set beat_at = excluded.beat_at, detail = excluded.detail",
        worker,
        now,
        detail,
    )
    .execute(tx.conn())
    .await?;
    tx.commit().await
}
