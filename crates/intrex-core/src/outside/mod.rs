//! The only way out of the process: what is sent to machines that are not ours. Nothing here is called inside a
//! transaction, and nothing here holds a connection to the database.

pub mod mail;
