//! What head office admins, and the operator of the installation, do about security events.

use super::{
    input::RawThresholds,
    model::{SecurityEvent, Thresholds},
    queries,
};
use crate::{
    Actor, App,
    audit::Event,
    error::{Conflict, Error, Result},
    ids::SecurityEventId,
    permission::Permission,
};

/// Says that somebody has looked at it. Saying it again changes nothing. It is open again when the same is seen once more; what
/// is seen after its hour is a new event. A token cannot: whoever has stolen one would hide what was noticed of them.
pub async fn acknowledge(app: &App, actor: &Actor, id: SecurityEventId) -> Result<SecurityEvent> {
    actor.may(Permission::SecurityWrite)?;
    if actor.is_token() {
        return Err(Error::SessionNeeded);
    }
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let now = tx.now();
    let was_open = queries::acknowledge(tx.conn(), tenant, id, actor.person_id(), now).await?;
    let mut event = queries::find(tx.conn(), tenant, id)
        .await?
        .ok_or(Error::NotFound)?;
    event.address = app.shown_address(&event.address);
    if was_open {
        let mut told = Event::new("security", "security_event.acknowledged")
            .on("security_event", id)
            .with("code", event.code.as_str())
            .with("count", event.count);
        if let Some(person) = event.person_id {
            told = told.about(person);
        }
        tx.commit_answering(vec![told], &event).await?;
    }
    Ok(event)
}

/// Changes from when on the rules speak. Needs a fresh second factor: whoever raises them goes unnoticed. `seen` is the
/// version that the caller has looked at, if they say.
pub async fn set_thresholds(
    app: &App,
    actor: &Actor,
    raw: &RawThresholds,
    seen: Option<i32>,
) -> Result<Thresholds> {
    actor.may(Permission::SecurityWrite)?;
    actor.must_be_fresh(app.now())?;
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    let before = queries::thresholds(tx.conn(), tenant)
        .await?
        .unwrap_or_default();
    if seen.is_some_and(|seen| seen != before.version) {
        return Err(Error::Conflict(Conflict::Stale));
    }
    let after = raw.parse(&before)?;
    let now = tx.now();
    if !queries::set_thresholds(tx.conn(), tenant, &after, now).await? {
        return Err(Error::Conflict(Conflict::Stale));
    }
    let after = Thresholds {
        version: before.version + 1,
        ..after
    };
    let mut event = Event::new("security", "security_thresholds.updated").on("tenant", tenant);
    for ((name, before), after) in Thresholds::names().zip(before.values()).zip(after.values()) {
        event = event.changed(name, before, after);
    }
    tx.commit_answering(vec![event], &after).await?;
    Ok(after)
}
