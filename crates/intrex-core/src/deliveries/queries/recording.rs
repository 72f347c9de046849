//! The SQL of what became of attempts.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    error::Result,
    ids::{PersonId, TenantId},
};

/// Which of some claims still hold their deliveries, under lock, taken in the order of their ids. Of two claims of one
/// delivery the later one alone can hold it.
pub(in crate::deliveries) async fn lock_held(
    conn: &mut PgConnection,
    tenant: TenantId,
    claims: &[(Uuid, i64)],
) -> Result<HashSet<(Uuid, i64)>> {
    let (ids, fences): (Vec<Uuid>, Vec<i64>) = claims.iter().copied().unzip();
    let rows = sqlx::query!(
        "select s.id, s.fence from app.notification_deliveries s
           join unnest($2::uuid[], $3::bigint[]) as u (id, fence) on u.id = s.id
           where s.tenant_id = $1 and s.fence = u.fence and s.state = 'sending' order by s.id for update of s",
        tenant.uuid(),
        &ids,
        &fences,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.fence)).collect())
}

/// How deliveries stand after an attempt, column by column.
#[derive(Default)]
pub(in crate::deliveries) struct Settled {
    pub(in crate::deliveries) id: Vec<Uuid>,
    pub(in crate::deliveries) fence: Vec<i64>,
    pub(in crate::deliveries) state: Vec<String>,
    pub(in crate::deliveries) reason: Vec<Option<String>>,
    pub(in crate::deliveries) next_attempt_at: Vec<Option<DateTime<Utc>>>,
    pub(in crate::deliveries) attempts: Vec<i16>,
    pub(in crate::deliveries) class: Vec<Option<String>>,
    pub(in crate::deliveries) code: Vec<Option<i16>>,
    pub(in crate::deliveries) receipt: Vec<Option<String>>,
    /// Attempts that are noted with it.
    pub(in crate::deliveries) tried: Vec<i32>,
}

/// Writes how deliveries stand, as far as the claims still hold them; which did, and how often each was tried before. They
/// are locked in the order of their ids.
pub(in crate::deliveries) async fn settle(
    conn: &mut PgConnection,
    tenant: TenantId,
    settled: &Settled,
    now: DateTime<Utc>,
) -> Result<HashMap<(Uuid, i64), i32>> {
    let rows = sqlx::query!(
        r#"with settled as (
             select * from unnest($3::uuid[], $4::bigint[], $5::text[], $6::text[], $7::timestamptz[], $8::smallint[], $9::text[],
                                  $10::smallint[], $11::text[], $12::integer[])
               as u (id, fence, state, reason, next_attempt_at, attempts, class, code, receipt, tried)
           ), held as (
             select s.id, s.fence, s.tries from app.notification_deliveries s join settled u on u.id = s.id
             where s.tenant_id = $1 and s.fence = u.fence and s.state = 'sending' order by s.id for update of s
           )
           update app.notification_deliveries s
           set state = u.state, reason = u.reason, next_attempt_at = coalesce(u.next_attempt_at, s.next_attempt_at),
               attempts = u.attempts, tries = s.tries + u.tried, last_class = coalesce(u.class, s.last_class),
               last_code = coalesce(u.code, s.last_code), receipt = u.receipt, lease_until = null,
               settled_at = case when u.state = 'waiting' then null else $2::timestamptz end
           from held join settled u on u.id = held.id and u.fence = held.fence
           where s.tenant_id = $1 and s.id = held.id
           returning s.id, s.fence, held.tries"#,
        tenant.uuid(),
        now,
        &settled.id,
        &settled.fence,
        &settled.state,
        &settled.reason as &[Option<String>],
        &settled.next_attempt_at as &[Option<DateTime<Utc>>],
        &settled.attempts,
        &settled.class as &[Option<String>],
        &settled.code as &[Option<i16>],
        &settled.receipt as &[Option<String>],
        &settled.tried,
    )
    .fetch_all(conn)
    .await?;
    let rows = rows.into_iter();
    Ok(rows.map(|row| ((row.id, row.fence), row.tries)).collect())
}

/// Attempts, column by column.
#[derive(Default)]
pub(in crate::deliveries) struct Attempts {
    pub(in crate::deliveries) delivery: Vec<Uuid>,
    pub(in crate::deliveries) n: Vec<i32>,
    pub(in crate::deliveries) at: Vec<DateTime<Utc>>,
    pub(in crate::deliveries) took_ms: Vec<i32>,
    pub(in crate::deliveries) code: Vec<Option<i16>>,
    pub(in crate::deliveries) class: Vec<Option<String>>,
    pub(in crate::deliveries) answer: Vec<String>,
    pub(in crate::deliveries) stages: Vec<serde_json::Value>,
}

/// Notes one attempt of each of these deliveries. The caller holds their locks, so that nobody counts at the same time.
pub(in crate::deliveries) async fn add_attempts(
    conn: &mut PgConnection,
    tenant: TenantId,
    attempts: &Attempts,
) -> Result<()> {
    sqlx::query!(
        "insert into app.delivery_attempts (tenant_id, delivery_id, n, at, took_ms, code, class, answer, stages)
         select $1, u.delivery, u.n, u.at, u.took_ms, u.code, u.class, u.answer, u.stages
         from unnest($2::uuid[], $3::integer[], $4::timestamptz[], $5::integer[], $6::smallint[], $7::text[], $8::text[], $9::jsonb[])
                as u (delivery, n, at, took_ms, code, class, answer, stages)",
        tenant.uuid(),
        &attempts.delivery,
        &attempts.n,
        &attempts.at,
        &attempts.took_ms,
        &attempts.code as &[Option<i16>],
        &attempts.class as &[Option<String>],
        &attempts.answer,
        &attempts.stages,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes attempts that lie before an instant; how many.
pub(crate) async fn remove_old_attempts(
    conn: &mut PgConnection,
    tenant: TenantId,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<u64> {
    let removed = sqlx::query!(
        "delete from app.delivery_attempts a
         using (select delivery_id, n from app.delivery_attempts where tenant_id = $1 and at < $2 order by at limit $3) old
         where a.tenant_id = $1 and a.delivery_id = old.delivery_id and a.n = old.n",
        tenant.uuid(),
        before,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(removed.rows_affected())
}

/// Takes away what servers have said about somebody who is removed.
pub(crate) async fn forget_answers_to(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
) -> Result<()> {
    sqlx::query!(
        "update app.delivery_attempts a set answer = '', stages = '[]'
         from app.notification_deliveries d
         where d.tenant_id = $1 and d.recipient_id = $2 and a.tenant_id = $1 and a.delivery_id = d.id",
        tenant.uuid(),
        person.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}
