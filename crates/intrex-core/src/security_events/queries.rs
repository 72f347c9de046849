//! All SQL of security events. Everything is counted by the database: two processes that see the same at the same moment
//! raise one row.

mod places;
mod seen;
mod tallies;
mod telling;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::model::Thresholds;
use crate::{error::Result, ids::TenantId};

pub(crate) use places::remove_old_networks;
pub(super) use places::{
    SessionPlace, hold_person, move_session, note_network, place_of, tell_agent,
};
pub(crate) use seen::remove_old_events;
pub(super) use seen::{Recorded, Sighting, acknowledge, find, list, open_count, record};
pub(crate) use tallies::remove_old_tallies;
pub(super) use tallies::{Member, Rule, add_member, add_to_sum};
pub(super) use telling::{
    Message, Untold, any_untold, lock_admins, lock_untold, note_mailed, note_told, plan_telling,
    tell, was_mailed,
};

/// From when on the rules speak, if the organisation has said so.
pub(super) async fn thresholds(
    conn: &mut PgConnection,
    tenant: TenantId,
) -> Result<Option<Thresholds>> {
    Ok(sqlx::query_as!(
        Thresholds,
        "select burst_failures, burst_minutes, spray_accounts, spray_minutes, export_rows, export_minutes, alternating_minutes,
                version
         from app.security_thresholds where tenant_id = $1",
        tenant.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// Sets them; `false` if somebody has changed them since that version.
pub(super) async fn set_thresholds(
    conn: &mut PgConnection,
    tenant: TenantId,
    to: &Thresholds,
    now: DateTime<Utc>,
) -> Result<bool> {
    let [bf, bm, sa, sm, er, em, am] = to.values();
    let done = sqlx::query!(
        "insert into app.security_thresholds as t
           (tenant_id, burst_failures, burst_minutes, spray_accounts, spray_minutes, export_rows, export_minutes,
            alternating_minutes, updated_at, version)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10 + 1)
         on conflict (tenant_id) do update
           set burst_failures = $2, burst_minutes = $3, spray_accounts = $4, spray_minutes = $5, export_rows = $6,
               export_minutes = $7, alternating_minutes = $8, updated_at = $9, version = $10 + 1
           where t.version = $10",
        tenant.uuid(),
        bf,
        bm,
        sa,
        sm,
        er,
        em,
        am,
        now,
        to.version,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
