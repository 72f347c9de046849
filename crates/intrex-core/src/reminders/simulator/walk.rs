//! The days to come, without a database: from instant to instant what is due then is judged, bundled and counted by the same
//! functions as when it is sent. It supposes that a worker is there, and that nobody does anything.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use super::super::{
    budget::{Budget, Bundle, Due, Inbox, bundles, hour_of, next_hour},
    judgement::{Facts, LedgerSlot, Standing, Verdict, judge},
    model::{Channel, Reason},
    wishes::{Asked, Wishes},
};
use crate::{
    connectors::ConnectorType,
    digests::{
        agenda::{Counts, Falls},
        foresight::Reader,
    },
    ids::PersonId,
    obligations::schedule::Quiet,
};

/// A reminder of the days to come.
#[derive(Debug, Clone)]
pub(super) struct Coming {
    pub(super) slot: LedgerSlot,
    pub(super) asked: Asked,
    /// When it is looked at next; none if it is sent or on its way.
    pub(super) next: Option<DateTime<Utc>>,
    pub(super) quiet: Option<Quiet>,
    pub(super) zone: Tz,
    pub(super) held: bool,
}

/// What the walk begins with.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) from: DateTime<Utc>,
    pub(super) until: DateTime<Utc>,
    pub(super) limit: i64,
    /// Messages of the present hour that were had.
    pub(super) had: HashMap<Inbox, i64>,
    pub(super) types: HashMap<Uuid, ConnectorType>,
    pub(super) facts: Facts,
    pub(super) wishes: Wishes,
    /// Who gets digests.
    pub(super) readers: Vec<Reader>,
    /// The id of each slot is its place here.
    pub(super) coming: Vec<Coming>,
}

/// Which reminder, by its place on the ground.
pub(super) type Place = usize;

/// One message that goes out.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) at: DateTime<Utc>,
    pub(super) to: Inbox,
    pub(super) parts: Vec<Place>,
    /// It is a digest, by the place of its reader, and tells of so many.
    pub(super) digest: Option<(usize, Counts)>,
}

/// What happens until the end.
#[derive(Debug, Default)]
pub(super) struct Course {
    pub(super) sent: Vec<Sent>,
    pub(super) in_app: Vec<(DateTime<Utc>, Place)>,
    pub(super) left_out: BTreeMap<&'static str, u32>,
}

/// The id of the slot at a place.
pub(super) fn id_of(place: Place) -> Uuid {
    Uuid::from_u128(u128::try_from(place).unwrap_or(u128::MAX))
}

fn place_of(id: Uuid) -> Place {
    Place::try_from(id.as_u128()).unwrap_or(Place::MAX)
}

/// Walks from the first instant to the last.
pub(super) fn walk(ground: &mut Ground) -> Course {
    let mut due: BTreeMap<DateTime<Utc>, Vec<Place>> = BTreeMap::new();
    let mut of_item: HashMap<Uuid, Vec<Place>> = HashMap::new();
    for (place, coming) in ground.coming.iter().enumerate() {
        of_item.entry(coming.slot.item).or_default().push(place);
        if let Some(next) = coming.next {
            due.entry(next.max(ground.from)).or_default().push(place);
        }
    }
    let mut digests: BTreeMap<DateTime<Utc>, Vec<(usize, Falls)>> = BTreeMap::new();
    for (place, reader) in ground.readers.iter().enumerate() {
        for falls in &reader.falls {
            let at = falls.at.max(ground.from);
            digests.entry(at).or_default().push((place, *falls));
        }
    }
    let mut course = Course::default();
    let mut budget = Budget::new(ground.limit, std::mem::take(&mut ground.had));
    let mut hour = hour_of(ground.from);
    let next = |due: &BTreeMap<_, Vec<Place>>, digests: &BTreeMap<_, _>| {
        let one = due.first_key_value().map(|(at, _)| *at);
        let other = digests.first_key_value().map(|(at, _)| *at);
        one.into_iter().chain(other).min()
    };
    while let Some(now) = next(&due, &digests) {
        if now > ground.until {
            break;
        }
        for (place, falls) in digests.remove(&now).unwrap_or_default() {
            tell_digest(ground, &mut course, now, place, falls);
        }
        let places = due.remove(&now).unwrap_or_default();
        if hour_of(now) != hour {
            hour = hour_of(now);
            budget = Budget::new(ground.limit, HashMap::new());
        }
        let waits = settle(ground, &of_item, &mut budget, now, &places, &mut course);
        for (place, until) in waits {
            due.entry(until).or_default().push(place);
        }
    }
    course
}

/// What is due at one instant; answers what has to wait until when.
fn settle(
    ground: &mut Ground,
    of_item: &HashMap<Uuid, Vec<Place>>,
    budget: &mut Budget,
    now: DateTime<Utc>,
    places: &[Place],
    course: &mut Course,
) -> Vec<(Place, DateTime<Utc>)> {
    let claimed: HashSet<Place> = places
        .iter()
        .copied()
        .filter(|place| ground.coming[*place].slot.standing == Standing::Planned)
        .collect();
    let mut items: Vec<Uuid> = claimed
        .iter()
        .map(|place| ground.coming[*place].slot.item)
        .collect();
    items.sort_unstable();
    items.dedup();
    let looked_at: Vec<LedgerSlot> = items
        .iter()
        .flat_map(|item| &of_item[item])
        .map(|place| (place, &ground.coming[*place]))
        .filter(|(_, coming)| coming.slot.planned_at <= now)
        .filter(|(_, coming)| coming.next.is_some() || coming.slot.standing == Standing::Theirs)
        .map(|(place, coming)| {
            let mut slot = coming.slot.clone();
            if claimed.contains(place) {
                slot.standing = Standing::Ours;
            }
            slot
        })
        .collect();
    ground.facts.unwished = unwished(ground, &looked_at, now);
    let mut outward = Vec::new();
    for (id, verdict) in judge(&looked_at, &ground.facts) {
        let place = place_of(id);
        let coming = &mut ground.coming[place];
        coming.next = None;
        match verdict {
            Verdict::Suppress { reason, .. } => {
                // As one that was never there.
                coming.slot.standing = Standing::Planned;
                leave_out(course, reason);
            }
            Verdict::Send if coming.slot.connector == Channel::InApp.connector() => {
                coming.slot.standing = Standing::Theirs;
                course.in_app.push((now, place));
            }
            Verdict::Send => outward.push(place),
        }
    }
    outward.sort_unstable();
    let dues: Vec<Due> = outward
        .iter()
        .map(|place| due_of(&ground.coming[*place]))
        .collect();
    let mut waits = Vec::new();
    for bundle in bundles(&dues, &ground.types) {
        let parts: Vec<Place> = bundle.parts.iter().map(|part| outward[*part]).collect();
        if budget.admits(&bundle) {
            go(ground, course, now, &bundle, parts);
        } else {
            for place in parts {
                let coming = &mut ground.coming[place];
                let at = next_hour(now);
                let until = coming
                    .quiet
                    .map_or(at, |quiet| quiet.after(at, coming.zone));
                coming.held = true;
                coming.next = Some(until);
                waits.push((place, until));
            }
        }
    }
    waits
}

fn go(
    ground: &mut Ground,
    course: &mut Course,
    now: DateTime<Utc>,
    bundle: &Bundle,
    parts: Vec<Place>,
) {
    for place in &parts {
        ground.coming[*place].slot.standing = Standing::Theirs;
    }
    course.sent.push(Sent {
        at: now,
        to: bundle.to,
        parts,
        digest: None,
    });
}

/// Whose recipients wish it otherwise, at this instant.
fn unwished(ground: &Ground, slots: &[LedgerSlot], now: DateTime<Utc>) -> HashMap<Uuid, Reason> {
    let outside = slots
        .iter()
        .filter(|slot| slot.connector != Channel::InApp.connector());
    let unwished = outside.filter_map(|slot| {
        let asked = &ground.coming[place_of(slot.id)].asked;
        let person = PersonId::from(slot.recipient?);
        Some((slot.id, ground.wishes.against(person, asked, now)?))
    });
    unwished.collect()
}

/// A digest falls; of nothing none is sent.
fn tell_digest(
    ground: &mut Ground,
    course: &mut Course,
    now: DateTime<Utc>,
    place: usize,
    falls: Falls,
) {
    let reader = &ground.readers[place];
    let (person, connector) = (reader.person, reader.connector);
    let (counts, named) = reader.tells(now);
    ground.wishes.had_digest(person, falls.on, named);
    if counts.total() == 0 {
        return;
    }
    if connector.is_none() && !ground.facts.mail {
        leave_out(course, Reason::NoMailConfigured);
        return;
    }
    let way = connector.map_or(Channel::Email.connector(), Uuid::from);
    course.sent.push(Sent {
        at: now,
        to: (way, Some(person)),
        parts: Vec::new(),
        digest: Some((place, counts)),
    });
}

fn due_of(coming: &Coming) -> Due {
    Due {
        item: coming.slot.item,
        severity: coming.asked.severity,
        threshold: coming.slot.threshold,
        at: coming.slot.planned_at,
        way: coming.slot.connector,
        recipient: coming.slot.recipient,
    }
}

fn leave_out(course: &mut Course, reason: Reason) {
    *course.left_out.entry(reason.as_str()).or_default() += 1;
}
