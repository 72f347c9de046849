//! What somebody does to their own sessions, and an admin to those of others.

use sqlx::PgConnection;

use super::{devices, model::Provisional, queries};
use crate::{
    Actor, App, accounts,
    audit::Event,
    error::{Error, Result},
    ids::{PersonId, SessionId, TenantId},
    permission::Permission,
};

/// Ends the session that acts. Its cookie is dead, wherever copies of it are.
pub async fn sign_out(app: &App, actor: &Actor) -> Result<()> {
    let session = actor.session_id().ok_or(Error::Forbidden)?;
    match end(app, actor, session, reach(actor)?, Device::Kept).await {
        // Ended from elsewhere in the meantime: what was asked for is so.
        Err(Error::NotFound) => Ok(()),
        ended => ended,
    }
}

/// Ends a sign-in that has not come to its second factor.
pub async fn abandon(app: &App, provisional: &Provisional) -> Result<()> {
    sign_out(app, &provisional.actor()).await
}

/// Ends a session: one of one's own, or of anybody's for whoever may. The device that it began on is not known any more.
pub async fn revoke(app: &App, actor: &Actor, session: SessionId) -> Result<()> {
    actor.may(Permission::SessionsOwn)?;
    end(app, actor, session, reach(actor)?, Device::Forgotten).await
}

/// Ends one session of somebody. Anybody else's is not there.
pub async fn revoke_of(
    app: &App,
    actor: &Actor,
    person: PersonId,
    session: SessionId,
) -> Result<()> {
    actor.may(Permission::SessionsManage)?;
    end(app, actor, session, Some(person), Device::Forgotten).await
}

/// Ends all of one's own sessions but the one that acts, forgets their devices, and ends links to set a password or change the
/// address; how many sessions there were.
pub async fn revoke_others(app: &App, actor: &Actor) -> Result<usize> {
    actor.may(Permission::SessionsOwn)?;
    let person = actor.person_id().ok_or(Error::Forbidden)?;
    // A token is in no session: all of them would be others.
    let session = actor.session_id().ok_or(Error::Forbidden)?;
    end_all(app, actor, person, Some(session)).await
}

/// Signs somebody out everywhere, and forgets their devices; how many sessions there were. On oneself, the session that acts
/// goes on.
pub async fn revoke_all_of(app: &App, actor: &Actor, person: PersonId) -> Result<usize> {
    actor.may(Permission::SessionsManage)?;
    end_all(app, actor, person, actor.session_id()).await
}

async fn end_all(
    app: &App,
    actor: &Actor,
    person: PersonId,
    kept: Option<SessionId>,
) -> Result<usize> {
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    if !queries::lock_person(tx.conn(), tenant, person).await? {
        return Err(Error::NotFound);
    }
    let ended = end_others(tx.conn(), tenant, person, kept).await?;
    // Whoever was in one of them may have asked for another address. An invitation is not meant: nobody has joined by it.
    let account = queries::find_account(tx.conn(), tenant, person).await?;
    if account.is_some_and(|account| account.password_hash.is_some()) {
        let now = tx.now();
        accounts::end_links(tx.conn(), tenant, person, now).await?;
    }
    let event = Event::new("session", "session.others_ended")
        .on("person", person)
        .about(person)
        .with("count", ended);
    tx.commit(event).await?;
    Ok(ended)
}

/// Ends every session of a person but one, and forgets every device but that one's, in the caller's transaction: after a new
/// password, too. How many had got past their second factor.
pub(crate) async fn end_others(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    kept: Option<SessionId>,
) -> Result<usize> {
    devices::forget_others(&mut *conn, tenant, person, kept).await?;
    queries::delete_others(conn, tenant, person, kept).await
}

/// What becomes of the device that a session began on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Device {
    /// Whoever leaves comes back.
    Kept,
    /// Whoever ends a session from elsewhere does not trust where it was.
    Forgotten,
}

/// Whose sessions an actor may end: their own, or anybody's.
fn reach(actor: &Actor) -> Result<Option<PersonId>> {
    match actor.can(Permission::SessionsManage) {
        true => Ok(None),
        false => actor.person_id().map(Some).ok_or(Error::Forbidden),
    }
}

async fn end(
    app: &App,
    actor: &Actor,
    session: SessionId,
    of: Option<PersonId>,
    device: Device,
) -> Result<()> {
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let person = queries::owner(tx.conn(), tenant, session, of)
        .await?
        .ok_or(Error::NotFound)?;
    queries::lock_person(tx.conn(), tenant, person).await?;
    if device == Device::Forgotten {
        devices::forget_with_session(tx.conn(), tenant, session).await?;
    }
    if !queries::delete(tx.conn(), tenant, person, session).await? {
        return Err(Error::NotFound);
    }
    let event = Event::new("session", "session.ended")
        .on("session", session)
        .about(person)
        .with("person_id", person.to_string());
    tx.commit(event).await
}
