//! `intrex security-events`: what somebody should look at, in one organisation or on the platform: addresses that nobody has,
//! and networks that fail in several organisations.

use anyhow::Result;
use clap::{Args, Subcommand};
use intrex_core::{
    Actor, App,
    catalogue::{Key, Language, say},
    ids::TenantId,
    raw::Raw,
    security_events::{self, RawSecurityFilter, RawThresholds, SecurityEvent, Thresholds},
};
use uuid::Uuid;

use super::{
    Ended, Format, Where, Why,
    operate::{pages, with_app},
    output::{json, line, table, told},
};

/// What an operator says in place of a reason when they only look at the platform.
const LOOKING: &str = "looked at from the command line";

/// What is done with security events.
#[derive(Debug, Subcommand)]
pub(super) enum SecurityEvents {
    /// List them, the latest first
    List(List),
    /// Say that somebody has looked at one
    Acknowledge(Acknowledge),
    /// Show from when on it is a burst, a spray or a spike in an organisation, or change that
    Thresholds(Set),
}

/// Whose.
#[derive(Debug, Clone, Copy, Args)]
struct Whose {
    #[command(flatten)]
    at: Where,
    /// Those of the platform: addresses that nobody has, and networks across organisations
    #[arg(long, conflicts_with = "tenant")]
    platform: bool,
}

/// Security events to list.
#[derive(Debug, Args)]
pub(super) struct List {
    /// One code, such as LOGIN_SPRAY
    #[arg(long)]
    code: Option<String>,
    /// low, medium or high
    #[arg(long)]
    severity: Option<String>,
    /// Those alone that nobody has acknowledged
    #[arg(long)]
    open: bool,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    format: Format,
}

/// One that somebody has looked at.
#[derive(Debug, Args)]
pub(super) struct Acknowledge {
    /// Its id, as `intrex security-events list` shows it
    #[arg(value_name = "ID")]
    id: Uuid,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    why: Why,
    #[command(flatten)]
    format: Format,
}

/// Thresholds; what is left out stays as it is, and without any they are shown.
#[derive(Debug, Args)]
pub(super) struct Set {
    /// Failed sign-ins and wrong codes that are a burst: 3 to 10000
    #[arg(long, value_name = "N", requires = "reason")]
    burst_failures: Option<u32>,
    /// Minutes within which they are counted: 1 to 1440
    #[arg(long, value_name = "MINUTES", requires = "reason")]
    burst_minutes: Option<u32>,
    /// Accounts at which one network fails that are a spray: 2 to 10000
    #[arg(long, value_name = "N", requires = "reason")]
    spray_accounts: Option<u32>,
    /// Minutes within which they are counted: 1 to 1440
    #[arg(long, value_name = "MINUTES", requires = "reason")]
    spray_minutes: Option<u32>,
    /// Rows that one person reads in bulk that are a spike: 100 to 1000000
    #[arg(long, value_name = "N", requires = "reason")]
    export_rows: Option<u32>,
    /// Minutes within which they are counted: 1 to 1440
    #[arg(long, value_name = "MINUTES", requires = "reason")]
    export_minutes: Option<u32>,
    /// Minutes within which nobody changes networks there and back: 1 to 1440
    #[arg(long, value_name = "MINUTES", requires = "reason")]
    alternating_minutes: Option<u32>,
    /// Why you change them; it stands in the organisation's audit log
    #[arg(long, value_name = "WORDS")]
    reason: Option<String>,
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    format: Format,
}

impl SecurityEvents {
    pub(super) fn run(self) -> Result<Ended> {
        match self {
            SecurityEvents::List(command) => list(command),
            SecurityEvents::Acknowledge(command) => acknowledge(command),
            SecurityEvents::Thresholds(command) => thresholds(command),
        }
    }
}

impl Whose {
    async fn operator(self, app: &App, reason: &str) -> Result<Actor> {
        match self.platform {
            true => Actor::operator(TenantId::PLATFORM, reason).map_err(told),
            false => self.at.operator(app, reason).await,
        }
    }
}

fn list(command: List) -> Result<Ended> {
    with_app(async |app| {
        let onlooker = command.whose.operator(app, LOOKING).await?;
        let words = |typed: &Option<String>| typed.clone().map(Raw::from).unwrap_or_default();
        let raw = RawSecurityFilter {
            code: words(&command.code),
            severity: words(&command.severity),
            open: Raw::from(command.open.to_string()),
        };
        let filter = raw.parse().map_err(told)?;
        let all = pages(async |page| {
            let mut tx = app.db.read(&onlooker).await?;
            let part = security_events::reads::list(&mut tx, &filter, page).await?;
            tx.finish().await?;
            Ok(part)
        })
        .await?;
        if command.format.json {
            json(&all)?;
        } else {
            let rows: Vec<[String; 7]> = all.iter().map(row).collect();
            let headings = ["id", "severity", "code", "times", "last", "state", "about"];
            table(headings, &rows)?;
        }
        Ok(Ended::Well)
    })
}

fn row(event: &SecurityEvent) -> [String; 7] {
    let about = match (&event.person_name, event.subject.as_str()) {
        (Some(name), _) => name.clone(),
        (None, "") => "everybody".to_owned(),
        (None, subject) => subject.to_owned(),
    };
    [
        event.id.to_string(),
        event.severity.as_str().to_owned(),
        event.code.clone(),
        event.count.to_string(),
        event.last_seen_at.format("%Y-%m-%d %H:%M").to_string(),
        match event.acknowledged_at {
            Some(_) => "looked at".to_owned(),
            None => "open".to_owned(),
        },
        match event.address.is_empty() {
            true => about,
            false => format!("{about}, from {}", event.address),
        },
    ]
}

fn acknowledge(command: Acknowledge) -> Result<Ended> {
    with_app(async |app| {
        let operator = command.whose.operator(app, &command.why.reason).await?;
        let event = security_events::acknowledge(app, &operator, command.id.into())
            .await
            .map_err(told)?;
        if command.format.json {
            json(&event)?;
        } else {
            line(&format!("{} ({}) is looked at now", event.code, event.id))?;
            if let Some(key) = Key::find(&format!("security-event-{}-do", event.code)) {
                line(&say(Language::ENGLISH, key))?;
            }
        }
        Ok(Ended::Well)
    })
}

fn thresholds(command: Set) -> Result<Ended> {
    with_app(async |app| {
        let set = match &command.reason {
            Some(reason) => change(app, &command, reason).await?,
            None => {
                let onlooker = command.at.onlooker(app).await?;
                let mut tx = app.db.read(&onlooker).await?;
                let found = security_events::reads::thresholds(&mut tx).await;
                let found = found.map_err(told)?;
                tx.finish().await?;
                found
            }
        };
        if command.format.json {
            json(&set)?;
        } else {
            let rows: Vec<[String; 2]> = Thresholds::names()
                .zip(set.values())
                .map(|(name, value)| [name.replace('_', "-"), value.to_string()])
                .collect();
            table(["threshold", "value"], &rows)?;
        }
        Ok(Ended::Well)
    })
}

async fn change(app: &App, command: &Set, reason: &str) -> Result<Thresholds> {
    let operator = command.at.operator(app, reason).await?;
    let number = |typed: Option<u32>| {
        typed.map_or_else(Raw::default, |number| Raw::from(number.to_string()))
    };
    let raw = RawThresholds {
        burst_failures: number(command.burst_failures),
        burst_minutes: number(command.burst_minutes),
        spray_accounts: number(command.spray_accounts),
        spray_minutes: number(command.spray_minutes),
        export_rows: number(command.export_rows),
        export_minutes: number(command.export_minutes),
        alternating_minutes: number(command.alternating_minutes),
    };
    security_events::set_thresholds(app, &operator, &raw, None)
        .await
        .map_err(told)
}
