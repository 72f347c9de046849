//! All SQL of digests.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    agenda::Counts,
    model::{Kind, Wish, Wisher, zone_of},
};
use crate::{
    error::{Error, Result},
    ids::{BranchId, DeliveryId, PersonId, TenantId},
    obligations::{model::Severity, schedule::GraceDays},
    permission::Role,
    reminders::Named,
};

/// Which wishers are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Who<'a> {
    /// So many of all, in the order of their ids, behind this one.
    Page(Uuid, i64),
    /// These.
    Of(&'a [Uuid]),
}

/// Those who wish a digest and can sign in, in the order of their ids.
pub(super) async fn wishers(
    conn: &mut PgConnection,
    tenant: TenantId,
    who: Who<'_>,
) -> Result<Vec<Wisher>> {
    let (only, after, limit) = match who {
        Who::Page(after, limit) => (None, after, limit),
        Who::Of(people) => (Some(people), Uuid::nil(), i64::MAX),
    };
    let rows = sqlx::query!(
        r#"select w.person_id as "person: PersonId", w.kind, w.instead, w.since, p.role as "role: Role", t.time_zone,
                  array(select x.branch_id from app.person_branches x
                        where x.tenant_id = w.tenant_id and x.person_id = w.person_id order by x.branch_id)
                    as "branches!: Vec<BranchId>",
                  array(select distinct b.time_zone from app.person_branches x
                        join app.branches b on b.tenant_id = x.tenant_id and b.id = x.branch_id and b.status = 'active'
                        where x.tenant_id = w.tenant_id and x.person_id = w.person_id order by b.time_zone)
                    as "zones!: Vec<String>",
                  (select max(d.falls_on) from app.digests d
                   where d.tenant_id = w.tenant_id and d.person_id = w.person_id) as last_on
           from app.digest_wishes w
           join app.people p on p.tenant_id = w.tenant_id and p.id = w.person_id and p.status = 'active'
           join app.tenants t on t.id = w.tenant_id
           where w.tenant_id = $1 and ($2::uuid[] is null or w.person_id = any($2)) and w.person_id > $3
           order by w.person_id limit $4"#,
        tenant.uuid(),
        only,
        after,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let wishers = rows.into_iter().map(|row| {
        Ok(Wisher {
            person: row.person,
            role: row.role,
            zone: lives_by(row.role, &row.zones, &row.time_zone),
            branches: row.branches,
            wish: wish(&row.kind, row.instead, row.since)?,
            last_on: row.last_on,
        })
    });
    wishers.collect()
}

/// By which clock somebody lives, whether they wish a digest or not.
pub(super) async fn zone_of_person(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
) -> Result<Tz> {
    let row = sqlx::query!(
        r#"select p.role as "role: Role", t.time_zone,
                  array(select distinct b.time_zone from app.person_branches x
                        join app.branches b on b.tenant_id = x.tenant_id and b.id = x.branch_id and b.status = 'active'
                        where x.tenant_id = p.tenant_id and x.person_id = p.id order by b.time_zone)
                    as "zones!: Vec<String>"
           from app.people p join app.tenants t on t.id = p.tenant_id where p.tenant_id = $1 and p.id = $2"#,
        tenant.uuid(),
        person.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(lives_by(row.role, &row.zones, &row.time_zone))
}

/// The columns hold zones that were read when they were set.
fn lives_by(role: Role, branches: &[String], organisation: &str) -> Tz {
    let zone = |name: &str| name.parse::<Tz>().unwrap_or(Tz::UTC);
    let branches: Vec<Tz> = branches.iter().map(|name| zone(name)).collect();
    zone_of(role, &branches, zone(organisation))
}

/// What some people are called.
pub(super) async fn names(
    conn: &mut PgConnection,
    tenant: TenantId,
    people: &[Uuid],
) -> Result<HashMap<Uuid, String>> {
    let rows = sqlx::query!(
        "select id, name from app.people where tenant_id = $1 and id = any($2)",
        tenant.uuid(),
        people,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

fn wish(kind: &str, instead: bool, since: DateTime<Utc>) -> Result<Wish> {
    let kind = Kind::parse(kind).ok_or_else(|| Error::internal("an unknown kind of digest"))?;
    Ok(Wish {
        kind,
        instead,
        since,
    })
}

/// What somebody wishes, whether they can sign in or not.
pub(super) async fn wish_of(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
) -> Result<Option<Wish>> {
    let row = sqlx::query!(
        "select kind, instead, since from app.digest_wishes where tenant_id = $1 and person_id = $2",
        tenant.uuid(),
        person.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| wish(&row.kind, row.instead, row.since))
        .transpose()
}

/// Keeps what somebody wishes. Who keeps the kind keeps its time, so that a change beside it takes no digest away.
pub(super) async fn set_wish(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    wish: Wish,
) -> Result<()> {
    sqlx::query!(
        "insert into app.digest_wishes as w (tenant_id, person_id, kind, instead, since) values ($1, $2, $3, $4, $5)
         on conflict on constraint digest_wishes_pkey do update
         set kind = excluded.kind, instead = excluded.instead,
             since = case when w.kind = excluded.kind then w.since else excluded.since end",
        tenant.uuid(),
        person.uuid(),
        wish.kind.as_str(),
        wish.instead,
        wish.since,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// They wish none.
pub(super) async fn remove_wish(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
) -> Result<()> {
    sqlx::query!(
        "delete from app.digest_wishes where tenant_id = $1 and person_id = $2",
        tenant.uuid(),
        person.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whose obligations are looked for.
#[derive(Debug, Default)]
pub(super) struct Readers {
    /// Those who may be owner or deputy.
    pub(super) people: Vec<Uuid>,
    /// Where they are managers.
    pub(super) managed: Vec<Uuid>,
    /// Whether one of them sees everything.
    pub(super) head_office: bool,
}

/// An open obligation, as far as it has to be known to say who hears of it.
pub(super) struct ItemRow {
    pub(super) id: Uuid,
    pub(super) named: Named,
    pub(super) due_on: NaiveDate,
    pub(super) grace: GraceDays,
    pub(super) zone: Tz,
}

/// Reads the rows of open obligations that a condition narrows.
macro_rules! items {
    ($conn:expr, $condition:literal, $tenant:expr, $($parameter:expr),+ $(,)?) => {{
        let rows = sqlx::query!(
            "select o.id, o.branch_id, o.owner_id, o.deputy_id, o.severity, o.due_on, o.grace_days, b.time_zone
             from app.obligation_instances o
             join app.branches b on b.tenant_id = o.tenant_id and b.id = o.branch_id
             where o.tenant_id = $1 and o.state = 'open' and "
                + $condition,
            $tenant.uuid(),
            $($parameter),+
        )
        .fetch_all($conn)
        .await?;
        rows.into_iter().map(|row| ItemRow {
            id: row.id,
            named: Named {
                branch: row.branch_id,
                owner: row.owner_id,
                deputy: row.deputy_id,
                // The column has a check.
                severity: Severity::parse(&row.severity).unwrap_or(Severity::Critical),
            },
            due_on: row.due_on,
            grace: GraceDays::new(row.grace_days.into()).unwrap_or_default(),
            zone: row.time_zone.parse().unwrap_or(Tz::UTC),
        })
        .collect()
    }};
}

/// Open obligations that these people may hear of, due until a day, the earliest first, behind one of them.
pub(super) async fn open_items(
    conn: &mut PgConnection,
    tenant: TenantId,
    readers: &Readers,
    until: NaiveDate,
    after: (NaiveDate, Uuid),
    limit: i64,
) -> Result<Vec<ItemRow>> {
    Ok(items!(
        conn,
        "o.due_on <= $2 and (o.due_on, o.id) > ($3, $4)
         and ($5 or o.owner_id = any($6) or o.deputy_id = any($6) or o.branch_id = any($7))
         order by o.due_on, o.id limit $8",
        tenant,
        until,
        after.0,
        after.1,
        readers.head_office,
        &readers.people,
        &readers.managed,
        limit,
    ))
}

/// Those of some obligations that are open, the earliest first.
pub(super) async fn still_open(
    conn: &mut PgConnection,
    tenant: TenantId,
    items: &[Uuid],
) -> Result<Vec<ItemRow>> {
    Ok(items!(
        conn,
        "o.id = any($2) order by o.due_on, o.id",
        tenant,
        items
    ))
}

/// What a line says of an obligation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Called {
    pub(super) title: String,
    pub(super) branch: String,
}

/// The words of some obligations.
pub(super) async fn called(
    conn: &mut PgConnection,
    tenant: TenantId,
    items: &[Uuid],
) -> Result<HashMap<Uuid, Called>> {
    let rows = sqlx::query!(
        "select o.id, o.title, b.name as branch
         from app.obligation_instances o
         join app.branches b on b.tenant_id = o.tenant_id and b.id = o.branch_id
         where o.tenant_id = $1 and o.id = any($2)",
        tenant.uuid(),
        items,
    )
    .fetch_all(conn)
    .await?;
    let named = rows.into_iter().map(|row| {
        let named = Called {
            title: row.title,
            branch: row.branch,
        };
        (row.id, named)
    });
    Ok(named.collect())
}

/// What the organisation is called.
pub(super) async fn organisation(conn: &mut PgConnection, tenant: TenantId) -> Result<String> {
    Ok(
        sqlx::query_scalar!("select name from app.tenants where id = $1", tenant.uuid())
            .fetch_one(conn)
            .await?,
    )
}

/// Digests that were made, column by column; what each names stands behind what the ones before it name.
#[derive(Default)]
pub(super) struct Made {
    pub(super) person: Vec<Uuid>,
    pub(super) kind: Vec<String>,
    pub(super) falls_on: Vec<NaiveDate>,
    pub(super) delivery: Vec<Option<Uuid>>,
    pub(super) more_overdue: Vec<i32>,
    pub(super) more_today: Vec<i32>,
    pub(super) more_coming: Vec<i32>,
    /// For each line whose it is.
    pub(super) line_of: Vec<Uuid>,
    pub(super) line_item: Vec<Uuid>,
    pub(super) line_due_on: Vec<NaiveDate>,
}

/// Keeps digests. One that is there already stays as it is.
pub(super) async fn keep(
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
pub(super) struct LastRow {
    pub(super) person: Uuid,
    pub(super) falls_on: NaiveDate,
    pub(super) items: Vec<Uuid>,
    pub(super) due_on: Vec<NaiveDate>,
}

/// The last digests of some people.
pub(super) async fn last(
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
pub(super) struct CarriedRow {
    pub(super) delivery: DeliveryId,
    pub(super) person: Uuid,
    pub(super) kind: Kind,
    /// What it names.
    pub(super) items: Vec<Uuid>,
    /// How many it counts beside those.
    pub(super) more: Counts,
}

/// Those of some deliveries that are digests.
pub(super) async fn carried(
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
pub(super) async fn remove_old(
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
