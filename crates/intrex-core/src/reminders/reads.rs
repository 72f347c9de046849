//! What an item's page shows of its reminders: what was sent, what comes next, and why not. Who sees the item sees its
//! reminders; somebody who is narrowed to the own tasks sees those of the own tasks.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    model::{Channel, Reason, threshold_text},
    queries::{
        self,
        showing::{self, ItemRow, ShownRow},
    },
};
use crate::{
    answers,
    catalogue::{Key, Text, keys},
    db::ReadTx,
    error::{Error, Result},
    ids::{ObligationId, PersonId, SlotId},
    obligations::schedule::{Threshold, plan},
    permission::{Permission, Reach},
};

/// Slots of one item that are shown: years of a daily reminder to a large team.
const MAX_SHOWN: i64 = 500;

/// One reminder of the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SlotView {
    /// Its id.
    pub id: SlotId,
    /// `before_30`, `due_day`, `overdue` or `escalation`.
    pub threshold: String,
    /// The civil date on which it falls, in the branch's zone.
    pub falls_on: NaiveDate,
    /// `in_app`, or the type of a connector such as `email_smtp`.
    pub connector: String,
    /// What the organisation calls its connector; null inside Intrex and for the installation's own mail.
    pub connector_name: Option<String>,
    /// Who is told; null if the connector names who gets it.
    pub recipient_id: Option<PersonId>,
    /// Their name.
    pub recipient_name: Option<String>,
    /// It is sent only if nobody has answered since the first was told.
    pub unanswered: bool,
    /// When it is to be sent.
    pub planned_at: DateTime<Utc>,
    /// `planned`, `sending`, `sent`, `suppressed`, `acknowledged` or `failed`.
    pub state: String,
    /// Why it was suppressed or failed.
    pub reason: Option<String>,
    /// The reminder that stands in its place.
    pub superseded_by: Option<SlotId>,
    /// How often it was tried.
    pub attempts: i16,
    /// When it was first put off because its recipient had had as many messages in that hour as the organisation allows.
    pub held_at: Option<DateTime<Utc>>,
    /// When it is tried again; only of one that was tried or put off and is not settled.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// What the last attempt met; shown to head office alone.
    pub last_error: Option<String>,
    /// When it was sent, suppressed or failed.
    pub settled_at: Option<DateTime<Utc>>,
}

/// A reminder that the plan has and the ledger has not yet.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ComingView {
    /// `before_30`, `due_day`, `overdue` or `escalation`.
    pub threshold: String,
    /// The civil date on which it falls, in the branch's zone.
    pub falls_on: NaiveDate,
    /// `in_app`, or the type of a connector such as `email_smtp`.
    pub connector: String,
    /// What the organisation calls its connector; null inside Intrex and for the installation's own mail.
    pub connector_name: Option<String>,
    /// Who is told; null if the connector names who gets it.
    pub recipient_id: Option<PersonId>,
    /// Their name.
    pub recipient_name: Option<String>,
    /// It is sent only if nobody has answered since the first was told.
    pub unanswered: bool,
    /// When it is to be sent.
    pub planned_at: DateTime<Utc>,
}

impl SlotView {
    /// The threshold in words.
    pub fn threshold_text(&self) -> Option<Text> {
        Threshold::parse(&self.threshold).map(threshold_text)
    }

    /// The way in words.
    pub fn connector_text(&self) -> Option<Text> {
        connector_text(&self.connector)
    }

    /// Who is told: a name, or what the connector is called that names who gets it.
    pub fn told(&self) -> &str {
        told(&self.recipient_name, &self.connector_name)
    }

    /// The state in words.
    pub fn state_text(&self) -> Option<Text> {
        if self.held_at.is_some() && self.state == "planned" {
            return Some(keys::REMINDER_STATE_HELD.into());
        }
        Key::find(&format!("reminder-state-{}", self.state)).map(Text::from)
    }

    /// Why not, in words.
    pub fn reason_text(&self) -> Option<Text> {
        let reason = Reason::parse(self.reason.as_deref()?)?;
        Some(reason.text())
    }
}

impl ComingView {
    /// Who is told: a name, or what the connector is called that names who gets it.
    pub fn told(&self) -> &str {
        told(&self.recipient_name, &self.connector_name)
    }

    /// The threshold in words.
    pub fn threshold_text(&self) -> Option<Text> {
        Threshold::parse(&self.threshold).map(threshold_text)
    }

    /// The way in words.
    pub fn connector_text(&self) -> Option<Text> {
        connector_text(&self.connector)
    }
}

fn told<'a>(recipient: &'a Option<String>, connector: &'a Option<String>) -> &'a str {
    recipient
        .as_deref()
        .or(connector.as_deref())
        .unwrap_or_default()
}

pub(super) fn connector_text(kind: &str) -> Option<Text> {
    let built_in = Channel::ALL.into_iter().find(|one| one.as_str() == kind);
    match built_in {
        Some(channel) => Some(channel.text()),
        None => Key::find(&format!("connector-type-{kind}")).map(Text::from),
    }
}

/// The type of the way, and what an organisation calls it.
fn way(connector: Uuid, own: Option<(String, String)>) -> Option<(String, Option<String>)> {
    match Channel::of(connector) {
        Some(channel) => Some((channel.as_str().to_owned(), None)),
        None => own.map(|(kind, name)| (kind, Some(name))),
    }
}

/// The item's reminders as they stand in the ledger, the earliest first.
pub async fn ledger(tx: &mut ReadTx, obligation: ObligationId) -> Result<Vec<SlotView>> {
    let reach = tx.may(Permission::ObligationsRead)?;
    visible(tx, obligation, reach).await?;
    let tenant = tx.actor().tenant();
    let rows = showing::slots_of(tx.conn(), tenant, obligation, MAX_SHOWN).await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| view(row, reach == Reach::Tenant))
        .collect())
}

/// What comes that is not in the ledger yet, the earliest first, by the planner itself.
pub async fn coming(tx: &mut ReadTx, obligation: ObligationId) -> Result<Vec<ComingView>> {
    let reach = tx.may(Permission::ObligationsRead)?;
    let item = visible(tx, obligation, reach).await?;
    if !item.open {
        return Ok(Vec::new());
    }
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let known: HashSet<Vec<u8>> = showing::slots_of(tx.conn(), tenant, obligation, MAX_SHOWN)
        .await?
        .into_iter()
        .filter(|row| !comes_back(row))
        .map(|row| row.fingerprint)
        .collect();
    // The page's reader may see fewer people than are told: the plan is the same, whoever looks.
    let directory = queries::directory(tx.conn(), tenant, &[item.named]).await?;
    let answers = answers::of_items(tx.conn(), tenant, &[obligation.uuid()]).await?;
    let facts = item.facts.facts()?;
    let recipients = directory.recipients(&item.named);
    let slots = plan(&facts, &recipients);
    let slots = answers::apply(&facts, slots, &recipients, answers.get(&facts.id));
    let slots: Vec<_> = slots
        .into_iter()
        .filter(|slot| !slot.already_past && slot.at > now)
        .filter(|slot| !known.contains(slot.fingerprint.as_slice()))
        .collect();
    let mut people: Vec<Uuid> = slots.iter().filter_map(|slot| slot.recipient_id).collect();
    people.sort_unstable();
    people.dedup();
    let names = showing::names(tx.conn(), tenant, &people).await?;
    let mut ways: Vec<Uuid> = slots.iter().map(|slot| slot.connector_id).collect();
    ways.sort_unstable();
    ways.dedup();
    let ways = showing::connectors(tx.conn(), tenant, &ways).await?;
    Ok(slots
        .into_iter()
        .filter_map(|slot| {
            let own = ways.get(&slot.connector_id).cloned();
            let (connector, connector_name) = way(slot.connector_id, own)?;
            Some(ComingView {
                threshold: slot.threshold.code(),
                falls_on: slot.date,
                connector,
                connector_name,
                recipient_id: slot.recipient_id.map(PersonId::from),
                recipient_name: slot.recipient_id.and_then(|id| names.get(&id).cloned()),
                unanswered: slot.unanswered,
                planned_at: slot.at,
            })
        })
        .collect())
}

async fn visible(tx: &mut ReadTx, obligation: ObligationId, reach: Reach) -> Result<ItemRow> {
    let (tenant, narrowed_to) = (tx.actor().tenant(), tx.actor().narrowed_to(reach));
    showing::item(tx.conn(), tenant, obligation, narrowed_to)
        .await?
        .ok_or(Error::NotFound)
}

fn comes_back(row: &ShownRow) -> bool {
    let reason = row.reason.as_deref().and_then(Reason::parse);
    row.state == "suppressed" && reason.is_some_and(Reason::may_pass)
}

fn view(row: ShownRow, with_errors: bool) -> Option<SlotView> {
    let waits = (row.attempts > 0 || row.held_at.is_some()) && row.settled_at.is_none();
    let own = row.connector_type.zip(row.connector_name);
    let (connector, connector_name) = way(row.connector_id, own)?;
    Some(SlotView {
        id: row.id.into(),
        threshold: row.threshold,
        falls_on: row.falls_on,
        connector,
        connector_name,
        recipient_id: row.recipient_id.map(PersonId::from),
        recipient_name: row.recipient_name,
        unanswered: row.unanswered,
        planned_at: row.planned_at,
        state: row.state,
        reason: row.reason,
        superseded_by: row.superseded_by.map(SlotId::from),
        attempts: row.attempts,
        held_at: row.held_at,
        next_attempt_at: waits.then_some(row.next_attempt_at),
        last_error: row.last_error.filter(|_| with_errors),
        settled_at: row.settled_at,
    })
}
