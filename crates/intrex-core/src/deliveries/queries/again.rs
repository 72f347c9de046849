//! The SQL of dead letters that are taken up again.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::{commands::Range, model::State};
use crate::{
    error::Result,
    ids::{ConnectorId, DeliveryId, TenantId},
};

/// A dead letter.
pub(in crate::deliveries) struct Dead {
    pub(in crate::deliveries) id: DeliveryId,
    pub(in crate::deliveries) slots: i16,
}

/// How a delivery stands, under lock; none if it is not there.
pub(in crate::deliveries) async fn lock(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: DeliveryId,
) -> Result<Option<(State, Dead)>> {
    let row = sqlx::query!(
        "select state, slots from app.notification_deliveries where tenant_id = $1 and id = $2 for update",
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.and_then(|row| {
        let slots = row.slots;
        Some((State::parse(&row.state)?, Dead { id, slots }))
    }))
}

/// How many dead letters lie in a range.
pub(in crate::deliveries) async fn count_dead(
    conn: &mut PgConnection,
    tenant: TenantId,
    range: &Range,
) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from app.notification_deliveries
           where tenant_id = $1 and state = 'dead' and ($2::uuid is null or connector_id = $2)
             and ($3::timestamptz is null or created_at >= $3) and ($4::timestamptz is null or created_at < $4)"#,
        tenant.uuid(),
        range.connector.map(ConnectorId::uuid),
        range.from,
        range.to,
    )
    .fetch_one(conn)
    .await?)
}

/// The first dead letters in a range, under lock, in the order of their ids.
pub(in crate::deliveries) async fn lock_dead(
    conn: &mut PgConnection,
    tenant: TenantId,
    range: &Range,
    limit: i64,
) -> Result<Vec<Dead>> {
    Ok(sqlx::query_as!(
        Dead,
        r#"select id as "id: DeliveryId", slots from app.notification_deliveries
           where tenant_id = $1 and state = 'dead' and ($2::uuid is null or connector_id = $2)
             and ($3::timestamptz is null or created_at >= $3) and ($4::timestamptz is null or created_at < $4)
           order by id limit $5 for update"#,
        tenant.uuid(),
        range.connector.map(ConnectorId::uuid),
        range.from,
        range.to,
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// Takes dead letters up again, as if they had never been tried: under the same id.
pub(in crate::deliveries) async fn take_up(
    conn: &mut PgConnection,
    tenant: TenantId,
    ids: &[Uuid],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update app.notification_deliveries
         set state = 'waiting', reason = null, settled_at = null, attempts = 0, lease_until = null, next_attempt_at = $3
         where tenant_id = $1 and id = any($2) and state = 'dead'",
        tenant.uuid(),
        ids,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
