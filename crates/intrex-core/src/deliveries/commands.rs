//! What head office admins, or the operator of the installation, do with dead letters: send one again, or all of a range. A
//! letter keeps its id, so that whoever has had it after all can tell.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    input::RawReplay,
    model::{Delivery, State},
    queries::{self, Answers, Dead},
};
use crate::{
    Actor, App,
    audit::Event,
    catalogue::keys,
    db::WriteTx,
    error::{Error, Result},
    ids::{ConnectorId, DeliveryId},
    permission::Permission,
    reminders::carried,
    tenants,
};

/// Dead letters that one transaction takes up.
const LETTERS_A_BATCH: i64 = 500;

/// Which dead letters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) connector: Option<ConnectorId>,
    pub(super) from: Option<DateTime<Utc>>,
    pub(super) to: Option<DateTime<Utc>>,
}

/// What is done with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Replay {
    /// They are counted.
    Count,
    /// They are sent.
    Send,
}

/// What came of a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Replayed {
    /// Dead letters in the range.
    pub matched: i64,
    /// Of which so many were taken up again: none if they were only counted.
    pub replayed: i64,
    /// Whether they were only counted.
    pub dry_run: bool,
}

/// Sends a dead letter again.
pub async fn retry(app: &App, actor: &Actor, id: DeliveryId) -> Result<Delivery> {
    actor.may(Permission::DeliveriesManage)?;
    let mut tx = app.db.write(actor).await?;
    let tenant = actor.tenant();
    let found = queries::lock(tx.conn(), tenant, id).await?;
    let (state, dead) = found.ok_or(Error::NotFound)?;
    if state != State::Dead {
        return Err(Error::conflict(keys::DELIVERY_NOT_DEAD));
    }
    take_up(&mut tx, &[dead]).await?;
    let found = queries::find(tx.conn(), tenant, id, Answers::Shown).await?;
    let delivery = found.ok_or(Error::NotFound)?;
    let event = Event::new("delivery", "delivery.retried").on("delivery", id);
    tx.commit_answering(vec![event], &delivery).await?;
    Ok(delivery)
}

/// Sends the dead letters of a range again, or counts them.
pub async fn replay(app: &App, actor: &Actor, raw: &RawReplay) -> Result<Replayed> {
    actor.may(Permission::DeliveriesManage)?;
    let tenant = actor.tenant();
    let mut tx = app.db.read(actor).await?;
    let zone: Tz = tenants::reads::current(&mut tx)
        .await?
        .time_zone
        .parse()
        .map_err(Error::internal)?;
    let (range, replay) = raw.parse(zone)?;
    let matched = queries::count_dead(tx.conn(), tenant, &range).await?;
    tx.finish().await?;
    let mut replayed = Replayed {
        matched,
        replayed: 0,
        dry_run: replay == Replay::Count,
    };
    // Not more than were counted: what dies meanwhile is another matter.
    while replay == Replay::Send && replayed.replayed < matched {
        let mut tx = app.db.write(actor).await?;
        let limit = LETTERS_A_BATCH.min(matched - replayed.replayed);
        let dead = queries::lock_dead(tx.conn(), tenant, &range, limit).await?;
        if dead.is_empty() {
            break;
        }
        take_up(&mut tx, &dead).await?;
        let count = i64::try_from(dead.len()).unwrap_or(i64::MAX);
        let mut event = Event::new("delivery", "delivery.replayed").with("count", count);
        if let Some(connector) = range.connector {
            event = event.on("connector", connector);
        }
        for (name, at) in [("from", range.from), ("to", range.to)] {
            if let Some(at) = at {
                event = event.with(name, at.to_rfc3339());
            }
        }
        tx.commit(event).await?;
        replayed.replayed += count;
    }
    Ok(replayed)
}

/// As if they had never been tried, with the reminders that they carry. The ledger is asked again before they are sent.
async fn take_up(tx: &mut WriteTx, dead: &[Dead]) -> Result<()> {
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let ids: Vec<Uuid> = dead.iter().map(|one| one.id.uuid()).collect();
    queries::take_up(tx.conn(), tenant, &ids, now).await?;
    let carrying: Vec<Uuid> = dead
        .iter()
        .filter(|one| one.slots > 0)
        .map(|one| one.id.uuid())
        .collect();
    if !carrying.is_empty() {
        carried::take_up(tx, &carrying).await?;
    }
    Ok(())
}
