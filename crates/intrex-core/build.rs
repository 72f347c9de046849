//! Turns the message catalogue into Rust: one constant a key, and the files of every language. A page that names a key
//! which is not in the English file does not compile.

#![expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script its directories in the environment"
)]

use std::{collections::BTreeMap, env, fs, path::Path};

fn main() {
    let root =
        Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../../locales");
    println!("cargo::rerun-if-changed={}", root.display());
    // The migrations are embedded too, and the compiler does not notice a file that was not there before.
    println!(
        "cargo::rerun-if-changed={}",
        root.with_file_name("migrations").display()
    );
    let mut languages: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut keys = Vec::new();
    for language in fs::read_dir(&root).expect("locales/ is part of the checkout") {
        let language = language.expect("readable").path();
        if !language.is_dir() {
            continue;
        }
        let name = language
            .file_name()
            .expect("named")
            .to_string_lossy()
            .into_owned();
        for file in fs::read_dir(&language).expect("readable") {
            let file = file.expect("readable").path();
            if file.extension().is_none_or(|e| e != "ftl") {
                continue;
            }
            println!("cargo::rerun-if-changed={}", file.display());
            let text = fs::read_to_string(&file).expect("UTF-8");
            let resource = fluent_syntax::parser::parse(text.as_str())
                .unwrap_or_else(|(_, errors)| panic!("{}: {errors:?}", file.display()));
            if name == "en" {
                for entry in &resource.body {
                    if let fluent_syntax::ast::Entry::Message(message) = entry {
                        keys.push(message.id.name.to_string());
                    }
                }
            }
            languages
                .entry(name.clone())
                .or_default()
                .push(file.canonicalize().expect("exists").display().to_string());
        }
    }
    keys.sort();
    let mut out = String::new();
    for pair in keys.windows(2) {
        assert_ne!(
            pair[0], pair[1],
            "the key {} stands twice in locales/en",
            pair[0]
        );
    }
    for key in &keys {
        let constant = key.to_uppercase().replace('-', "_");
        out += &format!("/// `{key}`\npub const {constant}: Key = Key({key:?});\n");
    }
    out += "/// Every key of the English catalogue.\npub const ALL: &[Key] = &[\n";
    for key in &keys {
        out += &format!("    Key({key:?}),\n");
    }
    out += "];\n/// Each language with the texts of its files.\npub(super) const SOURCES: &[(&str, &[&str])] = &[\n";
    for (language, mut files) in languages {
        files.sort();
        out += &format!("    ({language:?}, &[\n");
        for file in files {
            out += &format!("        include_str!({file:?}),\n");
        }
        out += "    ]),\n";
    }
    out += "];\n";
    let target = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("keys.rs");
    fs::write(target, out).expect("OUT_DIR is writable");
}
