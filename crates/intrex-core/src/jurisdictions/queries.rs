//! All SQL of places.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

use super::model::{Facts, Jurisdiction, Known, Listed, Places};
use crate::{
    error::Result,
    ids::{JurisdictionId, TenantId},
};

/// One page by code, and one row more if there is one.
pub(super) async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    within: Option<&str>,
    after: Option<String>,
    limit: i64,
) -> Result<Vec<Listed>> {
    Ok(sqlx::query_as!(
        Listed,
        r#"select id as "id: JurisdictionId", code, name, kind, weekend, time_zone, pack, updated_at, version
           from app.jurisdictions
           where tenant_id = $1 and ($2::text is null or code = $2 or starts_with(code, $2 || '-'))
             and ($3::text is null or code > $3)
           order by code limit $4"#,
        tenant.uuid(),
        within,
        after,
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// One place with its holidays.
pub(super) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: JurisdictionId,
) -> Result<Option<Jurisdiction>> {
    let place = sqlx::query_as!(
        Listed,
        r#"select id as "id: JurisdictionId", code, name, kind, weekend, time_zone, pack, updated_at, version
           from app.jurisdictions where tenant_id = $1 and id = $2"#,
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(place) = place else { return Ok(None) };
    let days = sqlx::query!(
        "select on_date, name from app.holidays where tenant_id = $1 and jurisdiction_id = $2",
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let holidays = days.into_iter().map(|day| (day.on_date, day.name));
    Ok(Some(Jurisdiction {
        place,
        holidays: holidays.collect(),
    }))
}

/// Locks a place until the transaction ends; whether it is there.
pub(super) async fn lock(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: JurisdictionId,
) -> Result<bool> {
    let found = sqlx::query_scalar!(
        "select id from app.jurisdictions where tenant_id = $1 and id = $2 for update",
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.is_some())
}

/// The places that an organisation knows. All of them: a branch may be in any.
pub(crate) async fn known(conn: &mut PgConnection, tenant: TenantId) -> Result<Places> {
    let known = sqlx::query_as!(
        Known,
        "select code, name, kind from app.jurisdictions where tenant_id = $1 order by code",
        tenant.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(Places(known))
}

pub(super) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: JurisdictionId,
    facts: &Facts,
    pack: Option<&str>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into app.jurisdictions (tenant_id, id, code, name, kind, weekend, time_zone, pack, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
        tenant.uuid(),
        id.uuid(),
        facts.code,
        facts.name,
        facts.kind.as_str(),
        facts.weekend.as_deref(),
        facts.time_zone,
        pack,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn update(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: JurisdictionId,
    facts: &Facts,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.jurisdictions set name = $3, weekend = $4, time_zone = $5, updated_at = $6, version = version + 1
         where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
        facts.name,
        facts.weekend.as_deref(),
        facts.time_zone,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes a place's holidays in place of the old ones.
pub(super) async fn set_holidays(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: JurisdictionId,
    holidays: &BTreeMap<NaiveDate, String>,
) -> Result<()> {
    sqlx::query!(
        "delete from app.holidays where tenant_id = $1 and jurisdiction_id = $2",
        tenant.uuid(),
        id.uuid(),
    )
    .execute(&mut *conn)
    .await?;
    let days: Vec<NaiveDate> = holidays.keys().copied().collect();
    let names: Vec<String> = holidays.values().cloned().collect();
    sqlx::query!(
        "insert into app.holidays (tenant_id, jurisdiction_id, on_date, name)
         select $1, $2, u.on_date, u.name from unnest($3::date[], $4::text[]) as u (on_date, name)",
        tenant.uuid(),
        id.uuid(),
        &days,
        &names,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a place has parts.
pub(super) async fn has_parts(
    conn: &mut PgConnection,
    tenant: TenantId,
    code: &str,
) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists(select from app.jurisdictions where tenant_id = $1 and starts_with(code, $2 || '-')) as "found!""#,
        tenant.uuid(),
        code,
    )
    .fetch_one(conn)
    .await?)
}

pub(super) async fn delete(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: JurisdictionId,
) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from app.jurisdictions where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}
