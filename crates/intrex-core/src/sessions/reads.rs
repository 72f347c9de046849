//! What somebody is shown of their own sessions. Nobody sees another's.

use super::{model::OwnSession, queries};
use crate::{
    db::ReadTx,
    error::{Error, Result},
    permission::Permission,
};

/// Sessions shown at most.
const MAX_LISTED: i64 = 200;

/// The reader's own sessions that count, the last used first.
pub async fn list(tx: &mut ReadTx) -> Result<Vec<OwnSession>> {
    tx.may(Permission::SessionsOwn)?;
    let person = tx.actor().person_id().ok_or(Error::Forbidden)?;
    let (tenant, current) = (tx.actor().tenant(), tx.actor().session_id());
    let now = tx.now();
    let mut sessions = queries::list(tx.conn(), tenant, person, now, MAX_LISTED).await?;
    for session in &mut sessions {
        session.current = Some(session.id) == current;
    }
    Ok(sessions)
}
