//! From a claim to a letter: one transaction of a tenant, in which the ledger is asked again, what is not sent after all is
//! settled, and what is sent is put together and its connector opened.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::{sync::OwnedSemaphorePermit, time::Instant};
use uuid::Uuid;

use super::{
    super::{
        model::Reason,
        queries::{self, Claimed},
        words,
    },
    BEGIN_WITHIN, JOB,
    recording::{Standing, What, settle},
};
use crate::{
    App,
    actor::Actor,
    audit::Event,
    channels::{Addressee, EventType, Letter, Notice},
    connectors::{self, Opened, Status},
    db::WriteTx,
    digests,
    error::{Error, Result},
    ids::{BranchId, ConnectorId, DeliveryId, TenantId},
    outbox::Claim,
    outside::mail::MessageId,
    permission::Permission,
    reminders::{Words, carried},
};

/// Claims after which a delivery whose outcome was never written is given up: it takes its worker down each time.
const MAX_CLAIMS: i16 = 12;
/// How long what waits for somebody to verify its connector is left alone.
const LOOK_AGAIN_AFTER: TimeDelta = TimeDelta::minutes(5);
/// How old it may become meanwhile.
const WAITS_FOR_VERIFICATION: TimeDelta = TimeDelta::days(5);

/// A delivery that is about to be sent, or was: it keeps its place in the pool until its outcome is written.
pub(super) struct Parcel {
    pub(super) claim: Claim,
    pub(super) about: About,
    pub(super) way: Way,
    pub(super) letter: Letter,
    /// Whether there is still time to begin.
    pub(super) begun_in_time: bool,
    pub(super) _place: OwnedSemaphorePermit,
}

/// What is told of a delivery afterwards.
#[derive(Debug, Clone)]
pub(super) struct About {
    pub(super) event_type: String,
    pub(super) branch: Option<BranchId>,
    pub(super) connector: Option<ConnectorId>,
    pub(super) slots: i16,
}

/// By which way it goes.
#[derive(Debug, Clone)]
pub(super) enum Way {
    /// The installation's own mail.
    OwnMail,
    /// A connector of the organisation's.
    By(Arc<Opened>),
}

/// What is done with a claimed delivery.
enum Decision {
    Send {
        way: Way,
        words: Words,
        to: Option<Addressee>,
    },
    Settle(What),
}

/// Reads a tenant's claims, settles those that are not sent, and answers the others.
pub(super) async fn prepare(
    app: &App,
    tenant: TenantId,
    held: Vec<(Claim, OwnedSemaphorePermit)>,
    claimed_at: Instant,
) -> Result<Vec<Parcel>> {
    let actor = Actor::worker(tenant, JOB);
    actor.may(Permission::DeliveriesSend)?;
    let mut held: HashMap<Uuid, _> = held
        .into_iter()
        .map(|(claim, place)| (claim.id, (claim, place)))
        .collect();
    let ids: Vec<Uuid> = held.keys().copied().collect();
    let mut tx = app.db.write(&actor).await?;
    let mut rows = queries::claimed(tx.conn(), tenant, &ids).await?;
    // What another worker has taken meanwhile is its.
    rows.retain(|row| {
        held.get(&row.id.uuid())
            .is_some_and(|(claim, _)| claim.fence == row.fence)
    });
    lock_carriers(&mut tx, &mut rows).await?;
    let mut desk = Desk::open(app, &mut tx, &rows).await?;
    let mut standings = Vec::new();
    let mut parcels = Vec::new();
    for row in rows {
        let Some((claim, place)) = held.remove(&row.id.uuid()) else {
            continue;
        };
        let about = About {
            event_type: row.event_type.clone(),
            branch: row.branch,
            connector: row.connector,
            slots: row.slots,
        };
        match desk.decide(app, &claim, &row) {
            Decision::Settle(what) => standings.push(Standing::unsent(claim, about, what)),
            Decision::Send { way, words, to } => parcels.push(Parcel {
                letter: letter(app, row, words, to)?,
                begun_in_time: true,
                _place: place,
                claim,
                about,
                way,
            }),
        }
    }
    let mut events: Vec<Event> = desk.event.take().into_iter().collect();
    let put_off = !standings.is_empty();
    events.extend(settle(&mut tx, standings).await?.events);
    if events.is_empty() && !put_off && !desk.carries_reminders {
        // Nothing was written, and nothing is to be waited for.
        drop(tx);
    } else if events.is_empty() {
        tx.commit_unaudited("links in letters, and deliveries that are put off: they show it")
            .await?;
    } else {
        tx.commit_all(events).await?;
    }
    let in_time = claimed_at.elapsed() < BEGIN_WITHIN;
    for parcel in &mut parcels {
        parcel.begun_in_time = in_time;
    }
    Ok(parcels)
}

/// Locks the deliveries that carry reminders, before the ledger is asked: whoever settles takes them in this order. The others
/// need no lock, because nothing is written of them unless their fence is still the same.
async fn lock_carriers(tx: &mut WriteTx, rows: &mut Vec<Claimed>) -> Result<()> {
    let tenant = tx.actor().tenant();
    let carriers: Vec<(Uuid, i64)> = rows
        .iter()
        .filter(|row| row.slots > 0)
        .map(|row| (row.id.uuid(), row.fence))
        .collect();
    if carriers.is_empty() {
        return Ok(());
    }
    let held = queries::lock_held(tx.conn(), tenant, &carriers).await?;
    rows.retain(|row| row.slots == 0 || held.contains(&(row.id.uuid(), row.fence)));
    Ok(())
}

fn letter(app: &App, row: Claimed, words: Words, to: Option<Addressee>) -> Result<Letter> {
    let host = app.settings.base_url.host_str().unwrap_or_default();
    let mut notices = row.notices.into_iter();
    let notice = notices.next();
    // A program is told one id of it: in the header and in the body.
    let notice = notice.map(|notice| Notice {
        id: row.id.uuid(),
        ..notice
    });
    Ok(Letter {
        id: row.id.uuid(),
        message_id: MessageId::new(row.id.uuid(), &row.fingerprint, host),
        written_at: app.now(),
        notice: notice.ok_or_else(|| Error::internal("a delivery that tells of nothing"))?,
        to,
        subject: words.subject,
        text: words.text,
        html: words.html,
    })
}

/// Everything that is read once for all of a tenant's claims.
struct Desk {
    now: DateTime<Utc>,
    left: HashMap<DeliveryId, carried::Left>,
    event: Option<Event>,
    carries_reminders: bool,
    digests: HashMap<DeliveryId, digests::carried::Carried>,
    people: HashMap<DeliveryId, Addressee>,
    connectors: HashMap<ConnectorId, Arc<Opened>>,
}

impl Desk {
    async fn open(app: &App, tx: &mut WriteTx, rows: &[Claimed]) -> Result<Self> {
        let tenant = tx.actor().tenant();
        let carrying: Vec<Uuid> = rows
            .iter()
            .filter(|row| row.slots > 0)
            .map(|row| row.id.uuid())
            .collect();
        let (left, event) = match carrying.is_empty() {
            true => (HashMap::new(), None),
            false => carried::ask(app, tx, &carrying).await?,
        };
        let digests: Vec<Uuid> = rows
            .iter()
            .filter(|row| row.event_type == EventType::Digest.as_str())
            .map(|row| row.id.uuid())
            .collect();
        let to_people: Vec<Uuid> = rows
            .iter()
            .filter(|row| row.slots == 0 && row.recipient.is_some())
            .map(|row| row.id.uuid())
            .collect();
        let mut over: Vec<_> = rows.iter().filter_map(|row| row.connector).collect();
        over.sort_unstable();
        over.dedup();
        let opened = connectors::opened(tx, &over).await?;
        Ok(Desk {
            now: tx.now(),
            left,
            event,
            carries_reminders: !carrying.is_empty(),
            digests: match digests.is_empty() {
                true => HashMap::new(),
                false => digests::carried::ask(tx, &digests).await?,
            },
            people: queries::addressees(tx.conn(), tenant, &to_people).await?,
            connectors: opened
                .into_iter()
                .map(|(id, opened)| (id, Arc::new(opened)))
                .collect(),
        })
    }

    fn decide(&mut self, app: &App, claim: &Claim, row: &Claimed) -> Decision {
        use Decision::Settle;
        if claim.attempts > MAX_CLAIMS {
            return Settle(What::Dead(Reason::GaveUp));
        }
        if row.notices.is_empty() {
            return Settle(What::Dead(Reason::Unsendable));
        }
        let (words, to) = match row.slots {
            0 => match self.told(app, row) {
                Ok((words, to)) => (words, to),
                Err(what) => return Settle(what),
            },
            _ => match self
                .left
                .remove(&row.id)
                .map(|left| (left.words(app), left.to))
            {
                Some((Some(words), to)) => (words, to),
                _ => return Settle(What::Cancelled(Reason::Moot)),
            },
        };
        match self.way(app, row) {
            Ok(way) => Decision::Send { way, words, to },
            Err(what) => Settle(what),
        }
    }

    /// What is said of what carries no reminders, and to whom.
    fn told(
        &self,
        app: &App,
        row: &Claimed,
    ) -> std::result::Result<(Words, Option<Addressee>), What> {
        let to = match row.recipient {
            None => None,
            Some(_) => match self.people.get(&row.id) {
                Some(to) => Some(to.clone()),
                None => return Err(What::Cancelled(Reason::RecipientInactive)),
            },
        };
        let words = match (self.digests.get(&row.id), &to) {
            (Some(digest), Some(to)) => {
                digest.words(app, to).ok_or(What::Cancelled(Reason::Moot))?
            }
            _ => words::compose(&row.notices).ok_or(What::Dead(Reason::Unsendable))?,
        };
        Ok((words, to))
    }

    fn way(&self, app: &App, row: &Claimed) -> std::result::Result<Way, What> {
        let Some(connector) = row.connector else {
            return match app.mailer {
                Some(_) => Ok(Way::OwnMail),
                None => Err(What::Cancelled(Reason::NoMailConfigured)),
            };
        };
        let Some(opened) = self.connectors.get(&connector) else {
            return Err(What::Dead(Reason::ConnectorDisabled));
        };
        match opened.status {
            Status::Active | Status::Error => Ok(Way::By(opened.clone())),
            Status::Disabled => Err(What::Dead(Reason::ConnectorDisabled)),
            Status::PendingVerification => match self.now - row.created_at {
                old if old >= WAITS_FOR_VERIFICATION => {
                    Err(What::Dead(Reason::ConnectorUnverified))
                }
                _ => Err(What::Later(self.now + LOOK_AGAIN_AFTER)),
            },
        }
    }
}
