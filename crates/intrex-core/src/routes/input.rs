//! What is typed about routes: one raw struct for forms and programs, and the rules that need no database. Everything that is
//! wrong is told at once.

use chrono::{DateTime, NaiveTime, Utc, Weekday};
use serde::{
    Deserialize,
    de::{self, Deserializer},
};
use utoipa::ToSchema;

use super::model::{MAX_ESCALATE_HOURS, MAX_NAME, Recipients, Route};
use crate::{
    catalogue::{Key, Text, keys},
    channels::EventType,
    error::{self, FieldErrors},
    ids::{BranchId, ConnectorId, PersonId, RouteId},
    obligations::{
        model::Severity,
        schedule::{Quiet, Weekdays, day_word},
    },
    raw::Raw,
};

/// Days that can be named.
const DAYS_OF_A_WEEK: usize = 7;

/// What is typed to make or to change a route. A change leaves out what stays, and empties with null.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RawRoute {
    /// What the organisation calls it. Required.
    #[serde(default)]
    #[schema(value_type = String, max_length = 100)]
    pub name: Raw,
    /// What it is for, such as `obligation.overdue`. Required.
    #[serde(default)]
    #[schema(value_type = Vec<EventType>)]
    pub event_types: Raw,
    /// What is less severe is not told: `low` if it is left out.
    #[serde(default)]
    #[schema(value_type = Option<Severity>)]
    pub min_severity: Raw,
    /// The one branch that it is for; all without it.
    #[serde(default)]
    #[schema(value_type = Option<BranchId>)]
    pub branch_id: Raw,
    /// The way; the installation's own mail without it.
    #[serde(default)]
    #[schema(value_type = Option<ConnectorId>)]
    pub connector_id: Raw,
    /// Who is told. Required. Mail goes to people, anything else to whom the connector itself names: `endpoint`.
    #[serde(default)]
    #[schema(value_type = Recipients)]
    pub recipient: Raw,
    /// Whom, if `recipient` is `person`.
    #[serde(default)]
    #[schema(value_type = Option<PersonId>)]
    pub person_id: Raw,
    /// When nobody is disturbed.
    #[serde(default)]
    pub quiet: RawQuiet,
    /// After how many hours without an answer others are told, for reminders: 1 to 720.
    #[serde(default)]
    #[schema(value_type = Option<u16>, minimum = 1, maximum = 720)]
    pub escalate_after_hours: Raw,
    /// Those others: `branch_managers` or `head_office`.
    #[serde(default)]
    #[schema(value_type = Option<Recipients>)]
    pub escalate_to: Raw,
    /// Whether it is used; it is if this is left out.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    pub active: Raw,
}

/// Quiet hours as they are typed; null, or nothing in any of the fields, for none.
#[derive(Debug, Clone, Default, ToSchema)]
pub struct RawQuiet {
    /// Whether anything was sent: a change leaves out what stays.
    #[schema(ignore)]
    given: bool,
    /// When they begin, such as `22:00`.
    #[schema(value_type = Option<String>)]
    pub from: Raw,
    /// When they end, such as `07:00`: the next day, if that is not later.
    #[schema(value_type = Option<String>)]
    pub to: Raw,
    /// The days on which they begin, `mon` to `sun`; every day if they are left out.
    #[schema(value_type = Option<Vec<String>>)]
    pub days: Raw,
}

impl RawQuiet {
    const FIELDS: &'static [&'static str] = &["from", "to", "days"];

    /// The field of this name.
    pub fn field_mut(&mut self, name: &str) -> Option<&mut Raw> {
        self.given = true;
        match name {
            "from" => Some(&mut self.from),
            "to" => Some(&mut self.to),
            "days" => Some(&mut self.days),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for RawQuiet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Option::<serde_json::Map<_, _>>::deserialize(deserializer)?;
        let mut quiet = RawQuiet {
            given: true,
            ..RawQuiet::default()
        };
        for (name, value) in members.unwrap_or_default() {
            match quiet.field_mut(&name) {
                Some(field) => *field = Raw::from(value),
                None => return Err(de::Error::unknown_field(&name, RawQuiet::FIELDS)),
            }
        }
        Ok(quiet)
    }
}

/// What a route is to be, checked but for what it refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) name: String,
    pub(super) event_types: Vec<EventType>,
    pub(super) min_severity: Severity,
    pub(super) branch_id: Option<BranchId>,
    pub(super) connector_id: Option<ConnectorId>,
    pub(super) recipient: Recipients,
    pub(super) person_id: Option<PersonId>,
    pub(super) quiet: Option<Quiet>,
    pub(super) escalate_after_hours: Option<u16>,
    pub(super) escalate_to: Option<Recipients>,
    pub(super) active: bool,
}

impl Facts {
    /// The route that has them.
    pub(super) fn into_route(self, id: RouteId, now: DateTime<Utc>) -> Route {
        Route {
            id,
            name: self.name,
            event_types: self.event_types,
            min_severity: self.min_severity,
            branch_id: self.branch_id,
            connector_id: self.connector_id,
            recipient: self.recipient,
            person_id: self.person_id,
            quiet: self.quiet,
            escalate_after_hours: self.escalate_after_hours,
            escalate_to: self.escalate_to,
            active: self.active,
            created_at: now,
            updated_at: now,
            version: 0,
        }
    }

    /// What a route is.
    pub(super) fn of(route: &Route) -> Self {
        Facts {
            name: route.name.clone(),
            event_types: route.event_types.clone(),
            min_severity: route.min_severity,
            branch_id: route.branch_id,
            connector_id: route.connector_id,
            recipient: route.recipient,
            person_id: route.person_id,
            quiet: route.quiet,
            escalate_after_hours: route.escalate_after_hours,
            escalate_to: route.escalate_to,
            active: route.active,
        }
    }
}

impl RawRoute {
    /// Checks every field; of a change, what is left out is as it was. What is wrong so far goes on to be joined by what is
    /// wrong with whom it refers to.
    pub(super) fn parse(&self, before: Option<&Facts>) -> (Option<Facts>, FieldErrors) {
        let mut errors = FieldErrors::new();
        let facts = self.facts(before, &mut errors);
        if let Some(facts) = &facts {
            together(facts, &mut errors);
        }
        (facts, errors)
    }

    fn facts(&self, before: Option<&Facts>, e: &mut FieldErrors) -> Option<Facts> {
        let name = match before.filter(|_| !self.name.is_given()) {
            Some(before) => Some(before.name.clone()),
            None => self.name.name(e, "name", MAX_NAME),
        };
        let event_types = match before.filter(|_| !self.event_types.is_given()) {
            Some(before) => Some(before.event_types.clone()),
            None => event_types(&self.event_types, e),
        };
        let min_severity = match before.filter(|_| !self.min_severity.is_given()) {
            Some(before) => Some(before.min_severity),
            None => {
                let choices = joined(Severity::ALL.map(Severity::as_str));
                let read = Severity::parse;
                let typed = self.min_severity.one_of(e, "min_severity", &choices, read);
                typed.map(|severity| severity.unwrap_or(Severity::Low))
            }
        };
        let recipient = match before.filter(|_| !self.recipient.is_given()) {
            Some(before) => Some(before.recipient),
            None => {
                let choices = joined(Recipients::ALL.iter().map(|one| one.as_str()));
                let read = Recipients::parse;
                let typed = self.recipient.one_of(e, "recipient", &choices, read);
                if typed == Some(None) {
                    e.add("recipient", keys::ERROR_FIELD_REQUIRED);
                }
                typed.flatten()
            }
        };
        let branch_id = id(&self.branch_id, "branch_id", before.map(|b| b.branch_id), e);
        let connector = before.map(|b| b.connector_id);
        let connector_id = id(&self.connector_id, "connector_id", connector, e);
        let person_id = id(&self.person_id, "person_id", before.map(|b| b.person_id), e);
        // Whoever names other recipients does not have to say that it is that person no more.
        let person_id = person_id.map(|person| {
            let kept = self.person_id.is_given() || recipient == Some(Recipients::Person);
            person.filter(|_| kept)
        });
        let quiet = match before.filter(|_| !self.quiet.given) {
            Some(before) => Some(before.quiet),
            None => quiet(&self.quiet, e),
        };
        let hours = match before.filter(|_| !self.escalate_after_hours.is_given()) {
            Some(before) => Some(before.escalate_after_hours),
            None => {
                let (field, most) = ("escalate_after_hours", i64::from(MAX_ESCALATE_HOURS));
                let typed = self.escalate_after_hours.number(e, field, 1, most);
                typed.map(|hours| hours.and_then(|hours| u16::try_from(hours).ok()))
            }
        };
        let escalate_to = match before.filter(|_| !self.escalate_to.is_given()) {
            Some(before) => Some(before.escalate_to),
            None => {
                let choices = joined(Recipients::WIDER.map(Recipients::as_str));
                let read =
                    |word: &str| Recipients::parse(word).filter(|r| Recipients::WIDER.contains(r));
                self.escalate_to.one_of(e, "escalate_to", &choices, read)
            }
        };
        let active = match self.active.shown().trim() {
            "" => Some(before.is_none_or(|before| before.active)),
            "true" | "yes" => Some(true),
            "false" | "no" => Some(false),
            _ => {
                let text = Text::new(keys::ERROR_FIELD_NOT_ONE_OF);
                e.add("active", text.with("choices", "true, false"));
                None
            }
        };
        Some(Facts {
            name: name?,
            event_types: event_types?,
            min_severity: min_severity?,
            branch_id: branch_id?,
            connector_id: connector_id?,
            recipient: recipient?,
            person_id: person_id?,
            quiet: quiet?,
            escalate_after_hours: hours?,
            escalate_to: escalate_to?,
            active: active?,
        })
    }
}

/// What has to fit together.
fn together(facts: &Facts, errors: &mut FieldErrors) {
    match (facts.recipient, facts.person_id) {
        (Recipients::Person, None) => errors.add("person_id", keys::ERROR_FIELD_REQUIRED),
        (recipient, Some(_)) if recipient != Recipients::Person => {
            errors.add("person_id", keys::ROUTE_PERSON_OF_ANOTHER_RECIPIENT);
        }
        _ => {}
    }
    if facts.recipient == Recipients::Endpoint && facts.event_types.contains(&EventType::Digest) {
        errors.add("event_types", keys::ROUTE_DIGEST_TO_NOBODY);
    }
    match (facts.escalate_after_hours, facts.escalate_to) {
        (Some(_), None) => errors.add("escalate_to", keys::ERROR_FIELD_REQUIRED),
        (None, Some(_)) => errors.add("escalate_after_hours", keys::ERROR_FIELD_REQUIRED),
        _ => {}
    }
    if facts.escalate_to.is_some() {
        if facts.recipient == Recipients::Endpoint {
            errors.add("escalate_to", keys::ROUTE_ENDPOINT_ESCALATES_TO_NOBODY);
        } else if !facts.event_types.iter().any(|one| one.is_reminder()) {
            errors.add("escalate_to", keys::ROUTE_ESCALATES_REMINDERS_ALONE);
        }
    }
}

fn event_types(raw: &Raw, errors: &mut FieldErrors) -> Option<Vec<EventType>> {
    const FIELD: &str = "event_types";
    let named = raw.list(errors, FIELD, EventType::ALL.len())?;
    if named.is_empty() {
        errors.add(FIELD, keys::ERROR_FIELD_REQUIRED);
        return None;
    }
    let routed: Vec<EventType> = EventType::routed().collect();
    let known = |name: &String| routed.iter().any(|one| one.as_str() == name);
    if !named.iter().all(known) {
        let choices = joined(routed.iter().map(|one| one.as_str()));
        let text = Text::new(keys::ERROR_FIELD_NOT_ONE_OF);
        errors.add(FIELD, text.with("choices", choices));
        return None;
    }
    // Each once, in the one order of events.
    let chosen = routed
        .into_iter()
        .filter(|one| named.iter().any(|name| name == one.as_str()));
    Some(chosen.collect())
}

fn id<T: From<uuid::Uuid>>(
    raw: &Raw,
    field: &str,
    before: Option<Option<T>>,
    errors: &mut FieldErrors,
) -> Option<Option<T>> {
    match before.filter(|_| !raw.is_given()) {
        Some(before) => Some(before),
        None => raw.id(errors, field),
    }
}

fn quiet(raw: &RawQuiet, errors: &mut FieldErrors) -> Option<Option<Quiet>> {
    let blank = |raw: &Raw| raw.shown().trim().is_empty();
    if blank(&raw.from) && blank(&raw.to) && blank(&raw.days) {
        return Some(None);
    }
    let from = time(&raw.from, "quiet.from", errors);
    let to = time(&raw.to, "quiet.to", errors);
    let days = days(&raw.days, errors);
    let quiet = Quiet {
        from: from?,
        to: to?,
        days: days?,
    };
    if !quiet.leaves_time() {
        errors.add("quiet.to", keys::ROUTE_QUIET_LEAVES_NO_TIME);
        return None;
    }
    Some(Some(quiet))
}

fn time(raw: &Raw, field: &str, errors: &mut FieldErrors) -> Option<NaiveTime> {
    let checked = raw.words().and_then(|words| {
        let words = words.ok_or(Text::new(keys::ERROR_FIELD_REQUIRED))?;
        let words = words.trim();
        let time = NaiveTime::parse_from_str(words, "%H:%M").ok();
        let time = time.filter(|_| words.len() == "00:00".len());
        time.ok_or(Text::new(keys::ROUTE_NOT_A_TIME))
    });
    errors.take(field, checked)
}

fn days(raw: &Raw, errors: &mut FieldErrors) -> Option<Weekdays> {
    const FIELD: &str = "quiet.days";
    let named = raw.list(errors, FIELD, DAYS_OF_A_WEEK)?;
    if named.is_empty() {
        return Some(Weekdays::ALL);
    }
    let of_name = |name: &String| Weekdays::ALL.iter().find(|day| day_word(*day) == name);
    let days: Option<Vec<Weekday>> = named.iter().map(of_name).collect();
    let days = days.and_then(Weekdays::of);
    if days.is_none() {
        let text = Text::new(keys::ERROR_FIELD_NOT_ONE_OF);
        errors.add(
            FIELD,
            text.with("choices", joined(Weekdays::ALL.iter().map(day_word))),
        );
    }
    days
}

/// Whom the way to somebody leads to: people, or whom the connector names.
pub(super) fn fits_way(
    recipient: Recipients,
    leads_to_people: bool,
) -> std::result::Result<(), Key> {
    match (recipient, leads_to_people) {
        (Recipients::Endpoint, true) => Err(keys::ROUTE_MAIL_GOES_TO_PEOPLE),
        (Recipients::Endpoint, false) | (_, true) => Ok(()),
        (_, false) => Err(keys::ROUTE_CONNECTOR_NAMES_WHOM),
    }
}

fn joined<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().collect::<Vec<_>>().join(", ")
}

/// The facts, or all that is wrong.
pub(super) fn finished(facts: Option<Facts>, errors: FieldErrors) -> error::Result<Facts> {
    match facts {
        Some(facts) if errors.is_empty() => Ok(facts),
        _ => Err(errors.into()),
    }
}

#[cfg(test)]
#[path = "input_tests.rs"]
mod tests;
