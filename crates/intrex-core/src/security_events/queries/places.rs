//! The SQL of networks: from which a person signs in, and in which a session is used.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::{
    error::Result,
    ids::{PersonId, SessionId, TenantId},
};

/// What is known of a person's networks, before this sign-in.
#[derive(Debug)]
pub(in crate::security_events) struct Networks {
    /// When they signed in from this one last.
    pub(in crate::security_events) here_before: Option<DateTime<Utc>>,
    /// When they signed in from another one of the same family last.
    pub(in crate::security_events) elsewhere: Option<DateTime<Utc>>,
    pub(in crate::security_events) alternating_minutes: Option<i32>,
}

pub(in crate::security_events) async fn note_network(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    network: &[u8],
    same: &[Vec<u8>],
    now: DateTime<Utc>,
) -> Result<Networks> {
    Ok(sqlx::query_as!(
        Networks,
        "with before as (
           select network, last_seen_at from app.known_networks where tenant_id = $1 and person_id = $2
         ), noted as (
           insert into app.known_networks (tenant_id, person_id, network, first_seen_at, last_seen_at)
           values ($1, $2, $3, $5, $5)
           on conflict (tenant_id, person_id, network) do update set last_seen_at = excluded.last_seen_at)
         select (select max(last_seen_at) from before where network = any($4)) as here_before,
                (select max(last_seen_at) from before
                 where network <> all($4) and get_byte(network, 0) = get_byte($3, 0)) as elsewhere,
                (select alternating_minutes from app.security_thresholds where tenant_id = $1) as alternating_minutes",
        tenant.uuid(),
        person.uuid(),
        network,
        same,
        now,
    )
    .fetch_one(conn)
    .await?)
}

/// Holds somebody's row, which what is recorded of them refers to.
pub(in crate::security_events) async fn hold_person(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
) -> Result<()> {
    sqlx::query_scalar!(
        "select id from app.people where tenant_id = $1 and id = $2 for key share",
        tenant.uuid(),
        person.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(())
}

/// Where a session was used, as far as anybody looked.
#[derive(Debug)]
pub(in crate::security_events) struct SessionPlace {
    pub(in crate::security_events) network: Option<Vec<u8>>,
    pub(in crate::security_events) user_agent: String,
}

pub(in crate::security_events) async fn place_of(
    conn: &mut PgConnection,
    tenant: TenantId,
    session: SessionId,
) -> Result<Option<SessionPlace>> {
    Ok(sqlx::query_as!(
        SessionPlace,
        "select network, user_agent from app.sessions where tenant_id = $1 and id = $2",
        tenant.uuid(),
        session.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// A session's network before it changed.
#[derive(Debug)]
pub(in crate::security_events) struct Moved {
    /// It is the one before the last again, of the same family as the last.
    pub(in crate::security_events) is_back: bool,
    /// When it had changed before.
    pub(in crate::security_events) moved_before: Option<DateTime<Utc>>,
}

/// Notes that a session is used from another network, unless a change was noted after `told_before`.
pub(in crate::security_events) async fn move_session(
    conn: &mut PgConnection,
    tenant: TenantId,
    session: SessionId,
    network: &[u8],
    now: DateTime<Utc>,
    told_before: DateTime<Utc>,
) -> Result<Option<Moved>> {
    Ok(sqlx::query_as!(
        Moved,
        r#"with old as (
             select network, previous_network, moved_at from app.sessions where tenant_id = $1 and id = $2 for update)
           update app.sessions s set network = $3, previous_network = old.network, moved_at = $4
           from old
           where s.tenant_id = $1 and s.id = $2 and (old.moved_at is null or old.moved_at <= $5)
             and old.network is distinct from $3
           returning coalesce(old.previous_network = $3 and get_byte(old.network, 0) = get_byte($3, 0), false) as "is_back!",
                     old.moved_at as moved_before"#,
        tenant.uuid(),
        session.uuid(),
        network,
        now,
        told_before,
    )
    .fetch_optional(conn)
    .await?)
}

/// Whether another browser in a session is to be told now.
pub(in crate::security_events) async fn tell_agent(
    conn: &mut PgConnection,
    tenant: TenantId,
    session: SessionId,
    now: DateTime<Utc>,
    told_before: DateTime<Utc>,
) -> Result<bool> {
    let told = sqlx::query!(
        "update app.sessions set agent_told_at = $3
         where tenant_id = $1 and id = $2 and (agent_told_at is null or agent_told_at <= $4)",
        tenant.uuid(),
        session.uuid(),
        now,
        told_before,
    )
    .execute(conn)
    .await?;
    Ok(told.rows_affected() == 1)
}

pub(crate) async fn remove_old_networks(
    conn: &mut PgConnection,
    tenant: TenantId,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<u64> {
    let removed = sqlx::query!(
        "delete from app.known_networks n
         using (select person_id, network from app.known_networks
                where tenant_id = $1 and last_seen_at < $2 order by last_seen_at limit $3) old
         where n.tenant_id = $1 and n.person_id = old.person_id and n.network = old.network and n.last_seen_at < $2",
        tenant.uuid(),
        before,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(removed.rows_affected())
}
