//! All SQL of the reminder ledger.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::{
    error::Result,
    ids::{ObligationId, TenantId},
};

/// Settles what is planned for an item and not yet on its way, because something made it moot. What is being sent this
/// moment ends by itself.
pub(crate) async fn suppress_planned(
    conn: &mut PgConnection,
    tenant: TenantId,
    obligation: ObligationId,
    reason: &'static str,
    now: DateTime<Utc>,
) -> Result<u64> {
    let settled = sqlx::query!(
        "update app.reminder_slots set state = 'suppressed', reason = $3, settled_at = $4
         where tenant_id = $1 and obligation_id = $2 and state = 'planned'",
        tenant.uuid(),
        obligation.uuid(),
        reason,
        now,
    )
    .execute(conn)
    .await?;
    Ok(settled.rows_affected())
}

/// The same for many items at once.
pub(crate) async fn suppress_planned_of_all(
    conn: &mut PgConnection,
    tenant: TenantId,
    obligations: &[uuid::Uuid],
    reason: &'static str,
    now: DateTime<Utc>,
) -> Result<u64> {
    let settled = sqlx::query!(
        "update app.reminder_slots set state = 'suppressed', reason = $3, settled_at = $4
         where tenant_id = $1 and obligation_id = any($2) and state = 'planned'",
        tenant.uuid(),
        obligations,
        reason,
        now,
    )
    .execute(conn)
    .await?;
    Ok(settled.rows_affected())
}
