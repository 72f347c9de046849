//! `intrex keys`: which keys are in force. Shows the public name of each, never the key.

use anyhow::{Context as _, Result};
use clap::Subcommand;
use intrex_core::vault::KeyRing;
use serde::Serialize;

use super::{
    Ended, Format, configuration,
    output::{json, table},
};
use crate::config::Purpose;

/// What is done with the installation's keys.
#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// List the keys by their public names
    List(Format),
}

#[derive(Debug, Serialize)]
struct Ring {
    name: &'static str,
    purpose: &'static str,
    current: String,
    previous: Option<String>,
}

impl Keys {
    pub(super) fn run(self) -> Result<Ended> {
        let Keys::List(format) = self;
        let config = configuration(Purpose::Operate)?;
        let keys = config.keys.context("no key was configured")?;
        let ring = |name, purpose, ring: &KeyRing| Ring {
            name,
            purpose,
            current: ring.current().id().to_owned(),
            previous: ring.all().nth(1).map(|key| key.id().to_owned()),
        };
        let rings = [
            ring("AUTH_SECRET", "signs sessions", &keys.auth),
            ring("CSRF_SECRET", "signs forms", &keys.csrf),
            ring(
                "PASSWORD_PEPPER",
                "goes into password hashes",
                &keys.password_pepper,
            ),
            ring("MFA_ENCRYPTION_KEY", "seals second factors", &keys.mfa),
            ring(
                "CONNECTOR_ENC_KEY",
                "wraps the organisations' keys",
                &keys.connector,
            ),
        ];
        if format.json {
            json(&rings)?;
        } else {
            let rows = rings.map(|ring| {
                [
                    ring.name.to_owned(),
                    ring.current,
                    ring.previous.unwrap_or_else(|| "-".to_owned()),
                    ring.purpose.to_owned(),
                ]
            });
            table(["name", "current", "previous", "purpose"], &rows)?;
        }
        Ok(Ended::Well)
    }
}
