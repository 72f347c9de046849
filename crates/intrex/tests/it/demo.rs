//! `intrex demo`: what a script finds in `demo.json`, that it stays a demonstration, and that it stops cleanly and goes on
//! where it was.

use std::{collections::BTreeSet, os::unix::fs::PermissionsExt as _};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::{Program, browser::get_json};

/// The last line that the demonstration prints when it is ready.
const READY: &str = "Ctrl-C stops everything";

fn demo_json(program: &Program) -> Value {
    let path = program.data_dir().join("demo.json");
    let mode = std::fs::metadata(&path)
        .expect("is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600, "readable by its owner only");
    let text = std::fs::read_to_string(&path).expect("is readable");
    serde_json::from_str(&text).expect("is JSON")
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().expect("a list")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

/// How many obligations of each status somebody sees.
async fn seen(demo: &Value, user: &Value, status: &str) -> usize {
    let address = format!(
        "{}/api/v1/obligations?limit=200&status={status}",
        text(&demo["base_url"])
    );
    let page = get_json(&address, text(&user["api_token"])).await;
    list(&page["items"]).len()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_is_complete_stays_one_and_goes_on_where_it_was() {
    let mut program = Program::on_an_empty_database().await;
    program.unset("INTREX_ENV");
    let running = program.start(&["demo"], READY).await;
    let demo = demo_json(&program);
    let tenants = list(&demo["tenants"]);
    assert_eq!(tenants.len(), 2);
    let branches: Vec<usize> = tenants.iter().map(|t| list(&t["branches"]).len()).collect();
    assert_eq!(branches, [12, 8]);
    for tenant in tenants {
        let users = list(&tenant["users"]);
        let roles: Vec<&str> = users.iter().map(|user| text(&user["role"])).collect();
        assert_eq!(
            roles,
            [
                "head_office_admin",
                "branch_manager",
                "branch_manager",
                "operator",
                "operator"
            ]
        );
        let keys: BTreeSet<&String> = users[0].as_object().expect("an object").keys().collect();
        let promised = [
            "api_token",
            "branch_ids",
            "email",
            "id",
            "password",
            "role",
            "totp_secret",
        ];
        assert_eq!(keys.into_iter().collect::<Vec<_>>(), promised);
        for status in ["upcoming", "due_today", "overdue", "completed", "waived"] {
            assert!(
                seen(&demo, &users[0], status).await > 0,
                "nothing is {status}"
            );
        }
        for user in users {
            let address = format!("{}/api/v1/notifications?limit=200", text(&demo["base_url"]));
            let inbox = get_json(&address, text(&user["api_token"])).await;
            let read = list(&inbox["items"])
                .iter()
                .filter(|message| !message["read_at"].is_null())
                .count();
            assert!(read >= 10, "{} has read {read} reminders", user["email"]);
        }
        for user in &users[1..] {
            let work = seen(&demo, user, "open").await;
            assert!(work >= 5, "{} has {work} things to do", user["email"]);
            assert!(
                seen(&demo, user, "overdue").await > 0,
                "{} is late with nothing",
                user["email"]
            );
        }
    }
    let verified = program.run(&["audit", "verify", "--json"]).json();
    assert_eq!(verified["intact"], true, "{verified}");
    assert_eq!(running.stop(Signal::SIGINT).await, Some(0));

    let again = program.start(&["demo"], READY).await;
    let kept = demo_json(&program);
    assert_eq!(
        kept["tenants"], demo["tenants"],
        "people keep their passwords"
    );
    assert_ne!(
        kept["base_url"], demo["base_url"],
        "the address follows the port"
    );
    assert!(seen(&kept, &kept["tenants"][0]["users"][0], "open").await > 0);
    assert_eq!(again.stop(Signal::SIGTERM).await, Some(0));

    let said = program.run(&["serve"]).refused();
    assert!(said.contains("holds a demonstration"), "{said}");
    program.set("INTREX_ENV", "production");
    let said = program.run(&["demo"]).refused();
    assert!(said.contains("a demonstration never runs there"), "{said}");
    program.set("INTREX_ENV", "development");
    program.set("BIND", "0.0.0.0:0");
    for command in ["demo", "serve"] {
        let said = program.run(&[command]).refused();
        assert!(said.contains("BIND"), "{command}: {said}");
    }
    program.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_the_demonstration_did_not_make_is_left_alone() {
    let program = Program::on_an_empty_database().await;
    program.run(&["migrate"]).well();
    program
        .run(&["tenant", "create", "Acme", "--reason", "real data"])
        .well();
    let said = program.run(&["demo"]).refused();
    assert!(said.contains("was not made by `intrex demo`"), "{said}");
    let tenants = program.run(&["tenant", "list", "--json"]).json();
    assert_eq!(list(&tenants).len(), 1);
    // The other way round: a demonstration's directory with somebody's database.
    std::fs::write(program.data_dir().join("demo.json"), "{}").expect("is written");
    let said = program.run(&["serve"]).refused();
    assert!(said.contains("was not made by it"), "{said}");
    program.finish().await;
}
