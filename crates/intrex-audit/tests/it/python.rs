//! Runs the second implementation. It proves that the format is what the document says and not what one library happens
//! to do, so a machine without Python fails this test instead of skipping it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

fn verify(directory: &Path) -> Output {
    Command::new("python3").arg("-B").arg(vectors().join("verify.py")).arg(directory).output().unwrap_or_else(|error| {
        panic!(
            "python3 could not be started ({error}): install it (Debian: apt-get install python3), because the second \
             implementation of the audit format has to agree"
        )
    })
}

#[test]
fn the_second_implementation_agrees_with_every_vector() {
    let output = verify(&vectors());
    let (said, complained) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "verify.py found differences:\n{said}{complained}"
    );
    assert!(said.contains(" 0 differences"), "{said}");
}

#[test]
fn the_second_implementation_notices_one_changed_value_in_each_file() {
    type Edit = fn(&mut Value);
    let edits: [(&str, Edit); 5] = [
        ("entries.json", |vectors| {
            vectors[0]["draft"]["epoch"] = 7.into()
        }),
        ("entries.json", |vectors| {
            vectors[1]["draft"]["personal"][0]["value"] = "another reason".into()
        }),
        ("commitments.json", |vectors| {
            vectors[0]["value"] = " ".into()
        }),
        ("chains.json", |vectors| {
            vectors[0]["events"][4]["prev_hash"] = "00".repeat(32).into()
        }),
        ("refused.json", |vectors| {
            vectors[0]["entry"] = valid_entry()
        }),
    ];
    for (number, (file, edit)) in edits.into_iter().enumerate() {
        let directory =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("edited-vectors-{number}"));
        fs::create_dir_all(&directory).expect("a directory for the copy");
        for name in [
            "entries.json",
            "commitments.json",
            "chains.json",
            "refused.json",
        ] {
            fs::copy(vectors().join(name), directory.join(name)).expect("a copy of the vectors");
        }
        let mut vectors = read(&directory.join(file));
        edit(&mut vectors);
        fs::write(directory.join(file), vectors.to_string()).expect("the edited copy");

        let output = verify(&directory);
        assert_eq!(
            output.status.code(),
            Some(1),
            "edit {number} of {file} went unnoticed: {output:?}"
        );
    }
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a vector file")).expect("JSON")
}

fn valid_entry() -> Value {
    read(&vectors().join("entries.json"))[0]["entry"].clone()
}
