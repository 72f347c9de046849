//! What somebody does to their own sessions.

use super::{model::Provisional, queries};
use crate::{
    Actor, App,
    audit::Event,
    error::{Error, Result},
    ids::SessionId,
    permission::Permission,
};

/// Ends the session that acts. Its cookie is dead, wherever copies of it are.
pub async fn sign_out(app: &App, actor: &Actor) -> Result<()> {
    let session = actor.session_id().ok_or(Error::Forbidden)?;
    match end(app, actor, session).await {
        // Ended from elsewhere in the meantime: what was asked for is so.
        Err(Error::NotFound) => Ok(()),
        ended => ended,
    }
}

/// Ends a sign-in that has not come to its second factor.
pub async fn abandon(app: &App, provisional: &Provisional) -> Result<()> {
    sign_out(app, &provisional.actor()).await
}

/// Ends another of one's own sessions.
pub async fn revoke(app: &App, actor: &Actor, session: SessionId) -> Result<()> {
    actor.may(Permission::SessionsOwn)?;
    end(app, actor, session).await
}

async fn end(app: &App, actor: &Actor, session: SessionId) -> Result<()> {
    let person = actor.person_id().ok_or(Error::Forbidden)?;
    let mut tx = app.db.write(actor).await?;
    if !queries::delete(tx.conn(), actor.tenant(), person, session).await? {
        return Err(Error::NotFound);
    }
    let event = Event::new("session", "session.ended")
        .on("session", session)
        .about(person)
        .with("person_id", person.to_string());
    tx.commit(event).await
}
