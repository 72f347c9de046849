//! `intrex demo`: an installation with two organisations that look as if people had worked in them for a while, made by the
//! same commands that people use. It is marked as a demonstration, in its database and in its directory, and never becomes
//! anything else: its sign-in page tells everybody how to sign in.
//!
//! `cast` who is in it · `calendar` when things are due and done, counted from today · `seed` how it begins · `crew` its
//! people as they join · `days` what happens then · `file` what scripts read · `people` the list at its sign-in page.

mod calendar;
mod cast;
mod crew;
mod days;
mod file;
mod people;
mod seed;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use intrex_core::{
    App,
    clock::Clock,
    db::migrate::{Installation, InstallationKind},
    tenants,
};

use crate::{
    cli::told,
    config::{Config, NOT_LOOPBACK, Stage},
    database::Database,
};
pub use file::{DemoBranch, DemoFile, DemoTenant, DemoUser};
pub use people::{people, tell};

/// Stands in the directory while a demonstration is being made.
const UNFINISHED: &str = "demo.unfinished";

/// Whether an installation may be what it is, here. A demonstration refuses to be reached from elsewhere and to be taken
/// for production; its directory and its database belong together.
///
/// # Errors
/// What does not fit, and what to do.
pub fn fits(config: &Config, found: Installation) -> Result<()> {
    match (found.kind, config.is_demo_directory()) {
        (InstallationKind::Production, false) => Ok(()),
        (InstallationKind::Production, true) => bail!(
            "INTREX_DATA_DIR ({}) belongs to a demonstration, and the database was not made by it: choose another \
             INTREX_DATA_DIR",
            config.data_dir.display()
        ),
        (InstallationKind::Demo, _) if config.stage == Stage::Production => bail!(
            "the database was made by `intrex demo`, and a demonstration never runs as production: choose another \
             database"
        ),
        (InstallationKind::Demo, _) if !config.http.bind.ip().is_loopback() => {
            bail!(NOT_LOOPBACK)
        }
        (InstallationKind::Demo, _) => Ok(()),
    }
}

/// Before the database is prepared: what an interrupted first start left is thrown away.
///
/// # Errors
/// When the database belongs to somebody else.
pub async fn clear_unfinished(config: &Config, database: &Database) -> Result<()> {
    let marker = marker(config);
    if marker.exists() {
        database.start_over().await.context(
            "the first start of this demonstration was interrupted, and its database cannot be made anew",
        )?;
        std::fs::remove_file(&marker)
            .with_context(|| format!("cannot remove {}", marker.display()))?;
    }
    Ok(())
}

/// The demonstration's people and how they sign in, made at the first start.
///
/// # Errors
/// When the database was not made by a demonstration, or its people's passwords are lost.
pub async fn open(
    app: &App,
    config: &Config,
    database: &Database,
    found: Installation,
) -> Result<DemoFile> {
    if found.kind != InstallationKind::Demo {
        bail!(
            "this database was not made by `intrex demo` and is left alone: choose another INTREX_DATA_DIR, or a database \
             of its own"
        );
    }
    if let Some(file) = read(app, config).await? {
        return Ok(file);
    }
    let present = tenants::list(app).await.map_err(told)?;
    if !present.is_empty() {
        bail!(
            "{} is gone, and with it the passwords of the demonstration's people: remove {} and start again",
            path(config).display(),
            config.data_dir.display()
        );
    }
    let marker = marker(config);
    std::fs::write(&marker, "").with_context(|| format!("cannot write {}", marker.display()))?;
    let past = database
        .connect_at(config, true, Clock::standing_at(seed::began(app.now())))
        .await?;
    let made = seed::all(app, &past).await;
    past.db.close().await;
    let file = DemoFile {
        base_url: String::new(),
        tenants: made?,
    };
    let file = file.at(&app.settings.base_url);
    file.write(&path(config))?;
    std::fs::remove_file(&marker).with_context(|| format!("cannot remove {}", marker.display()))?;
    Ok(file)
}

/// What an earlier start wrote, with the address of this one.
///
/// # Errors
/// When the file cannot be read, or tells of other organisations than the database has.
pub async fn read(app: &App, config: &Config) -> Result<Option<DemoFile>> {
    let path = path(config);
    let Some(mut file) = DemoFile::read(&path)? else {
        return Ok(None);
    };
    let present = tenants::list(app).await.map_err(told)?;
    let known = |tenant: &DemoTenant| present.iter().any(|row| row.id.uuid() == tenant.id);
    if !file.tenants.iter().all(known) {
        bail!(
            "{} tells of other organisations than the database has: it was not made by this demonstration",
            path.display()
        );
    }
    // Nobody signs in there any more.
    file.tenants.retain(|tenant| {
        present
            .iter()
            .any(|row| row.id.uuid() == tenant.id && !row.status.is_leaving())
    });
    let file = file.at(&app.settings.base_url);
    file.write(&path)?;
    Ok(Some(file))
}

fn path(config: &Config) -> PathBuf {
    Path::new(&config.data_dir).join(crate::config::DEMO_FILE)
}

fn marker(config: &Config) -> PathBuf {
    config.data_dir.join(UNFINISHED)
}
