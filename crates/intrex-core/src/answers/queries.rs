//! All SQL of answers. Whoever answers locks the item first, then its reminders in the order of their ids, as everybody does.
//!
//! `items` the items and their reminders · `links` answering from a letter · here what was answered.

pub(super) mod items;
pub(super) mod links;

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::{Acknowledged, Acknowledgement, Answers, Snooze, Snoozed};
use crate::{
    error::Result,
    ids::{AcknowledgementId, BranchId, ObligationId, PersonId, TenantId},
    obligations::schedule::Threshold,
};

/// What was answered about some items, for the plan.
pub(crate) async fn of_items(
    conn: &mut PgConnection,
    tenant: TenantId,
    items: &[Uuid],
) -> Result<HashMap<Uuid, Answers>> {
    let mut answers: HashMap<Uuid, Answers> = HashMap::new();
    let said = sqlx::query!(
        "select obligation_id, person_id, threshold, due_on, at, again_on from app.acknowledgements
         where tenant_id = $1 and obligation_id = any($2) order by at, id",
        tenant.uuid(),
        items,
    )
    .fetch_all(&mut *conn)
    .await?;
    for row in said {
        let Some(threshold) = Threshold::parse(&row.threshold) else {
            continue;
        };
        let of_item = answers.entry(row.obligation_id).or_default();
        of_item.acknowledged.push(Acknowledged {
            person: row.person_id,
            threshold,
            due_on: row.due_on,
            at: row.at,
            again_on: row.again_on,
        });
    }
    let snoozed = sqlx::query!(
        "select obligation_id, person_id, at, until from app.snoozes where tenant_id = $1 and obligation_id = any($2)",
        tenant.uuid(),
        items,
    )
    .fetch_all(conn)
    .await?;
    for row in snoozed {
        let of_item = answers.entry(row.obligation_id).or_default();
        of_item.snoozed.push(Snoozed {
            person: row.person_id,
            at: row.at,
            until: row.until,
        });
    }
    Ok(answers)
}

/// An acknowledgement to be.
pub(super) struct NewAcknowledgement<'a> {
    pub(super) id: AcknowledgementId,
    pub(super) branch: BranchId,
    pub(super) obligation: Uuid,
    pub(super) person: PersonId,
    pub(super) threshold: String,
    pub(super) due_on: NaiveDate,
    pub(super) via: &'static str,
    pub(super) note: &'a str,
    pub(super) again_on: NaiveDate,
}

pub(super) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    new: &NewAcknowledgement<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into app.acknowledgements (tenant_id, id, branch_id, obligation_id, person_id, threshold, due_on, via, note, at,
                                           again_on)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        tenant.uuid(),
        new.id.uuid(),
        new.branch.uuid(),
        new.obligation,
        new.person.uuid(),
        new.threshold,
        new.due_on,
        new.via,
        new.note,
        now,
        new.again_on,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// After how many days an acknowledged item comes back in this organisation.
pub(super) async fn again_days(conn: &mut PgConnection, tenant: TenantId) -> Result<i16> {
    Ok(sqlx::query_scalar!(
        "select acknowledged_again_days from app.tenants where id = $1",
        tenant.uuid(),
    )
    .fetch_one(conn)
    .await?)
}

pub(super) async fn put_snooze(
    conn: &mut PgConnection,
    tenant: TenantId,
    branch: BranchId,
    obligation: Uuid,
    snoozed: Snoozed,
) -> Result<()> {
    sqlx::query!(
        "insert into app.snoozes (tenant_id, obligation_id, person_id, branch_id, at, until) values ($1, $2, $3, $4, $5, $6)
         on conflict on constraint snoozes_pkey do update set at = excluded.at, until = excluded.until",
        tenant.uuid(),
        obligation,
        snoozed.person,
        branch.uuid(),
        snoozed.at,
        snoozed.until,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Who acknowledges an item waits for nothing any more.
pub(super) async fn end_snooze(
    conn: &mut PgConnection,
    tenant: TenantId,
    obligation: Uuid,
    person: PersonId,
) -> Result<()> {
    sqlx::query!(
        "delete from app.snoozes where tenant_id = $1 and obligation_id = $2 and person_id = $3",
        tenant.uuid(),
        obligation,
        person.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Everything that was acknowledged of an item, the latest first.
pub(super) async fn acknowledgements(
    conn: &mut PgConnection,
    tenant: TenantId,
    obligation: ObligationId,
    limit: i64,
) -> Result<Vec<Acknowledgement>> {
    Ok(sqlx::query_as!(
        Acknowledgement,
        r#"select a.id, a.obligation_id, a.person_id, p.name as person_name, a.threshold, a.due_on, a.via, a.note, a.at, a.again_on
           from app.acknowledgements a join app.people p on p.tenant_id = a.tenant_id and p.id = a.person_id
           where a.tenant_id = $1 and a.obligation_id = $2 order by a.at desc, a.id desc limit $3"#,
        tenant.uuid(),
        obligation.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// Who has put an item off beyond now.
pub(super) async fn snoozes(
    conn: &mut PgConnection,
    tenant: TenantId,
    obligation: ObligationId,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Snooze>> {
    Ok(sqlx::query_as!(
        Snooze,
        r#"select z.obligation_id, z.person_id, p.name as person_name, z.at, z.until
           from app.snoozes z join app.people p on p.tenant_id = z.tenant_id and p.id = z.person_id
           where z.tenant_id = $1 and z.obligation_id = $2 and z.until > $3 order by z.until, z.person_id limit $4"#,
        tenant.uuid(),
        obligation.uuid(),
        now,
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// What somebody said last of an item.
pub(super) async fn latest_of(
    conn: &mut PgConnection,
    tenant: TenantId,
    obligation: ObligationId,
    person: PersonId,
) -> Result<Option<Acknowledgement>> {
    Ok(sqlx::query_as!(
        Acknowledgement,
        r#"select a.id, a.obligation_id, a.person_id, p.name as person_name, a.threshold, a.due_on, a.via, a.note, a.at, a.again_on
           from app.acknowledgements a join app.people p on p.tenant_id = a.tenant_id and p.id = a.person_id
           where a.tenant_id = $1 and a.obligation_id = $2 and a.person_id = $3 order by a.at desc, a.id desc limit 1"#,
        tenant.uuid(),
        obligation.uuid(),
        person.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}
