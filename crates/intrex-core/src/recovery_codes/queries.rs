//! All SQL of recovery codes. That a role may hold none is asked of the organisation in each statement that lets one count.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::RecoveryCodes;
use crate::{
    error::Result,
    ids::{PersonId, TenantId},
};

/// A code that may be the one that was typed.
#[derive(Debug)]
pub(super) struct Candidate {
    pub id: Uuid,
    pub code_hash: String,
}

pub(super) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    selector: &str,
) -> Result<Option<Candidate>> {
    Ok(sqlx::query_as!(
        Candidate,
        "select c.id, c.code_hash
         from app.recovery_codes c
         join app.people p on p.tenant_id = c.tenant_id and p.id = c.person_id
         join app.tenants t on t.id = c.tenant_id
         where c.tenant_id = $1 and c.person_id = $2 and c.selector = $3 and p.role = any(t.recovery_code_roles)",
        tenant.uuid(),
        person.uuid(),
        selector,
    )
    .fetch_optional(conn)
    .await?)
}

/// Uses a code up. Of several at the same moment one is told `true`.
pub(super) async fn use_up(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    id: Uuid,
) -> Result<bool> {
    let used = sqlx::query!(
        "delete from app.recovery_codes c using app.people p, app.tenants t
         where c.tenant_id = $1 and c.person_id = $2 and c.id = $3
           and p.tenant_id = c.tenant_id and p.id = c.person_id and t.id = c.tenant_id
           and p.role = any(t.recovery_code_roles)",
        tenant.uuid(),
        person.uuid(),
        id,
    )
    .execute(conn)
    .await?;
    Ok(used.rows_affected() == 1)
}

/// Where somebody stands. Codes whose pepper is none of `peppers` open nothing any more, and are not counted.
pub(super) async fn standing(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    peppers: &[String],
) -> Result<Option<RecoveryCodes>> {
    Ok(sqlx::query_as!(
        RecoveryCodes,
        r#"select p.role = any(t.recovery_code_roles) as "allowed!", count(c.id) as "left!", max(c.created_at) as made_at
           from app.people p
           join app.tenants t on t.id = p.tenant_id
           left join app.recovery_codes c on c.tenant_id = p.tenant_id and c.person_id = p.id
             and p.role = any(t.recovery_code_roles) and split_part(c.code_hash, '$', 1) = any($3)
           where p.tenant_id = $1 and p.id = $2
           group by p.role, t.recovery_code_roles"#,
        tenant.uuid(),
        person.uuid(),
        peppers,
    )
    .fetch_optional(conn)
    .await?)
}

/// Codes to keep.
#[derive(Debug, Default)]
pub(super) struct NewCodes {
    pub ids: Vec<Uuid>,
    pub selectors: Vec<String>,
    pub hashes: Vec<String>,
}

pub(super) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    new: &NewCodes,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into app.recovery_codes (tenant_id, id, person_id, selector, code_hash, created_at)
         select $1, id, $2, selector, code_hash, $6
         from unnest($3::uuid[], $4::text[], $5::text[]) as new (id, selector, code_hash)",
        tenant.uuid(),
        person.uuid(),
        &new.ids,
        &new.selectors,
        &new.hashes,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes all codes of a person; how many there were.
pub(crate) async fn remove(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
) -> Result<u64> {
    let removed = sqlx::query!(
        "delete from app.recovery_codes where tenant_id = $1 and person_id = $2",
        tenant.uuid(),
        person.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(removed.rows_affected())
}

/// Removes the codes of everybody whose role may hold none; how many there were.
pub(crate) async fn remove_where_not_allowed(
    conn: &mut PgConnection,
    tenant: TenantId,
) -> Result<u64> {
    let removed = sqlx::query!(
        "delete from app.recovery_codes c using app.people p, app.tenants t
         where c.tenant_id = $1 and p.tenant_id = c.tenant_id and p.id = c.person_id and t.id = c.tenant_id
           and not p.role = any(t.recovery_code_roles)",
        tenant.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(removed.rows_affected())
}
