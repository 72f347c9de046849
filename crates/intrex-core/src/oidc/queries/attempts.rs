//! Browsers on their way to a provider and back.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::{
    error::Result,
    ids::{ProviderId, SessionId, TenantId},
};

/// A browser that is sent to a provider.
#[derive(Debug)]
pub(in crate::oidc) struct NewAttempt<'a> {
    pub id: uuid::Uuid,
    pub provider: ProviderId,
    pub cookie_hash: [u8; 32],
    pub state_hash: [u8; 32],
    pub nonce_hash: [u8; 32],
    /// Sealed.
    pub verifier: &'a str,
    pub session: Option<SessionId>,
    pub next: Option<&'a str>,
    pub expires_at: DateTime<Utc>,
}

pub(in crate::oidc) async fn insert_attempt(
    conn: &mut PgConnection,
    tenant: TenantId,
    new: &NewAttempt<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into app.oidc_attempts (tenant_id, id, provider_id, cookie_hash, state_hash, nonce_hash, verifier, session_id,
                                        next, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        tenant.uuid(),
        new.id,
        new.provider.uuid(),
        &new.cookie_hash[..],
        &new.state_hash[..],
        &new.nonce_hash[..],
        new.verifier,
        new.session.map(SessionId::uuid),
        new.next,
        now,
        new.expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An attempt that was just used up.
#[derive(Debug)]
pub(in crate::oidc) struct Attempt {
    pub id: uuid::Uuid,
    pub provider: ProviderId,
    pub nonce_hash: Vec<u8>,
    /// Sealed.
    pub verifier: String,
    pub session: Option<SessionId>,
    pub next: Option<String>,
    pub created_at: DateTime<Utc>,
}

/// Uses an attempt up. Of two answers at the same moment one finds it.
pub(in crate::oidc) async fn use_attempt(
    conn: &mut PgConnection,
    tenant: TenantId,
    cookie_hash: &[u8; 32],
    state_hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<Attempt>> {
    Ok(sqlx::query_as!(
        Attempt,
        r#"update app.oidc_attempts set used_at = $4
           where tenant_id = $1 and cookie_hash = $2 and state_hash = $3 and used_at is null and expires_at > $4
           returning id, provider_id as "provider: ProviderId", nonce_hash, verifier, session_id as "session: SessionId", next,
                     created_at"#,
        tenant.uuid(),
        &cookie_hash[..],
        &state_hash[..],
        now,
    )
    .fetch_optional(conn)
    .await?)
}

/// Whether a browser is on its way at all, whatever the answer says.
pub(in crate::oidc) async fn is_under_way(
    conn: &mut PgConnection,
    tenant: TenantId,
    cookie_hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from app.oidc_attempts
                          where tenant_id = $1 and cookie_hash = $2 and used_at is null and expires_at > $3) as "there!""#,
        tenant.uuid(),
        &cookie_hash[..],
        now,
    )
    .fetch_one(conn)
    .await?)
}

/// Removes attempts that count no more.
pub(crate) async fn clear(
    conn: &mut PgConnection,
    tenant: TenantId,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<u64> {
    Ok(sqlx::query!(
        "delete from app.oidc_attempts where tenant_id = $1 and id in
           (select id from app.oidc_attempts where tenant_id = $1 and expires_at <= $2 order by expires_at limit $3)",
        tenant.uuid(),
        now,
        limit,
    )
    .execute(conn)
    .await?
    .rows_affected())
}
