//! Brings a database to this version: roles, schema, and what kind of installation it is. Runs as an administrator
//! (`DATABASE_ADMIN_URL`, or the private server's superuser), never as one of the running roles.

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, PgConnection, migrate::Migrator,
    postgres::PgConnectOptions,
};

use crate::{
    clock::Clock,
    error::{Error, Result},
};

/// The schema in order. `migrations/roles.sql` stands beside them and runs first, as the administrator.
static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");
const ROLES: &str = include_str!("../../../../migrations/roles.sql");

/// What a database is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstallationKind {
    /// Real data.
    Production,
    /// Demonstration data, sign-in helped by the page itself.
    Demo,
}

impl InstallationKind {
    fn as_str(self) -> &'static str {
        match self {
            InstallationKind::Production => "production",
            InstallationKind::Demo => "demo",
        }
    }
}

/// The passwords of the login roles, by role name.
pub type RolePasswords = Vec<(&'static str, SecretString)>;

/// What a database says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Installation {
    /// What it was made for.
    pub kind: InstallationKind,
    /// The last migration that it has seen.
    pub schema_version: i64,
}

/// The last migration of this program.
pub fn newest() -> i64 {
    MIGRATIONS
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or(0)
}

/// What a database is, or `None` if it is empty. Any role of the product may ask.
pub async fn installation(options: &PgConnectOptions) -> Result<Option<Installation>> {
    let mut conn = PgConnection::connect_with(options).await?;
    let exists: bool = sqlx::query_scalar(
        "select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
                        where n.nspname = 'app' and c.relname = 'installation')",
    )
    .fetch_one(&mut conn)
    .await?;
    let row: Option<(String, i64)> = if exists {
        sqlx::query_as("select kind, schema_version from app.installation")
            .fetch_optional(&mut conn)
            .await?
    } else {
        None
    };
    conn.close().await?;
    Ok(row.map(|(kind, schema_version)| Installation {
        kind: match kind.as_str() {
            "demo" => InstallationKind::Demo,
            _ => InstallationKind::Production,
        },
        schema_version,
    }))
}

/// Creates roles and schema, or brings them up to date. Existing passwords are replaced by the given ones; what kind of
/// installation it is stays as it was first made.
pub async fn migrate(
    admin: PgConnectOptions,
    passwords: &RolePasswords,
    kind: InstallationKind,
    clock: &Clock,
) -> Result<()> {
    let mut conn = PgConnection::connect_with(&admin).await?;
    // Once the roles are there, a member of intrex_owner that may not make roles serves as well.
    let makes_roles: bool = sqlx::query_scalar(
        "select rolsuper or rolcreaterole from pg_roles where rolname = current_user",
    )
    .fetch_one(&mut conn)
    .await?;
    if makes_roles {
        conn.execute(ROLES).await?;
    }
    for (role, password) in passwords.iter().filter(|_| makes_roles) {
        // `alter role` takes no parameters: PostgreSQL itself quotes the two values.
        let statement: String =
            sqlx::query_scalar("select format('alter role %I password %L', $1::text, $2::text)")
                .bind(role)
                .bind(password.expose_secret())
                .fetch_one(&mut conn)
                .await?;
        conn.execute(AssertSqlSafe(statement)).await?;
    }
    conn.execute("set role intrex_owner; set search_path = app")
        .await?;
    MIGRATIONS.run(&mut conn).await.map_err(Error::internal)?;
    sqlx::query(
        "insert into app.installation (kind, schema_version, created_at) values ($1, $2, $3)
         on conflict (only_row) do update set schema_version = excluded.schema_version",
    )
    .bind(kind.as_str())
    .bind(newest())
    .bind(clock.now())
    .execute(&mut conn)
    .await?;
    conn.close().await?;
    Ok(())
}
