//! The reminder ledger: what is said about an obligation, to whom and when, planned ahead and settled once.

pub(crate) mod queries;
