//! `intrex simulate`: the messages of the next thirty days, for whoever runs the installation.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use intrex_core::reminders::simulator::{
    self, RawSimulation,
    model::{ForeseenMessage, Foresight},
};

use super::{
    Ended, Look,
    operate::with_app,
    output::{json, line, table, told},
};

/// The longest file that is read, in bytes.
const MAX_FILE: u64 = 64 * 1024;

/// A look ahead.
#[derive(Debug, Args)]
pub(super) struct Simulate {
    /// A JSON file with a change, as the API takes it: {"route": {…}} for a new route, with "route_id" for a changed one,
    /// {"route_id": "…"} for a removed one
    #[arg(long, value_name = "FILE")]
    with: Option<PathBuf>,
    #[command(flatten)]
    look: Look,
}

impl Simulate {
    pub(super) fn run(self) -> Result<Ended> {
        let raw = match &self.with {
            Some(path) => read(path)?,
            None => RawSimulation::default(),
        };
        with_app(async |app| {
            let as_json = self.look.format.json;
            let onlooker = self.look.onlooker(app).await?;
            let look = simulator::ahead(app, &onlooker, &raw).await.map_err(told)?;
            match as_json {
                true => json(&look)?,
                false => tell(&look)?,
            }
            Ok(Ended::Well)
        })
    }
}

fn read(path: &PathBuf) -> Result<RawSimulation> {
    let cannot = || format!("cannot read {}", path.display());
    let size = std::fs::metadata(path).with_context(cannot)?.len();
    anyhow::ensure!(
        size <= MAX_FILE,
        "{} is longer than {MAX_FILE} bytes",
        path.display()
    );
    let text = std::fs::read_to_string(path).with_context(cannot)?;
    serde_json::from_str(&text).with_context(|| format!("{} is not such a change", path.display()))
}

pub(super) fn tell(look: &Foresight) -> Result<()> {
    let rows: Vec<[String; 4]> = look.first.iter().map(row).collect();
    table(["when", "to", "by", "about"], &rows)?;
    line(&format!(
        "until {}: {} messages with {} reminders, {} reminders into inboxes, {} have to wait for another hour",
        look.until.format("%Y-%m-%d %H:%M UTC"),
        look.messages,
        look.reminders,
        look.in_app,
        look.held
    ))?;
    if look.stopped > 0 {
        line(&format!(
            "{} messages stay: their connectors are disabled or were never seen to work",
            look.stopped
        ))?;
    }
    for one in &look.left_out {
        line(&format!("not sent: {} ({})", one.reminders, one.reason))?;
    }
    let Some(change) = &look.change else {
        return Ok(());
    };
    line(&format!(
        "by the change {} reminders come and {} go; without it there are {} messages",
        change.added, change.removed, change.messages_before
    ))?;
    for (sign, messages) in [('+', &change.first_added), ('-', &change.first_removed)] {
        for message in messages {
            let [when, to, by, about] = row(message);
            line(&format!("{sign} {when}  {to}  {by}  {about}"))?;
        }
    }
    Ok(())
}

fn row(message: &ForeseenMessage) -> [String; 4] {
    let digest = message.digest.map(|digest| {
        format!(
            "digest: {} overdue, {} today, {} to come",
            digest.overdue, digest.today, digest.coming
        )
    });
    let reminders: Vec<String> = message
        .reminders
        .iter()
        .map(|one| format!("{} ({}, {})", one.title, one.branch_name, one.threshold))
        .chain(digest)
        .collect();
    [
        message.at.format("%Y-%m-%d %H:%M").to_string(),
        message.told().to_owned(),
        message.connector.clone(),
        reminders.join("; "),
    ]
}
