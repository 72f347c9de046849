//! `intrex migrate`: roles and schema, as an administrator. The running program has no right to.

use anyhow::Result;
use clap::Args;
use intrex_core::{
    clock::Clock,
    db::migrate::{self, InstallationKind},
};

use super::{
    Ended, Format, configuration,
    operate::runtime,
    output::{json, line},
};
use crate::{
    config::Purpose,
    database::{Database, Sharing},
    logging::{self, Verbosity},
};

/// Create roles and schema, or bring them up to date.
#[derive(Debug, Args)]
pub(super) struct Migrate {
    #[command(flatten)]
    format: Format,
}

impl Migrate {
    pub(super) fn run(self) -> Result<Ended> {
        let config = configuration(Purpose::Migrate)?;
        logging::begin(&config.log, Verbosity::Command);
        let database = Database::open(&config, Sharing::Allowed)?;
        let clock = Clock::system();
        let migrated = runtime()?.block_on(Box::pin(async {
            if database.is_private() {
                let kind = InstallationKind::Production;
                database.prepare(kind, &clock).await.map(drop)
            } else {
                database.migrate(InstallationKind::Production, &clock).await
            }
        }));
        database.stop();
        migrated?;
        let version = migrate::newest();
        if self.format.json {
            json(&serde_json::json!({ "schema_version": version }))?;
        } else {
            line(&format!("the database has schema {version}"))?;
        }
        Ok(Ended::Well)
    }
}
