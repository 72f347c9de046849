//! `intrex import`: a spreadsheet as CSV. What is good is applied, what is wrong is named row by row, and the same file
//! again changes nothing.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use intrex_core::{
    catalogue::Language,
    imports::{self, Kind, Mode, Options, Progress, Report},
};
use serde_json::Value;

use super::{
    Ended, Format, Where,
    operate::with_app,
    output::{self, json, line, told},
    simulate,
};

/// What is imported.
#[derive(Debug, Subcommand)]
pub(super) enum Import {
    /// What branches owe; branches are named by their code, and must be there
    #[command(
        after_help = "Columns: external_id, branch_code, title, category, severity, due_on, recurrence, anchor, \
                            lead_days, grace_days, owner_email, deputy_email, reference, notes.\n\
                            external_id, branch_code, title, category and due_on are required."
    )]
    Obligations(File),
    /// Branches, known by their code
    #[command(
        after_help = "Columns: code, name, address, city_corporation, district, region, country, type, \
                            time_zone.\ncode, name, country and time_zone are required."
    )]
    Branches(File),
}

/// The file.
#[derive(Debug, Args)]
pub(super) struct File {
    /// A CSV file in UTF-8 with one heading line
    #[arg(value_name = "FILE")]
    path: PathBuf,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Also say which messages of the next thirty days would come and go by it; changes nothing
    #[arg(long)]
    look_ahead: bool,
    /// Why you do this; it stands in the organisation's audit log
    #[arg(long, value_name = "WORDS")]
    reason: Option<String>,
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    format: Format,
}

impl Import {
    pub(super) fn run(self) -> Result<Ended> {
        match self {
            Import::Obligations(file) => import(Kind::Obligations, file),
            Import::Branches(file) => import(Kind::Branches, file),
        }
    }
}

fn import(kind: Kind, file: File) -> Result<Ended> {
    let name = name_of(&file.path);
    with_app(async |app| {
        // Unlike other acts of the operator, an import names what it is about by itself.
        let reason = file.reason.unwrap_or_else(|| format!("import of {name}"));
        let operator = file.at.operator(app, &reason).await?;
        let spreadsheet = tokio::fs::File::open(&file.path)
            .await
            .with_context(|| format!("cannot read {}", file.path.display()))?;
        let options = Options {
            mode: match (file.look_ahead, file.dry_run) {
                (true, _) => Mode::LookAhead,
                (false, true) => Mode::DryRun,
                (false, false) => Mode::Apply,
            },
            file_name: name,
            language: Language::ENGLISH,
        };
        let report = imports::import(app, &operator, kind, spreadsheet, &options, &show);
        let report = report.await;
        output::progress("");
        let report = report.map_err(told)?;
        if file.format.json {
            json(&report)?;
        } else {
            tell(&report)?;
        }
        Ok(match report.rejected {
            0 => Ended::Well,
            _ => Ended::Badly,
        })
    })
}

/// A value as a person reads it: what a spreadsheet's cell would hold.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "(empty)".to_owned(),
        Value::String(words) if words.is_empty() => "(empty)".to_owned(),
        Value::String(words) => words.replace('\n', " "),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(shown).collect();
            items.join(", ")
        }
        other => other.to_string(),
    }
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn show(progress: Progress) {
    match progress {
        Progress::Reading { rows } => output::progress(&format!("reading: {rows} rows")),
        Progress::Applying { rows, of } => output::progress(&format!("{rows} of {of} rows")),
    }
}

fn tell(report: &Report) -> Result<()> {
    for change in &report.changes {
        let (row, id, action) = (change.row, &change.external_id, change.action);
        line(&format!("row {row}: {id} would be {action}"))?;
        for (field, values) in &change.fields {
            let (before, after) = (shown(&values[0]), shown(&values[1]));
            match action {
                "created" => line(&format!("    {field}: {after}"))?,
                _ => line(&format!("    {field}: {before} -> {after}"))?,
            }
        }
    }
    for error in &report.errors {
        let field = error.field.as_deref().unwrap_or("the row");
        line(&format!("row {}, {field}: {}", error.row, error.message))?;
    }
    if report.errors_truncated {
        line(&format!("… and more: {} errors in all", report.error_count))?;
    }
    let done = match report.dry_run {
        true => "nothing was changed; it would be",
        false => "imported",
    };
    if let Some(look) = &report.look_ahead {
        simulate::tell(look)?;
    }
    line(&format!(
        "{done}: {} rows, {} created, {} updated, {} unchanged, {} refused",
        report.rows, report.created, report.updated, report.unchanged, report.rejected
    ))
}
