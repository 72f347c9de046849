//! `intrex connector`: the connectors of an organisation, for whoever runs the installation. Secrets come from files or from
//! standard input, never from the arguments, which other people of the machine can read.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use intrex_core::{
    channels::StageState,
    connectors::{self, Connector, Examination, Examined, RawConnector, RawRotation},
    raw::Raw,
};
use secrecy::ExposeSecret as _;
use serde_json::json;
use uuid::Uuid;

use super::{
    Ended, Format, Where, Why,
    operate::with_app,
    output::{json, line, table, told},
};

/// The longest file of a setting or a secret, in bytes.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// What is done with connectors.
#[derive(Debug, Subcommand)]
pub(super) enum Connectors {
    /// List the connectors of an organisation, and how each does
    List(List),
    /// Add a connector
    Create(Create),
    /// Look, stage by stage, whether messages would arrive
    Verify(One),
    /// Send a message that says that it is a test
    Test(One),
    /// Stop sending by a connector
    Disable(One),
    /// Let a disabled connector go on
    Enable(One),
    /// Set another signing secret beside the present one of a webhook
    Rotate(One),
    /// Let the other signing secret take the present one's place
    Promote(One),
}

/// Connectors to list.
#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    format: Format,
}

/// A connector to add.
#[derive(Debug, Args)]
pub(super) struct Create {
    /// email_smtp, telegram_bot, whatsapp_business or webhook
    #[arg(value_name = "TYPE")]
    kind: String,
    /// What the organisation calls it
    #[arg(long)]
    name: String,
    /// A setting of its type, such as url=https://example.com/hook; @FILE reads the value from a file
    #[arg(long = "set", value_name = "NAME=VALUE")]
    settings: Vec<String>,
    /// A secret of its type from a file, such as token=./token; - reads standard input
    #[arg(long = "secret-file", value_name = "NAME=FILE")]
    secrets: Vec<String>,
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    why: Why,
    #[command(flatten)]
    format: Format,
}

/// A connector that is there.
#[derive(Debug, Args)]
pub(super) struct One {
    /// The connector's id, as `intrex connector list` shows it
    #[arg(value_name = "CONNECTOR")]
    connector: Uuid,
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    why: Why,
    #[command(flatten)]
    format: Format,
}

impl Connectors {
    pub(super) fn run(self) -> Result<Ended> {
        match self {
            Connectors::List(command) => list(command),
            Connectors::Create(command) => create(command),
            Connectors::Verify(command) => look(command, Look::Verify),
            Connectors::Test(command) => look(command, Look::Test),
            Connectors::Disable(command) => switch(command, Switch::Off),
            Connectors::Enable(command) => switch(command, Switch::On),
            Connectors::Rotate(command) => rotate(command),
            Connectors::Promote(command) => switch(command, Switch::Promoted),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Look {
    Verify,
    Test,
}

#[derive(Debug, Clone, Copy)]
enum Switch {
    On,
    Off,
    Promoted,
}

fn list(command: List) -> Result<Ended> {
    with_app(async |app| {
        let onlooker = command.at.onlooker(app).await?;
        let mut tx = app.db.read(&onlooker).await?;
        let all = connectors::reads::list(&mut tx).await.map_err(told)?;
        tx.finish().await?;
        if command.format.json {
            json(&all)?;
        } else {
            let rows: Vec<[String; 6]> = all.iter().map(row).collect();
            table(
                ["id", "type", "name", "leads to", "status", "last error"],
                &rows,
            )?;
        }
        Ok(Ended::Well)
    })
}

fn row(connector: &Connector) -> [String; 6] {
    [
        connector.id.to_string(),
        connector.kind.as_str().to_owned(),
        connector.name.clone(),
        connector.config.leads_to(),
        connector.status.as_str().to_owned(),
        connector.health.last_error.clone().unwrap_or_default(),
    ]
}

fn create(command: Create) -> Result<Ended> {
    let mut raw = RawConnector {
        kind: Raw::from(command.kind.clone()),
        name: Raw::from(command.name.clone()),
        ..RawConnector::default()
    };
    for setting in &command.settings {
        let (name, value) = pair(setting)?;
        let value = match value.strip_prefix('@') {
            // The name of a channel of Telegram begins so, too.
            Some(file) if name != "chat_id" => read(Path::new(file))?,
            _ => value.to_owned(),
        };
        let Some(field) = raw.config.field_mut(name) else {
            bail!("there is no setting {name}");
        };
        *field = Raw::from(value);
    }
    for secret in &command.secrets {
        let (name, file) = pair(secret)?;
        let Some(field) = raw.secrets.field_mut(name) else {
            bail!("there is no secret {name}");
        };
        let text = read(&PathBuf::from(file))?;
        *field = Raw::from(text.trim_end_matches(['\r', '\n']));
    }
    with_app(async |app| {
        let operator = command.at.operator(app, &command.why.reason).await?;
        let made = connectors::create(app, &operator, &raw)
            .await
            .map_err(told)?;
        let secret = made.signing_secret.as_ref();
        say(
            &made.connector,
            secret.map(|secret| secret.expose_secret()),
            command.format,
        )
    })
}

fn pair(text: &str) -> Result<(&str, &str)> {
    text.split_once('=')
        .with_context(|| format!("{text} is not NAME=VALUE"))
}

fn read(path: &Path) -> Result<String> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin()
            .take(MAX_FILE_BYTES)
            .read_to_string(&mut text)
            .context("cannot read standard input")?;
    } else {
        std::fs::File::open(path)
            .and_then(|file| file.take(MAX_FILE_BYTES).read_to_string(&mut text))
            .with_context(|| format!("cannot read {}", path.display()))?;
    }
    Ok(text)
}

fn look(command: One, look: Look) -> Result<Ended> {
    with_app(async |app| {
        let operator = command.at.operator(app, &command.why.reason).await?;
        let id = command.connector.into();
        let seen = match look {
            Look::Verify => connectors::verify(app, &operator, id).await,
            Look::Test => connectors::test(app, &operator, id).await,
        };
        match seen.map_err(told)? {
            Examination::Done(seen) => show(&seen, command.format),
            Examination::TooSoon { retry_after_sec } => {
                bail!(
                    "it was looked at often enough for now: try again in {retry_after_sec} seconds"
                )
            }
        }
    })
}

fn show(seen: &Examined, format: Format) -> Result<Ended> {
    if format.json {
        json(seen)?;
    } else {
        let rows: Vec<[String; 4]> = seen
            .stages
            .iter()
            .map(|stage| {
                let state = match stage.state {
                    StageState::Ok => "ok",
                    StageState::Failed => "failed",
                    StageState::Skipped => "skipped",
                };
                [
                    stage.stage.to_owned(),
                    state.to_owned(),
                    format!("{} ms", stage.ms),
                    stage.detail.clone().unwrap_or_default(),
                ]
            })
            .collect();
        table(["stage", "state", "took", "detail"], &rows)?;
        let connector = &seen.connector;
        line(&format!(
            "{} is {}",
            connector.name,
            connector.status.as_str()
        ))?;
    }
    Ok(match seen.ok {
        true => Ended::Well,
        false => Ended::Badly,
    })
}

fn switch(command: One, to: Switch) -> Result<Ended> {
    with_app(async |app| {
        let operator = command.at.operator(app, &command.why.reason).await?;
        let id = command.connector.into();
        let connector = match to {
            Switch::On => connectors::enable(app, &operator, id).await,
            Switch::Off => connectors::disable(app, &operator, id).await,
            Switch::Promoted => connectors::promote(app, &operator, id).await,
        };
        say(&connector.map_err(told)?, None, command.format)
    })
}

fn rotate(command: One) -> Result<Ended> {
    with_app(async |app| {
        let operator = command.at.operator(app, &command.why.reason).await?;
        let raw = RawRotation::default();
        let made = connectors::rotate(app, &operator, command.connector.into(), &raw)
            .await
            .map_err(told)?;
        let secret = made.signing_secret.as_ref();
        say(
            &made.connector,
            secret.map(|secret| secret.expose_secret()),
            command.format,
        )
    })
}

/// The connector, and a secret that was made for it: this is the one time that it is shown.
fn say(connector: &Connector, made: Option<&str>, format: Format) -> Result<Ended> {
    if format.json {
        let mut shown = serde_json::to_value(connector)?;
        if let Some(secret) = made {
            shown["signing_secret"] = json!(secret);
        }
        json(&shown)?;
    } else {
        line(&format!(
            "{} ({}) is {}",
            connector.name,
            connector.id,
            connector.status.as_str()
        ))?;
        if let Some(secret) = made {
            line(&format!(
                "its signing secret, which is not shown again: {secret}"
            ))?;
        }
    }
    Ok(Ended::Well)
}
