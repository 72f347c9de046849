//! Finds the PostgreSQL to run. Debian keeps the server's programs off the search path, several versions side by side,
//! and a cluster can only be served by the major version that made it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

/// The oldest major version with everything that the schema needs.
const OLDEST_MAJOR: u32 = 15;

/// Where Debian and its relatives put the programs of each major version.
const DEBIAN_ROOT: &str = "/usr/lib/postgresql";

/// The programs of one PostgreSQL version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binaries {
    pub(super) dir: PathBuf,
    pub(super) major: u32,
}

/// The PostgreSQL to use: the one asked for, else the newest installed; for an existing cluster only its own version.
pub(super) fn find(asked_for: Option<&Path>, cluster_major: Option<u32>) -> Result<Binaries> {
    let found: Vec<Binaries> = match asked_for {
        Some(dir) => in_dir(dir).into_iter().collect(),
        None => installed(Path::new(DEBIAN_ROOT), search_path().as_deref()),
    };
    choose(found, cluster_major)
}

/// Every usable version: Debian's directories first, then the directories of the search path.
fn installed(debian_root: &Path, search_path: Option<&OsStr>) -> Vec<Binaries> {
    let debian = std::fs::read_dir(debian_root)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    let on_path = search_path.into_iter().flat_map(std::env::split_paths);
    debian
        .chain(on_path)
        .filter_map(|dir| in_dir(&dir))
        .collect()
}

fn choose(found: Vec<Binaries>, cluster_major: Option<u32>) -> Result<Binaries> {
    let newest_first = {
        let mut found = found;
        found.sort_by_key(|binaries| std::cmp::Reverse(binaries.major));
        found
    };
    let seen = match newest_first.as_slice() {
        [] => "none was found".to_owned(),
        some => {
            let majors: Vec<String> = some
                .iter()
                .map(|binaries| binaries.major.to_string())
                .collect();
            format!("found: {}", majors.join(", "))
        }
    };
    let wanted = |binaries: &Binaries| match cluster_major {
        Some(major) => binaries.major == major,
        None => binaries.major >= OLDEST_MAJOR,
    };
    match (newest_first.into_iter().find(wanted), cluster_major) {
        (Some(binaries), _) => Ok(binaries),
        (None, Some(major)) => bail!(
            "the data was made by PostgreSQL {major}, and only that version can serve it ({seen}): \
             install it (Debian: apt-get install postgresql-{major}), or restore a backup into a new data directory"
        ),
        (None, None) => bail!(
            "PostgreSQL {OLDEST_MAJOR} or newer is needed ({seen}): install it (Debian: apt-get install postgresql), \
             or set DATABASE_URL to use another server"
        ),
    }
}

/// The version in this directory, if it has the programs of a server and says which one it is.
fn in_dir(dir: &Path) -> Option<Binaries> {
    if !dir.join("initdb").is_file() || !dir.join("postgres").is_file() {
        return None;
    }
    let output = Command::new(dir.join("postgres"))
        .arg("--version")
        .output()
        .ok()?;
    let major = parse_major(&String::from_utf8_lossy(&output.stdout))?;
    Some(Binaries {
        dir: dir.to_owned(),
        major,
    })
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`, also betas such as `18beta1`.
fn parse_major(version: &str) -> Option<u32> {
    let number = version.split_once("(PostgreSQL) ")?.1;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[expect(
    clippy::disallowed_methods,
    reason = "where programs are found is a fact of the machine, not configuration"
)]
fn search_path() -> Option<std::ffi::OsString> {
    std::env::var_os("PATH")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn version(major: u32) -> Binaries {
        Binaries {
            dir: PathBuf::from(format!("/pg/{major}")),
            major,
        }
    }

    #[test]
    fn the_newest_version_makes_a_new_cluster() {
        let chosen =
            choose(vec![version(15), version(17), version(16)], None).expect("17 is new enough");
        assert_eq!(chosen.major, 17);
    }

    #[test]
    fn an_existing_cluster_is_served_by_its_own_version() {
        let chosen = choose(vec![version(17), version(15)], Some(15)).expect("15 is there");
        assert_eq!(chosen.major, 15);
        let message = choose(vec![version(17)], Some(15))
            .expect_err("15 is not there")
            .to_string();
        assert!(
            message.contains("made by PostgreSQL 15") && message.contains("postgresql-15"),
            "{message}"
        );
    }

    #[test]
    fn too_old_or_missing_says_what_to_install() {
        for found in [vec![], vec![version(14)]] {
            let message = choose(found, None).expect_err("nothing usable").to_string();
            assert!(message.contains("apt-get install postgresql"), "{message}");
        }
    }

    #[test]
    fn the_search_path_is_searched_after_the_directories_of_debian() {
        let place = tempfile::tempdir().expect("a temporary directory");
        for (dir, major) in [("debian/16/bin", 16), ("path", 17)] {
            let dir = place.path().join(dir);
            std::fs::create_dir_all(&dir).expect("can be made");
            for program in ["initdb", "postgres"] {
                let file = dir.join(program);
                std::fs::write(
                    &file,
                    format!("#!/bin/sh\necho 'postgres (PostgreSQL) {major}.2'\n"),
                )
                .expect("written");
                std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755))
                    .expect("made executable");
            }
        }
        let search_path =
            std::env::join_paths([place.path().join("empty"), place.path().join("path")])
                .expect("joins");
        let found = installed(&place.path().join("debian"), Some(&search_path));
        assert_eq!(
            found
                .iter()
                .map(|binaries| binaries.major)
                .collect::<Vec<_>>(),
            [16, 17]
        );
    }

    #[test]
    fn versions_are_read_as_printed() {
        assert_eq!(
            parse_major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(parse_major("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(parse_major("something else 15"), None);
    }
}
