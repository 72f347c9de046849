//! To whom, by which way, and as how many messages. Pure.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Barred, Happened};
use crate::{
    connectors::ConnectorType,
    deliveries::{MAX_NOTICES, Staged},
    ids::{ConnectorId, PersonId, RouteId},
    obligations::model::Severity,
    preferences::OptOuts,
    reminders::Directory,
    routes::model::Route,
};

/// Separates these digests from every other use of SHA-256. A changed layout needs a new name.
const FINGERPRINT_DOMAIN: &[u8] = b"intrex delivery of events v1";

/// One way by which something is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way<'a> {
    pub(super) one: &'a Happened,
    pub(super) route: RouteId,
    /// None is the installation's own mail.
    pub(super) connector: Option<ConnectorId>,
    /// Nobody where the connector itself names who gets it.
    pub(super) recipient: Option<PersonId>,
    /// The end of the route's quiet hours, or now.
    pub(super) not_before: DateTime<Utc>,
}

impl Way<'_> {
    /// Whether its recipient would rather not hear of it. What has no severity can be opted out of like what is mild.
    pub(super) fn is_opted_out(&self, opt_outs: &OptOuts) -> bool {
        let severity = self.one.what.severity.unwrap_or(Severity::Low);
        self.recipient
            .is_some_and(|person| opt_outs.has(person, self.one.what.event_type, severity))
    }
}

impl Barred {
    fn bars(self, connector: Option<ConnectorId>, recipient: Option<PersonId>) -> bool {
        let to_them = self.only_to.is_none() || self.only_to == recipient;
        self.connector == connector && to_them
    }
}

/// By which ways it is told: all routes that match, each recipient once over each connector, by the route that speaks first.
/// Who knows it is not told, even if nobody else is.
pub(super) fn of<'a>(
    one: &'a Happened,
    routes: &[Route],
    directory: &Directory,
    now: DateTime<Utc>,
) -> Vec<Way<'a>> {
    let matching = routes.iter().filter(|route| route.matches(&one.what));
    let mut ways: Vec<Way> = matching
        .flat_map(|route| {
            let told = directory.chosen(route.recipient, route, &one.named);
            told.into_iter().map(|recipient| Way {
                one,
                route: route.id,
                connector: route.connector_id,
                recipient: recipient.map(PersonId::from),
                not_before: route.quiet.map_or(now, |quiet| quiet.after(now, one.zone)),
            })
        })
        .filter(|way| way.recipient.is_none() || way.recipient != one.known_to)
        .filter(|way| {
            let barred = one.barred;
            !barred.is_some_and(|barred| barred.bars(way.connector, way.recipient))
        })
        .collect();
    ways.sort_by_key(|way| way.not_before);
    let mut reached = HashSet::new();
    ways.retain(|way| reached.insert((way.connector, way.recipient)));
    ways
}

/// How much one message over a way can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// Programs are told each thing by itself, however much it is.
    One,
    /// A template is about one thing, and read by people.
    OneForPeople,
    /// A letter names several.
    Many,
}

fn holds(connector: Option<ConnectorId>, types: &HashMap<Uuid, ConnectorType>) -> Holds {
    match connector.and_then(|id| types.get(&id.uuid())) {
        Some(ConnectorType::Webhook) => Holds::One,
        Some(ConnectorType::WhatsappBusiness) => Holds::OneForPeople,
        Some(ConnectorType::EmailSmtp | ConnectorType::TelegramBot) | None => Holds::Many,
    }
}

/// The messages: what goes to one recipient over one way at once is one, where a message can hold more than one thing. Of what
/// folds, people get the first message alone.
pub(super) fn messages(
    ways: &[Way],
    types: &HashMap<Uuid, ConnectorType>,
    now: DateTime<Utc>,
) -> Vec<Staged> {
    let mut groups: BTreeMap<_, Vec<&Way>> = BTreeMap::new();
    for way in ways {
        let what = &way.one.what;
        let folds = match holds(way.connector, types) {
            Holds::One => None,
            Holds::OneForPeople | Holds::Many => way.one.folds.as_deref(),
        };
        let to = (way.connector, way.route, way.recipient, way.not_before);
        // Whoever works at one branch sees no message that is about two.
        let about = (what.branch, what.event_type, folds);
        groups.entry((to, about)).or_default().push(way);
    }
    let mut staged = Vec::new();
    for (((connector, ..), (.., folds)), group) in groups {
        let size = match holds(connector, types) {
            Holds::One | Holds::OneForPeople => 1,
            Holds::Many => MAX_NOTICES,
        };
        let messages = match folds {
            Some(_) => 1,
            None => usize::MAX,
        };
        let chunks = group.chunks(size).take(messages);
        staged.extend(chunks.filter_map(|ways| message(ways, folds, now)));
    }
    staged
}

fn message(ways: &[&Way], folds: Option<&str>, now: DateTime<Utc>) -> Option<Staged> {
    let first = ways.first()?;
    let what = &first.one.what;
    let mut digest = Sha256::new_with_prefix(FINGERPRINT_DOMAIN);
    let connector = first.connector.map_or(Uuid::nil(), ConnectorId::uuid);
    let recipient = first.recipient.map_or(Uuid::nil(), PersonId::uuid);
    for id in [first.route.uuid(), connector, recipient] {
        digest.update(id.as_bytes());
    }
    match folds {
        Some(word) => digest.update([b"folds ", word.as_bytes()].concat()),
        None => ways
            .iter()
            .for_each(|way| digest.update(way.one.notice.id.as_bytes())),
    }
    Some(Staged {
        route: Some(first.route),
        connector: first.connector,
        recipient: first.recipient,
        branch: what.branch,
        event_type: what.event_type,
        severity: ways.iter().filter_map(|way| way.one.what.severity).max(),
        notices: ways.iter().map(|way| way.one.notice.clone()).collect(),
        not_before: first.not_before.max(now),
        fingerprint: digest.finalize().into(),
        slots: Vec::new(),
    })
}

#[cfg(test)]
#[path = "ways_tests.rs"]
mod tests;
