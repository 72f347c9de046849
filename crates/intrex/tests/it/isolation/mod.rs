//! Whether anybody can see or change what is not theirs: every route of the program, asked by nobody, by another tenant's
//! admin, by another branch's manager and by the lowest role. And whether every field of every route holds against what
//! should not be sent. A route that is not in the table fails the tests.
//!
//! `table` what each route needs to be called · `scene` two organisations and who is in them · `caller` asking as somebody,
//! and comparing answers · `attacks` the matrix · `bad_input` every field of every route.

mod attacks;
mod bad_input;
mod caller;
pub(crate) mod scene;
mod table;
