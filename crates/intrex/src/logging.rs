//! The log goes to standard error, so that standard output holds what was asked for and nothing else.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config::{LogConfig, LogFormat};

/// What is logged when nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verbosity {
    /// A server tells what it does.
    Server,
    /// A command tells what went wrong; its output is the rest.
    Command,
}

impl Verbosity {
    fn filter(self) -> &'static str {
        match self {
            Verbosity::Server => "info,sqlx::postgres::notice=warn",
            Verbosity::Command => "warn,sqlx::postgres::notice=error",
        }
    }
}

/// Begins logging, once for the process.
pub(crate) fn begin(config: &LogConfig, verbosity: Verbosity) {
    let filter = config
        .filter
        .as_deref()
        .and_then(|filter| EnvFilter::try_new(filter).ok())
        .unwrap_or_else(|| EnvFilter::new(verbosity.filter()));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let begun = match config.format {
        LogFormat::Text => log.with_target(false).try_init(),
        LogFormat::Json => log.json().try_init(),
    };
    if begun.is_err() {
        tracing::debug!("a test logs already");
    }
}
