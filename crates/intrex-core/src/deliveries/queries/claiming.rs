//! The claim, as `intrex_system`: it sees ids and times alone.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{error::Result, outbox::Claim};

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

/// What one claim reads of a way at most: more than it may have on its way is never taken.
pub(in crate::deliveries) const A_WAY: i64 = 8;

/// Gives back what was claimed by whoever has not come back in time: it waits again.
pub(in crate::deliveries) async fn release_lapsed(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<u64> {
    let released = sqlx::query!(
        "update app.notification_deliveries set state = 'waiting', lease_until = null
         where state = 'sending' and lease_until <= $1",
        now,
    )
    .execute(conn)
    .await?;
    Ok(released.rows_affected())
}

/// Claims due deliveries: every tenant's first before anybody's second, and within a tenant every connector's first before
/// any connector's second. What is on its way already counts. A parked connector's wait, and when its time is over, one of
/// them is tried. A suspended tenant's wait too. What it costs grows with the ways that have something waiting, not with how
/// much waits: each way is found by one step through the index, and of each only the first few are read.
pub(in crate::deliveries) async fn claim(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
    own_mail: Uuid,
    room: Room,
) -> Result<Vec<Claim>> {
    Ok(sqlx::query_as!(
        Claim,
        r#"with recursive next_ways as (
             (select s.tenant_id, s.way from app.notification_deliveries s where s.state = 'waiting'
              order by s.tenant_id, s.way limit 1)
             union all
             select n.tenant_id, n.way from next_ways h cross join lateral (
               select s.tenant_id, s.way from app.notification_deliveries s
               where s.state = 'waiting' and (s.tenant_id, s.way) > (h.tenant_id, h.way)
               order by s.tenant_id, s.way limit 1) n
           ), busy as (
             select tenant_id, way, count(*) as n from app.notification_deliveries where state = 'sending' group by tenant_id, way
           ), busy_tenants as (
             select tenant_id, sum(n)::bigint as n from busy group by tenant_id
           ), ways as (
             select h.tenant_id, h.way, coalesce(b.n, 0) as busy,
                    case when c.parked_until is null then $4::bigint else 1 end as room
             from next_ways h
             join app.tenants t on t.id = h.tenant_id and t.status = 'active'
             left join app.connectors c on c.tenant_id = h.tenant_id and c.id = h.way
             left join busy b on b.tenant_id = h.tenant_id and b.way = h.way
             where c.parked_until is null or c.parked_until <= $1
           ), firsts as (
             select w.tenant_id, d.id, w.way, w.room, d.next_attempt_at,
                    w.busy + row_number() over (partition by w.tenant_id, w.way order by d.next_attempt_at, d.id) as turn
             from ways w
             cross join lateral (
               select s.id, s.next_attempt_at from app.notification_deliveries s
               where s.tenant_id = w.tenant_id and s.way = w.way and s.state = 'waiting' and s.next_attempt_at <= $1
               order by s.next_attempt_at, s.id limit 8) d
             where w.busy < w.room
           ), due as (
             select f.tenant_id, f.id, f.way, f.next_attempt_at,
                    coalesce(t.n, 0) + row_number() over (partition by f.tenant_id order by f.turn, f.next_attempt_at, f.id) as turn
             from firsts f left join busy_tenants t on t.tenant_id = f.tenant_id
             where f.turn <= f.room
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
             where s.state = 'waiting' and s.next_attempt_at <= $1
             for update of s skip locked
           )
           update app.notification_deliveries s
           set state = 'sending', lease_until = $2, fence = s.fence + 1, attempts = least(s.attempts + 1, 1000)
           from chosen c where s.tenant_id = c.tenant_id and s.id = c.id
           returning s.tenant_id as "tenant: crate::ids::TenantId", s.id, s.fence, s.attempts"#,
        now,
        lease_until,
        own_mail,
        room.a_connector.min(A_WAY),
        room.a_tenant,
        room.own_mail,
        room.limit,
    )
    .fetch_all(conn)
    .await?)
}

/// When the next delivery falls due that waits for nothing but its time; none if nothing does soon.
pub(in crate::deliveries) async fn next_due(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    soon: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    Ok(sqlx::query_scalar!(
        "with recursive next_ways as (
           (select s.tenant_id, s.way from app.notification_deliveries s where s.state = 'waiting'
            order by s.tenant_id, s.way limit 1)
           union all
           select n.tenant_id, n.way from next_ways h cross join lateral (
             select s.tenant_id, s.way from app.notification_deliveries s
             where s.state = 'waiting' and (s.tenant_id, s.way) > (h.tenant_id, h.way)
             order by s.tenant_id, s.way limit 1) n
         )
         select min(greatest(first.next_attempt_at, c.parked_until))
         from next_ways h
         join app.tenants t on t.id = h.tenant_id and t.status = 'active'
         left join app.connectors c on c.tenant_id = h.tenant_id and c.id = h.way
         cross join lateral (
           select s.next_attempt_at from app.notification_deliveries s
           where s.tenant_id = h.tenant_id and s.way = h.way and s.state = 'waiting' and s.next_attempt_at > $1
             and s.next_attempt_at <= $2
           order by s.next_attempt_at limit 1) first",
        now,
        soon,
    )
    .fetch_one(conn)
    .await?)
}
