//! One owner per data directory. The lock is held by an open file, so the kernel gives it back however its holder ends;
//! the process id inside is for messages only.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::layout;

/// The right to run the server of a data directory, held until dropped.
#[derive(Debug)]
pub(super) struct OwnerLock {
    file: File,
}

/// The file that is locked.
pub(super) fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("postgres.lock")
}

impl OwnerLock {
    /// Takes the lock, or says with `None` that another process (or another part of this one) holds it.
    pub(super) fn try_take(data_dir: &Path) -> Result<Option<Self>> {
        let path = path(data_dir);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
        let (uid, gid) = layout::owner_of(data_dir)?;
        fchown(&file, Some(uid), Some(gid))
            .with_context(|| format!("cannot hand over {}", path.display()))?;
        file.set_len(0)?;
        file.rewind()?;
        write!(file, "{}", std::process::id())?;
        Ok(Some(Self { file }))
    }

    /// The process that holds the lock, as far as it has said so.
    pub(super) fn holder(data_dir: &Path) -> Option<u32> {
        let mut text = String::new();
        File::open(path(data_dir))
            .ok()?
            .take(16)
            .read_to_string(&mut text)
            .ok()?;
        text.parse().ok()
    }
}

impl Drop for OwnerLock {
    fn drop(&mut self) {
        // Closing is not enough: a process that another thread is just starting holds a copy of the open file until
        // its exec, and the lock with it.
        if let Err(error) = self.file.unlock() {
            tracing::warn!(%error, "the lock of the private PostgreSQL could not be given back");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_has_one_holder_at_a_time() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let first = OwnerLock::try_take(dir.path())
            .expect("can be locked")
            .expect("is free");
        assert!(
            OwnerLock::try_take(dir.path())
                .expect("can be asked")
                .is_none()
        );
        assert_eq!(OwnerLock::holder(dir.path()), Some(std::process::id()));
        let copy = first.file.try_clone().expect("can be copied");
        drop(first);
        assert!(
            OwnerLock::try_take(dir.path())
                .expect("can be locked")
                .is_some(),
            "although a copy of the open file is still there"
        );
        drop(copy);
    }
}
