//! What happens is told by the routes that are for it, in the transaction in which it happens: the log's events at the one
//! place where they are written, so that nothing that a person, an import or the worker does is forgotten, and security events
//! where their admins are told. Without a route for it, it costs one statement. `docs/decisions/0029-events-follow-routes.md`.
//!
//! `facts` what is said of it · `ways` to whom, by which way and as how many messages

mod facts;
mod ways;

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{
    active::{Routes, routes},
    model::{Happening, Recipients, Route},
};
use crate::{
    audit::Event,
    channels::{EventType, Notice},
    connectors,
    db::WriteTx,
    deliveries,
    error::Result,
    ids::{ConnectorId, PersonId, SecurityEventId},
    obligations::model::Severity,
    preferences,
    reminders::{self, Directory, Named},
};

/// Deliveries that one statement stages.
const STAGED_AT_ONCE: usize = 500;
/// The branch of what happens to the whole organisation: one at which nobody works, so that head office alone is told.
const NOWHERE: Uuid = Uuid::nil();

/// An event of the log that routes may be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recorded {
    event_type: EventType,
    /// What it is about.
    entity: Uuid,
    /// Its place among those that are written together.
    place: usize,
}

/// Something that somebody should look at, and of which somebody is told.
#[derive(Debug, Clone)]
pub(crate) struct Noted {
    /// The security event.
    pub(crate) id: SecurityEventId,
    /// What has happened, in words that name nobody.
    pub(crate) title: String,
    /// How bad it may be.
    pub(crate) severity: Severity,
    /// What is told to people once an hour, however often it happens.
    pub(crate) code: String,
    /// Who knows it already.
    pub(crate) known_to: Option<PersonId>,
}

/// Something that has happened, with everything that a route and a message ask of it.
#[derive(Debug)]
struct Happened {
    what: Happening,
    notice: Notice,
    named: Named,
    zone: chrono_tz::Tz,
    /// Who knows it, because they have done it.
    known_to: Option<PersonId>,
    /// By which way it must not go.
    barred: Option<Barred>,
    /// People are told once of all that has the same word here; programs of each.
    folds: Option<String>,
}

/// A way that has just failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Barred {
    /// None is the installation's own mail.
    connector: Option<ConnectorId>,
    /// The one person whom it did not reach, where it may reach others.
    only_to: Option<PersonId>,
}

/// Those of some events that routes may be for. What tells of a message that was given up is not told of when it is given up
/// itself: it would go on for ever.
pub(crate) fn recorded(events: &[Event]) -> Vec<Recorded> {
    let followed = events.iter().enumerate().filter_map(|(place, event)| {
        let event_type = EventType::parse(event.action()).filter(|one| one.is_of_the_log())?;
        let tells = event.machine_word("type").and_then(EventType::parse);
        if event_type == EventType::DeliveryDead && tells == Some(EventType::DeliveryDead) {
            return None;
        }
        Some(Recorded {
            event_type,
            entity: event.entity_id()?,
            place,
        })
    });
    followed.collect()
}

/// Stages what the organisation's routes say of events of the log, whose ids are these by their places.
pub(crate) async fn follow(tx: &mut WriteTx, recorded: &[Recorded], ids: &[Uuid]) -> Result<()> {
    if recorded.is_empty() {
        return Ok(());
    }
    let types: BTreeSet<_> = recorded.iter().map(|one| one.event_type).collect();
    let routes = routes_for(tx, &types).await?;
    let told = |one: &Recorded| {
        let mut routes = routes.iter();
        routes.any(|route| route.event_types.contains(&one.event_type))
    };
    let recorded: Vec<Recorded> = recorded.iter().copied().filter(told).collect();
    if recorded.is_empty() {
        return Ok(());
    }
    let happened = facts::of(tx, &recorded, ids).await?;
    tell(tx, &routes, &happened).await
}

/// Stages what the organisation's routes say of security events.
pub(crate) async fn follow_security(tx: &mut WriteTx, noted: &[Noted]) -> Result<()> {
    if noted.is_empty() {
        return Ok(());
    }
    let routes = routes_for(tx, &BTreeSet::from([EventType::SecurityEvent])).await?;
    if routes.is_empty() {
        return Ok(());
    }
    let happened = facts::of_security(tx, noted).await?;
    tell(tx, &routes, &happened).await
}

/// The routes in use that are for one of these.
async fn routes_for(tx: &mut WriteTx, types: &BTreeSet<EventType>) -> Result<Vec<Route>> {
    let tenant = tx.actor().tenant();
    let mut routes = routes(tx.conn(), tenant).await?.active;
    routes.retain(|route| route.event_types.iter().any(|one| types.contains(one)));
    Ok(routes)
}

async fn tell(tx: &mut WriteTx, routes: &[Route], happened: &[Happened]) -> Result<()> {
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let matching: Vec<&Happened> = happened
        .iter()
        .filter(|one| routes.iter().any(|route| route.matches(&one.what)))
        .collect();
    if matching.is_empty() {
        return Ok(());
    }
    let to_people = |route: &Route| route.recipient != Recipients::Endpoint;
    let directory = if routes.iter().any(to_people) {
        let named: Vec<Named> = matching.iter().map(|one| one.named).collect();
        let routes = Routes {
            own: true,
            active: routes.to_vec(),
        };
        reminders::queries::directory_by(tx.conn(), tenant, routes, &named).await?
    } else {
        Directory::default()
    };
    let mut ways: Vec<_> = matching
        .iter()
        .flat_map(|one| ways::of(one, routes, &directory, now))
        .collect();
    let people: Vec<Uuid> = ways
        .iter()
        .filter_map(|way| way.recipient.map(PersonId::uuid))
        .collect();
    if !people.is_empty() {
        let opt_outs = preferences::reads::opt_outs(tx.conn(), tenant, &people).await?;
        ways.retain(|way| !way.is_opted_out(&opt_outs));
    }
    let connectors: Vec<Uuid> = ways
        .iter()
        .filter_map(|way| way.connector.map(ConnectorId::uuid))
        .collect();
    let types = connectors::types(tx.conn(), tenant, &connectors).await?;
    for staged in ways::messages(&ways, &types, now).chunks(STAGED_AT_ONCE) {
        deliveries::stage_all(tx, staged).await?;
    }
    Ok(())
}
