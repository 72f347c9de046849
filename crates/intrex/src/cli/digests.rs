//! `intrex digest`: who gets which digest in the coming days, for whoever runs the installation. Who wishes one says so for
//! themselves, on their page or by the API.

use anyhow::Result;
use clap::{Args, Subcommand};
use intrex_core::digests::{self, reads::ComingView};

use super::{
    Ended, Format, Where,
    operate::with_app,
    output::{json, table, told},
};

/// What is done with digests.
#[derive(Debug, Subcommand)]
pub(super) enum Digests {
    /// List the digests of the coming days, if everything stays open that is; nothing is sent
    Coming(Coming),
}

/// Digests to list.
#[derive(Debug, Args)]
pub(super) struct Coming {
    /// How many days ahead, 30 at most
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(i64).range(0..=digests::agenda::MAX_DAYS))]
    days: i64,
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    format: Format,
}

impl Digests {
    pub(super) fn run(self) -> Result<Ended> {
        match self {
            Digests::Coming(command) => coming(command),
        }
    }
}

fn coming(command: Coming) -> Result<Ended> {
    with_app(async |app| {
        let onlooker = command.at.onlooker(app).await?;
        let mut tx = app.db.read(&onlooker).await?;
        let all = digests::reads::coming(&mut tx, command.days).await;
        let all = all.map_err(told)?;
        tx.finish().await?;
        if command.format.json {
            json(&all)?;
        } else {
            let rows: Vec<[String; 7]> = all.iter().map(row).collect();
            let head = ["at", "zone", "person", "kind", "overdue", "today", "coming"];
            table(head, &rows)?;
        }
        Ok(Ended::Well)
    })
}

fn row(one: &ComingView) -> [String; 7] {
    [
        one.at.to_rfc3339(),
        one.time_zone.clone(),
        one.person_name.clone(),
        one.kind.as_str().to_owned(),
        one.counts.overdue.to_string(),
        one.counts.today.to_string(),
        one.counts.coming.to_string(),
    ]
}
