//! What is typed about preferences.

use serde::Deserialize;
use utoipa::ToSchema;

use super::model::can_be_let;
use crate::{
    catalogue::{Text, keys},
    channels::EventType,
    error::{self, FieldErrors},
    raw::Raw,
};

/// Says that it is none of the events: an empty field of a form may just have been left out.
const NONE: &str = "none";

/// What somebody would rather not be told outside of Intrex.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RawPreferences {
    /// The events to opt out of, in the place of those before; an empty list, or `none`, for none.
    #[serde(default)]
    #[schema(value_type = Vec<EventType>)]
    pub opted_out: Raw,
}

impl RawPreferences {
    /// Those that the organisation does not let are refused.
    pub(super) fn parse(&self, let_by: &[EventType]) -> error::Result<Vec<EventType>> {
        let mut errors = FieldErrors::new();
        let chosen = among(&self.opted_out, "opted_out", let_by, &mut errors);
        match chosen {
            Some(chosen) if errors.is_empty() => Ok(chosen),
            _ => Err(errors.into()),
        }
    }
}

/// What an organisation lets its people opt out of.
pub(crate) fn opt_outs(raw: &Raw, field: &str, errors: &mut FieldErrors) -> Option<Vec<EventType>> {
    let can: Vec<EventType> = EventType::routed().filter(|one| can_be_let(*one)).collect();
    among(raw, field, &can, errors)
}

/// Events of a list, each once and in its order.
fn among(
    raw: &Raw,
    field: &str,
    choices: &[EventType],
    errors: &mut FieldErrors,
) -> Option<Vec<EventType>> {
    let named = raw.list(errors, field, EventType::ALL.len() + 1)?;
    if named.is_empty() && !raw.is_empty_list() {
        errors.add(field, keys::ERROR_FIELD_REQUIRED);
        return None;
    }
    let known =
        |name: &String| name == NONE || choices.iter().any(|choice| choice.as_str() == name);
    if !named.iter().all(known) {
        let words: Vec<&str> = choices.iter().map(|choice| choice.as_str()).collect();
        let text = Text::new(keys::ERROR_FIELD_NOT_ONE_OF);
        let all = [words.as_slice(), &[NONE]].concat().join(", ");
        errors.add(field, text.with("choices", all));
        return None;
    }
    let chosen = choices.iter().copied();
    Some(
        chosen
            .filter(|choice| named.iter().any(|name| name == choice.as_str()))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_let_is_chosen_and_nothing_has_to_be_said() {
        let let_by = [EventType::ObligationDue, EventType::Digest];
        let parse = |json: &str| {
            let raw: RawPreferences = serde_json::from_str(json).expect("decodes");
            raw.parse(&let_by).ok()
        };
        assert_eq!(
            parse(r#"{"opted_out":["digest","obligation.due","digest"]}"#),
            Some(let_by.to_vec())
        );
        assert_eq!(parse(r#"{"opted_out":[]}"#), Some(Vec::new()));
        assert_eq!(parse(r#"{"opted_out":"none"}"#), Some(Vec::new()));
        for wrong in [
            r#"{}"#,
            r#"{"opted_out":""}"#,
            r#"{"opted_out":["obligation.overdue"]}"#,
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        let mut errors = FieldErrors::new();
        let never = opt_outs(&"obligation.escalated".into(), "opt_outs", &mut errors);
        assert!(never.is_none() && !errors.is_empty());
    }
}
