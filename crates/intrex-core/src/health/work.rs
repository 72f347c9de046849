//! Each kind of background work with what waits for it: numbers and times alone, of one organisation or of all together.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::heartbeat::{self, Heartbeat, Standing};
use crate::{
    app::App,
    audit::sequencer,
    db::ReadTx,
    error::Result,
    ids::TenantId,
    permission::Permission,
    worker::{ACCOUNT_MAIL, DELIVERIES, JOBS, SENDER, WORKERS},
};

/// Up to here what waits is counted; more is no other news.
const COUNTED_AT_MOST: i64 = 10_000;

/// A kind of background work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Work {
    /// Its name.
    pub worker: &'static str,
    /// How it stands.
    pub standing: Standing,
    /// Its last sign of life; null if it was never heard of.
    pub heartbeat: Option<Heartbeat>,
    /// What is due and has not been done; counted up to 10,000.
    pub waiting: i64,
    /// Since when the first of it has been due; null when nothing waits, and for the audit log, whose order is no time.
    pub due_since: Option<DateTime<Utc>>,
}

/// Every kind of background work of the installation, with what waits in all organisations together.
pub async fn installation(app: &App) -> Result<Vec<Work>> {
    let mut tx = app.db.system().await?;
    let now = tx.now().await?;
    let work = read(tx.conn(), None, now).await?;
    tx.commit().await?;
    Ok(work)
}

/// Every kind of background work, with what waits in the caller's organisation.
pub async fn of_organisation(tx: &mut ReadTx) -> Result<Vec<Work>> {
    tx.may(Permission::HealthRead)?;
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    read(tx.conn(), Some(tenant), now).await
}

async fn read(
    conn: &mut PgConnection,
    of: Option<TenantId>,
    now: DateTime<Utc>,
) -> Result<Vec<Work>> {
    let beats = heartbeat::read(conn).await?;
    let due = sqlx::query!(
        r#"select
             (select count(*) from (
                select from app.jobs where run_at <= $1 and (lease_until is null or lease_until <= $1)
                  and ($3::uuid is null or tenant_id = $3) limit $2) j) as "jobs!",
             (select min(run_at) from app.jobs where run_at <= $1 and (lease_until is null or lease_until <= $1)
                and ($3::uuid is null or tenant_id = $3)) as jobs_since,
             (select count(*) from (
                select from app.reminder_slots where state in ('planned', 'sending') and next_attempt_at <= $1
                  and (state = 'planned' or lease_until is not null)
                  and ($3::uuid is null or tenant_id = $3) limit $2) s) as "reminders!",
             (select min(next_attempt_at) from app.reminder_slots where state in ('planned', 'sending') and next_attempt_at <= $1
                  and (state = 'planned' or lease_until is not null)
                and ($3::uuid is null or tenant_id = $3)) as reminders_since,
             -- Each state by itself, as the indexes are: what is settled is most of the table.
             (select count(*) from (
                select from app.notification_deliveries where state = 'waiting' and next_attempt_at <= $1
                  and ($3::uuid is null or tenant_id = $3) limit $2) d)
             + (select count(*) from app.notification_deliveries
                where state = 'sending' and ($3::uuid is null or tenant_id = $3)) as "deliveries!",
             least(
               (select min(next_attempt_at) from app.notification_deliveries
                where state = 'waiting' and next_attempt_at <= $1 and ($3::uuid is null or tenant_id = $3)),
               (select min(next_attempt_at) from app.notification_deliveries
                where state = 'sending' and ($3::uuid is null or tenant_id = $3))) as deliveries_since,
             (select count(*) from (
                select from app.account_mail where state in ('queued', 'sending') and next_attempt_at <= $1
                  and ($3::uuid is null or tenant_id = $3) limit $2) m) as "account_mail!",
             (select min(next_attempt_at) from app.account_mail where state in ('queued', 'sending') and next_attempt_at <= $1
                and ($3::uuid is null or tenant_id = $3)) as account_mail_since,
             (select count(*) from (
                select from app.audit_cursor c
                join app.audit_events e on e.epoch = c.epoch and (e.xid, e.pos) > (c.xid, c.pos)
                where $3::uuid is null or e.tenant_id = $3 limit $2) u) as "unplaced!""#,
        now,
        COUNTED_AT_MOST,
        of.map(|tenant| tenant.uuid()),
    )
    .fetch_one(conn)
    .await?;
    let work = WORKERS.into_iter().map(|worker| {
        let heartbeat = beats.iter().find(|beat| beat.worker == worker).cloned();
        let (waiting, due_since) = match worker {
            JOBS => (due.jobs, due.jobs_since),
            SENDER => (due.reminders, due.reminders_since),
            DELIVERIES => (due.deliveries, due.deliveries_since),
            ACCOUNT_MAIL => (due.account_mail, due.account_mail_since),
            sequencer::WORKER => (due.unplaced, None),
            _ => (0, None),
        };
        Work {
            worker,
            standing: standing(heartbeat.as_ref(), now),
            heartbeat,
            waiting,
            due_since,
        }
    });
    Ok(work.collect())
}

/// Whether all work goes on: what every page of an admin looks at.
pub async fn nothing_stands_still(tx: &mut ReadTx) -> Result<bool> {
    tx.may(Permission::HealthRead)?;
    let now = tx.now();
    Ok(standing_still(&heartbeat::read(tx.conn()).await?, now).is_empty())
}

/// The kinds of work that do not go on, by what is known of all; every kind has to be there.
pub fn standing_still(beats: &[Heartbeat], now: DateTime<Utc>) -> Vec<(&'static str, Standing)> {
    WORKERS
        .into_iter()
        .map(|worker| {
            let beat = beats.iter().find(|beat| beat.worker == worker);
            (worker, standing(beat, now))
        })
        .filter(|(_, standing)| *standing != Standing::Working)
        .collect()
}

fn standing(beat: Option<&Heartbeat>, now: DateTime<Utc>) -> Standing {
    beat.map_or(Standing::Silent, |beat| beat.standing(now))
}
