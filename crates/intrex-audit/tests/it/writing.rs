//! Writing entries: what goes in comes out, every limit is exact and refuses instead of shortening, and personal values
//! leave no trace in the bytes.

use intrex_audit::{
    Actor, ActorKind, Entity, Entry, EntryDraft, EntryError, PLATFORM_CHAIN, limits,
    verify_disclosure,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::story::{ALICE, draft, event_id, header, salt};

fn plain() -> EntryDraft {
    EntryDraft::new(header(1))
}

fn error_of(draft: EntryDraft) -> EntryError {
    draft.seal().expect_err("must be refused")
}

fn with_header(edit: impl FnOnce(&mut intrex_audit::Header)) -> EntryDraft {
    let mut changed = header(1);
    edit(&mut changed);
    EntryDraft::new(changed)
}

/// Arrays within arrays.
fn nested(levels: usize) -> Value {
    (0..levels).fold(json!("core"), |inner, _| json!([inner]))
}

#[test]
fn a_sealed_entry_reads_back_as_what_was_written() {
    let sealed = draft(1)
        .with_diff(&diff(json!({"after": {"note": "x"}})), salt(2))
        .expect("a diff")
        .seal()
        .expect("valid");
    let entry = Entry::parse(&sealed.bytes).expect("canonical");
    let header = header(1);
    assert_eq!((entry.v, entry.epoch, entry.partition), (1, 1, 202_603));
    assert_eq!(
        (entry.tenant, entry.id, entry.recorded_at),
        (header.tenant, header.id, header.recorded_at)
    );
    assert_eq!(
        (entry.actor.kind, entry.actor.id),
        (ActorKind::Person, Some(ALICE))
    );
    assert_eq!(
        (entry.category, entry.action),
        (header.category, header.action)
    );
    assert_eq!(
        (entry.entity, entry.branch, entry.request_id),
        (header.entity, header.branch, header.request_id)
    );
    assert_eq!(
        Value::Object(entry.metadata),
        json!({"due_on": "2026-03-15", "days_early": 1})
    );
    assert_eq!(entry.personal.keys().collect::<Vec<_>>(), ["diff", "note"]);
}

fn diff(value: Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

#[test]
fn personal_values_and_salts_are_in_the_disclosures_and_nowhere_else() {
    let sealed = plain()
        .with_personal("email", "alice@example.org", salt(1))
        .seal()
        .expect("valid");
    let text = String::from_utf8(sealed.bytes.clone()).expect("UTF-8");
    assert!(!text.contains("alice@example.org") && !text.contains(&hex::encode(salt(1))));
    assert_eq!(sealed.disclosures[0].value, "alice@example.org");
    assert_eq!(sealed.disclosures[0].salt, salt(1));
    assert!(
        !format!("{sealed:?}").contains("alice@example.org"),
        "a value must not reach a log by way of Debug"
    );
}

#[test]
fn a_disclosure_holds_for_its_field_salt_and_value_only() {
    let sealed = plain()
        .with_personal("reason", "late", salt(1))
        .with_personal("note", "late", salt(2))
        .seal();
    let entry = Entry::parse(&sealed.expect("valid").bytes).expect("canonical");
    assert!(verify_disclosure(&entry, "reason", &salt(1), "late"));
    assert!(!verify_disclosure(&entry, "note", &salt(1), "late"));
    assert!(!verify_disclosure(&entry, "reason", &salt(2), "late"));
    assert!(!verify_disclosure(&entry, "reason", &salt(1), "later"));
    assert!(!verify_disclosure(&entry, "title", &salt(1), "late"));
}

#[test]
fn metadata_may_fill_its_limit_and_not_a_byte_more() {
    let room = limits::METADATA_MAX_BYTES - r#"{"k":""}"#.len();
    assert!(plain().with_metadata("k", "x".repeat(room)).seal().is_ok());
    let size = limits::METADATA_MAX_BYTES + 1;
    assert_eq!(
        error_of(plain().with_metadata("k", "x".repeat(room + 1))),
        EntryError::MetadataTooLarge { size }
    );
    // Bytes, not characters: this one has a third as many.
    assert!(matches!(
        error_of(plain().with_metadata("k", "ক".repeat(room / 3 + 1))),
        EntryError::MetadataTooLarge { .. }
    ));
}

#[test]
fn the_largest_entry_that_the_other_limits_allow_stays_below_its_own() {
    let mut draft = with_header(|h| {
        h.actor = Actor::token(ALICE, Some(ALICE));
        h.category = "c".repeat(limits::NAME_MAX_BYTES);
        h.action = "a".repeat(limits::ACTION_MAX_BYTES);
        h.entity = Some(Entity::new(
            &"e".repeat(limits::NAME_MAX_BYTES),
            "i".repeat(limits::ENTITY_ID_MAX_BYTES),
        ));
        h.request_id = Some("r".repeat(limits::REQUEST_ID_MAX_BYTES));
    })
    .with_metadata(
        "k",
        "x".repeat(limits::METADATA_MAX_BYTES - r#"{"k":""}"#.len()),
    );
    for n in 0..limits::PERSONAL_FIELDS_MAX as u16 {
        let name = format!("f{n:0width$}", width = limits::NAME_MAX_BYTES - 1);
        draft = draft.with_personal(&name, "x".repeat(limits::PERSONAL_VALUE_MAX_BYTES), salt(n));
    }
    let sealed = draft.clone().seal().expect("every part at its limit");
    assert!(sealed.bytes.len() < limits::ENTRY_MAX_BYTES);
    let one_more = draft.with_personal("one_more", "", salt(99));
    assert_eq!(error_of(one_more), EntryError::TooManyFields { count: 33 });
}

#[test]
fn committed_values_are_refused_beyond_their_limits() {
    let long = "x".repeat(limits::PERSONAL_VALUE_MAX_BYTES + 1);
    let expected = EntryError::ValueTooLarge {
        field: "note".to_owned(),
        size: 4_097,
        limit: 4_096,
    };
    assert_eq!(
        error_of(plain().with_personal("note", long, salt(1))),
        expected
    );

    let room = limits::DIFF_MAX_BYTES - r#"{"a":""}"#.len();
    let fits = plain()
        .with_diff(&diff(json!({"a": "x".repeat(room)})), salt(1))
        .expect("checked at sealing");
    assert!(fits.seal().is_ok());
    let over = plain()
        .with_diff(&diff(json!({"a": "x".repeat(room + 1)})), salt(1))
        .expect("checked at sealing");
    assert!(matches!(
        error_of(over),
        EntryError::ValueTooLarge { size: 4_097, .. }
    ));
}

#[test]
fn depth_is_counted_from_the_entry_for_metadata_and_from_the_diff_for_a_diff() {
    assert!(plain().with_metadata("k", nested(14)).seal().is_ok());
    assert_eq!(
        error_of(plain().with_metadata("k", nested(15))),
        EntryError::TooDeep("metadata")
    );
    assert_eq!(
        error_of(plain().with_metadata("k", nested(100))),
        EntryError::TooDeep("metadata")
    );
    assert!(
        plain()
            .with_diff(&diff(json!({"k": nested(15)})), salt(1))
            .is_ok()
    );
    let deeper = plain().with_diff(&diff(json!({"k": nested(16)})), salt(1));
    assert_eq!(deeper.expect_err("too deep"), EntryError::TooDeep("diff"));
}

#[test]
fn floats_and_inexact_integers_are_refused_in_metadata_and_diff() {
    for (value, error) in [
        (
            json!(0.5),
            EntryError::Float as fn(&'static str) -> EntryError,
        ),
        (json!(2.0), EntryError::Float),
        (
            json!(limits::INTEGER_MAX + 1),
            EntryError::IntegerOutOfRange,
        ),
        (json!(u64::MAX), EntryError::IntegerOutOfRange),
    ] {
        assert_eq!(
            error_of(plain().with_metadata("k", json!({"deep": [value]}))),
            error("metadata")
        );
        let refused = plain()
            .with_diff(&diff(json!({"k": value})), salt(1))
            .expect_err("refused");
        assert_eq!(refused, error("diff"));
    }
}

#[test]
fn a_diff_given_as_text_must_be_canonical() {
    assert!(
        plain()
            .with_personal("diff", r#"{"a":1,"b":null}"#, salt(1))
            .seal()
            .is_ok()
    );
    for text in [
        r#"{"b":1,"a":1}"#,
        r#"{"a": 1}"#,
        r#"{"a":1,"a":1}"#,
        "[]",
        "",
        "changed a",
    ] {
        assert_eq!(
            error_of(plain().with_personal("diff", text, salt(1))),
            EntryError::DiffNotCanonical,
            "{text}"
        );
    }
}

#[test]
fn nothing_can_be_given_twice() {
    let twice = plain().with_metadata("k", 1).with_metadata("k", 1);
    assert_eq!(error_of(twice), EntryError::DuplicateKey("k".to_owned()));
    let twice = plain()
        .with_personal("ip", "203.0.113.7", salt(1))
        .with_personal("ip", "203.0.113.7", salt(2));
    assert_eq!(error_of(twice), EntryError::DuplicateField("ip".to_owned()));
}

#[test]
fn a_salt_of_zeros_or_used_for_two_fields_is_refused() {
    let expected = EntryError::Salt("note".to_owned());
    assert_eq!(
        error_of(plain().with_personal("note", "x", [0; 32])),
        expected
    );
    assert_eq!(
        error_of(
            plain()
                .with_personal("ip", "x", salt(1))
                .with_personal("note", "x", salt(1))
        ),
        expected
    );
}

#[test]
fn personal_data_under_a_telling_key_is_refused_in_metadata() {
    for key in limits::PERSONAL_KEYS {
        let expected = EntryError::PersonalKey(key.to_owned());
        assert_eq!(error_of(plain().with_metadata(key, "x")), expected);
        assert_eq!(
            error_of(plain().with_metadata("k", json!([{"deep": {key: "x"}}]))),
            expected
        );
    }
    for key in [
        "",
        "two words",
        "ঠিকানা",
        "alice@example.org",
        &"k".repeat(65),
    ] {
        assert_eq!(
            error_of(plain().with_metadata(key, "x")),
            EntryError::MetadataKey(key.to_owned())
        );
    }
    assert_eq!(
        error_of(plain().with_metadata("k", "a\0b")),
        EntryError::Nul
    );
}

#[test]
fn field_names_keep_their_grammar() {
    for name in [
        "",
        "Reason",
        "re-ason",
        "1st",
        "কারণ",
        "a\0b",
        &"f".repeat(65),
    ] {
        assert_eq!(
            error_of(plain().with_personal(name, "x", salt(1))),
            EntryError::FieldName(name.to_owned())
        );
    }
}

#[test]
fn headers_that_make_no_sense_are_refused() {
    assert_eq!(
        error_of(with_header(|h| h.id = Uuid::nil())),
        EntryError::EventId
    );
    assert_eq!(
        error_of(with_header(
            |h| h.id = Uuid::from_u128(0x4000_8000_0000_0000_0000)
        )),
        EntryError::EventId
    );
    assert_eq!(
        error_of(with_header(|h| h.branch = Some(Uuid::nil()))),
        EntryError::NilId("branch")
    );
    assert_eq!(
        error_of(with_header(|h| h.actor = Actor::person(Uuid::nil()))),
        EntryError::NilId("actor.id")
    );
    let nobody = Actor {
        id: Some(ALICE),
        ..Actor::anonymous()
    };
    assert!(matches!(
        error_of(with_header(|h| h.actor = nobody)),
        EntryError::Actor(_)
    ));
    let lost = Actor {
        id: None,
        ..Actor::token(ALICE, None)
    };
    assert!(matches!(
        error_of(with_header(|h| h.actor = lost)),
        EntryError::Actor(_)
    ));
    for (member, draft) in [
        ("category", with_header(|h| h.category.clear())),
        ("action", with_header(|h| h.action = "done!".to_owned())),
        (
            "entity.type",
            with_header(|h| h.entity = Some(Entity::new("An obligation", event_id(1)))),
        ),
        (
            "entity.id",
            with_header(|h| h.entity = Some(Entity::new("person", "alice@example.org"))),
        ),
        (
            "request_id",
            with_header(|h| h.request_id = Some("1'; drop table".to_owned())),
        ),
    ] {
        assert!(
            matches!(error_of(draft), EntryError::Name { member: found, .. } if found == member),
            "{member}"
        );
    }
}

#[test]
fn every_kind_of_actor_can_be_written_on_the_platforms_chain() {
    for actor in [
        Actor::person(ALICE),
        Actor::token(ALICE, Some(ALICE)),
        Actor::worker(None),
        Actor {
            person: Some(ALICE),
            ..Actor::worker(Some(ALICE))
        },
        Actor::operator(Some(ALICE)),
        Actor::anonymous(),
    ] {
        let sealed = with_header(|h| (h.tenant, h.actor) = (PLATFORM_CHAIN, actor.clone()))
            .seal()
            .expect("valid");
        assert_eq!(Entry::parse(&sealed.bytes).expect("canonical").actor, actor);
    }
}

/// Any JSON value that metadata may hold, within its size.
fn machine_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-limits::INTEGER_MAX..=limits::INTEGER_MAX).prop_map(Value::from),
        any::<String>().prop_map(|text| Value::from(
            text.replace('\0', "").chars().take(20).collect::<String>()
        )),
    ];
    leaf.prop_recursive(6, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[A-Z_.:-][A-Za-z0-9_.:-]{0,8}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn random_metadata_comes_back_the_same_and_its_form_is_canonical(
        members in prop::collection::btree_map("[A-Z_.:-][A-Za-z0-9_.:-]{0,8}", machine_value(), 0..4)
    ) {
        let mut draft = plain();
        // Added in the opposite order: the order of writing must not matter.
        for (key, value) in members.iter().rev() {
            draft = draft.with_metadata(key, value.clone());
        }
        match draft.seal() {
            Ok(sealed) => {
                let entry = Entry::parse(&sealed.bytes).expect("what was sealed is canonical");
                prop_assert_eq!(&entry.metadata, &members.into_iter().collect::<Map<_, _>>());
                let again = serde_json_canonicalizer::to_vec(&entry).expect("an entry");
                prop_assert_eq!(&again, &sealed.bytes);
                let pretty = serde_json::to_vec_pretty(&entry).expect("an entry");
                prop_assert_eq!(Entry::parse(&pretty), Err(EntryError::NotCanonical));
            }
            Err(error) => prop_assert!(matches!(error, EntryError::MetadataTooLarge { .. }), "{}", error),
        }
    }

    #[test]
    fn any_text_can_be_committed_to_and_disclosed(value in any::<String>(), random in any::<[u8; 32]>()) {
        prop_assume!(random != [0; 32] && value.len() <= limits::PERSONAL_VALUE_MAX_BYTES);
        let sealed = plain().with_personal("note", value.clone(), random).seal().expect("valid");
        let entry = Entry::parse(&sealed.bytes).expect("canonical");
        prop_assert!(verify_disclosure(&entry, "note", &random, &value));
        let longer = value + "x";
        prop_assert!(!verify_disclosure(&entry, "note", &random, &longer));
    }

    #[test]
    fn reading_arbitrary_bytes_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Entry::parse(&bytes).is_err());
    }
}
