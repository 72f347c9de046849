//! The count of an import: what became of each row, and what is said about it.

use super::model::{Change, MAX_CHANGES_SHOWN, MAX_ERRORS_SHOWN, Mode, Options, Report, RowError};
use crate::{
    catalogue::{Language, Text},
    error::FieldError,
    ids::ImportId,
};

/// Bytes of the listed sentences at most: the answer must fit what is kept for a repeated request.
const MAX_ERROR_BYTES: usize = 160 * 1024;

/// Counts an import's rows while they go by.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    language: Language,
    error_bytes: usize,
    report: Report,
}

impl Tally {
    pub(super) fn new(options: &Options) -> Self {
        Tally {
            language: options.language,
            error_bytes: 0,
            report: Report {
                id: None,
                dry_run: options.mode != Mode::Apply,
                rows: 0,
                created: 0,
                updated: 0,
                unchanged: 0,
                rejected: 0,
                error_count: 0,
                errors_truncated: false,
                errors: Vec::new(),
                changes: Vec::new(),
                look_ahead: None,
            },
        }
    }

    pub(super) fn created(&mut self) {
        self.report.rows += 1;
        self.report.created += 1;
    }

    pub(super) fn updated(&mut self) {
        self.report.rows += 1;
        self.report.updated += 1;
    }

    pub(super) fn unchanged(&mut self) {
        self.report.rows += 1;
        self.report.unchanged += 1;
    }

    /// Whether a change is still shown.
    pub(super) fn shows_changes(&self) -> bool {
        self.report.dry_run && self.report.changes.len() < MAX_CHANGES_SHOWN
    }

    /// Shows changes of a batch, as far as there is room.
    pub(super) fn show(&mut self, mut changes: Vec<Change>) {
        if self.report.dry_run {
            changes.sort_by_key(|change| change.row);
            let room = MAX_CHANGES_SHOWN.saturating_sub(self.report.changes.len());
            self.report.changes.extend(changes.into_iter().take(room));
        }
    }

    /// A row whose fields are wrong.
    pub(super) fn rejected(&mut self, row: u32, errors: Vec<FieldError>) {
        self.report.rows += 1;
        self.report.rejected += 1;
        for error in errors {
            self.error(row, Some(error.field), &error.text);
        }
    }

    /// A row that is wrong as a whole.
    pub(super) fn rejected_as_a_whole(&mut self, row: u32, text: &Text) {
        self.report.rows += 1;
        self.report.rejected += 1;
        self.error(row, None, text);
    }

    fn error(&mut self, row: u32, field: Option<String>, text: &Text) {
        self.report.error_count += 1;
        let message = text.to(self.language);
        self.error_bytes += message.len();
        if self.report.errors.len() < MAX_ERRORS_SHOWN && self.error_bytes <= MAX_ERROR_BYTES {
            self.report.errors.push(RowError {
                row,
                field,
                message,
            });
        } else {
            self.report.errors_truncated = true;
        }
    }

    pub(super) fn so_far(&self) -> &Report {
        &self.report
    }

    pub(super) fn finish(mut self, id: Option<ImportId>) -> Report {
        // Within a batch, what only writing finds out is noted after the rest.
        self.report.errors.sort_by_key(|error| error.row);
        Report { id, ..self.report }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::keys;

    #[test]
    fn all_errors_are_counted_and_the_first_ones_listed() {
        let mut tally = Tally::new(&Options {
            mode: Mode::Apply,
            file_name: String::new(),
            language: Language::ENGLISH,
        });
        for row in 1..=2_000 {
            tally.rejected_as_a_whole(row, &keys::IMPORT_ROW_MISQUOTED.into());
        }
        let report = tally.finish(None);
        assert_eq!((report.rows, report.rejected), (2_000, 2_000));
        assert_eq!(report.error_count, 2_000);
        assert!(report.errors_truncated);
        assert_eq!(report.errors.len(), MAX_ERRORS_SHOWN);
        let answer = serde_json::to_string(&report).expect("is JSON");
        assert!(answer.len() < 256 * 1024, "{}", answer.len());
    }
}
