//! All SQL about one's own account. It decides nothing.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    db::remove_old,
    error::Result,
    ids::{PersonId, SessionId, TenantId},
    permission::Role,
};

/// What is asked of an account that can sign in.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) email: String,
    pub(super) canonical_email: String,
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) password_hash: Option<String>,
    pub(super) must_change_password: bool,
    pub(super) tenant_name: String,
}

pub(super) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
) -> Result<Option<Account>> {
    Ok(sqlx::query_as!(
        Account,
        r#"select p.email, p.canonical_email, p.name, p.role as "role: Role", p.password_hash, p.must_change_password,
                  t.name as tenant_name
           from app.people p join app.tenants t on t.id = p.tenant_id
           where p.tenant_id = $1 and p.id = $2 and p.status = 'active' and t.status = 'active'"#,
        tenant.uuid(),
        person.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// Locks somebody who can sign in until the transaction ends; answers their present hash.
pub(super) async fn lock_password(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
) -> Result<Option<String>> {
    let hash = sqlx::query_scalar!(
        "select password_hash from app.people where tenant_id = $1 and id = $2 and status = 'active' for update",
        tenant.uuid(),
        person.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(hash.flatten())
}

pub(super) async fn set_password(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    hash: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.people set password_hash = $3, must_change_password = false, updated_at = $4, version = version + 1
         where tenant_id = $1 and id = $2",
        tenant.uuid(),
        person.uuid(),
        hash,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn earlier_passwords(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    limit: i64,
) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!(
        "select password_hash from app.password_history
         where tenant_id = $1 and person_id = $2 order by replaced_at desc, id desc limit $3",
        tenant.uuid(),
        person.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?)
}

pub(super) async fn remember_password(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    id: Uuid,
    hash: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into app.password_history (tenant_id, id, person_id, password_hash, replaced_at) values ($1, $2, $3, $4, $5)",
        tenant.uuid(),
        id,
        person.uuid(),
        hash,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets all but the last ones.
pub(super) async fn forget_passwords(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    kept: i64,
) -> Result<()> {
    sqlx::query!(
        "delete from app.password_history
         where tenant_id = $1 and person_id = $2 and id not in
           (select id from app.password_history
            where tenant_id = $1 and person_id = $2 order by replaced_at desc, id desc limit $3)",
        tenant.uuid(),
        person.uuid(),
        kept,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A link to set another password.
#[derive(Debug)]
pub(super) struct Reset {
    pub(super) id: Uuid,
    pub(super) token_hash: [u8; 32],
    pub(super) expires_at: DateTime<Utc>,
}

/// Writes a link, if the person can sign in and has a password. Tells whether they can.
pub(super) async fn insert_reset(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    reset: &Reset,
    now: DateTime<Utc>,
) -> Result<bool> {
    let inserted = sqlx::query!(
        "insert into app.password_resets (tenant_id, id, person_id, token_hash, created_at, expires_at)
         select p.tenant_id, $3, p.id, $4, $5, $6
         from app.people p join app.tenants t on t.id = p.tenant_id
         where p.tenant_id = $1 and p.id = $2 and p.status = 'active' and p.password_hash is not null and t.status = 'active'",
        tenant.uuid(),
        person.uuid(),
        reset.id,
        &reset.token_hash[..],
        now,
        reset.expires_at,
    )
    .execute(conn)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

pub(super) async fn use_up_resets(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.password_resets set used_at = $3 where tenant_id = $1 and person_id = $2 and used_at is null",
        tenant.uuid(),
        person.uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whose password a link that still counts sets.
pub(super) async fn find_reset(
    conn: &mut PgConnection,
    tenant: TenantId,
    token_hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<PersonId>> {
    Ok(sqlx::query_scalar!(
        r#"select person_id as "person: PersonId" from app.password_resets
           where tenant_id = $1 and token_hash = $2 and used_at is null and expires_at > $3"#,
        tenant.uuid(),
        &token_hash[..],
        now,
    )
    .fetch_optional(conn)
    .await?)
}

/// Uses a link up. Of several at the same moment one is told `true`.
pub(super) async fn use_reset(
    conn: &mut PgConnection,
    tenant: TenantId,
    token_hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<bool> {
    let used = sqlx::query!(
        "update app.password_resets set used_at = $3
         where tenant_id = $1 and token_hash = $2 and used_at is null and expires_at > $3",
        tenant.uuid(),
        &token_hash[..],
        now,
    )
    .execute(conn)
    .await?;
    Ok(used.rows_affected() == 1)
}

pub(super) async fn remove_resets(
    conn: &mut PgConnection,
    tenant: TenantId,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<u64> {
    Ok(remove_old!(
        "app.password_resets",
        "expires_at",
        conn,
        tenant,
        before,
        limit
    ))
}

/// Another address to ask for.
#[derive(Debug)]
pub(super) struct NewEmailChange<'a> {
    pub(super) id: Uuid,
    pub(super) session: Uuid,
    pub(super) email: &'a str,
    pub(super) canonical_email: &'a str,
    pub(super) old_token_hash: [u8; 32],
    pub(super) new_token_hash: [u8; 32],
    pub(super) expires_at: DateTime<Utc>,
}

pub(super) async fn insert_email_change(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    new: &NewEmailChange<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into app.email_changes (tenant_id, id, person_id, session_id, email, canonical_email, old_token_hash,
                                        new_token_hash, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        tenant.uuid(),
        new.id,
        person.uuid(),
        new.session,
        new.email,
        new.canonical_email,
        &new.old_token_hash[..],
        &new.new_token_hash[..],
        now,
        new.expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn count_email_changes(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    since: DateTime<Utc>,
) -> Result<i64> {
    let count = sqlx::query_scalar!(
        "select count(*) from app.email_changes where tenant_id = $1 and person_id = $2 and created_at > $3",
        tenant.uuid(),
        person.uuid(),
        since,
    )
    .fetch_one(conn)
    .await?;
    Ok(count.unwrap_or(0))
}

/// Another address that waits for one of the two to agree.
#[derive(Debug)]
pub(super) struct EmailChange {
    pub(super) id: Uuid,
    pub(super) person: PersonId,
    pub(super) session: Uuid,
    pub(super) name: String,
    pub(super) tenant_name: String,
    pub(super) old_email: String,
    pub(super) email: String,
    pub(super) canonical_email: String,
    pub(super) old_token_hash: Vec<u8>,
    pub(super) old_confirmed: bool,
    pub(super) new_confirmed: bool,
}

pub(super) async fn find_email_change(
    conn: &mut PgConnection,
    tenant: TenantId,
    token_hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<EmailChange>> {
    Ok(sqlx::query_as!(
        EmailChange,
        r#"select c.id, p.id as "person: PersonId", c.session_id as session, p.name, t.name as tenant_name,
                  p.email as old_email, c.email, c.canonical_email, c.old_token_hash,
                  c.old_confirmed_at is not null as "old_confirmed!", c.new_confirmed_at is not null as "new_confirmed!"
           from app.email_changes c
           join app.people p on p.tenant_id = c.tenant_id and p.id = c.person_id
           join app.tenants t on t.id = c.tenant_id
           where c.tenant_id = $1 and (c.old_token_hash = $2 or c.new_token_hash = $2)
             and c.ended_at is null and c.expires_at > $3 and p.status = 'active' and t.status = 'active'"#,
        tenant.uuid(),
        &token_hash[..],
        now,
    )
    .fetch_optional(conn)
    .await?)
}

pub(super) async fn confirm_email_change(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
    token_hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.email_changes
         set old_confirmed_at = case when old_token_hash = $3 then $4::timestamptz else old_confirmed_at end,
             new_confirmed_at = case when new_token_hash = $3 then $4::timestamptz else new_confirmed_at end
         where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id,
        &token_hash[..],
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn set_email(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    email: &str,
    canonical: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update app.people set email = $3, canonical_email = $4, updated_at = $5, version = version + 1
         where tenant_id = $1 and id = $2",
        tenant.uuid(),
        person.uuid(),
        email,
        canonical,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Changes that a session asked for belong to it under its new name too.
pub(super) async fn follow_session(
    conn: &mut PgConnection,
    tenant: TenantId,
    old: SessionId,
    new: SessionId,
) -> Result<()> {
    sqlx::query!(
        "update app.email_changes set session_id = $3 where tenant_id = $1 and session_id = $2 and ended_at is null",
        tenant.uuid(),
        old.uuid(),
        new.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends what somebody asked for: it was done, or given up.
pub(super) async fn end_email_changes(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.email_changes set ended_at = $3 where tenant_id = $1 and person_id = $2 and ended_at is null",
        tenant.uuid(),
        person.uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn remove_email_changes(
    conn: &mut PgConnection,
    tenant: TenantId,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<u64> {
    Ok(remove_old!(
        "app.email_changes",
        "expires_at",
        conn,
        tenant,
        before,
        limit
    ))
}
