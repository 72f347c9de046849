//! What is taken away when somebody is deleted.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::{
    error::Result,
    ids::{PersonId, TenantId},
    permission::Role,
};

/// What hangs on a person.
#[derive(Debug)]
pub(in crate::people) struct Hanging {
    pub owned: i64,
    pub deputised: i64,
    pub sessions: i64,
    pub tokens: i64,
}

pub(in crate::people) async fn hanging(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: PersonId,
    now: DateTime<Utc>,
) -> Result<Hanging> {
    Ok(sqlx::query_as!(
        Hanging,
        r#"select (select count(*) from app.obligation_instances
                   where tenant_id = $1 and owner_id = $2 and state = 'open') as "owned!",
                  (select count(*) from app.obligation_instances
                   where tenant_id = $1 and deputy_id = $2 and state = 'open') as "deputised!",
                  (select count(*) from app.sessions
                   where tenant_id = $1 and person_id = $2 and stage = 'full' and absolute_at > $3) as "sessions!",
                  (select count(*) from app.api_tokens
                   where tenant_id = $1 and person_id = $2 and revoked_at is null and expires_at > $3) as "tokens!""#,
        tenant.uuid(),
        id.uuid(),
        now,
    )
    .fetch_one(conn)
    .await?)
}

/// Somebody who takes work over, locked: their role, if they can sign in.
pub(in crate::people) async fn heir(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: PersonId,
) -> Result<Option<Role>> {
    Ok(sqlx::query_scalar!(
        r#"select role as "role: Role" from app.people
           where tenant_id = $1 and id = $2 and status = 'active' for update"#,
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// What somebody is known by, as an answer in JSON has it.
#[derive(Debug)]
pub(in crate::people) struct KnownBy {
    /// The whole name in its quotes: a short one is part of other words.
    pub name: String,
    /// The address in lower case.
    pub email: String,
}

/// Leaves of a person their id and their role. What answers to repeated requests and failed deliveries say of them goes too.
pub(in crate::people) async fn erase(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: PersonId,
    known_by: &KnownBy,
    former: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let (tenant, id) = (tenant.uuid(), id.uuid());
    sqlx::query!(
        "delete from app.idempotency_keys
         where tenant_id = $1
           and (actor_id = $2 or strpos(answer, $3) > 0 or strpos(answer, $4) > 0 or strpos(lower(answer), $5) > 0)",
        tenant,
        id,
        id.to_string(),
        known_by.name,
        known_by.email,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update app.reminder_slots set last_error = null
         where tenant_id = $1 and recipient_id = $2 and last_error is not null",
        tenant,
        id,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "with a as (delete from app.invitations where tenant_id = $1 and person_id = $2),
              b as (delete from app.password_resets where tenant_id = $1 and person_id = $2),
              c as (delete from app.email_changes where tenant_id = $1 and person_id = $2),
              d as (delete from app.password_history where tenant_id = $1 and person_id = $2),
              e as (delete from app.account_mail where tenant_id = $1 and person_id = $2),
              f as (delete from app.api_tokens where tenant_id = $1 and person_id = $2),
              g as (delete from app.recovery_codes where tenant_id = $1 and person_id = $2),
              h as (delete from app.pending_factors where tenant_id = $1 and person_id = $2),
              i as (delete from app.known_networks where tenant_id = $1 and person_id = $2),
              j as (delete from app.passkeys where tenant_id = $1 and person_id = $2),
              k as (delete from app.oidc_identities where tenant_id = $1 and person_id = $2),
              l as (update app.security_events set address = '' where tenant_id = $1 and person_id = $2)
         delete from app.person_branches where tenant_id = $1 and person_id = $2",
        tenant,
        id,
    )
    .execute(&mut *conn)
    .await?;
    // The name says in words that there is none; no address has this form, so that nobody can be found by it.
    sqlx::query!(
        "update app.people
         set name = $3, email = '', canonical_email = 'deleted:' || id, status = 'disabled', disabled_by = 'head_office', password_hash = null,
             must_change_password = false, totp_secret = null, totp_confirmed_at = null, totp_last_step = null,
             factor_wrong = 0, factor_locked_until = null, last_sign_in_at = null, active_since = null, deleted_at = $4,
             updated_at = $4, version = version + 1
         where tenant_id = $1 and id = $2",
        tenant,
        id,
        former,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
