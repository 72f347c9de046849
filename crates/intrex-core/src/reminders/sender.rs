//! Settles what is due. Claim in one short transaction across tenants; then, tenant by tenant, ask the ledger and the item
//! again, settle what is moot, put messages into inboxes, and hand the rest over as deliveries: those that go to one person
//! over one way at once as one, and what is over the hour's limit is put off. All of that is one transaction, and nothing is sent here: a worker that is killed anywhere
//! loses nothing, because its claims end with their lease.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{
    budget::{self, Budget, Bundle, Due, Inbox},
    examination::{Examination, examine},
    judgement::LedgerSlot,
    model::{BUILT_IN_ROUTE, Channel, Reason},
    queries::{
        self, carried,
        sending::{self, InboxMessages},
    },
};
use crate::{
    App,
    actor::Actor,
    audit::Event,
    connectors,
    db::WriteTx,
    deliveries::{self, Staged},
    error::Result,
    ids::TenantId,
    outbox::{self, Claim},
    permission::Permission,
    routes,
};

/// The name of this work in the audit log.
pub(super) const JOB: &str = "reminders.send";
/// How long a claim holds.
const LEASE: TimeDelta = TimeDelta::seconds(60);
/// Slots that one round claims.
const SLOTS_A_ROUND: i64 = 1_000;
/// Of which one tenant has so many at most: what one person is told at once should be one message.
const SLOTS_A_TENANT: i64 = 500;
/// Attempts after which a slot is given up: it takes its worker down each time.
const MAX_CLAIMS: i16 = 12;
/// Separates these digests from every other use of SHA-256. A changed layout needs a new name.
const FINGERPRINT_DOMAIN: &[u8] = b"intrex delivery of reminders v1";

/// Settles one round of what is due. Answers how many slots were claimed.
pub async fn send_due(app: &App) -> Result<usize> {
    let mut tx = app.db.system().await?;
    let now = tx.now().await?;
    if !sending::anything_due(tx.conn(), now).await? {
        return Ok(0);
    }
    let lease_until = now + LEASE;
    let claims = sending::claim(tx.conn(), now, lease_until, SLOTS_A_TENANT, SLOTS_A_ROUND).await?;
    tx.commit().await?;
    let claimed = claims.len();
    for (tenant, claims) in outbox::by_tenant(claims) {
        if let Err(error) = settle(app, tenant, &claims).await {
            // The others are not held up: these claims end with their lease.
            tracing::error!(%error, %tenant, "reminders could not be settled");
        }
    }
    Ok(claimed)
}

/// Settles a tenant's claims.
async fn settle(app: &App, tenant: TenantId, claims: &[Claim]) -> Result<()> {
    let actor = Actor::worker(tenant, JOB);
    actor.may(Permission::RemindersRun)?;
    let claims: HashMap<Uuid, Claim> = claims.iter().map(|claim| (claim.id, *claim)).collect();
    let mut tx = app.db.write(&actor).await?;
    let ids: Vec<Uuid> = claims.keys().copied().collect();
    let found = examine(app, &mut tx, &ids, |row| {
        let claim = claims.get(&row.id);
        claim.is_some_and(|claim| claim.fence == row.fence)
    })
    .await?;
    let mut events: Vec<Event> = found.settle_moot(&mut tx).await?.into_iter().collect();
    let mut inbox = InboxMessages::default();
    let mut given_up = Vec::new();
    let mut outward = Vec::new();
    for slot in found.to_send() {
        if claims
            .get(&slot.id)
            .is_none_or(|claim| claim.attempts > MAX_CLAIMS)
        {
            given_up.push(slot.id);
            events.extend(
                told(&found, slot, "reminder.failed")
                    .map(|event| event.failed().with("why", Reason::GaveUp.as_str())),
            );
        } else if Channel::of(slot.connector) == Some(Channel::InApp) {
            into_inbox(app, &mut inbox, &found, slot);
            events.extend(told(&found, slot, "reminder.sent"));
        } else {
            outward.push(slot);
        }
    }
    let now = tx.now();
    if !inbox.id.is_empty() {
        sending::deliver_in_app(tx.conn(), tenant, &inbox, now).await?;
    }
    if !given_up.is_empty() {
        carried::give_up(tx.conn(), tenant, &given_up, now).await?;
    }
    events.extend(hand_over(app, &mut tx, &found, &outward).await?);
    if events.is_empty() {
        tx.commit_unaudited("what is handed over has its events when it was sent")
            .await
    } else {
        tx.commit_all(events).await
    }
}

fn into_inbox(app: &App, inbox: &mut InboxMessages, found: &Examination, slot: &LedgerSlot) {
    let item = &found.items[&slot.item];
    inbox.id.push(app.chance.uuid(app.now()));
    inbox.slot_id.push(slot.id);
    let kind = sending::notification_kind(slot.threshold, slot.falls_on, item.facts.due_on);
    inbox.kind.push(kind.to_owned());
    let severity = item.named.severity.as_str();
    inbox.severity.push(severity.to_owned());
    inbox.due_on.push(item.facts.due_on);
}

fn told(found: &Examination, slot: &LedgerSlot, action: &'static str) -> Option<Event> {
    let item = found.items.get(&slot.item)?;
    let way = Channel::of(slot.connector).map_or("connector", Channel::as_str);
    Some(
        Event::new("reminder", action)
            .on("obligation", slot.item)
            .at(item.named.branch.into())
            .with("slot_id", slot.id.to_string())
            .with("recipient_id", slot.recipient.map(|id| id.to_string()))
            .with("connector", way)
            .with("threshold", slot.threshold.code())
            .summary(item.title.as_str()),
    )
}

/// Makes deliveries of slots, as far as the hour's messages go; answers what tells of those that have to wait.
async fn hand_over(
    app: &App,
    tx: &mut WriteTx,
    found: &Examination,
    slots: &[&LedgerSlot],
) -> Result<Vec<Event>> {
    if slots.is_empty() {
        return Ok(Vec::new());
    }
    let tenant = tx.actor().tenant();
    let own = Channel::Email.connector();
    let mut others: Vec<Uuid> = slots.iter().map(|slot| slot.connector).collect();
    others.retain(|connector| *connector != own);
    let types = connectors::types(tx.conn(), tenant, &others).await?;
    let due: Vec<Due> = slots.iter().map(|slot| found.due(slot)).collect();
    let bundles = budget::bundles(&due, &types);
    let now = tx.now();
    let mut budget = match bundles.iter().any(|bundle| bundle.counts) {
        true => {
            queries::budget::lock(tx.conn(), tenant).await?;
            let limit = queries::budget::limit(tx.conn(), tenant).await?;
            let hour = budget::hour_of(now);
            let had = queries::budget::had_since(tx.conn(), tenant, hour).await?;
            Budget::new(limit, had)
        }
        false => Budget::new(0, HashMap::new()),
    };
    let (go, wait): (Vec<Bundle>, Vec<Bundle>) = bundles
        .into_iter()
        .partition(|bundle| budget.admits(bundle));
    let of = |bundle: &Bundle| -> Vec<&LedgerSlot> {
        bundle.parts.iter().map(|place| slots[*place]).collect()
    };
    let staged: Vec<Staged> = go
        .iter()
        .filter_map(|bundle| staged(app, tenant, found, &of(bundle)))
        .collect();
    deliveries::stage_all(tx, &staged).await?;
    let mut waiting: BTreeMap<Inbox, Vec<&LedgerSlot>> = BTreeMap::new();
    for bundle in &wait {
        waiting.entry(bundle.to).or_default().extend(of(bundle));
    }
    hold(tx, found, &waiting).await
}

/// Puts off to the next hour what is over the limit, or to when its recipients may be disturbed again.
async fn hold(
    tx: &mut WriteTx,
    found: &Examination,
    waiting: &BTreeMap<Inbox, Vec<&LedgerSlot>>,
) -> Result<Vec<Event>> {
    if waiting.is_empty() {
        return Ok(Vec::new());
    }
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let quiet = routes::quiet(tx.conn(), tenant).await?;
    let until = |slot: &LedgerSlot| {
        let at = budget::next_hour(now);
        let zone = found.said(slot).map(|said| said.about.zone);
        let quiet = quiet.get(&found.rows[&slot.id].route_id);
        quiet
            .zip(zone)
            .map_or(at, |(quiet, zone)| quiet.after(at, zone))
    };
    let slots: Vec<(Uuid, DateTime<Utc>)> = waiting
        .values()
        .flatten()
        .map(|slot| (slot.id, until(slot)))
        .collect();
    let (ids, untils): (Vec<Uuid>, Vec<DateTime<Utc>>) = slots.into_iter().unzip();
    queries::budget::hold(tx.conn(), tenant, &ids, &untils, now).await?;
    let events = waiting.iter().map(|((way, recipient), slots)| {
        let until = slots.iter().map(|slot| until(slot)).min();
        Event::new("reminder", "reminder.held")
            .with("recipient_id", recipient.map(|id| id.to_string()))
            .with("connector_id", way.to_string())
            .with("reminders", slots.len())
            .with("until", until.map(|until| until.to_rfc3339()))
    });
    Ok(events.collect())
}

fn staged(
    app: &App,
    tenant: TenantId,
    found: &Examination,
    slots: &[&LedgerSlot],
) -> Option<Staged> {
    let first = slots.first()?;
    let row = &found.rows[&first.id];
    let notices: Vec<_> = slots
        .iter()
        .filter_map(|slot| found.notice(app, tenant, slot))
        .collect();
    let gravest = slots.iter().max_by_key(|slot| slot.threshold)?;
    let branches = slots
        .iter()
        .map(|slot| found.items[&slot.item].named.branch);
    let branch = branches
        .reduce(|one, other| if one == other { one } else { Uuid::nil() })
        .filter(|branch| !branch.is_nil());
    let severities = slots
        .iter()
        .map(|slot| found.items[&slot.item].named.severity);
    // A slot is claimed anew each time that it is taken up again: then it is another delivery.
    let mut digest = Sha256::new_with_prefix(FINGERPRINT_DOMAIN);
    for slot in slots {
        digest.update(slot.id.as_bytes());
        digest.update(found.rows[&slot.id].fence.to_be_bytes());
    }
    Some(Staged {
        route: Some(row.route_id)
            .filter(|route| *route != BUILT_IN_ROUTE)
            .map(Into::into),
        connector: Some(first.connector)
            .filter(|connector| *connector != Channel::Email.connector())
            .map(Into::into),
        recipient: first.recipient.map(Into::into),
        branch: branch.map(Into::into),
        event_type: found.event_type(gravest),
        severity: severities.max(),
        notices,
        not_before: app.now(),
        fingerprint: digest.finalize().into(),
        slots: slots.iter().map(|slot| slot.id.into()).collect(),
    })
}
