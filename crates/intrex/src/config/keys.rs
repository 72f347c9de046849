//! The keys: required in production, separate and strong; elsewhere made once and kept where only the owner can read.

use std::path::Path;

use intrex_core::vault::{Key, KeyRing, Keys};
use secrecy::ExposeSecret as _;

use super::{Environment, Faults, Stage};
use crate::private_postgres::secrets;

/// Reads every ring. `None` means that a fault was noted.
pub(super) fn read(
    environment: &Environment,
    stage: Option<Stage>,
    data_dir: &Path,
    faults: &mut Faults,
) -> Option<Keys> {
    let mut ring = |name: &'static str| {
        let previous_name = format!("{name}_PREVIOUS");
        let mut previous = environment
            .get(&previous_name)
            .map(|text| (previous_name, text.to_owned()));
        let mut current = environment.get(name).map(str::to_owned);
        // The specification knows the same key under an older name: alone it is the key, beside the newer the previous.
        if name == "MFA_ENCRYPTION_KEY"
            && let Some(older) = environment.get("TOTP_ENC_KEY")
        {
            match &current {
                None => current = Some(older.to_owned()),
                Some(newer) if newer != older && previous.is_none() => {
                    previous = Some(("TOTP_ENC_KEY".to_owned(), older.to_owned()));
                }
                Some(_) => {}
            }
        }
        let current = match current {
            Some(text) => parsed(name, &text),
            None => missing(name, stage, data_dir, faults.is_empty()),
        };
        let current = faults.take(current)?;
        let previous = match previous {
            Some((name, text)) => Some(faults.take(parsed(&name, &text))?),
            None => None,
        };
        current.map(|current| KeyRing::new(current, previous.flatten()))
    };
    let auth = ring("AUTH_SECRET");
    let csrf = ring("CSRF_SECRET");
    let password_pepper = ring("PASSWORD_PEPPER");
    let mfa = ring("MFA_ENCRYPTION_KEY");
    let connector = ring("CONNECTOR_ENC_KEY");
    let keys = Keys {
        auth: auth?,
        csrf: csrf?,
        password_pepper: password_pepper?,
        mfa: mfa?,
        connector: connector?,
    };
    if let Some((one, other)) = keys.shared() {
        faults.add(format!(
            "{one} and {other} are the same key: each purpose needs one of its own (`openssl rand -base64 32`)"
        ));
        return None;
    }
    Some(keys)
}

fn parsed(name: &str, text: &str) -> Result<Option<Key>, String> {
    Key::parse(text)
        .map(Some)
        .map_err(|fault| format!("{name} {fault}"))
}

/// In production a fault; elsewhere the key that was made for this directory, unless the configuration is refused anyway.
fn missing(
    name: &str,
    stage: Option<Stage>,
    data_dir: &Path,
    nothing_wrong: bool,
) -> Result<Option<Key>, String> {
    match stage {
        Some(Stage::Production) => Err(format!(
            "{name} is missing: production needs a key of 32 random bytes for each purpose (`openssl rand -base64 32`)"
        )),
        Some(Stage::Development) if nothing_wrong => {
            let text = secrets::made_once(data_dir, &name.to_lowercase())
                .map_err(|error| format!("{name} is missing and cannot be made: {error:#}"))?;
            parsed(name, text.expose_secret())
        }
        _ => Ok(None),
    }
}
