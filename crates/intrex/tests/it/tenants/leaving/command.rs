//! The operator deletes organisations by command, beside a running server.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::support::Program;

fn row<'a>(listed: &'a Value, id: &str) -> &'a Value {
    let rows = listed.as_array().expect("a list");
    rows.iter()
        .find(|row| row["id"] == id)
        .expect("it is listed")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_deletes_by_id_and_name_and_thinks_better_of_it() {
    let program = Program::on_an_empty_database().await;
    program.run(&["migrate"]).well();
    let run = |arguments: &[&str]| {
        let all: Vec<&str> = arguments
            .iter()
            .copied()
            .chain(["--reason", "contract 4711 has ended", "--json"])
            .collect();
        program.run(&all)
    };
    let made = run(&["tenant", "create", "Acme"]).json();
    let id = made["id"].as_str().expect("an id");
    let said = run(&["tenant", "delete", id, "--confirm", "acme"]).refused();
    assert!(said.contains("confirm_name"), "{said}");
    assert_eq!(
        program.run(&["tenant", "delete", id, "--reason", "x"]).code,
        Some(2),
        "the name is asked for"
    );
    let elsewhere = "0199aaaa-0000-7000-8000-000000000000";
    let said = run(&["tenant", "delete", elsewhere, "--confirm", "Acme"]).refused();
    assert!(said.contains("there is no organisation"), "{said}");

    let pending = run(&["tenant", "delete", id, "--confirm", "Acme"]).json();
    assert_eq!(pending["requested_by"], Value::Null);
    let listed = program.run(&["tenant", "list", "--json"]).json();
    assert_eq!(row(&listed, id)["deletion_due_at"], pending["due_at"]);
    let said = run(&["tenant", "delete", id, "--confirm", "Acme"]).refused();
    assert!(said.contains("to be deleted already"), "{said}");
    let kept = run(&["tenant", "delete", id, "--cancel"]).json();
    assert_eq!(kept["deletion_due_at"], Value::Null);

    run(&["tenant", "suspend", "--tenant", id]).well();
    let now = run(&["tenant", "delete", id, "--confirm", "Acme", "--now"]).json();
    assert_eq!(now["due_at"], now["requested_at"]);
    let verified = program
        .run(&["audit", "verify", "--tenant", id, "--json"])
        .json();
    assert_eq!(verified["intact"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_out_can_be_checked_by_its_manifest() {
    let program = Program::on_an_empty_database().await;
    program.run(&["migrate"]).well();
    let made = program
        .run(&[
            "tenant",
            "create",
            "Acme",
            "--reason",
            "a contract",
            "--json",
        ])
        .json();
    let id = made["id"].as_str().expect("an id");
    let directory = tempfile::tempdir().expect("a directory");
    let out = directory.path().join("acme");
    let out = out.to_str().expect("a path");
    let take = [
        "tenant",
        "export",
        id,
        "--out",
        out,
        "--reason",
        "they asked for it",
        "--json",
    ];
    let manifest = program.run(&take).json();
    let written = std::fs::read_to_string(format!("{out}/manifest.json")).expect("a manifest");
    assert_eq!(
        serde_json::from_str::<Value>(&written).expect("JSON"),
        manifest
    );
    assert_eq!(manifest["tenant_id"], id);
    let files = manifest["files"].as_array().expect("files");
    assert_eq!(files.len(), 8);
    for file in files {
        let path = format!("{out}/{}", file["name"].as_str().expect("a name"));
        let bytes = std::fs::read(&path).expect("the file");
        assert_eq!(
            file["sha256"],
            hex::encode(Sha256::digest(&bytes)),
            "{path}"
        );
        let mode = std::fs::metadata(&path)
            .expect("is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{path}");
    }
    let mode = std::fs::metadata(out)
        .expect("is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
    let said = program.run(&take).refused();
    assert!(said.contains("cannot make"), "{said}");
}
