//! `intrex keys`: which keys are in force, and sealing anew what a previous one has sealed. Shows the public name of each,
//! never the key.

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use intrex_core::{
    key_rotation::{self, Report},
    vault::KeyRing,
};
use serde::Serialize;

use super::{
    Ended, Format, Why, configuration,
    operate::with_app,
    output::{self, json, line, table, told},
};
use crate::config::Purpose;

/// What is done with the installation's keys.
#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// List the keys by their public names
    List(Format),
    /// Seal anew, beside a running server, what a previous key has sealed
    #[command(
        after_help = "To change MFA_ENCRYPTION_KEY or CONNECTOR_ENC_KEY: give the new key under its name and the former one\n\
                            under NAME_PREVIOUS (for MFA_ENCRYPTION_KEY also as TOTP_ENC_KEY), restart every process, run this\n\
                            command, then remove the former key. With several processes, give all of them both keys first, the\n\
                            new one as the previous, so that none meets what it cannot open. It may be stopped and begun again."
    )]
    Rotate(Rotate),
}

/// What is sealed anew, and why.
#[derive(Debug, Args)]
pub(super) struct Rotate {
    #[command(flatten)]
    why: Why,
    #[command(flatten)]
    format: Format,
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
        match self {
            Keys::List(format) => list(format),
            Keys::Rotate(command) => rotate(command),
        }
    }
}

fn list(format: Format) -> Result<Ended> {
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

fn rotate(command: Rotate) -> Result<Ended> {
    with_app(async |app| {
        let done = key_rotation::rotate(app, &command.why.reason, &show).await;
        output::progress("");
        let report = done.map_err(told)?;
        if command.format.json {
            json(&report)?;
        } else {
            tell(&report)?;
        }
        Ok(match report.is_whole() {
            true => Ended::Well,
            false => Ended::Badly,
        })
    })
}

fn show(report: &Report) {
    output::progress(&format!(
        "{} organisations, {} second factors, {} data keys",
        report.organisations, report.second_factors, report.data_keys
    ));
}

fn tell(report: &Report) -> Result<()> {
    line(&format!(
        "sealed anew: {} second factors and {} data keys, of {} organisations and the platform",
        report.second_factors, report.data_keys, report.organisations
    ))?;
    if report.unreadable > 0 {
        return line(&format!(
            "{} values open with neither the current nor the previous key; the log names them. Keep the key that sealed \
             them, and give it as the previous one",
            report.unreadable
        ));
    }
    line("the previous keys of MFA_ENCRYPTION_KEY and CONNECTOR_ENC_KEY can be removed")?;
    if report.under_other_pepper > 0 {
        line(&format!(
            "{} passwords and recovery codes are not under the current PASSWORD_PEPPER yet: a password comes under it at \
             the next sign-in, recovery codes when they are made anew. Keep its previous key until then",
            report.under_other_pepper
        ))?;
    }
    Ok(())
}
