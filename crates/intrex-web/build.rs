//! Embeds the assets with names that carry a hash of their content, so that browsers may keep them for ever, and writes
//! down each one's integrity value for the script tags. The two style sheets become one, in the order of the cascade.

use std::{env, fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256, Sha384};

/// Constant, name in the address, extension, media type, and the files that make it.
const ASSETS: &[(&str, &str, &str, &str, &[&str])] = &[
    (
        "STYLE",
        "app",
        "css",
        "text/css; charset=utf-8",
        &["tokens.css", "app.css"],
    ),
    (
        "ENHANCE",
        "enhance",
        "js",
        "text/javascript; charset=utf-8",
        &["enhance.js"],
    ),
    (
        "PASSKEYS",
        "passkeys",
        "js",
        "text/javascript; charset=utf-8",
        &["passkeys.js"],
    ),
    ("ICONS", "icons", "svg", "image/svg+xml", &["icons.svg"]),
    (
        "FAVICON",
        "favicon",
        "svg",
        "image/svg+xml",
        &["favicon.svg"],
    ),
];

#[expect(
    clippy::disallowed_methods,
    reason = "Cargo tells a build script its places by the environment"
)]
fn main() {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("assets");
    let target = env::var("OUT_DIR").expect("cargo sets it");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut out = String::new();
    for (constant, name, extension, media_type, files) in ASSETS {
        let mut bytes = Vec::new();
        for file in *files {
            let file = folder.join(file);
            println!("cargo::rerun-if-changed={}", file.display());
            bytes.extend(fs::read(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display())));
            bytes.push(b'\n');
        }
        let hash = hex::encode(&Sha256::digest(&bytes)[..8]);
        let integrity = STANDARD.encode(Sha384::digest(&bytes));
        let copy = Path::new(&target).join(format!("{name}.{extension}"));
        fs::write(&copy, &bytes).expect("OUT_DIR is writable");
        out += &format!(
            "/// Made from {files:?}.\npub(crate) static {constant}: Asset = Asset {{\n    path: \"/static/{name}.{hash}.{extension}\",\n    \
             media_type: {media_type:?},\n    integrity: \"sha384-{integrity}\",\n    bytes: include_bytes!({:?}),\n}};\n",
            copy.display().to_string()
        );
    }
    let all: Vec<String> = ASSETS.iter().map(|asset| format!("&{}", asset.0)).collect();
    out += &format!(
        "/// Every asset.\npub(crate) static ALL: &[&Asset] = &[{}];\n",
        all.join(", ")
    );
    fs::write(Path::new(&target).join("assets.rs"), out).expect("OUT_DIR is writable");
}
