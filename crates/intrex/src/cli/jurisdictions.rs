//! `intrex jurisdiction`: places, their weekends and holidays.

use anyhow::Result;
use clap::{Args, Subcommand};
use intrex_core::{
    ids::JurisdictionId,
    jurisdictions::{self, JurisdictionFilter, RawJurisdiction},
    raw::Raw,
};
use uuid::Uuid;

use super::{
    Act, Ended, Look,
    operate::{pages, with_app},
    output::{json, line, table, told},
};

/// What is done with places.
#[derive(Debug, Subcommand)]
pub(super) enum Jurisdictions {
    /// List the places of an organisation
    List(List),
    /// Enter a place
    Create(Create),
    /// Change a place; what is left out stays
    Set(Set),
    /// Remove a place that has neither parts nor branches
    Remove(Remove),
}

/// Places to list.
#[derive(Debug, Args)]
pub(super) struct List {
    /// This place and all of its parts, by its code
    #[arg(long, value_name = "CODE")]
    within: Option<String>,
    #[command(flatten)]
    look: Look,
}

/// A place to enter.
#[derive(Debug, Args)]
pub(super) struct Create {
    /// Two letters of ISO 3166-1, and after hyphens those of its parts, such as BD-C-DNCC
    #[arg(long)]
    code: String,
    /// country, region, district, city_corporation or zone
    #[arg(long)]
    kind: String,
    #[command(flatten)]
    facts: Facts,
    #[command(flatten)]
    act: Act,
}

/// A place to change.
#[derive(Debug, Args)]
pub(super) struct Set {
    /// The place's id, as `intrex jurisdiction list` shows it
    #[arg(value_name = "PLACE")]
    place: Uuid,
    #[command(flatten)]
    facts: Facts,
    #[command(flatten)]
    act: Act,
}

/// What can be said of a place, new or old.
#[derive(Debug, Args)]
struct Facts {
    /// What it is called
    #[arg(long)]
    name: Option<String>,
    /// The days on which its offices are closed, such as fri,sat; empty: as in what it is part of
    #[arg(long, value_name = "DAYS")]
    weekend: Option<String>,
    /// Its time zone, such as Asia/Dhaka; empty: as in what it is part of
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// A holiday, such as "2026-12-16: Victory Day"; may be repeated. Those that are not named are none any more
    #[arg(long, value_name = "DATE: NAME")]
    holiday: Vec<String>,
}

/// A place to remove.
#[derive(Debug, Args)]
pub(super) struct Remove {
    /// The place's id, as `intrex jurisdiction list` shows it
    #[arg(value_name = "PLACE")]
    place: Uuid,
    #[command(flatten)]
    act: Act,
}

impl Facts {
    fn raw(self) -> RawJurisdiction {
        let optional = |value: Option<String>| value.map(Raw::from).unwrap_or_default();
        RawJurisdiction {
            name: optional(self.name),
            weekend: optional(self.weekend),
            time_zone: optional(self.time_zone),
            holidays: match self.holiday.is_empty() {
                true => Raw::default(),
                false => self.holiday.join("\n").into(),
            },
            ..RawJurisdiction::default()
        }
    }
}

impl Jurisdictions {
    pub(super) fn run(self) -> Result<Ended> {
        match self {
            Jurisdictions::List(command) => list(command),
            Jurisdictions::Create(command) => create(command),
            Jurisdictions::Set(command) => set(command),
            Jurisdictions::Remove(command) => remove(command),
        }
    }
}

fn list(command: List) -> Result<Ended> {
    let filter = JurisdictionFilter {
        within: command.within,
    };
    with_app(async |app| {
        let onlooker = command.look.onlooker(app).await?;
        let all = pages(async |page| {
            let mut tx = app.db.read(&onlooker).await?;
            let part = jurisdictions::reads::list(&mut tx, &filter, page).await?;
            tx.finish().await?;
            Ok(part)
        })
        .await?;
        if command.look.format.json {
            json(&all)?;
            return Ok(Ended::Well);
        }
        let rows: Vec<[String; 5]> = all
            .into_iter()
            .map(|place| {
                let weekend = place.weekend.map(|days| days.join(","));
                [
                    place.id.to_string(),
                    place.code,
                    place.kind,
                    weekend.unwrap_or_else(|| "-".to_owned()),
                    place.name,
                ]
            })
            .collect();
        table(["id", "code", "kind", "weekend", "name"], &rows)?;
        Ok(Ended::Well)
    })
}

fn create(command: Create) -> Result<Ended> {
    let raw = RawJurisdiction {
        code: command.code.into(),
        kind: command.kind.into(),
        ..command.facts.raw()
    };
    with_app(async |app| {
        let operator = command.act.operator(app).await?;
        let made = jurisdictions::commands::create(app, &operator, &raw)
            .await
            .map_err(told)?;
        match command.act.format.json {
            true => json(&made)?,
            false => line(&format!("entered {}: {}", made.place.code, made.place.id))?,
        }
        Ok(Ended::Well)
    })
}

fn set(command: Set) -> Result<Ended> {
    let (id, raw) = (JurisdictionId::from(command.place), command.facts.raw());
    with_app(async |app| {
        let operator = command.act.operator(app).await?;
        let place = jurisdictions::commands::update(app, &operator, id, &raw, None)
            .await
            .map_err(told)?;
        match command.act.format.json {
            true => json(&place)?,
            false => line(&format!("changed {}", place.place.code))?,
        }
        Ok(Ended::Well)
    })
}

fn remove(command: Remove) -> Result<Ended> {
    let id = JurisdictionId::from(command.place);
    with_app(async |app| {
        let operator = command.act.operator(app).await?;
        jurisdictions::commands::remove(app, &operator, id)
            .await
            .map_err(told)?;
        if !command.act.format.json {
            line("removed")?;
        }
        Ok(Ended::Well)
    })
}
