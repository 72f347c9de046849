//! What an answer is: to the plan, and to people and programs.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    ids::{AcknowledgementId, ObligationId, PersonId},
    obligations::schedule::{ItemFacts, Threshold, civil_today},
};

/// The longest note, in characters.
pub(super) const MAX_NOTE: usize = 500;
/// Messages that are answered at once.
pub const MAX_SELECTED: usize = 200;
/// The longest that an item is put off.
pub(super) const LONGEST_SNOOZE: TimeDelta = TimeDelta::days(14);

/// By what way somebody answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// A page of Intrex.
    App,
    /// A link in a letter.
    Link,
    /// A program.
    Api,
}

impl Via {
    /// As stored and shown to programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Via::App => "app",
            Via::Link => "link",
            Via::Api => "api",
        }
    }
}

/// An acknowledgement, as far as the plan asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// Who has the item in hand.
    pub person: Uuid,
    /// The most pressing reminder that was acknowledged.
    pub threshold: Threshold,
    /// The due date that it was about.
    pub due_on: NaiveDate,
    /// When.
    pub at: DateTime<Utc>,
    /// When the item comes back, if it is still open.
    pub again_on: NaiveDate,
}

/// A snooze, as far as the plan asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snoozed {
    /// Who wants to hear of it later.
    pub person: Uuid,
    /// When that was said.
    pub at: DateTime<Utc>,
    /// When.
    pub until: DateTime<Utc>,
}

/// Everything that was answered about one item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    /// In the order in which it was said.
    pub acknowledged: Vec<Acknowledged>,
    /// One a person.
    pub snoozed: Vec<Snoozed>,
}

impl Answers {
    /// The day up to which somebody has answered for the item as it is now, in its zone: whoever had it in hand early has
    /// answered for the reminder that was to come.
    pub fn answered_on(&self, item: &ItemFacts) -> Option<NaiveDate> {
        let said = self.acknowledged.iter();
        let of_now = said.filter(|said| said.is_about(item));
        let days = of_now.map(|said| {
            let of_threshold = said.threshold.on(item.due_on, item.grace);
            civil_today(said.at, item.zone).max(of_threshold)
        });
        days.max()
    }
}

impl Acknowledged {
    /// Whether it was said of the item as it is now. What was said before it came to be so was about another one.
    pub fn is_about(&self, item: &ItemFacts) -> bool {
        self.due_on == item.due_on && self.at >= item.reminders_from
    }
}

/// Somebody's word that they have an item in hand.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Acknowledgement {
    /// Its id.
    pub id: AcknowledgementId,
    /// The obligation.
    pub obligation_id: ObligationId,
    /// Who.
    pub person_id: PersonId,
    /// Their name.
    pub person_name: String,
    /// The most pressing reminder that it answers, such as `before_7` or `overdue`.
    pub threshold: String,
    /// The due date that it is about.
    pub due_on: NaiveDate,
    /// `app`, `link` or `api`.
    pub via: String,
    /// What they said; empty if nothing.
    pub note: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The day on which the item comes back to them, if it is still open.
    pub again_on: NaiveDate,
}

/// Until when somebody wants to hear no more of an item.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Snooze {
    /// The obligation.
    pub obligation_id: ObligationId,
    /// Who.
    pub person_id: PersonId,
    /// Their name.
    pub person_name: String,
    /// When that was said.
    pub at: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// What an answer to several messages came to.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Answered {
    /// How many obligations the messages were about.
    pub obligations: usize,
    /// How many of them were answered just now; the others were answered before, or are not open any more.
    pub answered: usize,
}
