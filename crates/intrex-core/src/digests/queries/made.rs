//! The SQL of digests that were made: one for each person, kind and civil day.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    digests::{agenda::Counts, model::Kind},
    error::Result,
    ids::{DeliveryId, TenantId},
};

/// Digests that were made, column by column; what each names stands behind what the ones before it name.
#[derive(Default)]
pub(in crate::digests) struct Made {
    pub(in crate::digests) person: Vec<Uuid>,
    pub(in crate::digests) kind: Vec<String>,
    pub(in crate::digests) falls_on: Vec<NaiveDate>,
    pub(in crate::digests) delivery: Vec<Option<Uuid>>,
    pub(in crate::digests) more_overdue: Vec<i32>,
    pub(in crate::digests) more_today: Vec<i32>,
    pub(in crate::digests) more_coming: Vec<i32>,
    /// For each line whose it is.
    pub(in crate::digests) line_of: Vec<Uuid>,
    pub(in crate::digests) line_item: Vec<Uuid>,
    pub(in crate::digests) line_due_on: Vec<NaiveDate>,
}

/// Keeps digests. One that is there already stays as it is.
pub(in crate::digests) async fn keep(
    conn: &mut PgConnection,
    tenant: TenantId,
    made: &Made,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "with lines as (
           select l.person, array_agg(l.item order by l.n) as items, array_agg(l.due_on order by l.n) as due_on
           from unnest($10::uuid[], $11::uuid[], $12::date[]) with ordinality as l (person, item, due_on, n) group by l.person)
         insert into app.digests (tenant_id, person_id, kind, falls_on, made_at, delivery_id, obligation_ids, due_on, more_overdue,
                                  more_today, more_coming)
         select $1, u.person, u.kind, u.falls_on, $2, u.delivery, coalesce(l.items, '{}'), coalesce(l.due_on, '{}'), u.overdue,
                u.today, u.coming
         from unnest($3::uuid[], $4::text[], $5::date[], $6::uuid[], $7::integer[], $8::integer[], $9::integer[])
           as u (person, kind, falls_on, delivery, overdue, today, coming)
         left join lines l on l.person = u.person
         order by u.person
         on conflict on constraint digests_pkey do nothing",
        tenant.uuid(),
        now,
        &made.person,
        &made.kind,
        &made.falls_on,
        &made.delivery as &[Option<Uuid>],
        &made.more_overdue,
        &made.more_today,
        &made.more_coming,
        &made.line_of,
        &made.line_item,
        &made.line_due_on,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The last digest of somebody: what it names, with the days on which that is due. Nothing if it did not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::digests) struct LastRow {
    pub(in crate::digests) person: Uuid,
    pub(in crate::digests) falls_on: NaiveDate,
    pub(in crate::digests) items: Vec<Uuid>,
    pub(in crate::digests) due_on: Vec<NaiveDate>,
}

/// The last digests of some people.
pub(in crate::digests) async fn last(
    conn: &mut PgConnection,
    tenant: TenantId,
    people: &[Uuid],
) -> Result<Vec<LastRow>> {
    Ok(sqlx::query_as!(
        LastRow,
        r#"select distinct on (d.person_id) d.person_id as person, d.falls_on,
                  case when n.state in ('waiting', 'sending', 'delivered') then d.obligation_ids else '{}' end as "items!",
                  case when n.state in ('waiting', 'sending', 'delivered') then d.due_on else '{}' end as "due_on!"
           from app.digests d
           left join app.notification_deliveries n on n.tenant_id = d.tenant_id and n.id = d.delivery_id
           where d.tenant_id = $1 and d.person_id = any($2)
           order by d.person_id, d.falls_on desc, d.made_at desc"#,
        tenant.uuid(),
        people,
    )
    .fetch_all(conn)
    .await?)
}

/// A digest on its way.
pub(in crate::digests) struct CarriedRow {
    pub(in crate::digests) delivery: DeliveryId,
    pub(in crate::digests) person: Uuid,
    pub(in crate::digests) kind: Kind,
    /// What it names.
    pub(in crate::digests) items: Vec<Uuid>,
    /// How many it counts beside those.
    pub(in crate::digests) more: Counts,
}

/// Those of some deliveries that are digests.
pub(in crate::digests) async fn carried(
    conn: &mut PgConnection,
    tenant: TenantId,
    deliveries: &[Uuid],
) -> Result<Vec<CarriedRow>> {
    let rows = sqlx::query!(
        r#"select delivery_id as "delivery!: DeliveryId", person_id, kind, obligation_ids, more_overdue, more_today, more_coming
           from app.digests where tenant_id = $1 and delivery_id = any($2)"#,
        tenant.uuid(),
        deliveries,
    )
    .fetch_all(conn)
    .await?;
    let known = rows.into_iter().filter_map(|row| {
        Some(CarriedRow {
            delivery: row.delivery,
            person: row.person_id,
            kind: Kind::parse(&row.kind)?,
            items: row.obligation_ids,
            more: Counts {
                overdue: row.more_overdue.into(),
                today: row.more_today.into(),
                coming: row.more_coming.into(),
            },
        })
    });
    Ok(known.collect())
}

/// Removes digests that were made before an instant; how many.
pub(in crate::digests) async fn remove_old(
    conn: &mut PgConnection,
    tenant: TenantId,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<u64> {
    let removed = sqlx::query!(
        "delete from app.digests d
         using (select person_id, kind, falls_on from app.digests where tenant_id = $1 and made_at < $2
                order by made_at limit $3) old
         where d.tenant_id = $1 and d.person_id = old.person_id and d.kind = old.kind and d.falls_on = old.falls_on",
        tenant.uuid(),
        before,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(removed.rows_affected())
}
