//! The fields of a new or changed item, and how a page's form becomes what the core reads: a page asks for a repetition with
//! a choice and a field for any other rule, the core knows one field.

use std::{fmt, marker::PhantomData};

use intrex_core::{
    catalogue::{Key, keys},
    obligations::model::CATEGORIES,
    templates::Template as Rule,
};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapDeserializer},
};

use crate::{answer::FormView, words::Words};

/// The choice that stands for "as written in the other field".
const CUSTOM: &str = "custom";
/// The fields that have such a choice, and the other field of each.
const WITH_OTHER: [(&str, &str); 2] = [
    ("recurrence", "recurrence_custom"),
    ("category", "category_custom"),
];
/// What people usually choose, and how it is said.
const USUAL_RULES: [&str; 7] = [
    "FREQ=WEEKLY",
    "FREQ=MONTHLY",
    "FREQ=MONTHLY;BYMONTHDAY=-1",
    "FREQ=MONTHLY;INTERVAL=3",
    "FREQ=MONTHLY;INTERVAL=6",
    "FREQ=YEARLY",
    "FREQ=YEARLY;INTERVAL=2",
];

/// A raw struct of the core with a field `recurrence`, as a form of a page sends it.
#[derive(Debug, Clone, Default)]
pub(crate) struct RuleForm<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for RuleForm<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Pairs<T> {
            type Value = RuleForm<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a form")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<RuleForm<T>, M::Error> {
                let mut fields: Vec<(String, String)> = Vec::new();
                let mut others: Vec<(&str, String)> = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    let value = map.next_value::<String>()?;
                    match WITH_OTHER.iter().find(|(_, other)| *other == name) {
                        Some((field, _)) => others.push((field, value)),
                        None => fields.push((name, value)),
                    }
                }
                for (name, value) in &mut fields {
                    let other = others.iter_mut().find(|(field, _)| field == name);
                    if let (CUSTOM, Some((_, other))) = (value.as_str(), other) {
                        *value = std::mem::take(other);
                        // "As written here" and nothing written here is not "owed once".
                        if name == "recurrence" && value.trim().is_empty() {
                            *value = "RRULE:".to_owned();
                        }
                    }
                }
                T::deserialize(MapDeserializer::new(fields.into_iter())).map(RuleForm)
            }
        }

        deserializer.deserialize_map(Pairs(PhantomData))
    }
}

/// The choices of repetitions.
pub(crate) fn choices_of_rules(words: Words) -> Vec<(String, String)> {
    let say = |value: &str, key: Key| (value.to_owned(), words.t(key));
    std::iter::once(say("", keys::CADENCE_ONCE))
        .chain(
            USUAL_RULES
                .into_iter()
                .map(|rule| (rule.to_owned(), words.recurrence(Some(rule)))),
        )
        .chain([say(CUSTOM, keys::RECURRENCE_OTHER)])
        .collect()
}

/// What stands in the two fields for a rule.
pub(crate) fn filled_rule(rule: Option<&str>) -> [(&'static str, String); 2] {
    match rule {
        Some(rule) if !USUAL_RULES.contains(&rule) => [
            ("recurrence", CUSTOM.to_owned()),
            ("recurrence_custom", rule.to_owned()),
        ],
        usual => [
            ("recurrence", usual.unwrap_or_default().to_owned()),
            ("recurrence_custom", String::new()),
        ],
    }
}

/// The choices of categories.
pub(crate) fn choices_of_categories(words: Words) -> Vec<(String, String)> {
    let own = (CUSTOM.to_owned(), words.t(keys::CATEGORY_OTHER));
    CATEGORIES
        .map(|name| (name.to_owned(), words.category(name)))
        .into_iter()
        .chain([own])
        .collect()
}

/// What stands in the two fields for a category.
pub(crate) fn filled_category(name: &str) -> [(&'static str, String); 2] {
    match CATEGORIES.contains(&name) {
        true => [
            ("category", name.to_owned()),
            ("category_custom", String::new()),
        ],
        false => [
            ("category", CUSTOM.to_owned()),
            ("category_custom", name.to_owned()),
        ],
    }
}

/// Lead days as a field has them.
pub(crate) fn lead_days(days: &[i16]) -> String {
    let days: Vec<String> = days.iter().map(i16::to_string).collect();
    days.join(", ")
}

/// A new item as a template would make it.
pub(super) fn from_template(rule: &Rule) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("template_id", rule.id.to_string()),
        ("title", rule.title.clone()),
        ("severity", rule.severity.clone()),
        ("anchor", rule.anchor.clone()),
        ("lead_days", lead_days(&rule.lead_days)),
        ("grace_days", rule.grace_days.to_string()),
        ("notes", notes(rule)),
    ];
    fields.extend(filled_category(&rule.category));
    fields.extend(filled_rule(rule.recurrence.as_deref()));
    fields
}

/// What the template says beside the item's own fields.
fn notes(rule: &Rule) -> String {
    [rule.authority.as_str(), rule.citation.as_str()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

/// An empty form for a new item.
pub(super) fn empty() -> Vec<(&'static str, String)> {
    vec![
        ("severity", "medium".to_owned()),
        ("anchor", "schedule".to_owned()),
        ("lead_days", lead_days(&[30, 14, 7, 3, 1])),
        ("grace_days", "0".to_owned()),
    ]
}

/// A form with some fields in it.
pub(super) fn view(fields: Vec<(&'static str, String)>) -> FormView {
    FormView::filled(fields)
}

#[cfg(test)]
mod tests {
    use intrex_core::obligations::input::RawObligation;
    use serde::de::value::Error;

    use super::*;

    fn form(pairs: &[(&str, &str)]) -> Result<RawObligation, Error> {
        let map = MapDeserializer::<_, Error>::new(pairs.iter().copied());
        RuleForm::<RawObligation>::deserialize(map).map(|form| form.0)
    }

    #[test]
    fn another_rule_is_taken_from_its_own_field() {
        let sent = form(&[
            ("recurrence_custom", "FREQ=DAILY;INTERVAL=90"),
            ("recurrence", "custom"),
            ("title", "Change the filter"),
        ])
        .expect("decodes");
        assert_eq!(sent.recurrence.shown(), "FREQ=DAILY;INTERVAL=90");
        assert_eq!(sent.title.shown(), "Change the filter");
    }

    #[test]
    fn a_usual_rule_wins_over_what_stands_in_the_other_field() {
        let sent = form(&[
            ("recurrence", "FREQ=YEARLY"),
            ("recurrence_custom", "FREQ=DAILY"),
        ]);
        assert_eq!(sent.expect("decodes").recurrence.shown(), "FREQ=YEARLY");
    }

    #[test]
    fn another_rule_that_is_not_written_is_a_fault_and_not_once() {
        let sent = form(&[("recurrence", "custom"), ("recurrence_custom", " ")]).expect("decodes");
        let faults = sent.parse(None).expect_err("is refused");
        assert!(matches!(faults, intrex_core::Error::Invalid(fields)
            if fields.iter().any(|fault| fault.field == "recurrence")));
    }

    #[test]
    fn a_category_of_ones_own_is_taken_from_its_own_field() {
        let sent = form(&[("category", "custom"), ("category_custom", "Boiler")]);
        assert_eq!(sent.expect("decodes").category.shown(), "Boiler");
        assert_eq!(filled_category("Boiler")[1].1, "Boiler");
        assert_eq!(filled_category("tax_vat")[0].1, "tax_vat");
    }

    #[test]
    fn an_unknown_field_is_still_refused() {
        assert!(form(&[("tilte", "x")]).is_err());
    }

    #[test]
    fn what_is_filled_in_reads_back() {
        for rule in [None, Some("FREQ=YEARLY"), Some("FREQ=DAILY;INTERVAL=90")] {
            let filled = filled_rule(rule);
            let pairs: Vec<(&str, &str)> = filled.iter().map(|(n, v)| (*n, v.as_str())).collect();
            let sent = form(&pairs).expect("decodes");
            assert_eq!(sent.recurrence.shown(), rule.unwrap_or_default());
        }
    }
}
