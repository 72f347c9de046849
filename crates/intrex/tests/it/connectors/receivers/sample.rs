//! The sample receivers of `examples/receivers/` as whoever copies them runs them: processes of their own, on ports of their
//! own, with what they keep in a folder of the test.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::OnceLock,
};

use reqwest::{Method, StatusCode};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    browser::{request, send},
    sink::Sent,
};

/// In which language a receiver is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Python,
    TypeScript,
    Rust,
}

/// All of them.
pub(super) const ALL: [Written; 3] = [Written::Python, Written::TypeScript, Written::Rust];

/// A receiver that runs. It ends with the test.
pub(super) struct Receiver {
    written: Written,
    process: Child,
    said: BufReader<ChildStdout>,
    port: u16,
    folder: TempDir,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl Receiver {
    /// One that accepts these secrets.
    pub(super) fn start(written: Written, secrets: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let mut process = command(written)
            .env("WEBHOOK_SECRETS", secrets.join(" "))
            .env("PORT", "0")
            .env("STORE", folder.path().join("store"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the receiver starts");
        let said = BufReader::new(process.stdout.take().expect("it prints"));
        let mut receiver = Receiver {
            written,
            process,
            said,
            port: 0,
            folder,
        };
        let line = receiver.says();
        let port = line.strip_prefix("listening on port ");
        receiver.port = port
            .and_then(|port| port.parse().ok())
            .unwrap_or_else(|| panic!("{written:?}: {line}"));
        receiver
    }

    /// Where it is.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What it prints next: `kept` or `known` and an id, for each message that it takes.
    pub(super) fn says(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).expect("it prints");
        line.trim_end().to_owned()
    }

    /// Gives it a message once more, or one that somebody has tampered with.
    pub(super) async fn given(&self, sent: &Sent) -> StatusCode {
        let mut request = request(Method::POST, &self.url());
        for name in SIGNED {
            request = request.header(name, sent.header(name));
        }
        let status = send(request.body(sent.body.clone())).await.status;
        StatusCode::from_u16(status).expect("a status")
    }

    /// The bodies that it keeps, in the order of their ids.
    pub(super) fn keeps(&self) -> Vec<Value> {
        let store = self.folder.path().join("store");
        let bodies = match self.written {
            Written::Python => rows(&store),
            Written::TypeScript | Written::Rust => files(&store),
        };
        let bodies = bodies.iter();
        bodies
            .map(|body| serde_json::from_str(body).expect("JSON"))
            .collect()
    }
}

/// The headers that a signature is in, or over.
const SIGNED: [&str; 4] = [
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "x-intrex-signature",
];

/// What a program of `checks/` says to this.
pub(super) fn checked(program: &str, arguments: &[&str], input: &Value) -> String {
    let mut process = Command::new(program)
        .args(arguments)
        .current_dir(installed())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the check starts");
    let mut stdin = process.stdin.take().expect("it reads");
    write!(stdin, "{input}").expect("it reads to the end");
    drop(stdin);
    let output = process.wait_with_output().expect("the check ends");
    assert!(output.status.success(), "{program} {arguments:?} fails");
    let said = String::from_utf8(output.stdout).expect("prints UTF-8");
    said.trim_end().to_owned()
}

/// The folder of the repository.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn samples() -> PathBuf {
    root().join("examples/receivers")
}

/// The folder of the checks, whose packages are there.
fn installed() -> PathBuf {
    let folder = samples().join("checks");
    for packages in ["node_modules", "python_packages"] {
        let there = folder.join(packages).is_dir();
        assert!(there, "run `scripts/setup test`: it installs the checks");
    }
    folder
}

fn command(written: Written) -> Command {
    match written {
        Written::Python => {
            let mut command = Command::new("python3");
            command.arg(samples().join("python/receiver.py"));
            command
        }
        Written::TypeScript => {
            let mut command = Command::new("node");
            command.arg(compiled_typescript());
            command
        }
        Written::Rust => Command::new(compiled_rust()),
    }
}

/// Compiled, and so checked, by `tsc`: not every Node.js strips types.
fn compiled_typescript() -> &'static Path {
    static COMPILED: OnceLock<PathBuf> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("receivers");
        let status = Command::new("node")
            .args(["node_modules/typescript/bin/tsc", "--outDir"])
            .arg(&out)
            .current_dir(installed())
            .status()
            .expect("tsc starts");
        assert!(status.success(), "the receiver compiles");
        out.join("receiver.mjs")
    })
}

/// Built here, in the build's own directory: Cargo builds the programs of other packages for nobody's tests.
fn compiled_rust() -> &'static Path {
    static COMPILED: OnceLock<PathBuf> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let program = Path::new(env!("CARGO_BIN_EXE_intrex"));
        let target = program.ancestors().nth(2).expect("the target directory");
        let status = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--locked",
                "--package",
                "webhook-receiver",
            ])
            .arg("--target-dir")
            .arg(target)
            .current_dir(root())
            .status()
            .expect("cargo starts");
        assert!(status.success(), "the receiver builds");
        target.join("debug/webhook-receiver")
    })
}

fn rows(file: &Path) -> Vec<String> {
    const READ: &str = "import sqlite3, sys\n\
        for row in sqlite3.connect(sys.argv[1]).execute('select body from messages order by id'): print(row[0].decode())";
    if !file.exists() {
        return Vec::new();
    }
    let mut command = Command::new("python3");
    let output = command.args(["-c", READ]).arg(file).output();
    let output = output.expect("python3 starts");
    assert!(output.status.success(), "{output:?}");
    let rows = String::from_utf8(output.stdout).expect("UTF-8");
    rows.lines().map(str::to_owned).collect()
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the store");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("the store").path())
        .collect();
    paths.sort();
    let read = |path: PathBuf| fs::read_to_string(path).expect("a message");
    paths.into_iter().map(read).collect()
}
