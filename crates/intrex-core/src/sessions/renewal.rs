//! What becomes of sessions when what they began with is no longer so: all of a person's end, or all but one, which goes on
//! under a new secret name that nobody else can know.

use sqlx::PgConnection;

use super::{
    cookie::{self, Holder, Sid},
    model::{SessionCookie, Stage},
    queries,
};
use crate::{
    App,
    db::WriteTx,
    error::{Error, Result},
    ids::{PersonId, SessionId, TenantId},
};

/// Ends every session of a person but this one, which goes on under a new name. The cookie is for when the transaction is
/// committed; the one from before is dead then. When the factors were given stays as it was.
pub(crate) async fn renew_alone(
    app: &App,
    tx: &mut WriteTx,
    person: PersonId,
    session: SessionId,
) -> Result<SessionCookie> {
    let tenant = tx.actor().tenant();
    let sid = Sid::new(app.chance);
    queries::delete_others(tx.conn(), tenant, person, session).await?;
    let renamed = queries::rename(tx.conn(), tenant, person, session, &sid.hash()).await?;
    // Ended from elsewhere in the meantime.
    let renamed = renamed.ok_or(Error::Forbidden)?;
    cookie::make(
        app,
        &Holder {
            sid: &sid,
            tenant,
            person,
            stage: Stage::Full,
            auth_time: renamed.auth_time,
            absolute_at: renamed.absolute_at,
        },
    )
}

/// Ends every session of a person but this one.
pub(crate) async fn end_others(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    session: SessionId,
) -> Result<()> {
    queries::delete_others(conn, tenant, person, session).await
}

/// Ends every session of a person.
pub(crate) async fn end_all(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
) -> Result<()> {
    queries::delete_all(conn, tenant, person).await
}
