//! Whether docs/security.md tells the truth about its tests: each that it names is there.

use std::{
    fs,
    path::{Path, PathBuf},
};

#[test]
fn each_test_that_the_list_of_controls_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let sources = sources(&root.join("crates"));
    let page = fs::read_to_string(root.join("docs/security.md")).expect("the list of controls");
    let names: Vec<&str> = page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| name.contains("::"))
        .collect();
    assert!(names.len() > 150, "only {} tests are named", names.len());
    let missing: Vec<_> = names
        .into_iter()
        .filter(|name| !is_there(name, &sources))
        .collect();
    assert!(missing.is_empty(), "there is no {missing:#?}");
}

/// A name is the path of a module, or of a function in one; `…` stands for all tests of a module, or those that begin so.
fn is_there(name: &str, sources: &[(String, String)]) -> bool {
    let (module, test) = name.rsplit_once("::").expect("only paths are asked for");
    let begins = test.strip_suffix('…').unwrap_or(test);
    let whole = begins.len() == test.len();
    let begins_there = |text: &str| {
        text.match_indices("fn ")
            .map(|(at, _)| &text[at + 3..])
            .any(|rest| {
                rest.starts_with(begins) && (!whole || rest[begins.len()..].starts_with('('))
            })
    };
    sources.iter().any(|(file, text)| {
        of_module(file, module) && begins_there(text) || whole && of_module(file, name)
    })
}

/// Whether a file is the module, or a part of it.
fn of_module(file: &str, module: &str) -> bool {
    let path = format!("/{}", module.replace("::", "/"));
    let file = file.trim_end_matches(".rs").trim_end_matches("/mod");
    file.ends_with(&path) || file.contains(&format!("{path}/"))
}

fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the sources") {
            let path = entry.expect("the sources").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                found.push((path.to_string_lossy().into_owned(), text));
            }
        }
    }
    found
}
