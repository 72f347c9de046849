//! Takes a file in before anything is decided: it is written to a nameless file on disk while its structure is checked.
//! A slow sender must not hold a transaction open (it would hold back every tenant's audit log), a file that turns out to
//! be broken at its end must not have been half applied, and none of them may fill the memory.

use std::io::SeekFrom;

use sha2::{Digest as _, Sha256};
use tokio::{
    fs::{File, OpenOptions},
    io::{AsyncRead, AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _},
};

use super::{
    fault::Fault,
    sheet::{Column, Heading, Row, Sheet},
};
use crate::{
    App,
    error::{Error, Result},
};

/// Bytes of a file at most.
pub const MAX_FILE: u64 = 64 * 1024 * 1024;
/// Bytes that are read at once.
const CHUNK: usize = 64 * 1024;

/// A file that was taken in and can be read as rows.
#[derive(Debug)]
pub(super) struct Spool {
    file: File,
    columns: &'static [Column],
    /// Which columns it has.
    pub(super) heading: Heading,
    /// How many rows it has.
    pub(super) rows: u32,
    /// SHA-256 of its bytes.
    pub(super) sha256: [u8; 32],
}

impl Spool {
    /// Takes a file in, up to its end or to the first fault that concerns it as a whole. `seen` hears how many rows were
    /// read so far.
    pub(super) async fn take(
        app: &App,
        mut input: impl AsyncRead + Unpin,
        columns: &'static [Column],
        seen: impl Fn(u32),
    ) -> Result<Self> {
        let mut file = nameless_file(app).await.map_err(Error::internal)?;
        let mut sheet = Sheet::new(columns);
        let mut hash = Sha256::new();
        let (mut rows, mut length) = (0, 0_u64);
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = input
                .read(&mut chunk)
                .await
                .map_err(|_| Fault::Unreadable)?;
            if read == 0 {
                break;
            }
            let bytes = &chunk[..read];
            length += u64::try_from(read).map_err(Error::internal)?;
            if length > MAX_FILE {
                return Err(Fault::FileTooLong.into());
            }
            sheet.read(bytes, &mut |_| rows += 1)?;
            seen(rows);
            hash.update(bytes);
            file.write_all(bytes).await.map_err(Error::internal)?;
        }
        sheet.end(&mut |_| rows += 1)?;
        file.flush().await.map_err(Error::internal)?;
        seen(rows);
        let heading = sheet.heading().cloned().ok_or(Fault::Empty)?;
        Ok(Spool {
            file,
            columns,
            heading,
            rows,
            sha256: hash.finalize().into(),
        })
    }

    /// Its rows from the first.
    pub(super) async fn rows(self) -> Result<Rows> {
        let mut file = self.file;
        file.seek(SeekFrom::Start(0))
            .await
            .map_err(Error::internal)?;
        Ok(Rows {
            file,
            sheet: Some(Sheet::new(self.columns)),
            waiting: Vec::new(),
            chunk: vec![0; CHUNK],
        })
    }
}

/// The rows of a file that was taken in.
#[derive(Debug)]
pub(super) struct Rows {
    file: File,
    sheet: Option<Sheet>,
    waiting: Vec<Row>,
    chunk: Vec<u8>,
}

impl Rows {
    /// The next rows, `max` at most; none at the end.
    pub(super) async fn next(&mut self, max: usize) -> Result<Vec<Row>> {
        while self.waiting.len() < max
            && let Some(sheet) = &mut self.sheet
        {
            let waiting = &mut self.waiting;
            let mut keep = |row| waiting.push(row);
            match self
                .file
                .read(&mut self.chunk)
                .await
                .map_err(Error::internal)?
            {
                0 => {
                    sheet.end(&mut keep)?;
                    self.sheet = None;
                }
                read => sheet.read(&self.chunk[..read], &mut keep)?,
            }
        }
        let rest = self.waiting.split_off(max.min(self.waiting.len()));
        Ok(std::mem::replace(&mut self.waiting, rest))
    }
}

/// A file without a name, that is gone when it is closed, whatever happens to the process.
async fn nameless_file(app: &App) -> std::io::Result<File> {
    let name = format!("intrex-import-{}", app.chance.uuid(app.now()).simple());
    let path = std::env::temp_dir().join(name);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    options.mode(0o600);
    let file = options.open(&path).await?;
    tokio::fs::remove_file(&path).await?;
    Ok(file)
}
