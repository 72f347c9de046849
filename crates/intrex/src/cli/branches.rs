//! `intrex branch`: single branches; many at once come with `intrex import branches`.

use anyhow::Result;
use clap::{Args, Subcommand};
use intrex_core::{
    branches::{self, BranchFilter, BranchStatus, RawBranch},
    raw::Raw,
};

use super::{
    Act, Ended, Look,
    operate::{pages, with_app},
    output::{json, line, table, told},
};

/// What is done with branches.
#[derive(Debug, Subcommand)]
pub(super) enum Branch {
    /// Create a branch
    Create(Box<Create>),
    /// List the branches of an organisation
    List(List),
}

/// A branch to create.
#[derive(Debug, Args)]
pub(super) struct Create {
    /// The organisation's own short name for it
    #[arg(long)]
    code: String,
    /// Its name
    #[arg(long)]
    name: String,
    /// Two letters (ISO 3166-1), such as BD
    #[arg(long)]
    country: String,
    /// Its time zone, such as Asia/Dhaka: its today decides what is due
    #[arg(long, value_name = "ZONE")]
    time_zone: String,
    /// Street and house
    #[arg(long)]
    address: Option<String>,
    /// The city corporation or municipality
    #[arg(long)]
    city_corporation: Option<String>,
    /// The district
    #[arg(long)]
    district: Option<String>,
    /// The region, state or division
    #[arg(long)]
    region: Option<String>,
    /// The smallest known place that it is in, by its code; without it the one that the branch's own words name
    #[arg(long, value_name = "CODE")]
    jurisdiction: Option<String>,
    /// What kind of place it is, in the organisation's own words
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    #[command(flatten)]
    act: Act,
}

/// Branches to list.
#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    look: Look,
}

impl Branch {
    pub(super) fn run(self) -> Result<Ended> {
        match self {
            Branch::Create(command) => create(*command),
            Branch::List(command) => list(command),
        }
    }
}

fn create(command: Create) -> Result<Ended> {
    let optional = |value: Option<String>| value.map(Raw::from).unwrap_or_default();
    with_app(async |app| {
        let operator = command.act.operator(app).await?;
        let raw = RawBranch {
            code: command.code.into(),
            name: command.name.into(),
            country: command.country.into(),
            time_zone: command.time_zone.into(),
            address: optional(command.address),
            city_corporation: optional(command.city_corporation),
            district: optional(command.district),
            region: optional(command.region),
            jurisdiction: command.jurisdiction.map(Raw::from).unwrap_or_default(),
            kind: optional(command.kind),
        };
        let made = branches::create(app, &operator, &raw).await.map_err(told)?;
        if command.act.format.json {
            json(&made)?;
        } else {
            line(&format!("created {} {}: {}", made.code, made.name, made.id))?;
        }
        Ok(Ended::Well)
    })
}

fn list(command: List) -> Result<Ended> {
    with_app(async |app| {
        let onlooker = command.look.onlooker(app).await?;
        let all = pages(async |page| {
            let mut tx = app.db.read(&onlooker).await?;
            let filter = BranchFilter::default();
            let part = branches::reads::list(&mut tx, &filter, page.clone()).await?;
            tx.finish().await?;
            Ok(part)
        })
        .await?;
        if command.look.format.json {
            json(&all)?;
        } else {
            let rows: Vec<[String; 5]> = all
                .iter()
                .map(|branch| {
                    let status = match branch.status {
                        BranchStatus::Active => "active",
                        BranchStatus::Closed => "closed",
                    };
                    [
                        branch.id.to_string(),
                        branch.code.clone(),
                        status.to_owned(),
                        branch.time_zone.clone(),
                        branch.name.clone(),
                    ]
                })
                .collect();
            table(["id", "code", "status", "time zone", "name"], &rows)?;
        }
        Ok(Ended::Well)
    })
}
