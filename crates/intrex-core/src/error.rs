//! The one error of the core. Every command and read fails with one of these; what a status code or a page makes of
//! it is the web crate's concern. Another tenant's row is `NotFound`, the same as a row that never was.

use crate::catalogue::{Language, Text, keys};

/// What a command or a read of the core fails with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not there, or not the caller's: the two are not told apart.
    #[error("not found")]
    NotFound,
    /// The caller is known and may not do this.
    #[error("forbidden")]
    Forbidden,
    /// The caller may do this, but not without having given the second factor a short time ago.
    #[error("a fresh second factor is needed")]
    StepUp,
    /// A program asks for what a person does, in a session.
    #[error("a person in a session is needed")]
    SessionNeeded,
    /// Some fields are wrong; each is named.
    #[error("invalid: {}", .0.iter().map(|f| f.field.as_str()).collect::<Vec<_>>().join(", "))]
    Invalid(Vec<FieldError>),
    /// It was done as often as it may be; later it can be done again.
    #[error("too many: {}", .text.to(Language::ENGLISH))]
    TooMany {
        /// What there was too much of.
        text: Text,
        /// Seconds until it can be done again.
        retry_after_sec: i64,
    },
    /// The state of the thing does not allow it.
    #[error("conflict: {}", .0.text().to(Language::ENGLISH))]
    Conflict(Conflict),
    /// The database went away while it was asked to keep a change: nobody knows whether it did.
    #[error("unconfirmed: {cause}")]
    Unconfirmed {
        /// For the log.
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Our fault, or the database is away. The cause goes to the log, never to the caller.
    #[error("internal: {cause}")]
    Internal {
        /// Whether trying again later can help: the database is not reachable.
        unavailable: bool,
        /// For the log.
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// A result of the core.
pub type Result<T> = std::result::Result<T, Error>;

/// One wrong field: which, and a sentence that says what is wrong and what to do.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldError {
    /// The field's name as forms and JSON have it.
    pub field: String,
    /// What is wrong.
    pub text: Text,
}

/// Why a thing's state does not allow the command.
#[derive(Debug, Clone, PartialEq)]
pub enum Conflict {
    /// The caller had seen an older version (`If-Match`).
    Stale,
    /// A record with the same key exists.
    Duplicate,
    /// The same idempotency key is being worked on right now.
    Busy,
    /// It was settled already, by the caller or by somebody else; with how, as a sentence.
    Settled(Text),
    /// It is open, and what is asked for needs a settled one.
    NotSettled(Text),
    /// A reason of the slice's own, with its sentence.
    Because(Text),
}

impl Conflict {
    /// The sentence for the caller.
    pub fn text(&self) -> Text {
        match self {
            Conflict::Stale => keys::ERROR_STALE.into(),
            Conflict::Duplicate => keys::ERROR_DUPLICATE.into(),
            Conflict::Busy => keys::ERROR_BUSY.into(),
            Conflict::Settled(text) | Conflict::NotSettled(text) | Conflict::Because(text) => {
                text.clone()
            }
        }
    }
}

impl Error {
    /// One wrong field.
    pub fn invalid(field: impl Into<String>, text: impl Into<Text>) -> Self {
        Error::Invalid(vec![FieldError {
            field: field.into(),
            text: text.into(),
        }])
    }

    /// A state that does not allow the command.
    pub fn conflict(text: impl Into<Text>) -> Self {
        Error::Conflict(Conflict::Because(text.into()))
    }

    /// Something that should not happen.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Error::Internal {
            unavailable: false,
            cause: cause.into(),
        }
    }

    /// Whether trying again later can help.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Error::Unconfirmed { .. }
                | Error::Internal {
                    unavailable: true,
                    ..
                }
        )
    }

    /// What a commit that failed means: a server that was lost in the middle of it may have kept the change.
    pub(crate) fn of_commit(error: sqlx::Error) -> Self {
        if is_lost(&error) {
            Error::Unconfirmed {
                cause: Box::new(error),
            }
        } else {
            error.into()
        }
    }

    /// The name of the database constraint that refused, if that is what happened before it became an error of ours.
    pub(crate) fn constraint(error: &sqlx::Error) -> Option<&str> {
        error.as_database_error().and_then(|e| e.constraint())
    }
}

/// Whether the connection is gone, or the server with it: nothing more can be done on this one.
pub(crate) fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed => true,
        // 57P01 and 57P02: shut down, in order or not; 08…: connection lost.
        sqlx::Error::Database(e) => e
            .code()
            .is_some_and(|code| matches!(&*code, "57P01" | "57P02") || code.starts_with("08")),
        _ => false,
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let unavailable = match &error {
            sqlx::Error::RowNotFound => return Error::NotFound,
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => true,
            // 57P03: starting up; 53300: too many connections; 57014, 55P03: a statement or a lock took longer than its limit;
            // 40P01, 40001: it stood in the way of another, which went on. What was asked for was rolled back, and can be asked again.
            sqlx::Error::Database(e) => {
                is_lost(&error)
                    || e.code().is_some_and(|code| {
                        matches!(
                            &*code,
                            "57P03" | "53300" | "57014" | "55P03" | "40P01" | "40001"
                        )
                    })
            }
            lost => is_lost(lost),
        };
        Error::Internal {
            unavailable,
            cause: Box::new(error),
        }
    }
}

impl From<FieldErrors> for Error {
    fn from(errors: FieldErrors) -> Self {
        Error::Invalid(errors.0)
    }
}

/// Collects what is wrong with several fields, so that a person hears of all of them at once.
#[derive(Debug, Default)]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// Nothing wrong so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes one wrong field.
    pub fn add(&mut self, field: impl Into<String>, text: impl Into<Text>) {
        self.0.push(FieldError {
            field: field.into(),
            text: text.into(),
        });
    }

    /// Takes the value of a check, or notes what is wrong with the field.
    pub fn take<T>(&mut self, field: &str, checked: std::result::Result<T, Text>) -> Option<T> {
        match checked {
            Ok(value) => Some(value),
            Err(text) => {
                self.add(field, text);
                None
            }
        }
    }

    /// The same errors as those of a part that stands in a field.
    pub fn within(field: &str, error: Error) -> Error {
        match error {
            Error::Invalid(errors) => {
                let errors = errors.into_iter().map(|one| FieldError {
                    field: format!("{field}.{}", one.field),
                    ..one
                });
                Error::Invalid(errors.collect())
            }
            other => other,
        }
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Fails if anything was noted.
    pub fn finish(self) -> Result<()> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(self.0))
        }
    }
}
