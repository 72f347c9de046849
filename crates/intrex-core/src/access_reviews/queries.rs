//! All SQL of reviews.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::{AccessReview, Decision, ReviewRow};
use crate::{
    error::Result,
    ids::{AccessReviewId, BranchId, PersonId, TenantId},
    people::PersonStatus,
    permission::Role,
};

/// Begins a review, unless one is open. Tells whether.
pub(super) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: AccessReviewId,
    by: Option<PersonId>,
    due_on: NaiveDate,
    today: NaiveDate,
    now: DateTime<Utc>,
) -> Result<bool> {
    let inserted = sqlx::query!(
        "insert into app.access_reviews (tenant_id, id, due_on, started_at, started_by, reminded_on)
         values ($1, $2, $3, $4, $5, $6) on conflict (tenant_id) where finished_at is null do nothing",
        tenant.uuid(),
        id.uuid(),
        due_on,
        now,
        by.map(|id| id.uuid()),
        today,
    )
    .execute(conn)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Writes down what everybody has who can sign in, or who has been invited; how many.
pub(super) async fn snapshot(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: AccessReviewId,
    now: DateTime<Utc>,
) -> Result<u64> {
    let rows = sqlx::query!(
        "insert into app.access_review_rows (tenant_id, review_id, person_id, role, branch_ids, status, mfa_enrolled,
                                             last_sign_in_at, token_count)
         select p.tenant_id, $2, p.id, p.role,
                array(select pb.branch_id from app.person_branches pb
                      where pb.tenant_id = p.tenant_id and pb.person_id = p.id order by pb.branch_id),
                p.status, p.mfa_enrolled, p.last_sign_in_at,
                (select count(*) from app.api_tokens a
                 where a.tenant_id = p.tenant_id and a.person_id = p.id and a.revoked_at is null and a.expires_at > $3)
         from app.people p where p.tenant_id = $1 and p.status in ('invited', 'active')",
        tenant.uuid(),
        id.uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(rows.rows_affected())
}

/// Reviews, the latest first.
pub(super) async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<AccessReview>> {
    let (at, id) = after.unzip();
    Ok(sqlx::query_as!(
        AccessReview,
        r#"select r.id as "id: AccessReviewId", r.started_at, r.started_by as "started_by: PersonId", r.due_on, r.finished_at,
                  r.finished_by as "finished_by: PersonId", n.row_count as "row_count!",
                  n.undecided_count as "undecided_count!", n.kept_count as "kept_count!",
                  n.changed_count as "changed_count!", n.revoked_count as "revoked_count!"
           from app.access_reviews r
           cross join lateral (
             select count(*) as row_count, count(*) filter (where w.decision is null) as undecided_count,
                    count(*) filter (where w.decision = 'keep') as kept_count,
                    count(*) filter (where w.decision = 'change') as changed_count,
                    count(*) filter (where w.decision = 'revoke') as revoked_count
             from app.access_review_rows w where w.tenant_id = r.tenant_id and w.review_id = r.id) n
           where r.tenant_id = $1 and ($2::timestamptz is null or (r.started_at, r.id) < ($2, $3::uuid))
           order by r.started_at desc, r.id desc limit $4"#,
        tenant.uuid(),
        at,
        id,
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// One review; the open one if no id is given.
pub(super) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: Option<AccessReviewId>,
) -> Result<Option<AccessReview>> {
    Ok(sqlx::query_as!(
        AccessReview,
        r#"select r.id as "id: AccessReviewId", r.started_at, r.started_by as "started_by: PersonId", r.due_on, r.finished_at,
                  r.finished_by as "finished_by: PersonId", n.row_count as "row_count!",
                  n.undecided_count as "undecided_count!", n.kept_count as "kept_count!",
                  n.changed_count as "changed_count!", n.revoked_count as "revoked_count!"
           from app.access_reviews r
           cross join lateral (
             select count(*) as row_count, count(*) filter (where w.decision is null) as undecided_count,
                    count(*) filter (where w.decision = 'keep') as kept_count,
                    count(*) filter (where w.decision = 'change') as changed_count,
                    count(*) filter (where w.decision = 'revoke') as revoked_count
             from app.access_review_rows w where w.tenant_id = r.tenant_id and w.review_id = r.id) n
           where r.tenant_id = $1 and ($2::uuid = r.id or ($2::uuid is null and r.finished_at is null))"#,
        tenant.uuid(),
        id.map(|id| id.uuid()),
    )
    .fetch_optional(conn)
    .await?)
}

/// Locks a review until the transaction ends; whether it is finished.
pub(super) async fn lock(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: AccessReviewId,
) -> Result<Option<bool>> {
    Ok(sqlx::query_scalar!(
        r#"select finished_at is not null as "finished!" from app.access_reviews
           where tenant_id = $1 and id = $2 for update"#,
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// Everybody whom a review is about, or one of them, by name.
pub(super) async fn rows(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: AccessReviewId,
    person: Option<PersonId>,
) -> Result<Vec<ReviewRow>> {
    Ok(sqlx::query_as!(
        ReviewRow,
        r#"select w.person_id as "person_id: PersonId", p.name, p.email, w.role as "role: Role",
                  w.branch_ids as "branch_ids: Vec<BranchId>", w.status as "status: PersonStatus", w.mfa_enrolled,
                  w.last_sign_in_at, w.token_count, w.decision as "decision: Decision", w.note, w.decided_at,
                  w.decided_by as "decided_by: PersonId", d.name as "decided_by_name?", w.enabled_again_at,
                  (p.role <> w.role or p.status = 'disabled'
                   or array(select pb.branch_id from app.person_branches pb
                            where pb.tenant_id = p.tenant_id and pb.person_id = p.id order by pb.branch_id)
                      <> w.branch_ids) as "is_changed!"
           from app.access_review_rows w
           join app.people p on p.tenant_id = w.tenant_id and p.id = w.person_id
           left join app.people d on d.tenant_id = w.tenant_id and d.id = w.decided_by
           where w.tenant_id = $1 and w.review_id = $2 and ($3::uuid is null or w.person_id = $3)
           order by p.name, p.id"#,
        tenant.uuid(),
        id.uuid(),
        person.map(|id| id.uuid()),
    )
    .fetch_all(conn)
    .await?)
}

/// What was decided on somebody, to be written down.
pub(super) struct Decided<'a> {
    pub(super) person: PersonId,
    pub(super) decision: Decision,
    pub(super) note: &'a str,
    pub(super) by: Option<PersonId>,
}

pub(super) async fn decide(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: AccessReviewId,
    decided: &Decided<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.access_review_rows set decision = $4, note = $5, decided_by = $6, decided_at = $7,
                enabled_again_at = null
         where tenant_id = $1 and review_id = $2 and person_id = $3",
        tenant.uuid(),
        id.uuid(),
        decided.person.uuid(),
        decided.decision as Decision,
        decided.note,
        decided.by.map(|id| id.uuid()),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn finish(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: AccessReviewId,
    by: Option<PersonId>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.access_reviews set finished_at = $3, finished_by = $4 where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
        now,
        by.map(|id| id.uuid()),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Closes the open rows of somebody who is being deleted: they have no access any more. What they did last goes with them.
pub(crate) async fn close_rows_of(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    by: Option<PersonId>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.access_review_rows w
         set last_sign_in_at = null,
             decision = coalesce(w.decision, case when r.finished_at is null then 'revoke' end),
             decided_by = case when w.decision is null and r.finished_at is null then $3 else w.decided_by end,
             decided_at = case when w.decision is null and r.finished_at is null then $4 else w.decided_at end
         from app.access_reviews r
         where w.tenant_id = $1 and w.person_id = $2 and r.tenant_id = w.tenant_id and r.id = w.review_id",
        tenant.uuid(),
        person.uuid(),
        by.map(|id| id.uuid()),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes in every review in which somebody's access was revoked that they were let in again.
pub(crate) async fn note_enabled(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.access_review_rows set enabled_again_at = $3
         where tenant_id = $1 and person_id = $2 and decision = 'revoke' and enabled_again_at is null",
        tenant.uuid(),
        person.uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// When the last review began; none if there was none.
pub(super) async fn last_started(
    conn: &mut PgConnection,
    tenant: TenantId,
) -> Result<Option<DateTime<Utc>>> {
    Ok(sqlx::query_scalar!(
        "select max(started_at) from app.access_reviews where tenant_id = $1",
        tenant.uuid(),
    )
    .fetch_one(conn)
    .await?)
}

/// When head office was told of a review last, locked, if it is open.
pub(super) async fn lock_reminded(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: AccessReviewId,
) -> Result<Option<NaiveDate>> {
    Ok(sqlx::query_scalar!(
        "select reminded_on from app.access_reviews
         where tenant_id = $1 and id = $2 and finished_at is null for update",
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

pub(super) async fn set_reminded(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: AccessReviewId,
    today: NaiveDate,
) -> Result<()> {
    sqlx::query!(
        "update app.access_reviews set reminded_on = $3 where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
        today,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An account that nobody uses.
#[derive(Debug)]
pub(super) struct Dormant {
    pub(super) id: PersonId,
    pub(super) role: Role,
    /// When it was used last, or could have been first.
    pub(super) used_at: DateTime<Utc>,
    /// Whether head office has been told since it was used last.
    pub(super) told: bool,
}

/// Dormant accounts after one of them, locked, those that were used longest ago first: the one that was used last stays if one must.
pub(super) async fn lock_dormant(
    conn: &mut PgConnection,
    tenant: TenantId,
    before: DateTime<Utc>,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Dormant>> {
    let (used_at, last) = after.unzip();
    Ok(sqlx::query_as!(
        Dormant,
        r#"select id as "id: PersonId", role as "role: Role",
                  greatest(last_sign_in_at, active_since, created_at) as "used_at!",
                  coalesce(dormant_told_at > greatest(last_sign_in_at, active_since, created_at), false) as "told!"
           from app.people
           where tenant_id = $1 and status = 'active' and greatest(last_sign_in_at, active_since, created_at) < $2
             and ($4::timestamptz is null
                  or (greatest(last_sign_in_at, active_since, created_at), id) > ($4, $5::uuid))
           order by greatest(last_sign_in_at, active_since, created_at), id limit $3 for update"#,
        tenant.uuid(),
        before,
        limit,
        used_at,
        last,
    )
    .fetch_all(conn)
    .await?)
}

pub(super) async fn set_told(
    conn: &mut PgConnection,
    tenant: TenantId,
    people: &[Uuid],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.people set dormant_told_at = $3 where tenant_id = $1 and id = any($2)",
        tenant.uuid(),
        people,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A message in the inbox of every active head office admin.
pub(super) struct Told {
    pub(super) kind: &'static str,
    pub(super) severity: &'static str,
    pub(super) due_on: Option<NaiveDate>,
    pub(super) review: Option<AccessReviewId>,
    pub(super) account_count: Option<i32>,
}

pub(super) async fn tell(
    conn: &mut PgConnection,
    tenant: TenantId,
    admins: &[Uuid],
    ids: &[Uuid],
    told: &Told,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into app.notification_events (tenant_id, id, recipient_id, type, severity, due_on, review_id, account_count,
                                              created_at)
         select $1, t.id, t.person, $4, $5, $6, $7, $8, $9 from unnest($2::uuid[], $3::uuid[]) as t (id, person)",
        tenant.uuid(),
        ids,
        admins,
        told.kind,
        told.severity,
        told.due_on,
        told.review.map(|id| id.uuid()),
        told.account_count,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The active head office admins.
pub(super) async fn admins(conn: &mut PgConnection, tenant: TenantId) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!(
        "select id from app.people where tenant_id = $1 and role = 'head_office_admin' and status = 'active' order by id",
        tenant.uuid(),
    )
    .fetch_all(conn)
    .await?)
}
