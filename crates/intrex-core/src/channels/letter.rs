//! What is to be said, before it is known by which channel: the facts for programs, and the words for people.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::event_type::EventType;
use crate::{ids::TenantId, obligations::model::Severity, outside::mail::MessageId};

/// One message.
#[derive(Debug, Clone)]
pub struct Letter {
    /// The same for every attempt to send it: `webhook-id`.
    pub id: Uuid,
    /// The same as a mail says it.
    pub message_id: MessageId,
    /// When it was written.
    pub written_at: DateTime<Utc>,
    /// The facts: what a webhook is sent.
    pub notice: Notice,
    /// Somebody in particular, where the connector does not name who gets it.
    pub to: Option<Addressee>,
    /// One line.
    pub subject: String,
    /// The words.
    pub text: String,
    /// The same words as a page.
    pub html: String,
}

/// A person who gets a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressee {
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
}

/// What has happened: the body of a webhook, member by member. Every member is always there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Notice {
    /// The event's id, which `webhook-id` repeats.
    pub id: Uuid,
    /// What has happened.
    #[serde(rename = "type")]
    #[schema(inline)]
    pub kind: EventType,
    /// The version of this shape.
    pub version: u8,
    /// The organisation.
    #[schema(value_type = Uuid)]
    pub tenant_id: TenantId,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// How much it matters.
    #[schema(required, inline, value_type = Option<Severity>)]
    pub severity: Option<String>,
    /// Where.
    #[schema(required, inline)]
    pub branch: Option<NoticeBranch>,
    /// What it is about.
    #[schema(value_type = Object)]
    pub entity: NoticeEntity,
    /// Its dates.
    #[schema(inline)]
    pub timing: Timing,
    /// Where a person looks at it.
    #[schema(required)]
    pub url: Option<String>,
}

/// The version of [`Notice`].
pub const NOTICE_VERSION: u8 = 1;

/// A branch, as a notice names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NoticeBranch {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
}

/// What a notice is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoticeEntity {
    /// Its kind, such as `obligation`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id.
    pub id: Uuid,
    /// What else there is to know, such as its title.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// The dates of a notice.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Timing {
    /// When it is due.
    #[schema(required)]
    pub due_on: Option<NaiveDate>,
    /// When a certificate ends.
    #[schema(required)]
    pub certificate_expires_at: Option<DateTime<Utc>>,
    /// How many days are left; less than none when it is over.
    #[schema(required)]
    pub days_remaining: Option<i64>,
}

impl Notice {
    /// A word of it by name, for channels whose messages have a form: none if there is no such thing here.
    pub(crate) fn word(&self, name: &str) -> Option<String> {
        let more = |key| match self.entity.more.get(key)? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        };
        match name {
            "title" => more("title"),
            "reference" => more("reference"),
            "status" => more("status"),
            "branch" => self.branch.as_ref().map(|branch| branch.name.clone()),
            "severity" => self.severity.clone(),
            "due_on" => self.timing.due_on.map(|day| day.to_string()),
            "days_remaining" => self.timing.days_remaining.map(|days| days.to_string()),
            "url" => self.url.clone(),
            "type" => Some(self.kind.as_str().to_owned()),
            _ => None,
        }
    }
}
