//! The SQL of domains: claimed, proven, looked at again, and no longer proven.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::{
    error::Result,
    ids::{ProviderDomainId, ProviderId, TenantId},
};

pub(in crate::oidc) async fn insert_domain(
    conn: &mut PgConnection,
    tenant: TenantId,
    provider: ProviderId,
    id: ProviderDomainId,
    domain: &str,
    challenge: &str,
    now: DateTime<Utc>,
) -> std::result::Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into app.oidc_domains (tenant_id, id, provider_id, domain, challenge, created_at) values ($1, $2, $3, $4, $5, $6)",
        tenant.uuid(),
        id.uuid(),
        provider.uuid(),
        domain,
        challenge,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// To which provider a domain belongs.
pub(in crate::oidc) async fn provider_of(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ProviderDomainId,
) -> Result<Option<ProviderId>> {
    Ok(sqlx::query_scalar!(
        r#"select provider_id as "provider: ProviderId" from app.oidc_domains where tenant_id = $1 and id = $2"#,
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

pub(in crate::oidc) async fn count_domains(
    conn: &mut PgConnection,
    tenant: TenantId,
) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from app.oidc_domains where tenant_id = $1"#,
        tenant.uuid(),
    )
    .fetch_one(conn)
    .await?)
}

/// Notes that a domain is proven. The index holds that it is nobody else's.
pub(in crate::oidc) async fn set_proven(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ProviderDomainId,
    now: DateTime<Utc>,
) -> std::result::Result<bool, sqlx::Error> {
    let proven = sqlx::query!(
        "update app.oidc_domains set proven_at = $3, checked_at = $3, missing_since = null, missed = 0 where tenant_id = $1 and id = $2 and proven_at is null",
        tenant.uuid(),
        id.uuid(),
        now,
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(proven == 1)
}

pub(in crate::oidc) async fn delete_domain(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ProviderDomainId,
) -> Result<()> {
    sqlx::query!(
        "delete from app.oidc_domains where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A proven domain whose record is to be looked for again.
#[derive(Debug)]
pub(in crate::oidc) struct ToCheck {
    pub id: ProviderDomainId,
    pub provider: ProviderId,
    pub domain: String,
    pub challenge: String,
}

/// Proven domains that nobody has looked at since then, the longest ago first.
pub(in crate::oidc) async fn to_check(
    conn: &mut PgConnection,
    tenant: TenantId,
    then: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<ToCheck>> {
    Ok(sqlx::query_as!(
        ToCheck,
        r#"select id as "id: ProviderDomainId", provider_id as "provider: ProviderId", domain, challenge
           from app.oidc_domains where tenant_id = $1 and proven_at is not null and (checked_at is null or checked_at <= $2)
           order by checked_at nulls first, id limit $3"#,
        tenant.uuid(),
        then,
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// The record is there.
pub(in crate::oidc) async fn note_found(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ProviderDomainId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.oidc_domains set checked_at = $3, missing_since = null, missed = 0 where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Nobody has said whether the record is there.
pub(in crate::oidc) async fn note_unanswered(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ProviderDomainId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.oidc_domains set checked_at = $3 where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The record is not there; how often in a row. None if the domain is not proven any more, or not there.
pub(in crate::oidc) async fn note_missing(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ProviderDomainId,
    now: DateTime<Utc>,
) -> Result<Option<i16>> {
    Ok(sqlx::query_scalar!(
        "update app.oidc_domains
         set checked_at = $3, missing_since = coalesce(missing_since, $3), missed = least(missed + 1, 100)
         where tenant_id = $1 and id = $2 and proven_at is not null returning missed",
        tenant.uuid(),
        id.uuid(),
        now,
    )
    .fetch_optional(conn)
    .await?)
}

/// A domain that leads nowhere any more, until it is proven again.
pub(in crate::oidc) async fn set_no_longer_proven(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ProviderDomainId,
) -> Result<()> {
    sqlx::query!(
        "update app.oidc_domains set proven_at = null, missing_since = null, missed = 0 where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}
