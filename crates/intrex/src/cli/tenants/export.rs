//! `intrex tenant export`: a directory that the organisation can take along, with a manifest that says what belongs to it.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use clap::Args;
use intrex_core::{
    App, Error,
    ids::TenantId,
    tenants::{Lines, Part, export},
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::super::{
    Ended, Format, Where, Why,
    operate::with_app,
    output::{json, line, progress, told},
};

/// What the manifest is called. It is written last: a directory without it is not whole.
const MANIFEST: &str = "manifest.json";
/// The version of the files' shape.
const FORMAT: u32 = 1;

/// An organisation to hand over.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The organisation's id, as `intrex tenant list` shows it
    #[arg(value_name = "ID")]
    id: Uuid,
    /// A directory that is not there yet, for files of JSON lines and a manifest with their SHA-256
    #[arg(long, value_name = "DIRECTORY")]
    out: PathBuf,
    #[command(flatten)]
    why: Why,
    #[command(flatten)]
    format: Format,
}

/// What the directory holds.
#[derive(Debug, Serialize)]
struct Manifest {
    format: u32,
    tenant_id: TenantId,
    exported_at: String,
    files: Vec<Listed>,
}

#[derive(Debug, Serialize)]
struct Listed {
    name: String,
    lines: usize,
    bytes: usize,
    sha256: String,
}

/// A file in the making.
struct Writing {
    name: String,
    file: File,
    hash: Sha256,
    lines: usize,
    bytes: usize,
}

pub(super) fn export_to(command: Export) -> Result<Ended> {
    with_app(async |app| {
        let at = Where {
            tenant: Some(command.id),
        };
        let operator = at.operator(app, &command.why.reason).await?;
        // Only for who runs the installation: there are names and addresses in it.
        DirBuilder::new()
            .mode(0o700)
            .create(&command.out)
            .with_context(|| format!("cannot make {}", command.out.display()))?;
        let mut files = Vec::new();
        for part in Part::ALL {
            files.push(begin(&command.out, part)?);
        }
        let mut taken = 0;
        let total = export(app, &operator, async |part, lines| {
            taken += lines.count;
            progress(&format!("{taken} lines"));
            let at = Part::ALL.iter().position(|other| *other == part);
            let file = at.and_then(|at| files.get_mut(at));
            let file = file.ok_or_else(|| Error::internal("a part without a file"))?;
            file.take(lines).map_err(Error::internal)
        })
        .await
        .map_err(told)?;
        progress("");
        let manifest = finish(app, operator.tenant(), &command.out, files)?;
        if command.format.json {
            json(&manifest)?;
        } else {
            line(&format!("{total} lines in {}", command.out.display()))?;
        }
        Ok(Ended::Well)
    })
}

fn begin(directory: &Path, part: Part) -> Result<Writing> {
    let name = format!("{}.jsonl", part.as_str());
    Ok(Writing {
        file: create(&directory.join(&name))?,
        name,
        hash: Sha256::new(),
        lines: 0,
        bytes: 0,
    })
}

fn create(path: &Path) -> Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))
}

impl Writing {
    fn take(&mut self, lines: &Lines) -> std::io::Result<()> {
        self.file.write_all(lines.text.as_bytes())?;
        self.hash.update(lines.text.as_bytes());
        self.lines += lines.count;
        self.bytes += lines.text.len();
        Ok(())
    }
}

fn finish(
    app: &App,
    tenant_id: TenantId,
    directory: &Path,
    files: Vec<Writing>,
) -> Result<Manifest> {
    let mut listed = Vec::new();
    for writing in files {
        writing
            .file
            .sync_all()
            .context("cannot write to the disk")?;
        listed.push(Listed {
            name: writing.name,
            lines: writing.lines,
            bytes: writing.bytes,
            sha256: hex::encode(writing.hash.finalize()),
        });
    }
    let manifest = Manifest {
        format: FORMAT,
        tenant_id,
        exported_at: app.now().to_rfc3339(),
        files: listed,
    };
    let mut file = create(&directory.join(MANIFEST))?;
    serde_json::to_writer_pretty(&mut file, &manifest)?;
    file.write_all(b"\n")?;
    file.sync_all().context("cannot write to the disk")?;
    Ok(manifest)
}
