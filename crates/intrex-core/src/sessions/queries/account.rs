//! The SQL of whoever signs in: whose address it is, what the password step asks, and holding their row.

use sqlx::PgConnection;

use crate::{
    error::Result,
    ids::{PersonId, TenantId},
};

/// As `intrex_system`: whose address this is. Nothing else can be read there.
pub(in crate::sessions) async fn find_by_email(
    conn: &mut PgConnection,
    canonical: &str,
) -> Result<Option<(TenantId, PersonId)>> {
    let row = sqlx::query!(
        r#"select tenant_id as "tenant: TenantId", id as "person: PersonId" from app.people where canonical_email = $1"#,
        canonical,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.tenant, row.person)))
}

/// What the password step asks of an account.
#[derive(Debug)]
pub(in crate::sessions) struct Account {
    pub person: PersonId,
    pub password_hash: Option<String>,
    pub mfa_enrolled: bool,
    pub can_sign_in: bool,
}

pub(in crate::sessions) async fn find_account(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
) -> Result<Option<Account>> {
    Ok(sqlx::query_as!(
        Account,
        r#"select p.id as "person: PersonId", p.password_hash, p.mfa_enrolled,
                  p.status = 'active' and t.status = 'active' as "can_sign_in!"
           from app.people p join app.tenants t on t.id = p.tenant_id
           where p.tenant_id = $1 and p.id = $2"#,
        tenant.uuid(),
        person.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// Puts a stronger hash of the same password in the place of the one it was verified against.
pub(in crate::sessions) async fn replace_password_hash(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    old: &str,
    new: &str,
) -> Result<()> {
    sqlx::query!(
        "update app.people set password_hash = $4 where tenant_id = $1 and id = $2 and password_hash = $3",
        tenant.uuid(),
        person.uuid(),
        old,
        new,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether there is such a person.
pub(in crate::sessions) async fn is_there(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from app.people where tenant_id = $1 and id = $2 and deleted_at is null) as "there!""#,
        tenant.uuid(),
        person.uuid(),
    )
    .fetch_one(conn)
    .await?)
}

/// The same, and locks them until the transaction ends: a session that is renewed at this moment cannot slip through.
pub(crate) async fn lock_person(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
) -> Result<bool> {
    let found = sqlx::query_scalar!(
        "select id from app.people where tenant_id = $1 and id = $2 and deleted_at is null for update",
        tenant.uuid(),
        person.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.is_some())
}

/// Whether this is still the stored password of somebody, who keeps it until the transaction ends.
pub(in crate::sessions) async fn keeps_password(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    hash: Option<&str>,
) -> Result<bool> {
    let found = sqlx::query_scalar!(
        "select id from app.people where tenant_id = $1 and id = $2 and password_hash is not distinct from $3
         for no key update",
        tenant.uuid(),
        person.uuid(),
        hash,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.is_some())
}
