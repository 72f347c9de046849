//! The SQL of sessions that begin: anew, or under a new name in the place of one that was there.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::{
    error::Result,
    ids::{DeviceId, PersonId, SessionId, TenantId},
    security_events::NetworkKey,
    sessions::model::Stage,
};

/// A session to begin.
#[derive(Debug)]
pub(in crate::sessions) struct NewSession {
    pub id: SessionId,
    pub person: PersonId,
    pub sid_hash: [u8; 32],
    pub stage: Stage,
    /// By what was shown who it is (RFC 8176), with blanks between.
    pub amr: String,
    pub absolute_at: DateTime<Utc>,
    pub device: Option<DeviceId>,
    pub ip: String,
    pub user_agent: String,
    pub network: Option<NetworkKey>,
}

pub(in crate::sessions) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    new: &NewSession,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into app.sessions (tenant_id, id, person_id, sid_hash, stage, created_at, auth_time, last_seen_at, factor_at,
                                   absolute_at, device_id, ip, user_agent, network, amr)
         values ($1, $2, $3, $4, $5, $6, $6, $6, $11, $7, $8, $9, $10, $12, $13)",
        tenant.uuid(),
        new.id.uuid(),
        new.person.uuid(),
        &new.sid_hash[..],
        new.stage as Stage,
        now,
        new.absolute_at,
        new.device.map(DeviceId::uuid),
        new.ip,
        new.user_agent,
        (new.stage == Stage::Full).then_some(now),
        new.network.as_ref().map(|network| &network[..]),
        new.amr,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What a session goes on under.
#[derive(Debug)]
pub(in crate::sessions) struct NewName {
    pub id: SessionId,
    pub sid_hash: [u8; 32],
    pub ip: String,
    pub user_agent: String,
    pub factor_at: Option<DateTime<Utc>>,
    /// By what it was shown again who it is; as before if nothing was.
    pub amr: Option<String>,
}

/// What became of a session that goes on.
#[derive(Debug)]
pub(in crate::sessions) struct Renamed {
    pub auth_time: DateTime<Utc>,
    pub absolute_at: DateTime<Utc>,
    pub amr: String,
}

/// Puts a new row in the place of a full session's, with a factor given at `factor_at`, or when it was. It began
/// when the old one did and ends no later; what is known of where it was used, and when that was told, goes with it. `None` if
/// the old one has ended.
pub(in crate::sessions) async fn rename(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    old: SessionId,
    new: &NewName,
    now: DateTime<Utc>,
) -> Result<Option<Renamed>> {
    Ok(sqlx::query_as!(
        Renamed,
        r#"with old as (
             delete from app.sessions
             where tenant_id = $1 and id = $2 and person_id = $3 and stage = 'full' and revoked_at is null and absolute_at > $4
             returning created_at, auth_time, absolute_at, factor_at, device_id, network, previous_network, moved_at,
                       agent_told_at, amr)
           insert into app.sessions (tenant_id, id, person_id, sid_hash, stage, created_at, auth_time, last_seen_at, factor_at,
                                     absolute_at, device_id, ip, user_agent, network, previous_network, moved_at, agent_told_at,
                                     amr)
           select $1, $5, $3, $6, 'full', old.created_at, coalesce($9, old.auth_time), $4,
                  coalesce($9, old.factor_at),
                  least(old.absolute_at, old.created_at + make_interval(hours => t.session_absolute_hours::integer)),
                  old.device_id, $7, $8, old.network, old.previous_network, old.moved_at, old.agent_told_at,
                  coalesce($10, old.amr)
           from old join app.tenants t on t.id = $1
           returning auth_time, absolute_at, amr"#,
        tenant.uuid(),
        old.uuid(),
        person.uuid(),
        now,
        new.id.uuid(),
        &new.sid_hash[..],
        new.ip,
        new.user_agent,
        new.factor_at,
        new.amr,
    )
    .fetch_optional(conn)
    .await?)
}
