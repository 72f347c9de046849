//! The SQL of repeated requests: reading what was kept. Keeping is part of the commit itself.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{actor::IdempotencyKey, error::Result, ids::TenantId};

pub(super) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    actor: Uuid,
    key: &IdempotencyKey,
    since: DateTime<Utc>,
) -> Result<Option<(Vec<u8>, String)>> {
    let row = sqlx::query!(
        "select body_hash, answer from app.idempotency_keys
         where tenant_id = $1 and actor_id = $2 and route = $3 and key = $4 and created_at > $5",
        tenant.uuid(),
        actor,
        key.route,
        key.key,
        since,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.body_hash, row.answer)))
}
