//! One import while it goes on: its transaction, what it has seen of the file, and its count.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;

use super::{
    model::{Import, Kind, Mode, Options, Report},
    queries,
    sheet::{Heading, Row},
    tally::Tally,
};
use crate::{
    App,
    actor::Actor,
    audit::Event,
    catalogue::{Text, keys},
    db::{ReadTx, WriteTx},
    error::{Error, FieldError, FieldErrors, Result},
    ids::{ImportId, TenantId},
    reminders::simulator::{Look, compared},
};

/// A dry run has a transaction that cannot write; one that looks ahead has one that is undone, and what was foreseen before.
#[derive(Debug)]
enum Session {
    Look(ReadTx),
    Write(WriteTx),
    Undone(WriteTx, Box<Look>),
}

/// An import under way.
#[derive(Debug)]
pub(super) struct Run<'a> {
    pub(super) app: &'a App,
    pub(super) id: ImportId,
    pub(super) now: DateTime<Utc>,
    pub(super) heading: Heading,
    pub(super) tally: Tally,
    kind: Kind,
    session: Session,
    /// In which row each key of the file stood, by a short hash: keys can be long and many.
    keys: HashMap<[u8; 16], u32>,
}

impl<'a> Run<'a> {
    pub(super) async fn begin(
        app: &'a App,
        actor: &Actor,
        kind: Kind,
        options: &Options,
        heading: Heading,
    ) -> Result<Self> {
        let session = match options.mode {
            Mode::DryRun => Session::Look(app.db.read(actor).await?),
            Mode::Apply => Session::Write(writing(app, actor).await?),
            Mode::LookAhead => {
                let mut tx = writing(app, actor).await?;
                let before = Look::as_it_is(app, &mut tx).await?;
                Session::Undone(tx, Box::new(before))
            }
        };
        Ok(Run {
            app,
            id: app.new_id(),
            now: app.now(),
            heading,
            tally: Tally::new(options),
            kind,
            session,
            keys: HashMap::new(),
        })
    }

    pub(super) async fn apply(&mut self, rows: Vec<Row>) -> Result<()> {
        match self.kind {
            Kind::Obligations => super::obligations::apply(self, rows).await,
            Kind::Branches => super::branches::apply(self, rows).await,
        }
    }

    /// Ends the import: keeps it with its record and its event, or gives a dry run's findings.
    pub(super) async fn finish(
        self,
        actor: &Actor,
        options: &Options,
        sha256: [u8; 32],
    ) -> Result<Report> {
        match self.session {
            Session::Look(tx) => {
                tx.finish().await?;
                Ok(self.tally.finish(None))
            }
            Session::Undone(mut tx, before) => {
                let after = Look::as_it_is(self.app, &mut tx).await?;
                tx.undo().await?;
                let mut report = self.tally.finish(None);
                report.look_ahead = Some(compared(&before, &after));
                Ok(report)
            }
            Session::Write(mut tx) => {
                let report = self.tally.finish(Some(self.id));
                // Rows are limited far below what the columns hold.
                let count = |rows: u32| i32::try_from(rows).unwrap_or(i32::MAX);
                let applied = Import {
                    id: self.id,
                    kind: self.kind.as_str().to_owned(),
                    file_name: options.recorded_name(),
                    file_sha256: hex::encode(sha256),
                    rows: count(report.rows),
                    created: count(report.created),
                    updated: count(report.updated),
                    unchanged: count(report.unchanged),
                    rejected: count(report.rejected),
                    actor_id: actor.person_id(),
                    created_at: self.now,
                };
                queries::insert(tx.conn(), actor.tenant(), &applied).await?;
                let event = Event::new("import", "import.applied")
                    .on("import", applied.id)
                    .with("kind", applied.kind)
                    .with("file_sha256", applied.file_sha256)
                    .with("rows", applied.rows)
                    .with("created", applied.created)
                    .with("updated", applied.updated)
                    .with("unchanged", applied.unchanged)
                    .with("rejected", applied.rejected)
                    .summary(applied.file_name);
                tx.commit_answering(vec![event], &report).await?;
                Ok(report)
            }
        }
    }

    pub(super) fn tenant(&self) -> TenantId {
        match &self.session {
            Session::Look(tx) => tx.actor().tenant(),
            Session::Write(tx) | Session::Undone(tx, _) => tx.actor().tenant(),
        }
    }

    /// Whether what would change is shown: nothing of it stays.
    pub(super) fn shows(&self) -> bool {
        matches!(self.session, Session::Look(_) | Session::Undone(..))
    }

    /// Goes back to an earlier count, if there is one.
    pub(super) fn count_as(&mut self, counted: Option<Tally>) {
        if let Some(counted) = counted {
            self.tally = counted;
        }
    }

    /// Whether what is good is written.
    pub(super) fn writes(&self) -> bool {
        !matches!(self.session, Session::Look(_))
    }

    pub(super) fn conn(&mut self) -> &mut PgConnection {
        match &mut self.session {
            Session::Look(tx) => tx.conn(),
            Session::Write(tx) | Session::Undone(tx, _) => tx.conn(),
        }
    }

    /// Stages the events of a batch.
    pub(super) async fn stage(&mut self, events: Vec<Event>) -> Result<()> {
        match &mut self.session {
            Session::Look(_) => Err(Error::internal("a dry run has nothing to tell")),
            Session::Write(tx) | Session::Undone(tx, _) => tx.stage(events).await,
        }
    }

    /// Says so if this key stood in an earlier row.
    pub(super) fn seen_before(
        &mut self,
        key: &str,
        row: u32,
        column: &'static str,
    ) -> Option<Text> {
        let hash = Sha256::digest(key.as_bytes());
        let mut short = [0; 16];
        short.copy_from_slice(&hash[..16]);
        match self.keys.entry(short) {
            std::collections::hash_map::Entry::Occupied(earlier) => Some(
                Text::new(keys::IMPORT_ROW_TWICE)
                    .with("row", *earlier.get())
                    .with("column", column),
            ),
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(row);
                None
            }
        }
    }
}

/// A transaction of the only import of its organisation at a time.
async fn writing(app: &App, actor: &Actor) -> Result<WriteTx> {
    let mut tx = app.db.write(actor).await?;
    queries::wait_for_turn(tx.conn(), actor.tenant())
        .await
        .map_err(busy)?;
    Ok(tx)
}

/// What a row's checks found, in the order of the columns, one fault a column.
pub(super) fn all_faults<T>(
    noted: FieldErrors,
    parsed: Result<T>,
    kind: Kind,
) -> std::result::Result<T, Vec<FieldError>> {
    let mut faults = match noted.finish() {
        Err(Error::Invalid(faults)) => faults,
        _ => Vec::new(),
    };
    let parsed = match parsed {
        Ok(parsed) if faults.is_empty() => return Ok(parsed),
        Ok(_) => Vec::new(),
        Err(Error::Invalid(more)) => more,
        Err(_) => vec![FieldError {
            field: String::new(),
            text: keys::ERROR_INTERNAL.into(),
        }],
    };
    faults.extend(parsed);
    let place = |fault: &FieldError| {
        let columns = kind.columns();
        columns
            .iter()
            .position(|column| column.name == fault.field)
            .unwrap_or(columns.len())
    };
    let mut by_column = BTreeMap::new();
    for fault in faults {
        by_column.entry(place(&fault)).or_insert(fault);
    }
    Err(by_column.into_values().collect())
}

/// Another import of the tenant has not ended within the time that this one waits.
fn busy(error: sqlx::Error) -> Error {
    let code = error.as_database_error().and_then(|e| e.code());
    if matches!(code.as_deref(), Some("55P03" | "57014")) {
        Error::conflict(keys::IMPORT_BUSY)
    } else {
        error.into()
    }
}
