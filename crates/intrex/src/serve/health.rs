//! What `/readyz` and `intrex doctor` ask besides the database: whether background work is done, and room for files.

use std::path::{Path, PathBuf};

use intrex_core::{
    App,
    health::{self, Standing},
};
use intrex_web::Readiness;

use crate::config::Config;

/// With less room than this below the data directory, nothing that writes files can be promised.
const MIN_FREE_BYTES: u64 = 100 * 1024 * 1024;

/// The checks of this installation.
pub(super) fn checks(app: &App, config: &Config) -> Vec<Readiness> {
    let app = app.clone();
    let data_dir = config.data_dir.clone();
    vec![
        Readiness {
            name: "worker",
            check: Box::new(move || {
                let app = app.clone();
                Box::pin(async move { worker(&app).await })
            }),
        },
        Readiness {
            name: "disk",
            check: Box::new(move || {
                let data_dir = data_dir.clone();
                Box::pin(async move { disk(data_dir).await })
            }),
        },
    ]
}

/// Whether all background work has been heard of lately, in this process or another.
async fn worker(app: &App) -> Result<(), String> {
    let still = still(app).await.map_err(|_| "cannot be asked")?;
    match still.first() {
        None => Ok(()),
        Some((worker, Standing::Silent)) => {
            Err(format!("{worker} has not been heard of for two minutes"))
        }
        Some((worker, _)) => Err(format!("{worker} has not succeeded for two minutes")),
    }
}

/// Background work that does not go on.
pub(crate) async fn still(app: &App) -> intrex_core::Result<Vec<(&'static str, Standing)>> {
    let beats = health::all(app).await?;
    Ok(health::standing_still(&beats, app.now()))
}

async fn disk(data_dir: PathBuf) -> Result<(), String> {
    tokio::task::spawn_blocking(move || room(&data_dir))
        .await
        .unwrap_or_else(|_| Err("cannot be looked at".to_owned()))
}

fn room(data_dir: &Path) -> Result<(), String> {
    // With a given database there may be no directory yet; then its parent's room counts.
    let existing = data_dir.ancestors().find(|dir| dir.exists());
    let existing = existing.unwrap_or(Path::new("."));
    let found = nix::sys::statvfs::statvfs(existing).map_err(|_| "cannot be looked at")?;
    let free = found
        .blocks_available()
        .saturating_mul(found.fragment_size());
    if free < MIN_FREE_BYTES {
        return Err("is almost full".to_owned());
    }
    Ok(())
}
