//! The SQL of sessions. Looking an address up is done as `intrex_system`; everything else as the application, with the
//! tenant set.

mod account;
mod authenticate;
mod beginning;
mod factor;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{
    model::{OwnSession, Stage},
    user_agent,
};
use crate::{
    error::Result,
    ids::{PersonId, SessionId, TenantId},
};

pub(crate) use account::lock_person;
pub(super) use account::{
    Account, find_account, find_by_email, is_there, keeps_password, replace_password_hash,
};
pub(super) use authenticate::{Authenticated, authenticate, touch};
pub(super) use beginning::{NewName, NewSession, insert, rename};
pub(crate) use factor::{Factor, forget_wrong};
pub(super) use factor::{
    confirm_secret, factor, factor_for_update, note_given, set_secret, set_wrong, use_step,
};

/// When the second factor was given in a full session that counts at this moment.
pub(super) async fn factor_given_at(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    id: SessionId,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    Ok(sqlx::query_scalar!(
        r#"select s.factor_at as "factor_at!" from app.sessions s join app.tenants t on t.id = s.tenant_id
           where s.tenant_id = $1 and s.id = $2 and s.person_id = $3 and s.stage = 'full' and s.factor_at is not null
             and s.revoked_at is null and s.absolute_at > $4
             and s.created_at > $4 - make_interval(hours => t.session_absolute_hours::integer)
             and s.last_seen_at > $4 - make_interval(mins => t.session_idle_minutes::integer)"#,
        tenant.uuid(),
        id.uuid(),
        person.uuid(),
        now,
    )
    .fetch_optional(conn)
    .await?)
}

/// Ends a provisional session. Of two codes at the same moment one is told `true`.
pub(super) async fn end_provisional(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: SessionId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let ended = sqlx::query!(
        "delete from app.sessions
         where tenant_id = $1 and id = $2 and stage <> 'full' and revoked_at is null and absolute_at > $3",
        tenant.uuid(),
        id.uuid(),
        now,
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(ended == 1)
}

pub(super) async fn delete(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    id: SessionId,
) -> Result<bool> {
    let deleted = sqlx::query!(
        "delete from app.sessions where tenant_id = $1 and person_id = $2 and id = $3",
        tenant.uuid(),
        person.uuid(),
        id.uuid(),
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(deleted == 1)
}

/// Whose session this is: with `person`, only if it is theirs.
pub(super) async fn owner(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: SessionId,
    person: Option<PersonId>,
) -> Result<Option<PersonId>> {
    Ok(sqlx::query_scalar!(
        r#"select person_id as "person: PersonId" from app.sessions
           where tenant_id = $1 and id = $2 and ($3::uuid is null or person_id = $3)"#,
        tenant.uuid(),
        id.uuid(),
        person.map(PersonId::uuid),
    )
    .fetch_optional(conn)
    .await?)
}

/// Ends every session of a person, or all but one; how many had got past their second factor.
pub(super) async fn delete_others(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    kept: Option<SessionId>,
) -> Result<usize> {
    let stages = sqlx::query_scalar!(
        r#"delete from app.sessions where tenant_id = $1 and person_id = $2 and ($3::uuid is null or id <> $3)
           returning stage as "stage: Stage""#,
        tenant.uuid(),
        person.uuid(),
        kept.map(SessionId::uuid),
    )
    .fetch_all(conn)
    .await?;
    Ok(stages.iter().filter(|stage| **stage == Stage::Full).count())
}

pub(super) async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<OwnSession>> {
    let rows = sqlx::query!(
        r#"select s.id as "id: SessionId", s.created_at, s.last_seen_at, s.factor_at as "factor_at!",
                  least(s.absolute_at, s.created_at + make_interval(hours => t.session_absolute_hours::integer))
                    as "expires_at!",
                  s.ip, s.user_agent
           from app.sessions s join app.tenants t on t.id = s.tenant_id
           where s.tenant_id = $1 and s.person_id = $2 and s.stage = 'full' and s.revoked_at is null and s.absolute_at > $3
             and s.created_at > $3 - make_interval(hours => t.session_absolute_hours::integer)
             and s.last_seen_at > $3 - make_interval(mins => t.session_idle_minutes::integer)
           order by s.last_seen_at desc, s.id limit $4"#,
        tenant.uuid(),
        person.uuid(),
        now,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let sessions = rows.into_iter().map(|row| OwnSession {
        id: row.id,
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
        factor_at: row.factor_at,
        expires_at: row.expires_at,
        ip: row.ip,
        browser: user_agent::browser(&row.user_agent),
        system: user_agent::system(&row.user_agent),
        user_agent: row.user_agent,
        current: false,
    });
    Ok(sessions.collect())
}
