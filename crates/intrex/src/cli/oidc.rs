//! `intrex oidc`: the identity providers of an organisation, for whoever runs the installation. A client secret comes from a
//! file or from standard input, never from the arguments, which other people of the machine can read.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use intrex_core::{
    oidc::{self, Provider, RawDomain, RawProvider},
    raw::Raw,
};
use uuid::Uuid;

use super::{
    Act, Ended, Format, Look,
    operate::with_app,
    output::{json, line, table, told},
};

/// The longest file of a client secret, in bytes.
const MAX_SECRET_BYTES: u64 = 4 * 1024;

/// What is done with identity providers.
#[derive(Debug, Subcommand)]
pub(super) enum Oidc {
    /// List the identity providers of an organisation, and the domains that lead to them
    List(List),
    /// Add an identity provider, or change one that is there (by its issuer)
    Configure(Configure),
    /// Add a domain if it is new, and prove it by its TXT record
    Prove(Prove),
    /// Let people sign in by a provider
    Enable(Switch),
    /// Stop sign-ins by a provider at once
    Disable(Switch),
}

/// Providers to list.
#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    look: Look,
}

/// A provider to add or to change.
#[derive(Debug, Args)]
pub(super) struct Configure {
    /// Its issuer, such as https://id.example.com
    #[arg(value_name = "ISSUER")]
    issuer: String,
    /// What the organisation calls it
    #[arg(long)]
    name: Option<String>,
    /// How Intrex is known there
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// A file with the client secret; - reads standard input
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    #[command(flatten)]
    act: Act,
}

/// A domain to prove.
#[derive(Debug, Args)]
pub(super) struct Prove {
    /// The provider's id, as `intrex oidc list` shows it
    #[arg(value_name = "PROVIDER")]
    provider: Uuid,
    /// The domain, such as example.com
    #[arg(value_name = "DOMAIN")]
    domain: String,
    #[command(flatten)]
    act: Act,
}

/// A provider to enable or to disable.
#[derive(Debug, Args)]
pub(super) struct Switch {
    /// The provider's id, as `intrex oidc list` shows it
    #[arg(value_name = "PROVIDER")]
    provider: Uuid,
    #[command(flatten)]
    act: Act,
}

impl Oidc {
    pub(super) fn run(self) -> Result<Ended> {
        match self {
            Oidc::List(command) => list(command),
            Oidc::Configure(command) => configure(command),
            Oidc::Prove(command) => prove(command),
            Oidc::Enable(command) => enable(command),
            Oidc::Disable(command) => disable(command),
        }
    }
}

fn list(command: List) -> Result<Ended> {
    with_app(async |app| {
        let onlooker = command.look.onlooker(app).await?;
        let mut tx = app.db.read(&onlooker).await?;
        let all = oidc::reads::list(app, &mut tx).await.map_err(told)?;
        tx.finish().await?;
        if command.look.format.json {
            json(&all)?;
        } else {
            let rows: Vec<[String; 5]> = all.iter().map(row).collect();
            table(["id", "name", "issuer", "state", "domains"], &rows)?;
        }
        Ok(Ended::Well)
    })
}

fn row(provider: &Provider) -> [String; 5] {
    let domains: Vec<String> = provider
        .domains
        .iter()
        .map(|domain| match domain.proven_at {
            Some(_) => domain.domain.clone(),
            None => format!("{} (not proven)", domain.domain),
        })
        .collect();
    [
        provider.id.to_string(),
        provider.name.clone(),
        provider.issuer.clone(),
        state(provider).to_owned(),
        domains.join(", "),
    ]
}

fn state(provider: &Provider) -> &'static str {
    match provider.enabled {
        true => "enabled",
        false => "disabled",
    }
}

fn configure(command: Configure) -> Result<Ended> {
    let words = |typed: &Option<String>| typed.clone().map(Raw::from).unwrap_or_default();
    let secret = match &command.client_secret_file {
        Some(path) => Raw::from(read_secret(path)?),
        None => Raw::default(),
    };
    let raw = RawProvider {
        name: words(&command.name),
        issuer: Raw::from(command.issuer.clone()),
        client_id: words(&command.client_id),
        client_secret: secret,
    };
    with_app(async |app| {
        let operator = command.act.operator(app).await?;
        let mut tx = app.db.read(&operator).await?;
        let all = oidc::reads::list(app, &mut tx).await.map_err(told)?;
        tx.finish().await?;
        let present = all.iter().find(|one| one.issuer == command.issuer);
        let provider = match present {
            Some(present) => oidc::update(app, &operator, present.id, &raw, None).await,
            None => oidc::configure(app, &operator, &raw).await,
        }
        .map_err(told)?;
        say(&provider, command.act.format)
    })
}

fn read_secret(path: &Path) -> Result<String> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin()
            .take(MAX_SECRET_BYTES)
            .read_to_string(&mut text)
            .context("cannot read the client secret from standard input")?;
    } else {
        std::fs::File::open(path)
            .and_then(|file| file.take(MAX_SECRET_BYTES).read_to_string(&mut text))
            .with_context(|| format!("cannot read the client secret from {}", path.display()))?;
    }
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn prove(command: Prove) -> Result<Ended> {
    with_app(async |app| {
        let operator = command.act.operator(app).await?;
        let mut tx = app.db.read(&operator).await?;
        let found = oidc::reads::get(app, &mut tx, command.provider.into()).await;
        tx.finish().await?;
        let mut provider = found.map_err(told)?;
        let wanted = command.domain.trim().to_lowercase();
        if !has(&provider, &wanted) {
            let raw = RawDomain {
                domain: Raw::from(command.domain.clone()),
            };
            let added = oidc::add_domain(app, &operator, provider.id, &raw).await;
            provider = added.map_err(told)?;
        }
        // What was typed may be spelled otherwise: the one that was added last is meant then.
        let domain = provider
            .domains
            .iter()
            .find(|domain| domain.domain == wanted)
            .or_else(|| provider.domains.iter().max_by_key(|domain| domain.id));
        let Some(domain) = domain else {
            bail!("the domain was removed at this moment");
        };
        let provider = oidc::prove_domain(app, &operator, domain.id)
            .await
            .map_err(told)?;
        say(&provider, command.act.format)
    })
}

fn has(provider: &Provider, domain: &str) -> bool {
    provider.domains.iter().any(|known| known.domain == domain)
}

fn enable(command: Switch) -> Result<Ended> {
    with_app(async |app| {
        let operator = command.act.operator(app).await?;
        let provider = oidc::enable(app, &operator, command.provider.into())
            .await
            .map_err(told)?;
        say(&provider, command.act.format)
    })
}

fn disable(command: Switch) -> Result<Ended> {
    with_app(async |app| {
        let operator = command.act.operator(app).await?;
        let provider = oidc::disable(app, &operator, command.provider.into())
            .await
            .map_err(told)?;
        say(&provider, command.act.format)
    })
}

fn say(provider: &Provider, format: Format) -> Result<Ended> {
    if format.json {
        json(provider)?;
    } else {
        line(&format!(
            "{} ({}) is {}",
            provider.name,
            provider.id,
            state(provider)
        ))?;
        line(&format!(
            "it sends people back to {}",
            provider.redirect_uri
        ))?;
        for domain in &provider.domains {
            line(&match domain.proven_at {
                Some(_) => format!("{} leads to it", domain.domain),
                None => format!(
                    "{} is not proven: publish a TXT record {} with the text {}",
                    domain.domain, domain.record_name, domain.record_value
                ),
            })?;
        }
    }
    Ok(Ended::Well)
}
