//! Claims due jobs fairly between tenants, runs them side by side, and writes down how each ended.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::task::JoinSet;

use super::{
    JobOutcome, Kind,
    queries::{self, Claim},
};
use crate::{App, actor::Actor, audit::Event, error::Result, ids::TenantId, worker::doubled};

/// How long a claim holds: a worker that was killed gives its job up after this.
const LEASE: TimeDelta = TimeDelta::seconds(60);
/// How long a job may work. Shorter than the lease, so that nobody else has begun it by then, and than the minute after
/// which a worker counts as silent.
const WORK_LIMIT: Duration = Duration::from_secs(40);
/// Jobs that one round runs side by side: each needs a connection.
const JOBS_A_ROUND: i64 = 4;
/// Of which one tenant has so many at most.
const JOBS_A_TENANT: i64 = 2;
/// The wait after the first failure; doubled each time.
const FIRST_RETRY: TimeDelta = TimeDelta::seconds(10);
/// The longest wait after a failure.
const LONGEST_RETRY: TimeDelta = TimeDelta::minutes(15);
/// Characters of a failure that are kept.
const MAX_WHY: usize = 1_000;

/// Runs one round of due jobs. Answers how many there were.
pub async fn run_due(app: &App) -> Result<usize> {
    let mut tx = app.db.system().await?;
    let now = tx.now().await?;
    if !queries::anything_due(tx.conn(), now).await? {
        return Ok(0);
    }
    let claims = queries::claim(tx.conn(), now, now + LEASE, JOBS_A_TENANT, JOBS_A_ROUND).await?;
    tx.commit().await?;
    let ran = claims.len();
    let mut round = JoinSet::new();
    for claim in claims {
        let app = app.clone();
        round.spawn(async move { run(&app, claim).await });
    }
    while let Some(ended) = round.join_next().await {
        // Neither a panic nor a database that went away may hold up the others: the lease ends, and the job is run again.
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the outcome of a job could not be written"),
            Err(error) => tracing::error!(%error, "a job broke off"),
        }
    }
    Ok(ran)
}

/// Makes the jobs that belong to no tenant, if they are not there yet.
pub async fn ensure_platform_jobs(app: &App) -> Result<()> {
    let kind = Kind::Housekeeping;
    let actor = Actor::worker(TenantId::PLATFORM, kind.as_str());
    let mut tx = app.db.write(&actor).await?;
    let now = tx.now();
    queries::insert_once(tx.conn(), TenantId::PLATFORM, app.new_id(), kind, now).await?;
    tx.commit_unaudited("a job of the installation, not of a tenant")
        .await
}

async fn run(app: &App, claim: Claim) -> Result<()> {
    let actor = Actor::worker(claim.tenant, claim.kind.as_str());
    let worked = tokio::time::timeout(WORK_LIMIT, claim.kind.work(app, &actor)).await;
    let outcome = match worked {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => JobOutcome::Retry {
            why: error.to_string(),
        },
        Err(_) => JobOutcome::Retry {
            why: format!("took longer than {} s", WORK_LIMIT.as_secs()),
        },
    };
    finish(app, &actor, &claim, outcome).await
}

/// Writes how a job ended, unless somebody else has taken it over in the meantime.
async fn finish(app: &App, actor: &Actor, claim: &Claim, outcome: JobOutcome) -> Result<()> {
    let (tenant, id) = (claim.tenant.uuid(), claim.id.uuid());
    let mut tx = app.db.write(actor).await?;
    let now = tx.now();
    let mut event = None;
    match outcome {
        JobOutcome::Done => queries::remove(tx.conn(), claim).await?,
        JobOutcome::Later(at) => queries::postpone(tx.conn(), claim, at, 0, None).await?,
        JobOutcome::Retry { why } => {
            let kind = claim.kind.as_str();
            tracing::warn!(%tenant, %id, kind, attempts = claim.attempts, why, "a job failed and is tried again");
            let at = now + wait_after(claim.attempts);
            let why: String = why.chars().take(MAX_WHY).collect();
            queries::postpone(tx.conn(), claim, at, claim.attempts, Some(&why)).await?;
        }
        JobOutcome::Drop { why } => {
            let kind = claim.kind.as_str();
            tracing::error!(%tenant, %id, kind, why, "a job was given up");
            queries::remove(tx.conn(), claim).await?;
            event = Some(
                Event::new("job", "job.dropped")
                    .failed()
                    .on("job", claim.id)
                    .with("kind", kind),
            );
        }
    }
    match event {
        Some(event) => tx.commit(event).await,
        None => {
            tx.commit_unaudited("when a job comes back tells nothing; what it did, it told itself")
                .await
        }
    }
}

fn wait_after(attempts: i32) -> TimeDelta {
    doubled(FIRST_RETRY, LONGEST_RETRY, attempts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_job_waits_longer_each_time_up_to_a_limit() {
        let waits: Vec<i64> = (1..=9).map(|n| wait_after(n).num_seconds()).collect();
        assert_eq!(waits, [10, 20, 40, 80, 160, 320, 640, 900, 900]);
        assert_eq!(wait_after(i32::MAX), LONGEST_RETRY);
        assert_eq!(wait_after(0), FIRST_RETRY);
    }

    #[test]
    fn kinds_have_the_names_that_are_stored() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(Kind::parse("reminders.plans"), None);
    }
}
