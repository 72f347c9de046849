//! All SQL of the outbox. Claiming looks across tenants, as `intrex_system`; the rest runs in one tenant.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Kind;
use crate::{
    db::remove_old,
    error::Result,
    ids::{PersonId, TenantId},
    outbox::{self, Claim},
    people::PersonStatus,
};

/// A letter to write.
pub(super) struct NewRow<'a> {
    pub(super) id: Uuid,
    pub(super) kind: Kind,
    pub(super) to: Option<&'a str>,
    pub(super) other: Option<&'a str>,
    /// The code of security events, and how many.
    pub(super) seen: Option<(&'a str, i32)>,
    /// Sealed.
    pub(super) token: Option<String>,
    pub(super) expires_at: DateTime<Utc>,
}

/// Writes a letter to a person, if there is one of this id.
pub(super) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    row: &NewRow<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into app.account_mail (tenant_id, id, person_id, kind, to_address, other_address, token, state, expires_at,
                                       next_attempt_at, created_at, code, event_count)
         select p.tenant_id, $3, p.id, $4, coalesce($5, p.email), $6, $7, 'queued', $8, $9, $9, $10, $11
         from app.people p where p.tenant_id = $1 and p.id = $2",
        tenant.uuid(),
        person.uuid(),
        row.id,
        row.kind.as_str(),
        row.to,
        row.other,
        row.token,
        row.expires_at,
        now,
        row.seen.map(|(code, _)| code),
        row.seen.map(|(_, count)| count),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes back what was not sent yet. What is on its way arrives, and its outcome is not written.
pub(super) async fn withdraw(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    kinds: &[String],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.account_mail
         set state = 'dropped', reason = 'superseded', settled_at = $4, token = null, to_address = null,
             other_address = null, lease_until = null
         where tenant_id = $1 and person_id = $2 and kind = any($3) and state in ('queued', 'sending')",
        tenant.uuid(),
        person.uuid(),
        kinds,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives up what nobody could send in time, and forgets its links.
pub(super) async fn expire(
    conn: &mut PgConnection,
    tenant: TenantId,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<u64> {
    let expired = sqlx::query!(
        "update app.account_mail m
         set state = 'dropped', reason = 'expired', settled_at = $2, token = null, to_address = null, other_address = null,
             lease_until = null
         from (select id from app.account_mail
               where tenant_id = $1 and state in ('queued', 'sending') and expires_at <= $2
                 and (lease_until is null or lease_until <= $2)
               order by next_attempt_at limit $3 for update skip locked) old
         where m.tenant_id = $1 and m.id = old.id",
        tenant.uuid(),
        now,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(expired.rows_affected())
}

/// Removes rows that were settled long ago.
pub(super) async fn remove(
    conn: &mut PgConnection,
    tenant: TenantId,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<u64> {
    Ok(remove_old!(
        "app.account_mail",
        "settled_at",
        conn,
        tenant,
        before,
        limit
    ))
}

/// Whether a look is worth it.
pub(super) async fn anything_due(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<bool> {
    Ok(outbox::anything_due!("app.account_mail", "queued", conn, now).await?)
}

/// Claims due letters.
pub(super) async fn claim(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
    a_tenant: i64,
    limit: i64,
) -> Result<Vec<Claim>> {
    Ok(outbox::claim!(
        "app.account_mail",
        "queued",
        conn,
        now,
        lease_until,
        a_tenant,
        limit
    )
    .await?)
}

/// A claimed letter and whom it is for.
pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) fence: i64,
    pub(super) kind: String,
    pub(super) to_address: Option<String>,
    pub(super) other_address: Option<String>,
    pub(super) code: Option<String>,
    pub(super) event_count: Option<i32>,
    pub(super) token: Option<String>,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) person: PersonId,
    pub(super) name: String,
    pub(super) status: PersonStatus,
    pub(super) tenant_name: String,
}

pub(super) async fn load(
    conn: &mut PgConnection,
    tenant: TenantId,
    ids: &[Uuid],
) -> Result<Vec<Row>> {
    Ok(sqlx::query_as!(
        Row,
        r#"select m.id, m.fence, m.kind, m.to_address, m.other_address, m.code, m.event_count, m.token,
                  m.expires_at, m.created_at, p.id as "person: PersonId", p.name, p.status as "status: PersonStatus", t.name as tenant_name
           from app.account_mail m
           join app.people p on p.tenant_id = m.tenant_id and p.id = m.person_id
           join app.tenants t on t.id = m.tenant_id
           where m.tenant_id = $1 and m.id = any($2) and m.state = 'sending'
           order by m.created_at, m.id"#,
        tenant.uuid(),
        ids,
    )
    .fetch_all(conn)
    .await?)
}

/// Writes that a letter was sent or given up, and forgets link and addresses. `false` if the claim holds no more.
pub(super) async fn settle(
    conn: &mut PgConnection,
    claim: &Claim,
    state: &str,
    reason: Option<&str>,
    error: Option<&str>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let settled = sqlx::query!(
        "update app.account_mail
         set state = $4, reason = $5, last_error = $6, settled_at = $7, lease_until = null, token = null, to_address = null,
             other_address = null
         where tenant_id = $1 and id = $2 and fence = $3 and state = 'sending'",
        claim.tenant.uuid(),
        claim.id,
        claim.fence,
        state,
        reason,
        error,
        now,
    )
    .execute(conn)
    .await?;
    Ok(settled.rows_affected() == 1)
}

/// Gives a letter back, to be sent at `at`.
pub(super) async fn postpone(
    conn: &mut PgConnection,
    claim: &Claim,
    at: DateTime<Utc>,
    error: Option<&str>,
) -> Result<()> {
    sqlx::query!(
        "update app.account_mail
         set state = 'queued', next_attempt_at = $4, lease_until = null, last_error = coalesce($5, last_error)
         where tenant_id = $1 and id = $2 and fence = $3 and state = 'sending'",
        claim.tenant.uuid(),
        claim.id,
        claim.fence,
        at,
        error,
    )
    .execute(conn)
    .await?;
    Ok(())
}
