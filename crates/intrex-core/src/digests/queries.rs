//! All SQL of digests: here who wishes one.
//!
//! `items` what is open · `made` which digests there were

mod items;
mod made;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sqlx::PgConnection;
use uuid::Uuid;

pub(super) use items::{ItemRow, Readers, called, open_items, still_open};
pub(super) use made::{CarriedRow, Made, carried, keep, last, remove_old};

use super::model::{Kind, Wish, Wisher, zone_of};
use crate::{
    error::{Error, Result},
    ids::{BranchId, PersonId, TenantId},
    permission::Role,
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

/// What the organisation is called.
pub(super) async fn organisation(conn: &mut PgConnection, tenant: TenantId) -> Result<String> {
    Ok(
        sqlx::query_scalar!("select name from app.tenants where id = $1", tenant.uuid())
            .fetch_one(conn)
            .await?,
    )
}
