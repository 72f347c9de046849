//! Removes what has expired, a bounded number of rows at a time. What it removes told nothing about anybody's affairs any
//! more; the events of what happened stay in the audit log.

use chrono::TimeDelta;

use super::{JobOutcome, queries};
use crate::{
    App, account_mail, accounts,
    actor::Actor,
    answers, connectors, deliveries, digests,
    error::Result,
    idempotency,
    ids::TenantId,
    oidc,
    permission::Permission,
    security_events::{
        EVENTS_KEPT_FOR, NETWORKS_KEPT_FOR, TALLIES_KEPT_FOR, remove_old_events,
        remove_old_networks, remove_old_tallies,
    },
    sessions::{counters, devices},
};

/// How often it runs.
const INTERVAL: TimeDelta = TimeDelta::hours(1);
/// How long an ended session can still be looked at.
const ENDED_SESSIONS_KEPT: TimeDelta = TimeDelta::days(7);
/// Rows that one statement removes.
const ROWS_A_STATEMENT: i64 = 5_000;

pub(super) async fn run(app: &App, actor: &Actor) -> Result<JobOutcome> {
    actor.may(Permission::Housekeeping)?;
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let (conn, now) = (tx.conn(), app.now());
    let limit = ROWS_A_STATEMENT;
    let mut most =
        queries::remove_idempotency_keys(conn, tenant, now - idempotency::KEPT_FOR, limit).await?;
    most =
        most.max(queries::remove_sessions(conn, tenant, now - ENDED_SESSIONS_KEPT, limit).await?);
    most = most.max(devices::remove_expired(conn, tenant, now, limit).await?);
    most = most.max(account_mail::clear(conn, tenant, now, limit).await?);
    most = most.max(oidc::clear(conn, tenant, now, limit).await?);
    most = most.max(answers::clear(conn, tenant, now, limit).await?);
    most = most.max(accounts::clear(conn, tenant, now, limit).await?);
    most = most.max(remove_old_events(conn, tenant, now - EVENTS_KEPT_FOR, limit).await?);
    most = most.max(remove_old_tallies(conn, tenant, now - TALLIES_KEPT_FOR, limit).await?);
    most = most.max(remove_old_networks(conn, tenant, now - NETWORKS_KEPT_FOR, limit).await?);
    most = most.max(
        deliveries::remove_old_attempts(conn, tenant, now - deliveries::ATTEMPTS_KEPT_FOR, limit)
            .await?,
    );
    most = most.max(digests::remove_old(conn, tenant, now - digests::KEPT_FOR, limit).await?);
    tx.commit_unaudited("what expired by itself is removed")
        .await?;
    connectors::promote_overdue(app, actor).await?;
    if tenant == TenantId::PLATFORM {
        most = most.max(counters::forget_old_failures(app).await?);
    }
    let more = most >= ROWS_A_STATEMENT.unsigned_abs();
    Ok(JobOutcome::Later(if more { now } else { now + INTERVAL }))
}
