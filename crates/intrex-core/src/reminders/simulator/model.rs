//! What a look ahead answers with.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::{
    model::{Reason, threshold_text},
    reads::connector_text,
};
use crate::{
    catalogue::Text,
    digests::Kind,
    ids::{BranchId, ObligationId, PersonId},
    obligations::{model::Severity, schedule::Threshold},
};

/// How far ahead is looked, in days.
pub const DAYS: u16 = 30;
/// Messages that are shown; all are counted.
pub(super) const SHOWN: usize = 200;
/// Reminders of a difference that are shown; all are counted.
pub(super) const DIFFERENCES_SHOWN: usize = 50;

/// The messages of the next thirty days, as they go out if nobody does or changes anything until then.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Foresight {
    /// From when.
    pub from: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
    /// Messages that go out of Intrex.
    pub messages: u32,
    /// Messages that would, and stay, because their connector is disabled or was never seen to work.
    pub stopped: u32,
    /// Reminders that all of them carry.
    pub reminders: u32,
    /// Reminders that come into inboxes inside Intrex.
    pub in_app: u32,
    /// Reminders that have to wait for another hour, because their recipients had as many messages as the organisation allows.
    pub held: u32,
    /// Reminders whose time comes and that are not sent, by the reason.
    pub left_out: Vec<LeftOut>,
    /// Each day on which something is sent, in the organisation's time zone.
    pub days: Vec<Day>,
    /// The first two hundred of the messages, those that stay among them.
    pub first: Vec<ForeseenMessage>,
    /// What a change would add and take away; null if none was asked about.
    pub change: Option<Difference>,
}

/// A day's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ForeseenDay)]
pub struct Day {
    /// The day.
    pub date: NaiveDate,
    /// Messages that go out of Intrex.
    pub messages: u32,
    /// Reminders that come into inboxes inside Intrex.
    pub in_app: u32,
}

/// Reminders that are not sent for a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LeftOut {
    /// Why, as the ledger will say it.
    pub reason: &'static str,
    /// How many.
    pub reminders: u32,
}

impl LeftOut {
    /// Why, in words.
    pub fn reason_text(&self) -> Option<Text> {
        Reason::parse(self.reason).map(Reason::text)
    }
}

/// One message that will go out.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ForeseenMessage {
    /// When.
    pub at: DateTime<Utc>,
    /// Over what: the type of a connector, such as `email_smtp`.
    pub connector: String,
    /// What the organisation calls its connector; null for the installation's own mail.
    pub connector_name: Option<String>,
    /// The connector cannot carry it as it is now: it is disabled, or nobody has seen it work.
    pub stopped: bool,
    /// Who is told; null if the connector names who gets it.
    pub recipient_id: Option<PersonId>,
    /// Their name.
    pub recipient_name: Option<String>,
    /// What it carries, the most pressing first.
    pub reminders: Vec<ForeseenReminder>,
    /// What it tells of, if it is a digest.
    pub digest: Option<ForeseenDigest>,
}

/// A digest, and how many obligations it tells of if all that is open stays so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct ForeseenDigest {
    /// `daily` or `weekly`.
    #[schema(value_type = String)]
    pub kind: Kind,
    /// Whose day has passed.
    pub overdue: i64,
    /// Of that day.
    pub today: i64,
    /// Of the days that it looks ahead.
    pub coming: i64,
}

/// One reminder of a message.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ForeseenReminder {
    /// The obligation; null for one that is not there yet.
    pub obligation_id: Option<ObligationId>,
    /// What it is called.
    pub title: String,
    /// Where.
    pub branch_id: BranchId,
    /// The branch's name.
    pub branch_name: String,
    /// How much it matters.
    pub severity: Severity,
    /// When it is due, in the branch's zone.
    pub due_on: NaiveDate,
    /// Why then: `before_30`, `due_day`, `overdue`, `escalation` or `again`.
    pub threshold: String,
    /// It had to wait for this hour.
    pub held: bool,
}

/// What a change does to the reminders that go out of Intrex.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Difference {
    /// Messages that go out without the change.
    pub messages_before: u32,
    /// Reminders that come by it.
    pub added: u32,
    /// Reminders that go by it.
    pub removed: u32,
    /// The first fifty of those that come.
    pub first_added: Vec<ForeseenMessage>,
    /// The first fifty of those that go.
    pub first_removed: Vec<ForeseenMessage>,
}

impl ForeseenMessage {
    /// Who is told: a name, or what the connector is called that names who gets it.
    pub fn told(&self) -> &str {
        self.recipient_name
            .as_deref()
            .or(self.connector_name.as_deref())
            .unwrap_or_default()
    }

    /// The way in words.
    pub fn connector_text(&self) -> Option<Text> {
        connector_text(&self.connector)
    }
}

impl ForeseenReminder {
    /// The threshold in words.
    pub fn threshold_text(&self) -> Option<Text> {
        Threshold::parse(&self.threshold).map(threshold_text)
    }
}

/// What of an item is shown.
#[derive(Debug, Clone)]
pub(super) struct About {
    pub(super) title: String,
    pub(super) branch: Uuid,
    pub(super) branch_name: String,
    pub(super) severity: Severity,
    pub(super) due_on: NaiveDate,
}
