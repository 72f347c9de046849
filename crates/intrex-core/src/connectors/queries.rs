//! All SQL of connectors. What was removed is not there.

mod state;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

pub(super) use state::*;
pub(crate) use state::{hold, types};

use super::{
    config::Config,
    model::{Connector, ConnectorType, DisabledReason, Health, SecretState, Status},
    opened::SecretName,
};
use crate::{
    error::{Error, Result},
    ids::{ConnectorId, TenantId},
};

/// A connector to keep.
pub(super) struct NewConnector<'a> {
    pub(super) id: ConnectorId,
    pub(super) kind: ConnectorType,
    pub(super) name: &'a str,
    pub(super) config: &'a Value,
}

pub(super) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    new: &NewConnector<'_>,
    now: DateTime<Utc>,
) -> std::result::Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into app.connectors (tenant_id, id, type, name, status, config, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7)",
        tenant.uuid(),
        new.id.uuid(),
        new.kind.as_str(),
        new.name,
        Status::PendingVerification.as_str(),
        new.config,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Changes what is told to it. Where that leads elsewhere, nobody has looked yet.
pub(super) async fn update(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ConnectorId,
    name: &str,
    config: &Value,
    elsewhere: Option<Status>,
    now: DateTime<Utc>,
) -> std::result::Result<(), sqlx::Error> {
    sqlx::query!(
        "update app.connectors
         set name = $3, config = $4, status = coalesce($5, status), updated_at = $6, version = version + 1,
             last_verified_at = case when $5::text is null then last_verified_at end,
             failing_since = case when $5::text is null then failing_since end,
             failures = case when $5::text is null then failures else 0 end,
             parked_until = case when $5::text is null then parked_until end,
             last_error = case when $5::text is null then last_error end,
             notices = case when $5::text is null then notices else 0 end
         where tenant_id = $1 and id = $2",
        tenant.uuid(),
        id.uuid(),
        name,
        config,
        elsewhere.map(Status::as_str),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn count(conn: &mut PgConnection, tenant: TenantId) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from app.connectors where tenant_id = $1 and removed_at is null"#,
        tenant.uuid(),
    )
    .fetch_one(conn)
    .await?)
}

/// Locks a connector until the transaction ends; whether it is there. Not its key: what is put into the outbox for it does not
/// wait.
pub(super) async fn lock(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ConnectorId,
) -> Result<bool> {
    let found = sqlx::query_scalar!(
        "select id from app.connectors where tenant_id = $1 and id = $2 and removed_at is null for no key update",
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.is_some())
}

/// Connectors by name: one, or all.
pub(super) async fn connectors(
    conn: &mut PgConnection,
    tenant: TenantId,
    only: Option<ConnectorId>,
) -> Result<Vec<Connector>> {
    let secrets = sqlx::query!(
        r#"select connector_id as "connector: ConnectorId", name, generation = 'next' as "next!", set_at
           from app.connector_secrets
           where tenant_id = $1 and ($2::uuid is null or connector_id = $2) order by connector_id, name, generation limit 1000"#,
        tenant.uuid(),
        only.map(ConnectorId::uuid),
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut by_connector: HashMap<ConnectorId, Vec<_>> = HashMap::new();
    for secret in secrets {
        by_connector
            .entry(secret.connector)
            .or_default()
            .push(secret);
    }
    let rows = sqlx::query!(
        r#"select id as "id: ConnectorId", type as "kind!", name, status, config, created_at, updated_at, version,
                  last_verified_at, last_success_at, last_failure_at, failing_since, failures, parked_until, last_error,
                  disabled_reason
           from app.connectors where tenant_id = $1 and ($2::uuid is null or id = $2) and removed_at is null
           order by lower(name), id limit 100"#,
        tenant.uuid(),
        only.map(ConnectorId::uuid),
    )
    .fetch_all(conn)
    .await?;
    let connectors = rows.into_iter().map(|row| {
        let kind = ConnectorType::parse(&row.kind).ok_or_else(unknown)?;
        let mut connector = Connector {
            id: row.id,
            kind,
            name: row.name,
            status: Status::parse(&row.status).ok_or_else(unknown)?,
            config: Config::read(kind, row.config)?,
            secrets: Default::default(),
            last_verified_at: row.last_verified_at,
            health: Health {
                last_success_at: row.last_success_at,
                last_failure_at: row.last_failure_at,
                failing_since: row.failing_since,
                failures: row.failures,
                last_error: row.last_error,
                parked_until: row.parked_until,
                disabled_reason: row
                    .disabled_reason
                    .as_deref()
                    .and_then(DisabledReason::parse),
            },
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
        };
        for secret in by_connector.remove(&row.id).unwrap_or_default() {
            // 'current' comes before 'next'.
            match connector.secrets.get_mut(&secret.name) {
                Some(current) => current.next_set_at = Some(secret.set_at),
                None => {
                    let state = SecretState {
                        set: true,
                        set_at: secret.set_at,
                        next_set_at: None,
                    };
                    connector.secrets.insert(secret.name, state);
                }
            }
        }
        Ok(connector)
    });
    connectors.collect()
}

fn unknown() -> Error {
    Error::internal("a connector of a type or in a state that is not known")
}

/// What is needed of a connector to send by it.
pub(super) struct ToOpen {
    pub(super) id: ConnectorId,
    pub(super) name: String,
    pub(super) status: Status,
    pub(super) config: Config,
    pub(super) version: i32,
}

pub(super) async fn to_open(
    conn: &mut PgConnection,
    tenant: TenantId,
    ids: &[Uuid],
) -> Result<Vec<ToOpen>> {
    let rows = sqlx::query!(
        r#"select id as "id: ConnectorId", type as "kind!", name, status, config, version
           from app.connectors where tenant_id = $1 and id = any($2) and removed_at is null"#,
        tenant.uuid(),
        ids,
    )
    .fetch_all(conn)
    .await?;
    let read = rows.into_iter().map(|row| {
        let kind = ConnectorType::parse(&row.kind).ok_or_else(unknown)?;
        Ok(ToOpen {
            id: row.id,
            name: row.name,
            status: Status::parse(&row.status).ok_or_else(unknown)?,
            config: Config::read(kind, row.config)?,
            version: row.version,
        })
    });
    read.collect()
}

/// A sealed secret.
pub(super) struct Sealed {
    pub(super) connector: ConnectorId,
    pub(super) name: SecretName,
    pub(super) next: bool,
    pub(super) sealed: String,
    pub(super) set_at: DateTime<Utc>,
}

/// The sealed secrets of connectors, the current ones first.
pub(super) async fn sealed(
    conn: &mut PgConnection,
    tenant: TenantId,
    ids: &[Uuid],
) -> Result<Vec<Sealed>> {
    let rows = sqlx::query!(
        r#"select connector_id as "connector: ConnectorId", name, generation = 'next' as "next!", sealed, set_at
           from app.connector_secrets
           where tenant_id = $1 and connector_id = any($2) order by generation, name limit 2000"#,
        tenant.uuid(),
        ids,
    )
    .fetch_all(conn)
    .await?;
    let known = rows.into_iter().filter_map(|row| {
        Some(Sealed {
            connector: row.connector,
            name: SecretName::parse(&row.name)?,
            next: row.next,
            sealed: row.sealed,
            set_at: row.set_at,
        })
    });
    Ok(known.collect())
}

/// Keeps a secret in the place of the one of its name and generation.
pub(super) async fn put_secret(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ConnectorId,
    name: SecretName,
    generation: Generation,
    sealed: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into app.connector_secrets (tenant_id, connector_id, name, generation, sealed, set_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (tenant_id, connector_id, name, generation) do update set sealed = $5, set_at = $6",
        tenant.uuid(),
        id.uuid(),
        name.as_str(),
        generation.as_str(),
        sealed,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Which of two secrets of one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Generation {
    Current,
    Next,
}

impl Generation {
    fn as_str(self) -> &'static str {
        match self {
            Generation::Current => "current",
            Generation::Next => "next",
        }
    }
}

/// Takes a secret away; both of its generations, or one.
pub(super) async fn delete_secret(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ConnectorId,
    name: SecretName,
    generation: Option<Generation>,
) -> Result<()> {
    sqlx::query!(
        "delete from app.connector_secrets
         where tenant_id = $1 and connector_id = $2 and name = $3 and ($4::text is null or generation = $4)",
        tenant.uuid(),
        id.uuid(),
        name.as_str(),
        generation.map(Generation::as_str),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The next secret is the current one from now on. It opens in its place: both are sealed for the connector and the name.
pub(super) async fn promote_secret(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ConnectorId,
    name: SecretName,
) -> Result<()> {
    sqlx::query!(
        "update app.connector_secrets c set sealed = n.sealed, set_at = n.set_at
         from app.connector_secrets n
         where c.tenant_id = $1 and c.connector_id = $2 and c.name = $3 and c.generation = 'current'
           and n.tenant_id = $1 and n.connector_id = $2 and n.name = $3 and n.generation = 'next'",
        tenant.uuid(),
        id.uuid(),
        name.as_str(),
    )
    .execute(&mut *conn)
    .await?;
    delete_secret(conn, tenant, id, name, Some(Generation::Next)).await
}

/// Connectors whose next secret was set before an instant.
pub(super) async fn overdue(
    conn: &mut PgConnection,
    tenant: TenantId,
    before: DateTime<Utc>,
) -> Result<Vec<ConnectorId>> {
    Ok(sqlx::query_scalar!(
        r#"select connector_id as "id: ConnectorId" from app.connector_secrets
           where tenant_id = $1 and generation = 'next' and set_at <= $2 order by connector_id limit 100"#,
        tenant.uuid(),
        before,
    )
    .fetch_all(conn)
    .await?)
}
