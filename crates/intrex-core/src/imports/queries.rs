//! All SQL of imports: whose turn it is, and the record of what was applied. The rows' own SQL stands beside their rules.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::Import;
use crate::{
    error::Result,
    ids::{ImportId, PersonId, TenantId},
};

/// Lets one import of a tenant go on at a time, until the transaction ends; others wait for a minute at most. Then two
/// imports of the same file do not each create what the other one creates.
pub(super) async fn wait_for_turn(conn: &mut PgConnection, tenant: TenantId) -> sqlx::Result<()> {
    sqlx::query!("set local lock_timeout to '60s'")
        .execute(&mut *conn)
        .await?;
    sqlx::query!("set local statement_timeout to '70s'")
        .execute(&mut *conn)
        .await?;
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended('import:' || $1::uuid::text, 0))",
        tenant.uuid()
    )
    .fetch_one(&mut *conn)
    .await?;
    sqlx::query!("set local lock_timeout to default")
        .execute(&mut *conn)
        .await?;
    sqlx::query!("set local statement_timeout to default")
        .execute(conn)
        .await?;
    Ok(())
}

/// Keeps the record of an applied import.
pub(super) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    applied: &Import,
) -> Result<()> {
    sqlx::query!(
        "insert into app.imports (tenant_id, id, kind, file_name, file_sha256, rows, created, updated, unchanged, rejected,
                                  actor_id, created_at)
         values ($1, $2, $3, $4, decode($5, 'hex'), $6, $7, $8, $9, $10, $11, $12)",
        tenant.uuid(),
        applied.id.uuid(),
        applied.kind,
        applied.file_name,
        applied.file_sha256,
        applied.rows,
        applied.created,
        applied.updated,
        applied.unchanged,
        applied.rejected,
        applied.actor_id.map(PersonId::uuid),
        applied.created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One page of the imports of a tenant, the latest first, and one row more if there is one.
pub(super) async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Import>> {
    Ok(sqlx::query_as!(
        Import,
        r#"select id as "id: ImportId", kind, file_name, encode(file_sha256, 'hex') as "file_sha256!", rows, created, updated,
                  unchanged, rejected, actor_id as "actor_id: PersonId", created_at
           from app.imports
           where tenant_id = $1 and ($2::timestamptz is null or (created_at, id) < ($2, $3::uuid))
           order by created_at desc, id desc limit $4"#,
        tenant.uuid(),
        before.map(|(at, _)| at),
        before.map(|(_, id)| id),
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// One import.
pub(super) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ImportId,
) -> Result<Option<Import>> {
    Ok(sqlx::query_as!(
        Import,
        r#"select id as "id: ImportId", kind, file_name, encode(file_sha256, 'hex') as "file_sha256!", rows, created, updated,
                  unchanged, rejected, actor_id as "actor_id: PersonId", created_at
           from app.imports where tenant_id = $1 and id = $2"#,
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}
