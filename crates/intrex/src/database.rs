//! The database of a run: starts the private one or uses the one that was given, makes sure that its schema fits this
//! program, and connects as the unprivileged roles. The private server is migrated here; a given one is migrated by
//! `intrex migrate`, because the running program has no right to.

use std::{collections::BTreeSet, sync::Arc};

use anyhow::{Context as _, Result, bail};
use intrex_core::{
    App,
    clock::{Chance, Clock},
    db::{
        Db, DbOptions,
        migrate::{self, Installation, InstallationKind, RolePasswords},
    },
    outside::http::{Outgoing, OutgoingSettings, Own},
    vault::Vault,
};
use sqlx::{Connection as _, Executor as _, PgConnection, postgres::PgConnectOptions};

use crate::{
    config::{Config, DatabaseConfig, GivenDatabase},
    private_postgres::{Options, PrivatePostgres, SUPERUSER},
};

/// The product's database in the private server.
const DATABASE: &str = "intrex";
/// Any number will do: programs that prepare the private server take turns on it.
const PREPARATION_LOCK: i64 = 0x0069_6e74_7265_7801;
/// Connections that the private server keeps free for the other roles, the operator's commands, its own reserve, and
/// sixty-four clients of a load test.
const SPARE_CONNECTIONS: u32 = 80;

/// Whether a private server that another process runs may be shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// It may: commands work beside a running server.
    Allowed,
    /// It may not: there is one demonstration in a directory.
    Refused,
}

/// The database of this run, before anybody has connected.
#[derive(Debug)]
pub struct Database {
    private: Option<PrivatePostgres>,
    options: DbOptions,
    admin: Option<PgConnectOptions>,
    passwords: RolePasswords,
}

impl Database {
    /// Starts the private server, or takes the options of the given one. Blocks; call it outside a runtime.
    ///
    /// # Errors
    /// When the private server does not start, or a URL that this run needs was not given.
    pub fn open(config: &Config, sharing: Sharing) -> Result<Self> {
        match &config.database {
            DatabaseConfig::Private { max_connections } => {
                Self::private(config, *max_connections, sharing)
            }
            DatabaseConfig::Given(given) => Self::given(given),
        }
    }

    fn private(config: &Config, max_connections: u32, sharing: Sharing) -> Result<Self> {
        let options = Options {
            max_connections: u16::try_from(max_connections + SPARE_CONNECTIONS)
                .context("DATABASE_MAX_CONNECTIONS is too large for the private server")?,
            ..Options::default()
        };
        let server = match sharing {
            Sharing::Allowed => PrivatePostgres::attach_or_start(&config.data_dir, &options)?,
            Sharing::Refused => PrivatePostgres::start(&config.data_dir, &options)?,
        };
        let passwords = [
            "intrex_migrate",
            "intrex_app",
            "intrex_system",
            "intrex_backup",
        ]
        .into_iter()
        .map(|role| Ok((role, server.role_password(role)?)))
        .collect::<Result<RolePasswords>>()?;
        Ok(Database {
            options: DbOptions {
                app: server.conn("intrex_app", DATABASE)?,
                system: server.conn("intrex_system", DATABASE)?,
                max_connections,
            },
            admin: Some(server.conn(SUPERUSER, DATABASE)?),
            passwords,
            private: Some(server),
        })
    }

    fn given(given: &GivenDatabase) -> Result<Self> {
        let (app, system) = match (&given.app, &given.system, &given.admin) {
            (Some(app), Some(system), _) => (app.clone(), system.clone()),
            // `intrex migrate` alone comes here with the administrator's URL and nothing else.
            (_, _, Some(admin)) => (admin.clone(), admin.clone()),
            _ => bail!("DATABASE_URL and DATABASE_SYSTEM_URL are missing"),
        };
        Ok(Database {
            private: None,
            options: DbOptions {
                app,
                system,
                max_connections: given.max_connections,
            },
            admin: given.admin.clone(),
            passwords: given.passwords.clone(),
        })
    }

    /// Whether it is a private server.
    pub fn is_private(&self) -> bool {
        self.private.is_some()
    }

    /// As the unprivileged roles.
    pub fn options(&self) -> &DbOptions {
        &self.options
    }

    /// As the administrator, if one was given.
    pub fn admin(&self) -> Option<&PgConnectOptions> {
        self.admin.as_ref()
    }

    /// Makes sure that the schema fits this program. The private server is brought up to date; a given one has to be
    /// already, unless it is empty and a demonstration may make it its own.
    ///
    /// # Errors
    /// When the schema is missing, older or newer than this program, with what to do.
    pub async fn prepare(&self, kind: InstallationKind, clock: &Clock) -> Result<Installation> {
        if self.is_private() {
            return self.prepare_private(kind, clock).await;
        }
        let found = match (kind, &self.admin) {
            (InstallationKind::Demo, Some(admin)) => {
                let found = ask(admin).await?;
                if found.is_none_or(|found| found.kind == InstallationKind::Demo) {
                    self.migrate(kind, clock).await?;
                }
                ask(admin).await?
            }
            _ => ask(&self.options.system).await?,
        };
        let Some(found) = found else {
            bail!("the database is empty: run `intrex migrate` with DATABASE_ADMIN_URL first");
        };
        let newest = migrate::newest();
        match found.schema_version.cmp(&newest) {
            std::cmp::Ordering::Equal => Ok(found),
            std::cmp::Ordering::Less => bail!(
                "the database has schema {} and this program needs {newest}: run `intrex migrate` with \
                 DATABASE_ADMIN_URL",
                found.schema_version
            ),
            std::cmp::Ordering::Greater => bail!(
                "the database has schema {}, newer than this program's {newest}: run the newer program",
                found.schema_version
            ),
        }
    }

    async fn prepare_private(&self, kind: InstallationKind, clock: &Clock) -> Result<Installation> {
        let server = self.private.as_ref().context("the server is private")?;
        let mut turn = PgConnection::connect_with(&server.conn(SUPERUSER, "postgres")?)
            .await
            .context("cannot connect to the private PostgreSQL")?;
        sqlx::query("select pg_advisory_lock($1)")
            .bind(PREPARATION_LOCK)
            .execute(&mut turn)
            .await?;
        let exists: bool =
            sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
                .bind(DATABASE)
                .fetch_one(&mut turn)
                .await?;
        if !exists {
            turn.execute("create database intrex").await?;
        }
        let admin = self.admin.as_ref().context("the private server has one")?;
        let found = migrate::installation(admin).await?;
        let newest = migrate::newest();
        if found.is_some_and(|found| found.schema_version > newest) {
            bail!(
                "the data in this directory was made by a newer version of Intrex: run the newer program"
            );
        }
        if found.is_none_or(|found| found.schema_version < newest) {
            self.migrate(kind, clock).await?;
        }
        let found = migrate::installation(admin).await?;
        turn.close().await?;
        found.context("the database was just migrated")
    }

    /// Creates roles and schema, or brings them up to date.
    ///
    /// # Errors
    /// When there is no administrator to do it as, or the database refuses.
    pub async fn migrate(&self, kind: InstallationKind, clock: &Clock) -> Result<()> {
        let Some(admin) = &self.admin else {
            bail!(
                "DATABASE_ADMIN_URL is missing: it connects as an administrator who may create roles and schema"
            );
        };
        migrate::migrate(admin.clone(), &self.passwords, kind, clock)
            .await
            .context("the database could not be migrated")
    }

    /// Connects as the unprivileged roles, and refuses roles that would see around row level security.
    ///
    /// # Errors
    /// When the database is not there or a role is not what it should be.
    pub async fn connect(&self, config: &Config, demo: bool) -> Result<App> {
        let app = self.connect_at(config, demo, Clock::system()).await?;
        let app = match &config.mailer {
            Some(mailer) => app.with_mailer(mailer.clone()),
            None => app,
        };
        Ok(match &config.watcher {
            Some(watcher) => app.with_watcher(watcher.clone()),
            None => app,
        })
    }

    /// The same with a clock of its own, and without the way out for mail: what happens at another time than now is told
    /// to nobody outside.
    ///
    /// # Errors
    /// As [`Database::connect`].
    pub async fn connect_at(&self, config: &Config, demo: bool, clock: Clock) -> Result<App> {
        let keys = config.keys.clone().context("no key was configured")?;
        let vault = Arc::new(Vault::new(keys, config.bcrypt_cost));
        let db = Db::connect(self.options.clone(), clock.clone(), Chance, vault.clone())
            .await
            .context("cannot work with the database")?;
        let app = App::new(db, clock, Chance, vault, config.settings(demo));
        Ok(app.with_outgoing(Outgoing::new(OutgoingSettings {
            private_nets: config.outgoing.private_nets.clone(),
            plain_http: config.outgoing.plain_http,
            own: own(
                config,
                [
                    Some(&self.options.app),
                    Some(&self.options.system),
                    self.admin.as_ref(),
                ],
            ),
            ..OutgoingSettings::default()
        })))
    }

    /// Deletes the private database, so that an unfinished demonstration can begin anew.
    ///
    /// # Errors
    /// When the server is not private, or other programs are connected.
    pub async fn start_over(&self) -> Result<()> {
        let Some(server) = &self.private else {
            bail!("the database belongs to somebody else: empty it by hand");
        };
        let mut admin = PgConnection::connect_with(&server.conn(SUPERUSER, "postgres")?).await?;
        admin.execute("drop database if exists intrex").await?;
        admin.close().await?;
        Ok(())
    }

    /// Stops the private server if this process runs it; returns once it has gone.
    pub fn stop(self) {
        if let Some(server) = self.private {
            server.stop();
        }
    }
}

/// Where this installation and its database are: nobody's message goes there.
fn own(config: &Config, databases: [Option<&PgConnectOptions>; 3]) -> Own {
    let base_url = &config.http.base_url;
    let name = base_url.host_str().zip(base_url.port_or_known_default());
    let by_network = |options: &&PgConnectOptions| {
        options.get_socket().is_none() && !options.get_host().starts_with('/')
    };
    let databases: BTreeSet<(String, u16)> = databases
        .into_iter()
        .flatten()
        .filter(by_network)
        .map(|options| (options.get_host().to_owned(), options.get_port()))
        .collect();
    Own {
        listeners: vec![config.http.bind],
        names: name
            .map(|(host, port)| (host.to_owned(), port))
            .into_iter()
            .collect(),
        databases: databases.into_iter().collect(),
    }
}

async fn ask(options: &PgConnectOptions) -> Result<Option<Installation>> {
    migrate::installation(options).await.with_context(|| {
        format!(
            "cannot connect to the database as {}: is it running, are the roles there (`intrex migrate`), is the \
             password right?",
            options.get_username()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Purpose};

    #[test]
    fn the_product_and_its_databases_are_known_to_the_way_out() {
        let url =
            |role: &str, host: &str| format!("postgres://{role}:x@{host}/x?sslmode=verify-full");
        let environment = Environment::from_pairs([
            ("INTREX_ENV", "development".to_owned()),
            ("BIND", "127.0.0.1:8123".to_owned()),
            ("DATABASE_URL", url("intrex_app", "db.internal:6543")),
            (
                "DATABASE_SYSTEM_URL",
                url("intrex_system", "db.internal:6543"),
            ),
            (
                "DATABASE_ADMIN_URL",
                "postgres://postgres@%2Frun%2Fpostgresql/x".to_owned(),
            ),
        ]);
        let config = Config::read(&environment, Purpose::Migrate).expect("is accepted");
        let DatabaseConfig::Given(given) = &config.database else {
            panic!("a database was given");
        };
        let all = [
            given.app.as_ref(),
            given.system.as_ref(),
            given.admin.as_ref(),
        ];
        let own = own(&config, all);
        assert_eq!(own.listeners, [config.http.bind]);
        assert_eq!(own.names, [("localhost".to_owned(), 8123)]);
        assert_eq!(own.databases, [("db.internal".to_owned(), 6543)]);
    }
}
