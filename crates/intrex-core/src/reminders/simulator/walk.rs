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
};
use crate::{
    connectors::ConnectorType,
    obligations::{model::Severity, schedule::Quiet},
};

/// A reminder of the days to come.
#[derive(Debug, Clone)]
pub(super) struct Coming {
    pub(super) slot: LedgerSlot,
    pub(super) severity: Severity,
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
    let mut course = Course::default();
    let mut budget = Budget::new(ground.limit, std::mem::take(&mut ground.had));
    let mut hour = hour_of(ground.from);
    while let Some((now, places)) = due.pop_first() {
        if now > ground.until {
            break;
        }
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
    });
}

fn due_of(coming: &Coming) -> Due {
    Due {
        item: coming.slot.item,
        severity: coming.severity,
        threshold: coming.slot.threshold,
        at: coming.slot.planned_at,
        way: coming.slot.connector,
        recipient: coming.slot.recipient,
    }
}

fn leave_out(course: &mut Course, reason: Reason) {
    *course.left_out.entry(reason.as_str()).or_default() += 1;
}
