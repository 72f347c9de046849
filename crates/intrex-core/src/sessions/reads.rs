//! What somebody is shown of their own sessions, and an admin of those of others.

use super::{model::OwnSession, queries};
use crate::{
    App,
    db::ReadTx,
    error::{Error, Result},
    ids::PersonId,
    permission::Permission,
};

/// Sessions shown at most.
const MAX_LISTED: i64 = 200;

/// The reader's own sessions that count, the last used first.
pub async fn list(app: &App, tx: &mut ReadTx) -> Result<Vec<OwnSession>> {
    tx.may(Permission::SessionsOwn)?;
    let person = tx.actor().person_id().ok_or(Error::Forbidden)?;
    shown(app, tx, person).await
}

/// Somebody's sessions that count, the last used first.
pub async fn list_of(app: &App, tx: &mut ReadTx, person: PersonId) -> Result<Vec<OwnSession>> {
    tx.may(Permission::SessionsManage)?;
    let tenant = tx.actor().tenant();
    if !queries::is_there(tx.conn(), tenant, person).await? {
        return Err(Error::NotFound);
    }
    shown(app, tx, person).await
}

async fn shown(app: &App, tx: &mut ReadTx, person: PersonId) -> Result<Vec<OwnSession>> {
    let (tenant, current) = (tx.actor().tenant(), tx.actor().session_id());
    let now = tx.now();
    let mut sessions = queries::list(tx.conn(), tenant, person, now, MAX_LISTED).await?;
    for session in &mut sessions {
        session.current = Some(session.id) == current;
        session.ip = app.shown_address(&session.ip);
    }
    Ok(sessions)
}
