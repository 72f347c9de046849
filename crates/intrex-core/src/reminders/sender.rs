//! Sends what is due. Claim in one short transaction across tenants; then, tenant by tenant, ask the ledger and the item
//! again, settle what is moot and put messages into inboxes; then send mail with no transaction and no connection held;
//! then record how it ended, in batches, as far as the claim still holds. A worker that is killed anywhere loses nothing:
//! its claims end with their lease, and only what was in flight goes out again, under the same `Message-ID`.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    time::Duration,
};

use chrono::TimeDelta;
use tokio::{task::JoinSet, time::Instant};
use uuid::Uuid;

use super::{
    judgement::{Facts, ItemPlan, LedgerSlot, Standing, Verdict, judge},
    message::{About, Addressee, compose},
    model::{Channel, Reason, wait_after},
    queries::{
        self,
        sending::{self, Ended, Ending, InboxMessages, Suppressed, TouchedItem},
    },
};
use crate::{
    App,
    actor::Actor,
    audit::Event,
    db::WriteTx,
    error::Result,
    ids::TenantId,
    obligations::schedule::{Threshold, plan},
    outbox::{self, Claim},
    outside::mail::{MailFault, Message, MessageId, SEND_TIMEOUT},
    permission::Permission,
};

/// The name of this work in the audit log.
const JOB: &str = "reminders.send";
/// How long a claim holds.
const LEASE: Duration = Duration::from_secs(60);
/// How long into a round a message may be begun. With the time that it may take, the round ends well before its lease,
/// and before the worker counts as silent, however slow the mail server is.
const BEGIN_WITHIN: Duration = Duration::from_secs(10);
const _: () = assert!(BEGIN_WITHIN.as_secs() + SEND_TIMEOUT.as_secs() < LEASE.as_secs());
/// Slots that one round claims.
const SLOTS_A_ROUND: i64 = 64;
/// Of which one tenant has so many at most.
const SLOTS_A_TENANT: i64 = 32;
/// Messages that are on their way to the mail server at once.
const SENDS_AT_ONCE: usize = 8;
/// Attempts after which a slot whose outcome was never written is given up: it takes its worker down each time.
const MAX_CLAIMS: i16 = 12;

/// A message that is to go out, and what is said about it afterwards.
struct Letter {
    claim: Claim,
    told: Told,
    message: Message,
}

/// What a slot was about, for its event.
#[derive(Clone)]
struct Told {
    slot: Uuid,
    item: Uuid,
    branch: Uuid,
    recipient: Uuid,
    title: String,
    threshold: Threshold,
    channel: Channel,
    message_id: Option<MessageId>,
}

impl Told {
    fn event(&self, action: &'static str) -> Event {
        let event = Event::new("reminder", action)
            .on("obligation", self.item)
            .at(self.branch.into())
            .with("slot_id", self.slot.to_string())
            .with("recipient_id", self.recipient.to_string())
            .with("connector", self.channel.as_str())
            .with("threshold", self.threshold.code())
            .summary(self.title.as_str());
        match &self.message_id {
            Some(id) => event.with("message_id", id.to_string()),
            None => event,
        }
    }
}

/// Sends one round of what is due. Answers how many slots were claimed.
pub async fn send_due(app: &App) -> Result<usize> {
    let began = Instant::now();
    let now = app.now();
    let mut tx = app.db.system().await?;
    if !sending::anything_due(tx.conn(), now).await? {
        return Ok(0);
    }
    let lease_until = now + TimeDelta::from_std(LEASE).unwrap_or_default();
    let claims = sending::claim(tx.conn(), now, lease_until, SLOTS_A_TENANT, SLOTS_A_ROUND).await?;
    tx.commit().await?;
    let claimed = claims.len();
    let mut letters = VecDeque::new();
    for (tenant, claims) in outbox::by_tenant(claims) {
        match prepare(app, tenant, &claims).await {
            Ok(prepared) => letters.extend(prepared),
            // The others are not held up: these claims end with their lease.
            Err(error) => tracing::error!(%error, %tenant, "reminders could not be prepared"),
        }
    }
    send_all(app, letters, began).await?;
    Ok(claimed)
}

/// Settles a tenant's claims that are moot, delivers those for the inbox, and composes those for the mail server.
async fn prepare(app: &App, tenant: TenantId, claims: &[Claim]) -> Result<Vec<Letter>> {
    let actor = Actor::worker(tenant, JOB);
    actor.may(Permission::RemindersRun)?;
    let claims: HashMap<Uuid, Claim> = claims.iter().map(|claim| (claim.id, *claim)).collect();
    let mut tx = app.db.write(&actor).await?;
    let now = tx.now();
    let ids: Vec<Uuid> = claims.keys().copied().collect();
    let items = sending::lock_items(tx.conn(), tenant, &ids).await?;
    let item_ids: Vec<Uuid> = items.iter().map(|item| item.facts.id).collect();
    let rows = sending::lock_due(tx.conn(), tenant, &item_ids, now).await?;
    let slots: HashMap<Uuid, LedgerSlot> = rows
        .iter()
        .filter_map(|row| ledger_slot(row, &claims))
        .map(|slot| (slot.id, slot))
        .collect();
    let mut recipients: Vec<Uuid> = slots.values().map(|slot| slot.recipient).collect();
    recipients.sort_unstable();
    recipients.dedup();
    let people = sending::active_people(tx.conn(), tenant, &recipients).await?;
    let facts = Facts {
        open: open_items(&mut tx, tenant, &items).await?,
        active: people.keys().copied().collect(),
        mail: app.mailer.is_some(),
    };
    let mut due: Vec<LedgerSlot> = slots.values().cloned().collect();
    due.sort_by_key(|slot| slot.id);
    let verdicts = judge(&due, &facts);
    let items: HashMap<Uuid, &TouchedItem> =
        items.iter().map(|item| (item.facts.id, item)).collect();
    let round = Round {
        app,
        claims,
        slots,
        items,
        people,
    };
    round.carry_out(tx, verdicts).await
}

fn ledger_slot(row: &sending::DueRow, claims: &HashMap<Uuid, Claim>) -> Option<LedgerSlot> {
    let ours = claims
        .get(&row.id)
        .is_some_and(|claim| claim.fence == row.fence);
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
        fingerprint: row.fingerprint.as_slice().try_into().ok()?,
        planned_at: row.planned_at,
        standing,
    })
}

/// What the planner says of the items that are open, now.
async fn open_items(
    tx: &mut WriteTx,
    tenant: TenantId,
    items: &[TouchedItem],
) -> Result<HashMap<Uuid, ItemPlan>> {
    let named: Vec<_> = items.iter().map(|item| item.named).collect();
    let directory = queries::directory(tx.conn(), tenant, &named).await?;
    let mut open = HashMap::new();
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
        let slots = plan(&facts, &directory.recipients(&item.named));
        let thresholds = Threshold::all(&facts.lead_days);
        open.insert(
            facts.id,
            ItemPlan {
                dates: thresholds
                    .map(|threshold| (threshold, threshold.on(facts.due_on, facts.grace)))
                    .collect(),
                fingerprints: slots.iter().map(|slot| slot.fingerprint).collect(),
            },
        );
    }
    Ok(open)
}

/// A tenant's part of a round.
struct Round<'a> {
    app: &'a App,
    claims: HashMap<Uuid, Claim>,
    slots: HashMap<Uuid, LedgerSlot>,
    items: HashMap<Uuid, &'a TouchedItem>,
    people: HashMap<Uuid, Addressee>,
}

impl Round<'_> {
    async fn carry_out(
        self,
        mut tx: WriteTx,
        verdicts: Vec<(Uuid, Verdict)>,
    ) -> Result<Vec<Letter>> {
        let (tenant, now) = (tx.actor().tenant(), tx.now());
        let mut letters = Vec::new();
        let mut inbox = InboxMessages::default();
        let mut suppressed = Suppressed::default();
        let mut counts: BTreeMap<&'static str, i64> = BTreeMap::new();
        let mut plan_anew = HashSet::new();
        let mut given_up = Ended::default();
        let mut events = Vec::new();
        for (id, verdict) in verdicts {
            let slot = &self.slots[&id];
            if let Verdict::Suppress {
                reason,
                superseded_by,
            } = verdict
            {
                suppressed.push(id, reason, superseded_by);
                *counts.entry(reason.as_str()).or_default() += 1;
                if verdict.asks_for_a_new_plan() {
                    plan_anew.insert(slot.item);
                }
                continue;
            }
            let (Some(told), Some(claim)) = (self.told(slot), self.claims.get(&id)) else {
                continue;
            };
            if claim.attempts > MAX_CLAIMS {
                let reason = Reason::GaveUp;
                let error = "its outcome was never written".to_owned();
                given_up.push(claim, &Ending::Failed { reason, error }, now);
                events.push(failed(&told, reason, None));
                continue;
            }
            match told.channel {
                Channel::InApp => {
                    let item = self.items[&slot.item];
                    inbox.id.push(self.app.chance.uuid(now));
                    inbox.slot_id.push(id);
                    inbox
                        .kind
                        .push(sending::notification_kind(slot.threshold).to_owned());
                    inbox.severity.push(item.severity.clone());
                    inbox.due_on.push(item.facts.due_on);
                    events.push(told.event("reminder.sent"));
                }
                Channel::Email => letters.extend(self.letter(*claim, told)),
            }
        }
        if !counts.is_empty() {
            let event = Event::new("reminder", "reminder.suppressed");
            events.push(
                counts
                    .iter()
                    .fold(event, |event, (reason, count)| event.with(reason, *count)),
            );
        }
        if !suppressed.is_empty() {
            sending::suppress(tx.conn(), tenant, &suppressed, now).await?;
        }
        if !plan_anew.is_empty() {
            let items: Vec<Uuid> = plan_anew.into_iter().collect();
            sending::plan_anew(tx.conn(), tenant, &items).await?;
        }
        if !inbox.id.is_empty() {
            sending::deliver_in_app(tx.conn(), tenant, &inbox, now).await?;
        }
        sending::record(tx.conn(), tenant, &given_up, now).await?;
        if events.is_empty() {
            tx.commit_unaudited("nothing was settled: what follows goes out by mail")
                .await?;
        } else {
            tx.commit_all(events).await?;
        }
        Ok(letters)
    }

    fn told(&self, slot: &LedgerSlot) -> Option<Told> {
        let item = self.items.get(&slot.item)?;
        let channel = Channel::of(slot.connector)?;
        let message_id = (channel == Channel::Email).then(|| {
            let host = self.app.settings.base_url.host_str().unwrap_or_default();
            MessageId::new(slot.id, &slot.fingerprint, host)
        });
        Some(Told {
            slot: slot.id,
            item: slot.item,
            branch: item.named.branch,
            recipient: slot.recipient,
            title: item.title.clone(),
            threshold: slot.threshold,
            channel,
            message_id,
        })
    }

    fn letter(&self, claim: Claim, told: Told) -> Option<Letter> {
        let item = self.items.get(&told.item)?;
        let about = About {
            item: told.item,
            title: item.title.clone(),
            reference: item.reference.clone(),
            branch: item.branch_name.clone(),
            tenant: item.tenant_name.clone(),
            due_on: item.facts.due_on,
            zone: item.facts.time_zone.parse().ok()?,
        };
        let message = compose(
            told.message_id.clone()?,
            &about,
            told.threshold,
            self.people.get(&told.recipient)?,
            &self.app.settings.base_url,
            self.app.now(),
        );
        Some(Letter {
            claim,
            told,
            message,
        })
    }
}

/// Sends letters, a few at once, and records how each ended. What was not begun in time is left for the next round.
async fn send_all(app: &App, mut letters: VecDeque<Letter>, began: Instant) -> Result<()> {
    let Some(mailer) = &app.mailer else {
        return Ok(());
    };
    let mut on_the_way = JoinSet::new();
    let mut ended = Vec::new();
    loop {
        while on_the_way.len() < SENDS_AT_ONCE
            && let Some(letter) = letters.pop_front()
        {
            if began.elapsed() >= BEGIN_WITHIN {
                ended.push((letter, None));
                continue;
            }
            let mailer = mailer.clone();
            on_the_way.spawn(async move {
                let sent = mailer.send(&letter.message).await;
                (letter, Some(sent))
            });
        }
        let Some(first) = on_the_way.join_next().await else {
            break;
        };
        ended.extend(first);
        while let Some(next) = on_the_way.try_join_next() {
            ended.extend(next);
        }
        if let Err(error) = record(app, &ended).await {
            // Kept for the next time: an outcome that is not written means that the message goes out again.
            tracing::error!(%error, "the outcome of reminders could not be written yet");
        } else {
            ended.clear();
        }
    }
    record(app, &ended).await
}

type EndedLetter = (Letter, Option<std::result::Result<(), MailFault>>);

/// Writes how letters ended, one transaction a tenant.
async fn record(app: &App, letters: &[EndedLetter]) -> Result<()> {
    let mut by_tenant: BTreeMap<TenantId, Vec<&EndedLetter>> = BTreeMap::new();
    for letter in letters {
        by_tenant
            .entry(letter.0.claim.tenant)
            .or_default()
            .push(letter);
    }
    for (tenant, letters) in by_tenant {
        let mut tx = app.db.write(&Actor::worker(tenant, JOB)).await?;
        let now = tx.now();
        let mut ended = Ended::default();
        let mut events = HashMap::new();
        for (letter, sent) in letters {
            let (ending, event) = ending(app, letter, sent.as_ref());
            ended.push(&letter.claim, &ending, now);
            events.extend(event.map(|event| (letter.claim.id, event)));
        }
        let recorded = sending::record(tx.conn(), tenant, &ended, now).await?;
        let events: Vec<Event> = recorded.iter().filter_map(|id| events.remove(id)).collect();
        if events.is_empty() {
            tx.commit_unaudited("an attempt that is repeated; the ledger shows it")
                .await?;
        } else {
            tx.commit_all(events).await?;
        }
    }
    Ok(())
}

/// What an attempt means for its slot, and the event that tells of it if it was the last one.
fn ending(
    app: &App,
    letter: &Letter,
    sent: Option<&std::result::Result<(), MailFault>>,
) -> (Ending, Option<Event>) {
    let fault = match sent {
        None => return (Ending::Untried, None),
        Some(Ok(())) => return (Ending::Sent, Some(letter.told.event("reminder.sent"))),
        Some(Err(fault)) => fault,
    };
    let error = fault.to_string();
    let [chance] = app.chance.bytes();
    let reason = match wait_after(letter.claim.attempts, chance) {
        Some(wait) if !fault.permanent => {
            let at = app.now() + wait;
            return (Ending::Again { at, error }, None);
        }
        _ if fault.permanent => Reason::Refused,
        _ => Reason::GaveUp,
    };
    let event = failed(&letter.told, reason, Some(fault));
    (Ending::Failed { reason, error }, Some(event))
}

fn failed(told: &Told, reason: Reason, fault: Option<&MailFault>) -> Event {
    let event = told
        .event("reminder.failed")
        .failed()
        .with("why", reason.as_str());
    match fault {
        Some(fault) => event.with("stage", fault.stage.as_str()),
        None => event,
    }
}
