//! `intrex user import`: people with the bcrypt hashes of another system. A hash is nobody's to see, in a fault neither.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, anyhow, ensure};
use clap::Args;
use intrex_core::{
    branches::{self, BranchName},
    people::{
        self, RawPerson,
        import::{ImportedPerson, MAX_PEOPLE, Mode},
    },
};
use secrecy::SecretString;
use serde::Deserialize;

use crate::cli::{
    Act, Ended,
    operate::with_app,
    output::{json, line, told},
};

/// A file of people may be so large, in bytes.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// People to import.
#[derive(Debug, Args)]
pub(in crate::cli) struct Import {
    /// A CSV file in UTF-8 with one heading line
    #[arg(value_name = "FILE")]
    path: PathBuf,
    /// Say what would be imported, and import nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    act: Act,
}

pub(super) fn import(command: Import) -> Result<Ended> {
    let file = people_of(&command.path)?;
    with_app(async |app| {
        let operator = command.act.operator(app).await?;
        let mut tx = app.db.read(&operator).await.map_err(told)?;
        let branches: Vec<BranchName> = branches::reads::all(&mut tx).await.map_err(told)?;
        tx.finish().await.map_err(told)?;
        let rows: Vec<ImportedPerson> = file
            .into_iter()
            .map(|row| row.with_ids_of(&branches))
            .collect();
        let mode = match command.dry_run {
            true => Mode::DryRun,
            false => Mode::Apply,
        };
        let report = people::import::import(app, &operator, &rows, mode)
            .await
            .map_err(told)?;
        if command.act.format.json {
            json(&report)?;
        } else {
            for fault in &report.errors {
                line(&format!(
                    "row {}, {}: {}",
                    fault.row, fault.field, fault.message
                ))?;
            }
            let done = match command.dry_run {
                true => "nothing was changed; it would be",
                false => "imported",
            };
            line(&format!(
                "{done}: {} rows, {} created, {} refused",
                report.rows, report.created, report.refused
            ))?;
        }
        Ok(match report.refused {
            0 => Ended::Well,
            _ => Ended::Badly,
        })
    })
}

/// A row of the file, as it stands there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRow {
    email: String,
    name: String,
    role: String,
    #[serde(default)]
    branch_codes: String,
    #[serde(deserialize_with = "secret")]
    password_hash: SecretString,
}

fn secret<'de, D: serde::Deserializer<'de>>(from: D) -> Result<SecretString, D::Error> {
    String::deserialize(from).map(SecretString::from)
}

impl FileRow {
    /// The same with the ids of its branches. A code that is nobody's stays, and is refused like an unknown id.
    fn with_ids_of(self, branches: &[BranchName]) -> ImportedPerson {
        let ids: Vec<&str> = self.branch_codes.split([',', ';']).map(str::trim).collect();
        let ids: Vec<String> = ids
            .into_iter()
            .filter(|code| !code.is_empty())
            .map(|code| {
                let found = branches.iter().find(|branch| branch.code == code);
                found.map_or(code.to_owned(), |branch| branch.id.to_string())
            })
            .collect();
        ImportedPerson {
            person: RawPerson {
                email: self.email.into(),
                name: self.name.into(),
                role: self.role.into(),
                branch_ids: ids.join(",").into(),
            },
            password_hash: self.password_hash,
        }
    }
}

/// The rows of a file, all of them: it is refused as a whole if one can't be read.
fn people_of(path: &Path) -> Result<Vec<FileRow>> {
    let file =
        std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let size = file.metadata()?.len();
    ensure!(
        size <= MAX_FILE_BYTES,
        "{} is larger than {} MiB: import it in parts",
        path.display(),
        MAX_FILE_BYTES >> 20
    );
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(file.take(MAX_FILE_BYTES));
    let mut rows = Vec::new();
    for (at, row) in reader.deserialize::<FileRow>().enumerate() {
        // What a parser says of a row may hold what stands in it, and a hash is nobody's to see.
        let row = row.map_err(|error| match error.kind() {
            csv::ErrorKind::Deserialize { err, .. } if at == 0 => {
                anyhow!("the file cannot be read: {}", err.kind())
            }
            _ => anyhow!(
                "row {} cannot be read: are there as many cells as columns?",
                at + 1
            ),
        })?;
        ensure!(
            rows.len() < MAX_PEOPLE,
            "more than {MAX_PEOPLE} people: import them in parts"
        );
        rows.push(row);
    }
    Ok(rows)
}
