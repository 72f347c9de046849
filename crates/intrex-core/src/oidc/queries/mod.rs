//! The SQL of identity providers. The way from a domain to a provider, and from a provider to its organisation, is asked as
//! `intrex_system`; everything else as the application, with the tenant set. Here are providers; `domains`, `attempts` and
//! `identities` have theirs.

mod attempts;
mod domains;
mod identities;

pub(crate) use attempts::clear;
pub(super) use attempts::{Attempt, NewAttempt, insert_attempt, is_under_way, use_attempt};
pub(super) use domains::{
    ToCheck, count_domains, delete_domain, insert_domain, note_found, note_missing,
    note_unanswered, provider_of, set_no_longer_proven, set_proven, to_check,
};
pub(crate) use identities::use_identity;
pub(super) use identities::{count_identities, identities, link, unlink};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::model::{Provider, ProviderDomain, ProviderName, Secret, record_name, record_value};
use crate::{
    error::Result,
    ids::{ProviderDomainId, ProviderId, TenantId},
};

/// As `intrex_system`: the provider to which a proven domain leads, in an organisation that is not suspended.
pub(super) async fn provider_of_domain(
    conn: &mut PgConnection,
    domain: &str,
) -> Result<Option<(TenantId, ProviderId)>> {
    let row = sqlx::query!(
        r#"select d.tenant_id as "tenant: TenantId", d.provider_id as "provider: ProviderId"
           from app.oidc_domains d join app.tenants t on t.id = d.tenant_id
           where d.domain = $1 and d.proven_at is not null and t.status = 'active'"#,
        domain,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.tenant, row.provider)))
}

/// As `intrex_system`: whose provider this is. One without a proven domain is nobody's yet.
pub(super) async fn tenant_of_provider(
    conn: &mut PgConnection,
    provider: ProviderId,
) -> Result<Option<TenantId>> {
    Ok(sqlx::query_scalar!(
        r#"select d.tenant_id as "tenant: TenantId" from app.oidc_domains d join app.tenants t on t.id = d.tenant_id
           where d.provider_id = $1 and d.proven_at is not null and t.status = 'active' limit 1"#,
        provider.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// What is needed to send somebody to a provider and to understand its answer.
#[derive(Debug)]
pub(super) struct Client {
    pub issuer: String,
    pub client_id: String,
    /// Sealed.
    pub client_secret: String,
}

/// A provider by which people sign in at present.
pub(super) async fn enabled_client(
    conn: &mut PgConnection,
    tenant: TenantId,
    provider: ProviderId,
) -> Result<Option<Client>> {
    Ok(sqlx::query_as!(
        Client,
        "select p.issuer, p.client_id, p.client_secret from app.oidc_providers p join app.tenants t on t.id = p.tenant_id
         where p.tenant_id = $1 and p.id = $2 and p.enabled_at is not null and t.status = 'active'",
        tenant.uuid(),
        provider.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// A provider to keep.
#[derive(Debug)]
pub(super) struct NewProvider<'a> {
    pub id: ProviderId,
    pub name: &'a str,
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub client_secret: &'a str,
}

pub(super) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    new: &NewProvider<'_>,
    now: DateTime<Utc>,
) -> std::result::Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into app.oidc_providers
           (tenant_id, id, name, issuer, client_id, client_secret, secret_set_at, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7, $7)",
        tenant.uuid(),
        new.id.uuid(),
        new.name,
        new.issuer,
        new.client_id,
        new.client_secret,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn update(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ProviderId,
    name: &str,
    client_id: &str,
    client_secret: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.oidc_providers
         set name = $3, client_id = $4, client_secret = coalesce($5, client_secret),
             secret_set_at = case when $5::text is null then secret_set_at else $6 end, updated_at = $6, version = version + 1
         where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
        name,
        client_id,
        client_secret,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn set_enabled(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ProviderId,
    enabled_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.oidc_providers set enabled_at = $3, updated_at = $4, version = version + 1 where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
        enabled_at,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn delete(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ProviderId,
) -> Result<()> {
    sqlx::query!(
        "delete from app.oidc_providers where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn count(conn: &mut PgConnection, tenant: TenantId) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from app.oidc_providers where tenant_id = $1"#,
        tenant.uuid(),
    )
    .fetch_one(conn)
    .await?)
}

/// Locks a provider until the transaction ends; whether it is there.
pub(super) async fn lock(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ProviderId,
) -> Result<bool> {
    let found = sqlx::query_scalar!(
        "select id from app.oidc_providers where tenant_id = $1 and id = $2 for update",
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.is_some())
}

/// Providers with their domains, by name: one, or all.
pub(super) async fn providers(
    conn: &mut PgConnection,
    tenant: TenantId,
    only: Option<ProviderId>,
    redirect_uri: &str,
) -> Result<Vec<Provider>> {
    let domains = sqlx::query!(
        r#"select id as "id: ProviderDomainId", provider_id as "provider: ProviderId", domain, challenge, proven_at, missing_since
           from app.oidc_domains where tenant_id = $1 and ($2::uuid is null or provider_id = $2) order by domain limit 1000"#,
        tenant.uuid(),
        only.map(ProviderId::uuid),
    )
    .fetch_all(&mut *conn)
    .await?;
    let rows = sqlx::query!(
        r#"select id as "id: ProviderId", name, issuer, client_id, secret_set_at, enabled_at is not null as "enabled!",
                  created_at, updated_at, version
           from app.oidc_providers where tenant_id = $1 and ($2::uuid is null or id = $2) order by lower(name), id limit 100"#,
        tenant.uuid(),
        only.map(ProviderId::uuid),
    )
    .fetch_all(conn)
    .await?;
    let providers = rows.into_iter().map(|row| Provider {
        domains: domains
            .iter()
            .filter(|domain| domain.provider == row.id)
            .map(|domain| ProviderDomain {
                id: domain.id,
                record_name: record_name(&domain.domain),
                record_value: record_value(&domain.challenge),
                domain: domain.domain.clone(),
                proven_at: domain.proven_at,
                missing_since: domain.missing_since,
            })
            .collect(),
        id: row.id,
        name: row.name,
        issuer: row.issuer,
        client_id: row.client_id,
        client_secret: Secret {
            set: true,
            set_at: row.secret_set_at,
        },
        redirect_uri: redirect_uri.to_owned(),
        enabled: row.enabled,
        created_at: row.created_at,
        updated_at: row.updated_at,
        version: row.version,
    });
    Ok(providers.collect())
}

/// The providers by which people sign in, by name.
pub(super) async fn enabled_names(
    conn: &mut PgConnection,
    tenant: TenantId,
    limit: i64,
) -> Result<Vec<ProviderName>> {
    Ok(sqlx::query_as!(
        ProviderName,
        r#"select id as "id: ProviderId", name from app.oidc_providers
           where tenant_id = $1 and enabled_at is not null order by lower(name), id limit $2"#,
        tenant.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?)
}
