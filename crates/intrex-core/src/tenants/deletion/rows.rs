//! What goes with an organisation, in which order: how people get in first, then what refers to something, then what is referred
//! to. A table is begun when those before it are empty. A statement a table, because each is checked against its own.
//!
//! A new table with rows of organisations needs its line here: a test compares the lists with the catalogue lint's.

use sqlx::PgConnection;

use crate::{error::Result, ids::TenantId, jobs::Kind};

/// Rows that one transaction removes.
const ROWS_A_BATCH: i64 = 5_000;
/// The same of obligations: for each of them PostgreSQL looks whether something is left that refers to it.
const OBLIGATIONS_A_BATCH: i64 = 1_000;
/// The same of people and what else there are few of: the look has no index of its own, and passes over what was just removed.
const REFERRED_ROWS_A_BATCH: i64 = 50;

/// What stays: the log with its keys, erased, so that it verifies; and the row that says when it was.
#[cfg(test)]
const KEPT: [&str; 5] = [
    "audit_events",
    "audit_heads",
    "audit_leaves",
    "data_keys",
    "tenants",
];
/// What has rows of the platform alone.
#[cfg(test)]
const OF_THE_PLATFORM: [&str; 2] = ["csp_reports", "sign_in_counters"];

/// How many rows may still go in this transaction.
#[derive(Debug)]
struct Room {
    removed: u64,
    left: i64,
}

impl Room {
    fn took(&mut self, rows: u64) {
        self.removed += rows;
        self.left -= i64::try_from(rows).unwrap_or(self.left).min(self.left);
    }

    fn narrow(&mut self, to: i64) {
        self.left = self.left.min(to);
    }
}

macro_rules! tables {
    ($function:ident $names:ident $($table:literal)+) => {
        #[cfg(test)]
        const $names: &[&str] = &[$($table),+];

        async fn $function(conn: &mut PgConnection, tenant: TenantId, room: &mut Room) -> Result<()> {
            $(
                if room.left > 0 {
                    let removed = sqlx::query!(
                        "delete from app." + $table + " where tenant_id = $1 and ctid = any (array(
                           select ctid from app." + $table + " where tenant_id = $1 limit $2))",
                        tenant.uuid(),
                        room.left,
                    )
                    .execute(&mut *conn)
                    .await?;
                    room.took(removed.rows_affected());
                }
            )+
            Ok(())
        }
    };
}

tables!(remove_what_refers WHAT_REFERS
    "passkey_challenges" "oidc_attempts" "sessions" "api_tokens" "known_devices" "pending_factors" "recovery_codes" "passkeys"
    "oidc_identities" "oidc_domains" "oidc_providers" "invitations" "password_resets" "email_changes" "password_history"
    "account_mail" "idempotency_keys" "known_networks" "notification_events" "security_events" "security_tallies"
    "security_thresholds" "access_review_rows" "access_reviews" "imports" "person_branches" "acknowledgements" "snoozes" "answer_links"
    "reminder_slots" "delivery_attempts" "digests" "digest_wishes"
    "notification_deliveries" "delivery_fingerprints" "notification_opt_outs" "notification_routes" "connector_secrets" "connectors");

tables!(remove_what_is_referred_to WHAT_IS_REFERRED_TO
    "obligation_templates" "applied_packs" "people" "branches" "holidays" "jurisdictions");

/// Removes rows of an organisation, up to the limit of a transaction; how many. None if there are none.
pub(super) async fn remove_some(conn: &mut PgConnection, tenant: TenantId) -> Result<u64> {
    let mut room = Room {
        removed: 0,
        left: ROWS_A_BATCH,
    };
    remove_what_refers(conn, tenant, &mut room).await?;
    room.narrow(OBLIGATIONS_A_BATCH);
    if room.left > 0 {
        remove_obligations(conn, tenant, &mut room).await?;
    }
    room.narrow(REFERRED_ROWS_A_BATCH);
    remove_what_is_referred_to(conn, tenant, &mut room).await?;
    if room.left > 0 {
        remove_jobs(conn, tenant, &mut room).await?;
    }
    Ok(room.removed)
}

/// The latest first, each with its successors: they refer to it, and need not have the greater ids.
async fn remove_obligations(
    conn: &mut PgConnection,
    tenant: TenantId,
    room: &mut Room,
) -> Result<()> {
    let removed = sqlx::query!(
        "with recursive chosen as (
           (select id from app.obligation_instances where tenant_id = $1 order by id desc limit $2)
           union
           select s.id from app.obligation_instances s join chosen c on s.tenant_id = $1 and s.predecessor_id = c.id)
         delete from app.obligation_instances where tenant_id = $1 and id in (select id from chosen)",
        tenant.uuid(),
        room.left,
    )
    .execute(conn)
    .await?;
    room.took(removed.rows_affected());
    Ok(())
}

/// All but the one that is doing this.
async fn remove_jobs(conn: &mut PgConnection, tenant: TenantId, room: &mut Room) -> Result<()> {
    let removed = sqlx::query!(
        "delete from app.jobs where tenant_id = $1 and ctid = any (array(
           select ctid from app.jobs where tenant_id = $1 and kind <> $2 limit $3))",
        tenant.uuid(),
        Kind::DeleteTenant.as_str(),
        room.left,
    )
    .execute(conn)
    .await?;
    room.took(removed.rows_affected());
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::db::catalogue;

    #[test]
    fn every_table_with_rows_of_organisations_is_emptied_or_kept_on_purpose() {
        let by_hand = ["obligation_instances", "jobs"];
        let listed: Vec<&str> = [
            WHAT_REFERS,
            WHAT_IS_REFERRED_TO,
            &by_hand,
            &KEPT,
            &OF_THE_PLATFORM,
        ]
        .concat();
        let named: BTreeSet<&str> = listed.iter().copied().collect();
        assert_eq!(named.len(), listed.len(), "a table is listed twice");
        assert_eq!(named, catalogue::tenant_tables().collect());
    }

    #[test]
    fn a_transaction_has_its_limit() {
        let mut room = Room {
            removed: 0,
            left: ROWS_A_BATCH,
        };
        room.took(4_600);
        room.narrow(OBLIGATIONS_A_BATCH);
        assert_eq!((room.removed, room.left), (4_600, 400));
        // Successors come along, however many there are.
        room.took(450);
        assert_eq!((room.removed, room.left), (5_050, 0));
        room.narrow(REFERRED_ROWS_A_BATCH);
        assert_eq!(room.left, 0);
    }
}
