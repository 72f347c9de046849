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

/// Creates roles and schema, or brings them up to date. Existing passwords are replaced by the given ones.
pub async fn migrate(
    admin: PgConnectOptions,
    passwords: &RolePasswords,
    kind: InstallationKind,
    clock: &Clock,
) -> Result<()> {
    let mut conn = PgConnection::connect_with(&admin).await?;
    conn.execute(ROLES).await?;
    for (role, password) in passwords {
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
        "insert into app.installation (kind, created_at) values ($1, $2) on conflict do nothing",
    )
    .bind(kind.as_str())
    .bind(clock.now())
    .execute(&mut conn)
    .await?;
    conn.close().await?;
    Ok(())
}
