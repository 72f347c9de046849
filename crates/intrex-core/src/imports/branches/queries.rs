//! The SQL of imported branches: found code by code, as imported obligations are, and written by `unnest`.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    branches::{Branch, BranchFacts, BranchStatus},
    error::Result,
    ids::{BranchId, TenantId},
};

/// The branches of these codes.
pub(super) async fn by_code(
    conn: &mut PgConnection,
    tenant: TenantId,
    codes: &[String],
) -> Result<HashMap<String, Branch>> {
    let rows = sqlx::query_as!(
        Branch,
        r#"select id as "id: BranchId", b.code, name, address, city_corporation, district, region, country, jurisdiction, type as kind,
                  time_zone, status as "status: BranchStatus", created_at, updated_at, version
           from unnest($2::text[]) as k (code)
           cross join lateral (select * from app.branches where tenant_id = $1 and code = k.code limit 1) b"#,
        tenant.uuid(),
        codes,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|branch| (branch.code.clone(), branch))
        .collect())
}

/// The facts of branches, one column each, for `unnest`.
#[derive(Debug, Default)]
struct Columns {
    id: Vec<Uuid>,
    code: Vec<String>,
    name: Vec<String>,
    address: Vec<String>,
    city_corporation: Vec<String>,
    district: Vec<String>,
    region: Vec<String>,
    country: Vec<String>,
    kind: Vec<String>,
    time_zone: Vec<String>,
    jurisdiction: Vec<Option<String>>,
}

impl Columns {
    fn of<'a>(rows: impl Iterator<Item = (BranchId, &'a BranchFacts)>) -> Self {
        let mut c = Columns::default();
        for (id, facts) in rows {
            c.id.push(id.uuid());
            c.code.push(facts.code.clone());
            c.name.push(facts.name.clone());
            c.address.push(facts.address.clone());
            c.city_corporation.push(facts.city_corporation.clone());
            c.district.push(facts.district.clone());
            c.region.push(facts.region.clone());
            c.country.push(facts.country.clone());
            c.kind.push(facts.kind.clone());
            c.time_zone.push(facts.time_zone.clone());
            c.jurisdiction.push(facts.jurisdiction.clone());
        }
        c
    }
}

/// Inserts branches and answers which of them were made: one whose code somebody else has just used is not.
pub(super) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    new: impl Iterator<Item = (BranchId, &BranchFacts)>,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>> {
    let c = Columns::of(new);
    Ok(sqlx::query_scalar!(
        "insert into app.branches (tenant_id, id, code, name, address, city_corporation, district, region, country, type,
                                   time_zone, jurisdiction, created_at, updated_at)
         select $1, u.*, $2, $2
         from unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
                     $11::text[], $12::text[], $13::text[]) u
         on conflict on constraint branches_code do nothing
         returning id",
        tenant.uuid(),
        now,
        &c.id,
        &c.code,
        &c.name,
        &c.address,
        &c.city_corporation,
        &c.district,
        &c.region,
        &c.country,
        &c.kind,
        &c.time_zone,
        &c.jurisdiction as &[Option<String>],
    )
    .fetch_all(conn)
    .await?)
}

/// Writes changed branches and answers which of them: one that somebody else has changed since it was read is not.
pub(super) async fn update<'a>(
    conn: &mut PgConnection,
    tenant: TenantId,
    changed: impl Iterator<Item = (&'a Branch, &'a BranchFacts)> + Clone,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>> {
    let versions: Vec<i32> = changed.clone().map(|(before, _)| before.version).collect();
    let c = Columns::of(changed.map(|(before, facts)| (before.id, facts)));
    Ok(sqlx::query_scalar!(
        "update app.branches b
         set name = u.name, address = u.address, city_corporation = u.city_corporation, district = u.district,
             region = u.region, country = u.country, type = u.type, time_zone = u.time_zone,
             jurisdiction = u.jurisdiction, updated_at = $2,
             version = b.version + 1
         from unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[],
                     $12::integer[], $13::text[])
           as u (id, name, address, city_corporation, district, region, country, type, time_zone, version, jurisdiction)
         where b.tenant_id = $1 and b.id = u.id and b.version = u.version
         returning b.id",
        tenant.uuid(),
        now,
        &c.id,
        &c.name,
        &c.address,
        &c.city_corporation,
        &c.district,
        &c.region,
        &c.country,
        &c.kind,
        &c.time_zone,
        &versions,
        &c.jurisdiction as &[Option<String>],
    )
    .fetch_all(conn)
    .await?)
}
