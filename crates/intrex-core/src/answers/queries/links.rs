//! The links of letters. They are found before it is known whose they are, so that no branch narrows them.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    error::Result,
    ids::{ObligationId, PersonId, TenantId},
};

/// Links to be, column by column.
#[derive(Default)]
pub(in crate::answers) struct NewLinks {
    pub(in crate::answers) hash: Vec<Vec<u8>>,
    pub(in crate::answers) person: Vec<Uuid>,
    pub(in crate::answers) obligation: Vec<Uuid>,
    pub(in crate::answers) threshold: Vec<String>,
    pub(in crate::answers) due_on: Vec<NaiveDate>,
}

/// Keeps links; a letter that is composed again has the one that it had.
pub(in crate::answers) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    links: &NewLinks,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into app.answer_links (tenant_id, token_hash, person_id, obligation_id, threshold, due_on, created_at, expires_at)
         select $1, u.hash, u.person, u.obligation, u.threshold, u.due_on, $2, $3
         from unnest($4::bytea[], $5::uuid[], $6::uuid[], $7::text[], $8::date[]) as u (hash, person, obligation, threshold, due_on)
         on conflict on constraint answer_links_pkey do nothing",
        tenant.uuid(),
        now,
        expires_at,
        &links.hash,
        &links.person,
        &links.obligation,
        &links.threshold,
        &links.due_on,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A link, and what its person is today.
pub(in crate::answers) struct LinkRow {
    pub(in crate::answers) person_id: PersonId,
    pub(in crate::answers) obligation_id: ObligationId,
    pub(in crate::answers) threshold: String,
    pub(in crate::answers) due_on: NaiveDate,
    pub(in crate::answers) used_at: Option<DateTime<Utc>>,
    pub(in crate::answers) answered: Option<String>,
    pub(in crate::answers) role: String,
    pub(in crate::answers) active: bool,
    pub(in crate::answers) tenant_name: String,
    pub(in crate::answers) branches: Vec<Uuid>,
}

/// A link that has not expired, in an organisation whose people can sign in.
pub(in crate::answers) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<LinkRow>> {
    Ok(sqlx::query_as!(
        LinkRow,
        r#"select l.person_id, l.obligation_id, l.threshold, l.due_on, l.used_at, l.answered, p.role,
                  p.status = 'active' as "active!", t.name as tenant_name,
                  array(select w.branch_id from app.person_branches w
                        where w.tenant_id = p.tenant_id and w.person_id = p.id) as "branches!"
           from app.answer_links l
           join app.people p on p.tenant_id = l.tenant_id and p.id = l.person_id
           join app.tenants t on t.id = l.tenant_id and t.status = 'active'
           where l.tenant_id = $1 and l.token_hash = $2 and l.expires_at > $3"#,
        tenant.uuid(),
        &hash[..],
        now,
    )
    .fetch_optional(conn)
    .await?)
}

/// Uses a link up. Of several at the same moment one is told `true`.
pub(in crate::answers) async fn use_up(
    conn: &mut PgConnection,
    tenant: TenantId,
    hash: &[u8; 32],
    answered: &'static str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let used = sqlx::query!(
        "update app.answer_links set used_at = $4, answered = $3
         where tenant_id = $1 and token_hash = $2 and used_at is null and expires_at > $4",
        tenant.uuid(),
        &hash[..],
        answered,
        now,
    )
    .execute(conn)
    .await?;
    Ok(used.rows_affected() == 1)
}

/// Removes links that expired before a point; how many.
pub(in crate::answers) async fn remove(
    conn: &mut PgConnection,
    tenant: TenantId,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<u64> {
    let removed = sqlx::query!(
        "delete from app.answer_links where tenant_id = $1 and ctid = any (array(
           select ctid from app.answer_links where tenant_id = $1 and expires_at < $2 limit $3))",
        tenant.uuid(),
        before,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(removed.rows_affected())
}
