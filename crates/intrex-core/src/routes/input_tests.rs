//! What may be typed about routes, and what is told of it.

use serde_json::{Value, json};

use super::*;
use crate::Error;

fn raw(body: Value) -> RawRoute {
    serde_json::from_value(body).expect("fields of a route")
}

fn parsed(body: Value) -> error::Result<Facts> {
    let (facts, errors) = raw(body).parse(None);
    finished(facts, errors)
}

fn wrong(body: Value) -> Vec<String> {
    match parsed(body) {
        Err(Error::Invalid(fields)) => fields.into_iter().map(|one| one.field).collect(),
        other => panic!("{other:?}"),
    }
}

fn usual() -> Value {
    json!({ "name": "Overdue", "event_types": ["obligation.overdue", "obligation.due"], "recipient": "responsible" })
}

fn with(field: &str, value: Value) -> Value {
    let mut body = usual();
    body[field] = value;
    body
}

#[test]
fn what_is_left_out_is_the_usual() {
    let facts = parsed(usual()).expect("a route");
    assert_eq!(
        facts.event_types,
        [EventType::ObligationDue, EventType::ObligationOverdue],
        "in the one order of events"
    );
    assert_eq!(facts.min_severity, Severity::Low);
    assert!(facts.active && facts.quiet.is_none() && facts.escalate_to.is_none());
}

#[test]
fn a_digest_goes_to_people() {
    let digests = json!(["digest", "obligation.overdue"]);
    let mut body = with("event_types", digests);
    assert!(parsed(body.clone()).is_ok());
    body["recipient"] = json!("endpoint");
    assert_eq!(wrong(body), ["event_types"]);
}

#[test]
fn all_wrong_fields_are_told_at_once() {
    let fields = wrong(json!({
        "name": "www.example.com", "event_types": ["connector.test"], "min_severity": "worst", "branch_id": "x",
        "connector_id": "y", "recipient": "everybody", "quiet": { "from": "25:00", "to": "7:00", "days": ["friday"] },
        "escalate_after_hours": 721, "escalate_to": "responsible", "active": "perhaps",
    }));
    let all = [
        "name",
        "event_types",
        "min_severity",
        "recipient",
        "branch_id",
        "connector_id",
        "quiet.from",
        "quiet.to",
        "quiet.days",
        "escalate_after_hours",
        "escalate_to",
        "active",
    ];
    assert_eq!(fields, all);
    assert_eq!(
        wrong(json!({})),
        ["name", "event_types", "recipient"],
        "what is required"
    );
}

#[test]
fn only_what_can_be_routed_is_chosen() {
    for no in ["connector.test", "connector.verify", "obligation.forgotten"] {
        assert_eq!(
            wrong(with("event_types", json!([no]))),
            ["event_types"],
            "{no}"
        );
    }
    assert_eq!(wrong(with("event_types", json!([]))), ["event_types"]);
}

#[test]
fn quiet_hours_leave_some_time() {
    let none = [
        json!({ "quiet": null }),
        json!({ "quiet": {} }),
        json!({ "quiet": { "from": "", "to": "" } }),
    ];
    for body in none {
        let facts = parsed(with("quiet", body["quiet"].clone())).expect("a route");
        assert_eq!(facts.quiet, None);
    }
    let nights = parsed(with("quiet", json!({ "from": "22:00", "to": "07:00" })));
    let nights = nights.expect("a route").quiet.expect("quiet hours");
    assert_eq!(nights.days, Weekdays::ALL);
    let always = json!({ "from": "00:00", "to": "00:00" });
    assert_eq!(wrong(with("quiet", always)), ["quiet.to"]);
    let weekend = json!({ "from": "00:00", "to": "00:00", "days": ["fri", "sat"] });
    assert!(parsed(with("quiet", weekend)).is_ok());
    assert_eq!(
        wrong(with("quiet", json!({ "days": ["fri"] }))),
        ["quiet.from", "quiet.to"]
    );
    let unknown: Result<RawRoute, _> =
        serde_json::from_value(json!({ "quiet": { "until": "07:00" } }));
    assert!(unknown.is_err());
}

#[test]
fn escalation_is_whole_and_for_reminders_to_people() {
    let mut body = with("escalate_after_hours", json!(24));
    assert_eq!(wrong(body.clone()), ["escalate_to"]);
    body["escalate_to"] = json!("head_office");
    let facts = parsed(body.clone()).expect("a route");
    assert_eq!(facts.escalate_after_hours, Some(24));
    body["event_types"] = json!(["obligation.completed"]);
    assert_eq!(wrong(body.clone()), ["escalate_to"]);
    body["event_types"] = json!(["obligation.due"]);
    body["recipient"] = json!("endpoint");
    assert_eq!(wrong(body), ["escalate_to"]);
    assert_eq!(
        wrong(with("escalate_to", json!("branch_managers"))),
        ["escalate_after_hours"]
    );
}

#[test]
fn a_person_is_named_where_it_is_one() {
    let id = "0192f000-0000-7000-8000-000000000001";
    assert_eq!(wrong(with("recipient", json!("person"))), ["person_id"]);
    assert_eq!(wrong(with("person_id", json!(id))), ["person_id"]);
    let mut body = with("recipient", json!("person"));
    body["person_id"] = json!(id);
    let before = parsed(body).expect("a route");
    let (after, errors) = raw(json!({ "recipient": "head_office" })).parse(Some(&before));
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(after.expect("a route").person_id, None);
}

#[test]
fn a_change_leaves_what_it_does_not_name_and_empties_with_null() {
    let mut body = with("quiet", json!({ "from": "22:00", "to": "07:00" }));
    body["escalate_after_hours"] = json!(24);
    body["escalate_to"] = json!("head_office");
    body["active"] = json!(false);
    let before = parsed(body).expect("a route");
    let (same, errors) = RawRoute::default().parse(Some(&before));
    assert!(errors.is_empty());
    assert_eq!(same.as_ref(), Some(&before));
    let change =
        json!({ "quiet": null, "escalate_after_hours": null, "escalate_to": null, "active": true });
    let (after, errors) = raw(change).parse(Some(&before));
    let after = finished(after, errors).expect("a route");
    assert_eq!(
        (after.quiet, after.escalate_to, after.active),
        (None, None, true)
    );
    assert_eq!(after.name, before.name);
}

#[test]
fn mail_goes_to_people_and_anything_else_to_whom_the_connector_names() {
    for recipient in Recipients::ALL {
        let to_people = *recipient != Recipients::Endpoint;
        assert_eq!(fits_way(*recipient, true).is_ok(), to_people);
        assert_eq!(fits_way(*recipient, false).is_ok(), !to_people);
    }
}
