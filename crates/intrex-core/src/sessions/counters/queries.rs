//! The SQL of counters, all of it as the platform.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{Scope, rules::Counter};
use crate::{error::Result, ids::TenantId};

/// A locked counter.
#[derive(Debug)]
pub(super) struct Row {
    pub scope: Scope,
    pub key: [u8; 32],
    pub counter: Counter,
}

/// Locks these counters until the transaction ends, in the order given; those that are not there yet are made.
pub(super) async fn lock(
    conn: &mut PgConnection,
    keys: &[(Scope, [u8; 32])],
    now: DateTime<Utc>,
) -> Result<Vec<Row>> {
    let mut rows = Vec::with_capacity(keys.len());
    for (scope, key) in keys {
        // The no-op update locks the row that is there, so that one statement makes or locks it.
        let row = sqlx::query!(
            "insert into app.sign_in_counters as c (tenant_id, scope, key_hash, window_from, failures, updated_at)
             values ($1, $2, $3, $4, 0, $4)
             on conflict on constraint sign_in_counters_pkey do update set updated_at = c.updated_at
             returning window_from, failures, locks, locked_until",
            TenantId::PLATFORM.uuid(),
            scope.as_str(),
            &key[..],
            now,
        )
        .fetch_one(&mut *conn)
        .await?;
        rows.push(Row {
            scope: *scope,
            key: *key,
            counter: Counter {
                window_from: row.window_from,
                failures: row.failures,
                locks: row.locks,
                locked_until: row.locked_until,
            },
        });
    }
    Ok(rows)
}

pub(super) async fn save(conn: &mut PgConnection, rows: &[Row], now: DateTime<Utc>) -> Result<()> {
    for row in rows {
        sqlx::query!(
            "update app.sign_in_counters
             set window_from = $4, failures = $5, locks = $6, locked_until = $7, updated_at = $8
             where tenant_id = $1 and scope = $2 and key_hash = $3",
            TenantId::PLATFORM.uuid(),
            row.scope.as_str(),
            &row.key[..],
            row.counter.window_from,
            row.counter.failures,
            row.counter.locks,
            row.counter.locked_until,
            now,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// The latest end of a lock on any of these counters.
pub(super) async fn locked_until(
    conn: &mut PgConnection,
    keys: &[(Scope, [u8; 32])],
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    let scopes: Vec<String> = keys
        .iter()
        .map(|(scope, _)| scope.as_str().to_owned())
        .collect();
    let hashes: Vec<Vec<u8>> = keys.iter().map(|(_, key)| key.to_vec()).collect();
    Ok(sqlx::query_scalar!(
        "select max(c.locked_until) from app.sign_in_counters c
         join unnest($2::text[], $3::bytea[]) as k (scope, key_hash) on k.scope = c.scope and k.key_hash = c.key_hash
         where c.tenant_id = $1 and c.locked_until > $4",
        TenantId::PLATFORM.uuid(),
        &scopes,
        &hashes,
        now,
    )
    .fetch_one(conn)
    .await?)
}

/// Removes an account's counter and those of the account in each network, whose keys begin with the account's. Whether
/// one of them had become a lock.
pub(super) async fn forget_account(conn: &mut PgConnection, account: &[u8; 32]) -> Result<bool> {
    // The account's own counter first, as when failures are counted: nobody waits in a circle.
    let own = forget_one(&mut *conn, Scope::Account, account).await?;
    let (first, last) = beginning_with(account);
    let networks = sqlx::query_scalar!(
        r#"delete from app.sign_in_counters
           where tenant_id = $1 and scope = 'account_network' and key_hash between $2 and $3
           returning locked_until is not null as "locked!""#,
        TenantId::PLATFORM.uuid(),
        &first[..],
        &last[..],
    )
    .fetch_all(conn)
    .await?;
    Ok(own || networks.contains(&true))
}

/// Removes the counters of an account on its devices, whose keys begin with the account's.
pub(super) async fn forget_devices(conn: &mut PgConnection, account: &[u8; 32]) -> Result<bool> {
    let (first, last) = beginning_with(account);
    let devices = sqlx::query_scalar!(
        r#"delete from app.sign_in_counters where tenant_id = $1 and scope = 'device' and key_hash between $2 and $3
           returning locked_until is not null as "locked!""#,
        TenantId::PLATFORM.uuid(),
        &first[..],
        &last[..],
    )
    .fetch_all(conn)
    .await?;
    Ok(devices.contains(&true))
}

/// Removes one counter. Whether it had become a lock.
pub(super) async fn forget_one(
    conn: &mut PgConnection,
    scope: Scope,
    key: &[u8; 32],
) -> Result<bool> {
    let locked = sqlx::query_scalar!(
        r#"delete from app.sign_in_counters where tenant_id = $1 and scope = $2 and key_hash = $3
           returning locked_until is not null as "locked!""#,
        TenantId::PLATFORM.uuid(),
        scope.as_str(),
        &key[..],
    )
    .fetch_optional(conn)
    .await?;
    Ok(locked.unwrap_or(false))
}

/// The first and the last key that begin with an account's half.
fn beginning_with(account: &[u8; 32]) -> ([u8; 32], [u8; 32]) {
    let (mut first, mut last) = ([0u8; 32], [0xffu8; 32]);
    first[..16].copy_from_slice(&account[..16]);
    last[..16].copy_from_slice(&account[..16]);
    (first, last)
}

pub(super) async fn forget_before(
    conn: &mut PgConnection,
    then: DateTime<Utc>,
    limit: i64,
) -> Result<u64> {
    Ok(sqlx::query!(
        "delete from app.sign_in_counters c
         using (select scope, key_hash from app.sign_in_counters
                where tenant_id = $1 and updated_at < $2 order by updated_at limit $3) old
         where c.tenant_id = $1 and c.scope = old.scope and c.key_hash = old.key_hash and c.updated_at < $2",
        TenantId::PLATFORM.uuid(),
        then,
        limit,
    )
    .execute(conn)
    .await?
    .rows_affected())
}
