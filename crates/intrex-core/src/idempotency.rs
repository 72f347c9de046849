//! Repeated requests: a POST that carries an `Idempotency-Key` has one effect however often it is sent. The answer is
//! written in the command's transaction ([`crate::db::WriteTx::commit_answering`]) and read again here.

mod queries;

use chrono::TimeDelta;

use crate::{actor::IdempotencyKey, db::ReadTx, error::Result, vault};

/// How long an answer is kept.
pub const KEPT_FOR: TimeDelta = TimeDelta::hours(24);

/// What is known about a key that was used before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replay {
    /// The same request: its answer, as JSON.
    Same(String),
    /// The key was used with another body.
    OtherBody,
}

/// What a request with this key answered, if it was made before by the same actor. The caller checks the permission
/// first, as for a first request.
pub async fn replay(tx: &mut ReadTx, key: &IdempotencyKey) -> Result<Option<Replay>> {
    let tenant = tx.actor().tenant();
    let actor = tx.actor().person_id().map(|id| id.uuid());
    let since = tx.now() - KEPT_FOR;
    let kept = queries::find(tx.conn(), tenant, actor.unwrap_or_default(), key, since).await?;
    Ok(kept.map(|(body_hash, answer)| {
        if vault::same(&body_hash, &key.body_hash) {
            Replay::Same(answer)
        } else {
            Replay::OtherBody
        }
    }))
}
