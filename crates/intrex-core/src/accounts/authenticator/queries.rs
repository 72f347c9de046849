//! All SQL of putting another authenticator app in the place of the present one.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    db::remove_old,
    error::Result,
    ids::{PersonId, SessionId, TenantId},
};

/// A secret that waits for a code of its app.
#[derive(Debug)]
pub(super) struct Pending {
    pub id: Uuid,
    /// Sealed.
    pub secret: String,
}

/// What this session has begun, while it counts.
pub(super) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    session: SessionId,
    now: DateTime<Utc>,
) -> Result<Option<Pending>> {
    Ok(sqlx::query_as!(
        Pending,
        "select id, secret from app.pending_factors
         where tenant_id = $1 and person_id = $2 and session_id = $3 and expires_at > $4",
        tenant.uuid(),
        person.uuid(),
        session.uuid(),
        now,
    )
    .fetch_optional(conn)
    .await?)
}

/// A secret to keep until its app confirms it.
#[derive(Debug)]
pub(super) struct NewPending<'a> {
    pub id: Uuid,
    pub session: SessionId,
    pub secret: &'a str,
    pub expires_at: DateTime<Utc>,
}

pub(super) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    new: &NewPending<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into app.pending_factors (tenant_id, id, person_id, session_id, secret, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        tenant.uuid(),
        new.id,
        person.uuid(),
        new.session.uuid(),
        new.secret,
        now,
        new.expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes what somebody has begun.
pub(super) async fn remove(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
) -> Result<()> {
    sqlx::query!(
        "delete from app.pending_factors where tenant_id = $1 and person_id = $2",
        tenant.uuid(),
        person.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What a session has begun belongs to it under its new name too.
pub(super) async fn follow_session(
    conn: &mut PgConnection,
    tenant: TenantId,
    old: SessionId,
    new: SessionId,
) -> Result<()> {
    sqlx::query!(
        "update app.pending_factors set session_id = $3 where tenant_id = $1 and session_id = $2",
        tenant.uuid(),
        old.uuid(),
        new.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts another secret in the place of the present one; this step of it is used up.
pub(super) async fn replace(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    sealed: &str,
    step: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.people
         set totp_secret = $3, totp_confirmed_at = $5, totp_last_step = $4, updated_at = $5, version = version + 1
         where tenant_id = $1 and id = $2",
        tenant.uuid(),
        person.uuid(),
        sealed,
        step,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Since when the present app counts.
pub(super) async fn confirmed_at(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
) -> Result<Option<DateTime<Utc>>> {
    let row = sqlx::query_scalar!(
        "select totp_confirmed_at from app.people where tenant_id = $1 and id = $2",
        tenant.uuid(),
        person.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.flatten())
}

pub(super) async fn remove_expired(
    conn: &mut PgConnection,
    tenant: TenantId,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<u64> {
    Ok(remove_old!(
        "app.pending_factors",
        "expires_at",
        conn,
        tenant,
        now,
        limit
    ))
}
