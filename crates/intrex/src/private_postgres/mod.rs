//! The PostgreSQL server that Intrex runs for itself when it is given none.
//!
//! It makes "one command on a fresh machine" possible without weakening anything: a real server with its durability on,
//! reachable through one unix socket only, every role with a random password in a file that only the operator can
//! read. It lives and dies with the program: supervised while the program runs, shut down in order when the program
//! ends, however it ends.
//!
//! Reading order: [`binaries`] (which PostgreSQL), [`layout`] (where it lies and as whom it runs), [`secrets`],
//! [`cluster`] (first use), [`server`] (one running process), [`supervisor`] (keeping it running), [`lock`] (one owner
//! among several programs).

mod binaries;
mod cluster;
mod layout;
mod lock;
pub(crate) mod secrets;
mod server;
mod supervisor;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use layout::Layout;
use lock::OwnerLock;
use server::{Plan, RunningServer};
use supervisor::Supervisor;

/// The roles whose passwords are kept in `<data_dir>/secrets/pg_<role>`. `postgres` is the superuser.
pub const ROLES: [&str; 5] = [
    "postgres",
    "intrex_migrate",
    "intrex_app",
    "intrex_system",
    "intrex_backup",
];

/// The superuser, used to make the other roles and for nothing else.
pub const SUPERUSER: &str = ROLES[0];

/// The port only names the socket file: the server listens on no network.
const PORT: u16 = 5432;

/// Whether an acknowledged commit survives the loss of power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// `fsync`, `synchronous_commit` and `full_page_writes` on: the only choice for data that anybody wants to keep.
    Full,
    /// All three off and the cluster made without syncing. For tests, whose data is worth nothing.
    OffForTests,
}

/// How the private server is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Connections that the server admits, superuser reserve included.
    pub max_connections: u16,
    /// Whether commits are made durable.
    pub durability: Durability,
    /// How long a start (crash recovery included) may take before it counts as failed.
    pub ready_within: Duration,
    /// The directory with `postgres` and `initdb`, instead of the newest that is found.
    pub binaries: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_connections: 100,
            durability: Durability::Full,
            ready_within: Duration::from_secs(120),
            binaries: None,
        }
    }
}

/// A private server that is running, whether this process runs it or another one does.
///
/// Dropping it stops the server in order if this process owns it. All calls block; from asynchronous code use
/// `tokio::task::spawn_blocking`.
#[derive(Debug)]
pub struct PrivatePostgres {
    supervisor: Supervisor,
    data_dir: PathBuf,
    layout: Layout,
    bin_dir: PathBuf,
}

impl PrivatePostgres {
    /// Starts the server of this data directory and owns it, making the cluster on first use.
    ///
    /// # Errors
    /// When another process already runs it, when no usable PostgreSQL is installed, or when it does not become ready
    /// in time; the message then ends with the end of the server's log.
    pub fn start(data_dir: &Path, options: &Options) -> Result<Self> {
        let data_dir = layout::make_data_dir(data_dir)?;
        match OwnerLock::try_take(&data_dir)? {
            Some(lock) => Self::own(data_dir, lock, options),
            None => bail!(
                "another process already runs the private PostgreSQL of {}{}",
                data_dir.display(),
                OwnerLock::holder(&data_dir)
                    .map(|pid| format!(" (process {pid})"))
                    .unwrap_or_default(),
            ),
        }
    }

    /// Uses the server of this data directory if another process runs it, else starts and owns it.
    ///
    /// If the owner ends while this process is attached, connections are lost and this process takes the server over,
    /// so that a long-lived program never depends on how a short one ends.
    ///
    /// # Errors
    /// As [`PrivatePostgres::start`], and when the other process does not get its server ready in time.
    pub fn attach_or_start(data_dir: &Path, options: &Options) -> Result<Self> {
        let data_dir = layout::make_data_dir(data_dir)?;
        let mut taken = None;
        let attached = server::wait_until(options.ready_within, || {
            if let Some(lock) = OwnerLock::try_take(&data_dir)? {
                taken = Some(lock);
                return Ok(Some(None));
            }
            Ok(Layout::existing(&data_dir)?.and_then(|layout| {
                RunningServer::find(&layout).map(|running| Some((layout, running)))
            }))
        })?;
        match (taken, attached) {
            (Some(lock), _) => Self::own(data_dir, lock, options),
            (None, Some(Some((layout, running)))) => {
                Self::attach(data_dir, layout, running, options)
            }
            (None, _) => bail!(
                "another process holds {} but its PostgreSQL did not become ready within {} s",
                lock::path(&data_dir).display(),
                options.ready_within.as_secs(),
            ),
        }
    }

    fn own(data_dir: PathBuf, lock: OwnerLock, options: &Options) -> Result<Self> {
        let layout = Layout::prepare(&data_dir)?;
        let binaries = binaries::find(
            options.binaries.as_deref(),
            cluster::major_version(&layout)?,
        )?;
        cluster::make_if_missing(&binaries, &layout, &data_dir, options.durability)?;
        let plan = Plan::new(&binaries, &layout, options);
        let supervisor =
            Supervisor::start(plan, lock).context("the private PostgreSQL did not start")?;
        tracing::info!(major = binaries.major, socket = %layout.socket_dir.display(), "private PostgreSQL is ready");
        Ok(Self {
            supervisor,
            data_dir,
            layout,
            bin_dir: binaries.dir,
        })
    }

    fn attach(
        data_dir: PathBuf,
        layout: Layout,
        running: RunningServer,
        options: &Options,
    ) -> Result<Self> {
        let layout = Layout {
            socket_dir: running.socket_dir,
            ..layout
        };
        let binaries = binaries::find(
            options.binaries.as_deref(),
            cluster::major_version(&layout)?,
        )?;
        let supervisor =
            Supervisor::stand_by(Plan::new(&binaries, &layout, options), data_dir.clone())?;
        tracing::debug!(
            server = running.pid.as_raw(),
            "attached to the private PostgreSQL of another process"
        );
        Ok(Self {
            supervisor,
            data_dir,
            layout,
            bin_dir: binaries.dir,
        })
    }

    /// How to connect as one of [`ROLES`] to a database, over the socket and with the role's password.
    ///
    /// # Errors
    /// When the role is not one of [`ROLES`] or its password cannot be read or made.
    pub fn conn(&self, role: &str, database: &str) -> Result<PgConnectOptions> {
        let password = self.role_password(role)?;
        Ok(PgConnectOptions::new_without_pgpass()
            .socket(&self.layout.socket_dir)
            .port(PORT)
            .username(role)
            .password(password.expose_secret())
            .database(database)
            .ssl_mode(PgSslMode::Disable))
    }

    /// The password of one of [`ROLES`], made on first use: 32 random bytes in hexadecimal.
    ///
    /// # Errors
    /// When the role is not one of [`ROLES`] or the file cannot be read or made.
    pub fn role_password(&self, role: &str) -> Result<SecretString> {
        secrets::role_password(&self.data_dir, role)
    }

    /// Whether this process runs the server, rather than using one that another process runs.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        self.supervisor.owns_the_server()
    }

    /// The directory of the server's socket.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        &self.layout.socket_dir
    }

    /// The directory of this server's own `pg_dump`, `pg_restore` and `psql`, which match its version.
    #[must_use]
    pub fn bin_dir(&self) -> &Path {
        &self.bin_dir
    }

    /// Stops the server in order if this process owns it, and returns once it has gone. An attached server goes on.
    pub fn stop(mut self) {
        self.supervisor.stop();
    }

    /// Stops the server and deletes the cluster with everything in it. For tests and throw-away installations.
    ///
    /// # Errors
    /// When this process does not own the server, or a directory cannot be deleted.
    pub fn remove(mut self) -> Result<()> {
        if !self.is_owner() {
            bail!("only the process that runs the private PostgreSQL may remove it");
        }
        self.supervisor.stop();
        self.layout.remove()
    }
}
