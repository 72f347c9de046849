//! What an `entity` says besides its id, one type a kind of thing. A webhook's body is made of these and the published
//! schemas are derived from them, so that neither says what the other does not.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{event_type::EventType, letter::NoticeEntity};

/// A kind of thing that events are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Something owed by a date.
    Obligation,
    /// A way to somebody outside.
    Connector,
    /// One message on its way.
    Delivery,
    /// Something that somebody should look at.
    SecurityEvent,
    /// Several messages as one.
    Digest,
}

impl Subject {
    /// As `entity.type` says it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Subject::Obligation => "obligation",
            Subject::Connector => "connector",
            Subject::Delivery => "delivery",
            Subject::SecurityEvent => "security_event",
            Subject::Digest => "digest",
        }
    }
}

/// What is said of one kind of thing.
pub trait Facts: Serialize + ToSchema {
    /// Of which kind.
    const SUBJECT: Subject;
}

/// What is said of an obligation.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ObligationFacts {
    /// What it is called.
    pub title: String,
    /// The number of the licence, policy or contract that it is about; empty if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reference: Option<String>,
    /// How it is, such as `upcoming`, `due_today` or `overdue`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub status: Option<String>,
}

impl Facts for ObligationFacts {
    const SUBJECT: Subject = Subject::Obligation;
}

/// What is said of a connector.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ConnectorFacts {
    /// What the organisation calls it.
    pub title: String,
    /// Why nothing gets through, as `health.last_error` or `health.disabled_reason` says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<String>,
}

impl Facts for ConnectorFacts {
    const SUBJECT: Subject = Subject::Connector;
}

/// What is said of a delivery.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DeliveryFacts {
    /// What the message was about.
    pub title: String,
    /// By which connector it went; not there if it went by the installation's own mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub connector_id: Option<Uuid>,
    /// What it told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, inline)]
    pub event_type: Option<EventType>,
    /// Why it was given up, as `health.last_error` says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<String>,
}

impl Facts for DeliveryFacts {
    const SUBJECT: Subject = Subject::Delivery;
}

/// What is said of a security event.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SecurityEventFacts {
    /// What has happened, in words.
    pub title: String,
}

impl Facts for SecurityEventFacts {
    const SUBJECT: Subject = Subject::SecurityEvent;
}

/// What is said of a digest.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DigestFacts {
    /// What it is called.
    pub title: String,
}

impl Facts for DigestFacts {
    const SUBJECT: Subject = Subject::Digest;
}

impl NoticeEntity {
    /// The thing of this id, with what is said of it.
    pub fn new<F: Facts>(id: Uuid, facts: &F) -> Self {
        NoticeEntity {
            kind: F::SUBJECT.as_str().to_owned(),
            id,
            more: members(facts),
        }
    }
}

/// Facts as members of a JSON object.
fn members<F: Facts>(facts: &F) -> Map<String, Value> {
    match serde_json::to_value(facts) {
        Ok(Value::Object(members)) => members,
        // A struct of strings, ids and words has no other form.
        _ => Map::new(),
    }
}
