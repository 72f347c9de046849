//! Secrets that the program makes for itself: the passwords of the private server's roles and, outside production, the
//! installation's keys. One file each, made once, readable by the owner only, and made by linking a finished file into
//! place, so that two programs starting together agree on one value.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, chown, fchown};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use intrex_core::clock::Chance;
use secrecy::SecretString;

use super::{ROLES, layout};

/// 256 bits: nobody guesses it, and nobody types it.
const PASSWORD_BYTES: usize = 32;

/// The file with the password of a role.
pub(super) fn path(data_dir: &Path, role: &str) -> PathBuf {
    data_dir.join("secrets").join(format!("pg_{role}"))
}

/// The password of a role, made if it does not exist yet.
pub(super) fn role_password(data_dir: &Path, role: &str) -> Result<SecretString> {
    if !ROLES.contains(&role) {
        bail!("the private PostgreSQL has no role {role}");
    }
    made_once(data_dir, &format!("pg_{role}"))
}

/// 32 random bytes in hexadecimal, kept in `<data_dir>/secrets/<name>`; made if the file does not exist yet.
pub(crate) fn made_once(data_dir: &Path, name: &str) -> Result<SecretString> {
    let path = data_dir.join("secrets").join(name);
    if let Some(secret) = read(&path)? {
        return Ok(secret);
    }
    layout::make_data_dir(data_dir)?;
    make(data_dir, &path).with_context(|| format!("cannot make {}", path.display()))?;
    read(&path)?.with_context(|| format!("{} vanished while it was made", path.display()))
}

fn read(path: &Path) -> Result<Option<SecretString>> {
    match std::fs::read_to_string(path) {
        Ok(text)
            if text.len() == 2 * PASSWORD_BYTES
                && text.bytes().all(|byte| byte.is_ascii_hexdigit()) =>
        {
            Ok(Some(text.into()))
        }
        Ok(_) => bail!(
            "{} does not hold a secret of {} hexadecimal digits",
            path.display(),
            2 * PASSWORD_BYTES
        ),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn make(data_dir: &Path, path: &Path) -> Result<()> {
    let (uid, gid) = layout::owner_of(data_dir)?;
    let dir = path.parent().context("the file lies in a directory")?;
    match DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => chown(dir, Some(uid), Some(gid))?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            std::fs::set_permissions(dir, Permissions::from_mode(0o700))?;
        }
        Err(error) => return Err(error.into()),
    }

    // A name of its own for each attempt: two threads of one process may come here together.
    let mut draft_path = path.to_owned().into_os_string();
    draft_path.push(format!(".{}", random_hex::<8>()));
    let draft_path = PathBuf::from(draft_path);
    let mut draft = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft_path)?;
    let linked = fchown(&draft, Some(uid), Some(gid))
        .and_then(|()| draft.write_all(random_hex::<PASSWORD_BYTES>().as_bytes()))
        .and_then(|()| draft.sync_all())
        .and_then(|()| std::fs::hard_link(&draft_path, path));
    std::fs::remove_file(&draft_path)?;
    match linked {
        Ok(()) => Ok(File::open(dir)?.sync_all()?),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn random_hex<const BYTES: usize>() -> String {
    hex::encode(Chance.bytes::<BYTES>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path)
            .expect("is there")
            .permissions()
            .mode()
            & 0o7777
    }

    #[test]
    fn a_password_is_made_once_and_readable_by_its_owner_only() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let first = role_password(dir.path(), "intrex_app").expect("is made");
        let again = role_password(dir.path(), "intrex_app").expect("is read");
        assert_eq!(first.expose_secret(), again.expose_secret());
        assert_eq!(first.expose_secret().len(), 64);
        let other = role_password(dir.path(), "intrex_system").expect("is made");
        assert_ne!(first.expose_secret(), other.expose_secret());
        assert_eq!(mode(&dir.path().join("secrets")), 0o700);
        assert_eq!(mode(&path(dir.path(), "intrex_app")), 0o600);
        let files = std::fs::read_dir(dir.path().join("secrets"))
            .expect("is there")
            .count();
        assert_eq!(files, 2, "no draft is left behind");
    }

    #[test]
    fn many_programs_at_once_agree_on_one_password() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let passwords: Vec<String> = std::thread::scope(|scope| {
            let makers: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| role_password(dir.path(), "postgres").expect("is made")))
                .collect();
            makers
                .into_iter()
                .map(|maker| {
                    maker
                        .join()
                        .expect("does not panic")
                        .expose_secret()
                        .to_owned()
                })
                .collect()
        });
        assert!(
            passwords.iter().all(|password| *password == passwords[0]),
            "all eight are the same"
        );
    }

    #[test]
    fn unknown_roles_and_damaged_files_are_refused() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        assert!(role_password(dir.path(), "../escape").is_err());
        role_password(dir.path(), "intrex_app").expect("is made");
        std::fs::write(path(dir.path(), "intrex_app"), "short").expect("is written");
        let message = role_password(dir.path(), "intrex_app")
            .expect_err("is damaged")
            .to_string();
        assert!(message.contains("64 hexadecimal digits"), "{message}");
    }
}
