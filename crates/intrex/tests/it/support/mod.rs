//! The harness of the whole-product tests. One PostgreSQL serves all tests of a run; each test has a database of its own,
//! cloned from one that was migrated once, and reaches it as the unprivileged roles of the product.
//!
//! `authenticator` one that makes passkeys · `provider` an identity provider · `dns` a name server · `server` the PostgreSQL ·
//! `smtp` a mail server · `relay` one of an organisation's own · `authority` its certificates · `sink` a program that is told ·
//! `log` what is logged · `program` the
//! program itself · `test_app` one test's application · `members` people who sign in · `world` the verbs that tests tell their
//! story with.

mod authenticator;
pub(crate) mod authority;
pub(crate) mod browser;
pub(crate) mod dns;
mod log;
pub(crate) mod members;
pub(crate) mod program;
pub(crate) mod provider;
pub(crate) mod relay;
mod server;
pub(crate) mod sink;
mod smtp;
mod test_app;
mod world;

pub(crate) use authenticator::Authenticator;
pub(crate) use dns::{Answer, NameServer, Record};
pub(crate) use log::Log;
pub(crate) use members::Member;
pub(crate) use program::Program;
pub(crate) use server::Database;
pub(crate) use smtp::{Fate, MailServer};
pub(crate) use test_app::TestApp;
pub(crate) use world::Tenant;
