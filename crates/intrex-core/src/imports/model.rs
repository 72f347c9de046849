//! What an import is: its kinds and their columns, what it answers, and the record that stays of it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::sheet::Column;
use crate::{
    catalogue::{Language, Text, keys},
    ids::{ImportId, PersonId},
    reminders::simulator::model::Foresight,
};

/// Errors that an answer lists at most; all are counted.
pub const MAX_ERRORS_SHOWN: usize = 1_000;
/// Changed rows that a dry run shows at most; all are counted.
pub const MAX_CHANGES_SHOWN: usize = 200;
/// Characters of a file's name that are kept.
const MAX_FILE_NAME: usize = 200;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ImportKind)]
pub enum Kind {
    /// What branches owe.
    Obligations,
    /// The branches themselves.
    Branches,
}

impl Kind {
    /// As stored and shown to programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Obligations => "obligations",
            Kind::Branches => "branches",
        }
    }

    /// The kind of this name.
    pub fn parse(text: &str) -> Option<Self> {
        [Kind::Obligations, Kind::Branches]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }

    /// The columns that such a file may have.
    pub fn columns(self) -> &'static [Column] {
        match self {
            Kind::Obligations => OBLIGATIONS,
            Kind::Branches => BRANCHES,
        }
    }
}

const fn required(name: &'static str) -> Column {
    Column {
        name,
        required: true,
    }
}

const fn optional(name: &'static str) -> Column {
    Column {
        name,
        required: false,
    }
}

const OBLIGATIONS: &[Column] = &[
    required("external_id"),
    required("branch_code"),
    required("title"),
    required("category"),
    optional("severity"),
    required("due_on"),
    optional("recurrence"),
    optional("anchor"),
    optional("lead_days"),
    optional("grace_days"),
    optional("owner_email"),
    optional("deputy_email"),
    optional("reference"),
    optional("notes"),
];

const BRANCHES: &[Column] = &[
    required("code"),
    required("name"),
    optional("address"),
    optional("city_corporation"),
    optional("district"),
    optional("region"),
    required("country"),
    optional("jurisdiction"),
    optional("type"),
    required("time_zone"),
];

/// Whether an import is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Apply what is good.
    Apply,
    /// Say what would change, and change nothing.
    DryRun,
    /// The same, and say which reminders of the next thirty days would come and go by it.
    LookAhead,
}

/// How a file is imported.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether it is carried out.
    pub mode: Mode,
    /// The file's name, for the record.
    pub file_name: String,
    /// In which language rows are told what is wrong with them.
    pub language: Language,
}

impl Options {
    /// The file's name as the record keeps it: its last part, without control characters.
    pub(super) fn recorded_name(&self) -> String {
        let last = self.file_name.rsplit(['/', '\\']).next();
        let kept = last.unwrap_or_default().chars();
        kept.filter(|c| !c.is_control())
            .take(MAX_FILE_NAME)
            .collect()
    }
}

/// How far an import has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The file is being read: so many rows so far.
    Reading {
        /// Rows read.
        rows: u32,
    },
    /// Its rows are being compared and applied.
    Applying {
        /// Rows done.
        rows: u32,
        /// Rows of the file.
        of: u32,
    },
}

/// What an import did, or would do.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Report {
    /// The record of it; null for a dry run.
    pub id: Option<ImportId>,
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// Rows that are not empty.
    pub rows: u32,
    /// Rows that made something new.
    pub created: u32,
    /// Rows that changed something.
    pub updated: u32,
    /// Rows that say what is so already.
    pub unchanged: u32,
    /// Rows that were not applied, because something is wrong with them.
    pub rejected: u32,
    /// Everything that is wrong; a row may have several errors.
    pub error_count: u32,
    /// Whether `errors` lists fewer than there are.
    pub errors_truncated: bool,
    /// What is wrong with which row, in their order.
    pub errors: Vec<RowError>,
    /// What a dry run would change, the first rows.
    pub changes: Vec<Change>,
    /// The messages of the next thirty days as they would be; null unless that was asked.
    pub look_ahead: Option<Foresight>,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RowError {
    /// Its number; 1 is the first after the heading. Empty rows are numbered too.
    pub row: u32,
    /// The column; null for the row as a whole.
    pub field: Option<String>,
    /// A sentence that says what to do.
    pub message: String,
}

/// What a row would change.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Change {
    /// Its number.
    pub row: u32,
    /// The record's own key: `external_id`, or a branch's `code`.
    pub external_id: String,
    /// `created` or `updated`.
    pub action: &'static str,
    /// By column: the value before (null if there was none) and after.
    #[schema(value_type = std::collections::BTreeMap<String, Vec<Value>>)]
    pub fields: Map<String, Value>,
}

impl Change {
    pub(super) fn created(row: u32, external_id: &str) -> Self {
        Change {
            row,
            external_id: external_id.to_owned(),
            action: "created",
            fields: Map::new(),
        }
    }

    pub(super) fn updated(row: u32, external_id: &str) -> Self {
        Change {
            action: "updated",
            ..Change::created(row, external_id)
        }
    }

    /// Notes a column whose value changes; equal values are left out.
    pub(super) fn field(
        &mut self,
        name: &str,
        before: impl Into<Value>,
        after: impl Into<Value>,
    ) -> &mut Self {
        let (before, after) = (before.into(), after.into());
        if before != after {
            self.fields
                .insert(name.to_owned(), Value::Array(vec![before, after]));
        }
        self
    }
}

/// An import that was applied.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Import {
    /// Its id.
    pub id: ImportId,
    /// `obligations` or `branches`.
    pub kind: String,
    /// The file's name.
    pub file_name: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub file_sha256: String,
    /// Rows that were not empty.
    pub rows: i32,
    /// Rows that made something new.
    pub created: i32,
    /// Rows that changed something.
    pub updated: i32,
    /// Rows that said what was so already.
    pub unchanged: i32,
    /// Rows that were not applied.
    pub rejected: i32,
    /// Who imported it; null for the operator of the installation.
    pub actor_id: Option<PersonId>,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// Fails for a cell that a spreadsheet would run as a formula, here or in an export. A number or a telephone number may
/// begin with a sign.
pub(super) fn check_no_formula(cell: &str) -> Result<(), Text> {
    let mut characters = cell.trim().chars();
    let runs = match characters.next() {
        Some('=' | '@' | '＝' | '＠' | '＋' | '－') => true,
        Some('+' | '-') => !characters.all(|c| c.is_ascii_digit() || " .,()/-".contains(c)),
        _ => false,
    };
    if runs {
        Err(keys::IMPORT_CELL_FORMULA.into())
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(mode: Mode) -> Options {
        Options {
            mode,
            file_name: String::new(),
            language: Language::ENGLISH,
        }
    }

    #[test]
    fn what_a_spreadsheet_would_run_is_refused() {
        for cell in [
            "=1+1",
            " =HYPERLINK(\"http://x\")",
            "@SUM(A1)",
            "+cmd|' /C calc'!A0",
            "-2+3+cmd|' /C calc'!A0",
            "\t=1",
            "\r=1",
            "＝1",
        ] {
            assert!(check_no_formula(cell).is_err(), "{cell:?}");
        }
        for cell in [
            "",
            "-",
            "-5",
            "+880 (2) 955-1234",
            "DNCC/TL/2021/10234",
            "a=b",
            "info@example.com",
        ] {
            assert!(check_no_formula(cell).is_ok(), "{cell:?}");
        }
    }

    #[test]
    fn a_change_shows_what_differs() {
        let mut change = Change::updated(3, "A");
        change
            .field("title", "Old", "New")
            .field("notes", "same", "same");
        assert_eq!(change.fields.len(), 1);
        assert_eq!(change.fields["title"], serde_json::json!(["Old", "New"]));
    }

    #[test]
    fn a_file_name_is_kept_without_its_folders() {
        let mut options = options(Mode::Apply);
        options.file_name = "C:\\Users\\me\\due\u{7}.csv".to_owned();
        assert_eq!(options.recorded_name(), "due.csv");
        options.file_name = "../../etc/passwd".to_owned();
        assert_eq!(options.recorded_name(), "passwd");
    }

    #[test]
    fn kinds_have_the_columns_of_the_contract() {
        let names = |kind: Kind| {
            kind.columns()
                .iter()
                .map(|column| column.name)
                .collect::<Vec<_>>()
                .join(", ")
        };
        assert_eq!(
            names(Kind::Obligations),
            "external_id, branch_code, title, category, severity, due_on, recurrence, anchor, lead_days, grace_days, \
             owner_email, deputy_email, reference, notes"
        );
        assert_eq!(Kind::parse("branches"), Some(Kind::Branches));
        assert_eq!(Kind::parse("domains"), None);
    }
}
