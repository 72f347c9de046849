//! The SQL of known devices.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::{
    db::remove_old,
    error::Result,
    ids::{DeviceId, PersonId, SessionId, TenantId},
};

pub(super) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<DeviceId>> {
    Ok(sqlx::query_scalar!(
        r#"select id as "id: DeviceId" from app.known_devices
           where tenant_id = $1 and token_hash = $2 and person_id = $3 and expires_at > $4"#,
        tenant.uuid(),
        &hash[..],
        person.uuid(),
        now,
    )
    .fetch_optional(conn)
    .await?)
}

pub(super) async fn find_by_email(
    conn: &mut PgConnection,
    tenant: TenantId,
    canonical_email: &str,
    hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<DeviceId>> {
    Ok(sqlx::query_scalar!(
        r#"select d.id as "id: DeviceId" from app.known_devices d
           join app.people p on p.tenant_id = d.tenant_id and p.id = d.person_id
           where d.tenant_id = $1 and d.token_hash = $2 and p.canonical_email = $3 and d.expires_at > $4"#,
        tenant.uuid(),
        &hash[..],
        canonical_email,
        now,
    )
    .fetch_optional(conn)
    .await?)
}

pub(super) async fn find_any(
    conn: &mut PgConnection,
    tenant: TenantId,
    hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<DeviceId>> {
    Ok(sqlx::query_scalar!(
        r#"select id as "id: DeviceId" from app.known_devices where tenant_id = $1 and token_hash = $2 and expires_at > $3"#,
        tenant.uuid(),
        &hash[..],
        now,
    )
    .fetch_optional(conn)
    .await?)
}

pub(super) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    id: DeviceId,
    hash: &[u8; 32],
    now: DateTime<Utc>,
    end: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into app.known_devices (tenant_id, id, person_id, token_hash, created_at, last_used_at, expires_at)
         values ($1, $2, $3, $4, $5, $5, $6)",
        tenant.uuid(),
        id.uuid(),
        person.uuid(),
        &hash[..],
        now,
        end,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn renew(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: DeviceId,
    hash: &[u8; 32],
    now: DateTime<Utc>,
    end: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.known_devices set token_hash = $3, last_used_at = $4, expires_at = $5 where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
        &hash[..],
        now,
        end,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets all of a person's devices but the `kept` that were used last.
pub(super) async fn forget_beyond(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    kept: i64,
) -> Result<()> {
    sqlx::query!(
        "delete from app.known_devices d
         using (select id from app.known_devices where tenant_id = $1 and person_id = $2
                order by last_used_at desc, id desc offset $3) old
         where d.tenant_id = $1 and d.id = old.id",
        tenant.uuid(),
        person.uuid(),
        kept,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets the device that a session began on. Call it while the session is still there.
pub(crate) async fn forget_with_session(
    conn: &mut PgConnection,
    tenant: TenantId,
    session: SessionId,
) -> Result<()> {
    sqlx::query!(
        "delete from app.known_devices d using app.sessions s
         where s.tenant_id = $1 and s.id = $2 and d.tenant_id = s.tenant_id and d.id = s.device_id",
        tenant.uuid(),
        session.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets every device of a person, or all but the one of this session.
pub(crate) async fn forget_others(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    session: Option<SessionId>,
) -> Result<()> {
    sqlx::query!(
        "delete from app.known_devices d where d.tenant_id = $1 and d.person_id = $2
           and not exists (select from app.sessions s where s.tenant_id = $1 and s.id = $3 and s.device_id = d.id)",
        tenant.uuid(),
        person.uuid(),
        session.map(SessionId::uuid),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes devices that are no longer known; how many.
pub(crate) async fn remove_expired(
    conn: &mut PgConnection,
    tenant: TenantId,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<u64> {
    Ok(remove_old!(
        "app.known_devices",
        "expires_at",
        conn,
        tenant,
        now,
        limit
    ))
}
