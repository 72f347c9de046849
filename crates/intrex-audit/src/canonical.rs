//! Canonical JSON (RFC 8785) and the narrowing that makes it safe to hash: no floats, no integers that a double would
//! round, bounded depth. With these out of the way two implementations can hardly disagree about the bytes.

use serde::Serialize;
use serde_json::Value;

use crate::error::EntryError;
use crate::limits::{DEPTH_MAX, INTEGER_MAX};
use crate::names::is_metadata_key;

/// The canonical bytes of a value that was checked before.
pub(crate) fn to_canonical(value: &impl Serialize) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(value)
        .expect("no float, no duplicate key and no failing Serialize gets here")
}

/// What the keys of a JSON value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    /// Machine names, and strings without U+0000: metadata.
    Machine,
    /// Any text: a diff, whose keys may be labels that a person chose.
    Free,
}

/// Refuses what format 1 does not allow below `part`. `depth` is the depth at which `value` itself stands, from 1.
pub(crate) fn check(
    value: &Value,
    keys: Keys,
    part: &'static str,
    depth: usize,
) -> Result<(), EntryError> {
    // Checked before descending, so that the recursion is bounded whatever the caller built.
    if depth > DEPTH_MAX && (value.is_object() || value.is_array()) {
        return Err(EntryError::TooDeep(part));
    }
    match value {
        Value::Null | Value::Bool(_) => Ok(()),
        Value::Number(number) => match number.as_i64() {
            Some(integer) if (-INTEGER_MAX..=INTEGER_MAX).contains(&integer) => Ok(()),
            Some(_) => Err(EntryError::IntegerOutOfRange(part)),
            None if number.is_u64() => Err(EntryError::IntegerOutOfRange(part)),
            None => Err(EntryError::Float(part)),
        },
        Value::String(text) if keys == Keys::Machine && text.contains('\0') => Err(EntryError::Nul),
        Value::String(_) => Ok(()),
        Value::Array(items) => items
            .iter()
            .try_for_each(|item| check(item, keys, part, depth + 1)),
        Value::Object(members) => members.iter().try_for_each(|(key, member)| {
            if keys == Keys::Machine && !is_metadata_key(key) {
                return Err(EntryError::MetadataKey(key.clone()));
            }
            check(member, keys, part, depth + 1)
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_sort_by_utf_16_code_units_as_rfc_8785_section_3_2_3_shows() {
        let value: Value = serde_json::from_str(
            r#"{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One",
                "\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}"#,
        )
        .expect("the example of the RFC");
        let expected = "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\"ö\":\"Latin Small Letter O With \
                        Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet \
                        With Dagesh\"}";
        assert_eq!(
            String::from_utf8(to_canonical(&value)).expect("UTF-8"),
            expected
        );
    }

    #[test]
    fn numbers_are_exact_integers_or_refused() {
        let verdict = |value: Value| check(&value, Keys::Machine, "metadata", 2);
        assert_eq!(verdict(json!([0, -1, INTEGER_MAX, -INTEGER_MAX])), Ok(()));
        assert_eq!(
            verdict(json!(INTEGER_MAX + 1)),
            Err(EntryError::IntegerOutOfRange("metadata"))
        );
        assert_eq!(
            verdict(json!(-INTEGER_MAX - 1)),
            Err(EntryError::IntegerOutOfRange("metadata"))
        );
        assert_eq!(
            verdict(json!(u64::MAX)),
            Err(EntryError::IntegerOutOfRange("metadata"))
        );
        for float in [json!(0.5), json!(1.0), json!(-0.0), json!(1e300)] {
            assert_eq!(verdict(float), Err(EntryError::Float("metadata")));
        }
    }

    #[test]
    fn depth_counts_containers_and_not_the_scalars_inside() {
        let nested = |levels: usize| (0..levels).fold(json!("core"), |inner, _| json!([inner]));
        assert_eq!(check(&nested(DEPTH_MAX), Keys::Free, "diff", 1), Ok(()));
        assert_eq!(
            check(&nested(DEPTH_MAX + 1), Keys::Free, "diff", 1),
            Err(EntryError::TooDeep("diff"))
        );
    }
}
