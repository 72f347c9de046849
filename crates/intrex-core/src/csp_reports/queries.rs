//! The SQL of reports.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::model::Violation;
use crate::{error::Result, ids::TenantId};

/// Counts a violation that is known, or keeps a new one while there is room. Whether it was kept.
pub(super) async fn keep(
    conn: &mut PgConnection,
    violation: &Violation,
    max: i64,
    now: DateTime<Utc>,
) -> Result<bool> {
    let known = sqlx::query!(
        "update app.csp_reports set seen = least(seen, 2147483646) + 1, last_seen_at = $5
         where tenant_id = $1 and directive = $2 and blocked = $3 and page = $4",
        TenantId::PLATFORM.uuid(),
        violation.directive(),
        violation.blocked(),
        violation.page(),
        now,
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if known > 0 {
        return Ok(true);
    }
    let kept = sqlx::query!(
        "insert into app.csp_reports (tenant_id, directive, blocked, page, seen, first_seen_at, last_seen_at)
         select $1, $2, $3, $4, 1, $5, $5
         where (select count(*) from app.csp_reports where tenant_id = $1) < $6
         on conflict on constraint csp_reports_pkey
         do update set seen = least(csp_reports.seen, 2147483646) + 1, last_seen_at = excluded.last_seen_at",
        TenantId::PLATFORM.uuid(),
        violation.directive(),
        violation.blocked(),
        violation.page(),
        now,
        max,
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(kept > 0)
}
