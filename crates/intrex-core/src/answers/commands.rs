//! What a person can answer: to a message of the own inbox, to several of them, or to an item. All or nothing: of several
//! messages one that is not the caller's makes the whole answer unheard, without telling which.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{
    acknowledging::{About, acknowledge as acknowledge_item_of},
    input::{RawAcknowledgement, RawSelection, RawSnooze, Until, parse_until, selected},
    locked::{Who, lock},
    model::{Acknowledgement, Answered, Snooze},
    queries::{self, items},
    snoozing,
};
use crate::{
    Actor, App,
    audit::Event,
    catalogue::keys,
    db::WriteTx,
    error::{Error, FieldErrors, Result},
    ids::{NotificationId, ObligationId},
    notifications::{self, Notification},
    obligations::schedule::Threshold,
    raw::Raw,
};

/// Acknowledges a message: its item is in hand as far as that message says. Doing so again changes nothing.
pub async fn acknowledge(
    app: &App,
    actor: &Actor,
    id: NotificationId,
    raw: &RawAcknowledgement,
) -> Result<Notification> {
    let who = Who::of(actor)?;
    let note = raw.parse();
    let mut tx = app.db.write(actor).await?;
    let chosen = choose(&mut tx, &who, &[id]).await?;
    let events = acknowledge_chosen(app, &mut tx, &who, chosen, Closed::Refused, note).await?;
    let message = message(&mut tx, id).await?;
    commit(tx, events, &message).await?;
    Ok(message)
}

/// Acknowledges several messages. Items that were settled meanwhile are passed over.
pub async fn acknowledge_selected(
    app: &App,
    actor: &Actor,
    raw: &RawSelection,
) -> Result<Answered> {
    let who = Who::of(actor)?;
    let (ids, note) = raw.parse()?;
    let mut tx = app.db.write(actor).await?;
    let chosen = choose(&mut tx, &who, &ids).await?;
    let obligations = chosen.len();
    let note = Ok(note);
    let events = acknowledge_chosen(app, &mut tx, &who, chosen, Closed::PassedOver, note).await?;
    let answered = Answered {
        obligations,
        answered: events.len(),
    };
    commit(tx, events, &answered).await?;
    Ok(answered)
}

/// Acknowledges an item as far as it has come. Doing so again changes nothing, until it comes back.
pub async fn acknowledge_item(
    app: &App,
    actor: &Actor,
    id: ObligationId,
    raw: &RawAcknowledgement,
) -> Result<Acknowledgement> {
    let who = Who::of(actor)?;
    let note = raw.parse();
    let mut tx = app.db.write(actor).await?;
    let chosen = BTreeMap::from([(id.uuid(), Chosen::default())]);
    let events = acknowledge_chosen(app, &mut tx, &who, chosen, Closed::Refused, note).await?;
    let tenant = actor.tenant();
    let said = queries::latest_of(tx.conn(), tenant, id, who.person).await?;
    let said = said.ok_or_else(|| Error::internal("an acknowledgement is not there"))?;
    commit(tx, events, &said).await?;
    Ok(said)
}

/// Puts the item of a message off.
pub async fn snooze(
    app: &App,
    actor: &Actor,
    id: NotificationId,
    raw: &RawSnooze,
) -> Result<Notification> {
    let who = Who::of(actor)?;
    let until = raw.parse();
    let mut tx = app.db.write(actor).await?;
    let chosen = choose(&mut tx, &who, &[id]).await?;
    let events = snooze_chosen(&mut tx, &who, chosen, Closed::Refused, until).await?;
    let message = message(&mut tx, id).await?;
    commit(tx, events, &message).await?;
    Ok(message)
}

/// Puts the items of several messages off, all or none of them. Items that were settled meanwhile are passed over.
pub async fn snooze_selected(app: &App, actor: &Actor, ids: &Raw, until: &Raw) -> Result<Answered> {
    let who = Who::of(actor)?;
    let mut errors = FieldErrors::new();
    let (ids, until) = (selected(ids, &mut errors), parse_until(until, &mut errors));
    let (Some(ids), Some(until)) = (ids, until) else {
        return Err(errors.into());
    };
    let mut tx = app.db.write(actor).await?;
    let chosen = choose(&mut tx, &who, &ids).await?;
    let obligations = chosen.len();
    let events = snooze_chosen(&mut tx, &who, chosen, Closed::PassedOver, Ok(until)).await?;
    let answered = Answered {
        obligations,
        answered: events.len(),
    };
    commit(tx, events, &answered).await?;
    Ok(answered)
}

/// Puts an item off.
pub async fn snooze_item(
    app: &App,
    actor: &Actor,
    id: ObligationId,
    raw: &RawSnooze,
) -> Result<Snooze> {
    let who = Who::of(actor)?;
    let until = raw.parse();
    let mut tx = app.db.write(actor).await?;
    let chosen = BTreeMap::from([(id.uuid(), Chosen::default())]);
    let events = snooze_chosen(&mut tx, &who, chosen, Closed::Refused, until).await?;
    let (tenant, now) = (actor.tenant(), tx.now());
    let snoozes = queries::snoozes(tx.conn(), tenant, id, now, super::reads::MAX_SHOWN).await?;
    let snooze = snoozes
        .into_iter()
        .find(|snooze| snooze.person_id == who.person)
        .ok_or_else(|| Error::internal("a snooze is not there"))?;
    commit(tx, events, &snooze).await?;
    Ok(snooze)
}

/// What of an item was chosen: messages, and the most pressing of them.
#[derive(Default)]
struct Chosen {
    messages: Vec<Uuid>,
    threshold: Option<Threshold>,
}

/// What is done with an item that is not open any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closed {
    Refused,
    PassedOver,
}

/// The items of messages, all of which lie in the caller's inbox.
async fn choose(
    tx: &mut WriteTx,
    who: &Who,
    ids: &[NotificationId],
) -> Result<BTreeMap<Uuid, Chosen>> {
    let tenant = tx.actor().tenant();
    let tasks_only = who.narrowed_to.is_some();
    let found = items::messages(tx.conn(), tenant, who.person, tasks_only, ids).await?;
    if found.len() != ids.len() {
        return Err(Error::NotFound);
    }
    let mut chosen: BTreeMap<Uuid, Chosen> = BTreeMap::new();
    for message in found {
        let Some(item) = message.obligation_id else {
            return Err(Error::conflict(keys::ANSWER_NOT_OF_AN_OBLIGATION));
        };
        let of_item = chosen.entry(item).or_default();
        of_item.messages.push(message.id);
        let threshold = message.threshold.as_deref().and_then(Threshold::parse);
        of_item.threshold = of_item.threshold.max(threshold);
    }
    Ok(chosen)
}

async fn acknowledge_chosen(
    app: &App,
    tx: &mut WriteTx,
    who: &Who,
    chosen: BTreeMap<Uuid, Chosen>,
    closed: Closed,
    note: Result<String>,
) -> Result<Vec<Event>> {
    let ids: Vec<Uuid> = chosen.keys().copied().collect();
    let items = lock(tx, who, &ids).await?;
    if closed == Closed::Refused {
        items.iter().try_for_each(|item| item.must_be_open())?;
    }
    // Nobody shall mend a form that has become pointless.
    let note = note?;
    let mut events = Vec::new();
    for item in items.iter().filter(|item| item.open) {
        let of_item = &chosen[&item.facts.id];
        let about = About {
            threshold: of_item.threshold,
            messages: &of_item.messages,
            note: &note,
        };
        events.extend(acknowledge_item_of(app, tx, who, item, &about).await?);
    }
    Ok(events)
}

async fn snooze_chosen(
    tx: &mut WriteTx,
    who: &Who,
    chosen: BTreeMap<Uuid, Chosen>,
    closed: Closed,
    until: Result<Until>,
) -> Result<Vec<Event>> {
    let ids: Vec<Uuid> = chosen.keys().copied().collect();
    let items = lock(tx, who, &ids).await?;
    if closed == Closed::Refused {
        items.iter().try_for_each(|item| item.must_be_open())?;
    }
    let until = until?;
    let mut events = Vec::new();
    for item in items.iter().filter(|item| item.open) {
        let (_, event) = snoozing::snooze(tx, who, item, until).await?;
        events.push(event);
    }
    Ok(events)
}

/// The message as it is now.
async fn message(tx: &mut WriteTx, id: NotificationId) -> Result<Notification> {
    let found = notifications::find_own(tx, id).await?;
    found.ok_or(Error::NotFound)
}

async fn commit<T: serde::Serialize>(tx: WriteTx, events: Vec<Event>, answer: &T) -> Result<()> {
    match events.is_empty() {
        true => tx.commit_unaudited("it was answered before").await,
        false => tx.commit_answering(events, answer).await,
    }
}
