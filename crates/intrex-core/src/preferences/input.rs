//! What is typed about preferences.

use serde::Deserialize;
use utoipa::ToSchema;

use super::model::{Digest, can_be_let};
use crate::{
    catalogue::{Text, keys},
    channels::EventType,
    error::{self, FieldErrors},
    raw::Raw,
};

/// Says that it is none of the events: an empty field of a form may just have been left out.
const NONE: &str = "none";

/// What somebody would rather not be told outside of Intrex, and whether it comes in a digest. What is left out stays as it is.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RawPreferences {
    /// The events to opt out of, in the place of those before; an empty list, or `none`, for none.
    #[serde(default)]
    #[schema(value_type = Option<Vec<EventType>>)]
    pub opted_out: Raw,
    /// How often a digest comes of what is to be done: `none`, `daily` or `weekly`, at eight by the clock of its recipient.
    #[serde(default)]
    #[schema(value_type = Option<Digest>)]
    pub digest: Raw,
    /// Whether it comes in the place of single reminders, if the organisation lets its people leave those out; never of what
    /// is overdue, escalated or critical. Without a digest it is false.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    pub digest_instead: Raw,
}

/// What was wished before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Before<'a> {
    pub(super) opted_out: &'a [EventType],
    pub(super) digest: Digest,
    pub(super) digest_instead: bool,
}

/// What is wished from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// None if it was not said: it stays.
    pub(super) opted_out: Option<Vec<EventType>>,
    pub(super) digest: Digest,
    pub(super) digest_instead: bool,
}

impl RawPreferences {
    /// Opting out of what the organisation does not let is refused, and so is leaving single reminders out.
    pub(super) fn parse(&self, let_by: &[EventType], before: Before<'_>) -> error::Result<Wanted> {
        let mut errors = FieldErrors::new();
        let e = &mut errors;
        // A program that says nothing at all has misspelled something.
        let nothing = !self.digest.is_given() && !self.digest_instead.is_given();
        let opted_out = match self.opted_out.is_given() || nothing {
            true => among(&self.opted_out, "opted_out", let_by, e).map(Some),
            false => Some(None),
        };
        let digest = self
            .digest
            .one_of(e, "digest", "none, daily, weekly", Digest::parse);
        let instead = self.digest_instead.flag(e, "digest_instead");
        let (Some(opted_out), Some(digest), Some(instead)) = (opted_out, digest, instead) else {
            return Err(errors.into());
        };
        let wanted = Wanted {
            digest: digest.unwrap_or(before.digest),
            digest_instead: instead.unwrap_or(before.digest_instead),
            opted_out,
        };
        if instead == Some(true)
            && wanted.digest != Digest::None
            && !let_by.contains(&EventType::ObligationDue)
        {
            e.add("digest_instead", keys::DIGEST_INSTEAD_NOT_LET);
        }
        let opted_out = wanted.opted_out.as_deref().unwrap_or(before.opted_out);
        let no_digest =
            opted_out.contains(&EventType::Digest) && let_by.contains(&EventType::Digest);
        if no_digest && wanted.digest != Digest::None {
            let field = match digest {
                Some(_) => "digest",
                None => "opted_out",
            };
            e.add(field, keys::DIGEST_OPTED_OUT_TOO);
        }
        errors.finish()?;
        Ok(Wanted {
            digest_instead: wanted.digest_instead && wanted.digest != Digest::None,
            ..wanted
        })
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

    const NOTHING: Before<'static> = Before {
        opted_out: &[],
        digest: Digest::None,
        digest_instead: false,
    };

    fn parse(json: &str, let_by: &[EventType], before: Before<'_>) -> Option<Wanted> {
        let raw: RawPreferences = serde_json::from_str(json).expect("decodes");
        raw.parse(let_by, before).ok()
    }

    #[test]
    fn only_what_is_let_is_chosen_and_nothing_has_to_be_said() {
        let let_by = [EventType::ObligationDue, EventType::Digest];
        let parse = |json: &str| parse(json, &let_by, NOTHING)?.opted_out;
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

    #[test]
    fn a_digest_stands_in_the_place_of_single_reminders_where_the_organisation_lets_it() {
        let due = [EventType::ObligationDue];
        let wished = |json: &str, let_by: &[EventType], before| {
            let wanted = parse(json, let_by, before)?;
            assert_eq!(wanted.opted_out, None, "it was not said");
            Some((wanted.digest, wanted.digest_instead))
        };
        let instead = r#"{"digest":"weekly","digest_instead":true}"#;
        assert_eq!(wished(instead, &due, NOTHING), Some((Digest::Weekly, true)));
        assert_eq!(wished(instead, &[], NOTHING), None);
        let both = Before {
            digest: Digest::Daily,
            digest_instead: true,
            ..NOTHING
        };
        let weekly = r#"{"digest":"weekly"}"#;
        assert_eq!(wished(weekly, &[], both), Some((Digest::Weekly, true)));
        let none = r#"{"digest":"none","digest_instead":"true"}"#;
        assert_eq!(wished(none, &[], both), Some((Digest::None, false)));
        assert_eq!(wished(r#"{"digest":"hourly"}"#, &due, both), None);
        assert_eq!(wished(r#"{"digest_instead":"often"}"#, &due, both), None);
    }

    #[test]
    fn nobody_wishes_a_digest_and_to_be_told_of_none() {
        let let_by = [EventType::Digest];
        let json = r#"{"opted_out":["digest"],"digest":"daily"}"#;
        assert_eq!(parse(json, &let_by, NOTHING), None);
        let opted_out = Before {
            opted_out: &let_by,
            ..NOTHING
        };
        let daily = r#"{"digest":"daily"}"#;
        assert_eq!(parse(daily, &let_by, opted_out), None);
        // It does not count any more.
        assert!(parse(daily, &[], opted_out).is_some());
        let daily_before = Before {
            digest: Digest::Daily,
            ..NOTHING
        };
        let none = r#"{"opted_out":["digest"]}"#;
        assert_eq!(parse(none, &let_by, daily_before), None);
    }
}
