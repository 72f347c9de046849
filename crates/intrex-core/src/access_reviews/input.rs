//! What is typed to decide on somebody.

use serde::Deserialize;
use utoipa::ToSchema;

use super::model::Decision;
use crate::{
    catalogue::keys,
    error::{FieldErrors, Result},
    ids::PersonId,
    raw::Raw,
};

/// The longest note, in characters.
const MAX_NOTE: usize = 1_000;

/// A decision.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawDecision {
    /// Who is decided on. Required.
    #[schema(value_type = Uuid)]
    pub person_id: Raw,
    /// `keep`, `change` or `revoke`. Required.
    #[schema(value_type = Decision)]
    pub decision: Raw,
    /// Why; required unless everything stays.
    #[schema(value_type = Option<String>, max_length = 1000)]
    pub note: Raw,
}

/// The same, checked.
#[derive(Debug)]
pub(super) struct Typed {
    pub(super) person: PersonId,
    pub(super) decision: Decision,
    pub(super) note: String,
}

impl RawDecision {
    /// Checks every field.
    pub(super) fn parse(&self) -> Result<Typed> {
        let mut errors = FieldErrors::new();
        let e = &mut errors;
        let person = self.person_id.id::<PersonId>(e, "person_id");
        if person == Some(None) {
            e.add("person_id", keys::ERROR_FIELD_REQUIRED);
        }
        let decision = self
            .decision
            .one_of(e, "decision", "keep, change, revoke", Decision::parse);
        if decision == Some(None) {
            e.add("decision", keys::ERROR_FIELD_REQUIRED);
        }
        let note = self.note.optional_line(e, "note", MAX_NOTE);
        let decision = decision.flatten();
        let needs_note = matches!(decision, Some(Decision::Change | Decision::Revoke));
        if needs_note && note.as_deref() == Some("") {
            e.add("note", keys::ACCESS_REVIEW_NOTE_NEEDED);
        }
        match (person.flatten(), decision, note) {
            (Some(person), Some(decision), Some(note)) if e.is_empty() => Ok(Typed {
                person,
                decision,
                note,
            }),
            _ => Err(errors.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::Error;

    #[test]
    fn whoever_takes_something_away_says_why() {
        let typed = |decision: &str, note: &str| {
            let raw = RawDecision {
                person_id: Uuid::from_u128(1).to_string().into(),
                decision: decision.into(),
                note: note.into(),
            };
            match raw.parse() {
                Ok(_) => Vec::new(),
                Err(Error::Invalid(faults)) => faults.into_iter().map(|f| f.field).collect(),
                Err(other) => panic!("{other}"),
            }
        };
        assert_eq!(typed("keep", ""), [""; 0]);
        assert_eq!(typed("change", "  "), ["note"]);
        assert_eq!(typed("revoke", ""), ["note"]);
        assert_eq!(typed("revoke", "left in May"), [""; 0]);
        assert_eq!(typed("promote", ""), ["decision"]);
        let nothing = RawDecision::default().parse();
        assert!(matches!(nothing, Err(Error::Invalid(faults)) if faults.len() == 2));
    }
}
