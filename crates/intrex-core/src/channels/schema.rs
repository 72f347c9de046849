//! The shape of a webhook's body as JSON Schema (2020-12), one document an event type and version, derived from the types that
//! are sent. `docs/webhooks/` has them for whoever writes a receiver; a test holds that they are these.

use chrono::{DateTime, NaiveDate};
use serde_json::{Map, Value, json};
use utoipa::PartialSchema;
use uuid::Uuid;

use super::{
    event_type::EventType,
    facts::{
        ConnectorFacts, DeliveryFacts, DigestFacts, ObligationFacts, SecurityEventFacts, Subject,
    },
    letter::{NOTICE_VERSION, Notice, NoticeBranch, NoticeEntity, Timing},
};
use crate::ids::TenantId;

/// The dialect. What utoipa derives for OpenAPI 3.1 is written in it.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The file that an event's schema is in.
pub fn file_name(event: EventType) -> String {
    format!("{event}.v{NOTICE_VERSION}.json")
}

/// The schema of an event's body. It leaves room for members that are not known yet: shapes grow.
pub fn of(event: EventType) -> Value {
    let mut schema = derived::<Notice>();
    let properties = &mut schema["properties"];
    properties["type"] = json!({ "const": event.as_str(), "description": "What has happened." });
    properties["version"] =
        json!({ "const": NOTICE_VERSION, "description": "The version of this shape." });
    properties["entity"] = entity(event.subject());
    let mut whole = Map::new();
    whole.insert("$schema".to_owned(), json!(DIALECT));
    let id = format!("urn:intrex:webhook:{event}:{NOTICE_VERSION}");
    whole.insert("$id".to_owned(), json!(id));
    let title = format!("{event}, version {NOTICE_VERSION}");
    whole.insert("title".to_owned(), json!(title));
    whole.insert("description".to_owned(), json!(event.description()));
    for member in ["type", "required", "properties"] {
        whole.insert(member.to_owned(), schema[member].take());
    }
    whole.insert("examples".to_owned(), json!([example(event)]));
    Value::Object(whole)
}

/// The text of an event's file.
pub fn text(event: EventType) -> String {
    format!("{:#}\n", of(event))
}

fn entity(subject: Subject) -> Value {
    let mut schema = match subject {
        Subject::Obligation => derived::<ObligationFacts>(),
        Subject::Connector => derived::<ConnectorFacts>(),
        Subject::Delivery => derived::<DeliveryFacts>(),
        Subject::SecurityEvent => derived::<SecurityEventFacts>(),
        Subject::Digest => derived::<DigestFacts>(),
    };
    schema["description"] = json!("What it is about.");
    schema["properties"]["type"] = json!({ "const": subject.as_str() });
    schema["properties"]["id"] = json!({ "type": "string", "format": "uuid" });
    let required = schema["required"].as_array().into_iter().flatten().cloned();
    let required: Vec<_> = [json!("type"), json!("id")]
        .into_iter()
        .chain(required)
        .collect();
    schema["required"] = Value::Array(required);
    schema
}

fn derived<T: PartialSchema>() -> Value {
    plain(serde_json::to_value(T::schema()).expect("a schema is JSON"))
}

/// Without what OpenAPI knows and JSON Schema does not: a described part comes as `allOf` of itself and of an object that has
/// the description, and numbers have formats.
fn plain(schema: Value) -> Value {
    match schema {
        Value::Array(all) => all.into_iter().map(plain).collect(),
        Value::Object(mut members) => {
            if let Some(Value::Array(parts)) = members.get_mut("allOf")
                && let [part, described] = parts.as_mut_slice()
            {
                part["description"] = described["description"].take();
                return plain(part.take());
            }
            members.retain(|name, value| name != "format" || !is_of_a_number(value));
            let members = members.into_iter();
            members.map(|(name, value)| (name, plain(value))).collect()
        }
        other => other,
    }
}

fn is_of_a_number(format: &Value) -> bool {
    format.as_str().is_some_and(|name| name.starts_with("int"))
}

/// How an obligation is when this has been said of it.
fn status_after(event: EventType) -> &'static str {
    match event {
        EventType::ObligationOverdue | EventType::ObligationEscalated => "overdue",
        EventType::ObligationCompleted => "completed",
        EventType::ObligationWaived => "waived",
        _ => "upcoming",
    }
}

/// An event as it may be sent.
pub fn example(event: EventType) -> Notice {
    let id = |last: u128| Uuid::from_u128(0x0193_5a2e_7c00_7000_8000_0000_0000_0000 + last);
    let title = |text: &str| text.to_owned();
    let thing = id(4);
    let (entity, page) = match event.subject() {
        Subject::Obligation => {
            let facts = ObligationFacts {
                title: title("Renew the fire licence"),
                reference: Some("FL-2291".to_owned()),
                status: Some(status_after(event).to_owned()),
            };
            (NoticeEntity::new(thing, &facts), "obligations")
        }
        Subject::Connector => {
            let failing = matches!(
                event,
                EventType::ConnectorFailing | EventType::ConnectorDisabled
            );
            let facts = ConnectorFacts {
                title: title("Operations"),
                reason: failing.then(|| "timed_out".to_owned()),
            };
            (NoticeEntity::new(thing, &facts), "settings/connectors")
        }
        Subject::Delivery => {
            let facts = DeliveryFacts {
                title: title("Renew the fire licence"),
                connector_id: Some(id(5)),
                event_type: Some(EventType::ObligationDue),
                reason: Some("server_error".to_owned()),
            };
            (NoticeEntity::new(thing, &facts), "messages/deliveries")
        }
        Subject::SecurityEvent => {
            let facts = SecurityEventFacts {
                title: title("Many failed sign-ins"),
            };
            (NoticeEntity::new(thing, &facts), "settings/security/events")
        }
        Subject::Digest => {
            let facts = DigestFacts {
                title: title("Due this week"),
            };
            (NoticeEntity::new(thing, &facts), "messages")
        }
    };
    let of_an_item = event.subject() == Subject::Obligation;
    let is_late = status_after(event) == "overdue";
    Notice {
        id: id(1),
        kind: event,
        version: NOTICE_VERSION,
        tenant_id: TenantId::from(id(2)),
        occurred_at: DateTime::from_timestamp(1_795_402_800, 0).unwrap_or_default(),
        severity: of_an_item.then(|| "high".to_owned()),
        branch: of_an_item.then(|| NoticeBranch {
            id: id(3),
            name: "Gulshan".to_owned(),
        }),
        entity,
        timing: match of_an_item {
            true => Timing {
                due_on: NaiveDate::from_ymd_opt(2026, 11, if is_late { 20 } else { 30 }),
                certificate_expires_at: None,
                days_remaining: Some(if is_late { -3 } else { 7 }),
            },
            false => Timing::default(),
        },
        url: Some(format!("https://intrex.example/{page}/{thing}")),
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn the_published_schemas_are_those_of_what_is_sent() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let (published, made) = (root.join("docs/webhooks"), root.join("target/webhooks"));
        fs::create_dir_all(&made).expect("the target directory can be made");
        let mut differ = Vec::new();
        for event in EventType::ALL.iter().copied() {
            let name = file_name(event);
            let text = text(event);
            if fs::read_to_string(published.join(&name)).ok().as_deref() != Some(&*text) {
                fs::write(made.join(&name), text).expect("the target directory is writable");
                differ.push(name);
            }
        }
        assert!(
            differ.is_empty(),
            "docs/webhooks is not what is sent; the new ones are in target/webhooks: read them, then copy them: {differ:?}"
        );
        let known: BTreeSet<_> = EventType::ALL.iter().copied().map(file_name).collect();
        let there: BTreeSet<_> = fs::read_dir(&published)
            .expect("docs/webhooks")
            .map(|file| {
                file.expect("a file")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        assert_eq!(there, known, "one file an event type and version");
    }

    #[test]
    fn a_schema_stands_by_itself_and_asks_for_nothing_impossible() {
        for event in EventType::ALL.iter().copied() {
            let text = text(event);
            for foreign in ["$ref", "allOf", "int32", "int64", "nullable"] {
                assert!(!text.contains(foreign), "{event}: {foreign}");
            }
        }
    }

    #[test]
    fn what_is_sent_has_every_member_that_its_schema_asks_for_and_no_other() {
        for event in EventType::ALL.iter().copied() {
            let (schema, sent) = (of(event), json!(example(event)));
            complete(&schema, &sent, event.as_str());
            for (pointer, expected) in [
                ("/type", json!(event.as_str())),
                ("/version", json!(NOTICE_VERSION)),
                ("/entity/type", json!(event.subject().as_str())),
            ] {
                let rule = format!(
                    "/properties{}",
                    pointer.replace("entity/", "entity/properties/")
                );
                assert_eq!(schema.pointer(&rule).expect("a rule")["const"], expected);
                assert_eq!(sent.pointer(pointer), Some(&expected));
            }
        }
    }

    /// Holds an object against its schema, member by member, all the way down.
    fn complete(schema: &Value, sent: &Value, of: &str) {
        let (Some(rules), Some(members)) = (schema["properties"].as_object(), sent.as_object())
        else {
            return;
        };
        for name in schema["required"].as_array().expect("what is required") {
            let name = name.as_str().expect("a name");
            assert!(members.contains_key(name), "{of}: {name} is missing");
            assert!(rules.contains_key(name), "{of}: {name} has no rule");
        }
        for (name, value) in members {
            let rule = rules.get(name);
            let rule = rule.unwrap_or_else(|| panic!("{of}: {name} is not described"));
            complete(rule, value, name);
        }
    }
}
