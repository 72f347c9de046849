//! The grammars of the entry's names. All are small subsets of ASCII: a name that cannot hold an `@`, a space or a letter
//! from outside ASCII cannot carry a person's data by accident, and sorts and compares the same in every language.

use crate::error::EntryError;
use crate::limits::{
    ACTION_MAX_BYTES, ENTITY_ID_MAX_BYTES, METADATA_KEY_MAX_BYTES, NAME_MAX_BYTES,
    REQUEST_ID_MAX_BYTES,
};

const SNAKE_CASE: &str = "a lower-case letter and up to 63 of a-z 0-9 _";
const ACTION: &str =
    "segments of a letter and A-Z a-z 0-9 _, joined by dots, at most 128 characters";
const ENTITY_ID: &str = "1 to 128 characters of A-Z a-z 0-9 _ . : / -";
const REQUEST_ID: &str = "1 to 64 characters of A-Z a-z 0-9 _ -";

/// `category`, `entity.type` and the names of committed fields.
pub(crate) fn is_snake_case(text: &str) -> bool {
    text.len() <= NAME_MAX_BYTES
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Upper case is allowed in an action because some events carry names given from outside (`LOGIN_FAILURE`).
fn is_action(text: &str) -> bool {
    text.len() <= ACTION_MAX_BYTES
        && text.split('.').all(|segment| {
            segment.starts_with(|c: char| c.is_ascii_alphabetic())
                && segment
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'_')
        })
}

fn is_of(text: &str, max: usize, punctuation: &[u8]) -> bool {
    (1..=max).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || punctuation.contains(&b))
}

pub(crate) fn is_metadata_key(text: &str) -> bool {
    is_of(text, METADATA_KEY_MAX_BYTES, b"_.:-")
}

fn refuse_unless(
    valid: bool,
    member: &'static str,
    grammar: &'static str,
) -> Result<(), EntryError> {
    if valid {
        Ok(())
    } else {
        Err(EntryError::Name { member, grammar })
    }
}

pub(crate) fn check_category(text: &str) -> Result<(), EntryError> {
    refuse_unless(is_snake_case(text), "category", SNAKE_CASE)
}

pub(crate) fn check_action(text: &str) -> Result<(), EntryError> {
    refuse_unless(is_action(text), "action", ACTION)
}

pub(crate) fn check_entity_type(text: &str) -> Result<(), EntryError> {
    refuse_unless(is_snake_case(text), "entity.type", SNAKE_CASE)
}

pub(crate) fn check_entity_id(text: &str) -> Result<(), EntryError> {
    refuse_unless(
        is_of(text, ENTITY_ID_MAX_BYTES, b"_.:/-"),
        "entity.id",
        ENTITY_ID,
    )
}

pub(crate) fn check_request_id(text: &str) -> Result<(), EntryError> {
    refuse_unless(
        is_of(text, REQUEST_ID_MAX_BYTES, b"_-"),
        "request_id",
        REQUEST_ID,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_dotted_segments_that_begin_with_a_letter() {
        for good in [
            "obligation.completed",
            "LOGIN_FAILURE",
            "audit.epoch_started",
            "a",
            "a.b.c9_",
        ] {
            assert!(is_action(good), "{good}");
        }
        for bad in [
            "", ".", "a.", ".a", "a..b", "9a", "a.9", "a b", "a-b", "a.é", "a\0",
        ] {
            assert!(!is_action(bad), "{bad:?}");
        }
        assert!(is_action(&"a".repeat(ACTION_MAX_BYTES)));
        assert!(!is_action(&"a".repeat(ACTION_MAX_BYTES + 1)));
    }

    #[test]
    fn names_cannot_hold_an_e_mail_address_or_a_sentence() {
        for bad in ["alice@example.org", "Alice Rahman", "আলিস", ""] {
            assert!(!is_snake_case(bad) && !is_metadata_key(bad), "{bad:?}");
            assert!(
                check_entity_id(bad).is_err() && check_request_id(bad).is_err(),
                "{bad:?}"
            );
        }
        assert!(
            is_snake_case(&"a".repeat(NAME_MAX_BYTES))
                && !is_snake_case(&"a".repeat(NAME_MAX_BYTES + 1))
        );
    }
}
