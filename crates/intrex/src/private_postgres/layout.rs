//! Where the private server's files lie and as whom it runs.
//!
//! PostgreSQL refuses to run as root, and a unix socket's path has at most 107 bytes. An ordinary user keeps everything
//! below the data directory. Root hands the cluster to another account, which usually cannot reach a checkout, so it
//! lies below `/var/lib/intrex` under a name derived from the data directory: two checkouts never meet.

use std::ffi::OsString;
use std::fs::{DirBuilder, Permissions};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use nix::unistd::{User, geteuid};
use sha2::{Digest, Sha256};

use super::PORT;

/// The longest socket path that the kernel takes (`sun_path` less its final NUL).
const SOCKET_PATH_MAX_BYTES: usize = 107;

/// Hexadecimal digits of the data directory's digest in directory names: 64 bits tell all checkouts apart.
const NAME_DIGITS: usize = 16;

/// Where root keeps the clusters of all data directories.
const ROOT_BASE: &str = "/var/lib/intrex";

/// The accounts that root may hand the server to, best first.
const ACCOUNTS: [&str; 2] = ["postgres", "nobody"];

/// A user and group to run the server as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// The places of one private server.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// Holds all of the below but the socket.
    pub(super) base: PathBuf,
    /// PostgreSQL's data directory.
    pub(super) cluster: PathBuf,
    /// What the server prints.
    pub(super) log: PathBuf,
    /// The directory of the socket.
    pub(super) socket_dir: PathBuf,
    /// The account to change to; `None` runs the server as the user of this process.
    pub(super) account: Option<Account>,
}

/// Makes the data directory if it is missing (for its owner only) and gives its one true name.
pub(super) fn make_data_dir(data_dir: &Path) -> Result<PathBuf> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data_dir)
        .and_then(|()| data_dir.canonicalize())
        .with_context(|| format!("cannot use {} as the data directory", data_dir.display()))
}

/// The user and group of the data directory. Files that root makes in somebody's directory are handed to them.
pub(super) fn owner_of(path: &Path) -> std::io::Result<(u32, u32)> {
    let metadata = std::fs::metadata(path)?;
    Ok((metadata.uid(), metadata.gid()))
}

impl Layout {
    /// The places for this data directory, if a server has been set up there.
    pub(super) fn existing(data_dir: &Path) -> Result<Option<Self>> {
        let layout = Self::decide(data_dir)?;
        Ok(layout.cluster.join("PG_VERSION").exists().then_some(layout))
    }

    /// The places for this data directory, their directories made and checked, the cluster itself not yet.
    pub(super) fn prepare(data_dir: &Path) -> Result<Self> {
        let layout = Self::decide(data_dir)?;
        if layout.base.starts_with(ROOT_BASE) {
            // Root keeps the base for itself, or the server's account could plant links that root would follow. The
            // account only has to pass through.
            make_private_dir(Path::new(ROOT_BASE), 0o711, None)?;
            make_private_dir(&layout.base, 0o711, None)?;
        } else {
            make_private_dir(&layout.base, 0o700, layout.account)?;
        }
        make_private_dir(&layout.socket_dir, 0o700, layout.account)?;
        Ok(layout)
    }

    fn decide(data_dir: &Path) -> Result<Self> {
        let name = name_of(data_dir);
        let inside = data_dir.join("postgres");
        let runtime_dir = runtime_dir();
        if !geteuid().is_root() {
            let socket_dir = user_socket_dir(data_dir, runtime_dir, geteuid().as_raw(), &name);
            return Ok(Self::at(inside, socket_dir, None));
        }
        // An ordinary user has set up this directory and root now works on it: the server stays theirs.
        if let Ok((uid, gid)) = owner_of(&inside.join("cluster"))
            && uid != 0
        {
            let socket_dir = user_socket_dir(data_dir, None, uid, &name);
            return Ok(Self::at(inside, socket_dir, Some(Account { uid, gid })));
        }
        let base = Path::new(ROOT_BASE).join(&name);
        let account = match owner_of(&base.join("cluster")) {
            Ok((uid, gid)) if uid != 0 => Account { uid, gid },
            _ => unprivileged_account()?,
        };
        let socket_dir = PathBuf::from(format!("/run/intrex-{name}"));
        Ok(Self::at(base, socket_dir, Some(account)))
    }

    fn at(base: PathBuf, socket_dir: PathBuf, account: Option<Account>) -> Self {
        Self {
            cluster: base.join("cluster"),
            log: base.join("server.log"),
            base,
            socket_dir,
            account,
        }
    }

    /// The socket and its lock file.
    pub(super) fn socket_files(&self) -> [PathBuf; 2] {
        let socket = format!(".s.PGSQL.{PORT}");
        [
            self.socket_dir.join(&socket),
            self.socket_dir.join(socket + ".lock"),
        ]
    }

    /// Deletes everything that lies in these places.
    pub(super) fn remove(&self) -> Result<()> {
        for dir in [&self.base, &self.socket_dir] {
            match std::fs::remove_dir_all(dir) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("cannot delete {}", dir.display()));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// A short name for a data directory.
fn name_of(data_dir: &Path) -> String {
    let mut name = hex::encode(Sha256::digest(data_dir.as_os_str().as_bytes()));
    name.truncate(NAME_DIGITS);
    name
}

/// Beside the cluster if the path is short enough, else the user's runtime directory, else a directory of our own in
/// `/tmp`.
fn user_socket_dir(data_dir: &Path, runtime_dir: Option<PathBuf>, uid: u32, name: &str) -> PathBuf {
    [
        Some(data_dir.join("postgres/run")),
        runtime_dir.map(|dir| dir.join(format!("intrex-{name}"))),
    ]
    .into_iter()
    .flatten()
    .find(|dir| dir.join(format!(".s.PGSQL.{PORT}")).as_os_str().len() <= SOCKET_PATH_MAX_BYTES)
    .unwrap_or_else(|| PathBuf::from(format!("/tmp/intrex-{uid}-{name}")))
}

fn unprivileged_account() -> Result<Account> {
    for name in ACCOUNTS {
        if let Some(user) =
            User::from_name(name).with_context(|| format!("cannot look up the user {name}"))?
        {
            return Ok(Account {
                uid: user.uid.as_raw(),
                gid: user.gid.as_raw(),
            });
        }
    }
    bail!(
        "PostgreSQL refuses to run as root, and there is no user {} to run it as",
        ACCOUNTS.join(" or ")
    )
}

/// Makes a directory, or checks that what is there is a directory of the right owner that nobody else can write: in
/// `/tmp` anybody may have been there first.
fn make_private_dir(dir: &Path, mode: u32, owner: Option<Account>) -> Result<()> {
    if let Some(parent) = dir.parent() {
        std::fs::create_dir_all(parent)
            .with_context(|| format!("cannot make {}", parent.display()))?;
    }
    match DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => {
            if let Some(account) = owner {
                chown(dir, Some(account.uid), Some(account.gid))?;
            }
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error).with_context(|| format!("cannot make {}", dir.display())),
    }
    let metadata = std::fs::symlink_metadata(dir)?;
    let ours = geteuid().as_raw();
    let expected = owner.map_or(ours, |account| account.uid);
    if !metadata.is_dir() || (metadata.uid() != expected && metadata.uid() != ours) {
        bail!(
            "{} must be a directory of user {expected}; it was made by somebody else",
            dir.display()
        );
    }
    if metadata.uid() != expected {
        chown(dir, Some(expected), owner.map(|account| account.gid))?;
    }
    std::fs::set_permissions(dir, Permissions::from_mode(mode))
        .with_context(|| format!("cannot set the mode of {}", dir.display()))
}

#[expect(
    clippy::disallowed_methods,
    reason = "where sockets belong is a fact of the login, not configuration"
)]
fn runtime_dir() -> Option<PathBuf> {
    std::env::var_os("XDG_RUNTIME_DIR")
        .filter(|dir: &OsString| !dir.is_empty())
        .map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_moves_out_of_paths_that_are_too_long() {
        let long = PathBuf::from(format!("/{}", "x".repeat(90)));
        let runtime = Some(PathBuf::from("/run/user/7"));
        assert_eq!(
            user_socket_dir(Path::new("/data"), None, 7, "ab"),
            Path::new("/data/postgres/run")
        );
        assert_eq!(
            user_socket_dir(&long, runtime, 7, "ab"),
            Path::new("/run/user/7/intrex-ab")
        );
        assert_eq!(
            user_socket_dir(&long, Some(long.clone()), 7, "ab"),
            Path::new("/tmp/intrex-7-ab")
        );
        assert_eq!(
            user_socket_dir(&long, None, 7, "ab"),
            Path::new("/tmp/intrex-7-ab")
        );
    }

    #[test]
    fn two_data_directories_have_two_names() {
        assert_ne!(name_of(Path::new("/a/data")), name_of(Path::new("/b/data")));
        assert_eq!(name_of(Path::new("/a/data")).len(), NAME_DIGITS);
    }

    #[test]
    fn a_link_in_the_place_of_the_socket_directory_is_refused() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let planted = place.path().join("planted");
        std::os::unix::fs::symlink(place.path(), &planted).expect("is linked");
        let message = make_private_dir(&planted, 0o700, None)
            .expect_err("is a link")
            .to_string();
        assert!(message.contains("made by somebody else"), "{message}");
    }

    #[test]
    fn a_directory_that_others_could_write_is_closed() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let open = place.path().join("open");
        std::fs::create_dir(&open).expect("is made");
        std::fs::set_permissions(&open, Permissions::from_mode(0o777)).expect("is opened");
        make_private_dir(&open, 0o700, None).expect("is ours");
        assert_eq!(
            std::fs::metadata(&open).expect("is there").mode() & 0o777,
            0o700
        );
    }
}
