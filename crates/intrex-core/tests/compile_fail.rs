//! The mistakes that must not compile: tenant rows without an actor, a commit without its event, a connection or a key
//! outside this crate. Each file in `ui/` is one mistake with the compiler's words that it must be refused with, so that a
//! type made public by accident fails here.
//!
//! The files are given to the compiler together with the library that was built for this test: no second build of all
//! dependencies, one second a file.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// How a file says what it must be refused with: the whole first line of each error.
const EXPECTED: &str = "// error";

/// The library as cargo has just built it for this test: the newest one beside the test itself.
fn library(deps: &Path) -> PathBuf {
    let newest = std::fs::read_dir(deps)
        .expect("the directory of built libraries")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("libintrex_core-") && name.ends_with(".rlib")
        })
        .max_by_key(|path| path.metadata().and_then(|data| data.modified()).ok());
    newest.expect("cargo builds the library before its tests")
}

/// What the compiler says to a file: the first line of each error.
fn errors(file: &Path) -> Vec<String> {
    let program = std::env::current_exe().expect("a test has a file");
    let deps = program.parent().expect("in a directory");
    let out = where_it_compiles_to();
    let output = Command::new("rustc")
        .args([
            "--edition=2024",
            "--crate-type=lib",
            "--emit=metadata",
            "--color=never",
        ])
        .arg("--extern")
        .arg(format!("intrex_core={}", library(deps).display()))
        .arg("-L")
        .arg(format!("dependency={}", deps.display()))
        .arg("-o")
        .arg(&out)
        .arg(file)
        .output()
        .expect("the compiler runs");
    // Only what compiles was written.
    let _ = std::fs::remove_file(&out);
    let said = String::from_utf8_lossy(&output.stderr);
    let errors: Vec<String> = said
        .lines()
        .filter(|line| line.starts_with("error") && !line.starts_with("error: aborting"))
        .map(str::to_owned)
        .collect();
    assert_eq!(output.status.success(), errors.is_empty(), "{said}");
    errors
}

fn where_it_compiles_to() -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(directory).expect("the target directory is writable");
    directory.join(format!("compile_fail_{}.rmeta", std::process::id()))
}

fn expected(file: &Path) -> Vec<String> {
    std::fs::read_to_string(file)
        .expect("the file can be read")
        .lines()
        .filter(|line| line.starts_with(EXPECTED))
        .map(|line| line.trim_start_matches("// ").to_owned())
        .collect()
}

#[test]
fn mistakes_do_not_compile_and_the_right_way_does() {
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let mut files: Vec<PathBuf> = std::fs::read_dir(ui)
        .expect("the cases")
        .map(|entry| entry.expect("can be listed").path())
        .collect();
    files.sort();
    assert!(files.len() >= 9, "{files:?}");
    for file in files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let expected = expected(&file);
        // One file shows the right way, so that the others do not fail for want of a library.
        assert_eq!(
            expected.is_empty(),
            name == "the_right_way",
            "{name} says what it expects"
        );
        assert_eq!(errors(&file), expected, "{name}");
    }
}
