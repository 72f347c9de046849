//! Whether a person gets what they expect: the tests of the whole, against a real PostgreSQL, in one binary. Folders
//! mirror the product's nouns and URLs; `support` has the harness.

mod audit;
mod harness;
mod schema;
mod jobs;
mod reminders;
mod support;
mod tenancy;
mod branches;
mod people;
mod sign_in;
mod tenants;
mod tokens;
