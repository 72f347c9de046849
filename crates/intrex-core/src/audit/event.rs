//! What a command says it did. Values that a person typed or that tell about a person go through [`Event::personal`] or
//! [`Event::changed`], never into the metadata: the metadata can't be erased.

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::ids::{BranchId, PersonId};

/// The longest text that a before-and-after shows as it is, in bytes; a longer one is shown by its SHA-256.
const MAX_SHOWN_CHANGE: usize = 300;

/// One audit event, before it has an id, a time and an actor.
#[derive(Debug, Clone)]
pub struct Event {
    pub(super) category: &'static str,
    pub(super) action: &'static str,
    pub(super) outcome: intrex_audit::Outcome,
    pub(super) entity: Option<(&'static str, Uuid)>,
    pub(super) branch: Option<BranchId>,
    pub(super) subject: Option<PersonId>,
    pub(super) metadata: Vec<(&'static str, Value)>,
    pub(super) personal: Vec<(&'static str, String)>,
    pub(super) diff: Map<String, Value>,
}

impl Event {
    /// Something was done: `obligation`, `obligation.completed`.
    pub fn new(category: &'static str, action: &'static str) -> Self {
        Event {
            category,
            action,
            outcome: intrex_audit::Outcome::Success,
            entity: None,
            branch: None,
            subject: None,
            metadata: Vec::new(),
            personal: Vec::new(),
            diff: Map::new(),
        }
    }

    /// What was done.
    pub(crate) fn action(&self) -> &'static str {
        self.action
    }

    /// The id of what it was done to.
    pub(crate) fn entity_id(&self) -> Option<Uuid> {
        self.entity.map(|(_, id)| id)
    }

    /// The person whom it is about.
    pub(crate) fn subject(&self) -> Option<PersonId> {
        self.subject
    }

    /// A machine value that is a word.
    pub(crate) fn machine_word(&self, key: &str) -> Option<&str> {
        let (_, value) = self.metadata.iter().find(|(name, _)| *name == key)?;
        value.as_str()
    }

    /// What a field has become, if it was changed into a word.
    pub(crate) fn became(&self, field: &str) -> Option<&str> {
        self.diff.get(field)?.get(1)?.as_str()
    }

    /// It was tried and did not work.
    pub fn failed(mut self) -> Self {
        self.outcome = intrex_audit::Outcome::Failure;
        self
    }

    /// It was refused.
    pub fn denied(mut self) -> Self {
        self.outcome = intrex_audit::Outcome::Denied;
        self
    }

    /// What it was done to.
    pub fn on(mut self, kind: &'static str, id: impl Into<Uuid>) -> Self {
        self.entity = Some((kind, id.into()));
        self
    }

    /// The branch that it concerns: its manager may read the event.
    pub fn at(mut self, branch: BranchId) -> Self {
        self.branch = Some(branch);
        self
    }

    /// The person whom its personal values are about: they are sealed under that person's key.
    pub fn about(mut self, person: PersonId) -> Self {
        self.subject = Some(person);
        self
    }

    /// A machine value: an id, a state, a date, a count. Nothing that somebody typed.
    pub fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.metadata.push((key, value.into()));
        self
    }

    /// One line for a reader, in English, such as the obligation's title. Erasable.
    pub fn summary(self, text: impl Into<String>) -> Self {
        self.personal("summary", text)
    }

    /// A value that a person typed or that tells about a person. Erasable. Empty ones are left out.
    pub fn personal(mut self, name: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        if !value.is_empty() {
            self.personal.push((name, value));
        }
        self
    }

    /// A field's value before and after. Erasable. Equal ones are left out.
    pub fn changed(
        mut self,
        field: &'static str,
        before: impl Into<Value>,
        after: impl Into<Value>,
    ) -> Self {
        let (before, after) = (before.into(), after.into());
        if before != after {
            self.diff.insert(
                field.to_owned(),
                Value::Array(vec![shown(before), shown(after)]),
            );
        }
        self
    }
}

fn shown(value: Value) -> Value {
    use sha2::{Digest as _, Sha256};
    match value {
        Value::String(text) if text.len() > MAX_SHOWN_CHANGE => {
            serde_json::json!({ "sha256": hex::encode(Sha256::digest(text.as_bytes())), "bytes": text.len() })
        }
        other => other,
    }
}
