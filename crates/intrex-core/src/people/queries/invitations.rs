//! The SQL of invitations.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::{
    error::Result,
    ids::{InvitationId, PersonId, TenantId},
    permission::Role,
};

pub(in crate::people) async fn insert_invitation(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: InvitationId,
    person: PersonId,
    token_hash: &[u8; 32],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into app.invitations (tenant_id, id, person_id, token_hash, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6)",
        tenant.uuid(),
        id.uuid(),
        person.uuid(),
        &token_hash[..],
        now,
        expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(in crate::people) async fn use_up_invitations(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.invitations set used_at = $3 where tenant_id = $1 and person_id = $2 and used_at is null",
        tenant.uuid(),
        person.uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whom an invitation that still counts is for.
#[derive(Debug)]
pub(in crate::people) struct Invitee {
    pub person: PersonId,
    pub email: String,
    pub name: String,
    pub role: Role,
    pub tenant_name: String,
}

pub(in crate::people) async fn find_invitee(
    conn: &mut PgConnection,
    tenant: TenantId,
    token_hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<Invitee>> {
    Ok(sqlx::query_as!(
        Invitee,
        r#"select p.id as "person: PersonId", p.email, p.name, p.role as "role: Role", t.name as tenant_name
           from app.invitations i
           join app.people p on p.tenant_id = i.tenant_id and p.id = i.person_id
           join app.tenants t on t.id = i.tenant_id
           where i.tenant_id = $1 and i.token_hash = $2 and i.used_at is null and i.expires_at > $3
             and p.status = 'invited' and t.status = 'active'"#,
        tenant.uuid(),
        &token_hash[..],
        now,
    )
    .fetch_optional(conn)
    .await?)
}

/// Uses an invitation up. Of several at the same moment one is told `true`.
pub(in crate::people) async fn use_invitation(
    conn: &mut PgConnection,
    tenant: TenantId,
    token_hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<bool> {
    let used = sqlx::query!(
        "update app.invitations set used_at = $3
         where tenant_id = $1 and token_hash = $2 and used_at is null and expires_at > $3",
        tenant.uuid(),
        &token_hash[..],
        now,
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(used == 1)
}

/// Gives somebody who was invited their password. `false` if they are not waiting for one.
pub(in crate::people) async fn join(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: PersonId,
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let joined = sqlx::query!(
        "update app.people set password_hash = $3, status = 'active', active_since = $4, updated_at = $4, version = version + 1
         where tenant_id = $1 and id = $2 and status = 'invited'",
        tenant.uuid(),
        id.uuid(),
        password_hash,
        now,
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(joined == 1)
}
