//! The SQL of sessions. Looking an address up is done as `intrex_system`; everything else as the application, with the
//! tenant set.

mod account;
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
    permission::Role,
};

pub(crate) use account::lock_person;
pub(super) use account::{
    Account, find_account, find_by_email, is_there, keeps_password, replace_password_hash,
};
pub(super) use beginning::{NewName, NewSession, insert, rename};
pub(crate) use factor::{Factor, forget_wrong};
pub(super) use factor::{
    confirm_secret, factor, factor_for_update, note_given, set_secret, set_wrong, use_step,
};

/// A session that counts at this moment, and the branch setting of its transaction.
#[derive(Debug)]
pub(super) struct Authenticated {
    pub id: SessionId,
    pub role: Role,
    pub stage: Stage,
    pub auth_time: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    pub factor_at: Option<DateTime<Utc>>,
    pub amr: String,
    pub absolute_at: DateTime<Utc>,
    pub idle_minutes: i16,
    pub must_change_password: bool,
    pub must_add_passkey: bool,
    pub person_name: String,
    pub email: String,
    pub tenant_name: String,
    pub branches: String,
    pub user_agent: String,
    pub network: Option<Vec<u8>>,
    pub moved_at: Option<DateTime<Utc>>,
    pub agent_told_at: Option<DateTime<Utc>>,
}

/// Checks a session and sets the transaction's branches, in one round trip. Without a session nothing is set. None of the
/// tables read here has a branch policy; whatever does is read by a later statement.
pub(super) async fn authenticate(
    conn: &mut PgConnection,
    tenant: TenantId,
    sid_hash: &[u8; 32],
    person: PersonId,
    passkey_domain: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Option<Authenticated>> {
    Ok(sqlx::query_as!(
        Authenticated,
        r#"select s.id as "id: SessionId", p.role as "role: Role", s.stage as "stage: Stage", s.auth_time, s.last_seen_at,
                  s.factor_at, s.amr, least(s.absolute_at, s.created_at + make_interval(hours => t.session_absolute_hours::integer))
                    as "absolute_at!",
                  t.session_idle_minutes as idle_minutes, p.must_change_password, p.name as person_name, p.email,
                  t.name as tenant_name, s.user_agent, s.network, s.moved_at, s.agent_told_at,
                  p.role = 'head_office_admin' and t.admin_second_factor = 'passkey' and $5::text is not null
                    and not exists (select from app.passkeys k where k.tenant_id = s.tenant_id
                                    and k.person_id = s.person_id and k.rp_id = $5) as "must_add_passkey!",
                  set_config('app.current_branches', case
                    when s.stage <> 'full' then ''
                    when p.role = 'head_office_admin' then '*'
                    else coalesce((select string_agg(pb.branch_id::text, ',' order by pb.branch_id)
                                   from app.person_branches pb
                                   where pb.tenant_id = s.tenant_id and pb.person_id = s.person_id), '')
                    end, true) as "branches!"
           from app.sessions s
           join app.people p on p.tenant_id = s.tenant_id and p.id = s.person_id
           join app.tenants t on t.id = s.tenant_id
           where s.tenant_id = $1 and s.sid_hash = $2 and s.person_id = $3
             and s.revoked_at is null and s.absolute_at > $4
             and s.created_at > $4 - make_interval(hours => t.session_absolute_hours::integer)
             and s.last_seen_at > $4 - make_interval(mins => t.session_idle_minutes::integer)
             and p.status = 'active' and t.status = 'active'
             and (s.stage <> 'full' or p.mfa_enrolled)"#,
        tenant.uuid(),
        &sid_hash[..],
        person.uuid(),
        now,
        passkey_domain,
    )
    .fetch_optional(conn)
    .await?)
}

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

/// Notes a use, unless one was noted after `before`.
pub(super) async fn touch(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: SessionId,
    now: DateTime<Utc>,
    before: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.sessions set last_seen_at = $3 where tenant_id = $1 and id = $2 and last_seen_at < $4 and revoked_at is null",
        tenant.uuid(),
        id.uuid(),
        now,
        before,
    )
    .execute(conn)
    .await?;
    Ok(())
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
