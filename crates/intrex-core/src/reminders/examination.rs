//! Asking the ledger, with everything that the answer rests on under lock: what is due of some items, what the plan says of
//! them now, and what becomes of each slot. It is asked when a slot's time has come, and again before every attempt to send
//! what carries it.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;
use uuid::Uuid;

use super::{
    budget::Due,
    judgement::{Facts, ItemPlan, LedgerSlot, Standing, Verdict, judge},
    message::{About, Addressee, Said},
    queries::{
        self,
        sending::{self, DueRow, Suppressed, TouchedItem},
    },
    wishes,
};
use crate::{
    App, answers,
    audit::Event,
    channels::{
        EventType, NOTICE_VERSION, Notice, NoticeBranch, NoticeEntity, ObligationFacts, Timing,
    },
    db::WriteTx,
    error::Result,
    ids::TenantId,
    obligations::schedule::{Threshold, civil_today, plan},
};

/// What was found of some slots, and what becomes of them.
pub(super) struct Examination {
    pub(super) slots: HashMap<Uuid, LedgerSlot>,
    pub(super) rows: HashMap<Uuid, DueRow>,
    pub(super) items: HashMap<Uuid, TouchedItem>,
    pub(super) people: HashMap<Uuid, Addressee>,
    pub(super) verdicts: Vec<(Uuid, Verdict)>,
}

/// Looks at the items of these slots. `is_ours` says which of them this caller may settle.
pub(super) async fn examine(
    app: &App,
    tx: &mut WriteTx,
    slots: &[Uuid],
    is_ours: impl Fn(&DueRow) -> bool,
) -> Result<Examination> {
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let items = sending::lock_items(tx.conn(), tenant, slots).await?;
    let item_ids: Vec<Uuid> = items.iter().map(|item| item.facts.id).collect();
    let rows = sending::lock_due(tx.conn(), tenant, &item_ids, now).await?;
    let slots: HashMap<Uuid, LedgerSlot> = rows
        .iter()
        .filter_map(|row| ledger_slot(row, is_ours(row)))
        .map(|slot| (slot.id, slot))
        .collect();
    let mut recipients: Vec<Uuid> = slots.values().filter_map(|slot| slot.recipient).collect();
    recipients.sort_unstable();
    recipients.dedup();
    let people = sending::active_people(tx.conn(), tenant, &recipients).await?;
    let (open, answered_on) = open_items(tx, tenant, &items).await?;
    let facts = Facts {
        open,
        answered_on,
        active: people.keys().copied().collect(),
        unwished: wishes::unwished(app, tx, &items, slots.values()).await?,
        mail: app.mailer.is_some(),
    };
    let mut due: Vec<LedgerSlot> = slots.values().cloned().collect();
    due.sort_by_key(|slot| slot.id);
    Ok(Examination {
        verdicts: judge(&due, &facts),
        items: items
            .into_iter()
            .map(|item| (item.facts.id, item))
            .collect(),
        rows: rows.into_iter().map(|row| (row.id, row)).collect(),
        slots,
        people,
    })
}

fn ledger_slot(row: &DueRow, ours: bool) -> Option<LedgerSlot> {
    let standing = match row.state.as_str() {
        "sending" if ours => Standing::Ours,
        "planned" => Standing::Planned,
        _ => Standing::Theirs,
    };
    Some(LedgerSlot {
        id: row.id,
        item: row.obligation_id,
        threshold: Threshold::parse(&row.threshold)?,
        falls_on: row.falls_on,
        connector: row.connector_id,
        recipient: row.recipient_id,
        unanswered: row.unanswered,
        fingerprint: row.fingerprint.as_slice().try_into().ok()?,
        planned_at: row.planned_at,
        standing,
    })
}

/// What the planner says of the items that are open, now, and up to which day each of them is answered.
async fn open_items(
    tx: &mut WriteTx,
    tenant: TenantId,
    items: &[TouchedItem],
) -> Result<(HashMap<Uuid, ItemPlan>, HashMap<Uuid, NaiveDate>)> {
    let named: Vec<_> = items.iter().map(|item| item.named).collect();
    let directory = queries::directory(tx.conn(), tenant, &named).await?;
    let ids: Vec<Uuid> = items.iter().map(|item| item.facts.id).collect();
    let answers = answers::of_items(tx.conn(), tenant, &ids).await?;
    let (mut open, mut answered_on) = (HashMap::new(), HashMap::new());
    for item in items.iter().filter(|item| item.open) {
        let facts = match item.facts.facts() {
            Ok(facts) => facts,
            Err(error) => {
                // Nothing is in the plan of a damaged row, so that nothing is sent by it.
                tracing::error!(%error, id = %item.facts.id, "an obligation cannot be planned");
                open.insert(item.facts.id, ItemPlan::default());
                continue;
            }
        };
        let recipients = directory.recipients(&item.named);
        let said = answers.get(&facts.id);
        let slots = answers::apply(&facts, plan(&facts, &recipients), &recipients, said);
        let day = said.and_then(|said| said.answered_on(&facts));
        answered_on.extend(day.map(|day| (facts.id, day)));
        open.insert(facts.id, ItemPlan::of(&facts, &slots));
    }
    Ok((open, answered_on))
}

impl Examination {
    /// The slots that are to be sent.
    pub(super) fn to_send(&self) -> impl Iterator<Item = &LedgerSlot> {
        let sent = self.verdicts.iter();
        sent.filter(|(_, verdict)| *verdict == Verdict::Send)
            .map(|(id, _)| &self.slots[id])
    }

    /// Settles what is not sent, and asks for items to be planned anew where somebody else may have to be told.
    pub(super) async fn settle_moot(&self, tx: &mut WriteTx) -> Result<Option<Event>> {
        let (tenant, now) = (tx.actor().tenant(), tx.now());
        let mut suppressed = Suppressed::default();
        let mut counts: BTreeMap<&'static str, i64> = BTreeMap::new();
        let mut plan_anew = HashSet::new();
        for (id, verdict) in &self.verdicts {
            let Verdict::Suppress {
                reason,
                superseded_by,
            } = *verdict
            else {
                continue;
            };
            suppressed.push(*id, reason, superseded_by);
            *counts.entry(reason.as_str()).or_default() += 1;
            if verdict.asks_for_a_new_plan() {
                plan_anew.insert(self.slots[id].item);
            }
        }
        if suppressed.is_empty() {
            return Ok(None);
        }
        sending::suppress(tx.conn(), tenant, &suppressed, now).await?;
        if !plan_anew.is_empty() {
            let items: Vec<Uuid> = plan_anew.into_iter().collect();
            sending::plan_anew(tx.conn(), tenant, &items).await?;
        }
        let event = Event::new("reminder", "reminder.suppressed");
        Ok(Some(counts.iter().fold(event, |event, (reason, count)| {
            event.with(reason, *count)
        })))
    }

    /// What decides with which others a slot goes, and whether it goes now.
    pub(super) fn due(&self, slot: &LedgerSlot) -> Due {
        Due {
            item: slot.item,
            severity: self.items[&slot.item].named.severity,
            threshold: slot.threshold,
            at: slot.planned_at,
            way: slot.connector,
            recipient: slot.recipient,
        }
    }

    /// What programs are told that a slot means.
    pub(super) fn event_type(&self, slot: &LedgerSlot) -> EventType {
        let due_on = self.items[&slot.item].facts.due_on;
        event_type(slot.threshold, slot.falls_on, due_on)
    }

    /// By which a slot's letter to somebody is answered. The same slot has the same link however often its letter is made.
    pub(super) fn answer_link(
        &self,
        app: &App,
        tenant: TenantId,
        slot: &LedgerSlot,
    ) -> Option<answers::Link> {
        let of = answers::LinkOf {
            message: slot.id,
            item: slot.item.into(),
            recipient: slot.recipient?.into(),
            threshold: slot.threshold,
            due_on: self.items.get(&slot.item)?.facts.due_on,
        };
        Some(answers::link_for(app, tenant, &of))
    }

    /// What is said by a slot, to people.
    pub(super) fn said(&self, slot: &LedgerSlot) -> Option<Said> {
        let item = self.items.get(&slot.item)?;
        Some(Said {
            about: About {
                item: slot.item,
                title: item.title.clone(),
                reference: item.reference.clone(),
                branch: item.branch_name.clone(),
                tenant: item.tenant_name.clone(),
                due_on: item.facts.due_on,
                zone: item.facts.time_zone.parse().ok()?,
            },
            threshold: slot.threshold,
            answer: None,
            held: self.rows.get(&slot.id)?.held_at.is_some(),
        })
    }

    /// What is said by a slot, to programs.
    pub(super) fn notice(&self, app: &App, tenant: TenantId, slot: &LedgerSlot) -> Option<Notice> {
        let item = self.items.get(&slot.item)?;
        let said = self.said(slot)?;
        let now = app.now();
        let days = (said.about.due_on - civil_today(now, said.about.zone)).num_days();
        let status = match days {
            ..0 => "overdue",
            0 => "due_today",
            1.. => "upcoming",
        };
        let facts = ObligationFacts {
            title: item.title.clone(),
            reference: Some(item.reference.clone()),
            status: Some(status.to_owned()),
        };
        Some(Notice {
            id: slot.id,
            kind: self.event_type(slot),
            version: NOTICE_VERSION,
            tenant_id: tenant,
            occurred_at: now,
            severity: Some(item.named.severity.as_str().to_owned()),
            branch: Some(NoticeBranch {
                id: item.named.branch,
                name: item.branch_name.clone(),
            }),
            entity: NoticeEntity::new(slot.item, &facts),
            timing: Timing {
                due_on: Some(said.about.due_on),
                certificate_expires_at: None,
                days_remaining: Some(days),
            },
            url: Some(super::message::link_to(&app.settings.base_url, slot.item)),
        })
    }
}

/// What programs are told that a threshold means, which falls on a day of an item that is due on another.
pub(super) fn event_type(
    threshold: Threshold,
    falls_on: NaiveDate,
    due_on: NaiveDate,
) -> EventType {
    match threshold {
        Threshold::Again if falls_on > due_on => EventType::ObligationOverdue,
        Threshold::Before(_) | Threshold::DueDay | Threshold::Again => EventType::ObligationDue,
        Threshold::Overdue => EventType::ObligationOverdue,
        Threshold::Escalation => EventType::ObligationEscalated,
    }
}
