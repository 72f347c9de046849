//! What whoever sends by a connector records about it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    breaker::News,
    commands::{found, locked, told},
    config::Config,
    model::{DisabledReason, Status},
    queries,
};
use crate::{
    Actor, App,
    audit::Event,
    db::WriteTx,
    error::{Error, Result},
    ids::ConnectorId,
    permission::Permission,
};

/// What an attempt to send says about the connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A message was taken.
    Worked,
    /// It was not, for a reason that the next one would meet too.
    Failed(&'static str),
    /// It wants to be left alone until then.
    AskedToWait(DateTime<Utc>),
    /// There is nobody any more.
    Gone,
}

/// How exactly it is noted when a connector that does well has last worked.
const NOTED_AGAIN_AFTER: TimeDelta = TimeDelta::minutes(1);

/// Records what was seen while sending by connectors, each as it was at a version; answers the events that tell of it. Where
/// one that does well has worked again, which is nearly always, nothing is locked.
pub(crate) async fn record_all(
    tx: &mut WriteTx,
    seen: &BTreeMap<(ConnectorId, i32), Vec<Seen>>,
) -> Result<Vec<Event>> {
    tx.actor().may(Permission::ConnectorsUpkeep)?;
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let worked: Vec<_> = seen
        .iter()
        .filter(|(_, seen)| seen.iter().all(|one| *one == Seen::Worked))
        .map(|(which, _)| *which)
        .collect();
    let mut well = Vec::new();
    if !worked.is_empty() {
        let before = now - NOTED_AGAIN_AFTER;
        well = queries::doing_well(tx.conn(), tenant, &worked, now, before).await?;
    }
    let mut events = Vec::new();
    for ((id, version), seen) in seen {
        let does_well = well.contains(id) && worked.contains(&(*id, *version));
        if !does_well && !seen.is_empty() {
            events.extend(record(tx, *id, *version, seen).await?);
        }
    }
    Ok(events)
}

/// Records what was seen while sending by a connector as it was at a version; answers the events that tell of it. Nothing is
/// done if somebody has changed or removed it meanwhile: what was seen is not what it is.
async fn record(
    tx: &mut WriteTx,
    id: ConnectorId,
    version: i32,
    seen: &[Seen],
) -> Result<Vec<Event>> {
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let connector = match locked(tx, id).await {
        Ok(connector) => connector,
        Err(Error::NotFound) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    if connector.version != version || connector.status == Status::Disabled {
        return Ok(Vec::new());
    }
    let mut standing = queries::standing(tx.conn(), tenant, id).await?;
    let mut events = Vec::new();
    for one in seen {
        let news = match one {
            Seen::Worked => {
                standing.last_success_at = Some(now);
                standing.last_error = None;
                standing.status = Status::Active;
                standing.breaker.worked()
            }
            Seen::Failed(why) => {
                standing.last_failure_at = Some(now);
                standing.last_error = Some((*why).to_owned());
                standing.status = Status::Error;
                standing.breaker.failed(now)
            }
            Seen::AskedToWait(until) => {
                standing.breaker.asked_to_wait(*until);
                None
            }
            Seen::Gone => {
                standing.last_failure_at = Some(now);
                standing.last_error = Some("gone".to_owned());
                queries::set_standing(tx.conn(), tenant, id, &standing).await?;
                return disabled(tx, id, DisabledReason::Gone, events).await;
            }
        };
        let since = standing.breaker.failing_since;
        match news {
            None => {}
            Some(News::Recovered) => events.push(told("connector.recovered", &connector)),
            Some(News::Failing(notice)) => {
                let event = told("connector.failing", &connector)
                    .failed()
                    .with("notice", notice)
                    .with("cause", standing.last_error.clone().unwrap_or_default());
                events.push(match since {
                    Some(since) => event.with("since", since.to_rfc3339()),
                    None => event,
                });
            }
            Some(News::Disabled) => {
                queries::set_standing(tx.conn(), tenant, id, &standing).await?;
                return disabled(tx, id, DisabledReason::Failing, events).await;
            }
        }
    }
    queries::set_standing(tx.conn(), tenant, id, &standing).await?;
    Ok(events)
}

async fn disabled(
    tx: &mut WriteTx,
    id: ConnectorId,
    reason: DisabledReason,
    mut events: Vec<Event>,
) -> Result<Vec<Event>> {
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let status = Status::Disabled;
    queries::set_status(tx.conn(), tenant, id, status, Some(reason), now).await?;
    let connector = found(tx, id).await?;
    events.push(told("connector.disabled", &connector).with("cause", reason.as_str()));
    Ok(events)
}

/// A group of Telegram has another id, as Telegram has said: everything after this goes there. Nothing is done if somebody
/// has changed the connector meanwhile. The connector's version after it.
pub async fn moved(
    app: &App,
    actor: &Actor,
    id: ConnectorId,
    version: i32,
    chat_id: &str,
) -> Result<Option<i32>> {
    // The worker while it sends, and whoever looks whether it works.
    actor
        .may(Permission::ConnectorsUpkeep)
        .or_else(|_| actor.may(Permission::ConnectorsManage))?;
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let found = queries::connectors(tx.conn(), tenant, Some(id)).await?;
    let mut connector = found.into_iter().next().ok_or(Error::NotFound)?;
    let Config::TelegramBot(config) = &mut connector.config else {
        return Ok(None);
    };
    let before = std::mem::replace(&mut config.chat_id, chat_id.to_owned());
    let stored = connector.config.stored()?;
    let now = tx.now();
    if !queries::set_config(tx.conn(), tenant, id, version, &stored, now).await? {
        return Ok(None);
    }
    let event = told("connector.moved", &connector).changed("chat_id", before, chat_id);
    tx.commit(event).await?;
    Ok(Some(version + 1))
}
