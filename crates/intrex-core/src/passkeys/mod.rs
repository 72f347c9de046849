//! Passkeys (WebAuthn): a second factor beside the authenticator app that no imitated page can ask for, because the browser
//! signs for the address that it is at. An organisation can insist on them for its head office admins.
//!
//! `model` what a passkey is · `ceremony` the library that verifies · `challenges` what a browser is asked to sign, once ·
//! `queries` all SQL · `commands` add, rename, remove · `reads` one's own. Signing in and stepping up with one is the matter
//! of [`crate::sessions`].

mod ceremony;
pub(crate) mod challenges;
mod commands;
pub(crate) mod model;
mod queries;
pub mod reads;

pub use commands::{begin, register, remove, rename};
pub use model::{Passkey, RawName, RawRegistration, Ways};

use sqlx::PgConnection;
use url::Host;

use crate::{
    App,
    app::Settings,
    catalogue::keys,
    db::WriteTx,
    error::{Error, Result},
    ids::{PersonId, TenantId},
};

/// The host that passkeys are made for. None where the installation is reached by an IP address: browsers refuse it.
pub(crate) fn domain(settings: &Settings) -> Option<&str> {
    match settings.base_url.host()? {
        Host::Domain(domain) => Some(domain),
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

/// By what this person can give the second factor, at this installation's address.
pub(crate) async fn ways(
    app: &App,
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
) -> Result<Ways> {
    let Some(domain) = domain(&app.settings) else {
        return Ok(Ways {
            passkey: false,
            code: true,
        });
    };
    let standing = queries::standing(conn, tenant, person, domain).await?;
    Ok(Ways {
        passkey: standing.count > 0,
        code: standing.count == 0 || !standing.required,
    })
}

/// Removes all passkeys of a person whose second factor is reset; how many there were.
pub(crate) async fn remove_all(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
) -> Result<u64> {
    queries::delete_all(conn, tenant, person).await
}

/// Fails unless the acting person has a passkey: nobody asks of all admins what would lock themselves out.
pub(crate) async fn may_be_required(app: &App, tx: &mut WriteTx) -> Result<()> {
    let field = "admin_second_factor";
    let domain = domain(&app.settings)
        .ok_or_else(|| Error::invalid(field, keys::PASSKEYS_NOT_AT_THIS_ADDRESS))?;
    let Some(person) = tx.actor().person_id() else {
        return Ok(());
    };
    let tenant = tx.actor().tenant();
    if queries::standing(tx.conn(), tenant, person, domain)
        .await?
        .count
        == 0
    {
        return Err(Error::invalid(field, keys::PASSKEYS_OWN_ONE_FIRST));
    }
    Ok(())
}
