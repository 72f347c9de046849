//! The command line: what `intrex` is told, and how it answers. Standard output holds the answer, standard error what went
//! wrong and what to do; exit code 0 is done, 1 refused or failed, 2 wrong usage.
//!
//! `operate` how a command reaches the database · `output` how answers look · one file a noun.

mod access_reviews;
mod audit;
mod branches;
mod connectors;
mod deliveries;
mod digests;
mod doctor;
mod imports;
mod jurisdictions;
mod keys;
mod migrate;
mod notification_routes;
mod oidc;
mod operate;
mod output;
mod packs;
mod people;
mod run;
mod security;
mod simulate;
mod surface;
mod tenants;
mod tokens;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use uuid::Uuid;

use crate::config::{Config, Environment, Purpose};
pub(crate) use operate::pages;
pub(crate) use output::{line, told};
pub(crate) use people::everybody;

/// How a command ended, if it was not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Done, and everything is well.
    Well,
    /// Done, and something is not well: the answer says what.
    Badly,
}

/// The register of what every branch owes, and to whom, by when.
#[derive(Debug, Parser)]
#[command(
    name = "intrex",
    version,
    propagate_version = true,
    after_help = "Configuration is read from the environment; NAME_FILE names a file with the value of NAME.\n\
                  Without DATABASE_URL a private PostgreSQL runs below INTREX_DATA_DIR (./data).\n\
                  Exit codes: 0 done, 1 refused or failed, 2 wrong usage."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve pages, API and background work
    Serve(run::Serve),
    /// Do background work alone
    Worker,
    /// Serve a demonstration on this machine, with two organisations that are made at the first start
    Demo,
    /// Create roles and schema on the database, or bring them up to date (DATABASE_ADMIN_URL)
    Migrate(migrate::Migrate),
    /// Create, list, suspend, resume, export and delete organisations
    #[command(subcommand)]
    Tenant(tenants::Tenant),
    /// Create and list the branches of an organisation
    #[command(subcommand)]
    Branch(branches::Branch),
    /// What authorities ask for, country by country: list the packs, and take one over
    #[command(subcommand)]
    Pack(packs::Packs),
    /// Places, their weekends and holidays
    #[command(subcommand)]
    Jurisdiction(jurisdictions::Jurisdictions),
    /// Invite, change, disable, delete and list people, reset second factors, unlock accounts
    #[command(subcommand)]
    User(people::User),
    /// Begin, decide and finish access reviews
    #[command(subcommand)]
    AccessReview(access_reviews::AccessReviews),
    /// Create, list and revoke API tokens
    #[command(subcommand)]
    Token(tokens::Token),
    /// Configure, prove, enable and disable the identity provider of an organisation
    #[command(subcommand)]
    Oidc(oidc::Oidc),
    /// Add, look at, disable and enable the ways to somebody outside
    #[command(subcommand)]
    Connector(connectors::Connectors),
    /// List and show deliveries, and send again what was given up
    #[command(subcommand)]
    Delivery(deliveries::Deliveries),
    /// Who gets which digest in the coming days
    #[command(subcommand)]
    Digest(digests::Digests),
    /// Who is told of what, by which way
    #[command(subcommand)]
    Route(notification_routes::NotificationRoutes),
    /// Say which messages go out in the next 30 days, and what another route would change; nothing is sent
    Simulate(simulate::Simulate),
    /// Import a spreadsheet of obligations or branches
    #[command(subcommand)]
    Import(imports::Import),
    /// Check the audit log
    #[command(subcommand)]
    Audit(audit::Audit),
    /// List and acknowledge security events, and say from when on there are some
    #[command(subcommand)]
    SecurityEvents(security::SecurityEvents),
    /// List every HTTP route with the permission that it needs
    Routes(Format),
    /// Print the OpenAPI description of the API
    Openapi,
    /// Look at the installation's keys, and seal anew what a previous one has sealed
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Check the installation: configuration, database, roles, row level security, audit log
    Doctor(doctor::Doctor),
}

/// How the answer looks.
#[derive(Debug, Clone, Copy, Args)]
struct Format {
    /// Answer in JSON, for programs
    #[arg(long)]
    json: bool,
}

/// Why the operator acts.
#[derive(Debug, Clone, Args)]
struct Why {
    /// Why you do this; it stands in the organisation's audit log
    #[arg(long, value_name = "WORDS")]
    reason: String,
}

/// Which organisation.
#[derive(Debug, Clone, Copy, Args)]
struct Where {
    /// The organisation's id, as `intrex tenant list` shows it; may be left out where there is only one
    #[arg(long, value_name = "ID")]
    tenant: Option<Uuid>,
}

/// What every command takes that changes something of an organisation.
#[derive(Debug, Clone, Args)]
struct Act {
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    why: Why,
    #[command(flatten)]
    format: Format,
}

/// What every command takes that shows something of an organisation.
#[derive(Debug, Clone, Copy, Args)]
struct Look {
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    format: Format,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match carry_out(cli.command) {
        Ok(Ended::Well) => ExitCode::SUCCESS,
        Ok(Ended::Badly) => ExitCode::FAILURE,
        Err(error) => {
            output::complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn carry_out(command: Command) -> anyhow::Result<Ended> {
    match command {
        Command::Serve(command) => command.run(),
        Command::Worker => run::worker(),
        Command::Demo => run::demo(),
        Command::Routes(format) => surface::routes(format),
        Command::Openapi => surface::openapi(),
        Command::Migrate(command) => command.run(),
        Command::Tenant(command) => command.run(),
        Command::Branch(command) => command.run(),
        Command::Pack(command) => command.run(),
        Command::Jurisdiction(command) => command.run(),
        Command::User(command) => command.run(),
        Command::AccessReview(command) => command.run(),
        Command::Token(command) => command.run(),
        Command::Oidc(command) => command.run(),
        Command::Connector(command) => command.run(),
        Command::Delivery(command) => command.run(),
        Command::Digest(command) => command.run(),
        Command::Route(command) => command.run(),
        Command::Simulate(command) => command.run(),
        Command::Import(command) => command.run(),
        Command::Audit(command) => command.run(),
        Command::SecurityEvents(command) => command.run(),
        Command::Keys(command) => command.run(),
        Command::Doctor(command) => command.run(),
    }
}

/// The configuration of this process, for a purpose.
fn configuration(purpose: Purpose) -> anyhow::Result<Config> {
    Ok(Config::read(&Environment::of_process(), purpose)?)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_of_every_command_fit_together() {
        Cli::command().debug_assert();
    }
}
