//! The program itself, as an operator starts it: its arguments, its environment, what it prints and how it ends. It works
//! on an empty database of the tests' own server.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};

use super::Database;

/// How long the program may take to start or to stop. What is promised is less; a busy machine is no fault.
const PATIENCE: Duration = Duration::from_secs(60);

/// Roles belong to the server, not to a database: two migrations at once would change the same ones.
static ROLES: Mutex<()> = Mutex::const_new(());

/// An installation that only the program itself touches.
#[derive(Debug)]
pub(crate) struct Program {
    environment: Vec<(String, String)>,
    directory: TempDir,
    database: Option<(Database, String, MutexGuard<'static, ()>)>,
}

/// What a command printed and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Ran {
    /// The answer, which must be well.
    #[track_caller]
    pub(crate) fn well(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        self.out
    }

    /// The answer as JSON.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        let out = self.well();
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error} in {out}"))
    }

    /// What is said in place of an answer: the command must be refused, and print nothing else.
    #[track_caller]
    pub(crate) fn refused(self) -> String {
        assert_eq!(self.code, Some(1), "{}{}", self.out, self.err);
        assert_eq!(self.out, "", "a refusal is no answer");
        self.err
    }
}

impl Program {
    /// Without any configuration.
    pub(crate) fn bare() -> Self {
        Program {
            environment: Vec::new(),
            directory: tempfile::tempdir().expect("a temporary directory"),
            database: None,
        }
    }

    /// A developer's installation on an empty database.
    pub(crate) async fn on_an_empty_database() -> Self {
        let turn = ROLES.lock().await;
        let neighbour = Database::copy();
        let name = format!("{}_program", neighbour.name());
        let mut superuser = neighbour.superuser().await;
        superuser
            .execute(AssertSqlSafe(format!("create database {name}")))
            .await
            .expect("is created");
        let mut program = Self::bare();
        program.set("INTREX_ENV", "development");
        program.set("BIND", "127.0.0.1:0");
        let url = |role: &str| {
            let options = neighbour.options(role).database(&name);
            options.to_url_lossy().to_string()
        };
        program.set("DATABASE_URL", &url("intrex_app"));
        program.set("DATABASE_SYSTEM_URL", &url("intrex_system"));
        program.set("DATABASE_ADMIN_URL", &url("postgres"));
        program.database = Some((neighbour, name, turn));
        program
    }

    /// Sets a variable of its environment.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.unset(name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Removes a variable of its environment.
    pub(crate) fn unset(&mut self, name: &str) {
        self.environment.retain(|(known, _)| known != name);
    }

    /// The value of a variable.
    pub(crate) fn get(&self, name: &str) -> String {
        let found = self.environment.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).expect("is set")
    }

    /// Where it works and keeps its files.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Its data directory, where nothing else is said.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.directory().join("data")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_intrex"));
        command
            .env_clear()
            .envs(self.environment.iter().cloned())
            .current_dir(self.directory())
            .stdin(Stdio::null())
            .args(arguments);
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().expect("the program runs");
        Ran {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("prints UTF-8"),
            err: String::from_utf8(output.stderr).expect("prints UTF-8"),
        }
    }

    /// Starts a server that prints nothing to wait for.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Running {
        let mut command = self.command(arguments);
        let silent = command.stdout(Stdio::null()).stderr(Stdio::null());
        Running {
            child: silent.spawn().expect("the program runs"),
        }
    }

    /// A connection to its database as the superuser.
    pub(crate) async fn superuser(&self) -> PgConnection {
        let (neighbour, name, _) = self.database.as_ref().expect("has a database");
        let options = neighbour.options("postgres").database(name);
        PgConnection::connect_with(&options)
            .await
            .expect("the superuser connects")
    }

    /// Starts a server and waits until it prints a line with these words.
    pub(crate) async fn start(&self, arguments: &[&str], words: &'static str) -> Running {
        let mut child = self
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let out = child.stdout.take().expect("is piped");
        let err = child.stderr.take().expect("is piped");
        let running = Running { child };
        let (said, heard) = tokio::sync::oneshot::channel();
        // Both are read to their end, so that the program never waits for a reader.
        let errors = std::thread::spawn(move || std::io::read_to_string(err).unwrap_or_default());
        std::thread::spawn(move || {
            let mut said = Some(said);
            for line in BufReader::new(out).lines() {
                let Ok(line) = line else { break };
                if line.contains(words)
                    && let Some(said) = said.take()
                {
                    let _ = said.send(Ok(()));
                }
            }
            if let Some(said) = said {
                let _ = said.send(Err(errors.join().unwrap_or_default()));
            }
        });
        let heard = tokio::time::timeout(PATIENCE, heard);
        match heard
            .await
            .expect("starts in time")
            .expect("says something")
        {
            Ok(()) => running,
            Err(errors) => panic!("the program ended: {errors}"),
        }
    }

    /// Removes its database. A test ends with it.
    pub(crate) async fn finish(mut self) {
        if let Some((neighbour, name, _turn)) = self.database.take() {
            let mut superuser = neighbour.superuser().await;
            superuser
                .execute(AssertSqlSafe(format!("drop database {name} with (force)")))
                .await
                .expect("is dropped");
        }
    }
}

/// A server that was started; killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
}

impl Running {
    /// Sends it a signal and waits for its end; answers the exit code.
    pub(crate) async fn stop(mut self, signal: Signal) -> Option<i32> {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("is a process id"));
        kill(pid, signal).expect("is running");
        let ended = tokio::task::spawn_blocking(move || self.child.wait().expect("ends").code());
        let ended = tokio::time::timeout(PATIENCE, ended).await;
        ended.expect("stops in time").expect("does not panic")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
