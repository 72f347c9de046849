//! How the product writes an entry: a header, machine values, and personal values that leave only a commitment behind.
//! Sealing returns the bytes to store and hash together with the disclosures (salt and value), which the caller keeps
//! under a key that can be erased. Time, ids and salts come from the caller.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::canonical::{self, Keys, to_canonical};
use crate::columns::StoredColumns;
use crate::commitment::{Commitment, SALT_BYTES, commitment};
use crate::entry::{Actor, Entity, Entry, Outcome, VERSION};
use crate::error::EntryError;
use crate::limits::{DIFF_MAX_BYTES, PERSONAL_FIELDS_MAX, PERSONAL_KEYS, PERSONAL_VALUE_MAX_BYTES};
use crate::names;
use crate::time::Timestamp;

/// The committed field that holds a before and after.
const DIFF: &str = "diff";

/// What every event says. See [`Entry`] for the members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Counts the declared restores of the installation.
    pub epoch: u32,
    /// The tenant, or [`PLATFORM_CHAIN`](crate::PLATFORM_CHAIN).
    pub tenant: Uuid,
    /// A fresh UUID of version 7.
    pub id: Uuid,
    /// Now, by the injected clock.
    pub recorded_at: Timestamp,
    /// Who acted.
    pub actor: Actor,
    /// The area, in snake_case.
    pub category: String,
    /// What was done, as dotted segments.
    pub action: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What it was done to.
    pub entity: Option<Entity>,
    /// The branch it concerns.
    pub branch: Option<Uuid>,
    /// The product's own id of the request.
    pub request_id: Option<String>,
}

/// An entry that is being written. Nothing is checked before [`EntryDraft::seal`], which checks everything.
#[derive(Debug, Clone)]
pub struct EntryDraft {
    header: Header,
    metadata: Vec<(String, Value)>,
    personal: Vec<Disclosure>,
}

/// A committed value with its salt: what the caller stores sealed, and shows to whoever may read the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Disclosure {
    /// The field's name in `personal`.
    pub field: String,
    /// The salt of its commitment.
    pub salt: [u8; SALT_BYTES],
    /// The value itself.
    pub value: String,
}

// A value that must be erasable must not end up in a log file by way of `{:?}`.
impl fmt::Debug for Disclosure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disclosure")
            .field("field", &self.field)
            .finish_non_exhaustive()
    }
}

/// A finished entry.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// The bytes to store unchanged and to hash.
    pub bytes: Vec<u8>,
    /// The columns that may be stored beside them for searching; the verifier compares these.
    pub columns: StoredColumns,
    /// What was committed to, in the order given.
    pub disclosures: Vec<Disclosure>,
}

impl EntryDraft {
    /// Begins an entry without metadata and personal fields.
    pub fn new(header: Header) -> Self {
        Self {
            header,
            metadata: Vec::new(),
            personal: Vec::new(),
        }
    }

    /// Adds a machine value that is nobody's personal data: an id, a state, a date, a count.
    #[must_use]
    pub fn with_metadata(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.metadata.push((key.to_owned(), value.into()));
        self
    }

    /// Commits to a value that a person typed or that tells about a person. `salt` is fresh randomness for this field.
    #[must_use]
    pub fn with_personal(
        mut self,
        field: &str,
        value: impl Into<String>,
        salt: [u8; SALT_BYTES],
    ) -> Self {
        self.personal.push(Disclosure {
            field: field.to_owned(),
            salt,
            value: value.into(),
        });
        self
    }

    /// Commits to what changed, as the field `diff`: an object, stored as its canonical text.
    ///
    /// # Errors
    /// [`EntryError::Float`], [`EntryError::IntegerOutOfRange`] or [`EntryError::TooDeep`].
    pub fn with_diff(
        self,
        diff: &Map<String, Value>,
        salt: [u8; SALT_BYTES],
    ) -> Result<Self, EntryError> {
        check_diff_members(diff)?;
        let text = String::from_utf8(to_canonical(diff)).expect("canonical JSON is UTF-8");
        Ok(self.with_personal(DIFF, text, salt))
    }

    /// Checks every rule and limit and returns the bytes to store.
    ///
    /// # Errors
    /// The first rule that is broken. Nothing is ever shortened or left out to make it fit.
    pub fn seal(self) -> Result<Sealed, EntryError> {
        let metadata = collect_metadata(self.metadata)?;
        let personal = commit_all(&self.personal)?;
        let header = self.header;
        let entry = Entry {
            v: VERSION,
            epoch: header.epoch,
            partition: header.recorded_at.partition(),
            tenant: header.tenant,
            id: header.id,
            recorded_at: header.recorded_at,
            actor: header.actor,
            category: header.category,
            action: header.action,
            outcome: header.outcome,
            entity: header.entity,
            branch: header.branch,
            request_id: header.request_id,
            metadata,
            personal,
        };
        let bytes = entry.encode()?;
        Ok(Sealed {
            bytes,
            columns: StoredColumns::of(&entry),
            disclosures: self.personal,
        })
    }
}

fn collect_metadata(pairs: Vec<(String, Value)>) -> Result<Map<String, Value>, EntryError> {
    let mut metadata = Map::new();
    for (key, value) in pairs {
        // Depth first: the search for personal keys descends without a bound of its own.
        canonical::check(&value, Keys::Machine, "metadata", 3)?;
        refuse_personal_keys(&key, &value)?;
        if metadata.insert(key.clone(), value).is_some() {
            return Err(EntryError::DuplicateKey(key));
        }
    }
    Ok(metadata)
}

fn refuse_personal_keys(key: &str, value: &Value) -> Result<(), EntryError> {
    if PERSONAL_KEYS.contains(&key) {
        return Err(EntryError::PersonalKey(key.to_owned()));
    }
    match value {
        Value::Object(members) => members
            .iter()
            .try_for_each(|(key, value)| refuse_personal_keys(key, value)),
        // Items have no key of their own; the array's was just checked.
        Value::Array(items) => items
            .iter()
            .try_for_each(|item| refuse_personal_keys("", item)),
        _ => Ok(()),
    }
}

fn commit_all(disclosures: &[Disclosure]) -> Result<BTreeMap<String, Commitment>, EntryError> {
    if disclosures.len() > PERSONAL_FIELDS_MAX {
        return Err(EntryError::TooManyFields {
            count: disclosures.len(),
        });
    }
    let mut personal = BTreeMap::new();
    for (index, Disclosure { field, salt, value }) in disclosures.iter().enumerate() {
        if !names::is_snake_case(field) {
            return Err(EntryError::FieldName(field.clone()));
        }
        let limit = if field == DIFF {
            DIFF_MAX_BYTES
        } else {
            PERSONAL_VALUE_MAX_BYTES
        };
        if value.len() > limit {
            return Err(EntryError::ValueTooLarge {
                field: field.clone(),
                size: value.len(),
                limit,
            });
        }
        if field == DIFF {
            check_diff(value)?;
        }
        // Caught here because it would be silent: a caller whose randomness is missing or drawn once per entry.
        if *salt == [0; SALT_BYTES]
            || disclosures[..index]
                .iter()
                .any(|earlier| earlier.salt == *salt)
        {
            return Err(EntryError::Salt(field.clone()));
        }
        if personal
            .insert(field.clone(), commitment(field, value, salt))
            .is_some()
        {
            return Err(EntryError::DuplicateField(field.clone()));
        }
    }
    Ok(personal)
}

fn check_diff(text: &str) -> Result<(), EntryError> {
    let diff: Map<String, Value> =
        serde_json::from_str(text).map_err(|_| EntryError::DiffNotCanonical)?;
    check_diff_members(&diff)?;
    if to_canonical(&diff) == text.as_bytes() {
        Ok(())
    } else {
        Err(EntryError::DiffNotCanonical)
    }
}

fn check_diff_members(diff: &Map<String, Value>) -> Result<(), EntryError> {
    diff.values()
        .try_for_each(|value| canonical::check(value, Keys::Free, DIFF, 2))
}
