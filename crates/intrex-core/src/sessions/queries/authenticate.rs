//! The SQL of each request: whether a session still counts, and noting that it was used.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::{
    error::Result,
    ids::{PersonId, SessionId, TenantId},
    permission::Role,
    sessions::model::Stage,
};

/// A session that counts at this moment, and the branch setting of its transaction.
#[derive(Debug)]
pub(in crate::sessions) struct Authenticated {
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
    pub time_zone: String,
    pub deletion_due_at: Option<DateTime<Utc>>,
    pub branches: String,
    pub user_agent: String,
    pub network: Option<Vec<u8>>,
    pub moved_at: Option<DateTime<Utc>>,
    pub agent_told_at: Option<DateTime<Utc>>,
}

/// Checks a session and sets the transaction's branches, in one round trip. Without a session nothing is set. None of the
/// tables read here has a branch policy; whatever does is read by a later statement.
pub(in crate::sessions) async fn authenticate(
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
                  t.name as tenant_name, t.time_zone, t.deletion_due_at, s.user_agent, s.network, s.moved_at, s.agent_told_at,
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

/// Notes a use, unless one was noted after `before`.
pub(in crate::sessions) async fn touch(
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
