//! Whether a person gets what they expect: the tests of the whole, against a real PostgreSQL, in one binary. Folders
//! mirror the product's nouns and URLs; `support` has the harness.

mod access_reviews;
mod accounts;
mod audit;
mod branches;
mod cli;
mod connectors;
mod deliveries;
mod demo;
mod docs;
mod harness;
mod health;
mod imports;
mod isolation;
mod jobs;
mod messages;
mod obligations;
mod oidc;
mod outage;
mod outside;
mod passkeys;
mod people;
mod reminders;
mod schema;
mod second_factor;
mod security_events;
mod sessions;
mod settings;
mod sign_in;
mod support;
mod templates;
mod tenancy;
mod tenants;
mod today;
mod tokens;
mod web;
