//! A field as it was sent: the words of a form, or a JSON value. Forms and JSON decode into the same raw structs, whose
//! fields are of this type, so that a wrong type is told by field and in words like every other fault, and a page can
//! draw again what was typed.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::{
    catalogue::{Text, keys},
    error::FieldErrors,
    text,
};

/// One field as it was sent, or not sent.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Raw(Option<Value>);

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(|value| Raw(Some(value)))
    }
}

impl From<&str> for Raw {
    fn from(words: &str) -> Self {
        Raw(Some(Value::String(words.to_owned())))
    }
}

impl From<String> for Raw {
    fn from(words: String) -> Self {
        Raw(Some(Value::String(words)))
    }
}

impl From<Vec<String>> for Raw {
    fn from(words: Vec<String>) -> Self {
        Raw(Some(words.into_iter().map(Value::String).collect()))
    }
}

impl From<Value> for Raw {
    fn from(value: Value) -> Self {
        Raw(Some(value))
    }
}

impl Raw {
    /// Whether the field was sent at all: a change leaves the others as they are.
    pub fn is_given(&self) -> bool {
        self.0.is_some()
    }

    /// What was sent, to be drawn into a form again.
    pub fn shown(&self) -> String {
        match &self.0 {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(words)) => words.clone(),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| Raw(Some(item.clone())).shown())
                .collect::<Vec<_>>()
                .join(","),
            Some(other) => other.to_string(),
        }
    }

    /// Its digits, if a program has sent a whole number where words are meant: ids that look like numbers are sent as both.
    pub fn whole_number(&self) -> Option<String> {
        match &self.0 {
            Some(Value::Number(number)) if number.is_i64() || number.is_u64() => {
                Some(number.to_string())
            }
            _ => None,
        }
    }

    /// Names with their values: the members of a JSON object, or the lines of a form, each `Name: value`.
    pub fn pairs(
        &self,
        errors: &mut FieldErrors,
        field: &str,
        max_items: usize,
    ) -> Option<Vec<(String, String)>> {
        let checked = match &self.0 {
            Some(Value::Object(members)) => members
                .iter()
                .map(|(name, value)| match value {
                    Value::String(value) => Ok((name.clone(), value.clone())),
                    _ => Err(wrong_type("text")),
                })
                .collect::<Result<Vec<_>, _>>(),
            _ => self.words().and_then(|words| {
                let words = words.unwrap_or_default();
                let lines = words.lines().filter(|line| !line.trim().is_empty());
                lines
                    .map(|line| match line.split_once(':') {
                        Some((name, value)) => {
                            Ok((name.trim().to_owned(), value.trim().to_owned()))
                        }
                        None => Err(keys::ERROR_FIELD_NOT_PAIRS.into()),
                    })
                    .collect()
            }),
        };
        let checked = checked.and_then(|pairs| match pairs.len() > max_items {
            true => Err(Text::new(keys::ERROR_FIELD_TOO_MANY).with("max", max_items)),
            false => Ok(pairs),
        });
        errors.take(field, checked)
    }

    /// Whether it is a list without items, which only a program can send.
    pub fn is_empty_list(&self) -> bool {
        matches!(&self.0, Some(Value::Array(items)) if items.is_empty())
    }

    /// Whether it is a list that was given and has nothing in it: one without items, one of empty words, or commas alone. An
    /// empty text is none of these: a form sends it for what is left out.
    pub fn lists_nothing(&self) -> bool {
        let blank = |words: &str| words.trim().is_empty();
        match &self.0 {
            Some(Value::Array(items)) => items.iter().all(|item| match item {
                Value::Null => true,
                Value::String(words) => blank(words),
                _ => false,
            }),
            Some(Value::String(words)) => !blank(words) && words.split([',', ';']).all(blank),
            _ => false,
        }
    }

    /// Its words, if it has any. An empty text is none.
    pub fn words(&self) -> Result<Option<String>, Text> {
        match &self.0 {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(words)) if words.trim().is_empty() => Ok(None),
            Some(Value::String(words)) => Ok(Some(words.clone())),
            Some(_) => Err(wrong_type("text")),
        }
    }

    /// The same where a number is meant: a program sends one, a form its digits.
    fn digits(&self) -> Result<Option<String>, Text> {
        match &self.0 {
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            _ => self.words(),
        }
    }

    /// A required line of at most `max` characters.
    pub fn line(&self, errors: &mut FieldErrors, field: &str, max: usize) -> Option<String> {
        let checked = self
            .words()
            .and_then(|words| text::check_line(&words.unwrap_or_default(), max));
        errors.take(field, checked)
    }

    /// A required line of at most `max` characters that stands in mail to others, without what would be a link there.
    pub fn name(&self, errors: &mut FieldErrors, field: &str, max: usize) -> Option<String> {
        let checked = self
            .words()
            .and_then(|words| text::check_name(&words.unwrap_or_default(), max));
        errors.take(field, checked)
    }

    /// A line of at most `max` characters, or an empty one.
    pub fn optional_line(
        &self,
        errors: &mut FieldErrors,
        field: &str,
        max: usize,
    ) -> Option<String> {
        let checked = self
            .words()
            .and_then(|words| text::check_optional_line(&words.unwrap_or_default(), max));
        errors.take(field, checked)
    }

    /// A text of several lines and at most `max` characters, or an empty one.
    pub fn paragraphs(&self, errors: &mut FieldErrors, field: &str, max: usize) -> Option<String> {
        let checked = self
            .words()
            .and_then(|words| text::check_paragraphs(&words.unwrap_or_default(), max));
        errors.take(field, checked)
    }

    /// A whole number within bounds, if one was sent. The outer `None` means that a fault was noted.
    pub fn number(
        &self,
        errors: &mut FieldErrors,
        field: &str,
        min: i64,
        max: i64,
    ) -> Option<Option<i64>> {
        let fault = || {
            Text::new(keys::ERROR_FIELD_NOT_A_NUMBER)
                .with("min", min)
                .with("max", max)
        };
        let checked = match self.digits() {
            Ok(None) => Ok(None),
            Ok(Some(words)) => match words.trim().parse::<i64>() {
                Ok(number) if (min..=max).contains(&number) => Ok(Some(number)),
                _ => Err(fault()),
            },
            Err(_) => Err(fault()),
        };
        errors.take(field, checked)
    }

    /// An id, if one was sent. The outer `None` means that a fault was noted.
    pub fn id<T: From<uuid::Uuid>>(
        &self,
        errors: &mut FieldErrors,
        field: &str,
    ) -> Option<Option<T>> {
        let checked = match self.words() {
            Ok(None) => Ok(None),
            Ok(Some(words)) => match uuid::Uuid::try_parse(words.trim()) {
                Ok(id) => Ok(Some(T::from(id))),
                Err(_) => Err(keys::ERROR_FIELD_NOT_AN_ID.into()),
            },
            Err(text) => Err(text),
        };
        errors.take(field, checked)
    }

    /// One of the names that `read` knows, if one was sent. The outer `None` means that a fault was noted.
    pub fn one_of<T>(
        &self,
        errors: &mut FieldErrors,
        field: &str,
        choices: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<Option<T>> {
        let checked = match self.words() {
            Ok(None) => Ok(None),
            Ok(Some(words)) => match read(words.trim()) {
                Some(found) => Ok(Some(found)),
                None => Err(Text::new(keys::ERROR_FIELD_NOT_ONE_OF).with("choices", choices)),
            },
            Err(text) => Err(text),
        };
        errors.take(field, checked)
    }

    /// Yes or no: a JSON boolean, or `true` or `false` in words.
    pub fn flag(&self, errors: &mut FieldErrors, field: &str) -> Option<Option<bool>> {
        match &self.0 {
            Some(Value::Bool(flag)) => Some(Some(*flag)),
            _ => self.one_of(errors, field, "true, false", |word| word.parse().ok()),
        }
    }

    /// A list: a JSON array, or words parted by commas or semicolons. Empty items are left out.
    pub fn list(
        &self,
        errors: &mut FieldErrors,
        field: &str,
        max_items: usize,
    ) -> Option<Vec<String>> {
        let checked = match &self.0 {
            Some(Value::Array(items)) => items
                .iter()
                .take(max_items + 1)
                .map(|item| match item {
                    Value::Null => Err(wrong_type("text")),
                    item => Raw(Some(item.clone()))
                        .digits()
                        .map(Option::unwrap_or_default),
                })
                .collect::<Result<Vec<_>, _>>(),
            _ => self.words().map(|words| {
                words
                    .unwrap_or_default()
                    .split([',', ';'])
                    .map(|item| item.trim().to_owned())
                    .take(max_items + 1)
                    .collect()
            }),
        };
        let checked = checked.and_then(|items| {
            let items: Vec<String> = items.into_iter().filter(|item| !item.is_empty()).collect();
            if items.len() > max_items {
                Err(Text::new(keys::ERROR_FIELD_TOO_MANY).with("max", max_items))
            } else {
                Ok(items)
            }
        });
        errors.take(field, checked)
    }
}

fn wrong_type(expected: &str) -> Text {
    Text::new(keys::ERROR_FIELD_WRONG_TYPE).with("expected", expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, Default)]
    #[serde(deny_unknown_fields, default)]
    struct Form {
        title: Raw,
        days: Raw,
    }

    #[test]
    fn a_form_and_json_say_the_same() {
        let json: Form =
            serde_json::from_str(r#"{"title":"VAT","days":[30, 7]}"#).expect("decodes");
        let mut errors = FieldErrors::new();
        assert_eq!(
            json.title.line(&mut errors, "title", 10).as_deref(),
            Some("VAT")
        );
        assert_eq!(
            json.days.list(&mut errors, "days", 5),
            Some(vec!["30".to_owned(), "7".to_owned()])
        );
        assert_eq!(
            Raw::from("30; 7").list(&mut errors, "days", 5),
            Some(vec!["30".to_owned(), "7".to_owned()])
        );
        assert!(errors.is_empty());
        assert_eq!(json.days.shown(), "30,7");
    }

    #[test]
    fn pairs_of_a_form_and_of_json_are_the_same() {
        let json: Form =
            serde_json::from_str(r#"{"title":{"A":"1","B":"x: y"}}"#).expect("decodes");
        let pairs = Some(vec![
            ("A".to_owned(), "1".to_owned()),
            ("B".to_owned(), "x: y".to_owned()),
        ]);
        let mut errors = FieldErrors::new();
        assert_eq!(json.title.pairs(&mut errors, "title", 2), pairs);
        let form = Raw::from("A: 1\n\nB: x: y\n");
        assert_eq!(form.pairs(&mut errors, "title", 2), pairs);
        assert!(errors.is_empty());
        assert_eq!(form.pairs(&mut errors, "title", 1), None);
        assert_eq!(Raw::from("no pair").pairs(&mut errors, "title", 1), None);
    }

    #[test]
    fn a_wrong_type_is_told_by_field() {
        for wrong in [
            r#"{"title":{"a":1},"days":true}"#,
            r#"{"title":1,"days":[null]}"#,
        ] {
            let json: Form = serde_json::from_str(wrong).expect("decodes");
            let mut errors = FieldErrors::new();
            assert_eq!(json.title.line(&mut errors, "title", 10), None);
            assert_eq!(json.days.list(&mut errors, "days", 9), None);
            assert_eq!(json.days.number(&mut errors, "days", 0, 9), None);
            let Err(crate::Error::Invalid(faults)) = errors.finish() else {
                panic!("accepted: {wrong}");
            };
            assert!(faults.iter().any(|fault| fault.field == "title"));
            assert!(faults.iter().any(|fault| fault.field == "days"));
        }
    }

    #[test]
    fn an_unknown_field_does_not_decode() {
        assert!(serde_json::from_str::<Form>(r#"{"tilte":"x"}"#).is_err());
        assert!(!Form::default().title.is_given());
    }
}
