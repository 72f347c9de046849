//! A domain changes hands, and whoever has it then must not find its addresses led to a provider of before: the record that
//! proves it is looked for again every day. Name servers that do not answer say nothing about whose it is.

use chrono::TimeDelta;

use super::{
    commands::{found, told},
    model::{record_name, record_value},
    queries::{self, ToCheck},
};
use crate::{
    Actor, App, audit::Event, error::Result, jobs::JobOutcome, outside::http::OutgoingError,
    permission::Permission,
};

/// How often it is looked.
const INTERVAL: TimeDelta = TimeDelta::hours(24);
/// How long ago a domain was looked at before it is again: a job that is repeated makes no day of an hour.
const LOOKED_AT_AGAIN_AFTER: TimeDelta = TimeDelta::hours(20);
/// How often in a row, once a day, no record is found before a domain is not proven any more.
const MISSED_DAYS: i16 = 3;
/// Domains of one round: each may take as long as name servers are waited for.
const DOMAINS_A_ROUND: i64 = 4;

/// What name servers say of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Record {
    /// It is there.
    Found,
    /// They have answered, and it is not among what they answered.
    Missing,
    /// They have not answered.
    Unanswered,
}

/// One round.
pub(crate) async fn run(app: &App, actor: &Actor) -> Result<JobOutcome> {
    actor.may(Permission::OidcUpkeep)?;
    let tenant = actor.tenant();
    let mut tx = app.db.read(actor).await?;
    let then = tx.now() - LOOKED_AT_AGAIN_AFTER;
    let domains = queries::to_check(tx.conn(), tenant, then, DOMAINS_A_ROUND).await?;
    tx.finish().await?;
    let whole = i64::try_from(domains.len()).unwrap_or(i64::MAX) >= DOMAINS_A_ROUND;
    for domain in domains {
        let record = look_for(app, &domain).await;
        note(app, actor, &domain, record).await?;
    }
    let now = app.now();
    Ok(JobOutcome::Later(if whole { now } else { now + INTERVAL }))
}

async fn look_for(app: &App, domain: &ToCheck) -> Record {
    let wanted = record_value(&domain.challenge);
    match app.outgoing.txt(&record_name(&domain.domain)).await {
        Ok(texts) if texts.iter().any(|text| text.trim() == wanted) => Record::Found,
        Ok(_) | Err(OutgoingError::Refused(_)) => Record::Missing,
        Err(_) => Record::Unanswered,
    }
}

async fn note(app: &App, actor: &Actor, domain: &ToCheck, record: Record) -> Result<()> {
    let (tenant, id) = (actor.tenant(), domain.id);
    let mut tx = app.db.write(actor).await?;
    let now = tx.now();
    // As everywhere, the provider first and then its domains. It may be gone by now, and the domain with it.
    let there = queries::lock(tx.conn(), tenant, domain.provider).await?;
    let missed = match record {
        _ if !there => None,
        Record::Found => {
            queries::note_found(tx.conn(), tenant, id, now).await?;
            None
        }
        Record::Unanswered => {
            queries::note_unanswered(tx.conn(), tenant, id, now).await?;
            None
        }
        Record::Missing => queries::note_missing(tx.conn(), tenant, id, now).await?,
    };
    if missed.is_none_or(|missed| missed < MISSED_DAYS) {
        return tx
            .commit_unaudited("that somebody has looked is no event")
            .await;
    }
    queries::set_no_longer_proven(tx.conn(), tenant, id).await?;
    let provider = found(app, &mut tx, domain.provider).await?;
    let event: Event = told("oidc.domain_no_longer_proven", &provider)
        .with("domain_id", id.to_string())
        .with("missed_days", MISSED_DAYS)
        .personal("domain", domain.domain.clone());
    tx.commit(event).await
}
