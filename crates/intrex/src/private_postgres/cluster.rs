//! First use: makes the database cluster. It is made beside its place and moved there when finished, so that a program
//! killed halfway leaves nothing that looks like a cluster.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, chown, fchown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use secrecy::ExposeSecret;

use super::binaries::Binaries;
use super::layout::{Account, Layout};
use super::server::{self, Log};
use super::{Durability, SUPERUSER, secrets};

/// `initdb` takes a second; with syncing on a slow disk a few tens.
const INITDB_LIMIT: Duration = Duration::from_secs(180);

/// The major version that made the cluster, if there is one.
pub(super) fn major_version(layout: &Layout) -> Result<Option<u32>> {
    let path = layout.cluster.join("PG_VERSION");
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let major = text
                .trim()
                .parse()
                .with_context(|| format!("{} holds no version", path.display()))?;
            Ok(Some(major))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Makes the cluster unless it exists. The caller owns the data directory.
pub(super) fn make_if_missing(
    binaries: &Binaries,
    layout: &Layout,
    data_dir: &Path,
    durability: Durability,
) -> Result<()> {
    if layout.cluster.exists() {
        if secrets::path(data_dir, SUPERUSER).exists() {
            return Ok(());
        }
        set_aside(layout, data_dir)?;
    }
    tracing::info!(cluster = %layout.cluster.display(), major = binaries.major, "making a database cluster");

    let draft = layout.base.join("cluster.new");
    if draft.exists() {
        std::fs::remove_dir_all(&draft)
            .with_context(|| format!("cannot delete {}", draft.display()))?;
    }
    DirBuilder::new()
        .mode(0o700)
        .create(&draft)
        .with_context(|| format!("cannot make {}", draft.display()))?;
    if let Some(account) = layout.account {
        chown(&draft, Some(account.uid), Some(account.gid))?;
    }
    let password = secrets::role_password(data_dir, SUPERUSER)?;
    let password_file = PasswordFile::write(layout, password.expose_secret())?;
    let made = initdb(binaries, layout, &draft, &password_file.path, durability);
    drop(password_file);
    made?;
    std::fs::rename(&draft, &layout.cluster)
        .and_then(|()| File::open(&layout.base)?.sync_all())
        .with_context(|| {
            format!(
                "cannot move the new cluster to {}",
                layout.cluster.display()
            )
        })
}

/// A cluster whose passwords are gone cannot be opened by anybody: somebody deleted the data directory, whose cluster
/// lies elsewhere. They asked for a fresh start; the data is kept beside it all the same.
fn set_aside(layout: &Layout, data_dir: &Path) -> Result<()> {
    if layout.cluster.starts_with(data_dir) {
        bail!(
            "{} is missing but the cluster in {} needs it: restore the file, or move the cluster away to start afresh",
            secrets::path(data_dir, SUPERUSER).display(),
            layout.cluster.display(),
        );
    }
    let kept = (1_u32..)
        .map(|number| {
            layout
                .base
                .join(format!("cluster.without-passwords.{number}"))
        })
        .find(|path| !path.exists())
        .context("every name is taken")?;
    std::fs::rename(&layout.cluster, &kept)
        .with_context(|| format!("cannot rename to {}", kept.display()))?;
    tracing::warn!(
        kept = %kept.display(),
        "the data directory was deleted or replaced: starting with an empty database; the old cluster is kept"
    );
    Ok(())
}

fn initdb(
    binaries: &Binaries,
    layout: &Layout,
    draft: &Path,
    password_file: &Path,
    durability: Durability,
) -> Result<()> {
    let log = Log::open(layout)?;
    let mut command = server::command(
        binaries.dir.join("initdb"),
        layout,
        &log,
        nix::sys::signal::SIGKILL,
    )?;
    command
        .arg("--pgdata")
        .arg(draft)
        .arg("--pwfile")
        .arg(password_file)
        .arg(format!("--username={SUPERUSER}"))
        .args([
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--data-checksums",
            "--no-instructions",
        ]);
    if durability == Durability::OffForTests {
        command.arg("--no-sync");
    }
    let mut child = command.spawn().context("cannot run initdb")?;
    match server::wait_until(INITDB_LIMIT, || Ok(child.try_wait()?))? {
        Some(status) if status.success() => Ok(()),
        Some(status) => bail!(
            "initdb failed ({status}); the log ends with:\n{}",
            log.tail()
        ),
        None => {
            child.kill()?;
            child.wait()?;
            bail!(
                "initdb took longer than {} s; the log ends with:\n{}",
                INITDB_LIMIT.as_secs(),
                log.tail()
            )
        }
    }
}

/// The superuser's password where `initdb` can read it: for the server's account only, and only while it is needed.
struct PasswordFile {
    path: PathBuf,
}

impl PasswordFile {
    fn write(layout: &Layout, password: &str) -> Result<Self> {
        let path = layout.base.join("initdb-password");
        if path.exists() {
            std::fs::remove_file(&path)?;
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("cannot make {}", path.display()))?;
        let made = Self { path };
        if let Some(Account { uid, gid }) = layout.account {
            fchown(&file, Some(uid), Some(gid))?;
        }
        file.write_all(password.as_bytes())?;
        Ok(made)
    }
}

impl Drop for PasswordFile {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "cannot delete a password file");
        }
    }
}
