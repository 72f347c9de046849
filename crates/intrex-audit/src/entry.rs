//! Entry format 1: what one event of the log says. These members can never change; what comes later goes into `metadata`,
//! into further committed fields, or into a format 2 beside this one. The stored and hashed bytes are the truth, this type
//! is a view of them: nothing here re-encodes an entry in order to verify it, except to prove that it was canonical.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::{Uuid, Variant};

use crate::canonical::{self, Keys, to_canonical};
use crate::commitment::Commitment;
use crate::error::EntryError;
use crate::limits::{ENTRY_MAX_BYTES, METADATA_MAX_BYTES, PERSONAL_FIELDS_MAX};
use crate::names;
use crate::time::Timestamp;

/// The format that this crate reads and writes.
pub const VERSION: u64 = 1;

/// Who acted. Ids are pseudonyms; names and addresses are committed fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// What kind of actor it was.
    pub kind: ActorKind,
    /// The person's, token's, job's or operator's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// The person on whose behalf a token, worker or operator acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Uuid>,
}

/// The kinds of [`Actor`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// A signed-in person.
    Person,
    /// A program with an API token, a link or a feed.
    Token,
    /// The product itself, doing due work.
    Worker,
    /// Whoever runs the installation.
    Operator,
    /// Nobody that is known (a failed sign-in).
    Anonymous,
}

impl Actor {
    /// A signed-in person.
    pub fn person(id: Uuid) -> Self {
        Self {
            kind: ActorKind::Person,
            id: Some(id),
            person: None,
        }
    }

    /// A token, and the person behind it if there is one.
    pub fn token(id: Uuid, person: Option<Uuid>) -> Self {
        Self {
            kind: ActorKind::Token,
            id: Some(id),
            person,
        }
    }

    /// The product's own work; `job` says which.
    pub fn worker(job: Option<Uuid>) -> Self {
        Self {
            kind: ActorKind::Worker,
            id: job,
            person: None,
        }
    }

    /// The operator of the installation, by id where one is known.
    pub fn operator(id: Option<Uuid>) -> Self {
        Self {
            kind: ActorKind::Operator,
            id,
            person: None,
        }
    }

    /// Somebody who is not signed in.
    pub fn anonymous() -> Self {
        Self {
            kind: ActorKind::Anonymous,
            id: None,
            person: None,
        }
    }

    fn check(&self) -> Result<(), EntryError> {
        let refuse = |why| Err(EntryError::Actor(why));
        match (self.kind, self.id, self.person) {
            (ActorKind::Person | ActorKind::Token, None, _) => {
                refuse("a person or token has an id")
            }
            (ActorKind::Person, _, Some(_)) => refuse("a person acts for nobody else"),
            (ActorKind::Anonymous, Some(_), _) | (ActorKind::Anonymous, _, Some(_)) => {
                refuse("nobody has no id")
            }
            _ => check_not_nil("actor.id", self.id).and(check_not_nil("actor.person", self.person)),
        }
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was tried and did not work.
    Failure,
    /// It was not allowed.
    Denied,
}

impl Outcome {
    /// The word in the entry.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Denied => "denied",
        }
    }
}

/// What it was done to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entity {
    /// The noun, as in the product's URLs and permissions, in the singular.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id: a UUID in lower case with hyphens, or the code of something that has none.
    pub id: String,
}

impl Entity {
    /// An entity by its noun and id.
    pub fn new(kind: &str, id: impl ToString) -> Self {
        Self {
            kind: kind.to_owned(),
            id: id.to_string(),
        }
    }
}

/// One event of the log. Made by [`EntryDraft`](crate::EntryDraft) or read by [`Entry::parse`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Entry {
    /// [`VERSION`].
    pub v: u64,
    /// Counts the declared restores of the installation.
    pub epoch: u32,
    /// The UTC month of `recorded_at` as `yyyymm`.
    pub partition: u32,
    /// Whose chain it belongs to; the nil UUID is the platform's.
    pub tenant: Uuid,
    /// The event's id, a UUID of version 7. Its random bits also keep a bare leaf hash from being guessed.
    pub id: Uuid,
    /// When the event was recorded, by the product's clock.
    pub recorded_at: Timestamp,
    /// Who acted.
    pub actor: Actor,
    /// The area (`obligation`, `identity`, `audit`).
    pub category: String,
    /// What was done (`obligation.completed`).
    pub action: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What it was done to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<Entity>,
    /// The branch it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<Uuid>,
    /// The request that caused it; made by the product, never taken from the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Machine values that are nobody's personal data.
    pub metadata: Map<String, Value>,
    /// Commitments to personal values and free text, by field name.
    pub personal: BTreeMap<String, Commitment>,
}

impl Entry {
    /// Reads stored bytes strictly: they must be, byte for byte, the canonical form of a valid entry of format 1.
    ///
    /// # Errors
    /// An [`EntryError`] that says what is wrong. Two different byte strings never read as the same entry.
    pub fn parse(bytes: &[u8]) -> Result<Self, EntryError> {
        if bytes.len() > ENTRY_MAX_BYTES {
            return Err(EntryError::TooLarge { size: bytes.len() });
        }
        let entry: Self =
            serde_json::from_slice(bytes).map_err(|error| unreadable(bytes, &error))?;
        entry.check()?;
        if to_canonical(&entry) == bytes {
            Ok(entry)
        } else {
            Err(EntryError::NotCanonical)
        }
    }

    /// The canonical bytes of an entry that keeps all rules.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, EntryError> {
        self.check()?;
        let bytes = to_canonical(self);
        if bytes.len() > ENTRY_MAX_BYTES {
            return Err(EntryError::TooLarge { size: bytes.len() });
        }
        Ok(bytes)
    }

    fn check(&self) -> Result<(), EntryError> {
        if self.v != VERSION {
            return Err(EntryError::UnsupportedVersion(self.v));
        }
        let expected = self.recorded_at.partition();
        if self.partition != expected {
            return Err(EntryError::Partition {
                expected,
                found: self.partition,
            });
        }
        if self.id.get_version_num() != 7 || self.id.get_variant() != Variant::RFC4122 {
            return Err(EntryError::EventId);
        }
        self.actor.check()?;
        names::check_category(&self.category)?;
        names::check_action(&self.action)?;
        if let Some(entity) = &self.entity {
            names::check_entity_type(&entity.kind)?;
            names::check_entity_id(&entity.id)?;
        }
        check_not_nil("branch", self.branch)?;
        self.request_id
            .as_deref()
            .map_or(Ok(()), names::check_request_id)?;
        self.check_metadata()?;
        if self.personal.len() > PERSONAL_FIELDS_MAX {
            return Err(EntryError::TooManyFields {
                count: self.personal.len(),
            });
        }
        match self
            .personal
            .keys()
            .find(|name| !names::is_snake_case(name))
        {
            Some(name) => Err(EntryError::FieldName(name.clone())),
            None => Ok(()),
        }
    }

    fn check_metadata(&self) -> Result<(), EntryError> {
        // The entry is level 1 and `metadata` level 2, so its members stand at level 3.
        for (key, value) in &self.metadata {
            if !names::is_metadata_key(key) {
                return Err(EntryError::MetadataKey(key.clone()));
            }
            canonical::check(value, Keys::Machine, "metadata", 3)?;
        }
        let size = if self.metadata.is_empty() {
            2
        } else {
            to_canonical(&self.metadata).len()
        };
        if size > METADATA_MAX_BYTES {
            Err(EntryError::MetadataTooLarge { size })
        } else {
            Ok(())
        }
    }
}

fn check_not_nil(member: &'static str, id: Option<Uuid>) -> Result<(), EntryError> {
    if id.is_some_and(|id| id.is_nil()) {
        Err(EntryError::NilId(member))
    } else {
        Ok(())
    }
}

/// A later format has other members, so its version is looked for before blaming the members.
fn unreadable(bytes: &[u8], error: &serde_json::Error) -> EntryError {
    let version = serde_json::from_slice::<Value>(bytes)
        .ok()
        .and_then(|value| value.get("v")?.as_u64());
    match version {
        Some(version) if version != VERSION => EntryError::UnsupportedVersion(version),
        _ => EntryError::Malformed(error.to_string()),
    }
}
