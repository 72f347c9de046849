//! The SQL of imported obligations: what a batch of rows refers to, looked up at once, and rows written by `unnest`.
//!
//! Rows are found key by key (`cross join lateral … limit 1`), because the table grows by what the import itself inserts:
//! without fresh statistics the planner would rather read all of the tenant's rows once a batch.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    error::Result,
    ids::{BranchId, ObligationId, PersonId, TenantId},
    obligations::{
        model::{Definition, Stored},
        queries::StoredRow,
    },
};

/// The branches of these codes.
pub(super) async fn branches_by_code(
    conn: &mut PgConnection,
    tenant: TenantId,
    codes: &[String],
) -> Result<HashMap<String, BranchId>> {
    let rows = sqlx::query!(
        "select code, id from app.branches where tenant_id = $1 and code = any($2)",
        tenant.uuid(),
        codes,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.code, row.id.into()))
        .collect())
}

/// The people of these canonical addresses who sign in, or were invited to.
pub(super) async fn people_by_email(
    conn: &mut PgConnection,
    tenant: TenantId,
    emails: &[String],
) -> Result<HashMap<String, PersonId>> {
    let rows = sqlx::query!(
        "select canonical_email, id from app.people
         where tenant_id = $1 and canonical_email = any($2) and status in ('active', 'invited')
         order by id for key share",
        tenant.uuid(),
        emails,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.canonical_email, row.id.into()))
        .collect())
}

/// The addresses of these people.
pub(super) async fn emails_of(
    conn: &mut PgConnection,
    tenant: TenantId,
    people: &[Uuid],
) -> Result<HashMap<PersonId, String>> {
    let rows = sqlx::query!(
        "select id, email from app.people where tenant_id = $1 and id = any($2)",
        tenant.uuid(),
        people,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id.into(), row.email))
        .collect())
}

/// The obligations of these external ids.
pub(super) async fn obligations_by_external_id(
    conn: &mut PgConnection,
    tenant: TenantId,
    external_ids: &[String],
) -> Result<HashMap<String, Stored>> {
    let rows = sqlx::query_as!(
        StoredRow,
        r#"select o.id, o.branch_id, o.template_id, o.category, o.title, o.severity, o.state, o.due_on, o.occurrence_on,
                  o.grace_days, o.lead_days, o.recurrence, o.anchor, o.owner_id, o.deputy_id, o.external_id, o.reference,
                  o.notes, o.series_id, o.series_anchor, o.version, b.time_zone
           from unnest($2::text[]) as k (external_id)
           cross join lateral (select * from app.obligation_instances
                               where tenant_id = $1 and external_id = k.external_id limit 1) o
           join app.branches b on b.tenant_id = o.tenant_id and b.id = o.branch_id"#,
        tenant.uuid(),
        external_ids,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let key = row.external_id.clone().unwrap_or_default();
            Ok((key, row.into_stored()?))
        })
        .collect()
}

/// The values of obligations, one column each, for `unnest`.
#[derive(Debug, Default)]
struct Columns {
    id: Vec<Uuid>,
    branch_id: Vec<Uuid>,
    category: Vec<String>,
    title: Vec<String>,
    severity: Vec<String>,
    due_on: Vec<NaiveDate>,
    grace_days: Vec<i16>,
    // `unnest` takes no list of lists: each is sent as the text of an array.
    lead_days: Vec<String>,
    recurrence: Vec<Option<String>>,
    anchor: Vec<String>,
    owner_id: Vec<Option<Uuid>>,
    deputy_id: Vec<Option<Uuid>>,
    external_id: Vec<Option<String>>,
    reference: Vec<String>,
    notes: Vec<String>,
}

impl Columns {
    fn of<'a>(rows: impl Iterator<Item = (ObligationId, &'a Definition)>) -> Self {
        let mut c = Columns::default();
        for (id, new) in rows {
            c.id.push(id.uuid());
            c.branch_id.push(new.branch_id.uuid());
            c.category.push(new.category.clone());
            c.title.push(new.title.clone());
            c.severity.push(new.severity.as_str().to_owned());
            c.due_on.push(new.due_on);
            c.grace_days
                .push(i16::try_from(new.grace.get()).unwrap_or(i16::MAX));
            let days: Vec<String> = new
                .lead_days
                .as_slice()
                .iter()
                .map(u16::to_string)
                .collect();
            c.lead_days.push(format!("{{{}}}", days.join(",")));
            c.recurrence
                .push(new.recurrence.as_ref().map(|rule| rule.as_str().to_owned()));
            c.anchor.push(new.anchor.as_str().to_owned());
            c.owner_id.push(new.owner_id.map(PersonId::uuid));
            c.deputy_id.push(new.deputy_id.map(PersonId::uuid));
            c.external_id.push(new.external_id.clone());
            c.reference.push(new.reference.clone());
            c.notes.push(new.notes.clone());
        }
        c
    }
}

/// Inserts obligations and answers which of them were made: one whose external id somebody else has just used is not.
pub(super) async fn insert_obligations(
    conn: &mut PgConnection,
    tenant: TenantId,
    new: impl Iterator<Item = (ObligationId, &Definition)>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Uuid>> {
    let c = Columns::of(new);
    sqlx::query_scalar!(
        r#"insert into app.obligation_instances (tenant_id, id, branch_id, series_id, series_anchor, category, title, severity,
             occurrence_on, due_on, grace_days, lead_days, recurrence, anchor, owner_id, deputy_id, source, external_id, reference,
             notes, reminders_from, created_at, updated_at)
           select $1, u.id, u.branch_id, u.id, u.due_on, u.category, u.title, u.severity, u.due_on, u.due_on, u.grace_days,
             u.lead_days::smallint[], u.recurrence, u.anchor, u.owner_id, u.deputy_id, 'import', u.external_id, u.reference,
             u.notes, $2, $2, $2
           from unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::date[], $9::smallint[], $10::text[],
                       $11::text[], $12::text[], $13::uuid[], $14::uuid[], $15::text[], $16::text[], $17::text[])
             as u (id, branch_id, category, title, severity, due_on, grace_days, lead_days, recurrence, anchor, owner_id,
                   deputy_id, external_id, reference, notes)
           on conflict on constraint obligation_instances_external_id do nothing
           returning id"#,
        tenant.uuid(),
        now,
        &c.id,
        &c.branch_id,
        &c.category,
        &c.title,
        &c.severity,
        &c.due_on,
        &c.grace_days,
        &c.lead_days,
        &c.recurrence as &[Option<String>],
        &c.anchor,
        &c.owner_id as &[Option<Uuid>],
        &c.deputy_id as &[Option<Uuid>],
        &c.external_id as &[Option<String>],
        &c.reference,
        &c.notes,
    )
    .fetch_all(conn)
    .await
}

/// Writes changed obligations and answers which of them: one that somebody else has changed since it was read is not.
/// Where the date moves, reminders count anew from now. Nothing is locked before: whoever completes an item that the file
/// leaves as it is does not wait for the import.
pub(super) async fn update_obligations<'a>(
    conn: &mut PgConnection,
    tenant: TenantId,
    changed: impl Iterator<Item = (&'a Stored, &'a Definition)> + Clone,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Uuid>> {
    let c = Columns::of(changed.clone().map(|(old, new)| (old.id, new)));
    let versions: Vec<i32> = changed.clone().map(|(old, _)| old.version).collect();
    let series = changed.map(|(old, new)| old.series_dates_of_row(new));
    let (anchors, occurrences): (Vec<_>, Vec<_>) = series
        .map(|dates| (dates.anchor, dates.occurrence_on))
        .unzip();
    sqlx::query_scalar!(
        "update app.obligation_instances o
         set category = u.category, title = u.title, severity = u.severity, due_on = u.due_on, grace_days = u.grace_days,
             lead_days = u.lead_days::smallint[], recurrence = u.recurrence, anchor = u.anchor, owner_id = u.owner_id,
             deputy_id = u.deputy_id, reference = u.reference, notes = u.notes, series_anchor = u.series_anchor,
             occurrence_on = u.occurrence_on,
             reminders_from = case when o.due_on = u.due_on then o.reminders_from else $2 end,
             planned_through = null, updated_at = $2, version = o.version + 1
         from unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::date[], $8::smallint[], $9::text[], $10::text[],
                     $11::text[], $12::uuid[], $13::uuid[], $14::text[], $15::text[], $16::date[], $17::date[],
                     $18::integer[])
           as u (id, category, title, severity, due_on, grace_days, lead_days, recurrence, anchor, owner_id, deputy_id,
                 reference, notes, series_anchor, occurrence_on, version)
         where o.tenant_id = $1 and o.id = u.id and o.version = u.version
         returning o.id",
        tenant.uuid(),
        now,
        &c.id,
        &c.category,
        &c.title,
        &c.severity,
        &c.due_on,
        &c.grace_days,
        &c.lead_days,
        &c.recurrence as &[Option<String>],
        &c.anchor,
        &c.owner_id as &[Option<Uuid>],
        &c.deputy_id as &[Option<Uuid>],
        &c.reference,
        &c.notes,
        &anchors,
        &occurrences,
        &versions,
    )
    .fetch_all(conn)
    .await
}
