//! How attempts ended: written for many at once, one transaction a tenant, as far as the claims still hold. With a delivery its
//! reminders are settled, its attempt is noted, its connector's health is counted, and the log is told.

use std::{
    collections::{BTreeMap, HashMap},
    slice,
};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    super::{
        model::{Reason, State},
        queries::{self, Attempts, Settled},
        rules::{self, Next},
    },
    JOB,
    attempt::Ended,
    preparation::About,
};
use crate::{
    App,
    actor::Actor,
    audit::Event,
    channels::{Attempt, Outcome, StageState},
    connectors::health,
    db::WriteTx,
    error::Result,
    ids::{ConnectorId, DeliveryId, TenantId},
    outbox::Claim,
    reminders::{self, carried},
};

/// Characters of what is shown in one line.
const MAX_ERROR: usize = 500;

/// How a delivery stands from now on.
pub(super) struct Standing {
    claim: Claim,
    about: About,
    what: What,
    class: Option<&'static str>,
    code: Option<u16>,
    receipt: Option<String>,
    error: Option<String>,
    stage: Option<&'static str>,
    message_id: String,
    /// Whether there was an attempt.
    tried: bool,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// It was taken.
    Delivered,
    /// It is tried again.
    Again(DateTime<Utc>),
    /// It was not tried, and is later: this counts for nothing.
    Later(DateTime<Utc>),
    /// It is given up.
    Dead(Reason),
    /// It is not sent.
    Cancelled(Reason),
}

impl Standing {
    /// Of what was not sent at all.
    pub(super) fn unsent(claim: Claim, about: About, what: What) -> Self {
        Standing {
            claim,
            about,
            what,
            class: None,
            code: None,
            receipt: None,
            error: None,
            stage: None,
            message_id: String::new(),
            tried: false,
        }
    }

    fn of(app: &App, ended: &Ended) -> Self {
        let now = app.now();
        let (claim, about) = (ended.claim, ended.about.clone());
        let Some(attempt) = &ended.attempt else {
            return Standing::unsent(claim, about, What::Later(now));
        };
        let [chance] = app.chance.bytes();
        let failed = attempt
            .stages
            .iter()
            .find(|stage| stage.state == StageState::Failed);
        let error = failed.map(|stage| {
            let detail = stage.detail.as_deref().unwrap_or_default();
            let line = format!("{}: {detail}", stage.stage);
            line.chars().take(MAX_ERROR).collect()
        });
        Standing {
            what: match rules::next(&attempt.outcome, claim.attempts, now, chance) {
                Next::Delivered => What::Delivered,
                Next::Again(at) => What::Again(at),
                Next::Dead(reason) => What::Dead(reason),
            },
            class: attempt.outcome.reason(),
            code: attempt.code,
            receipt: receipt(attempt),
            stage: failed.map(|stage| stage.stage),
            error,
            message_id: ended.message_id.clone(),
            tried: true,
            claim,
            about,
        }
    }

    fn event(&self) -> Option<Event> {
        let (action, reason) = match self.what {
            What::Delivered => ("delivery.delivered", None),
            What::Dead(reason) => ("delivery.dead", Some(reason)),
            What::Cancelled(reason) => ("delivery.cancelled", Some(reason)),
            What::Again(_) | What::Later(_) => return None,
        };
        let mut event = Event::new("delivery", action)
            .on("delivery", self.claim.id)
            .with("type", self.about.event_type.as_str())
            .with("attempts", self.claim.attempts);
        if let Some(branch) = self.about.branch {
            event = event.at(branch);
        }
        if let Some(reason) = reason {
            event = event.with("why", reason.as_str());
        }
        if matches!(self.what, What::Dead(_)) {
            event = event.failed();
        }
        let connector = self.about.connector.map(|id| id.to_string());
        let message_id = Some(&self.message_id).filter(|id| !id.is_empty());
        for (name, value) in [
            ("connector_id", connector.as_ref()),
            ("message_id", message_id),
            ("receipt", self.receipt.as_ref()),
        ] {
            if let Some(value) = value {
                event = event.with(name, value.as_str());
            }
        }
        if let Some(class) = self.class {
            event = event.with("class", class);
        }
        Some(match self.code {
            Some(code) => event.with("code", code),
            None => event,
        })
    }

    /// The same for the reminders that it carries.
    fn of_reminders(&self) -> Option<carried::Standing> {
        if self.about.slots == 0 {
            return None;
        }
        let (end, attempts) = match self.what {
            What::Delivered => (carried::End::Sent, self.claim.attempts),
            What::Again(at) => (carried::End::Again(at), self.claim.attempts),
            What::Later(at) => (carried::End::Again(at), self.claim.attempts - 1),
            What::Dead(reason) | What::Cancelled(reason) => {
                (carried::End::Failed(in_ledger(reason)), self.claim.attempts)
            }
        };
        Some(carried::Standing {
            delivery: DeliveryId::from(self.claim.id),
            end,
            attempts,
            error: self.error.clone(),
            stage: self.stage,
            message_id: self.message_id.clone(),
        })
    }
}

/// What the ledger calls it.
fn in_ledger(reason: Reason) -> reminders::Reason {
    match reason {
        Reason::Refused | Reason::Unsendable => reminders::Reason::Refused,
        Reason::Gone | Reason::ConnectorDisabled | Reason::ConnectorUnverified => {
            reminders::Reason::ConnectorDisabled
        }
        Reason::GaveUp | Reason::Moot => reminders::Reason::GaveUp,
        Reason::RecipientInactive => reminders::Reason::RecipientInactive,
        Reason::NoMailConfigured => reminders::Reason::NoMailConfigured,
    }
}

fn receipt(attempt: &Attempt) -> Option<String> {
    match &attempt.outcome {
        Outcome::Delivered { receipt } => receipt.clone().filter(|receipt| !receipt.is_empty()),
        _ => None,
    }
}

/// Writes how attempts of a tenant ended; answers those that are to be written later, and why. An outcome that is not written
/// means that the message goes out again. What the database will not take, whenever it is tried, is given up alone, and does
/// not hold up the others.
pub(super) async fn record(
    app: &App,
    tenant: TenantId,
    ended: Vec<Ended>,
) -> (Vec<Ended>, Result<()>) {
    match record_together(app, tenant, &ended).await {
        Ok(()) => return (Vec::new(), Ok(())),
        Err(error) if error.is_passing() => return (ended, Err(error)),
        Err(_) => {}
    }
    let (mut later, mut result) = (Vec::new(), Ok(()));
    for one in ended {
        match record_together(app, tenant, slice::from_ref(&one)).await {
            Ok(()) => {}
            Err(error) if error.is_passing() => {
                later.push(one);
                result = Err(error);
            }
            Err(error) => {
                tracing::error!(%error, %tenant, delivery = %one.claim.id, "what became of a delivery cannot be written: it is sent again");
            }
        }
    }
    (later, result)
}

async fn record_together(app: &App, tenant: TenantId, ended: &[Ended]) -> Result<()> {
    let mut tx = app.db.write(&Actor::worker(tenant, JOB)).await?;
    let standings: Vec<Standing> = ended.iter().map(|one| Standing::of(app, one)).collect();
    // After an outage, what a claim that has lapsed came to may wait beside what became of the next one of the same delivery.
    let Settlement { held, mut events } = settle(&mut tx, standings).await?;
    let holds = |one: &&Ended| held.contains_key(&(one.claim.id, one.claim.fence));
    let ended: Vec<&Ended> = ended.iter().filter(holds).collect();
    let attempts = attempts(&ended, &held)?;
    if !attempts.delivery.is_empty() {
        queries::add_attempts(tx.conn(), tenant, &attempts).await?;
    }
    let mut seen: BTreeMap<(ConnectorId, i32), Vec<health::Seen>> = BTreeMap::new();
    for one in &ended {
        if let (Some(connector), Some(attempt)) = (one.about.connector, &one.attempt) {
            let said = rules::seen(&attempt.outcome, app.now());
            let of_this = seen.entry((connector, one.version)).or_default();
            of_this.extend(said);
        }
    }
    events.extend(health::record_all(&mut tx, &seen).await?);
    if events.is_empty() {
        tx.commit_unaudited("attempts that are repeated: the delivery shows them")
            .await
    } else {
        tx.commit_all(events).await
    }
}

/// What came of settling.
#[derive(Default)]
pub(super) struct Settlement {
    /// The claims that held, and how often each delivery was tried before.
    held: HashMap<(Uuid, i64), i32>,
    /// What tells of it.
    pub(super) events: Vec<Event>,
}

/// Writes how deliveries stand, with the reminders that they carry, as far as the claims still hold.
pub(super) async fn settle(tx: &mut WriteTx, mut standings: Vec<Standing>) -> Result<Settlement> {
    if standings.is_empty() {
        return Ok(Settlement::default());
    }
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let mut settled = Settled::default();
    for one in &standings {
        let (state, reason, at) = match one.what {
            What::Delivered => (State::Delivered, None, None),
            What::Again(at) | What::Later(at) => (State::Waiting, None, Some(at)),
            What::Dead(reason) => (State::Dead, Some(reason), None),
            What::Cancelled(reason) => (State::Cancelled, Some(reason), None),
        };
        let tried = i16::from(!matches!(one.what, What::Later(_)));
        settled.id.push(one.claim.id);
        settled.fence.push(one.claim.fence);
        settled.state.push(state.as_str().to_owned());
        let reason = reason.map(|reason| reason.as_str().to_owned());
        settled.reason.push(reason);
        settled.next_attempt_at.push(at);
        settled.attempts.push(one.claim.attempts - 1 + tried);
        settled.class.push(one.class.map(str::to_owned));
        let code = one.code.and_then(|code| i16::try_from(code).ok());
        settled.code.push(code);
        settled.receipt.push(one.receipt.clone());
        settled.tried.push(i32::from(one.tried));
    }
    let held = queries::settle(tx.conn(), tenant, &settled, now).await?;
    standings.retain(|one| held.contains_key(&(one.claim.id, one.claim.fence)));
    let of_reminders: Vec<_> = standings
        .iter()
        .filter_map(Standing::of_reminders)
        .collect();
    let mut events = carried::settle(tx, &of_reminders).await?;
    events.extend(standings.iter().filter_map(Standing::event));
    Ok(Settlement { held, events })
}

fn attempts(ended: &[&Ended], tries: &HashMap<(Uuid, i64), i32>) -> Result<Attempts> {
    let mut rows = Attempts::default();
    for one in ended {
        let Some(attempt) = &one.attempt else {
            continue;
        };
        rows.delivery.push(one.claim.id);
        let before = tries.get(&(one.claim.id, one.claim.fence)).copied();
        rows.n.push(before.unwrap_or_default() + 1);
        rows.at.push(one.at);
        let took = i32::try_from(attempt.took.as_millis()).unwrap_or(i32::MAX);
        rows.took_ms.push(took);
        let code = attempt.code.and_then(|code| i16::try_from(code).ok());
        rows.code.push(code);
        rows.class.push(attempt.outcome.reason().map(str::to_owned));
        // A text of the database holds no zero byte.
        rows.answer.push(attempt.answer.replace('\0', " "));
        let stages = serde_json::to_string(&attempt.stages)
            .map_err(crate::Error::internal)?
            .replace("\\u0000", " ");
        let stages = serde_json::from_str(&stages).map_err(crate::Error::internal)?;
        rows.stages.push(stages);
    }
    Ok(rows)
}
