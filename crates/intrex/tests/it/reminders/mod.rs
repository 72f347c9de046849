//! Whether the right person is reminded in time, once, and whether the ledger says why and why not.

mod clocks;
mod failures;
mod fairness;
mod inbox;
mod mail;
mod routes;
mod settling;
mod simulator;
mod storms;
mod world;
