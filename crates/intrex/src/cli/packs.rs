//! `intrex pack`: the packs that come with the program, and taking one over for an organisation.

use anyhow::Result;
use clap::{Args, Subcommand};
use intrex_core::packs::{self, PackLook, RawApply, RuleState};

use super::{
    Act, Ended, Look,
    operate::with_app,
    output::{json, line, table, told},
};

/// What is done with packs.
#[derive(Debug, Subcommand)]
pub(super) enum Packs {
    /// List the packs, and which version of each the organisation has taken over
    List(Look),
    /// Make a pack's rules templates of the organisation, or bring those up to date
    Apply(Apply),
}

/// A pack to take over.
#[derive(Debug, Args)]
pub(super) struct Apply {
    /// The pack's name, as `intrex pack list` shows it
    #[arg(value_name = "PACK")]
    pack: String,
    /// Write the pack's rule over a template that the organisation has changed, by its code; may be repeated
    #[arg(long, value_name = "CODE")]
    overwrite: Vec<String>,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    act: Act,
}

impl Packs {
    pub(super) fn run(self) -> Result<Ended> {
        match self {
            Packs::List(command) => list(command),
            Packs::Apply(command) => apply(command),
        }
    }
}

fn list(command: Look) -> Result<Ended> {
    with_app(async |app| {
        let onlooker = command.at.onlooker(app).await?;
        let mut tx = app.db.read(&onlooker).await?;
        let found = packs::reads::list(&mut tx).await.map_err(told)?;
        tx.finish().await?;
        if command.format.json {
            json(&found)?;
            return Ok(Ended::Well);
        }
        let rows: Vec<[String; 5]> = found
            .into_iter()
            .map(|pack| {
                let rules = pack.rules.to_string();
                let taken_over = pack.applied_version.unwrap_or_else(|| "-".to_owned());
                [pack.pack, pack.title, pack.version, rules, taken_over]
            })
            .collect();
        table(["pack", "title", "version", "rules", "taken over"], &rows)?;
        Ok(Ended::Well)
    })
}

fn apply(command: Apply) -> Result<Ended> {
    let raw = RawApply {
        pack: command.pack.into(),
        overwrite: command.overwrite.into(),
        dry_run: if command.dry_run { "true" } else { "" }.into(),
    };
    with_app(async |app| {
        let operator = command
            .act
            .at
            .operator(app, &command.act.why.reason)
            .await?;
        let look = packs::commands::apply(app, &operator, &raw)
            .await
            .map_err(told)?;
        match command.act.format.json {
            true => json(&look)?,
            false => tell(&look)?,
        }
        Ok(Ended::Well)
    })
}

fn tell(look: &PackLook) -> Result<()> {
    let rows: Vec<[String; 4]> = look
        .looks
        .iter()
        .filter(|rule| rule.state != RuleState::Same)
        .map(|rule| {
            let changes: Vec<&str> = rule.changes.iter().map(|change| change.field).collect();
            [
                rule.state.as_str().to_owned(),
                rule.code.clone(),
                rule.title.clone(),
                changes.join(", "),
            ]
        })
        .collect();
    table(["state", "code", "title", "what changes"], &rows)?;
    line(&format!(
        "{} {}: {} made, {} changed, {} retired, {} kept as they were changed here{}",
        look.summary.pack,
        look.summary.version,
        look.made,
        look.changed,
        look.retired,
        look.kept,
        if look.dry_run {
            "; nothing was done"
        } else {
            ""
        }
    ))
}
