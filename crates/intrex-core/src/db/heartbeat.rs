//! When each kind of background work last finished a round: what `/readyz` and `intrex doctor` look at.

use chrono::{DateTime, Utc};

use super::Db;
use crate::error::Result;

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
