//! Why a file is refused as a whole: each with a sentence that says what to do about it. Nothing of such a file is applied.

use super::{
    scanner::{MAX_CELL, MAX_RECORD},
    sheet::MAX_ROWS,
    spool::MAX_FILE,
};
use crate::{
    catalogue::{Text, keys},
    error::Error,
};

/// How many unknown columns are named.
const MAX_NAMED: usize = 5;
/// How much of an unknown column's name is shown, in characters.
const MAX_SHOWN_NAME: usize = 60;

/// What makes a file unreadable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// Not even a heading.
    Empty,
    /// Text of two bytes a character, as "Unicode text" is saved.
    Utf16,
    /// Bytes that are not UTF-8: Latin-1 or Windows-1252, as a rule. Row 0 is the heading.
    NotUtf8 { row: u32 },
    /// A workbook (.xlsx, .xls), not text.
    Workbook,
    /// The first line does not end.
    HeadingTooLong,
    /// A column without a name, by its place.
    UnnamedColumn { position: usize },
    /// A column that stands twice.
    ColumnTwice(&'static str),
    /// Columns that a file must have.
    MissingColumns(Vec<&'static str>),
    /// Columns that mean nothing.
    UnknownColumns(Vec<String>),
    /// A cell beyond its limit.
    CellTooLong { row: u32 },
    /// A row beyond its limit.
    RowTooLong { row: u32 },
    /// The file ends inside quotes that begin in this row.
    UnclosedQuote { row: u32 },
    /// More rows than the limit.
    TooManyRows,
    /// More bytes than the limit.
    FileTooLong,
    /// The sender went away, or the disk did.
    Unreadable,
}

impl Fault {
    /// The sentence for whoever sent the file.
    pub(super) fn text(&self) -> Text {
        match self {
            Fault::Empty => keys::IMPORT_FILE_EMPTY.into(),
            Fault::Utf16 => keys::IMPORT_FILE_UTF16.into(),
            Fault::NotUtf8 { row } => Text::new(keys::IMPORT_FILE_NOT_UTF8).with("row", *row),
            Fault::Workbook => keys::IMPORT_FILE_WORKBOOK.into(),
            Fault::HeadingTooLong => keys::IMPORT_FILE_HEADING_TOO_LONG.into(),
            Fault::UnnamedColumn { position } => {
                Text::new(keys::IMPORT_COLUMN_UNNAMED).with("position", *position)
            }
            Fault::ColumnTwice(name) => Text::new(keys::IMPORT_COLUMN_TWICE).with("column", *name),
            Fault::MissingColumns(names) => Text::new(keys::IMPORT_COLUMN_MISSING)
                .with("count", names.len())
                .with("columns", names.join(", ")),
            Fault::UnknownColumns(names) => Text::new(keys::IMPORT_COLUMN_UNKNOWN)
                .with("count", names.len())
                .with("columns", named(names)),
            Fault::CellTooLong { row } => Text::new(keys::IMPORT_CELL_TOO_LONG)
                .with("row", *row)
                .with("max", MAX_CELL / 1024),
            Fault::RowTooLong { row } => Text::new(keys::IMPORT_ROW_TOO_LONG)
                .with("row", *row)
                .with("max", MAX_RECORD / 1024),
            Fault::UnclosedQuote { row } => {
                Text::new(keys::IMPORT_QUOTE_UNCLOSED).with("row", *row)
            }
            Fault::TooManyRows => Text::new(keys::IMPORT_TOO_MANY_ROWS).with("max", MAX_ROWS),
            Fault::FileTooLong => Text::new(keys::IMPORT_FILE_TOO_LONG).with(
                "max",
                i64::try_from(MAX_FILE / (1024 * 1024)).unwrap_or(i64::MAX),
            ),
            Fault::Unreadable => keys::IMPORT_FILE_UNREADABLE.into(),
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Error::invalid("file", fault.text())
    }
}

/// The first few names, cut, and without what would move a terminal's cursor.
fn named(names: &[String]) -> String {
    let shown = names.iter().take(MAX_NAMED).map(|name| {
        name.chars()
            .take(MAX_SHOWN_NAME)
            .map(|c| if c.is_control() { '\u{fffd}' } else { c })
            .collect::<String>()
    });
    let mut shown: Vec<String> = shown.collect();
    if names.len() > MAX_NAMED {
        shown.push("…".to_owned());
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Language;

    #[test]
    fn a_column_is_named_without_what_moves_a_cursor() {
        let fault = Fault::UnknownColumns(vec!["a\u{1b}[2J".to_owned(), "x".repeat(100)]);
        let sentence = fault.text().to(Language::ENGLISH);
        assert!(sentence.contains('a') && !sentence.contains('\u{1b}'));
        assert!(!sentence.contains(&"x".repeat(61)));
    }

    #[test]
    fn who_saved_it_wrongly_hears_how_to_save_it() {
        for fault in [Fault::Utf16, Fault::NotUtf8 { row: 3 }, Fault::Workbook] {
            let sentence = fault.text().to(Language::ENGLISH);
            assert!(sentence.contains("CSV UTF-8"), "{sentence}");
        }
    }
}
