//! The schema as the database's own catalogue shows it.

mod catalogue;
