//! All SQL of security events. Everything is counted by the database: two processes that see the same at the same moment
//! raise one row.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::{
    Code, SUBJECTS_A_WINDOW, SecurityEvent, SecurityFilter, Severity, Thresholds, window_of,
};
use crate::{
    error::Result,
    ids::{JobId, PersonId, SecurityEventId, SessionId, TenantId},
};

/// Something that was seen.
#[derive(Debug)]
pub(super) struct Sighting {
    pub(super) id: SecurityEventId,
    pub(super) code: Code,
    pub(super) subject: String,
    pub(super) person: Option<PersonId>,
    pub(super) address: String,
}

/// The row that it is in now.
#[derive(Debug)]
pub(super) struct Recorded {
    pub(super) id: SecurityEventId,
    pub(super) is_new: bool,
}

/// Makes a row, or raises the one of this window. Beyond so many subjects of a code the rest share a row without one, so that
/// no number of accounts or networks makes more rows than that.
pub(super) async fn record(
    conn: &mut PgConnection,
    tenant: TenantId,
    seen: &Sighting,
    now: DateTime<Utc>,
) -> Result<Recorded> {
    Ok(sqlx::query_as!(
        Recorded,
        r#"with others as (
             select count(*) as n from (
               select from app.security_events
               where tenant_id = $1 and code = $3 and window_from = $6 and subject <> $5 limit $7) few
           ), place as (
             select others.n < $7 or exists (
               select from app.security_events
               where tenant_id = $1 and code = $3 and window_from = $6 and subject = $5) as has_room
             from others)
           insert into app.security_events as e
             (tenant_id, id, code, severity, subject, person_id, window_from, seen, first_seen_at, last_seen_at, address)
           select $1, $2, $3, $4, case when place.has_room then $5 else '' end,
                  case when place.has_room then $10::uuid end, $6, 1, $8, $8, $9
           from place
           on conflict (tenant_id, code, subject, window_from) do update
             set seen = e.seen + 1, last_seen_at = greatest(e.last_seen_at, excluded.last_seen_at), address = excluded.address
           returning id as "id: SecurityEventId", seen = 1 as "is_new!""#,
        tenant.uuid(),
        seen.id.uuid(),
        seen.code.as_str(),
        seen.code.severity().as_str(),
        seen.subject,
        window_of(now),
        SUBJECTS_A_WINDOW,
        now,
        seen.address,
        seen.person.map(PersonId::uuid),
    )
    .fetch_one(conn)
    .await?)
}

/// What is counted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
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
pub(super) async fn add_to_sum(
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
pub(super) struct Member<'a> {
    pub(super) rule: Rule,
    pub(super) key: &'a str,
    pub(super) member: &'a str,
    /// How many are enough: more are neither counted nor kept, so that a flood does not fill the table.
    pub(super) enough: i32,
}

/// Notes one of several; how many different ones there were since `since`. The first statement locks the row of the whole,
/// so that of two at the same moment the second one counts the first.
pub(super) async fn add_member(
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

/// From when on the rules speak, if the organisation has said so.
pub(super) async fn thresholds(
    conn: &mut PgConnection,
    tenant: TenantId,
) -> Result<Option<Thresholds>> {
    Ok(sqlx::query_as!(
        Thresholds,
        "select burst_failures, burst_minutes, spray_accounts, spray_minutes, export_rows, export_minutes, alternating_minutes,
                version
         from app.security_thresholds where tenant_id = $1",
        tenant.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// Sets them; `false` if somebody has changed them since that version.
pub(super) async fn set_thresholds(
    conn: &mut PgConnection,
    tenant: TenantId,
    to: &Thresholds,
    now: DateTime<Utc>,
) -> Result<bool> {
    let [bf, bm, sa, sm, er, em, am] = to.values();
    let done = sqlx::query!(
        "insert into app.security_thresholds as t
           (tenant_id, burst_failures, burst_minutes, spray_accounts, spray_minutes, export_rows, export_minutes,
            alternating_minutes, updated_at, version)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10 + 1)
         on conflict (tenant_id) do update
           set burst_failures = $2, burst_minutes = $3, spray_accounts = $4, spray_minutes = $5, export_rows = $6,
               export_minutes = $7, alternating_minutes = $8, updated_at = $9, version = $10 + 1
           where t.version = $10",
        tenant.uuid(),
        bf,
        bm,
        sa,
        sm,
        er,
        em,
        am,
        now,
        to.version,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What is known of a person's networks, before this sign-in.
#[derive(Debug)]
pub(super) struct Networks {
    /// When they signed in from this one last.
    pub(super) here_before: Option<DateTime<Utc>>,
    /// When they signed in from another one of the same family last.
    pub(super) elsewhere: Option<DateTime<Utc>>,
    pub(super) alternating_minutes: Option<i32>,
}

pub(super) async fn note_network(
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

/// Where a session was used, as far as anybody looked.
#[derive(Debug)]
pub(super) struct SessionPlace {
    pub(super) network: Option<Vec<u8>>,
    pub(super) user_agent: String,
}

pub(super) async fn place_of(
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
pub(super) struct Moved {
    /// It is the one before the last again, of the same family as the last.
    pub(super) is_back: bool,
    /// When it had changed before.
    pub(super) moved_before: Option<DateTime<Utc>>,
}

/// Notes that a session is used from another network, unless a change was noted after `told_before`.
pub(super) async fn move_session(
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
pub(super) async fn tell_agent(
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

/// Plans one telling of an event.
pub(super) async fn plan_telling(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: JobId,
    kind: &str,
    event: SecurityEventId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into app.jobs (tenant_id, id, kind, key, run_at, created_at) values ($1, $2, $3, $4, $5, $5)
         on conflict (tenant_id, kind, key) do nothing",
        tenant.uuid(),
        id.uuid(),
        kind,
        event.to_string(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An event of which nobody was told.
#[derive(Debug)]
pub(super) struct Untold {
    pub(super) id: SecurityEventId,
    pub(super) code: String,
    pub(super) severity: Severity,
    pub(super) person: Option<PersonId>,
}

pub(super) async fn lock_untold(
    conn: &mut PgConnection,
    tenant: TenantId,
    limit: i64,
) -> Result<Vec<Untold>> {
    Ok(sqlx::query_as!(
        Untold,
        r#"select id as "id: SecurityEventId", code, severity as "severity: Severity", person_id as "person: PersonId"
           from app.security_events
           where tenant_id = $1 and told_at is null and severity <> 'low' order by id limit $2 for update skip locked"#,
        tenant.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// Whether there is more to tell of: a round has its limit, and passes over what is being counted at the moment.
pub(super) async fn any_untold(conn: &mut PgConnection, tenant: TenantId) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (
             select from app.security_events where tenant_id = $1 and told_at is null and severity <> 'low') as "any!""#,
        tenant.uuid(),
    )
    .fetch_one(conn)
    .await?)
}

/// Whether admins were told of something as bad since then, and so had a mail.
pub(super) async fn was_mailed(
    conn: &mut PgConnection,
    tenant: TenantId,
    since: DateTime<Utc>,
) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (
             select from app.security_events where tenant_id = $1 and severity = 'high' and told_at > $2) as "told!""#,
        tenant.uuid(),
        since,
    )
    .fetch_one(conn)
    .await?)
}

/// The head office admins.
pub(super) async fn admins(conn: &mut PgConnection, tenant: TenantId) -> Result<Vec<PersonId>> {
    Ok(sqlx::query_scalar!(
        r#"select id as "id: PersonId" from app.people
           where tenant_id = $1 and role = 'head_office_admin' and status = 'active' order by id"#,
        tenant.uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// Puts a message into each inbox, and notes that it was told.
pub(super) async fn tell(
    conn: &mut PgConnection,
    tenant: TenantId,
    event: &Untold,
    ids: &[Uuid],
    to: &[PersonId],
    now: DateTime<Utc>,
) -> Result<()> {
    let to: Vec<Uuid> = to.iter().map(|person| person.uuid()).collect();
    sqlx::query!(
        "insert into app.notification_events (tenant_id, id, recipient_id, type, severity, security_event_id, created_at)
         select $1, m.id, m.person, 'security', $4, $5, $6 from unnest($2::uuid[], $3::uuid[]) m (id, person)
         on conflict on constraint notification_events_security_once do nothing",
        tenant.uuid(),
        ids,
        &to,
        event.severity.as_str(),
        event.id.uuid(),
        now,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update app.security_events set told_at = $3 where tenant_id = $1 and id = $2",
        tenant.uuid(),
        event.id.uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Where a page begins: behind this instant and id.
pub(super) type After = (DateTime<Utc>, Uuid);

/// One page, the latest first, and one row more if there is one.
pub(super) async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    filter: &SecurityFilter,
    after: Option<After>,
    limit: i64,
) -> Result<Vec<SecurityEvent>> {
    Ok(sqlx::query_as!(
        SecurityEvent,
        r#"select e.id as "id: SecurityEventId", e.code, e.severity as "severity: Severity", e.subject,
                  e.person_id as "person_id: PersonId", p.name as "person_name?", e.seen as count, e.first_seen_at,
                  e.last_seen_at, e.address, e.acknowledged_at, e.acknowledged_by as "acknowledged_by: PersonId"
           from app.security_events e left join app.people p on p.tenant_id = e.tenant_id and p.id = e.person_id
           where e.tenant_id = $1 and ($2::text is null or e.code = $2) and ($3::text is null or e.severity = $3)
             and (not $4 or e.acknowledged_at is null)
             and ($5::timestamptz is null or (e.first_seen_at, e.id) < ($5, $6::uuid))
           order by e.first_seen_at desc, e.id desc limit $7"#,
        tenant.uuid(),
        filter.code,
        filter.severity.map(Severity::as_str),
        filter.open,
        after.map(|(at, _)| at),
        after.map(|(_, id)| id),
        limit,
    )
    .fetch_all(conn)
    .await?)
}

pub(super) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: SecurityEventId,
) -> Result<Option<SecurityEvent>> {
    Ok(sqlx::query_as!(
        SecurityEvent,
        r#"select e.id as "id: SecurityEventId", e.code, e.severity as "severity: Severity", e.subject,
                  e.person_id as "person_id: PersonId", p.name as "person_name?", e.seen as count, e.first_seen_at,
                  e.last_seen_at, e.address, e.acknowledged_at, e.acknowledged_by as "acknowledged_by: PersonId"
           from app.security_events e left join app.people p on p.tenant_id = e.tenant_id and p.id = e.person_id
           where e.tenant_id = $1 and e.id = $2"#,
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// How many nobody has acknowledged, of those that somebody is told of, as far as anybody counts.
pub(super) async fn open_count(
    conn: &mut PgConnection,
    tenant: TenantId,
    limit: i64,
) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "n!" from (
             select from app.security_events
             where tenant_id = $1 and acknowledged_at is null and severity in ('medium', 'high') limit $2) open"#,
        tenant.uuid(),
        limit,
    )
    .fetch_one(conn)
    .await?)
}

/// Whether it was open.
pub(super) async fn acknowledge(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: SecurityEventId,
    by: Option<PersonId>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update app.security_events set acknowledged_at = $3, acknowledged_by = $4
         where tenant_id = $1 and id = $2 and acknowledged_at is null",
        tenant.uuid(),
        id.uuid(),
        now,
        by.map(PersonId::uuid),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn remove_old_events(
    conn: &mut PgConnection,
    tenant: TenantId,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<u64> {
    let removed = sqlx::query!(
        "delete from app.security_events e
         using (select id from app.security_events where tenant_id = $1 and last_seen_at < $2 order by last_seen_at limit $3) old
         where e.tenant_id = $1 and e.id = old.id",
        tenant.uuid(),
        before,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(removed.rows_affected())
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
