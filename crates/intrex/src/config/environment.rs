//! The process's environment, read once. Everything else gets values as arguments, so that a test can give any
//! environment and nothing deep inside the program depends on one.

use std::{collections::BTreeMap, path::Path};

/// Every variable that this version knows. A misspelled `INTREX_…` is a fault; other programs' variables are not ours.
const KNOWN: [&str; 48] = [
    "AUDIT_ARCHIVE_DAYS",
    "AUTH_RATE_LIMIT_MAX",
    "AUTH_RATE_LIMIT_WINDOW_SEC",
    "AUTH_SECRET",
    "AUTH_SECRET_PREVIOUS",
    "BACKUP_RETENTION_DAYS",
    "BASE_URL",
    "BCRYPT_COST",
    "BIND",
    "CONNECTOR_ENC_KEY",
    "CONNECTOR_ENC_KEY_PREVIOUS",
    "CSRF_SECRET",
    "CSRF_SECRET_PREVIOUS",
    "DATABASE_ADMIN_URL",
    "DATABASE_BACKUP_URL",
    "DATABASE_MAX_CONNECTIONS",
    "DATABASE_SYSTEM_URL",
    "DATABASE_URL",
    "INTREX_ALLOW_HTTP_WEBHOOKS",
    "INTREX_ALLOW_PRIVATE_NETS",
    "INTREX_DATA_DIR",
    "INTREX_ENV",
    "INTREX_PING_URL",
    "LOCKOUT_BASE_COOLDOWN_SEC",
    "LOCKOUT_ENABLED",
    "LOCKOUT_THRESHOLD",
    "LOCKOUT_WINDOW_SEC",
    "LOG_FORMAT",
    "LOG_IP_MODE",
    "MALWARE_SCAN",
    "MALWARE_SCAN_NONE_REASON",
    "METRICS_TOKEN",
    "MFA_ENCRYPTION_KEY",
    "MFA_ENCRYPTION_KEY_PREVIOUS",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "PASSWORD_PEPPER",
    "PASSWORD_PEPPER_PREVIOUS",
    "RECOVERY_CODES_COUNT",
    "RUST_LOG",
    "SENTRY_DSN",
    "SENTRY_ENVIRONMENT",
    "SMTP_FROM",
    "SMTP_URL",
    "STORAGE_URL",
    "TLS_CERT",
    "TLS_KEY",
    "TOTP_ENC_KEY",
    "TRUSTED_PROXIES",
];

/// Longer values than this are a wrong file, not a setting.
const MAX_VALUE_BYTES: u64 = 64 * 1024;

/// A snapshot of the variables that concern this program.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    values: BTreeMap<String, String>,
    faults: Vec<String>,
}

impl Environment {
    /// The environment of this process.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the environment is read"
    )]
    pub fn of_process() -> Self {
        Self::from_pairs(std::env::vars_os().map(|(name, value)| {
            (
                name.to_string_lossy().into_owned(),
                value.to_string_lossy().into_owned(),
            )
        }))
    }

    /// An environment of these variables. An empty value counts as none, as in a copied `.env.example`; `NAME_FILE`
    /// names a file with the value of `NAME`.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let mut given: BTreeMap<String, String> = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .filter(|(_, value)| !value.trim().is_empty())
            .collect();
        let mut environment = Environment::default();
        for name in KNOWN {
            let file_name = format!("{name}_FILE");
            let direct = given.remove(name);
            let file = given.remove(&file_name);
            let value = match (direct, file) {
                (Some(_), Some(_)) => Err(format!(
                    "{name} and {file_name} are both given: give one of them"
                )),
                (Some(value), None) => Ok(Some(value)),
                (None, Some(path)) => read(&file_name, Path::new(path.trim())).map(Some),
                (None, None) => Ok(None),
            };
            match value {
                Ok(Some(value)) => {
                    environment
                        .values
                        .insert(name.to_owned(), value.trim().to_owned());
                }
                Ok(None) => {}
                Err(fault) => environment.faults.push(fault),
            }
        }
        for name in given.keys().filter(|name| name.starts_with("INTREX_")) {
            environment.faults.push(match nearest(name) {
                Some(known) => {
                    format!("{name} is not a setting of this program; did you mean {known}?")
                }
                None => format!("{name} is not a setting of this program"),
            });
        }
        environment
    }

    /// The value of a variable, without spaces around it.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        debug_assert!(KNOWN.contains(&name), "{name} is not in the list");
        self.values.get(name).map(String::as_str)
    }

    /// What is wrong with the environment itself.
    pub(super) fn faults(&self) -> &[String] {
        &self.faults
    }
}

fn read(name: &str, path: &Path) -> Result<String, String> {
    let metadata = std::fs::metadata(path)
        .map_err(|error| format!("{name}: cannot read {}: {error}", path.display()))?;
    if metadata.len() > MAX_VALUE_BYTES {
        return Err(format!(
            "{name}: {} is longer than {MAX_VALUE_BYTES} bytes",
            path.display()
        ));
    }
    let value = std::fs::read_to_string(path)
        .map_err(|error| format!("{name}: cannot read {}: {error}", path.display()))?;
    if value.trim().is_empty() {
        return Err(format!("{name}: {} is empty", path.display()));
    }
    Ok(value)
}

/// The known name that a misspelled one probably means.
fn nearest(name: &str) -> Option<&'static str> {
    KNOWN
        .into_iter()
        .filter(|known| known.starts_with("INTREX_"))
        .map(|known| (distance(name, known), known))
        .min()
        .filter(|(distance, _)| *distance <= 4)
        .map(|(_, known)| known)
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(left != *right);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelled_setting_is_a_fault_with_a_hint() {
        let environment = Environment::from_pairs([("INTREX_DATADIR", "/x"), ("OTHER", "y")]);
        assert_eq!(
            environment.faults(),
            [
                "INTREX_DATADIR is not a setting of this program; did you mean INTREX_DATA_DIR?"
                    .to_owned()
            ]
        );
    }

    #[test]
    fn a_value_may_stand_in_a_file_but_not_in_both_places() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("secret");
        std::fs::write(&path, "from the file\n").expect("is written");
        let path = path.to_string_lossy().into_owned();
        let environment = Environment::from_pairs([("SMTP_FROM_FILE", path.as_str())]);
        assert_eq!(environment.get("SMTP_FROM"), Some("from the file"));
        let both = Environment::from_pairs([("SMTP_FROM_FILE", path.as_str()), ("SMTP_FROM", "x")]);
        assert_eq!(both.faults().len(), 1, "{:?}", both.faults());
        let missing = Environment::from_pairs([("SMTP_FROM_FILE", "/nonexistent/file")]);
        assert!(missing.faults()[0].starts_with("SMTP_FROM_FILE: cannot read"));
    }

    #[test]
    fn an_empty_value_is_none() {
        let environment = Environment::from_pairs([("DATABASE_URL", ""), ("BIND", "  ")]);
        assert_eq!(environment.get("DATABASE_URL"), None);
        assert_eq!(environment.get("BIND"), None);
        assert!(environment.faults().is_empty());
    }
}
