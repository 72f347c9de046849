//! Whatever a pack says can be used as it is.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;
use serde_json::Value;

use super::{
    model::{Pack, Place},
    shelf::{FILES, all, find},
};
use crate::{jurisdictions::JurisdictionKind, templates::Definition};

const SCHEMA: &str = include_str!("../../../../packs/schema.json");

fn packs() -> &'static [Pack] {
    all().expect("every pack is read")
}

fn definitions(pack: &Pack) -> Vec<Definition> {
    let parsed = pack.rules.iter().map(|rule| {
        let template = rule.template.parse(Some(&pack.name));
        template.unwrap_or_else(|error| panic!("{}: {:?}: {error:?}", pack.name, rule.template))
    });
    parsed.collect()
}

#[test]
fn every_pack_is_found_by_the_name_of_its_file() {
    for (name, _) in FILES {
        let pack = find(name).expect("is read").expect("is there");
        let parts: Vec<u32> = pack
            .version
            .split('.')
            .map(|part| part.parse().expect("a number"))
            .collect();
        assert_eq!((pack.name.as_str(), parts.len()), (*name, 3));
        assert!(!pack.title.is_empty() && pack.note.contains("not legal advice"));
    }
    assert!(find("nowhere").expect("is read").is_none());
}

#[test]
fn every_rule_is_a_template_that_says_who_asks_and_where_it_is_written() {
    let mut codes = BTreeSet::new();
    for pack in packs() {
        let country = pack.jurisdiction.to_lowercase();
        for rule in definitions(pack) {
            let code = &rule.code;
            assert!(code.starts_with(&format!("{country}-")), "{code}");
            assert!(codes.insert(code.clone()), "{code} is there twice");
            for said in [
                &rule.title,
                &rule.description,
                &rule.authority,
                &rule.citation,
            ] {
                assert!(!said.is_empty(), "{code}");
            }
            assert!(rule.recurrence.is_some(), "{code} is owed once");
            assert!(!rule.required_evidence.is_empty(), "{code} proves nothing");
        }
    }
}

#[test]
fn what_was_promised_is_there() {
    let count = |name: &str| find(name).expect("is read").expect("is there").rules.len();
    assert!(count("bangladesh") >= 40 && count("united-states-healthcare") >= 40);
    assert!(count("united-kingdom") >= 10 && count("india") >= 10);
}

#[test]
fn every_rule_holds_in_a_place_of_its_pack_and_was_checked_by_the_packs_day() {
    for pack in packs() {
        let places: BTreeMap<&str, &Place> = pack
            .places
            .iter()
            .map(|place| (place.code.as_str(), place))
            .collect();
        assert_eq!(places.len(), pack.places.len(), "{}", pack.name);
        for (definition, rule) in definitions(pack).iter().zip(&pack.rules) {
            let place = definition.jurisdiction.as_str();
            assert!(places.contains_key(place), "{}: {place}", definition.code);
            assert!(rule.checked_on <= pack.checked_on, "{}", definition.code);
        }
        for place in &pack.places {
            match &place.parent {
                None => assert_eq!(
                    (place.kind, &place.code),
                    (JurisdictionKind::Country, &pack.jurisdiction)
                ),
                Some(parent) => {
                    assert!(
                        place.code.starts_with(&format!("{parent}-")),
                        "{}",
                        place.code
                    );
                    assert!(places[parent.as_str()].kind < place.kind, "{}", place.code);
                }
            }
            let country = place.parent.is_none();
            assert!(!country || !place.weekend.is_empty() && place.time_zone.is_some());
            let zone = place.time_zone.as_deref().map(str::parse::<Tz>);
            assert!(zone.is_none_or(|zone| zone.is_ok()), "{}", place.code);
        }
    }
}

#[test]
fn what_nobody_knows_is_refused() {
    let (_, text) = FILES[0];
    assert!(Pack::read(text).is_ok());
    for (member, odd) in [
        ("\"note\":", "\"remark\": 1, \"note\":"),
        ("\"authority\":", "\"authorities\": 1, \"authority\":"),
        (
            "\"checked_on\": \"2026-11-23\"\n    }",
            "\"lead\": 1\n    }",
        ),
    ] {
        let damaged = text.replacen(member, odd, 1);
        assert_ne!(damaged, text);
        assert!(Pack::read(&damaged).is_err(), "{odd}");
    }
}

/// Objects have the members that the schema asks for, and no other.
#[test]
fn the_schema_describes_the_files() {
    let schema: Value = serde_json::from_str(SCHEMA).expect("is JSON");
    let fits = |described: &Value, object: &Value| {
        let object = object.as_object().expect("an object");
        let known = described["properties"].as_object().expect("members");
        for member in object.keys() {
            assert!(known.contains_key(member), "{member} is not described");
        }
        for required in described["required"].as_array().expect("members") {
            let required = required.as_str().expect("a name");
            assert!(object.contains_key(required), "{required} is missing");
        }
    };
    for (_, text) in FILES {
        let pack: Value = serde_json::from_str(text).expect("is JSON");
        fits(&schema, &pack);
        for (list, of) in [("jurisdictions", "jurisdiction"), ("templates", "template")] {
            for one in pack[list].as_array().expect("a list") {
                fits(&schema["$defs"][of], one);
            }
        }
    }
}

mod beside {
    use super::super::{
        compare::{Own, compare, digest, of_rule, of_template},
        model::RuleState,
    };
    use super::*;
    use crate::{ids::TemplateId, templates::Template};

    fn rule() -> Definition {
        let pack = find("india").expect("is read").expect("is there");
        definitions(pack).swap_remove(0)
    }

    /// The template that is made of a rule.
    fn made(rule: &Definition) -> Own {
        let days = rule.lead_days.as_slice().iter();
        Own {
            taken_over: Some(digest(&of_rule(rule)).expect("bytes")),
            template: Template {
                id: TemplateId::from(uuid::Uuid::nil()),
                code: rule.code.clone(),
                category: rule.category.clone(),
                title: rule.title.clone(),
                description: rule.description.clone(),
                authority: rule.authority.clone(),
                citation: rule.citation.clone(),
                jurisdiction: rule.jurisdiction.clone(),
                branch_types: rule.branch_types.clone(),
                recurrence: rule.recurrence.as_ref().map(ToString::to_string),
                anchor: rule.anchor.as_str().to_owned(),
                lead_days: days.map(|day| i16::try_from(*day).expect("few")).collect(),
                grace_days: i16::try_from(rule.grace.get()).expect("few"),
                severity: rule.severity.as_str().to_owned(),
                required_evidence: rule.required_evidence.clone(),
                source: "pack".to_owned(),
                pack: Some("india".to_owned()),
                active: true,
                updated_at: chrono::DateTime::UNIX_EPOCH,
                version: 1,
            },
        }
    }

    fn state(rule: &Definition, own: &Own) -> (RuleState, Vec<&'static str>) {
        let (state, changes) = compare("india", rule, Some(own)).expect("is compared");
        (state, changes.iter().map(|change| change.field).collect())
    }

    #[test]
    fn every_rule_of_every_pack_is_the_same_as_what_is_made_of_it() {
        for pack in packs() {
            for rule in definitions(pack) {
                assert_eq!(of_rule(&rule), of_template(&made(&rule).template));
            }
        }
    }

    #[test]
    fn who_has_changed_it_is_told_apart() {
        let rule = rule();
        let here = made(&rule);
        assert_eq!(
            compare("india", &rule, None).expect("is compared").0,
            RuleState::New
        );
        assert_eq!(state(&rule, &here), (RuleState::Same, vec![]));
        let mut newer = rule.clone();
        newer.title.push('!');
        newer.required_evidence.clear();
        let fields = vec!["title", "required_evidence"];
        assert_eq!(state(&newer, &here), (RuleState::Changed, fields.clone()));
        let mut edited = made(&rule);
        edited.template.severity = "low".to_owned();
        assert_eq!(state(&rule, &edited), (RuleState::Edited, vec!["severity"]));
        let mut from_before = made(&rule);
        from_before.taken_over = None;
        assert_eq!(state(&rule, &from_before), (RuleState::Same, vec![]));
        assert_eq!(state(&newer, &from_before), (RuleState::Edited, fields));
        let mut own = made(&rule);
        own.template.pack = None;
        assert_eq!(state(&newer, &own), (RuleState::Own, vec![]));
    }
}
