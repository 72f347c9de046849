//! The claim, as `intrex_system`: it sees ids and times alone.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    error::Result,
    outbox::{self, Claim},
};

/// How much of it may be on its way at once.
#[derive(Debug, Clone, Copy)]
pub(in crate::deliveries) struct Room {
    /// That this claim takes.
    pub(in crate::deliveries) limit: i64,
    /// Of one tenant.
    pub(in crate::deliveries) a_tenant: i64,
    /// Over one connector.
    pub(in crate::deliveries) a_connector: i64,
    /// To the installation's own mail server, of all tenants together.
    pub(in crate::deliveries) own_mail: i64,
}

/// Whether a look is worth it.
pub(in crate::deliveries) async fn anything_due(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<bool> {
    Ok(outbox::anything_due!("app.notification_deliveries", "waiting", conn, now).await?)
}

/// Claims due deliveries: every tenant's first before anybody's second, and within a tenant every connector's first before
/// any connector's second. What is on its way already counts. A parked connector's wait, and when its time is over, one of
/// them is tried. A suspended tenant's wait too.
pub(in crate::deliveries) async fn claim(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
    own_mail: Uuid,
    room: Room,
) -> Result<Vec<Claim>> {
    Ok(sqlx::query_as!(
        Claim,
        r#"with busy as (
             select tenant_id, way, count(*) as n from app.notification_deliveries
             where state = 'sending' and lease_until > $1 group by tenant_id, way
           ), busy_tenants as (
             select tenant_id, sum(n)::bigint as n from busy group by tenant_id
           ), ways as (
             select t.id as tenant_id, $3::uuid as way, $4::bigint as room from app.tenants t where t.status = 'active'
             union all
             select c.tenant_id, c.id, case when c.parked_until is null then $4::bigint else 1 end
             from app.connectors c join app.tenants t on t.id = c.tenant_id
             where t.status = 'active' and (c.parked_until is null or c.parked_until <= $1)
           ), due as (
             select d.tenant_id, d.id, w.way, d.next_attempt_at,
                    row_number() over (partition by w.tenant_id order by d.turn, d.next_attempt_at, d.id) + coalesce(t.n, 0) as turn
             from ways w
             left join busy b on b.tenant_id = w.tenant_id and b.way = w.way
             left join busy_tenants t on t.tenant_id = w.tenant_id
             cross join lateral (
               select s.tenant_id, s.id, s.next_attempt_at,
                      row_number() over (order by s.next_attempt_at, s.id) + coalesce(b.n, 0) as turn
               from app.notification_deliveries s
               where s.tenant_id = w.tenant_id and s.way = w.way and s.state in ('waiting', 'sending')
                 and s.next_attempt_at <= $1 and (s.state = 'waiting' or s.lease_until <= $1)
               order by s.next_attempt_at, s.id limit greatest(w.room - coalesce(b.n, 0), 0)) d
           ), taking_turns as (
             select due.*, row_number() over (partition by due.way = $3 order by due.turn, due.next_attempt_at, due.id) as among
             from due where due.turn <= $5::bigint
           ), candidates as (
             select tenant_id, id from taking_turns
             where way <> $3 or among <= $6::bigint - (select coalesce(sum(n), 0)::bigint from busy where way = $3)
             order by turn, next_attempt_at, id limit $7
           ), chosen as (
             select s.tenant_id, s.id from app.notification_deliveries s
             join candidates c on c.tenant_id = s.tenant_id and c.id = s.id
             where s.state in ('waiting', 'sending') and s.next_attempt_at <= $1 and (s.state = 'waiting' or s.lease_until <= $1)
             for update of s skip locked
           )
           update app.notification_deliveries s
           set state = 'sending', lease_until = $2, fence = s.fence + 1, attempts = least(s.attempts + 1, 1000)
           from chosen c where s.tenant_id = c.tenant_id and s.id = c.id
           returning s.tenant_id as "tenant: crate::ids::TenantId", s.id, s.fence, s.attempts"#,
        now,
        lease_until,
        own_mail,
        room.a_connector,
        room.a_tenant,
        room.own_mail,
        room.limit,
    )
    .fetch_all(conn)
    .await?)
}
