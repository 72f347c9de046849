//! The SQL of tokens.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::Token;
use crate::{
    error::Result,
    ids::{PersonId, TenantId, TokenId},
    permission::Role,
};

/// A token to store.
#[derive(Debug)]
pub(super) struct TokenRow {
    pub id: TokenId,
    pub person: PersonId,
    pub name: String,
    pub scopes: Vec<String>,
    pub networks: Vec<String>,
    pub expires_at: DateTime<Utc>,
}

/// Locks the person for whom a token is made; their role, if they can sign in.
pub(super) async fn lock_active_owner(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
) -> Result<Option<Role>> {
    Ok(sqlx::query_scalar!(
        r#"select role as "role: Role" from app.people where tenant_id = $1 and id = $2 and status = 'active' for update"#,
        tenant.uuid(),
        person.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

pub(super) async fn count_live(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from app.api_tokens
           where tenant_id = $1 and person_id = $2 and revoked_at is null and expires_at > $3"#,
        tenant.uuid(),
        person.uuid(),
        now,
    )
    .fetch_one(conn)
    .await?)
}

pub(super) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    row: &TokenRow,
    hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into app.api_tokens (tenant_id, id, person_id, name, token_hash, scopes, networks, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        tenant.uuid(),
        row.id.uuid(),
        row.person.uuid(),
        row.name,
        &hash[..],
        &row.scopes,
        &row.networks,
        now,
        row.expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One token; with an owner, only theirs.
pub(super) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: TokenId,
    owner: Option<PersonId>,
) -> Result<Option<Token>> {
    Ok(sqlx::query_as!(
        Token,
        r#"select id as "id: TokenId", person_id as "person_id: PersonId", name, scopes, networks, created_at, expires_at, last_used_at,
                  revoked_at
           from app.api_tokens where tenant_id = $1 and id = $2 and ($3::uuid is null or person_id = $3)"#,
        tenant.uuid(),
        id.uuid(),
        owner.map(PersonId::uuid),
    )
    .fetch_optional(conn)
    .await?)
}

pub(super) async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    owner: Option<PersonId>,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Token>> {
    let (after_time, after_id) = after.unzip();
    Ok(sqlx::query_as!(
        Token,
        r#"select id as "id: TokenId", person_id as "person_id: PersonId", name, scopes, networks, created_at, expires_at, last_used_at,
                  revoked_at
           from app.api_tokens
           where tenant_id = $1 and ($2::uuid is null or person_id = $2)
             and ($3::timestamptz is null or (created_at, id) < ($3, $4))
           order by created_at desc, id desc limit $5"#,
        tenant.uuid(),
        owner.map(PersonId::uuid),
        after_time,
        after_id.unwrap_or_default(),
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// `false` if it was revoked before.
pub(super) async fn revoke(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: TokenId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let revoked = sqlx::query!(
        "update app.api_tokens set revoked_at = $3 where tenant_id = $1 and id = $2 and revoked_at is null",
        tenant.uuid(),
        id.uuid(),
        now,
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(revoked == 1)
}

/// Revokes every token of a person.
pub(crate) async fn revoke_all_of(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.api_tokens set revoked_at = $3 where tenant_id = $1 and person_id = $2 and revoked_at is null",
        tenant.uuid(),
        person.uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A token that counts at this moment, and the branch setting of its transaction.
#[derive(Debug)]
pub(super) struct Authenticated {
    pub id: TokenId,
    pub person: PersonId,
    pub role: Role,
    pub scopes: Vec<String>,
    pub networks: Vec<String>,
    pub last_used_at: Option<DateTime<Utc>>,
    pub branches: String,
}

/// Checks a token and sets the transaction's branches, in one round trip. Without a token nothing is set. None of the
/// tables read here has a branch policy; whatever does is read by a later statement.
pub(super) async fn authenticate(
    conn: &mut PgConnection,
    tenant: TenantId,
    hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<Authenticated>> {
    Ok(sqlx::query_as!(
        Authenticated,
        r#"select a.id as "id: TokenId", a.person_id as "person: PersonId", p.role as "role: Role", a.scopes, a.networks, a.last_used_at,
                  set_config('app.current_branches', case
                    when p.role = 'head_office_admin' then '*'
                    else coalesce((select string_agg(pb.branch_id::text, ',' order by pb.branch_id)
                                   from app.person_branches pb
                                   where pb.tenant_id = a.tenant_id and pb.person_id = a.person_id), '')
                    end, true) as "branches!"
           from app.api_tokens a
           join app.people p on p.tenant_id = a.tenant_id and p.id = a.person_id
           join app.tenants t on t.id = a.tenant_id
           where a.tenant_id = $1 and a.token_hash = $2 and a.revoked_at is null and a.expires_at > $3
             and p.status = 'active' and t.status = 'active'"#,
        tenant.uuid(),
        &hash[..],
        now,
    )
    .fetch_optional(conn)
    .await?)
}

/// Notes a use, unless one was noted after `before`.
pub(super) async fn touch(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: TokenId,
    now: DateTime<Utc>,
    before: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.api_tokens set last_used_at = $3
         where tenant_id = $1 and id = $2 and (last_used_at is null or last_used_at <= $4)",
        tenant.uuid(),
        id.uuid(),
        now,
        before,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that a token was shown where it does not count, unless that was noted after `before`: `true` if it is to be told.
pub(super) async fn note_refusal(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: TokenId,
    now: DateTime<Utc>,
    before: DateTime<Utc>,
) -> Result<bool> {
    let noted = sqlx::query!(
        "update app.api_tokens set refused_at = $3
         where tenant_id = $1 and id = $2 and (refused_at is null or refused_at <= $4)",
        tenant.uuid(),
        id.uuid(),
        now,
        before,
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(noted == 1)
}
