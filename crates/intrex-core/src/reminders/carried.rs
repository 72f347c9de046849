//! Reminders on their way: a delivery carries them, and settles them in the transaction of its outcome. Before each attempt
//! the ledger is asked again, because between two attempts may lie twelve hours.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    examination::examine,
    message::{self, Said, Words},
    model::{Channel, Reason},
    queries::carried::{self, Outcomes},
};
use crate::{
    App, answers, audit::Event, channels::Addressee, db::WriteTx, error::Result, ids::DeliveryId,
};

/// What is left to say of a delivery's reminders.
#[derive(Debug, Default)]
pub(crate) struct Left {
    said: Vec<Said>,
    /// Who is told, if it is somebody in particular.
    pub(crate) to: Option<Addressee>,
}

impl Left {
    /// The words, as they are true now; none if nothing is left.
    pub(crate) fn words(&self, app: &App) -> Option<Words> {
        let base_url = &app.settings.base_url;
        message::compose(&self.said, self.to.as_ref(), base_url, app.now())
    }
}

/// Asks the ledger what is left to say of each of these deliveries, and settles what is moot. The caller holds their locks.
pub(crate) async fn ask(
    app: &App,
    tx: &mut WriteTx,
    deliveries: &[Uuid],
) -> Result<(HashMap<DeliveryId, Left>, Option<Event>)> {
    let tenant = tx.actor().tenant();
    let slots = carried::of(tx.conn(), tenant, deliveries).await?;
    let found = examine(app, tx, &slots, |row| {
        row.delivery_id.is_some_and(|id| deliveries.contains(&id))
    })
    .await?;
    let event = found.settle_moot(tx).await?;
    let mut left: HashMap<DeliveryId, Left> = HashMap::new();
    let mut slots: Vec<_> = found.to_send().collect();
    slots.sort_by_key(|slot| (std::cmp::Reverse(slot.threshold), slot.id));
    let mut links = Vec::new();
    for slot in slots {
        let (Some(delivery), Some(mut said)) = (found.rows[&slot.id].delivery_id, found.said(slot))
        else {
            continue;
        };
        let link = found.answer_link(app, tenant, slot);
        said.answer = link.as_ref().map(|link| link.url().clone());
        links.extend(link);
        let left = left.entry(delivery.into()).or_default();
        left.said.push(said);
        left.to = slot.recipient.and_then(|id| found.people.get(&id).cloned());
    }
    // A link that stands in a letter can be used: it is kept before the letter goes.
    answers::keep_links(tx, &links).await?;
    Ok((left, event))
}

/// How a delivery stands, for the reminders that it carries.
#[derive(Debug)]
pub(crate) struct Standing {
    /// Which.
    pub(crate) delivery: DeliveryId,
    /// How it ended, or when it goes on.
    pub(crate) end: End,
    /// Attempts so far.
    pub(crate) attempts: i16,
    /// What went wrong, in one line.
    pub(crate) error: Option<String>,
    /// How far it came.
    pub(crate) stage: Option<&'static str>,
    /// The `Message-ID`, or what else the other side can tell it by.
    pub(crate) message_id: String,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It was taken.
    Sent,
    /// It is tried again.
    Again(DateTime<Utc>),
    /// It is given up.
    Failed(Reason),
}

/// Settles the reminders of deliveries; answers the events that tell of it. The caller holds the deliveries' locks.
pub(crate) async fn settle(tx: &mut WriteTx, standings: &[Standing]) -> Result<Vec<Event>> {
    if standings.is_empty() {
        return Ok(Vec::new());
    }
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let mut outcomes = Outcomes::default();
    for standing in standings {
        let (state, reason, at) = match standing.end {
            End::Sent => ("sent", None, None),
            End::Again(at) => ("sending", None, Some(at)),
            End::Failed(reason) => ("failed", Some(reason), None),
        };
        outcomes.delivery.push(standing.delivery.uuid());
        outcomes.state.push(state.to_owned());
        let reason = reason.map(|reason| reason.as_str().to_owned());
        outcomes.reason.push(reason);
        outcomes.next_attempt_at.push(at);
        outcomes.attempts.push(standing.attempts);
        outcomes.last_error.push(standing.error.clone());
    }
    let rows = carried::settle(tx.conn(), tenant, &outcomes, now).await?;
    let by_id: HashMap<DeliveryId, &Standing> = standings
        .iter()
        .map(|standing| (standing.delivery, standing))
        .collect();
    let events = rows.into_iter().filter_map(|row| {
        let standing = by_id.get(&row.delivery_id)?;
        let action = match standing.end {
            End::Sent => "reminder.sent",
            End::Failed(_) => "reminder.failed",
            End::Again(_) => return None,
        };
        let way = Channel::of(row.connector_id).map_or("connector", Channel::as_str);
        let recipient = row.recipient_id.map(|id| id.to_string());
        let event = Event::new("reminder", action)
            .on("obligation", row.obligation_id)
            .at(row.branch_id.into())
            .with("slot_id", row.id.to_string())
            .with("delivery_id", row.delivery_id.to_string())
            .with("recipient_id", recipient)
            .with("connector", way)
            .with("threshold", row.threshold)
            .with("message_id", standing.message_id.as_str())
            .summary(row.title);
        Some(match (standing.end, standing.stage) {
            (End::Failed(reason), Some(stage)) => event
                .failed()
                .with("why", reason.as_str())
                .with("stage", stage),
            (End::Failed(reason), None) => event.failed().with("why", reason.as_str()),
            _ => event,
        })
    });
    Ok(events.collect())
}

/// Takes up again what dead deliveries carried.
pub(crate) async fn take_up(tx: &mut WriteTx, deliveries: &[Uuid]) -> Result<()> {
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    carried::take_up(tx.conn(), tenant, deliveries, now).await
}
