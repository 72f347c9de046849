//! `demo.json`: what a script needs to use the demonstration, readable by its owner only.

use std::{
    fs::{File, OpenOptions},
    io::{ErrorKind, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown},
    path::Path,
};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

/// The whole file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DemoFile {
    /// Where the product answers, without a slash at the end.
    pub base_url: String,
    /// Its organisations.
    pub tenants: Vec<DemoTenant>,
}

/// One organisation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DemoTenant {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Its branches.
    pub branches: Vec<DemoBranch>,
    /// Its people.
    pub users: Vec<DemoUser>,
}

/// One branch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DemoBranch {
    /// Its id.
    pub id: Uuid,
    /// Its code.
    pub code: String,
}

/// One person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DemoUser {
    /// Their id.
    pub id: Uuid,
    /// Their address.
    pub email: String,
    /// Their password.
    pub password: String,
    /// The secret of their second factor, in base 32.
    pub totp_secret: String,
    /// Their role.
    pub role: String,
    /// Their branches; empty for the whole organisation.
    pub branch_ids: Vec<Uuid>,
    /// An API token of theirs.
    pub api_token: String,
}

impl DemoFile {
    /// The same at this address.
    #[must_use]
    pub fn at(mut self, base_url: &Url) -> Self {
        self.base_url = base_url.origin().ascii_serialization();
        self
    }

    /// What was written, if anything was.
    pub(super) fn read(path: &Path) -> Result<Option<Self>> {
        match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .with_context(|| format!("{} is not what the demonstration wrote", path.display()))
                .map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Writes it in place of what was there, never half.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let write = || {
            let draft_path = path.with_extension("json.new");
            match std::fs::remove_file(&draft_path) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut draft = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&draft_path)?;
            let dir = path.parent().unwrap_or(Path::new("."));
            // What root makes in somebody's directory is handed to them.
            let owner = std::fs::metadata(dir)?;
            fchown(&draft, Some(owner.uid()), Some(owner.gid()))?;
            draft.write_all(&serde_json::to_vec_pretty(self)?)?;
            draft.sync_all()?;
            std::fs::rename(&draft_path, path)?;
            File::open(dir)?.sync_all()
        };
        write().with_context(|| format!("cannot write {}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn file() -> DemoFile {
        DemoFile {
            base_url: "http://localhost:8080".into(),
            tenants: vec![DemoTenant {
                id: Uuid::nil(),
                name: "Acme".into(),
                branches: vec![DemoBranch {
                    id: Uuid::nil(),
                    code: "A".into(),
                }],
                users: vec![DemoUser {
                    id: Uuid::nil(),
                    email: "alice@acme.example".into(),
                    password: "p".into(),
                    totp_secret: "JBSWY3DPEHPK3PXP".into(),
                    role: "head_office_admin".into(),
                    branch_ids: Vec::new(),
                    api_token: "itx_t".into(),
                }],
            }],
        }
    }

    #[test]
    fn the_shape_is_the_promised_one() {
        let nil = Uuid::nil();
        let expected = serde_json::json!({
            "base_url": "http://localhost:8080",
            "tenants": [{
                "id": nil, "name": "Acme", "branches": [{"id": nil, "code": "A"}],
                "users": [{
                    "id": nil, "email": "alice@acme.example", "password": "p", "totp_secret": "JBSWY3DPEHPK3PXP",
                    "role": "head_office_admin", "branch_ids": [], "api_token": "itx_t"
                }]
            }]
        });
        assert_eq!(serde_json::to_value(file()).expect("serialises"), expected);
    }

    #[test]
    fn it_is_readable_by_its_owner_only_and_written_anew_with_the_address() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("demo.json");
        assert_eq!(DemoFile::read(&path).expect("no file is no fault"), None);
        file().write(&path).expect("is written");
        let base: Url = "http://localhost:8081/".parse().expect("a URL");
        file().at(&base).write(&path).expect("is written again");
        let read = DemoFile::read(&path).expect("is read").expect("is there");
        assert_eq!(read.base_url, "http://localhost:8081");
        let mode = std::fs::metadata(&path)
            .expect("is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
