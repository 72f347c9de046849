//! The only way out of the process: what is sent to machines that are not ours. Nothing here is called inside a
//! transaction, and nothing here holds a connection to the database.
//!
//! `http` requests to hosts that a tenant can name, and the guard for any such host · `mail` the installation's own mail ·
//! `smtp` mail through servers that a tenant names · `tls` encryption · `trail` how far a conversation came

pub mod http;
pub mod mail;
pub mod smtp;
mod tls;
pub mod trail;
