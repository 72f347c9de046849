//! A message in somebody's inbox.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    catalogue::Text,
    ids::{AccessReviewId, BranchId, NotificationId, ObligationId, PersonId, SecurityEventId},
    obligations::schedule::Threshold,
    permission::{Column, Permission, Reach},
    reminders::model::threshold_text,
};

/// Which messages are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Inbox {
    /// All of them.
    #[default]
    All,
    /// Those that were not read.
    Unread,
    /// Those about something open that was not acknowledged.
    ToAcknowledge,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Notification {
    /// Its id.
    pub id: NotificationId,
    /// `obligation_due`, `obligation_overdue`, `access_review`, `dormant_accounts` or `security`.
    #[serde(rename = "type")]
    pub kind: String,
    /// How bad it is to be late, or what the security event may be.
    pub severity: String,
    /// `before_30`, `due_day`, `overdue`, `escalation` or `again`; null for what is about no obligation, as are the next ones.
    pub threshold: Option<String>,
    /// The obligation that it is about.
    pub obligation_id: Option<ObligationId>,
    /// Its title; the name of the person whom a single security event concerns.
    pub title: Option<String>,
    /// Its branch.
    pub branch_id: Option<BranchId>,
    /// The branch's name.
    pub branch_name: Option<String>,
    /// The date that it was due on when the message was written.
    pub due_on: Option<NaiveDate>,
    /// The security event that it is about; null for an obligation, as is the next one.
    pub security_event_id: Option<SecurityEventId>,
    /// How many security events of the same code it is about, of which that is the first.
    pub event_count: Option<i32>,
    /// What was seen, such as `LOGIN_SPRAY`.
    pub code: Option<String>,
    /// The access review that it is about.
    pub review_id: Option<AccessReviewId>,
    /// How many accounts it is about.
    pub account_count: Option<i32>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it was read.
    pub read_at: Option<DateTime<Utc>>,
    /// When it was acknowledged: by itself, with another message of the same obligation, or with the obligation.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Until when its reader wants to hear no more of the obligation.
    pub snoozed_until: Option<DateTime<Utc>>,
    /// Whether it is about an obligation that is open: what can be acknowledged and put off.
    #[serde(skip)]
    pub open: bool,
}

impl Notification {
    /// Why it was written, in words.
    pub fn threshold_text(&self) -> Option<Text> {
        Threshold::parse(self.threshold.as_deref()?).map(threshold_text)
    }
}

/// Whose inbox is meant, and whether its owner sees only the own tasks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner {
    pub(crate) person: PersonId,
    pub(crate) tasks_only: bool,
}

impl Owner {
    /// The inbox of who acts, if that is a person or a person's token. A message about a task that is not the person's any
    /// more is not there, like the task itself; that follows from the role, whatever a token is allowed.
    pub(crate) fn of(actor: &crate::Actor) -> Option<Self> {
        let reach = Permission::ObligationsRead.reach(Column::Role(actor.role()?));
        Some(Owner {
            person: actor.person_id()?,
            tasks_only: reach == Reach::Tasks,
        })
    }
}
