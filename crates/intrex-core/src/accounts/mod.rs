//! What people do about their own account: change the password, set another one when it is forgotten, use another e-mail
//! address or another authenticator app. Each ends what an old credential has opened, and tells the person by mail.
//!
//! `proof` the present password · `password` changing it · `reset` the link for who forgot it · `email` another address ·
//! `authenticator` another app, with its own SQL · `queries` the rest of it.

pub mod authenticator;
pub mod email;
pub mod password;
mod proof;
mod queries;
pub mod reset;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use crate::{
    account_mail,
    error::Result,
    ids::{PersonId, SessionId, TenantId},
};

/// How long an ended link's row is kept. Its token was only ever stored as a hash.
const ENDED_KEPT_FOR: TimeDelta = TimeDelta::days(7);

/// Ends every link by which somebody could still set a password or change the address, sent or not: when the password was
/// set by other means, when the address is another one, when the person was disabled.
pub(crate) async fn end_links(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    queries::use_up_resets(conn, tenant, person, now).await?;
    queries::end_email_changes(conn, tenant, person, now).await?;
    account_mail::withdraw_links(conn, tenant, person, now).await
}

/// Lets what a session has asked for follow it to its new name.
pub(crate) async fn follow_session(
    conn: &mut PgConnection,
    tenant: TenantId,
    old: SessionId,
    new: SessionId,
) -> Result<()> {
    authenticator::follow_session(&mut *conn, tenant, old, new).await?;
    queries::follow_session(conn, tenant, old, new).await
}

/// Removes links that ended long ago, and apps that were not confirmed in time; how many rows at most one statement touched.
pub(crate) async fn clear(
    conn: &mut PgConnection,
    tenant: TenantId,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<u64> {
    let before = now - ENDED_KEPT_FOR;
    let resets = queries::remove_resets(&mut *conn, tenant, before, limit).await?;
    let changes = queries::remove_email_changes(&mut *conn, tenant, before, limit).await?;
    let apps = authenticator::clear(conn, tenant, now, limit).await?;
    Ok(resets.max(changes).max(apps))
}
