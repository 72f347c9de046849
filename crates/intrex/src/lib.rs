//! The library behind the program `intrex`: what the binary does, in a form that the tests of the whole product can
//! start, look into and stop.

pub mod cli;
pub mod config;
pub mod database;
pub mod demo;
pub mod http;
mod logging;
pub mod private_postgres;
pub mod serve;
