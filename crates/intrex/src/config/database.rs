//! Which database: the program's own, or the one that was given. A connection that leaves the machine must be encrypted
//! and its server verified.

use std::{net::IpAddr, str::FromStr as _};

use secrecy::SecretString;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

use super::{Environment, Faults, Purpose, default_connections, values};

/// Which database.
#[derive(Debug, Clone)]
pub enum DatabaseConfig {
    /// A PostgreSQL of the program's own, below the data directory.
    Private {
        /// Connections of `intrex_app` at most.
        max_connections: u32,
    },
    /// A server that somebody else runs.
    Given(Box<GivenDatabase>),
}

/// A server that somebody else runs, as each role.
#[derive(Debug, Clone)]
pub struct GivenDatabase {
    /// `DATABASE_URL`, as `intrex_app`.
    pub app: Option<PgConnectOptions>,
    /// `DATABASE_SYSTEM_URL`, as `intrex_system`.
    pub system: Option<PgConnectOptions>,
    /// `DATABASE_ADMIN_URL`, for `intrex migrate`, `intrex doctor` and the first start of a demonstration.
    pub admin: Option<PgConnectOptions>,
    /// The passwords in the first two, for a migration that creates the roles.
    pub passwords: Vec<(&'static str, SecretString)>,
    /// Connections of `intrex_app` at most.
    pub max_connections: u32,
}

/// Reads it. `None` means that a fault was noted.
pub(super) fn read(
    environment: &Environment,
    purpose: Purpose,
    faults: &mut Faults,
) -> Option<DatabaseConfig> {
    let max_connections = faults.take(values::number(
        environment,
        "DATABASE_MAX_CONNECTIONS",
        default_connections(),
        2..=500,
    ));
    let names = [
        "DATABASE_URL",
        "DATABASE_SYSTEM_URL",
        "DATABASE_ADMIN_URL",
        "DATABASE_BACKUP_URL",
    ];
    let [app, system, admin, backup] = names.map(|name| {
        environment
            .get(name)
            .map(|text| faults.take(connection(name, text)))
    });
    if app.is_none() && system.is_none() && admin.is_none() && backup.is_none() {
        return Some(DatabaseConfig::Private {
            max_connections: max_connections?,
        });
    }
    let required: &[(&str, bool, &str)] = match purpose {
        Purpose::Migrate => &[(
            "DATABASE_ADMIN_URL",
            admin.is_some(),
            "an administrator who may create roles and schema",
        )],
        _ => &[
            ("DATABASE_URL", app.is_some(), "the role intrex_app"),
            (
                "DATABASE_SYSTEM_URL",
                system.is_some(),
                "the role intrex_system",
            ),
        ],
    };
    let mut complete = true;
    for (name, given, who) in required {
        if !given {
            complete = false;
            faults.add(format!(
                "{name} is missing: it connects as {who}. Give it too, or give no DATABASE_… variable at all to run \
                 a private PostgreSQL"
            ));
        }
    }
    let passwords = [
        ("intrex_app", environment.get("DATABASE_URL")),
        ("intrex_system", environment.get("DATABASE_SYSTEM_URL")),
    ]
    .into_iter()
    .filter_map(|(role, url)| Some((role, password(url?)?)))
    .collect();
    // A variable that was given and refused is `Some(None)`: its fault is noted already.
    let refused = |given: &Option<Option<PgConnectOptions>>| matches!(given, Some(None));
    if !complete || [&app, &system, &admin, &backup].into_iter().any(refused) {
        return None;
    }
    Some(DatabaseConfig::Given(Box::new(GivenDatabase {
        app: app.flatten(),
        system: system.flatten(),
        admin: admin.flatten(),
        passwords,
        max_connections: max_connections?,
    })))
}

fn connection(name: &str, text: &str) -> Result<PgConnectOptions, String> {
    // Nothing of the value is repeated in a message: it may hold a password.
    values::url(name, text, &["postgres", "postgresql"])?;
    let options = PgConnectOptions::from_str(text)
        .map_err(|_| format!("{name} is not a PostgreSQL URL: its options cannot be read"))?;
    let leaves_the_machine = options.get_socket().is_none() && !is_here(options.get_host());
    if leaves_the_machine && !matches!(options.get_ssl_mode(), PgSslMode::VerifyFull) {
        return Err(format!(
            "{name} leaves this machine without verified encryption: add sslmode=verify-full (and sslrootcert=… if the \
             server's authority is not the system's)"
        ));
    }
    Ok(options)
}

/// Whether a host is this machine: loopback, or the directory of a socket.
fn is_here(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.starts_with('/')
        || host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn password(text: &str) -> Option<SecretString> {
    let url = Url::parse(text).ok()?;
    let encoded = url.password()?;
    let decoded =
        url::form_urlencoded::parse(format!("p={}", encoded.replace('+', "%2B")).as_bytes())
            .next()
            .map(|(_, value)| value.into_owned())?;
    Some(decoded.into())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_connection_that_leaves_the_machine_is_verified() {
        for refused in [
            "postgres://intrex_app:x@db.example/intrex",
            "postgres://intrex_app:x@db.example/intrex?sslmode=disable",
            "postgres://intrex_app:x@db.example/intrex?sslmode=require",
            "postgres://intrex_app:x@db.example/intrex?sslmode=verify-ca",
            "postgres://intrex_app:x@10.0.0.1/intrex?sslmode=prefer",
            "postgres://intrex_app:x@127.0.0.1.example/intrex",
        ] {
            let fault = connection("DATABASE_URL", refused).expect_err(refused);
            assert!(fault.contains("verify-full"), "{fault}");
            assert!(!fault.contains("intrex_app:x"), "{fault}");
        }
        for accepted in [
            "postgres://intrex_app:x@db.example/intrex?sslmode=verify-full",
            "postgres://intrex_app:x@localhost/intrex",
            "postgres://intrex_app:x@127.0.0.1:5433/intrex?sslmode=disable",
            "postgres://intrex_app:x@[::1]/intrex",
            "postgres://intrex_app@%2Frun%2Fpostgresql/intrex",
        ] {
            connection("DATABASE_URL", accepted).expect(accepted);
        }
    }

    #[test]
    fn a_password_in_a_url_is_decoded() {
        let found = password("postgres://intrex_app:a%2Fb+c%20d@localhost/x").expect("has one");
        assert_eq!(found.expose_secret(), "a/b+c d");
        assert!(password("postgres://intrex_app@localhost/x").is_none());
    }
}
