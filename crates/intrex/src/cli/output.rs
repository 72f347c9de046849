//! How answers look: JSON for programs, aligned columns for people. A reader that goes away (`| head`) is no fault.

use std::io::{self, ErrorKind, IsTerminal as _, Write as _};

use anyhow::{Context as _, Result};
use intrex_core::{
    Error,
    catalogue::{Language, keys, say},
};
use serde::Serialize;

/// Writes a line to standard output.
pub(crate) fn line(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    let written = writeln!(out, "{text}").and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to standard output"),
    }
}

/// Writes a value as JSON.
pub(super) fn json<T: Serialize>(value: &T) -> Result<()> {
    line(&serde_json::to_string_pretty(value)?)
}

/// Writes rows in aligned columns below their headings.
pub(super) fn table<const COLUMNS: usize>(
    headings: [&str; COLUMNS],
    rows: &[[String; COLUMNS]],
) -> Result<()> {
    let headings = headings.map(str::to_owned);
    let widths: [usize; COLUMNS] = std::array::from_fn(|column| {
        std::iter::once(&headings)
            .chain(rows)
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    });
    for row in std::iter::once(&headings).chain(rows) {
        let cells: Vec<String> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        line(cells.join("  ").trim_end())?;
    }
    Ok(())
}

/// Tells on standard error why a command did not do what it was told.
pub(super) fn complain(error: &anyhow::Error) {
    // There is nobody left to tell when standard error is closed.
    let _ = writeln!(io::stderr(), "intrex: {error:#}");
}

/// How far long work has come, on one line of a terminal that is written over and over; nowhere else.
pub(super) fn progress(text: &str) {
    let mut out = io::stderr().lock();
    if out.is_terminal() {
        let _ = write!(out, "\r\x1b[2K{text}").and_then(|()| out.flush());
    }
}

/// What an error of the core means to whoever typed the command.
pub(crate) fn told(error: Error) -> anyhow::Error {
    let language = Language::ENGLISH;
    match error {
        Error::NotFound => anyhow::anyhow!("there is no such thing in this organisation"),
        // The operator of the installation is not asked for a second factor; nobody else types commands.
        Error::StepUp | Error::Forbidden | Error::SessionNeeded => {
            anyhow::anyhow!("the operator of the installation may not do this")
        }
        Error::TooMany { text, .. } => anyhow::anyhow!(text.to(language)),
        Error::Conflict(conflict) => anyhow::anyhow!(conflict.text().to(language)),
        Error::Invalid(fields) => {
            let sentences: Vec<String> = fields
                .iter()
                .map(|field| format!("{}: {}", field.field, field.text.to(language)))
                .collect();
            anyhow::anyhow!(sentences.join("\n        "))
        }
        Error::Unconfirmed { cause } => {
            anyhow::anyhow!("{} ({cause})", say(language, keys::ERROR_UNCONFIRMED))
        }
        Error::Internal {
            unavailable: true,
            cause,
        } => anyhow::anyhow!("the database cannot be reached: {cause}"),
        Error::Internal { cause, .. } => anyhow::anyhow!("{cause}"),
    }
}
