//! Whom providers vouch for.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::{
    error::Result,
    ids::{IdentityId, PersonId, ProviderId, TenantId},
    oidc::model::Identity,
};

/// Whom a provider means by a subject, if people sign in by it at present; notes the use.
pub(crate) async fn use_identity(
    conn: &mut PgConnection,
    tenant: TenantId,
    provider: ProviderId,
    subject: &str,
    now: DateTime<Utc>,
) -> Result<Option<PersonId>> {
    Ok(sqlx::query_scalar!(
        r#"update app.oidc_identities i set last_used_at = $4
           from app.oidc_providers p
           where i.tenant_id = $1 and i.provider_id = $2 and i.subject = $3
             and p.tenant_id = i.tenant_id and p.id = i.provider_id and p.enabled_at is not null
           returning i.person_id as "person: PersonId""#,
        tenant.uuid(),
        provider.uuid(),
        subject,
        now,
    )
    .fetch_optional(conn)
    .await?)
}

pub(in crate::oidc) async fn link(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: IdentityId,
    provider: ProviderId,
    subject: &str,
    person: PersonId,
    now: DateTime<Utc>,
) -> std::result::Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into app.oidc_identities (tenant_id, id, provider_id, subject, person_id, linked_at) values ($1, $2, $3, $4, $5, $6)",
        tenant.uuid(),
        id.uuid(),
        provider.uuid(),
        subject,
        person.uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes an identity of this person; of which provider it was.
pub(in crate::oidc) async fn unlink(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    id: IdentityId,
) -> Result<Option<ProviderId>> {
    Ok(sqlx::query_scalar!(
        r#"delete from app.oidc_identities where tenant_id = $1 and person_id = $2 and id = $3
           returning provider_id as "provider: ProviderId""#,
        tenant.uuid(),
        person.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

pub(in crate::oidc) async fn identities(
    conn: &mut PgConnection,
    tenant: TenantId,
    person: PersonId,
    limit: i64,
) -> Result<Vec<Identity>> {
    Ok(sqlx::query_as!(
        Identity,
        r#"select i.id as "id: IdentityId", i.provider_id as "provider_id: ProviderId", p.name as provider_name,
                  p.enabled_at is not null as "provider_enabled!", i.linked_at, i.last_used_at
           from app.oidc_identities i join app.oidc_providers p on p.tenant_id = i.tenant_id and p.id = i.provider_id
           where i.tenant_id = $1 and i.person_id = $2 order by lower(p.name), i.id limit $3"#,
        tenant.uuid(),
        person.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// How many people a provider vouches for.
pub(in crate::oidc) async fn count_identities(
    conn: &mut PgConnection,
    tenant: TenantId,
    provider: ProviderId,
) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from app.oidc_identities where tenant_id = $1 and provider_id = $2"#,
        tenant.uuid(),
        provider.uuid(),
    )
    .fetch_one(conn)
    .await?)
}
