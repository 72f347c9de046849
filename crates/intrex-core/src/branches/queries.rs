//! The SQL of branches. Which of a tenant's branches are seen is the row policies' decision.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::{Branch, BranchFacts, BranchFilter, BranchName, BranchStatus};
use crate::{
    error::Result,
    ids::{BranchId, TenantId},
};

pub(super) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: BranchId,
    facts: &BranchFacts,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into app.branches (tenant_id, id, code, name, address, city_corporation, district, region, country, type,
                                   time_zone, jurisdiction, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $13, $12, $12)",
        tenant.uuid(),
        id.uuid(),
        facts.code,
        facts.name,
        facts.address,
        facts.city_corporation,
        facts.district,
        facts.region,
        facts.country,
        facts.kind,
        facts.time_zone,
        now,
        facts.jurisdiction,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn update(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: BranchId,
    facts: &BranchFacts,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update app.branches
         set code = $3, name = $4, address = $5, city_corporation = $6, district = $7, region = $8, country = $9, type = $10,
             time_zone = $11, jurisdiction = $13, updated_at = $12, version = version + 1
         where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
        facts.code,
        facts.name,
        facts.address,
        facts.city_corporation,
        facts.district,
        facts.region,
        facts.country,
        facts.kind,
        facts.time_zone,
        now,
        facts.jurisdiction,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn set_status(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: BranchId,
    status: BranchStatus,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.branches set status = $3, updated_at = $4, version = version + 1 where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
        status as BranchStatus,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: BranchId,
) -> Result<Option<Branch>> {
    Ok(sqlx::query_as!(
        Branch,
        r#"select id as "id: BranchId", code, name, address, city_corporation, district, region, country, jurisdiction, type as kind,
                  time_zone, status as "status: BranchStatus", created_at, updated_at, version
           from app.branches where tenant_id = $1 and id = $2"#,
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// Locks the row until the transaction ends.
pub(super) async fn find_for_update(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: BranchId,
) -> Result<Option<Branch>> {
    Ok(sqlx::query_as!(
        Branch,
        r#"select id as "id: BranchId", code, name, address, city_corporation, district, region, country, jurisdiction, type as kind,
                  time_zone, status as "status: BranchStatus", created_at, updated_at, version
           from app.branches where tenant_id = $1 and id = $2 for update"#,
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// By code; `needle` is the search text in lower case.
pub(super) async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    filter: &BranchFilter,
    needle: Option<&str>,
    after: Option<(String, Uuid)>,
    limit: i64,
) -> Result<Vec<Branch>> {
    let (after_code, after_id) = after.unzip();
    Ok(sqlx::query_as!(
        Branch,
        r#"select id as "id: BranchId", code, name, address, city_corporation, district, region, country, jurisdiction, type as kind,
                  time_zone, status as "status: BranchStatus", created_at, updated_at, version
           from app.branches
           where tenant_id = $1
             and ($2::text is null or status = $2)
             and ($3::text is null or region = $3)
             and ($4::text is null or country = $4)
             and ($5::text is null or type = $5)
             and ($6::text is null or strpos(lower(code), $6) > 0 or strpos(lower(name), $6) > 0)
             and ($7::text is null or (code, id) > ($7, $8))
             and ($10::text is null or coalesce(jurisdiction, country) = $10
                  or starts_with(coalesce(jurisdiction, country), $10 || '-'))
           order by code, id limit $9"#,
        tenant.uuid(),
        filter.status as Option<BranchStatus>,
        filter.region,
        filter.country,
        filter.kind,
        needle,
        after_code,
        after_id.unwrap_or_default(),
        limit,
        filter.jurisdiction,
    )
    .fetch_all(conn)
    .await?)
}

pub(super) async fn names(
    conn: &mut PgConnection,
    tenant: TenantId,
    limit: i64,
) -> Result<Vec<BranchName>> {
    Ok(sqlx::query_as!(
        BranchName,
        r#"select id as "id: BranchId", code, name, time_zone
           from app.branches where tenant_id = $1 and status = 'active' order by name, id limit $2"#,
        tenant.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// The branches that are in no known place, locked until the transaction ends.
pub(super) async fn lock_without_place(
    conn: &mut PgConnection,
    tenant: TenantId,
) -> Result<Vec<Branch>> {
    Ok(sqlx::query_as!(
        Branch,
        r#"select id as "id: BranchId", code, name, address, city_corporation, district, region, country, jurisdiction, type as kind,
                  time_zone, status as "status: BranchStatus", created_at, updated_at, version
           from app.branches where tenant_id = $1 and jurisdiction is null order by id for update"#,
        tenant.uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// Puts branches into places.
pub(super) async fn set_places(
    conn: &mut PgConnection,
    tenant: TenantId,
    ids: &[Uuid],
    codes: &[String],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.branches b set jurisdiction = u.code, updated_at = $4, version = b.version + 1
         from unnest($2::uuid[], $3::text[]) as u (id, code) where b.tenant_id = $1 and b.id = u.id",
        tenant.uuid(),
        ids,
        codes,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
