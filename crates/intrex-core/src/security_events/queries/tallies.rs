//! The SQL of what rules count: sums by the minute, and how many different ones there were.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::{error::Result, ids::TenantId};

/// What is counted.
#[derive(Debug, Clone, Copy)]
pub(in crate::security_events) enum Rule {
    Burst,
    Spray,
    Export,
}

impl Rule {
    fn as_str(self) -> &'static str {
        match self {
            Rule::Burst => "burst",
            Rule::Spray => "spray",
            Rule::Export => "export",
        }
    }
}

/// Adds to the sum of this minute; the sum since `since`.
pub(in crate::security_events) async fn add_to_sum(
    conn: &mut PgConnection,
    tenant: TenantId,
    rule: Rule,
    key: &str,
    n: i64,
    now: DateTime<Utc>,
    since: DateTime<Utc>,
) -> Result<i64> {
    let minute = now.timestamp().div_euclid(60).to_string();
    Ok(sqlx::query_scalar!(
        r#"with counted as (
             insert into app.security_tallies as t (tenant_id, rule, key, member, n, seen_at) values ($1, $2, $3, $4, $5, $6)
             on conflict (tenant_id, rule, key, member) do update
               set n = t.n + excluded.n, seen_at = greatest(t.seen_at, excluded.seen_at)
             returning n)
           select ((select n from counted) + coalesce((
             select sum(n) from app.security_tallies
             where tenant_id = $1 and rule = $2 and key = $3 and member <> $4 and seen_at > $7), 0))::bigint as "n!""#,
        tenant.uuid(),
        rule.as_str(),
        key,
        minute,
        n,
        now,
        since,
    )
    .fetch_one(conn)
    .await?)
}

/// One of several that are counted together.
#[derive(Debug)]
pub(in crate::security_events) struct Member<'a> {
    pub(in crate::security_events) rule: Rule,
    pub(in crate::security_events) key: &'a str,
    pub(in crate::security_events) member: &'a str,
    /// How many are enough: more are neither counted nor kept, so that a flood does not fill the table.
    pub(in crate::security_events) enough: i32,
}

/// Notes one of several; how many different ones there were since `since`. The first statement locks the row of the whole,
/// so that of two at the same moment the second one counts the first.
pub(in crate::security_events) async fn add_member(
    conn: &mut PgConnection,
    tenant: TenantId,
    of: &Member<'_>,
    now: DateTime<Utc>,
    since: DateTime<Utc>,
) -> Result<i64> {
    sqlx::query!(
        "insert into app.security_tallies as t (tenant_id, rule, key, member, n, seen_at) values ($1, $2, $3, '', 1, $4)
         on conflict (tenant_id, rule, key, member) do update set n = t.n + 1, seen_at = greatest(t.seen_at, excluded.seen_at)",
        tenant.uuid(),
        of.rule.as_str(),
        of.key,
        now,
    )
    .execute(&mut *conn)
    .await?;
    let member = format!("m:{}", of.member);
    Ok(sqlx::query_scalar!(
        r#"with others as (
             select count(*) as n from (
               select from app.security_tallies
               where tenant_id = $1 and rule = $2 and key = $3 and member not in ('', $4) and seen_at > $6 limit $7) few
           ), counted as (
             insert into app.security_tallies as t (tenant_id, rule, key, member, n, seen_at)
             select $1, $2, $3, $4, 1, $5 from others where others.n < $7
             on conflict (tenant_id, rule, key, member) do update
               set n = t.n + 1, seen_at = greatest(t.seen_at, excluded.seen_at))
           select 1 + others.n as "n!" from others"#,
        tenant.uuid(),
        of.rule.as_str(),
        of.key,
        member,
        now,
        since,
        i64::from(of.enough),
    )
    .fetch_one(conn)
    .await?)
}

pub(crate) async fn remove_old_tallies(
    conn: &mut PgConnection,
    tenant: TenantId,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<u64> {
    let removed = sqlx::query!(
        "delete from app.security_tallies t
         using (select rule, key, member from app.security_tallies
                where tenant_id = $1 and seen_at < $2 order by seen_at limit $3) old
         where t.tenant_id = $1 and t.rule = old.rule and t.key = old.key and t.member = old.member and t.seen_at < $2",
        tenant.uuid(),
        before,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(removed.rows_affected())
}
