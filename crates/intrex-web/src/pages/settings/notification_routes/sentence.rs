//! A route in words: what, how severe, where, to whom, by which way, and when not.

use std::collections::HashMap;

use intrex_core::{
    branches,
    catalogue::{Key, Text, keys},
    channels::EventType,
    connectors,
    db::ReadTx,
    obligations::{
        model::Severity,
        schedule::{Quiet, Weekdays},
    },
    people,
    routes::{Recipients, Route},
};
use uuid::Uuid;

use crate::{answer::Fault, words::Words};

/// What branches, connectors and people are called.
pub(super) struct Names {
    pub(super) branches: Vec<(Uuid, String)>,
    pub(super) connectors: Vec<(Uuid, String)>,
    pub(super) people: Vec<(Uuid, String)>,
    by_id: HashMap<Uuid, String>,
}

impl Names {
    pub(super) async fn read(tx: &mut ReadTx) -> Result<Self, Fault> {
        let branches = branches::reads::all(tx).await?.into_iter();
        let branches: Vec<_> = branches.map(|one| (one.id.uuid(), one.name)).collect();
        let connectors = connectors::reads::list(tx).await?.into_iter();
        let connectors: Vec<_> = connectors.map(|one| (one.id.uuid(), one.name)).collect();
        let people = people::reads::names(tx).await?.into_iter();
        let people: Vec<_> = people.map(|one| (one.id.uuid(), one.name)).collect();
        let all = branches.iter().chain(&connectors).chain(&people);
        Ok(Names {
            by_id: all.cloned().collect(),
            branches,
            connectors,
            people,
        })
    }

    /// What something is called; words for what is not here any more.
    fn of(&self, id: impl Into<Uuid>, words: Words) -> String {
        let name = self.by_id.get(&id.into()).cloned();
        name.unwrap_or_else(|| words.t(keys::ROUTE_NOT_THERE))
    }
}

/// `Overdue, high and above, all branches → responsible people by Head office mail, not 22:00–07:00`.
pub(super) fn sentence(route: &Route, names: &Names, words: Words) -> String {
    let events: Vec<String> = route.event_types.iter().map(|e| event(*e, words)).collect();
    let place = match route.branch_id {
        None => words.t(keys::ROUTE_ALL_BRANCHES),
        Some(branch) => names.of(branch, words),
    };
    let way = match route.connector_id {
        None => words.t(keys::ROUTE_OWN_MAIL),
        Some(connector) => names.of(connector, words),
    };
    let who = match (route.recipient, route.person_id) {
        (Recipients::Person, Some(person)) => names.of(person, words),
        (recipient, _) => who(recipient, words),
    };
    let sentence = Text::new(keys::ROUTE_SENTENCE)
        .with("events", events.join(", "))
        .with("severity", at_least(route.min_severity, words))
        .with("branches", place)
        .with("who", who)
        .with("way", way);
    let mut parts = vec![words.say(&sentence)];
    parts.extend(route.quiet.map(|quiet| quiet_hours(quiet, words)));
    if let (Some(hours), Some(to)) = (route.escalate_after_hours, route.escalate_to) {
        let text = Text::new(keys::ROUTE_SENTENCE_ESCALATION)
            .with("hours", i64::from(hours))
            .with("who", self::who(to, words));
        parts.push(words.say(&text));
    }
    parts.join(", ")
}

fn quiet_hours(quiet: Quiet, words: Words) -> String {
    let clock = |time: chrono::NaiveTime| time.format("%H:%M").to_string();
    let text = |key| {
        Text::new(key)
            .with("from", clock(quiet.from))
            .with("to", clock(quiet.to))
    };
    if quiet.days == Weekdays::ALL {
        return words.say(&text(keys::ROUTE_SENTENCE_QUIET));
    }
    let days: Vec<String> = quiet.days.iter().map(|day| weekday(day, words)).collect();
    words.say(&text(keys::ROUTE_SENTENCE_QUIET_DAYS).with("days", days.join(", ")))
}

/// A day of the week in words.
pub(super) fn weekday(day: chrono::Weekday, words: Words) -> String {
    words.named("weekday", &day.number_from_monday().to_string())
}

/// An event in words.
pub(in crate::pages::settings) fn event(event: EventType, words: Words) -> String {
    words.named("event", &event.as_str().replace('.', "-"))
}

/// Who is told, in words.
pub(super) fn who(recipient: Recipients, words: Words) -> String {
    let key: Key = match recipient {
        Recipients::Responsible => keys::ROUTE_TO_RESPONSIBLE,
        Recipients::BranchManagers => keys::ROUTE_TO_BRANCH_MANAGERS,
        Recipients::HeadOffice => keys::ROUTE_TO_HEAD_OFFICE,
        Recipients::Person => keys::ROUTE_TO_PERSON,
        Recipients::Endpoint => keys::ROUTE_TO_ENDPOINT,
    };
    words.t(key)
}

/// `high and above`.
pub(super) fn at_least(severity: Severity, words: Words) -> String {
    match severity {
        Severity::Low => words.t(keys::ROUTE_ANY_SEVERITY),
        Severity::Critical => words.named("severity", severity.as_str()),
        _ => {
            let name = words.named("severity", severity.as_str());
            words.say(&Text::new(keys::ROUTE_SEVERITY_AND_ABOVE).with("severity", name))
        }
    }
}
