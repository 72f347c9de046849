//! How many recovery codes somebody has left. The codes themselves can be read by nobody.

use sqlx::PgConnection;

use super::{model::RecoveryCodes, queries};
use crate::{
    App,
    db::ReadTx,
    error::{Error, Result},
    ids::{PersonId, TenantId},
    permission::Permission,
};

/// Where the reader stands.
pub async fn standing(app: &App, tx: &mut ReadTx) -> Result<RecoveryCodes> {
    tx.may(Permission::SessionsOwn)?;
    let person = tx.actor().person_id().ok_or(Error::Forbidden)?;
    let tenant = tx.actor().tenant();
    of(app, tx.conn(), tenant, person).await
}

pub(super) async fn of(
    app: &App,
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
) -> Result<RecoveryCodes> {
    let peppers: Vec<String> = app.vault.codes.key_ids().map(str::to_owned).collect();
    queries::standing(conn, tenant, person, &peppers)
        .await?
        .ok_or(Error::NotFound)
}
