//! What a head office admin does to places. Due dates that were given stay as they are when a calendar changes; those that follow
//! go by the new one.

use chrono::{DateTime, Utc};

use super::{
    RawJurisdiction,
    model::{Facts, Jurisdiction, parent},
    queries,
};
use crate::{
    Actor, App,
    audit::Event,
    catalogue::keys,
    db::WriteTx,
    error::{Conflict, Error, Result},
    ids::JurisdictionId,
    packs::Place,
    permission::Permission,
};

/// Enters a place.
pub async fn create(app: &App, actor: &Actor, raw: &RawJurisdiction) -> Result<Jurisdiction> {
    actor.may(Permission::JurisdictionsWrite)?;
    let facts = raw.parse(None)?;
    let (tenant, id) = (actor.tenant(), app.new_id::<JurisdictionId>());
    let mut tx = app.db.write(actor).await?;
    if let Some(parent) = parent(&facts.code) {
        let known = queries::known(tx.conn(), tenant).await?;
        if !known.has(parent) {
            return Err(Error::invalid("code", keys::JURISDICTION_NO_PARENT));
        }
        if !known.is_larger(parent, facts.kind) {
            return Err(Error::invalid("kind", keys::JURISDICTION_KIND_OF_CODE));
        }
    }
    let now = tx.now();
    queries::insert(tx.conn(), tenant, id, &facts, None, now)
        .await
        .map_err(refused)?;
    queries::set_holidays(tx.conn(), tenant, id, &facts.holidays).await?;
    let made = found(&mut tx, id).await?;
    tx.commit_answering(vec![told("jurisdiction.created", &made)], &made)
        .await?;
    Ok(made)
}

/// Changes a place; what is left out stays. `seen` is the version that the caller has looked at, if they say.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: JurisdictionId,
    raw: &RawJurisdiction,
    seen: Option<i32>,
) -> Result<Jurisdiction> {
    actor.may(Permission::JurisdictionsWrite)?;
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    queries::lock(tx.conn(), tenant, id).await?;
    let before = found(&mut tx, id).await?;
    if seen.is_some_and(|seen| seen != before.place.version) {
        return Err(Error::Conflict(Conflict::Stale));
    }
    let facts = raw.parse(Some(&before))?;
    let now = tx.now();
    queries::update(tx.conn(), tenant, id, &facts, now).await?;
    if facts.holidays != before.holidays {
        queries::set_holidays(tx.conn(), tenant, id, &facts.holidays).await?;
    }
    let after = found(&mut tx, id).await?;
    let days = |days: &Option<Vec<String>>| days.as_ref().map(|days| days.join(", "));
    let event = told("jurisdiction.updated", &after)
        .changed("name", before.place.name, facts.name)
        .changed("weekend", days(&before.place.weekend), days(&facts.weekend))
        .changed("time_zone", before.place.time_zone, facts.time_zone)
        .changed(
            "holidays",
            holidays(&before.holidays),
            holidays(&facts.holidays),
        );
    tx.commit_answering(vec![event], &after).await?;
    Ok(after)
}

/// Removes a place that has neither parts nor branches.
pub async fn remove(app: &App, actor: &Actor, id: JurisdictionId) -> Result<()> {
    actor.may(Permission::JurisdictionsWrite)?;
    let tenant = actor.tenant();
    let mut tx = app.db.write(actor).await?;
    queries::lock(tx.conn(), tenant, id).await?;
    let place = found(&mut tx, id).await?;
    if queries::has_parts(tx.conn(), tenant, &place.place.code).await? {
        return Err(Error::conflict(keys::JURISDICTION_HAS_PARTS));
    }
    queries::delete(tx.conn(), tenant, id)
        .await
        .map_err(refused)?;
    tx.commit(told("jurisdiction.removed", &place)).await
}

/// Enters the places of a pack that are not there yet. What is there stays as it is: weekends may have been changed here.
pub(crate) async fn take_over(
    app: &App,
    tx: &mut WriteTx,
    pack: &str,
    places: &[Place],
    now: DateTime<Utc>,
) -> Result<Vec<Event>> {
    let tenant = tx.actor().tenant();
    let known = queries::known(tx.conn(), tenant).await?;
    let mut events = Vec::new();
    for place in places.iter().filter(|place| !known.has(&place.code)) {
        let id: JurisdictionId = app.new_id();
        let facts = Facts {
            code: place.code.clone(),
            name: place.name.clone(),
            kind: place.kind,
            weekend: Some(place.weekend.clone()).filter(|days| !days.is_empty()),
            time_zone: place.time_zone.clone(),
            holidays: Default::default(),
        };
        queries::insert(tx.conn(), tenant, id, &facts, Some(pack), now).await?;
        events.push(told("jurisdiction.created", &found(tx, id).await?).with("pack", pack));
    }
    Ok(events)
}

async fn found(tx: &mut WriteTx, id: JurisdictionId) -> Result<Jurisdiction> {
    let tenant = tx.actor().tenant();
    queries::find(tx.conn(), tenant, id)
        .await?
        .ok_or(Error::NotFound)
}

fn told(action: &'static str, place: &Jurisdiction) -> Event {
    Event::new("jurisdiction", action)
        .on("jurisdiction", place.place.id)
        .with("code", place.place.code.as_str())
        .summary(place.place.name.as_str())
}

/// How many there are and the digest of which: a calendar of fifty years does not fit an event's field.
fn holidays(days: &std::collections::BTreeMap<chrono::NaiveDate, String>) -> String {
    use sha2::{Digest as _, Sha256};
    let mut all = Sha256::new();
    for (day, name) in days {
        all.update(format!("{day}: {name}\n"));
    }
    format!("{} ({})", days.len(), hex::encode(&all.finalize()[..8]))
}

fn refused(error: sqlx::Error) -> Error {
    match Error::constraint(&error) {
        Some("jurisdictions_code") => Error::invalid("code", keys::ERROR_FIELD_TAKEN),
        Some("branches_jurisdiction") => Error::conflict(keys::JURISDICTION_HAS_BRANCHES),
        _ => error.into(),
    }
}
