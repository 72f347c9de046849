//! Spreadsheets as CSV files: obligations and branches from whatever an organisation kept them in. The file is a stranger's:
//! its size, its encoding, its quotes and its cells are bounded and checked before anything is applied.
//!
//! `model` kinds, columns, reports · `scanner` bytes to cells · `sheet` cells to rows · `fault` why a file is refused · `spool`
//! taking a file in · `commands` importing one · `run`, `tally` an import under way · `obligations`, `branches` what their rows mean ·
//! `queries`, `reads` the record of what was applied.

mod branches;
pub mod commands;
mod fault;
pub mod model;
mod obligations;
mod queries;
pub mod reads;
mod run;
mod scanner;
mod sheet;
mod spool;
mod tally;

pub use commands::import;
pub use model::{Change, Import, Kind, Mode, Options, Progress, Report, RowError};
pub use sheet::Column;
pub use spool::MAX_FILE;
